//! What a training can be told.

use serde::{Deserialize, Serialize};
use uu_lightgbm::{Objective, Parameters};

use super::FitError;

/// Settings of a training.
///
/// | name | default | range | purpose |
/// | --- | --- | --- | --- |
/// | `seed` | 0 | | everything random: folds, masks, sampling inside the trees |
/// | `folds` | 4 | 2 to 20 | parts the sites are divided into; each is held out once |
/// | `copies` | 2 | 0 to 8 | copies of each row with some of its inputs hidden, at most; one is enough where rows are many |
/// | `visits_copies` | 4 | 0 to 8 | the same where visits are learned to be filled |
/// | `copy_weight` | 0.3 | (0, 1] | weight of such a copy where the ratio is learned |
/// | `fill_copy_weight` | 0.5 | (0, 1] | its weight where an input is learned to be filled |
/// | `trials` | 0 | 0 to 1,000 | hyperparameters of the ratio's trees that are tried first; 0 takes those given |
/// | `threads` | all cores | >= 1 | threads; does not change the model |
/// | `ratio`, `visits`, `fill`, `spread` | | | trees of each stage |
/// | `correction` | | | trees that follow those of the ratio |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "every field has its row in the table above")]
pub struct TrainSettings {
    pub seed: u64,
    pub folds: usize,
    pub copies: usize,
    pub visits_copies: usize,
    pub copy_weight: f64,
    pub fill_copy_weight: f64,
    pub trials: usize,
    pub threads: Option<usize>,
    pub ratio: TreeSettings,
    pub visits: TreeSettings,
    pub fill: TreeSettings,
    pub spread: TreeSettings,
    pub correction: Correction,
}

/// Trees of another loss that follow those of the ratio.
///
/// The first ones minimise the absolute error: they find the median, which the relative error asks for. Those that follow
/// minimise Huber's loss of what is left: their sum nears the mean, which RMSLE and MAE ask for. `weight` says how far to go.
/// They learn from rows as observed and leave masked ones alone, whose residuals are so wide that mean and median lie far apart.
///
/// | name | default | range | purpose |
/// | --- | --- | --- | --- |
/// | `weight` | 0.5 | [0, 1] | how much of them is added; 0 leaves them out |
/// | `trees` | 100 | | the trees |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "every field has its row in the table above")]
pub struct Correction {
    pub weight: f64,
    pub trees: TreeSettings,
}

/// Where Huber's loss turns from squared to absolute, in units of a logarithm.
pub(super) const HUBER_ALPHA: f64 = 0.5;

/// Hyperparameters of one stage's trees, by their names in the literature.
///
/// | name | range | purpose |
/// | --- | --- | --- |
/// | `num_iterations` | >= 1 | trees |
/// | `learning_rate` | (0, 1] | how much of each tree is added |
/// | `num_leaves` | 2 to 64 | leaves of a tree at most |
/// | `max_depth` | >= 1 | depth of a tree at most; bounds the time of a prediction |
/// | `min_data_in_leaf` | >= 1 | rows of a leaf at least |
/// | `feature_fraction` | (0, 1] | share of the columns a tree may use |
/// | `bagging_fraction` | (0, 1] | share of the rows a tree sees |
/// | `lambda_l2` | >= 0 | L2 penalty on leaf values |
/// | `cat_smooth` | >= 0 | how little a rare category's own rows count in native splits |
/// | `cat_l2` | >= 0 | L2 penalty in native splits |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "every field has its row in the table above")]
pub struct TreeSettings {
    pub num_iterations: u32,
    pub learning_rate: f64,
    pub num_leaves: u32,
    pub max_depth: i32,
    pub min_data_in_leaf: u32,
    pub feature_fraction: f64,
    pub bagging_fraction: f64,
    pub lambda_l2: f64,
    pub cat_smooth: f64,
    pub cat_l2: f64,
}

impl TrainSettings {
    /// Whether each setting is within its range.
    ///
    /// **Errors**: [`FitError::Setting`].
    pub fn check(&self) -> Result<(), FitError> {
        check(self)
    }
}

impl Default for TrainSettings {
    fn default() -> Self {
        let ratio = TreeSettings {
            num_iterations: 300,
            learning_rate: 0.05,
            num_leaves: 31,
            max_depth: 8,
            min_data_in_leaf: 20,
            feature_fraction: 0.5,
            bagging_fraction: 0.8,
            lambda_l2: 0.0,
            cat_smooth: 30.0,
            cat_l2: 20.0,
        };
        let few = TreeSettings { feature_fraction: 0.8, ..ratio.clone() };
        Self {
            seed: 0,
            folds: 4,
            copies: 2,
            visits_copies: 4,
            copy_weight: 0.3,
            fill_copy_weight: 0.5,
            trials: 0,
            threads: None,
            visits: TreeSettings { num_iterations: 150, learning_rate: 0.1, ..ratio.clone() },
            correction: Correction { weight: 0.5, trees: TreeSettings { num_iterations: 100, ..ratio.clone() } },
            fill: TreeSettings { num_iterations: 60, learning_rate: 0.15, num_leaves: 15, ..few.clone() },
            spread: TreeSettings { num_iterations: 50, learning_rate: 0.1, num_leaves: 15, min_data_in_leaf: 50, ..few },
            ratio,
        }
    }
}

impl TreeSettings {
    /// LightGBM's parameters; one thread each, since the fits of a training run side by side.
    pub(super) fn parameters(&self, objective: Objective, seed: u64) -> Parameters {
        Parameters {
            objective,
            num_iterations: self.num_iterations,
            learning_rate: self.learning_rate,
            num_leaves: self.num_leaves,
            max_depth: self.max_depth,
            min_data_in_leaf: self.min_data_in_leaf,
            feature_fraction: self.feature_fraction,
            bagging_fraction: self.bagging_fraction,
            bagging_freq: u32::from(self.bagging_fraction < 1.0),
            lambda_l2: self.lambda_l2,
            // LightGBM's seeds are signed 32-bit numbers.
            seed: (seed % (1 << 31)) as u32,
            num_threads: 1,
            cat_smooth: self.cat_smooth,
            cat_l2: self.cat_l2,
            extra: [("max_cat_threshold", "64")].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Parameters::default()
        }
    }
}

impl Correction {
    /// LightGBM's parameters: it starts from nothing, since what is left has its middle there.
    pub(super) fn parameters(&self, seed: u64) -> Parameters {
        let mut parameters = self.trees.parameters(Objective::Huber { alpha: HUBER_ALPHA }, seed);
        parameters.extra.insert("boost_from_average".to_owned(), "false".to_owned());
        parameters
    }
}

pub(super) fn check(settings: &TrainSettings) -> Result<(), FitError> {
    let threads = settings.threads.unwrap_or(1);
    let faults = [
        ("folds", "2 to 20", settings.folds.to_string(), (2..=20).contains(&settings.folds)),
        ("trials", "0 to 1000", settings.trials.to_string(), settings.trials <= 1_000),
        ("copies", "0 to 8", settings.copies.to_string(), settings.copies <= 8),
        ("threads", "1 to 256", threads.to_string(), (1..=256).contains(&threads)),
        (
            "copy_weight",
            "above 0 and at most 1",
            settings.copy_weight.to_string(),
            settings.copy_weight > 0.0 && settings.copy_weight <= 1.0,
        ),
    ];
    match faults.into_iter().find(|(_, _, _, good)| !good) {
        Some((name, expected, found, _)) => Err(FitError::Setting { name, expected, found }),
        None => Ok(()),
    }
}

/// The threads of a training.
pub(super) fn threads(settings: &TrainSettings) -> Result<rayon::ThreadPool, FitError> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(settings.threads.unwrap_or(0)).build()?)
}
