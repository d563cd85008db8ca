//! Why a study ended without figures.

use uu_train::FitError;

/// A study could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// Too little to compare models on.
    #[error("a study needs {needed} rows with both visits and unique users of 1 or more outside the sites set aside, got {found}")]
    TooFewRows {
        /// Rows there were.
        found: usize,
        /// Rows it takes.
        needed: usize,
    },
    /// A part of the sites has nothing to learn from or to judge on.
    #[error("`{part}` needs {needed} labelled rows at least, got {found}: there are too few sites for a study")]
    TooFewSites {
        /// Which part.
        part: &'static str,
        /// Rows there were.
        found: usize,
        /// Rows it takes.
        needed: usize,
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
    #[error("the study was stopped")]
    Stopped,
    /// The product's own model could not be fitted.
    #[error("`{model}` could not be fitted")]
    Fit {
        /// The model.
        model: String,
        /// Why.
        #[source]
        cause: FitError,
    },
    /// A compared estimator could not be fitted.
    #[error("`{model}` could not be fitted: {reason}")]
    Estimator {
        /// The model.
        model: &'static str,
        /// Why, as its library says it.
        reason: String,
    },
    /// A model that was just trained cannot be read.
    #[error("a model that was just trained could not be read")]
    Artifact(#[from] uu_model::ArtifactError),
    /// A figure is no number.
    #[error("a figure of the study is not a finite number")]
    NotFinite(#[source] serde_json::Error),
}
