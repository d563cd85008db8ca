//! How much there is, and of what.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uu_core::Field;
use uu_data::Dataset;
use uu_data::clean::QualityReport;

use crate::split::count_sites;

/// Counts of rows, sites, months and sources; what is known and what is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Rows.
    pub rows: usize,
    /// Rows with known unique users.
    pub labelled_rows: usize,
    /// Sites; a row without one is a site of its own.
    pub sites: usize,
    /// Months.
    pub months: usize,
    /// The first month.
    pub first_month: String,
    /// The last month.
    pub last_month: String,
    /// The sources.
    pub sources: Vec<SourceFigures>,
    /// Each field: what it holds and how often.
    pub fields: Vec<FieldFigures>,
    /// Which inputs are missing together, the most frequent first.
    pub patterns: Vec<MissingPattern>,
}

/// Rows of one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceFigures {
    /// The source; `None` where rows name none.
    pub source: Option<String>,
    /// Rows.
    pub rows: u64,
    /// Rows with a label.
    pub labelled: u64,
    /// Sites.
    pub sites: u64,
    /// Months.
    pub months: u64,
}

/// How a field is filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldFigures {
    /// The column.
    pub field: String,
    /// What it holds.
    pub kind: String,
    /// Rows that know it.
    pub known: u64,
    /// Their share.
    pub share: f64,
}

/// Rows in which the same inputs are missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MissingPattern {
    /// The missing inputs.
    pub missing: Vec<String>,
    /// Rows.
    pub rows: u64,
    /// Their share.
    pub share: f64,
}

impl Overview {
    pub(super) fn of(dataset: &Dataset, quality: &QualityReport) -> Self {
        let records = dataset.records();
        let months: BTreeSet<uu_core::Month> = records.iter().map(|record| record.month).collect();
        let month = |month: Option<&uu_core::Month>| month.map_or_else(String::new, ToString::to_string);
        let sources = quality.sources.iter().map(|source| SourceFigures {
            source: source.source.clone(),
            rows: source.rows,
            labelled: source.labelled,
            sites: source.sites,
            months: source.months,
        });
        let fields = quality.fields.iter().map(|field| FieldFigures {
            field: field.field.clone(),
            kind: kind(&field.field).to_owned(),
            known: field.known,
            share: field.share,
        });
        let patterns = quality.patterns.iter().map(|pattern| MissingPattern {
            missing: pattern.missing.clone(),
            rows: pattern.rows,
            share: pattern.share,
        });
        Self {
            rows: records.len(),
            labelled_rows: records.iter().filter(|record| record.unique_users.is_some()).count(),
            sites: count_sites(records),
            months: months.len(),
            first_month: month(months.first()),
            last_month: month(months.last()),
            sources: sources.collect(),
            fields: fields.collect(),
            patterns: patterns.collect(),
        }
    }
}

fn kind(column: &str) -> &'static str {
    Field::named(column).map_or("number; an extra input", Field::bounds)
}
