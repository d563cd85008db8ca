//! One plain forest on a feature matrix: what research compares the model with.

use uu_forest::Forest;
use uu_lightgbm::{Objective, TrainingSet, train};

use super::FitError;
use super::settings::TreeSettings;

/// Fits trees on features alone, without masks, encodings or calibration.
///
/// The same features, targets and seed give the same forest, on any number of threads.
///
/// **Shapes**: each column as long as `targets`.
///
/// **Missing values**: NaN.
///
/// **Errors**: LightGBM refused; [`FitError::Forest`] where no column has a value to split at, or what it wrote cannot be read.
pub fn fit_forest(
    columns: &[Vec<f64>],
    targets: &[f64],
    trees: &TreeSettings,
    objective: Objective,
    seed: u64,
) -> Result<Forest, FitError> {
    let names: Vec<String> = (0..columns.len()).map(|index| format!("feature_{index}")).collect();
    let labels: Vec<f32> = targets.iter().map(|target| *target as f32).collect();
    let features = columns.concat();
    let set = TrainingSet::new(&features, &names, &labels)?;
    let trained = train(&set, &trees.parameters(objective, seed), &mut |_, _| std::ops::ControlFlow::Continue(()))?;
    Ok(Forest::from_lightgbm_text(trained.as_str())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrainSettings;
    use uu_forest::Scratch;

    #[test]
    fn a_plain_forest_learns_a_step() {
        let column: Vec<f64> = (0..400).map(|row| f64::from(row % 20)).collect();
        let targets: Vec<f64> = column.iter().map(|value| if *value < 10.0 { 1.0 } else { 3.0 }).collect();
        let trees = TrainSettings::default().ratio;
        let fit = || fit_forest(std::slice::from_ref(&column), &targets, &trees, Objective::L2, 1).unwrap();
        let forest = fit();
        let predicted = |value: f64| forest.predict_row(&[value], &mut Scratch::new());
        assert!((predicted(3.0) - 1.0).abs() < 0.01 && (predicted(15.0) - 3.0).abs() < 0.01);
        assert_eq!(forest, fit());
    }
}
