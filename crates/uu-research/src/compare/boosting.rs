//! Boosted trees: LightGBM with two losses, and another engine.

use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::xgboost::xgb_regressor::{XGRegressor, XGRegressorParameters};
use uu_forest::{Forest, Scratch};
use uu_train::tuning::{Dimension, Spread};
use uu_train::{Objective, TreeSettings, fit_forest};

use super::dense::Scaler;
use super::estimator::{Estimator, Fitted, Lesson, Question, refused};
use super::forests::serialized_size;
use super::neighbours::matrix;
use crate::StudyError;

/// Trees of a boosted model; the rate at which they are added is tuned.
const ITERATIONS: u32 = 250;

/// Trees of the exact engine, whose splits take far longer: fewer, each added at a higher rate.
const EXACT_ITERATIONS: usize = 80;

/// LightGBM on the logarithm of visits per user.
pub(crate) struct LightGbm(pub(crate) Objective);

/// The XGBoost algorithm as smartcore has it: exact splits, squared error, one thread.
pub(crate) struct ExactBoosting;

struct FittedLightGbm(Forest);

struct FittedExactBoosting {
    scaler: Scaler,
    model: XGRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>,
    size_bytes: usize,
}

const LEARNING_RATE: Dimension = Dimension { name: "learning_rate", low: 0.02, high: 0.2, spread: Spread::Log, start: 0.05 };

impl Estimator for LightGbm {
    fn space(&self) -> Vec<Dimension> {
        vec![
            LEARNING_RATE,
            Dimension { name: "num_leaves", low: 8.0, high: 64.0, spread: Spread::LogWhole, start: 31.0 },
            Dimension { name: "min_data_in_leaf", low: 5.0, high: 100.0, spread: Spread::LogWhole, start: 20.0 },
            Dimension { name: "feature_fraction", low: 0.4, high: 1.0, spread: Spread::Linear, start: 0.8 },
            Dimension { name: "lambda_l2", low: 1e-3, high: 30.0, spread: Spread::Log, start: 0.1 },
        ]
    }

    fn fit(&self, lesson: &Lesson<'_>, hyperparameters: &[f64]) -> Result<Box<dyn Fitted>, StudyError> {
        let &[learning_rate, num_leaves, min_data_in_leaf, feature_fraction, lambda_l2] = hyperparameters else {
            unreachable!("the hyperparameters are those of the space")
        };
        let trees = TreeSettings {
            num_iterations: ITERATIONS,
            learning_rate,
            num_leaves: num_leaves as u32,
            max_depth: 12,
            min_data_in_leaf: min_data_in_leaf as u32,
            feature_fraction,
            bagging_fraction: 0.8,
            lambda_l2,
            cat_smooth: 10.0,
            cat_l2: 10.0,
        };
        let fitted = fit_forest(&lesson.features.columns, &lesson.log_ratios(), &trees, self.0, lesson.seed);
        Ok(Box::new(FittedLightGbm(fitted.map_err(|cause| StudyError::Fit { model: "LightGBM".to_owned(), cause })?)))
    }
}

impl Fitted for FittedLightGbm {
    fn estimate(&self, question: &Question<'_>) -> Result<Vec<f64>, StudyError> {
        let columns: Vec<&[f64]> = question.features.columns.iter().map(Vec::as_slice).collect();
        let mut predicted = vec![0.0; question.places.len()];
        self.0.predict_block(&columns, &mut predicted, &mut Scratch::new());
        Ok(question.users(&predicted))
    }

    fn size_bytes(&self) -> usize {
        serialized_size(&self.0)
    }
}

impl Estimator for ExactBoosting {
    fn space(&self) -> Vec<Dimension> {
        vec![
            LEARNING_RATE,
            Dimension { name: "max_depth", low: 3.0, high: 7.0, spread: Spread::LogWhole, start: 5.0 },
            Dimension { name: "min_child_weight", low: 2.0, high: 60.0, spread: Spread::LogWhole, start: 10.0 },
            Dimension { name: "lambda", low: 0.1, high: 30.0, spread: Spread::Log, start: 1.0 },
        ]
    }

    fn fit(&self, lesson: &Lesson<'_>, hyperparameters: &[f64]) -> Result<Box<dyn Fitted>, StudyError> {
        let &[learning_rate, max_depth, min_child_weight, lambda] = hyperparameters else {
            unreachable!("the hyperparameters are those of the space")
        };
        let scaler = Scaler::fit(lesson.features);
        let matrix = matrix(&scaler, lesson.features)?;
        let targets = lesson.log_ratios();
        let parameters = XGRegressorParameters::default()
            .with_n_estimators(EXACT_ITERATIONS)
            .with_learning_rate(learning_rate * f64::from(ITERATIONS) / EXACT_ITERATIONS as f64)
            .with_max_depth(max_depth as u16)
            .with_min_child_weight(min_child_weight as usize)
            .with_lambda(lambda)
            .with_subsample(0.8)
            // smartcore starts from a constant where others start from the mean.
            .with_base_score(crate::statistics::mean(&targets))
            .with_seed(lesson.seed);
        let model = XGRegressor::fit(&matrix, &targets, parameters).map_err(|error| refused("smartcore XGBoost")(&error))?;
        let size_bytes = serialized_size(&model);
        Ok(Box::new(FittedExactBoosting { scaler, model, size_bytes }))
    }
}

impl Fitted for FittedExactBoosting {
    fn estimate(&self, question: &Question<'_>) -> Result<Vec<f64>, StudyError> {
        let matrix = matrix(&self.scaler, question.features)?;
        let predicted = self.model.predict(&matrix).map_err(|error| refused("smartcore XGBoost")(&error))?;
        Ok(question.users(&predicted))
    }

    fn size_bytes(&self) -> usize {
        self.size_bytes + self.scaler.size_bytes()
    }
}
