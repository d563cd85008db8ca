use std::ffi::CString;
use std::ops::ControlFlow;

use crate::ffi::{DatasetHandle, Training};
use crate::{LightGbmError, Parameters, TrainingSet};

/// A trained model in LightGBM's text format, which any LightGBM can load.
///
/// Only [`train`] and [`TrainedText::plus`], which takes none of other features, make one: LightGBM reads out of bounds on a damaged text, so
/// [`crate::Booster`] takes this type and not a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainedText {
    pub(crate) text: String,
    pub(crate) num_iterations: u32,
}

impl TrainedText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text, owned.
    pub fn into_string(self) -> String {
        self.text
    }

    /// Trees that were fitted: fewer than asked for if no split gained anything any more.
    pub fn num_iterations(&self) -> u32 {
        self.num_iterations
    }
}

/// Boosts trees on `set`, one iteration at a time.
///
/// The same rows, parameters and seed give the same text, whatever the number of threads. `progress` is called after
/// every iteration with those done and those asked for, and stops the training by breaking.
///
/// **Errors**: a parameter outside its range; [`LightGbmError::Stopped`] if `progress` broke; whatever LightGBM refuses.
pub fn train(
    set: &TrainingSet<'_>,
    parameters: &Parameters,
    progress: &mut dyn FnMut(u32, u32) -> ControlFlow<()>,
) -> Result<TrainedText, LightGbmError> {
    let text = CString::new(parameters.to_text(&set.categorical)?)?;
    let dataset = DatasetHandle::new(set, &text)?;
    let mut training = Training::new(dataset, &text)?;
    let of = parameters.num_iterations;
    let mut num_iterations = 0;
    while num_iterations < of && training.update()? {
        num_iterations += 1;
        if progress(num_iterations, of).is_break() {
            return Err(LightGbmError::Stopped { done: num_iterations, of });
        }
    }
    let text = without_threads(&training.to_text()?, parameters.num_threads);
    Ok(TrainedText { text, num_iterations })
}

/// LightGBM notes the number of threads at the end of the text; the model does not depend on it, so neither may the text.
fn without_threads(text: &str, num_threads: u32) -> String {
    text.replacen(&format!("\n[num_threads: {num_threads}]\n"), "\n[num_threads: 0]\n", 1)
}
