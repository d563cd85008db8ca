use std::collections::BTreeSet;

use crate::LightGbmError;

/// Rows to train on, borrowed from the caller and checked when built.
///
/// **Shapes**: `features` is column-major, `features[column * rows + row]`; everything else has one element per row.
///
/// **Missing values**: NaN in `features` is missing; labels, weights and initial scores must be finite.
#[derive(Clone, Debug)]
pub struct TrainingSet<'a> {
    pub(crate) features: &'a [f64],
    pub(crate) feature_names: &'a [String],
    pub(crate) labels: &'a [f32],
    pub(crate) weights: Option<&'a [f32]>,
    pub(crate) init_scores: Option<&'a [f64]>,
    pub(crate) categorical: Vec<usize>,
    pub(crate) rows: i32,
    pub(crate) columns: i32,
}

impl<'a> TrainingSet<'a> {
    /// Joins column-major features, their names and one label per row.
    ///
    /// **Errors**: no rows or columns, lengths that disagree, a label that is not finite, a name LightGBM would rewrite.
    pub fn new(features: &'a [f64], feature_names: &'a [String], labels: &'a [f32]) -> Result<Self, LightGbmError> {
        let (rows, columns) = (labels.len(), feature_names.len());
        if rows == 0 || columns == 0 {
            return Err(LightGbmError::Empty { rows, features: columns });
        }
        check_length("features", features.len(), rows.saturating_mul(columns))?;
        check_names(feature_names)?;
        check_finite("labels", labels)?;
        Ok(Self {
            features,
            feature_names,
            labels,
            weights: None,
            init_scores: None,
            categorical: Vec::new(),
            rows: count("rows", rows)?,
            columns: count("columns", columns)?,
        })
    }

    /// Weighs the rows.
    ///
    /// **Errors**: a length other than the number of rows; a weight that is negative or not finite.
    pub fn with_weights(mut self, weights: &'a [f32]) -> Result<Self, LightGbmError> {
        check_length("weights", weights.len(), self.labels.len())?;
        check_finite("weights", weights)?;
        if let Some(row) = weights.iter().position(|&weight| weight < 0.0) {
            let found = f64::from(weights[row]);
            return Err(LightGbmError::Value { what: "weights", row, found, hint: " and not negative" });
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// Starts the boosting from these scores instead of one constant. The model's predictions do not contain them.
    ///
    /// **Errors**: a length other than the number of rows; a score that is not finite.
    pub fn with_init_scores(mut self, scores: &'a [f64]) -> Result<Self, LightGbmError> {
        check_length("init_scores", scores.len(), self.labels.len())?;
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            let found = scores[row];
            return Err(LightGbmError::Value { what: "init_scores", row, found, hint: "" });
        }
        self.init_scores = Some(scores);
        Ok(self)
    }

    /// Marks features as categorical: their values are whole numbers from 0, and splits are made over sets of them.
    ///
    /// **Errors**: an index outside the features.
    pub fn with_categorical(mut self, indexes: &[usize]) -> Result<Self, LightGbmError> {
        let features = self.feature_names.len();
        if let Some(&index) = indexes.iter().find(|&&index| index >= features) {
            return Err(LightGbmError::CategoricalIndex { index, features });
        }
        self.categorical = indexes.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        Ok(self)
    }

    /// The number of rows.
    pub fn num_rows(&self) -> usize {
        self.labels.len()
    }

    /// The number of features.
    pub fn num_features(&self) -> usize {
        self.feature_names.len()
    }
}

/// LightGBM's counts are `int32_t`.
pub(crate) fn count(what: &'static str, found: usize) -> Result<i32, LightGbmError> {
    i32::try_from(found).map_err(|_| LightGbmError::TooLarge { what, found })
}

pub(crate) fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), LightGbmError> {
    if found == expected { Ok(()) } else { Err(LightGbmError::Length { what, expected, found }) }
}

fn check_finite(what: &'static str, values: &[f32]) -> Result<(), LightGbmError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(row) => Err(LightGbmError::Value { what, row, found: f64::from(values[row]), hint: "" }),
    }
}

/// LightGBM fails on JSON's special characters and silently turns spaces into underscores; the model text separates
/// names by spaces.
fn check_names(names: &[String]) -> Result<(), LightGbmError> {
    let mut seen = BTreeSet::new();
    for name in names {
        let bad = |c: char| c.is_whitespace() || c.is_control() || ",:\"[]{}".contains(c);
        if name.is_empty() || name.contains(bad) || !seen.insert(name) {
            return Err(LightGbmError::FeatureName { name: name.clone() });
        }
    }
    Ok(())
}
