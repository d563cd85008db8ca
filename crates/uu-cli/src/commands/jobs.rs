//! `jobs`: re-trainings that a server does.

use std::process::ExitCode;

use uu_registry::{Job, JobId, Registry};

use super::{actor, existing};
use crate::arguments::Jobs;
use crate::output::{Column, Page, Table, note, print, print_json, short};
use crate::settings::Settings;

/// Lists, shows, cancels or retries jobs.
pub(crate) fn run(arguments: &Jobs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let registry = existing(settings)?;
    match *arguments {
        Jobs::List { limit, json } => list(&registry, limit, json)?,
        Jobs::Show { number, json } => show(&registry, JobId(number), json)?,
        Jobs::Cancel { number } => {
            let state = registry.request_cancel(JobId(number), &actor())?;
            note(&format!("job {number} is cancelled; its state is `{state}`"));
        }
        Jobs::Retry { number } => {
            let again = registry.retry(JobId(number), actor().as_str())?;
            note(&format!("queued as job {again}; the next free server runs it"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(registry: &Registry, limit: u32, json: bool) -> anyhow::Result<()> {
    let jobs = registry.jobs(limit)?;
    if json {
        return print_json(&jobs);
    }
    let rows = jobs
        .iter()
        .map(|job| [job.id.to_string(), job.kind.clone(), job.state.to_string(), came_to(job), short(&job.queued_at), job.by.clone()]);
    let columns = [
        Column::number("number"),
        Column::text("kind").rank(2),
        Column::text("state"),
        Column::text("came to").cut_to(16),
        Column::text("asked for (UTC)").rank(1),
        Column::text("by").cut_to(10).rank(3),
    ];
    let table = Table::new(columns).rows(rows);
    if table.is_empty() {
        note("no job yet; `POST /retrain` to a server asks for one");
        return Ok(());
    }
    let mut page = Page::new();
    page.table("", &table);
    Ok(print(&page.finish())?)
}

fn show(registry: &Registry, id: JobId, json: bool) -> anyhow::Result<()> {
    let job = registry.job(id)?;
    if json {
        return print_json(&job);
    }
    let mut facts = vec![
        ("job", format!("{} ({})", job.id, job.kind)),
        ("state", job.state.to_string()),
        ("asked for", format!("{} by {}", job.queued_at, job.by)),
        ("files", job.request["origin"].as_str().unwrap_or_default().to_owned()),
    ];
    facts.extend(job.request["policy"].as_str().map(|reason| ("policy", reason.to_owned())));
    facts.extend(job.worker.as_ref().map(|worker| ("worker", worker.clone())));
    facts.extend(job.ended_at.map(|time| ("ended", time.to_string())));
    facts.push(("came to", came_to(&job)));
    let reasons = job.outcome.iter().filter_map(|outcome| outcome["retraining"]["reasons"].as_array()).flatten();
    facts.extend(reasons.filter_map(|reason| Some(("why", reason.as_str()?.to_owned()))));
    facts.extend(job.outcome.as_ref().and_then(|outcome| Some(("hint", outcome["hint"].as_str()?.to_owned()))));
    let mut page = Page::new();
    page.facts(facts);
    Ok(print(&page.finish())?)
}

/// What came of a job, or how far it is, in a few words.
fn came_to(job: &Job) -> String {
    if let Some(outcome) = &job.outcome {
        let decision = outcome["retraining"]["decision"].as_str().map(|decision| decision.replace('_', " "));
        let version = outcome["retraining"]["version"].as_str().map(|version| format!(" {version}")).unwrap_or_default();
        let reason = outcome["reason"].as_str().map(str::to_owned);
        return decision.map(|decision| decision + &version).or(reason).unwrap_or_default();
    }
    let progress = job.progress.as_ref().filter(|_| !job.state.has_ended());
    let share = |progress: &serde_json::Value| Some(progress["done"].as_u64()? * 100 / progress["of"].as_u64()?.max(1));
    progress
        .map(|progress| format!("{} {} %", progress["stage"].as_str().unwrap_or_default(), share(progress).unwrap_or(0)))
        .unwrap_or_default()
}
