//! Why an estimate is what it is: factors whose product is the estimate.

use uu_core::{FaultField, Field};

use crate::estimate::{Explanation, Factor};
use crate::features::Column;
use crate::features::linear::{INPUTS, Seen};
use crate::input::{InputRow, VISITS, numeric_field};
use crate::model::Parts;

/// Splits the estimate `point` into a base and factors.
///
/// The logarithm of the unbounded estimate is `log visits - log ratio`. The ratio's part is split into Shapley values over the trees'
/// columns; a column made of several inputs is shared
/// among them by their weights, the linear model's by the sizes of their parts. Visits enter twice: as themselves and through the ratio they suggest.
pub(crate) fn explain(parts: &Parts, row: &InputRow, visits: f64, visits_known: bool, point: f64) -> Explanation {
    let (contributions, base_ratio) = parts.ratio.contributions(row);
    let mut of_numeric = vec![0.0; parts.ranges.len()];
    let (mut of_category, mut of_host, mut of_source, mut of_month) = (0.0, 0.0, 0.0, 0.0);
    for (column, share) in parts.ratio.columns.iter().zip(&contributions) {
        match column {
            Column::Numeric(index) => of_numeric[usize::from(*index)] -= share,
            Column::Combination(terms) => {
                let total: f64 = terms.iter().map(|(_, weight)| weight.abs()).sum();
                for (index, weight) in terms {
                    of_numeric[usize::from(*index)] -= share * weight.abs() / total;
                }
            }
            Column::CategoryCode | Column::TopCode | Column::Category(_) => of_category -= share,
            Column::Distance(index) => {
                of_numeric[usize::from(*index)] -= share / 2.0;
                of_category -= share / 2.0;
            }
            Column::SuffixCode | Column::Suffix(_) | Column::Brand | Column::Spelling(_) => of_host -= share,
            Column::Linear => {
                let linear = parts.ratio.encoder.linear().parts(&Seen::of_row(row));
                let sizes = linear.inputs.iter().chain([&linear.category, &linear.suffix]).map(|part| part.abs());
                let total = sizes.sum::<f64>().max(f64::MIN_POSITIVE);
                let of = |part: f64| share * part.abs() / total;
                for (index, part) in INPUTS.into_iter().zip(linear.inputs) {
                    of_numeric[index] -= of(part);
                }
                of_category -= of(linear.category);
                of_host -= of(linear.suffix);
            }
            Column::Source => of_source -= share,
            Column::Month => of_month -= share,
        }
    }
    let base = (parts.mean_log_visits - base_ratio).exp();
    // Without visits there are no users, whatever the other factors say.
    let visits_factor = visits / parts.mean_log_visits.exp();
    let mut factors: Vec<(Factor, f64)> = Vec::with_capacity(of_numeric.len() + 5);
    for (index, share) in of_numeric.iter().enumerate() {
        let own = if index == VISITS && visits_known { visits_factor } else { 1.0 };
        factors.push((Factor::Input(numeric_field(index, &parts.rules.extras)), share.exp() * own));
    }
    for (field, share) in [(Field::Category, of_category), (Field::Site, of_host), (Field::Source, of_source), (Field::Date, of_month)] {
        factors.push((Factor::Input(FaultField::Field(field)), f64::exp(share)));
    }
    factors.push((Factor::SiteLevel, 1.0));
    factors.push((Factor::FilledVisits, if visits_known { 1.0 } else { visits_factor }));
    let unbounded = factors.iter().fold(base, |product, (_, factor)| product * factor);
    factors.push((Factor::Bounds, if unbounded > 0.0 { point / unbounded } else { 1.0 }));
    Explanation { base, factors }
}
