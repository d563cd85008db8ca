//! `models`: what the store holds, and which version answers.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;
use uu_core::FaultField;
use uu_data::replace::{Access, make_folder, replace, replace_all};
use uu_model::{About, Contents, Inputs, LowCoverage};
use uu_registry::{Aliases, Change, ModelVersion, Registry, RegistryError, VersionRecord};
use uu_service::LoadError;
use uu_train::TrainReport;

use super::{actor, existing};
use crate::arguments::Models;
use crate::output::{Column, Page, Table, accuracy, counted, evaluation, note, percent, print, print_json, short, whole};
use crate::settings::Settings;

/// Exit code of a rollback that has nothing to go back to.
const NO_PREVIOUS: u8 = 1;

#[derive(Serialize)]
struct Listed {
    version: ModelVersion,
    champion: bool,
    previous: bool,
    /// Whether it is the version that an admin confirmed last.
    anchor: bool,
    bytes: u64,
    checksum: String,
    parent: Option<ModelVersion>,
    made_at: String,
    made_by: String,
    reason: String,
    about: About,
}

/// Lists, shows, moves or exports versions.
pub(crate) fn run(arguments: Models, settings: &Settings) -> anyhow::Result<ExitCode> {
    let registry = existing(settings)?;
    match arguments {
        Models::List { json } => list(&registry, json)?,
        Models::Show { version, json } => show(&registry, version, json)?,
        Models::Promote { version, reason } => promote(&registry, version, reason)?,
        Models::Rollback { to, reason } => return rollback(&registry, to, reason),
        Models::Log { limit, before, json } => log(&registry, (limit, before), json)?,
        Models::Export { version, trees, artifact, model } => export(&registry, version.or(model), trees.as_deref(), artifact.as_deref())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(registry: &Registry, json: bool) -> anyhow::Result<()> {
    let aliases = registry.aliases()?;
    let versions = registry.list()?.into_iter().map(|record| listed(registry, aliases, record)).collect::<Result<Vec<Listed>, _>>()?;
    if json {
        return print_json(&versions);
    }
    let rows = versions.iter().map(|version| {
        let about = &version.about;
        let names = [(version.champion, "champion"), (version.previous, "previous"), (version.anchor, "anchor")];
        let aliases: Vec<&str> = names.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        [
            version.version.to_string(),
            aliases.join(", "),
            whole(about.rows as f64),
            sites(about),
            percent(about.median_ape),
            format!("{:.3}", about.rmsle),
            percent(about.coverage),
            version.checksum.chars().take(12).collect(),
            short(&version.made_at),
            version.made_by.clone(),
            version.reason.clone(),
        ]
    });
    let columns = [
        Column::text("version"),
        Column::text("alias"),
        Column::number("rows").rank(2),
        Column::number("sites").rank(5),
        Column::number("median APE"),
        Column::number("RMSLE").rank(4),
        Column::number("coverage"),
        Column::text("sha256").rank(7),
        Column::text("made (UTC)").rank(3),
        Column::text("by").cut_to(8).rank(6),
        Column::text("why").cut_to(14).rank(1),
    ];
    let mut page = Page::new();
    page.table("", &Table::new(columns).rows(rows));
    if !versions.is_empty() {
        print(&page.finish())?;
    }
    for version in &versions {
        LowCoverage::of_model(&version.about).iter().for_each(|low| note(&format!("warning: {}: {low}", version.version)));
    }
    match aliases.champion {
        Some(champion) => note(&format!("{champion} (champion) answers requests")),
        None if versions.is_empty() => note("no model yet; `uu-predictor train --data FILE` makes one"),
        None => note("no version answers requests yet; `uu-predictor models promote VERSION` makes one the champion"),
    }
    Ok(())
}

fn listed(registry: &Registry, aliases: Aliases, record: VersionRecord) -> anyhow::Result<Listed> {
    let version = record.version;
    let about = match serde_json::from_value(record.about) {
        Ok(about) => about,
        // One that was taken over from an older store says it in its artifact alone.
        Err(_) => Contents::of(&registry.read(version)?).with_context(|| format!("version `{version}` cannot be read"))?.about().clone(),
    };
    Ok(Listed {
        version,
        champion: aliases.champion == Some(version),
        previous: aliases.previous == Some(version),
        anchor: aliases.anchor == Some(version),
        bytes: record.size_bytes,
        checksum: record.sha256,
        parent: record.parent,
        made_at: record.made_at.to_string(),
        made_by: record.made_by,
        reason: record.reason,
        about,
    })
}

/// How many sites a model was trained on, where its rows name them.
fn sites(about: &About) -> String {
    if about.sites == 0 { "unnamed".to_owned() } else { whole(about.sites as f64) }
}

fn show(registry: &Registry, version: Option<ModelVersion>, json: bool) -> anyhow::Result<()> {
    let (version, bytes) = uu_service::read(registry, version)?;
    let record = registry.version(version)?;
    let contents = Contents::of(&bytes)?;
    let (about, report) = (contents.about().clone(), TrainReport::of(&contents)?);
    let Inputs { learned, not_learned } = contents.into_model()?.inputs();
    let columns = |fields: &[FaultField]| fields.iter().map(|field| field.column().to_owned()).collect::<Vec<String>>();
    let (learned, not_learned) = (columns(&learned), columns(&not_learned));
    let low_coverage = LowCoverage::of_model(&about).map(|low| low.to_string());
    if json {
        let inputs = serde_json::json!({ "learned": learned, "not_learned": not_learned });
        return print_json(
            &serde_json::json!({ "version": version, "record": record, "about": about, "inputs": inputs, "report": report, "warnings": Vec::from_iter(low_coverage) }),
        );
    }
    let verdict = format!("`{version}`: on held-out sites, {}.", accuracy(&report.evaluation));
    let verdict = low_coverage.iter().fold(verdict, |text, low| format!("{text}\nwarning: {low}"));
    let (rows, labelled) = (counted(about.rows, "row"), whole(about.labelled_rows as f64));
    let mut page = Page::new();
    page.paragraph(&verdict);
    page.facts([
        ("version", version.to_string()),
        ("sha256", uu_model::artifact_checksum(&bytes)),
        ("made", format!("{} by {}", record.made_at, record.made_by)),
        ("why", record.reason),
        ("trained by", format!("uu-predictor {}", about.product_version)),
        ("rows", format!("{rows} of {} sites, {labelled} labelled", sites(&about))),
        ("sources", about.sources.join(", ")),
        ("inputs", learned.join(", ")),
        (
            "not learned",
            if not_learned.is_empty() { "none".to_owned() } else { format!("{}: no effect, not filled", not_learned.join(", ")) },
        ),
        ("data sha256", about.data_fingerprint.clone()),
        ("seed", about.seed.to_string()),
        ("trees", whole(about.trees as f64)),
    ]);
    evaluation(&mut page, &report.evaluation);
    page.paragraph(&verdict);
    Ok(print(&page.finish())?)
}

fn promote(registry: &Registry, version: ModelVersion, reason: String) -> anyhow::Result<()> {
    match uu_service::promote(registry, version, &Change { confirms: true, ..change(reason) })? {
        Some(before) if before == version => note(&format!("`{version}` is the champion already")),
        Some(before) => note(&format!("`{version}` answers requests from now on, in place of `{before}`")),
        None => note(&format!("`{version}` answers requests from now on")),
    }
    let about = serde_json::from_value(registry.version(version)?.about).ok();
    about.as_ref().and_then(LowCoverage::of_model).iter().for_each(|low| note(&format!("warning: {low}")));
    Ok(())
}

fn rollback(registry: &Registry, to: Option<ModelVersion>, reason: String) -> anyhow::Result<ExitCode> {
    match uu_service::rollback(registry, to, &Change { confirms: true, ..change(reason) }) {
        Ok(Aliases { champion: Some(champion), previous: Some(previous), .. }) => {
            note(&format!("`{champion}` answers again, in place of `{previous}`"));
        }
        Ok(_) => {}
        Err(LoadError::Store(error @ (RegistryError::NoPrevious | RegistryError::NeverChampion { .. }))) => {
            note(&error.to_string());
            return Ok(ExitCode::from(NO_PREVIOUS));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn change(reason: String) -> Change {
    Change { by: actor(), reason, ..Change::default() }
}

fn log(registry: &Registry, (limit, before): (u32, Option<i64>), json: bool) -> anyhow::Result<()> {
    let records = registry.audit_log(limit, before)?;
    if json {
        return print_json(&records);
    }
    let rows = records.into_iter().map(|record| {
        let reason = record.details["reason"].as_str().unwrap_or_default().to_owned();
        [record.id.to_string(), short(&record.happened_at), record.by, record.action, record.subject, reason]
    });
    let columns = [
        Column::number("number").rank(2),
        Column::text("when (UTC)"),
        Column::text("by").cut_to(10),
        Column::text("what"),
        Column::text("which").cut_to(8),
        Column::text("why").cut_to(14).rank(1),
    ];
    let mut page = Page::new();
    let table = Table::new(columns).rows(rows);
    if table.is_empty() {
        note("nothing was done yet");
        return Ok(());
    }
    page.table("", &table);
    Ok(print(&page.finish())?)
}

fn export(registry: &Registry, version: Option<ModelVersion>, trees: Option<&Path>, artifact: Option<&Path>) -> anyhow::Result<()> {
    let (version, bytes) = uu_service::read(registry, version)?;
    if let Some(file) = artifact {
        replace(file, &bytes, Access::Usual)?;
        note(&format!("`{version}` written to `{}`", file.display()));
    }
    let Some(folder) = trees else { return Ok(()) };
    let trees = Contents::of(&bytes)?.trees()?;
    make_folder(folder)?;
    replace_all(trees.iter().map(|(stage, text)| (folder.join(format!("{stage}.txt")), text)), Access::Usual)?;
    note(&format!("{} of `{version}` written to `{}`", counted(trees.len(), "stage"), folder.display()));
    Ok(())
}
