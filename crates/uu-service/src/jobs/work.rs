//! What the child process of a job does.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uu_core::Rules;
use uu_data::read::{BadRows, Input};
use uu_registry::{Claim, Job, Mixture, Registry, RegistryError};
use uu_train::{FitError, Progress};

use super::RetrainRequest;
use crate::patience::patiently;
use crate::{Decision, Delivery, RetrainError, RetrainSettings, SourceError, Sources, retrain};

/// What a job came to, as the child tells its parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "details")]
pub enum ChildOutcome {
    /// The challenger answers.
    Succeeded(Value),
    /// It was done, and the answer is no.
    Refused(Value),
    /// It could not be done.
    Failed(Value),
    /// It stopped as it was asked to.
    Cancelled,
}

/// A job as its worker does it.
#[derive(Debug)]
pub struct RetrainJob {
    /// The claim on it.
    pub claim: Claim,
    /// What rows are checked with.
    pub rules: Rules,
    /// How to re-train; who asked, whether by force, and the claim are the job's.
    pub settings: RetrainSettings,
}

/// The job could not be begun.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error("the request of the job cannot be read")]
    Request(#[from] serde_json::Error),
    #[error("the files of the job are not kept any more; send them again")]
    Forgotten,

    #[error(transparent)]
    Store(#[from] RegistryError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Retrain(#[from] RetrainError),
}

impl WorkError {
    /// The way out, where there is one.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Retrain(error) => error.mixture().map(Mixture::hint),
            _ => None,
        }
    }
}

/// Does the job; whatever keeps it from being done is its outcome too.
#[must_use]
pub fn work(registry: &Registry, job: RetrainJob, progress: &dyn Progress) -> ChildOutcome {
    match worked(registry, job, progress) {
        Ok(outcome) => outcome,
        Err(WorkError::Retrain(RetrainError::Cancelled | RetrainError::Fit(FitError::Stopped))) => ChildOutcome::Cancelled,
        Err(error) => ChildOutcome::Failed(match error.hint() {
            Some(hint) => json!({ "reason": chain(&error), "hint": hint }),
            None => json!({ "reason": chain(&error) }),
        }),
    }
}

fn worked(registry: &Registry, job: RetrainJob, progress: &dyn Progress) -> Result<ChildOutcome, WorkError> {
    let RetrainJob { claim, rules, settings } = job;
    let request: RetrainRequest = serde_json::from_value(claim.job.request.clone())?;
    let settings = RetrainSettings { force: request.force, by: claim.job.by.clone(), claim: Some(claim.clone()), ..settings };
    let delivery = delivery(registry, &claim.job, &rules, &request)?;
    let report = retrain(registry, delivery.as_ref(), &rules, &settings, progress)?;
    let details = json!({ "retraining": report, "data_quality": delivery.as_ref().map(Delivery::quality) });
    Ok(if report.decision == Decision::Promoted { ChildOutcome::Succeeded(details) } else { ChildOutcome::Refused(details) })
}

/// The files of the job, read; `None` where it has none, since a policy asked for it.
fn delivery(registry: &Registry, job: &Job, rules: &Rules, request: &RetrainRequest) -> Result<Option<Delivery>, WorkError> {
    if request.origin.is_empty() {
        return Ok(None);
    }
    let mut files: Vec<(String, Arc<[u8]>)> = Vec::new();
    for upload in patiently(|| registry.uploads(job.id))? {
        let bytes = patiently(|| registry.read_upload(&upload))?;
        files.push((upload.name, bytes.into()));
    }
    if files.is_empty() {
        return Err(WorkError::Forgotten);
    }
    let sources = || Sources {
        bounce_rate_unit: request.bounce_rate_unit,
        decimal: request.decimal,
        // They were asked about when they were accepted.
        allow_repeated_months: true,
        bad_rows: if request.skip_bad_rows { BadRows::Skip } else { BadRows::Fail },
        ..Sources::new(files.iter().map(|(name, bytes)| Input::bytes(name, Arc::clone(bytes))).collect(), rules.clone())
    };
    Ok(Some(Delivery::read(sources, request.origin.clone(), &mut |_| ())?))
}

/// An error with its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(&format!(": {words}"));
        }
        cause = error.source();
    }
    text
}
