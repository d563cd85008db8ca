#![doc = include_str!("../README.md")]

mod choice;
mod continuation;
mod continued;
mod coverage;
mod fit;
mod freezing;
mod from_scratch;
mod held_out;
mod lesson;
mod masking;
mod onward;
mod pipeline;
mod plain;
mod plan;
mod settings;
mod site_levels;
mod spread;
mod table;
mod tuned;
pub mod tuning;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use uu_data::{LEAST_TRAINING_ROWS, LEAST_TRAINING_SITES};
use uu_forest::ForestError;
use uu_model::artifact::REPORT_SECTION;
use uu_model::{About, ArtifactError, Contents, Evaluation};

pub use choice::{Choice, Standing, choose};
pub use continuation::{ContinueError, MOST_CONTINUATIONS};
pub use continued::train_continued;
pub use coverage::CoverageBySite;
pub use from_scratch::train;
pub use plain::fit_forest;
pub use settings::{Correction, TrainSettings, TreeSettings};
pub use table::{MOST_SOURCES, Trainable, data_fingerprint};
pub use tuned::tune;
/// The losses that trees can be fitted with.
pub use uu_lightgbm::Objective;

use crate::tuning::Tuning;

/// A training that ended well.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The artifact, ready to be stored.
    pub artifact: Vec<u8>,
    /// What it says of itself.
    pub about: About,
    /// How good it was found to be.
    pub report: TrainReport,
    /// Labelled rows as observed, each estimated by trees that never saw its site: what two trainings can be compared by.
    pub held_out: Vec<HeldOutEstimate>,
    /// How the intervals of those rows held, by site.
    pub coverage: CoverageBySite,
}

/// An estimate of a row whose site was held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOutEstimate {
    /// A number for the row that depends on what it holds and on nothing else.
    pub row: u64,
    /// Hash of the site; of the row itself, where it has none.
    pub site: u64,
    /// Unique users.
    pub actual: f64,
    /// The estimate.
    pub point: f64,
}

impl HeldOutEstimate {
    /// Logarithm of the truth over the estimate.
    #[must_use]
    pub fn log_error(&self) -> f64 {
        self.actual.max(1.0).ln() - self.point.max(1.0).ln()
    }
}

/// How a model was found to be, on sites held out whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainReport {
    /// What it was trained with, hyperparameters as the search left them.
    pub settings: TrainSettings,
    /// What was tried before; `None` where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<Tuning>,
    /// All figures. Each site was estimated by stages and calibrated by scores of other sites.
    pub evaluation: Evaluation,
}

impl TrainReport {
    /// The report that an artifact holds.
    ///
    /// **Errors**: a section that cannot be read.
    pub fn of(contents: &Contents<'_>) -> Result<Self, ArtifactError> {
        contents.json(REPORT_SECTION)
    }
}

/// Why a training ended without a model.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// Too little to learn from.
    #[error("{}; {LEAST_TRAINING_ROWS} are needed", too_few_rows(*.found, *.held_out))]
    TooFewRows {
        /// Rows that remain to train on.
        found: usize,
        /// Rows of sites that are held out to judge later versions.
        held_out: usize,
    },
    /// Too few sites to tell what holds for others.
    #[error("{}", too_few_sites(*.rows, *.found, *.held_out))]
    TooFewSites {
        /// Rows that remain to train on.
        rows: usize,
        /// Their sites.
        found: usize,
        /// Sites that are held out to judge later versions.
        held_out: usize,
    },
    /// More sources than there are definitions of unique users.
    #[error(
        "`source` must name at most {MOST_SOURCES} sources, got {found} in rows with unique users: the column may hold something else, such as a number or a name of its own for each row"
    )]
    TooManySources {
        /// Sources of rows whose unique users are known.
        found: usize,
    },
    /// The sites cannot be divided into as many folds.
    #[error(
        "{sites} sites cannot be divided into {folds} folds: at least {folds} sites are needed, or fewer folds (the setting `train.folds`)"
    )]
    EmptyFold {
        /// Sites there are.
        sites: usize,
        /// Folds asked for.
        folds: usize,
    },
    /// A setting is outside what it can be.
    #[error("`{name}` must be {expected}, got {found}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it can be.
        expected: &'static str,
        /// What it was.
        found: String,
    },
    /// It was told to stop.
    #[error("the training was stopped")]
    Stopped,
    /// LightGBM refused.
    #[error("LightGBM could not fit")]
    Trees(#[from] uu_lightgbm::LightGbmError),
    /// What LightGBM wrote could not be read back.
    #[error("the fitted trees could not be read back")]
    Forest(#[from] ForestError),
    /// The operating system gave no threads.
    #[error("the training's threads could not be started")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl FitError {
    /// A hint at the way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        matches!(self, Self::TooManySources { .. }).then_some(
            "give the column another name, or leave it out: `source` holds whose definition of unique users a row follows, such as a panel or a tool",
        )
    }

    /// The same where rows were held out before the training: what was counted then is part of what was given.
    #[must_use]
    pub fn with_held_out(self, held: Trainable) -> Self {
        match self {
            Self::TooFewRows { found, .. } => Self::TooFewRows { found, held_out: held.rows },
            Self::TooFewSites { rows, found, .. } => Self::TooFewSites { rows, found, held_out: held.sites },
            other => other,
        }
    }
}

fn too_few_rows(found: usize, held_out: usize) -> String {
    match held_out {
        0 => format!("{} both visits and unique users of 1 or more", counted(found, "row has", "rows have")),
        _ => format!("{found} of {} rows remain to train on ({held_out} held out to judge later versions)", found + held_out),
    }
}

fn too_few_sites(rows: usize, found: usize, held_out: usize) -> String {
    let needed = format!("at least {LEAST_TRAINING_SITES} sites are needed");
    match held_out {
        0 => format!("{} of {}: {needed}", counted(rows, "row", "rows"), counted(found, "site", "sites")),
        _ => format!("{found} of {} sites remain to train on ({held_out} held out to judge later versions): {needed}", found + held_out),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Hears how far a training is; may stop it.
pub trait Progress: Sync {
    /// `done` of `of` steps of `stage` are done.
    fn report(&self, stage: &'static str, done: u64, of: u64) -> ControlFlow<()>;
}

/// Hears and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: &'static str, _: u64, _: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
