//! The leaderboard as CSV, figures unrounded.

use crate::compare::{Entry, ModelsSection};

const HEADER: [&str; 23] = [
    "model",
    "is_baseline",
    "rows",
    "mae",
    "mse",
    "rmse",
    "r2",
    "rmsle",
    "median_ape",
    "mean_ape",
    "within_10",
    "within_30",
    "mae_standard_error",
    "rmsle_standard_error",
    "median_ape_standard_error",
    "coverage_90",
    "median_relative_width_90",
    "train_rows",
    "fit_seconds",
    "predict_microseconds_per_row",
    "size_bytes",
    "rmsle_difference_to_chosen",
    "difference_is_real",
];

/// One line for each model, the best first.
pub(super) fn csv(models: &ModelsSection) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let lines = models.leaderboard.iter().map(|entry| line(entry, models));
    for line in std::iter::once(HEADER.map(str::to_owned)).chain(lines) {
        writer.write_record(line).expect("writing to memory cannot fail, and all lines are of one length");
    }
    let bytes = writer.into_inner().expect("flushing to memory cannot fail");
    String::from_utf8(bytes).expect("names and numbers are UTF-8")
}

fn line(entry: &Entry, models: &ModelsSection) -> [String; 23] {
    let (errors, spread, intervals) = (&entry.errors, entry.spread.as_ref(), entry.intervals.as_ref());
    let shown = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let against = models.comparisons.iter().find(|comparison| comparison.model == entry.model).map(|comparison| comparison.rmsle);
    [
        entry.model.clone(),
        entry.is_baseline.to_string(),
        errors.rows.to_string(),
        errors.mae.to_string(),
        errors.mse.to_string(),
        errors.rmse.to_string(),
        shown(errors.r2),
        errors.rmsle.to_string(),
        errors.median_ape.to_string(),
        errors.mean_ape.to_string(),
        errors.within_10.to_string(),
        errors.within_30.to_string(),
        shown(spread.map(|spread| spread.mae)),
        shown(spread.map(|spread| spread.rmsle)),
        shown(spread.map(|spread| spread.median_ape)),
        shown(intervals.map(|intervals| intervals.coverage)),
        shown(intervals.map(|intervals| intervals.median_relative_width)),
        entry.train_rows.to_string(),
        entry.fit_seconds.to_string(),
        entry.predict_micros.to_string(),
        entry.size_bytes.to_string(),
        shown(against.map(|difference| difference.value)),
        against.map_or(String::new(), |difference| difference.is_real.to_string()),
    ]
}
