//! The nearest known rows, by smartcore.

use smartcore::algorithm::neighbour::KNNAlgorithmName;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::metrics::distance::euclidian::Euclidian;
use smartcore::neighbors::KNNWeightFunction;
use smartcore::neighbors::knn_regressor::{KNNRegressor, KNNRegressorParameters};
use uu_train::tuning::{Dimension, Spread};

use super::dense::Scaler;
use super::estimator::{Estimator, Fitted, Lesson, Question, refused};
use crate::StudyError;

/// The distance-weighted mean of the nearest rows.
pub(crate) struct Neighbours;

struct FittedNeighbours {
    scaler: Scaler,
    model: KNNRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>, Euclidian<f64>>,
    rows: usize,
}

impl Estimator for Neighbours {
    fn space(&self) -> Vec<Dimension> {
        vec![Dimension { name: "k", low: 3.0, high: 60.0, spread: Spread::LogWhole, start: 15.0 }]
    }

    fn fit(&self, lesson: &Lesson<'_>, hyperparameters: &[f64]) -> Result<Box<dyn Fitted>, StudyError> {
        let scaler = Scaler::fit(lesson.features);
        let matrix = matrix(&scaler, lesson.features)?;
        let k = (hyperparameters[0] as usize).min(lesson.places.len());
        let parameters = KNNRegressorParameters::default()
            .with_k(k)
            .with_weight(KNNWeightFunction::Distance)
            // Cover trees gain little in ten dimensions and more, and take long to build.
            .with_algorithm(KNNAlgorithmName::LinearSearch);
        let model =
            KNNRegressor::fit(&matrix, &lesson.log_ratios(), parameters).map_err(|error| refused("k nearest neighbours")(&error))?;
        Ok(Box::new(FittedNeighbours { scaler, model, rows: lesson.places.len() }))
    }
}

impl Fitted for FittedNeighbours {
    fn estimate(&self, question: &Question<'_>) -> Result<Vec<f64>, StudyError> {
        let matrix = matrix(&self.scaler, question.features)?;
        let predicted = self.model.predict(&matrix).map_err(|error| refused("k nearest neighbours")(&error))?;
        Ok(question.users(&predicted))
    }

    /// The rows themselves are the model.
    fn size_bytes(&self) -> usize {
        self.rows * (self.scaler.width() + 1) * size_of::<f64>() + self.scaler.size_bytes()
    }
}

/// The scaled features as smartcore takes them.
pub(super) fn matrix(scaler: &Scaler, features: &super::features::Features) -> Result<DenseMatrix<f64>, StudyError> {
    DenseMatrix::new(features.rows, scaler.width(), scaler.apply(features), false).map_err(|error| refused("smartcore")(&error))
}
