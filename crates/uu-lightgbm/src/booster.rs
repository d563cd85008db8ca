use std::cell::Cell;
use std::ffi::CString;
use std::marker::PhantomData;

use crate::ffi::{BoosterHandle, Output};
use crate::training_set::check_length;
use crate::{LightGbmError, TrainedText};

/// LightGBM's own inference, to test and to measure against. The product predicts with `uu_forest` instead.
#[derive(Debug)]
pub struct Booster {
    handle: BoosterHandle,
    num_features: usize,
    num_threads: u32,
    // Not `Sync`: nothing here needs LightGBM's promise about concurrent predictions.
    _not_sync: PhantomData<Cell<()>>,
}

impl Booster {
    /// Loads a trained model; predictions use `num_threads` threads, or one per core if it is 0.
    ///
    /// **Errors**: whatever LightGBM refuses.
    pub fn from_text(text: &TrainedText, num_threads: u32) -> Result<Self, LightGbmError> {
        let handle = BoosterHandle::from_own_text(text)?;
        let num_features = handle.num_features()?;
        Ok(Self { handle, num_features, num_threads, _not_sync: PhantomData })
    }

    /// The number of features of a row.
    pub fn num_features(&self) -> usize {
        self.num_features
    }

    /// Predicts each row.
    ///
    /// **Shapes**: `rows` is row-major with [`Booster::num_features`] cells a row; one number a row comes back.
    ///
    /// **Errors**: a length that is not a whole number of rows.
    pub fn predict(&self, rows: &[f64]) -> Result<Vec<f64>, LightGbmError> {
        self.call(rows, Output::Prediction)
    }

    /// Explains each row by its features' Shapley values.
    ///
    /// **Shapes**: `rows` is row-major; a row of features + 1 numbers comes back for each, the expected value last.
    ///
    /// **Errors**: a length that is not a whole number of rows.
    pub fn predict_contributions(&self, rows: &[f64]) -> Result<Vec<f64>, LightGbmError> {
        self.call(rows, Output::Contributions)
    }

    fn call(&self, rows: &[f64], output: Output) -> Result<Vec<f64>, LightGbmError> {
        if rows.is_empty() || self.num_features == 0 {
            return Ok(Vec::new());
        }
        let whole = rows.len() / self.num_features * self.num_features;
        check_length("rows", rows.len(), whole)?;
        let parameters = CString::new(format!("verbosity=-1 num_threads={}", self.num_threads))?;
        self.handle.predict(rows, self.num_features, output, &parameters)
    }
}
