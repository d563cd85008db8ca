//! What drift is written as. The types of the model and the service are what is written; these describe them.

use serde_json::Value;
use utoipa::ToSchema;

use super::shapes::{bounds, bounds_or_null};

/// How far something has drifted.
#[derive(Debug, ToSchema)]
#[schema(as = DriftVerdict, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) enum DriftVerdictDocument {
    /// Too few to decide.
    TooFew,
    /// No more than chance, or too little to matter.
    Stable,
    /// Worth a look.
    Moderate,
    /// Requests are not what the model was trained on.
    Strong,
}

/// Requests of the last day compared with the training data.
#[derive(Debug, ToSchema)]
#[schema(as = RequestDrift)]
#[expect(dead_code, reason = "describes what the model's own type is written as")]
pub(crate) struct RequestDriftDocument {
    /// The worst of the figures.
    #[schema(value_type = DriftVerdictDocument)]
    verdict: String,
    /// Requests.
    requests: u64,
    /// Each input, the estimate, the category, the source and the pattern of known inputs.
    figures: Vec<FigureDriftDocument>,
}

/// How far one figure has drifted.
#[derive(Debug, ToSchema)]
#[schema(as = FigureDrift)]
#[expect(dead_code, reason = "describes what the model's own type is written as")]
pub(crate) struct FigureDriftDocument {
    /// Which: a name, or an object with the column of an input.
    figure: Value,
    /// How far.
    #[schema(value_type = DriftVerdictDocument)]
    verdict: String,
    /// Requests that had it.
    requests: u64,
    /// Population stability index.
    psi: f64,
    /// The same less what chance adds on average: 0.1 is moderate, 0.25 strong.
    psi_corrected: f64,
    /// What the index must exceed to be more than chance.
    noise: f64,
    /// Jensen-Shannon distance.
    #[schema(minimum = 0.0, maximum = 1.0)]
    jensen_shannon: f64,
}

/// Observations compared with estimates.
#[derive(Debug, ToSchema)]
#[schema(as = ObservationDrift)]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) struct ObservationDriftDocument {
    /// The version.
    version: String,
    /// Its error beside that of the version before; null where it is not watched.
    watch: Option<WatchDocument>,
    /// Whose observations that rests on; null where it is not watched.
    evidence: Option<EvidenceDocument>,
    /// Whether a rollback is only suggested: the observations of one sender alone show that the version is worse, or the version before was trained on
    /// generated rows and this one was not.
    suggests_rollback: bool,
    /// Labels beside estimates.
    concept: ConceptDocument,
}

/// A new version's error beside that of the version before.
#[derive(Debug, ToSchema)]
#[schema(as = Watch)]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) struct WatchDocument {
    /// `keep_watching`, `confirmed` or `roll_back`.
    verdict: String,
    /// Observations that counted.
    observations: u64,
    /// Observations of sites that had counted before.
    repeated: u64,
    /// Observations without users, or whose estimate has none.
    void: u64,
    /// How much larger the version's error is, on the logarithmic scale; null before the first observation.
    mean_difference: Option<f64>,
    /// Bounds of the mean difference that hold at every look at once; null stands for infinity.
    bounds: Value,
}

/// How far the evidence depends on one sender.
#[derive(Debug, ToSchema)]
#[schema(as = Evidence)]
#[expect(dead_code, reason = "describes what the service's own type is written as")]
pub(crate) struct EvidenceDocument {
    /// Senders of observations that counted.
    senders: u64,
    /// Whether it shows without any one of them that the version is worse.
    is_corroborated: bool,
}

/// Labels beside estimates, by month of arrival.
#[derive(Debug, ToSchema)]
#[schema(as = ConceptDrift)]
#[expect(dead_code, reason = "describes what the model's own type is written as")]
pub(crate) struct ConceptDocument {
    /// That of the latest month with enough sites.
    #[schema(value_type = DriftVerdictDocument)]
    verdict: String,
    /// Months of arrival, the earliest first.
    months: Vec<ArrivalsDocument>,
}

/// Labels that arrived in one month.
#[derive(Debug, ToSchema)]
#[schema(as = MonthOfArrivals)]
#[expect(dead_code, reason = "describes what the model's own type is written as")]
pub(crate) struct ArrivalsDocument {
    /// First day of the month.
    month: String,
    /// How far they differ.
    #[schema(value_type = DriftVerdictDocument)]
    verdict: String,
    /// Labels.
    rows: u64,
    /// Their sites.
    sites: u64,
    /// Share of labels within their intervals.
    coverage: f64,
    /// Its 95 % bounds.
    #[schema(schema_with = bounds)]
    coverage_bounds: (f64, f64),
    /// Median of label over estimate.
    median_factor: f64,
    /// Its 95 % bounds; null where there are too few sites.
    #[schema(schema_with = bounds_or_null)]
    factor_bounds: Option<(f64, f64)>,
}
