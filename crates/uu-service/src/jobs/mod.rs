//! Jobs: re-trainings that are asked for here and done by whichever replica is free, in a process of their own.
//!
//! A delivery is checked before it is taken (`accept.rs`), so that whoever sent it learns at once what is wrong with it. The replica that
//! takes the job (`supervisor.rs`) starts a child process, tells its progress, and ends it when it is called off. What the child does
//! is `work.rs`. A policy (`policy.rs`) may ask for a re-training by itself.

mod accept;
mod child;
mod counts;
mod policy;
mod supervisor;
mod work;

use serde::{Deserialize, Serialize};
use uu_data::read::{BounceRateUnit, Decimal};
use uu_registry::Job;

pub use accept::{AcceptError, Checking, Delivered, DeliveryLimits, accept};
pub use child::{ChildError, ChildProcess, ProgressLine};
pub use counts::{EndedJobs, JobCounts};
pub use policy::{Policy, apply as apply_policy};
pub use supervisor::{Supervisor, SupervisorSettings};
pub use work::{ChildOutcome, RetrainJob, work};

/// The kind of job that a re-training is.
pub const RETRAIN: &str = "retrain";

/// What a re-training is asked for with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetrainRequest {
    /// What the files are called; empty where there are none, and observations that have arrived are examined alone.
    pub origin: String,
    /// Promotes whatever the labels and the gate say.
    pub force: bool,
    /// Leaves out rows that break a rule.
    pub skip_bad_rows: bool,
    /// The unit the files give bounce rates in. Where none is given it is percent, and the files are checked for it when they are accepted.
    #[serde(serialize_with = "settled")]
    pub bounce_rate_unit: Option<BounceRateUnit>,
    /// The decimal mark of numbers in texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Decimal>,
    /// Takes files with several rows of a month.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_repeated_months: bool,
    /// Why a policy asked, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The latest batch that waited when a policy asked: it does not ask twice about the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<i64>,
}

/// Whether a job was asked for by force, which takes an admin each time.
#[must_use]
pub fn is_forced(job: &Job) -> bool {
    serde_json::from_value::<RetrainRequest>(job.request.clone()).is_ok_and(|request| request.force)
}

/// Once files are accepted their unit is settled; and a release before this one expects a unit.
#[expect(clippy::ref_option, reason = "what serde passes")]
fn settled<S: serde::Serializer>(unit: &Option<BounceRateUnit>, serializer: S) -> Result<S::Ok, S::Error> {
    unit.unwrap_or_default().serialize(serializer)
}
