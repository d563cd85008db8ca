//! `observations`: the rows that are kept for trainings.

use std::process::ExitCode;

use uu_registry::{BatchId, Registry};

use super::{actor, registry};
use crate::arguments::Observations;
use crate::output::{note, print, print_json, texts, whole};
use crate::settings::Settings;

/// Lists batches, sets them aside or takes them back.
pub(crate) fn run(arguments: &Observations, settings: &Settings) -> anyhow::Result<ExitCode> {
    let registry = registry(settings)?;
    match arguments {
        Observations::List { json } => list(&registry, *json)?,
        Observations::Quarantine { batch, reason } => {
            registry.quarantine(BatchId(*batch), reason, &actor())?;
            note(&format!("trainings leave the batch `{batch}` out from now on"));
        }
        Observations::Release { batch } => {
            registry.release(BatchId(*batch), &actor())?;
            note(&format!("trainings use the batch `{batch}` from now on"));
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
            None => "waits for the next training".to_owned(),
        };
        [batch.id.to_string(), whole(batch.rows as f64), batch.received_at.to_string(), batch.by.clone(), batch.origin.clone(), state]
    });
    Ok(print(&texts(["batch", "rows", "received", "by", "from", "state"], rows))?)
}
