//! `observations`: the rows that are kept for trainings.

use std::process::ExitCode;

use uu_registry::{BatchId, Registry};

use super::{actor, existing};
use crate::arguments::Observations;
use crate::output::{Column, Page, Table, note, print, print_json, short, whole};
use crate::settings::Settings;

/// Lists batches, sets them aside or takes them back.
pub(crate) fn run(arguments: &Observations, settings: &Settings) -> anyhow::Result<ExitCode> {
    let registry = existing(settings)?;
    match arguments {
        Observations::List { json } => list(&registry, *json)?,
        Observations::Quarantine { batch: Some(batch), reason, .. } => {
            registry.quarantine(BatchId(*batch), reason, &actor())?;
            note(&format!("batch {batch} is set aside: trainings leave it out from now on"));
        }
        Observations::Quarantine { batch: None, by, reason } => {
            let sender = by.as_deref().unwrap_or_default();
            let batches = registry.quarantine_all_of(sender, reason, &actor())?;
            note(&format!("batches of `{sender}` set aside: {batches}; trainings leave them out from now on"));
        }
        Observations::Release { batch } => {
            registry.release(BatchId(*batch), &actor())?;
            note(&format!("batch {batch} is used by trainings from now on"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(registry: &Registry, json: bool) -> anyhow::Result<()> {
    let batches = registry.batches()?;
    if json {
        return print_json(&batches);
    }
    let rows = batches.iter().map(|batch| {
        let state = match &batch.quarantined {
            Some(reason) => format!("set aside: {reason}"),
            None if batch.examined => "in use".to_owned(),
            None => "pending: the next training uses it".to_owned(),
        };
        [batch.id.to_string(), whole(batch.rows as f64), short(&batch.received_at), batch.by.clone(), batch.origin.clone(), state]
    });
    let columns = [
        Column::number("batch"),
        Column::number("rows"),
        Column::text("received (UTC)").rank(1),
        Column::text("by").cut_to(8).rank(3),
        Column::text("from").cut_to(12).rank(2),
        Column::text("state").cut_to(16),
    ];
    let table = Table::new(columns).rows(rows);
    if table.is_empty() {
        note("no batch yet; `train`, `retrain` and `POST /observations` keep rows");
        return Ok(());
    }
    let mut page = Page::new();
    page.table("", &table);
    Ok(print(&page.finish())?)
}
