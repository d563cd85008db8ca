//! A training that begins without a model.

use uu_core::Rules;
use uu_data::Dataset;

use super::pipeline::Training;
use super::settings::{TrainSettings, check, threads};
use super::tuned::tuned;
use super::{FitError, Progress, Trained};

/// Trains a model on cleaned data.
///
/// The same rows, settings and release give the same artifact, byte for byte, whatever the number of threads and the order in which
/// the rows came.
///
/// **Errors**: [`FitError`]; nothing is kept of a training that did not end well.
pub fn train(dataset: &Dataset, rules: &Rules, settings: &TrainSettings, progress: &dyn Progress) -> Result<Trained, FitError> {
    check(settings)?;
    threads(settings)?.install(|| {
        if settings.trials == 0 {
            return Training::new(dataset, rules, settings, progress)?.run();
        }
        let (tuned, tuning) = tuned(dataset, rules, settings, progress)?;
        Training::new(dataset, rules, &tuned, progress)?.after(tuning).run()
    })
}
