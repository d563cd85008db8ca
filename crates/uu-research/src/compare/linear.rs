//! Linear models of the logarithm of visits per user, by linfa.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use uu_train::tuning::{Dimension, Spread};

use super::dense::Scaler;
use super::estimator::{Estimator, Fitted, Lesson, Question, refused};
use crate::StudyError;

/// A linear model.
#[derive(Clone, Copy)]
pub(crate) enum Linear {
    /// Least squares.
    LeastSquares,
    /// Least squares with a penalty on the squares of the coefficients.
    Ridge,
    /// Least squares with penalties on their squares and on their sizes.
    ElasticNet,
}

struct FittedLinear {
    scaler: Scaler,
    coefficients: Array1<f64>,
    intercept: f64,
}

const PENALTY: Dimension = Dimension { name: "penalty", low: 1e-5, high: 1.0, spread: Spread::Log, start: 1e-3 };
const L1_RATIO: Dimension = Dimension { name: "l1_ratio", low: 0.05, high: 1.0, spread: Spread::Linear, start: 0.5 };

impl Estimator for Linear {
    fn space(&self) -> Vec<Dimension> {
        match self {
            Self::LeastSquares => Vec::new(),
            Self::Ridge => vec![PENALTY],
            Self::ElasticNet => vec![PENALTY, L1_RATIO],
        }
    }

    fn fit(&self, lesson: &Lesson<'_>, hyperparameters: &[f64]) -> Result<Box<dyn Fitted>, StudyError> {
        let scaler = Scaler::fit(lesson.features);
        let matrix = Array2::from_shape_vec((lesson.places.len(), scaler.width()), scaler.apply(lesson.features))
            .map_err(|error| refused("linear")(&error))?;
        let data = Dataset::new(matrix, Array1::from(lesson.log_ratios()));
        let (coefficients, intercept) = match (self, hyperparameters) {
            (Self::LeastSquares, _) => {
                // Columns that follow from others (an unknown value is unknown in its products too) leave no single solution; a penalty
                // too small to matter picks one.
                match LinearRegression::new().fit(&data) {
                    Ok(model) => (model.params().clone(), model.intercept()),
                    Err(_) => elastic_net(&data, 1e-9, 0.0)?,
                }
            }
            (Self::Ridge, [penalty]) => elastic_net(&data, *penalty, 0.0)?,
            (Self::ElasticNet, [penalty, l1_ratio]) => elastic_net(&data, *penalty, *l1_ratio)?,
            _ => unreachable!("the hyperparameters are those of the space"),
        };
        Ok(Box::new(FittedLinear { scaler, coefficients, intercept }))
    }
}

fn elastic_net(data: &Dataset<f64, f64, ndarray::Ix1>, penalty: f64, l1_ratio: f64) -> Result<(Array1<f64>, f64), StudyError> {
    let model = ElasticNet::params().penalty(penalty).l1_ratio(l1_ratio).max_iterations(500).tolerance(1e-4).fit(data);
    let model = model.map_err(|error| refused("elastic net")(&error))?;
    Ok((model.hyperplane().clone(), model.intercept()))
}

impl Fitted for FittedLinear {
    fn estimate(&self, question: &Question<'_>) -> Result<Vec<f64>, StudyError> {
        let values = self.scaler.apply(question.features);
        let matrix =
            ArrayView2::from_shape((question.places.len(), self.scaler.width()), &values).map_err(|error| refused("linear")(&error))?;
        let predicted = matrix.dot(&ArrayView1::from(&self.coefficients)) + self.intercept;
        Ok(question.users(&predicted.to_vec()))
    }

    fn size_bytes(&self) -> usize {
        (self.coefficients.len() + 1) * size_of::<f64>() + self.scaler.size_bytes()
    }
}
