//! The shapes of requests and answers, as documentation and clients know them.
//!
//! The server itself reads and writes them without going through these types.

pub(crate) mod drift;
pub(crate) mod lifecycle;
pub(crate) mod shapes;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Months of one site, keyed by date.
#[derive(Clone, Debug, Deserialize)]
pub struct PredictRequest(pub BTreeMap<String, MonthRequest>);

/// Months of one site, keyed by date, filled.
#[derive(Clone, Debug, Deserialize)]
pub struct PredictAnswer(pub BTreeMap<String, MonthAnswer>);

/// What is known of one month. Null and absent are unknown; zero is a value.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonthRequest {
    /// Host name of the site; one in a request.
    #[schema(example = "example.com")]
    pub domain: Option<String>,
    /// Position in a global ranking, 1 or more; `rank` is the same.
    #[schema(schema_with = shapes::rank)]
    pub alexa: Option<f64>,
    /// Which ranking.
    pub rank_source: Option<String>,
    /// Sessions in the month, 0 or more.
    #[schema(minimum = 0.0, example = 1_000_000)]
    pub visits: Option<f64>,
    /// Pages per visit, 1 or more.
    #[schema(minimum = 1.0)]
    pub pages_per_visit: Option<f64>,
    /// Percent, 0 to 100.
    #[schema(minimum = 0.0, maximum = 100.0)]
    pub bounce_rate: Option<f64>,
    /// Seconds, 0 or more.
    #[schema(minimum = 0.0)]
    pub avg_visit_duration: Option<f64>,
    /// A path `Top/Sub`, a name, or a code; see `/categories`.
    #[schema(schema_with = shapes::category)]
    pub category: Option<Value>,
    /// Unique users, where they are known. In a month of an earlier answer, or a row of a batch's or a file's output, they are its estimate, and are
    /// unknown unless `known` is true or `uniqueUsersKnown` has them; so are the inputs that `filled` lists. Such a month is recognized by both ends
    /// of its interval, by one of them beside `filled` and `model`, or by `uniqueUsersKnown`, as keys or as columns (`unique_users_low`).
    #[schema(minimum = 0.0)]
    pub unique_users: Option<f64>,
    /// Of a month of an earlier answer: its unique users are known, and no estimate.
    pub known: Option<bool>,
    /// Of a row of a batch's or a file's output: its known unique users, also as `unique_users_known`.
    #[schema(minimum = 0.0)]
    pub unique_users_known: Option<f64>,
    /// Where the unique users come from, or whose definition the estimate is to follow.
    pub source: Option<String>,
}

/// One month as answered: the request's keys, and these.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonthAnswer {
    /// Position in the ranking, given or filled.
    #[schema(schema_with = shapes::given_or_filled)]
    pub alexa: Option<Value>,
    /// Sessions, given or filled.
    #[schema(schema_with = shapes::given_or_filled)]
    pub visits: Value,
    /// Pages per visit, given or filled.
    #[schema(schema_with = shapes::given_or_filled)]
    pub pages_per_visit: Option<Value>,
    /// Bounce rate in percent, given or filled.
    #[schema(schema_with = shapes::given_or_filled)]
    pub bounce_rate: Option<Value>,
    /// Mean visit duration in seconds, given or filled.
    #[schema(schema_with = shapes::given_or_filled)]
    pub avg_visit_duration: Option<Value>,
    /// The category as given; it is never filled.
    #[schema(schema_with = shapes::given)]
    pub category: Option<Value>,
    /// The estimate, or the known number as given.
    #[schema(schema_with = shapes::users)]
    pub unique_users: Value,
    /// Lower end of the interval.
    #[schema(minimum = 0.0)]
    pub unique_users_low: f64,
    /// Upper end of the interval.
    #[schema(minimum = 0.0)]
    pub unique_users_high: f64,
    /// Level of the interval.
    #[schema(minimum = 0.5, maximum = 0.99, example = 0.9)]
    pub level: f64,
    /// Visits, given or filled, over the unique users, estimated or known; null where there are no visits.
    #[schema(example = 2.38)]
    pub visits_per_user: Option<f64>,
    /// True where the unique users were given, and not estimated; absent elsewhere.
    pub known: Option<bool>,
    /// Whose definition of unique users the estimate follows.
    pub source: String,
    /// Keys whose values were filled.
    pub filled: Vec<String>,
    /// What is to be said about the inputs.
    pub warnings: Vec<WarningAnswer>,
    /// Version of the model.
    pub model: String,
    /// Factors whose product with `base` is the unrounded estimate.
    pub explanation: Option<ExplanationAnswer>,
}

/// Something to be said about an input that was used all the same, or left out.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct WarningAnswer {
    /// Stable code.
    #[schema(example = "implausible_value")]
    pub code: String,
    /// Key of the field it is about.
    pub field: Option<String>,
    /// The same in a sentence.
    pub message: String,
}

/// How the estimate came about: the product of `base` and all factors is the unrounded estimate.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ExplanationAnswer {
    /// The estimate before any input is considered, in users; of a known month the known number.
    pub base: f64,
    /// The factor of each input and of each later step; 1 changes nothing. Inputs that the model does not have are absent, and a known month
    /// has none.
    ///
    /// - `month`: the month of the year and the time since the training data
    /// - `visits`, `alexa`, `pagesPerVisit`, `bounceRate`, `avgVisitDuration`, `category`: the input of that name; of one that is unknown, what
    ///   its being unknown says
    /// - `domain`: the host name, as far as its suffix and its words say something
    /// - `source`: whose definition of unique users the estimate follows
    /// - the name of an extra input: that input
    /// - `filledVisits`: the visits that were filled, where none were given
    /// - `siteLevel`: how far the known months of the site lie above or below their own estimates
    /// - `bounds`: the bounds 1 and the visits, between which the estimate is kept; exactly 1 where they are not reached
    pub factors: BTreeMap<String, f64>,
    /// True where the unique users were given: they are not explained.
    pub known: Option<bool>,
}

/// The unit of bounce rates.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a query parameter")]
pub(crate) enum BounceRateUnitName {
    /// 0 to 100.
    Percent,
    /// 0 to 1.
    Fraction,
}

/// The decimal mark of numbers in texts.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a query parameter")]
pub(crate) enum DecimalName {
    /// 1234.5
    Point,
    /// 1.234,5
    Comma,
}

/// A form with files.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "describes a form, which is read piece by piece")]
pub(crate) struct FilesForm {
    /// The files; their fields may have any names.
    #[schema(schema_with = shapes::files)]
    data: Vec<String>,
}

/// A row of a batch; further columns are carried along. At least one input is needed beside the date.
#[derive(Clone, Debug, ToSchema)]
#[expect(dead_code, reason = "describes rows, which are read without it")]
pub(crate) struct Row {
    /// The month, `YYYY-MM-DD` or `YYYY-MM`.
    #[schema(schema_with = shapes::month)]
    date: String,
    /// Host name of the site.
    #[schema(example = "example.com")]
    site: Option<String>,
    /// Sessions in the month.
    #[schema(required, minimum = 0.0, example = 1_000_000)]
    visits: Option<f64>,
    /// Position in a global ranking.
    #[schema(schema_with = shapes::rank)]
    rank: Option<u64>,
    /// Pages per visit.
    #[schema(minimum = 1.0)]
    pages_per_visit: Option<f64>,
    /// Percent, unless the request says otherwise.
    #[schema(minimum = 0.0, maximum = 100.0)]
    bounce_rate: Option<f64>,
    /// Seconds.
    #[schema(minimum = 0.0)]
    avg_visit_duration: Option<f64>,
    /// A path `Top/Sub`, a name, or a code.
    #[schema(schema_with = shapes::category)]
    category: Option<String>,
    /// Unique users, where they are known.
    #[schema(minimum = 0.0, example = 420_000)]
    unique_users: Option<f64>,
    /// Where the unique users come from.
    source: Option<String>,
}
