//! Tables of errors that several sections show.

use uu_core::stats::ErrorMetrics;
use uu_model::Group;

use super::super::numbers::{count, fixed, or_dash, percent, whole};
use super::super::page::Table;

/// The columns of [`cells`].
pub(super) const HEADER: [&str; 10] = ["rows", "median APE", "mean APE", "within 10 %", "within 30 %", "RMSLE", "MAE", "RMSE", "MSE", "R2"];

/// All errors, in the order of [`HEADER`].
pub(super) fn cells(errors: &ErrorMetrics) -> Vec<String> {
    vec![
        count(errors.rows),
        percent(errors.median_ape),
        percent(errors.mean_ape),
        percent(errors.within_10),
        percent(errors.within_30),
        fixed(errors.rmsle),
        whole(errors.mae),
        whole(errors.rmse),
        format!("{:.2e}", errors.mse),
        or_dash(errors.r2, fixed),
    ]
}

/// A table of groups with errors, coverage and width.
pub(super) fn groups(caption: &str, name: &str, groups: &[Group]) -> Table {
    let mut header = vec![name.to_owned()];
    header.extend(HEADER.iter().map(|name| (*name).to_owned()));
    header.extend(["coverage".to_owned(), "width".to_owned()]);
    let row = |group: &Group| {
        let mut row = vec![group.name.clone()];
        row.extend(cells(&group.errors));
        row.extend([percent(group.intervals.coverage), format!("{:.2}", group.intervals.median_relative_width)]);
        row
    };
    Table { header, ..Table::new(caption, [name]) }.rows(groups.iter().map(row))
}
