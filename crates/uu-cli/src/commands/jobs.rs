//! `jobs`: re-trainings that a server does.

use std::process::ExitCode;

use uu_registry::{Job, JobId, Registry};

use super::{actor, registry};
use crate::arguments::Jobs;
use crate::output::{note, print, print_json, texts};
use crate::settings::Settings;

/// Lists, shows, cancels or retries jobs.
pub(crate) fn run(arguments: &Jobs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let registry = registry(settings)?;
    match *arguments {
        Jobs::List { limit, json } => list(&registry, limit, json)?,
        Jobs::Show { number, json } => show(&registry, JobId(number), json)?,
        Jobs::Cancel { number } => {
            let state = registry.request_cancel(JobId(number), &actor())?;
            note(&format!("the job `{number}` is called off; it is {state} now"));
        }
        Jobs::Retry { number } => {
            let again = registry.retry(JobId(number), &actor())?;
            note(&format!("queued as the job `{again}`; the next server that is free does it"));
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
        .map(|job| [job.id.to_string(), job.kind.clone(), job.state.to_string(), came_to(job), job.queued_at.to_string(), job.by.clone()]);
    Ok(print(&texts(["number", "kind", "state", "came to", "asked for", "by"], rows))?)
}

fn show(registry: &Registry, id: JobId, json: bool) -> anyhow::Result<()> {
    let job = registry.job(id)?;
    if json {
        return print_json(&job);
    }
    let mut facts = vec![
        ["job".to_owned(), format!("{} ({})", job.id, job.kind)],
        ["state".to_owned(), job.state.to_string()],
        ["asked for".to_owned(), format!("{} by {}", job.queued_at, job.by)],
        ["files".to_owned(), job.request["origin"].as_str().unwrap_or_default().to_owned()],
    ];
    facts.extend(job.request["policy"].as_str().map(|reason| ["policy".to_owned(), reason.to_owned()]));
    facts.extend(job.worker.as_ref().map(|worker| ["worker".to_owned(), worker.clone()]));
    facts.extend(job.ended_at.map(|time| ["ended".to_owned(), time.to_string()]));
    facts.push(["came to".to_owned(), came_to(&job)]);
    let reasons = job.outcome.iter().filter_map(|outcome| outcome["retraining"]["reasons"].as_array()).flatten();
    facts.extend(reasons.filter_map(|reason| Some(["why".to_owned(), reason.as_str()?.to_owned()])));
    Ok(print(&texts(["", ""], facts))?)
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
