//! Whether a champion can be continued on some data, and what it brings.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use uu_core::stats::site_hash;
use uu_core::{FaultField, Field, Rules, escaped};
use uu_data::Dataset;
use uu_model::artifact::TREES_SECTION;
use uu_model::components::{Column, InputSchema, Parts};
use uu_model::{ArtifactError, Contents, Model, UNNAMED_SOURCE};

use super::FitError;
use super::freezing::{Seen, short_key};
use super::table::{Table, learned_schema};

/// How often a model can be continued. Each time adds a fifth of the trees it is fitted with from scratch, so that it never has more
/// than twice as many.
pub const MOST_CONTINUATIONS: u32 = 5;

/// Sites with labels that the champion never saw, without which nothing could be said of how good a continuation is.
const MIN_NEW_SITES: usize = 60;

/// Why a champion cannot be continued: what is left is to fit from scratch.
#[derive(Debug, thiserror::Error)]
pub enum ContinueError {
    /// The champion cannot be read.
    #[error("the champion cannot be read")]
    Champion(#[from] ArtifactError),
    /// It was continued too often.
    #[error("the champion was continued {done} times since it was fitted from scratch, and {MOST_CONTINUATIONS} is the most")]
    TooManyContinuations {
        /// How often it was.
        done: u32,
    },
    /// The data have inputs that no tree of the champion has a column for.
    #[error("the data have inputs that the champion never learned: {}", columns(.fields))]
    NotLearned {
        /// The inputs.
        fields: Vec<FaultField>,
    },
    /// The data have sources whose definition of unique users the champion does not know.
    #[error("the data have sources that the champion never learned: {}", names(found).join(", "))]
    UnknownSources {
        /// The sources.
        found: Vec<String>,
    },
    /// The extra inputs are not those of the champion.
    #[error("the extra inputs of the data are {}, and those of the champion {}", listed(found), listed(expected))]
    OtherExtras {
        /// Those of the champion.
        expected: Vec<String>,
        /// Those of the data.
        found: Vec<String>,
    },
    /// Too few sites are new.
    #[error("{found} sites with labels are new to the champion, and a continuation needs {needed} to be judged on")]
    TooFewNewSites {
        /// New sites.
        found: usize,
        /// Sites it takes.
        needed: usize,
    },
    /// The trees could not be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("`{}`", self::names(names).join("`, `")) }
}

fn columns(fields: &[FaultField]) -> String {
    fields.iter().map(|field| escaped(field.column())).collect::<Vec<_>>().join(", ")
}

/// Names of the data, as they may stand in a message.
fn names(given: &[String]) -> Vec<Cow<'_, str>> {
    given.iter().map(|name| escaped(name)).collect()
}

/// A champion taken apart.
pub(super) struct Champion {
    pub(super) parts: Parts,
    /// The trees of each stage as LightGBM wrote them.
    pub(super) trees: BTreeMap<String, String>,
    pub(super) seen: Seen,
    pub(super) continuations: u32,
}

impl Champion {
    /// Opens an artifact.
    ///
    /// **Errors**: it cannot be read, or was continued too often.
    pub(super) fn open(artifact: &[u8]) -> Result<Self, ContinueError> {
        let contents = Contents::of(artifact)?;
        let continuations = contents.about().continuations;
        if continuations >= MOST_CONTINUATIONS {
            return Err(ContinueError::TooManyContinuations { done: continuations });
        }
        let seen = Seen { sites: contents.training_sites()?, rows: contents.training_rows() };
        let (parts, trees) = (Model::from_bytes(artifact)?.into_parts(), contents.trees()?);
        check_trees(&parts, &trees)?;
        Ok(Self { parts, trees, seen, continuations })
    }

    /// The data as the champion reads them.
    ///
    /// **Errors**: they have something that the champion never learned.
    pub(super) fn read<'a>(&self, dataset: &'a Dataset, rules: &Rules) -> Result<Table<'a>, ContinueError> {
        let own = &self.parts.schema;
        if dataset.extras() != own.rules.extras {
            return Err(ContinueError::OtherExtras { expected: own.rules.extras.clone(), found: dataset.extras().to_vec() });
        }
        let new = learned_schema(dataset, rules)?;
        let unknown = new.sources.iter().filter(|source| own.sources.learned_code_of(source.as_deref()).is_none());
        let unknown: Vec<String> = unknown.map(|source| source.clone().unwrap_or_else(|| UNNAMED_SOURCE.to_owned())).collect();
        if !unknown.is_empty() {
            return Err(ContinueError::UnknownSources { found: unknown });
        }
        let fields = self.not_learned(dataset, &new);
        if !fields.is_empty() {
            return Err(ContinueError::NotLearned { fields });
        }
        let ranges = own.ranges.iter().zip(new.ranges.iter()).map(|(own, new)| own.map(|own| wider(own, *new))).collect();
        Ok(Table::encode(dataset, Arc::new(InputSchema { ranges, rules: new.rules, ..InputSchema::clone(own) })))
    }

    /// Inputs that the data are enough to learn, and that no tree of the champion has a column for.
    fn not_learned(&self, dataset: &Dataset, new: &InputSchema) -> Vec<FaultField> {
        let own = &self.parts.schema;
        let unknown = new.ranges.entries().filter(|(id, range)| range.is_some() && own.ranges[*id].is_none());
        let mut fields: Vec<FaultField> = unknown.map(|(id, _)| new.field(id)).collect();
        let seasons = dataset.records().windows(2).any(|pair| pair[0].month.month_of_year() != pair[1].month.month_of_year());
        let others = [
            (Field::Category, new.category && !own.category),
            (Field::Site, new.suffixes.is_some() && own.suffixes.is_none()),
            (Field::Date, seasons && !self.parts.ratio.columns.contains(&Column::Month)),
        ];
        fields.extend(others.into_iter().filter(|(_, missing)| *missing).map(|(field, _)| FaultField::Field(field)));
        fields
    }

    /// Which of the table's rows are of a site the champion was trained on; those that name none are of no such site.
    pub(super) fn of_seen_sites(&self, table: &Table<'_>) -> Vec<bool> {
        let seen = |site: &str| self.seen.sites.contains(&site_hash(site, 0));
        table.dataset.records().iter().map(|record| record.site.as_deref().is_some_and(seen)).collect()
    }

    /// Which of the table's rows the champion was trained on. One that does not tell is taken to have seen all rows of its sites, and
    /// no others.
    pub(super) fn seen_rows(&self, table: &Table<'_>, of_seen_sites: &[bool]) -> Vec<bool> {
        if self.seen.rows.is_empty() {
            return of_seen_sites.to_vec();
        }
        table.keys.iter().map(|key| self.seen.rows.contains(&short_key(*key))).collect()
    }
}

/// Checks that the stages which are continued have their trees as texts too.
fn check_trees(parts: &Parts, trees: &BTreeMap<String, String>) -> Result<(), ArtifactError> {
    let of_inputs = parts.fills.entries().filter(|(_, stage)| stage.is_some());
    let names = of_inputs.map(|(id, _)| parts.schema.field(id).column().to_owned());
    let missing = names.chain(["ratio".to_owned()]).find(|name| !trees.contains_key(name));
    missing.map_or(Ok(()), |name| {
        let found = trees.len();
        Err(ArtifactError::unreadable(TREES_SECTION, format_args!("it must have the trees of `{name}`, got those of {found} other stages")))
    })
}

/// Rows that are new to a champion, and whose sites it never saw: its trees say nothing of their labels.
pub(super) fn honest_rows(table: &Table<'_>, of_seen_sites: &[bool], seen_rows: &[bool]) -> Result<Vec<usize>, ContinueError> {
    let honest: Vec<usize> = table.judgeable().into_iter().filter(|&row| !of_seen_sites[row] && !seen_rows[row]).collect();
    let site = |row: &usize| table.site(*row);
    let labelled = honest.iter().filter(|&&row| !table.log_ratio[row].is_nan());
    let found = labelled.map(site).collect::<std::collections::BTreeSet<u64>>().len();
    if found < MIN_NEW_SITES { Err(ContinueError::TooFewNewSites { found, needed: MIN_NEW_SITES }) } else { Ok(honest) }
}

fn wider((low, high): (f64, f64), other: Option<(f64, f64)>) -> (f64, f64) {
    other.map_or((low, high), |(least, most)| (low.min(least), high.max(most)))
}
