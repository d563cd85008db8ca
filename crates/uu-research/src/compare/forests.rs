//! Forests of independent trees, by smartcore.

use smartcore::ensemble::extra_trees_regressor::{ExtraTreesRegressor, ExtraTreesRegressorParameters};
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;
use uu_train::tuning::{Dimension, Spread};

use super::dense::Scaler;
use super::estimator::{Estimator, Fitted, Lesson, Question, refused};
use super::neighbours::matrix;
use crate::StudyError;

/// Trees of a forest: more change the figures in the third digit.
const TREES: usize = 60;

/// A forest.
#[derive(Clone, Copy)]
pub(crate) enum Forest {
    /// A random forest of the logarithm of visits per user.
    Random,
    /// Extremely randomised trees of it.
    Extra,
    /// A random forest of the users themselves: what the product replaces, on the features that all share. Unpruned and untuned, as it was.
    OfUsers,
}

enum Model {
    Random(RandomForestRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>),
    Extra(ExtraTreesRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>),
}

struct FittedForest {
    scaler: Scaler,
    model: Model,
    of_users: bool,
}

impl Estimator for Forest {
    fn space(&self) -> Vec<Dimension> {
        match self {
            Self::OfUsers => Vec::new(),
            Self::Random | Self::Extra => vec![
                Dimension { name: "min_samples_leaf", low: 1.0, high: 30.0, spread: Spread::LogWhole, start: 5.0 },
                Dimension { name: "max_features", low: 0.3, high: 1.0, spread: Spread::Linear, start: 0.6 },
            ],
        }
    }

    fn fit(&self, lesson: &Lesson<'_>, hyperparameters: &[f64]) -> Result<Box<dyn Fitted>, StudyError> {
        let scaler = Scaler::fit(lesson.features);
        let matrix = matrix(&scaler, lesson.features)?;
        let of_users = matches!(self, Self::OfUsers);
        let targets = if of_users { lesson.places.iter().map(|&row| lesson.rows.users[row]).collect() } else { lesson.log_ratios() };
        let (leaf, share) = if let [leaf, share] = hyperparameters { (*leaf as usize, *share) } else { (1, 1.0) };
        let features = ((scaler.width() as f64 * share).round() as usize).clamp(1, scaler.width());
        let model = if let Self::Extra = self {
            let parameters = ExtraTreesRegressorParameters::default()
                .with_n_trees(TREES)
                .with_min_samples_leaf(leaf)
                .with_m(features)
                .with_seed(lesson.seed);
            Model::Extra(ExtraTreesRegressor::fit(&matrix, &targets, parameters).map_err(|error| refused("extra trees")(&error))?)
        } else {
            let parameters = RandomForestRegressorParameters::default()
                .with_n_trees(TREES)
                .with_min_samples_leaf(leaf)
                .with_m(features)
                .with_seed(lesson.seed);
            Model::Random(RandomForestRegressor::fit(&matrix, &targets, parameters).map_err(|error| refused("random forest")(&error))?)
        };
        Ok(Box::new(FittedForest { scaler, model, of_users }))
    }
}

impl Fitted for FittedForest {
    fn estimate(&self, question: &Question<'_>) -> Result<Vec<f64>, StudyError> {
        let matrix = matrix(&self.scaler, question.features)?;
        let predicted = match &self.model {
            Model::Random(model) => model.predict(&matrix),
            Model::Extra(model) => model.predict(&matrix),
        };
        let predicted = predicted.map_err(|error| refused("forest")(&error))?;
        if !self.of_users {
            return Ok(question.users(&predicted));
        }
        Ok(question.places.iter().zip(predicted).map(|(&row, users)| question.rows.bounded(row, users)).collect())
    }

    fn size_bytes(&self) -> usize {
        let trees = match &self.model {
            Model::Random(model) => serialized_size(model),
            Model::Extra(model) => serialized_size(model),
        };
        trees + self.scaler.size_bytes()
    }
}

/// Bytes of a model as postcard writes it, the format of the product's own artifacts.
pub(super) fn serialized_size(model: &impl serde::Serialize) -> usize {
    postcard::to_stdvec(model).map_or(0, |bytes| bytes.len())
}
