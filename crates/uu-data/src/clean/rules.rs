//! The rules of cleaning: what each looks for, and what it does.

use std::collections::BTreeMap;

use serde::Serialize;
use uu_core::{Field, Record, Warning};

/// Examples kept of each rule.
const EXAMPLES: usize = 5;

/// A rule of cleaning. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CleanRule {
    /// The same record twice.
    DuplicateIdentical,
    /// Two records of one source, site and month that differ.
    DuplicateConflicting,
    /// Pages per visit below 1.
    BelowOne,
    /// A value nobody would believe.
    ImplausibleValue,
    /// A text that marks a missing value.
    MissingMarker,
    /// A month in which nothing was measured.
    ImplausibleMonth,
    /// A count with a decimal point.
    FractionalCount,
    /// A bounce rate that looks like a fraction.
    BounceRateFraction,
    /// A site that cannot be a host.
    NotAHost,
    /// A row that sums up others.
    TotalRow,
    /// A category that the taxonomy does not know.
    UnknownCategory,
    /// A sub-category name under several tops.
    AmbiguousCategory,
    /// Fewer pages per visit than the bounce rate allows.
    PagesBelowBounce,
    /// More unique users than visits, beyond the tolerance.
    UsersExceedVisits,
    /// More unique users than visits, within the tolerance.
    UsersSetToVisits,
    /// No visits: the ratio of the label is not defined.
    ZeroVisits,
    /// Visits, but a label of no users.
    ZeroUsers,
    /// A ratio of visits to unique users far from all others of its source.
    LabelOutlier,
    /// An input far from all others of its source.
    InputOutlier,
    /// A label that sampling has rounded to a few multiples of one number.
    QuantisedLabel,
    /// No label: the record teaches how inputs go together, not the ratio.
    NoLabel,
}

/// What a rule does with what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CleanAction {
    /// The row is left out.
    Dropped,
    /// The value is treated as unknown; the row stays.
    TreatedAsUnknown,
    /// The value is set to the bound it exceeds.
    Clipped,
    /// Nothing but counting.
    Counted,
}

impl CleanRule {
    /// Every rule, in the order in which they are applied.
    pub const ALL: [Self; 21] = [
        Self::TotalRow,
        Self::NotAHost,
        Self::MissingMarker,
        Self::ImplausibleMonth,
        Self::FractionalCount,
        Self::BounceRateFraction,
        Self::BelowOne,
        Self::ImplausibleValue,
        Self::UnknownCategory,
        Self::AmbiguousCategory,
        Self::PagesBelowBounce,
        Self::DuplicateIdentical,
        Self::DuplicateConflicting,
        Self::UsersExceedVisits,
        Self::UsersSetToVisits,
        Self::ZeroVisits,
        Self::ZeroUsers,
        Self::LabelOutlier,
        Self::InputOutlier,
        Self::QuantisedLabel,
        Self::NoLabel,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DuplicateIdentical => "duplicate_identical",
            Self::DuplicateConflicting => "duplicate_conflicting",
            Self::BelowOne => "below_one",
            Self::ImplausibleValue => "implausible_value",
            Self::MissingMarker => "missing_marker",
            Self::ImplausibleMonth => "implausible_month",
            Self::FractionalCount => "fractional_count",
            Self::BounceRateFraction => "bounce_rate_fraction",
            Self::NotAHost => "not_a_host",
            Self::TotalRow => "total_row",
            Self::UnknownCategory => "unknown_category",
            Self::AmbiguousCategory => "ambiguous_category",
            Self::PagesBelowBounce => "pages_below_bounce",
            Self::UsersExceedVisits => "users_exceed_visits",
            Self::UsersSetToVisits => "users_set_to_visits",
            Self::ZeroVisits => "zero_visits",
            Self::ZeroUsers => "zero_users",
            Self::LabelOutlier => "label_outlier",
            Self::InputOutlier => "input_outlier",
            Self::QuantisedLabel => "quantised_label",
            Self::NoLabel => "no_label",
        }
    }

    /// What it does with what it finds.
    #[must_use]
    pub fn action(self) -> CleanAction {
        match self {
            Self::DuplicateIdentical | Self::DuplicateConflicting | Self::UsersExceedVisits | Self::LabelOutlier => CleanAction::Dropped,
            Self::TotalRow => CleanAction::Dropped,
            Self::NotAHost | Self::MissingMarker => CleanAction::TreatedAsUnknown,
            Self::ImplausibleMonth | Self::FractionalCount | Self::BounceRateFraction => CleanAction::Counted,
            Self::BelowOne | Self::ImplausibleValue | Self::UnknownCategory | Self::AmbiguousCategory => CleanAction::TreatedAsUnknown,
            Self::ZeroVisits | Self::ZeroUsers | Self::InputOutlier => CleanAction::TreatedAsUnknown,
            Self::UsersSetToVisits => CleanAction::Clipped,
            Self::PagesBelowBounce | Self::QuantisedLabel | Self::NoLabel => CleanAction::Counted,
        }
    }

    /// What it looks for, and what it does, in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::DuplicateIdentical => "the same record again; one is kept",
            Self::DuplicateConflicting => {
                "another record of the same source, site and month; that of the later file, else the fuller one, is kept"
            }
            Self::BelowOne => "pages per visit below 1; unknown",
            Self::ImplausibleValue => "a value beyond all plausible ones; unknown",
            Self::MissingMarker => "a text that marks a missing value, such as `nan` or `N/A`; unknown",
            Self::ImplausibleMonth => "a month before 1990 or one that has not been; kept",
            Self::FractionalCount => "visits, users or a rank with a decimal point, which may part thousands; kept",
            Self::BounceRateFraction => "a bounce rate that may be a fraction where the file's are percent; kept",
            Self::NotAHost => "a site that cannot be a host: an address is unknown, another name only groups its months",
            Self::TotalRow => "a row that sums up others; row dropped",
            Self::UnknownCategory => "a category that is not in the taxonomy; the known one above it, else unknown",
            Self::AmbiguousCategory => "a category name under several tops; unknown",
            Self::PagesBelowBounce => "fewer pages per visit than the bounce rate allows; kept",
            Self::UsersExceedVisits => "unique users exceed visits by more than the tolerance; row dropped",
            Self::UsersSetToVisits => "unique users exceed visits within the tolerance; set to visits",
            Self::ZeroVisits => "unique users of a month without visits; label unknown",
            Self::ZeroUsers => "visits, but no unique users; label unknown",
            Self::LabelOutlier => "visits per unique user far from all others of the source; row dropped",
            Self::InputOutlier => "an input far from all others of the source; unknown",
            Self::QuantisedLabel => "unique users are a small multiple of the step that sampling left in the source's month; kept",
            Self::NoLabel => "no unique users; kept for what it says of the inputs",
        }
    }

    /// The rule a warning of the check belongs to, if cleaning counts it.
    pub(super) fn of_warning(warning: &Warning) -> Option<Self> {
        match warning {
            Warning::BelowOne { .. } => Some(Self::BelowOne),
            Warning::Implausible { .. } => Some(Self::ImplausibleValue),
            Warning::MissingMarker { .. } => Some(Self::MissingMarker),
            Warning::ImplausibleMonth { .. } => Some(Self::ImplausibleMonth),
            Warning::FractionalCount { .. } => Some(Self::FractionalCount),
            Warning::BounceRateFraction { .. } => Some(Self::BounceRateFraction),
            Warning::NotAHost { .. } => Some(Self::NotAHost),
            Warning::TotalRow { .. } => Some(Self::TotalRow),
            Warning::UnknownCategory { .. } => Some(Self::UnknownCategory),
            Warning::AmbiguousCategory { .. } => Some(Self::AmbiguousCategory),
            Warning::PagesBelowBounce { .. } => Some(Self::PagesBelowBounce),
            _ => None,
        }
    }
}

/// A row that a rule found, as an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The source.
    pub source: Option<String>,
    /// The site.
    pub site: Option<String>,
    /// The month.
    pub date: String,
    /// What was found.
    pub found: String,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleCount {
    /// The rule's stable code.
    pub rule: &'static str,
    /// What it does.
    pub action: CleanAction,
    /// What it looks for, in words.
    pub description: &'static str,
    /// How many rows it found.
    pub rows: u64,
    /// Values it found of each field, where it looks at several.
    pub by_field: BTreeMap<String, u64>,
    /// The first of them, in canonical order.
    pub examples: Vec<Example>,
}

/// Counts what the rules find.
#[derive(Default)]
pub(super) struct Tally {
    counts: BTreeMap<CleanRule, Found>,
}

#[derive(Default)]
struct Found {
    rows: u64,
    by_field: BTreeMap<String, u64>,
    examples: Vec<Example>,
}

impl Tally {
    /// Counts a row.
    pub(super) fn row(&mut self, rule: CleanRule, record: &Record, found: impl FnOnce() -> String) {
        let counted = self.counts.entry(rule).or_default();
        counted.rows += 1;
        if counted.examples.len() < EXAMPLES {
            counted.examples.push(Example {
                source: record.source.as_deref().map(str::to_owned),
                site: record.site.as_deref().map(str::to_owned),
                date: record.month.to_string(),
                found: found(),
            });
        }
    }

    /// Counts a row for a value of one field.
    pub(super) fn value(&mut self, rule: CleanRule, field: &str, record: &Record, found: impl FnOnce() -> String) {
        self.row(rule, record, found);
        let counted = self.counts.entry(rule).or_default();
        *counted.by_field.entry(field.to_owned()).or_default() += 1;
    }

    /// Counts what the check said of a record.
    pub(super) fn warning(&mut self, warning: &Warning, record: &Record) {
        let Some(rule) = CleanRule::of_warning(warning) else { return };
        match warning {
            Warning::BelowOne { field, .. } | Warning::Implausible { field, .. } | Warning::FractionalCount { field, .. } => {
                self.value(rule, Field::column(*field), record, || warning.to_string());
            }
            Warning::MissingMarker { field, .. } => self.value(rule, field.column(), record, || warning.to_string()),
            _ => self.row(rule, record, || warning.to_string()),
        }
    }

    /// One count for each rule, also those that found nothing: a rule that ran and found nothing is worth knowing.
    pub(super) fn finish(mut self) -> Vec<RuleCount> {
        let count = |rule: CleanRule| {
            let Found { rows, by_field, examples } = self.counts.remove(&rule).unwrap_or_default();
            RuleCount { rule: rule.code(), action: rule.action(), description: rule.words(), rows, by_field, examples }
        };
        CleanRule::ALL.into_iter().map(count).collect()
    }
}
