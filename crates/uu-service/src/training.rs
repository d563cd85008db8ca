//! Training a version and putting it into the registry.

use std::fmt;

use uu_core::Rules;
use uu_data::{Dataset, Sealed};
use uu_model::{About, LEAST_COVERAGE, LowCoverage};
use uu_registry::{Change, Mixture, ModelVersion, Registry, RegistryError};
use uu_train::{CoverageBySite, FitError, Progress, TrainReport, TrainSettings, Trainable, Trained};

use crate::retraining::{Keeping, keep};
use crate::{KeepError, LoadError, load, mixture};

/// A version that was trained and stored.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// Its name in the store.
    pub version: ModelVersion,
    /// What it says of itself.
    pub about: About,
    /// How good it was found to be.
    pub report: TrainReport,
    /// SHA-256 of the artifact.
    pub checksum: String,
    /// Whether it answers from now on.
    pub promoted: bool,
    /// Why it does not, though it was to: its intervals do not hold.
    pub refused: Option<IntervalsDoNotHold>,
    /// What whoever uses it must know of its intervals, where they are not why it was refused.
    pub low_coverage: Option<LowCoverage>,
}

/// A new version whose intervals were found not to hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntervalsDoNotHold {
    /// How they held on sites held out.
    pub measured: CoverageBySite,
}

impl IntervalsDoNotHold {
    /// The refusal, where there is cause for one.
    pub(crate) fn of(measured: CoverageBySite) -> Option<Self> {
        (!measured.holds()).then_some(Self { measured })
    }
}

impl fmt::Display for IntervalsDoNotHold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CoverageBySite { coverage, standard_error, sites } = self.measured;
        write!(
            formatter,
            "its 90 % interval holds {:.1} % of the rows of {sites} sites held out (standard error {:.1} points), and {:.0} % are the least",
            coverage * 100.0,
            standard_error * 100.0,
            LEAST_COVERAGE * 100.0
        )?;
        match self.measured.sites_needed() {
            Some(needed) => write!(formatter, "; about {needed} sites would do"),
            None => formatter.write_str("; it is not for want of sites"),
        }
    }
}

/// Who trains, why, and whether the version is to answer.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Whether the version answers from then on.
    pub promote: bool,
    /// Whose rows they are.
    pub rows: TrainingRows,
}

/// What becomes of the rows of a training.
#[derive(Clone, Debug)]
pub enum TrainingRows {
    /// They are the user's: later trainings have them too, and no version trains on the sealed sites among them.
    Kept {
        /// What they are called: the files' names.
        origin: String,
        /// About how many sites are sealed; see [`Sealed::about`].
        sealed_sites: usize,
    },
    /// They are generated, and of no use beside a measured one.
    Generated,
}

/// A training left no new version.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// It could not be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] RegistryError),
    /// Its rows could not be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// It cannot answer.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl TrainError {
    /// Generated and measured rows that were to be kept side by side, where that is why.
    #[must_use]
    pub fn mixture(&self) -> Option<&Mixture> {
        match self {
            Self::Store(RegistryError::Mixture(mixture)) | Self::Keep(KeepError::Store(RegistryError::Mixture(mixture))) => Some(mixture),
            _ => None,
        }
    }
}

/// A training: what is fitted, how and what for.
#[derive(Clone, Copy, Debug)]
pub struct Training<'a> {
    /// The rows.
    pub dataset: &'a Dataset,
    /// By which they were checked.
    pub rules: &'a Rules,
    /// How the model is fitted.
    pub settings: &'a TrainSettings,
    /// Who trains it, and what for.
    pub intent: &'a Intent,
}

impl Training<'_> {
    /// Fits the model; nothing is stored. `registry` is the store it is for, where there is one already.
    ///
    /// **Errors**: [`TrainError`].
    pub fn fit(&self, registry: Option<&Registry>, progress: &dyn Progress) -> Result<Trained, TrainError> {
        let Self { dataset, rules, settings, intent } = *self;
        Trainable::of(dataset).check()?;
        let TrainingRows::Kept { sealed_sites, .. } = &intent.rows else {
            return Ok(uu_train::train(dataset, rules, settings, progress)?);
        };
        if let Some(registry) = registry {
            mixture::check(registry, rules, mixture::counted(dataset.records()))?;
        }
        let split = Sealed::about(*sealed_sites, dataset).split(dataset);
        let trained = uu_train::train(&split.training, rules, settings, progress);
        Ok(trained.map_err(|error| error.with_held_out(Trainable::of(&split.sealed)))?)
    }

    /// Stores what was fitted, and its rows where they are to be kept; if that is intended and its intervals hold, makes it the version that answers.
    ///
    /// **Errors**: [`TrainError`]; the registry is then as it was, or holds the version without using it.
    pub fn store(&self, registry: &Registry, trained: Trained) -> Result<NewVersion, TrainError> {
        if let TrainingRows::Kept { origin, .. } = &self.intent.rows {
            keep(registry, self.dataset, Keeping { by: &self.intent.by, origin, confirmed: true, are_known: false })?;
        }
        put(registry, trained, self.intent)
    }
}

fn put(registry: &Registry, trained: Trained, intent: &Intent) -> Result<NewVersion, TrainError> {
    let version = registry.put(&uu_registry::NewVersion {
        artifact: &trained.artifact,
        about: &serde_json::json!(trained.about),
        data_fingerprint: Some(&trained.about.data_fingerprint),
        parent: None,
        made_by: &intent.by,
        reason: &intent.reason,
    })?;
    let refused = IntervalsDoNotHold::of(trained.coverage).filter(|_| intent.promote);
    let promoted = intent.promote && refused.is_none();
    if promoted {
        load(registry, Some(version))?;
        let figures = serde_json::json!(trained.report.evaluation.overall);
        let change = Change { by: intent.by.clone(), reason: intent.reason.clone(), figures, expected_champion: None, confirms: true };
        registry.promote(version, &change)?;
    }
    let checksum = uu_model::artifact_checksum(&trained.artifact);
    let low_coverage = trained.coverage.low().filter(|_| refused.is_none());
    Ok(NewVersion { version, about: trained.about, report: trained.report, checksum, promoted, refused, low_coverage })
}
