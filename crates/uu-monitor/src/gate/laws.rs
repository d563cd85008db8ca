//! The laws that every estimate keeps, checked on the golden requests.

use std::fmt;

use serde::{Deserialize, Serialize};
use uu_core::{FaultField, Field, Record, Visits};
use uu_model::{Estimate, EstimateOptions, Model};

use super::golden::{Request, requests};

/// A law of estimates. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// Point and interval are finite, and so is all that is filled.
    Finite,
    /// At least one user where there is a visit, none where there is none, and never more than visits.
    WithinVisits,
    /// An interval contains its point.
    IntervalContainsPoint,
    /// A higher level's interval contains a lower one's, around the same point.
    LevelsContainEachOther,
    /// A row is answered alike alone, among others and in any order.
    OrderChangesNothing,
    /// The factors of an explanation multiply to the estimate.
    FactorsMultiply,
    /// Unknown visits are filled.
    VisitsAreFilled,
}

/// A law, and the golden request it was broken on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenLaw {
    /// The law.
    pub law: Law,
    /// The request.
    pub request: String,
}

impl fmt::Display for Law {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Finite => "a number is not finite",
            Self::WithinVisits => "unique users do not lie between one and visits",
            Self::IntervalContainsPoint => "the interval does not contain its point",
            Self::LevelsContainEachOther => "a higher level's interval does not contain a lower one's",
            Self::OrderChangesNothing => "the answer depends on the rows beside it",
            Self::FactorsMultiply => "the factors of the explanation do not multiply to the estimate",
            Self::VisitsAreFilled => "unknown visits are not filled",
        })
    }
}

/// Levels that are compared with each other, ascending.
const LEVELS: [f64; 4] = [0.5, 0.8, 0.9, 0.99];

/// How far the product of an explanation's factors may lie from the estimate.
const PRODUCT_PRECISION: f64 = 1e-9;

/// The laws that `model` breaks on golden requests, in their order; none of a sound model.
#[must_use]
pub fn broken_laws(model: &Model) -> Vec<BrokenLaw> {
    let requests = requests();
    let mut broken = Vec::new();
    for request in &requests {
        let laws = broken_by(model, request);
        broken.extend(laws.into_iter().map(|law| BrokenLaw { law, request: request.name.to_owned() }));
    }
    if let Some(request) = depends_on_neighbours(model, &requests) {
        broken.push(BrokenLaw { law: Law::OrderChangesNothing, request: request.to_owned() });
    }
    broken
}

fn broken_by(model: &Model, request: &Request) -> Vec<Law> {
    // An explanation takes many times what an estimate does, and has no level: it is of the point, which is the same at each.
    let at = |(index, level): (usize, &f64)| model.estimate_months(&request.months, EstimateOptions { level: *level, explain: index == 0 });
    let by_level: Vec<Vec<Estimate>> = LEVELS.iter().enumerate().map(at).collect();
    let mut broken = Vec::new();
    for (month, record) in request.months.iter().enumerate() {
        let levels: Vec<&Estimate> = by_level.iter().map(|estimates| &estimates[month]).collect();
        broken.extend(levels.iter().find_map(|estimate| broken_alone(record, estimate)));
        let nested =
            levels.windows(2).all(|pair| pair[1].low <= pair[0].low && pair[0].high <= pair[1].high && pair[0].point == pair[1].point);
        if !nested {
            broken.push(Law::LevelsContainEachOther);
        }
    }
    broken.dedup();
    broken
}

/// The first law that an estimate breaks by itself.
fn broken_alone(record: &Record, estimate: &Estimate) -> Option<Law> {
    let Estimate { point, low, high, .. } = *estimate;
    let finite = [point, low, high].into_iter().chain(estimate.filled.iter().map(|filled| filled.value)).all(f64::is_finite);
    let filled = estimate.filled.iter().find(|filled| filled.field == FaultField::Field(Field::Visits)).map(|filled| filled.value);
    let Some(visits) = record.visits.map(Visits::get).or(filled) else { return Some(Law::VisitsAreFilled) };
    let least = visits.floor().min(1.0);
    if !finite {
        Some(Law::Finite)
    } else if point > visits || point < least || (visits < 1.0 && point > 0.0) {
        Some(Law::WithinVisits)
    } else if low > point || point > high {
        Some(Law::IntervalContainsPoint)
    } else if !factors_multiply(estimate) {
        Some(Law::FactorsMultiply)
    } else {
        None
    }
}

fn factors_multiply(estimate: &Estimate) -> bool {
    estimate.explanation.as_ref().is_none_or(|explanation| {
        let answer = estimate.known.unwrap_or(estimate.point);
        (explanation.product() - answer).abs() <= PRODUCT_PRECISION * answer
    })
}

/// The first request that is answered otherwise alone than among all others, in order or reversed.
fn depends_on_neighbours(model: &Model, requests: &[Request]) -> Option<&'static str> {
    let options = EstimateOptions::default();
    let rows: Vec<(&'static str, &Record)> =
        requests.iter().flat_map(|request| request.months.iter().map(|record| (request.name, record))).collect();
    let records: Vec<Record> = rows.iter().map(|(_, record)| (*record).clone()).collect();
    let reversed: Vec<Record> = records.iter().rev().cloned().collect();
    let (together, mut backwards) = (model.estimate(&records, options), model.estimate(&reversed, options));
    backwards.reverse();
    let differs = |index: &usize| {
        let alone = model.estimate_one(rows[*index].1, options);
        alone != together[*index] || alone != backwards[*index]
    };
    (0..rows.len()).find(differs).map(|index| rows[index].0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use uu_testkit::models::model;

    #[test]
    fn a_sound_model_breaks_no_law() {
        assert_eq!(broken_laws(model()), Vec::new());
    }

    #[rstest]
    #[case::more_than_visits(|estimate: &mut Estimate| estimate.point = 2e6, Law::WithinVisits)]
    #[case::less_than_one(|estimate: &mut Estimate| estimate.point = 0.0, Law::WithinVisits)]
    #[case::an_end_at_infinity(|estimate: &mut Estimate| estimate.high = f64::INFINITY, Law::Finite)]
    #[case::no_number(|estimate: &mut Estimate| estimate.point = f64::NAN, Law::Finite)]
    #[case::beside_its_interval(|estimate: &mut Estimate| estimate.low = estimate.point * 1.01, Law::IntervalContainsPoint)]
    #[case::a_factor_too_much(|estimate: &mut Estimate| estimate.explanation.as_mut().unwrap().base *= 1.01, Law::FactorsMultiply)]
    fn a_broken_law_is_noticed(#[case] breaking: fn(&mut Estimate), #[case] law: Law) {
        let record = Record { visits: Visits::new(1e6).ok(), ..Record::unknown("2024-05".parse().unwrap()) };
        let mut estimate = model().estimate_one(&record, EstimateOptions { level: 0.9, explain: true });
        assert_eq!(broken_alone(&record, &estimate), None);
        breaking(&mut estimate);
        assert_eq!(broken_alone(&record, &estimate), Some(law));
    }

    #[test]
    fn visits_that_are_not_filled_are_noticed() {
        let record = Record::unknown("2024-05".parse().unwrap());
        let mut estimate = model().estimate_one(&record, EstimateOptions::default());
        estimate.filled.clear();
        assert_eq!(broken_alone(&record, &estimate), Some(Law::VisitsAreFilled));
    }
}
