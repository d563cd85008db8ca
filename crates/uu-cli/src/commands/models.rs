//! `models`: what the store holds, and which version answers.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;
use uu_model::{About, Contents};
use uu_registry::{ModelStore, ModelVersion};

use super::store;
use crate::arguments::Models;
use crate::output::{evaluation, note, percent, print, print_json, table, whole};
use crate::settings::Settings;

#[derive(Serialize)]
struct Listed {
    version: String,
    champion: bool,
    bytes: usize,
    checksum: String,
    about: About,
}

/// Lists, shows, promotes or exports versions.
pub(crate) fn run(arguments: Models, settings: &Settings) -> anyhow::Result<ExitCode> {
    let store = store(settings)?;
    match arguments {
        Models::List { json } => list(&store, json)?,
        Models::Show { version, json } => show(&store, version, json)?,
        Models::Promote { version } => promote(&store, version)?,
        Models::Export { trees, model } => export(&store, model, &trees)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(store: &dyn ModelStore, json: bool) -> anyhow::Result<()> {
    let champion = store.champion()?;
    let listed = |version: ModelVersion| -> anyhow::Result<Listed> {
        let bytes = store.read(&version)?;
        let about = Contents::of(&bytes).with_context(|| format!("version `{version}` cannot be read"))?.about().clone();
        let checksum = uu_model::artifact_checksum(&bytes);
        Ok(Listed { version: version.to_string(), champion: Some(version) == champion, bytes: bytes.len(), checksum, about })
    };
    let versions: Vec<Listed> = store.list()?.into_iter().map(listed).collect::<Result<_, _>>()?;
    if json {
        return print_json(&versions);
    }
    let rows = versions.iter().map(|version| {
        let about = &version.about;
        [
            format!("{}{}", version.version, if version.champion { " *" } else { "" }),
            whole(about.rows as f64),
            sites(about),
            percent(about.median_ape),
            format!("{:.3}", about.rmsle),
            percent(about.coverage),
            version.checksum.chars().take(12).collect(),
        ]
    });
    print(&table(["version", "rows", "sites", "median APE", "RMSLE", "coverage", "sha256"], rows))?;
    note("* answers");
    Ok(())
}

/// How many sites a model was trained on, where its rows name them.
fn sites(about: &About) -> String {
    if about.sites == 0 { "unnamed".to_owned() } else { whole(about.sites as f64) }
}

fn show(store: &dyn ModelStore, version: Option<ModelVersion>, json: bool) -> anyhow::Result<()> {
    let (version, bytes) = uu_service::read(store, version)?;
    let contents = Contents::of(&bytes)?;
    let (about, report) = (contents.about(), contents.report()?);
    if json {
        return print_json(&serde_json::json!({ "version": version.to_string(), "about": about, "report": report }));
    }
    let facts = [
        ["version".to_owned(), version.to_string()],
        ["sha256".to_owned(), uu_model::artifact_checksum(&bytes)],
        ["trained by".to_owned(), format!("uu-predictor {}", about.product_version)],
        [
            "rows".to_owned(),
            format!("{} of {} sites, {} labelled", whole(about.rows as f64), sites(about), whole(about.labelled_rows as f64)),
        ],
        ["sources".to_owned(), about.sources.join(", ")],
        ["data fingerprint".to_owned(), about.data_fingerprint.clone()],
        ["seed".to_owned(), about.seed.to_string()],
        ["trees".to_owned(), about.trees.to_string()],
    ];
    Ok(print(&format!("{}\n\n{}", table(["model", ""], facts), evaluation(&report.evaluation)))?)
}

fn promote(store: &dyn ModelStore, version: ModelVersion) -> anyhow::Result<()> {
    match uu_service::promote(store, version)? {
        Some(before) if before == version => note(&format!("`{version}` answers already")),
        Some(before) => note(&format!("`{version}` answers from now on, in place of `{before}`")),
        None => note(&format!("`{version}` answers from now on")),
    }
    Ok(())
}

fn export(store: &dyn ModelStore, version: Option<ModelVersion>, folder: &Path) -> anyhow::Result<()> {
    let (version, bytes) = uu_service::read(store, version)?;
    let trees = Contents::of(&bytes)?.trees()?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    for (stage, text) in &trees {
        let path = folder.join(format!("{stage}.txt"));
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    note(&format!("{} stages of `{version}` written to `{}`", trees.len(), folder.display()));
    Ok(())
}
