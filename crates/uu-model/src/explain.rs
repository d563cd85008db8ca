//! Why an estimate is what it is: factors whose product is the estimate.

use uu_core::{FaultField, Field};

use crate::checks::MOST_LOG;
use crate::estimate::{Explanation, Factor};
use crate::features::Column;
use crate::features::linear::{INPUTS, Seen};
use crate::input::InputRow;
use crate::input_id::{ByInput, InputId};
use crate::parts::Parts;

/// The most that the exponents of all factors come to: with those of visits and of a site's level, their product stays a number.
const MOST_EXPONENT: f64 = 400.0;

/// Splits the estimate `point` into a base and factors.
///
/// The logarithm of the unbounded estimate is `log visits - log ratio`. The ratio's part is split into Shapley values over the trees'
/// columns; a column made of several inputs is shared
/// among them by their weights, the linear model's by the sizes of their parts. Visits enter twice: as themselves and through the ratio they suggest.
pub(crate) fn explain(parts: &Parts, row: &InputRow, visits: f64, visits_known: bool, point: f64) -> Explanation {
    let (contributions, base_ratio) = parts.ratio.contributions(row);
    let mut of_numeric = ByInput::new(vec![0.0; parts.schema.ranges.len()]);
    let (mut of_category, mut of_host, mut of_source, mut of_month) = (0.0, 0.0, 0.0, 0.0);
    for (column, share) in parts.ratio.columns.iter().zip(&contributions) {
        match column {
            Column::Numeric(index) => of_numeric[*index] -= share,
            Column::Combination(terms) => {
                let total: f64 = terms.iter().map(|(_, weight)| weight.abs()).sum();
                for (index, weight) in terms {
                    of_numeric[*index] -= share * weight.abs() / total;
                }
            }
            Column::CategoryCode | Column::TopCode | Column::Category(_) => of_category -= share,
            Column::Distance(index) => {
                of_numeric[*index] -= share / 2.0;
                of_category -= share / 2.0;
            }
            Column::SuffixCode | Column::Suffix(_) | Column::Brand | Column::Spelling(_) => of_host -= share,
            Column::Linear => {
                let linear = parts.ratio.encoder.linear().parts(&Seen::of_row(row));
                let sizes = linear.inputs.iter().chain([&linear.category, &linear.suffix]).map(|part| part.abs());
                let total = sizes.sum::<f64>();
                // Where none of its inputs is known, that is what it has to say of each.
                let evenly = share / INPUTS.len() as f64;
                let of = |part: f64| if total > 0.0 { share * part.abs() / total } else { 0.0 };
                for (index, part) in INPUTS.into_iter().zip(linear.inputs) {
                    of_numeric[index] -= if total > 0.0 { of(part) } else { evenly };
                }
                of_category -= of(linear.category);
                of_host -= of(linear.suffix);
            }
            Column::Source => of_source -= share,
            Column::Month => of_month -= share,
        }
    }
    let factors = factors(parts);
    // Products of factors stay numbers, and what is cut off here is among the bounds: no model that was trained comes near.
    let most = MOST_EXPONENT / (factors.len() + 1) as f64;
    let factor_of = |exponent: f64| exponent.clamp(-most, most).exp();
    let base = (parts.mean_log_visits - base_ratio.clamp(-MOST_LOG, MOST_LOG)).exp();
    // Without visits there are no users, whatever the other factors say.
    let visits_factor = visits / parts.mean_log_visits.exp();
    let factors = factors.into_iter().map(|factor| {
        let value = match &factor {
            Factor::Input(field) => match (InputId::of(field, &parts.schema.rules.extras), field) {
                (Some(InputId::VISITS), _) if visits_known => factor_of(of_numeric[InputId::VISITS]) * visits_factor,
                (Some(index), _) => factor_of(of_numeric[index]),
                (None, FaultField::Field(Field::Category)) => factor_of(of_category),
                (None, FaultField::Field(Field::Site)) => factor_of(of_host),
                (None, FaultField::Field(Field::Source)) => factor_of(of_source),
                (None, _) => factor_of(of_month),
            },
            Factor::FilledVisits if !visits_known => visits_factor,
            Factor::FilledVisits | Factor::SiteLevel | Factor::Bounds => 1.0,
        };
        (factor, value)
    });
    let mut explanation = Explanation { known: false, base, factors: factors.collect() };
    let unbounded = explanation.product();
    if let Some((Factor::Bounds, value)) = explanation.factors.last_mut() {
        *value = bounds_factor(point, unbounded);
    }
    explanation
}

/// The factors that `parts` have, in the order of an explanation: an input that no tree and no step looks at is none.
pub(crate) fn factors(parts: &Parts) -> Vec<Factor> {
    let mut fields: Vec<Factor> = inputs(parts).into_iter().map(Factor::Input).collect();
    let has_levels = parts.site_levels.visits_known.is_some() || parts.site_levels.visits_unknown.is_some();
    fields.extend(has_levels.then_some(Factor::SiteLevel));
    fields.extend([Factor::FilledVisits, Factor::Bounds]);
    fields
}

/// The inputs that the estimate of visits per user looks at, and visits, in the order of an explanation.
pub(crate) fn inputs(parts: &Parts) -> Vec<FaultField> {
    let mut numeric = ByInput::new(vec![false; parts.schema.ranges.len()]);
    numeric[InputId::VISITS] = true;
    let (mut category, mut host, mut source, mut month) = (false, false, false, false);
    for column in &parts.ratio.columns {
        match column {
            Column::Numeric(index) => numeric[*index] = true,
            Column::Combination(terms) => terms.iter().for_each(|(index, _)| numeric[*index] = true),
            Column::CategoryCode | Column::TopCode | Column::Category(_) => category = true,
            Column::Distance(index) => {
                numeric[*index] = true;
                category = true;
            }
            Column::SuffixCode | Column::Suffix(_) | Column::Brand | Column::Spelling(_) => host = true,
            // Whatever else it is made of has columns of its own.
            Column::Linear => INPUTS.into_iter().for_each(|index| numeric[index] = true),
            Column::Source => source = true,
            Column::Month => month = true,
        }
    }
    let numeric = numeric.entries().filter(|(_, used)| **used).map(|(id, _)| parts.schema.field(id));
    let others = [(Field::Category, category), (Field::Site, host), (Field::Source, source), (Field::Date, month)];
    numeric.chain(others.into_iter().filter(|(_, used)| *used).map(|(field, _)| FaultField::Field(field))).collect()
}

/// What the bounds multiply an estimate by. Differences that only rounding makes are none.
pub(crate) fn bounds_factor(point: f64, unbounded: f64) -> f64 {
    /// Far below the precision of 1e-9 to which factors multiply.
    const ROUNDING: f64 = 1e-11;
    let factor = if unbounded > 0.0 { point / unbounded } else { 1.0 };
    if (factor - 1.0).abs() < ROUNDING { 1.0 } else { factor }
}
