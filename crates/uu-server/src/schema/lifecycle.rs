//! What the store's records are written as. The registry's own types are what is written; these describe them.

use serde_json::Value;
use utoipa::ToSchema;

use super::shapes::{self, bounds_or_null};

/// A model version.
#[derive(Debug, ToSchema)]
#[schema(as = ModelVersion)]
#[expect(dead_code, reason = "describes what the registry's own type is written as")]
pub(crate) struct VersionDocument {
    /// Its name.
    #[schema(schema_with = shapes::version)]
    version: String,
    /// Length of its artifact.
    size_bytes: u64,
    /// SHA-256 of its artifact.
    sha256: String,
    /// What is known of it: its metrics and its training; null for one of an older store.
    #[schema(value_type = Option<Object>)]
    about: Option<Value>,
    /// Distinguishes the data it was trained on from others.
    data_fingerprint: Option<String>,
    /// The version it continues.
    parent: Option<String>,
    /// When it was made.
    made_at: String,
    /// Who made it.
    made_by: String,
    /// Why.
    reason: String,
    /// What whoever uses it must know, such as intervals that hold too few of the true numbers; absent where there is nothing.
    #[schema(required = false)]
    warnings: Vec<String>,
}

/// A record of the audit log.
#[derive(Debug, ToSchema)]
#[schema(as = AuditRecord)]
#[expect(dead_code, reason = "describes what the registry's own type is written as")]
pub(crate) struct AuditDocument {
    /// Its number; grows by one with each record.
    id: i64,
    /// When.
    happened_at: String,
    /// Who did it.
    by: String,
    /// What was done.
    #[schema(example = "promote")]
    action: String,
    /// To what: a version, a job, a token.
    #[schema(example = "v0002")]
    subject: String,
    /// Why, with which metrics, what it changed.
    details: Value,
}

/// Where a job stands.
#[derive(Debug, ToSchema)]
#[schema(as = JobState, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what the registry's own type is written as")]
pub(crate) enum JobStateDocument {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// It is done.
    Succeeded,
    /// It is done, and the challenger is not promoted.
    Refused,
    /// It could not be done.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// Its worker is gone.
    Lost,
}

/// An event of a job, as `data` of a server-sent event.
#[derive(Debug, ToSchema)]
#[schema(as = JobEvent)]
#[expect(dead_code, reason = "describes what the registry's own type is written as")]
pub(crate) struct JobEventDocument {
    /// Grows by one with each event of the job, from 1; also the `id` of the event.
    number: i64,
    /// When.
    happened_at: String,
    /// Where the job stands from then on; also the `event` of the event.
    #[schema(value_type = JobStateDocument)]
    state: String,
    /// Progress, an outcome, who asked.
    details: Value,
}

/// How far a job is.
#[derive(Debug, ToSchema)]
#[schema(as = JobProgress)]
#[expect(dead_code, reason = "describes what a worker writes")]
pub(crate) struct ProgressDocument {
    /// What is being done.
    stage: String,
    /// Parts that are done.
    done: u64,
    /// Parts there are.
    of: u64,
}

/// What came of a job: `retraining` and `data_quality` where it was done, else the `reason` it was not.
#[derive(Debug, ToSchema)]
#[schema(as = JobOutcome)]
#[expect(dead_code, reason = "describes what a worker writes")]
pub(crate) struct OutcomeDocument {
    /// The decision, and what it rests on.
    retraining: Option<RetrainingDocument>,
    /// What cleaning found in the new rows; null where there were none.
    #[schema(value_type = Option<Object>)]
    data_quality: Option<Value>,
    /// Why it failed.
    reason: Option<String>,
    /// The way out, where there is one.
    hint: Option<String>,
}

/// A re-training, with everything its decision rests on.
#[derive(Debug, ToSchema)]
#[schema(as = Retraining)]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) struct RetrainingDocument {
    /// What was decided.
    #[schema(value_type = DecisionDocument)]
    decision: String,
    /// Why, the most important first.
    reasons: Vec<String>,
    /// The version that was trained; null where none was.
    version: Option<String>,
    /// The version that was active before.
    champion: Option<String>,
    /// The batch the new rows are kept as; null where there were none.
    batch: Option<i64>,
    /// How the new rows joined the known ones.
    #[schema(value_type = Object)]
    rows: Value,
    /// The new labels compared with the champion's estimates.
    #[schema(value_type = Option<Object>)]
    labels: Option<Value>,
    /// The shift that the new labels make of known ones, for which they are set aside.
    #[schema(value_type = Option<Object>)]
    revision: Option<Value>,
    /// Observations that had arrived one by one since the last training.
    observations: u64,
    /// Their labels compared with the champion's estimates.
    #[schema(value_type = Option<Object>)]
    observed_labels: Option<Value>,
    /// The shift that some of them make of known ones, for which these are set aside.
    #[schema(value_type = Option<Object>)]
    observed_revision: Option<Value>,
    /// Which of two challengers is kept; null where there was one.
    #[schema(value_type = Option<Object>)]
    choice: Option<Value>,
    /// Why the champion was not continued, where that was tried.
    not_continued: Option<String>,
    /// Holdout sites that both models were compared on.
    sealed_sites: u64,
    /// What the gate found; null where it was not asked.
    gate: Option<GateDocument>,
    /// The version that an admin confirmed last; null where the challenger cannot be compared with it.
    anchor: Option<String>,
    /// How far the challenger's estimates lie from the anchor's.
    distances: Vec<DistanceDocument>,
    /// The challenger's own metrics.
    #[schema(value_type = Option<Object>)]
    about: Option<Value>,
}

/// A factor between estimates of the challenger and of the anchor.
#[derive(Debug, ToSchema)]
#[schema(as = Distance)]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) struct DistanceDocument {
    /// What it is of: a name, or an object with the least number of visits.
    of: Value,
    /// Requests, or sites.
    count: u64,
    /// The challenger's estimate over the anchor's.
    factor: f64,
}

/// What was decided.
#[derive(Debug, ToSchema)]
#[schema(as = Decision, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) enum DecisionDocument {
    /// The challenger is active.
    Promoted,
    /// The champion stays; the challenger is kept as a version.
    Refused,
    /// The labels need a person; nothing was trained.
    SetAside,
    /// The challenger is kept as a version; its estimates lie too far from the anchor's to be active without an admin.
    WaitsForAdmin,
    /// No label was new; nothing was kept or trained.
    NothingNew,
}

/// Champion and challenger, compared on holdout sites.
#[derive(Debug, ToSchema)]
#[schema(as = Gate)]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) struct GateDocument {
    /// Whether there was no champion to compare with.
    first_model: bool,
    /// Holdout sites that both models were asked.
    sites: u64,
    /// Their labelled rows.
    rows: u64,
    /// Holdout sites that a comparison needs.
    sites_needed: u64,
    /// Labelled rows without a site, or of a site that one of the models was trained on.
    rows_left_out: u64,
    /// The metrics; empty where there are too few sites.
    metrics: Vec<GateMetricDocument>,
    /// Laws that the challenger broke on golden requests.
    #[schema(value_type = Vec<Object>)]
    broken_laws: Vec<Value>,
}

/// A metric of both models.
#[derive(Debug, ToSchema)]
#[schema(as = GateMetric)]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) struct GateMetricDocument {
    /// Which: a name, or an object with the pattern of known inputs.
    metric: Value,
    /// Rows it was computed on.
    rows: u64,
    /// The champion's; null where there is none.
    champion: Option<f64>,
    /// The challenger's.
    challenger: f64,
    /// How much worse the challenger is: relative to the champion for errors; for coverage, how much farther from 90 %.
    difference: Option<f64>,
    /// The difference's 95 % interval; without a champion, that of the coverage itself.
    #[schema(schema_with = bounds_or_null)]
    interval: Option<(f64, f64)>,
    /// What follows.
    #[schema(value_type = MetricVerdictDocument)]
    verdict: String,
    /// Holdout sites it would take, about, where it is undecided.
    sites_needed: Option<u64>,
}

/// What follows from a metric.
#[derive(Debug, ToSchema)]
#[schema(as = MetricVerdict, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) enum MetricVerdictDocument {
    /// Not worse by more than the margin.
    Accepted,
    /// Worse by more than the margin, beyond chance.
    Refused,
    /// The data cannot decide.
    Undecided,
    /// There is no champion to compare with.
    NotCompared,
}
