use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::LightGbmError;

/// The loss that training minimises. All of them predict on the scale of the label, untransformed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// Squared error: the mean.
    L2,
    /// Absolute error: the median.
    L1,
    /// Squared error up to `alpha`, absolute beyond it.
    Huber {
        /// Where the loss turns linear, `> 0`.
        alpha: f64,
    },
    /// The Fair loss, between squared and absolute error.
    Fair {
        /// Its scale, `> 0`.
        c: f64,
    },
    /// Pinball loss: a quantile.
    Quantile {
        /// The quantile, in `(0, 1)`.
        alpha: f64,
    },
    /// Absolute percentage error.
    Mape,
}

/// LightGBM's hyperparameters, under their names in the literature.
///
/// | name | default | range | purpose |
/// | --- | --- | --- | --- |
/// | `objective` | `L2` | | the loss |
/// | `num_iterations` | 100 | >= 1 | trees at most; fewer when no split gains anything |
/// | `learning_rate` | 0.1 | (0, 10] | how much of each tree is added |
/// | `num_leaves` | 31 | 2 to 131,072 | leaves of a tree at most |
/// | `max_depth` | -1 | any; <= 0 is no limit | depth of a tree at most |
/// | `min_data_in_leaf` | 20 | >= 0 | rows of a leaf at least |
/// | `min_sum_hessian_in_leaf` | 0.001 | >= 0 | sum of weights (for L2) of a leaf at least |
/// | `feature_fraction` | 1 | (0, 1] | share of the features a tree may use |
/// | `bagging_fraction` | 1 | (0, 1] | share of the rows a tree sees, if `bagging_freq` > 0 |
/// | `bagging_freq` | 0 | >= 0 | every how many trees the rows are drawn anew; 0 is never |
/// | `lambda_l1` | 0 | >= 0 | L1 penalty on leaf values |
/// | `lambda_l2` | 0 | >= 0 | L2 penalty on leaf values |
/// | `min_gain_to_split` | 0 | >= 0 | gain of a split at least |
/// | `max_bin` | 255 | >= 2 | bins of a feature at most |
/// | `min_data_in_bin` | 3 | >= 1 | rows of a bin at least |
/// | `cat_smooth` | 10 | >= 0 | shrinks the statistics of rare categories |
/// | `cat_l2` | 10 | >= 0 | L2 penalty in categorical splits |
/// | `seed` | 0 | >= 0 | sampling of rows, features and bins |
/// | `num_threads` | 0 | >= 0 | threads; 0 is one per core; does not change the model |
/// | `extra` | empty | names LightGBM knows | anything else, by LightGBM's name |
///
/// `deterministic=true`, `force_row_wise=true` and `verbosity=-1` are always set.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "every field has its row in the table above")]
pub struct Parameters {
    pub objective: Objective,
    pub num_iterations: u32,
    pub learning_rate: f64,
    pub num_leaves: u32,
    pub max_depth: i32,
    pub min_data_in_leaf: u32,
    pub min_sum_hessian_in_leaf: f64,
    pub feature_fraction: f64,
    pub bagging_fraction: f64,
    pub bagging_freq: u32,
    pub lambda_l1: f64,
    pub lambda_l2: f64,
    pub min_gain_to_split: f64,
    pub max_bin: u32,
    pub min_data_in_bin: u32,
    pub cat_smooth: f64,
    pub cat_l2: f64,
    pub seed: u32,
    pub num_threads: u32,
    pub extra: BTreeMap<String, String>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            objective: Objective::L2,
            num_iterations: 100,
            learning_rate: 0.1,
            num_leaves: 31,
            max_depth: -1,
            min_data_in_leaf: 20,
            min_sum_hessian_in_leaf: 1e-3,
            feature_fraction: 1.0,
            bagging_fraction: 1.0,
            bagging_freq: 0,
            lambda_l1: 0.0,
            lambda_l2: 0.0,
            min_gain_to_split: 0.0,
            max_bin: 255,
            min_data_in_bin: 3,
            cat_smooth: 10.0,
            cat_l2: 10.0,
            seed: 0,
            num_threads: 0,
            extra: BTreeMap::new(),
        }
    }
}

/// Parameters that `extra` may not set: those this crate fixes, and those that would make the model something other than
/// one sum of trees. Aliases of typed fields are refused by LightGBM's own rule that the canonical name wins.
const RESERVED: &[&str] = &[
    "boosting",
    "boosting_type",
    "boost",
    "categorical_feature",
    "deterministic",
    "force_col_wise",
    "force_row_wise",
    "linear_tree",
    "linear_trees",
    "num_class",
    "num_classes",
    "objective",
    "verbose",
    "verbosity",
];

impl Parameters {
    /// The text LightGBM reads, for the data set and the booster alike.
    pub(crate) fn to_text(&self, categorical: &[usize]) -> Result<String, LightGbmError> {
        self.check()?;
        let mut pairs: BTreeMap<&str, String> = self.extra.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        pairs.extend(self.typed());
        pairs.extend(objective(self.objective));
        if !categorical.is_empty() {
            let indexes: Vec<String> = categorical.iter().map(usize::to_string).collect();
            pairs.insert("categorical_feature", indexes.join(","));
        }
        let mut text = String::from("deterministic=true force_row_wise=true verbosity=-1");
        for (name, value) in pairs {
            write!(text, " {name}={value}").expect("writing to a string cannot fail");
        }
        Ok(text)
    }

    fn typed(&self) -> [(&'static str, String); 18] {
        [
            ("num_iterations", self.num_iterations.to_string()),
            ("learning_rate", self.learning_rate.to_string()),
            ("num_leaves", self.num_leaves.to_string()),
            ("max_depth", self.max_depth.to_string()),
            ("min_data_in_leaf", self.min_data_in_leaf.to_string()),
            ("min_sum_hessian_in_leaf", self.min_sum_hessian_in_leaf.to_string()),
            ("feature_fraction", self.feature_fraction.to_string()),
            ("bagging_fraction", self.bagging_fraction.to_string()),
            ("bagging_freq", self.bagging_freq.to_string()),
            ("lambda_l1", self.lambda_l1.to_string()),
            ("lambda_l2", self.lambda_l2.to_string()),
            ("min_gain_to_split", self.min_gain_to_split.to_string()),
            ("max_bin", self.max_bin.to_string()),
            ("min_data_in_bin", self.min_data_in_bin.to_string()),
            ("cat_smooth", self.cat_smooth.to_string()),
            ("cat_l2", self.cat_l2.to_string()),
            ("seed", self.seed.to_string()),
            ("num_threads", self.num_threads.to_string()),
        ]
    }

    fn check(&self) -> Result<(), LightGbmError> {
        let alpha = match self.objective {
            Objective::Huber { alpha: scale } | Objective::Fair { c: scale } => in_range("alpha", scale, "above 0", scale > 0.0),
            Objective::Quantile { alpha } => in_range("alpha", alpha, "between 0 and 1", alpha > 0.0 && alpha < 1.0),
            Objective::L1 | Objective::L2 | Objective::Mape => Ok(()),
        };
        alpha?;
        let rate = self.learning_rate;
        in_range("learning_rate", rate, "above 0 and at most 10", rate > 0.0 && rate <= 10.0)?;
        for (name, share) in [("feature_fraction", self.feature_fraction), ("bagging_fraction", self.bagging_fraction)] {
            in_range(name, share, "above 0 and at most 1", share > 0.0 && share <= 1.0)?;
        }
        for (name, value) in [
            ("min_sum_hessian_in_leaf", self.min_sum_hessian_in_leaf),
            ("lambda_l1", self.lambda_l1),
            ("lambda_l2", self.lambda_l2),
            ("min_gain_to_split", self.min_gain_to_split),
            ("cat_smooth", self.cat_smooth),
            ("cat_l2", self.cat_l2),
        ] {
            in_range(name, value, "a finite number from 0", value >= 0.0 && value.is_finite())?;
        }
        for (name, value, least, most, expected) in [
            ("num_iterations", self.num_iterations, 1, i32::MAX as u32, "at least 1"),
            ("num_leaves", self.num_leaves, 2, 131_072, "2 to 131072"),
            ("max_bin", self.max_bin, 2, i32::MAX as u32, "at least 2"),
            ("min_data_in_bin", self.min_data_in_bin, 1, i32::MAX as u32, "at least 1"),
            ("seed", self.seed, 0, i32::MAX as u32, "at most 2147483647"),
        ] {
            in_range(name, f64::from(value), expected, (least..=most).contains(&value))?;
        }
        for (name, value) in &self.extra {
            let breaks = |text: &str| text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == '=');
            if RESERVED.contains(&name.as_str()) || breaks(name) || breaks(value) {
                return Err(LightGbmError::ExtraParameter { name: name.clone() });
            }
        }
        Ok(())
    }
}

fn objective(objective: Objective) -> Vec<(&'static str, String)> {
    let name = |name: &str| ("objective", name.to_owned());
    match objective {
        Objective::L2 => vec![name("regression")],
        Objective::L1 => vec![name("regression_l1")],
        Objective::Huber { alpha } => vec![name("huber"), ("alpha", alpha.to_string())],
        Objective::Fair { c } => vec![name("fair"), ("fair_c", c.to_string())],
        Objective::Quantile { alpha } => vec![name("quantile"), ("alpha", alpha.to_string())],
        Objective::Mape => vec![name("mape")],
    }
}

fn in_range(name: &'static str, found: f64, expected: &'static str, holds: bool) -> Result<(), LightGbmError> {
    if holds { Ok(()) } else { Err(LightGbmError::Parameter { name, expected, found }) }
}
