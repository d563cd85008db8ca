//! What cleaning found, as the page shows it.

use serde::{Deserialize, Serialize};
use uu_data::clean::{CleanAction, QualityReport, RuleCount};

/// The cleaning report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cleaning {
    /// Rows that were read and passed the check.
    pub rows_read: u64,
    /// Rows that failed the check and were skipped.
    pub rows_skipped: u64,
    /// Rows that were kept.
    pub rows_kept: u64,
    /// The rules, in the order in which they were applied, also those that found nothing.
    pub rules: Vec<CleaningRule>,
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CleaningRule {
    /// Its stable code.
    pub rule: String,
    /// What it does.
    pub action: String,
    /// What it looks for.
    pub description: String,
    /// Rows it found.
    pub rows: u64,
    /// The first of them.
    pub example: Option<String>,
}

impl Cleaning {
    pub(super) fn of(quality: &QualityReport) -> Self {
        Self {
            rows_read: quality.rows_read,
            rows_skipped: quality.rows_skipped,
            rows_kept: quality.rows_kept,
            rules: quality.rules.iter().map(CleaningRule::of).collect(),
        }
    }
}

impl CleaningRule {
    fn of(count: &RuleCount) -> Self {
        let example = count.examples.first().map(|example| {
            let site = example.site.as_deref().unwrap_or("(no site)");
            format!("{site} {}: {}", example.date, example.found)
        });
        Self {
            rule: count.rule.to_owned(),
            action: words(count.action).to_owned(),
            description: count.description.to_owned(),
            rows: count.rows,
            example,
        }
    }
}

fn words(action: CleanAction) -> &'static str {
    match action {
        CleanAction::Dropped => "dropped",
        CleanAction::TreatedAsUnknown => "treated as unknown",
        CleanAction::Clipped => "clipped",
        CleanAction::Counted => "counted",
    }
}
