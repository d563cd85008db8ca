//! A linear model of the target, as one column of the trees.
//!
//! Trees cannot go on where the data end: beyond the largest training site each of them is flat. A ridge regression on logarithms, their
//! squares and products goes on, and tells the trees the smooth part; on real data it takes 5 to 8 % of the mean absolute error off,
//! which the largest sites decide.

use serde::{Deserialize, Serialize};
use uu_core::Category;

use crate::checks::{Soundness, ensure, ensure_within};
use crate::input::{InputBlock, InputRow, UNKNOWN_CODE};
use crate::input_id::InputId;

/// The numeric inputs it is made of; unknown where one of them is.
pub const INPUTS: [InputId; 3] = [InputId::RANK, InputId::VISITS, InputId::PAGES_PER_VISIT];

/// Powers and products of three standardised inputs.
const TERMS: usize = 9;

/// Penalty on the coefficients of standardised terms: a tenth to ten times as much makes no difference.
const TERM_PENALTY: f64 = 0.2;

/// Penalty on the coefficient of a category, a top category or a suffix.
const GROUP_PENALTY: f64 = 5.0;

/// A fitted ridge regression.
///
/// **Missing values**: an unknown category or host adds nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Linear {
    centres: [f64; INPUTS.len()],
    scales: [f64; INPUTS.len()],
    intercept: f64,
    terms: [f64; TERMS],
    /// By code, the top category's coefficient included.
    category: Vec<f64>,
    /// By code.
    suffix: Vec<f64>,
}

/// What a row has, as the regression takes it.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    pub inputs: [f64; INPUTS.len()],
    pub category: u16,
    pub suffix: u16,
}

impl Seen {
    pub(crate) fn of_row(row: &InputRow) -> Self {
        Self { inputs: INPUTS.map(|index| row.numeric[index]), category: row.category, suffix: row.host.suffix }
    }

    pub(crate) fn of_block(block: &InputBlock, row: usize) -> Self {
        let inputs = INPUTS.map(|index| block.numeric[index][row]);
        Self { inputs, category: block.category[row], suffix: block.host[row].suffix }
    }

    fn is_whole(&self) -> bool {
        self.inputs.iter().all(|input| !input.is_nan())
    }
}

/// Parts of a prediction, by what they come from.
pub(crate) struct Parts {
    /// By place in [`INPUTS`]; a product is shared evenly by its two inputs.
    pub inputs: [f64; INPUTS.len()],
    pub category: f64,
    pub suffix: f64,
}

impl Linear {
    /// Checks that parts of a prediction are numbers, whatever the inputs.
    pub(crate) fn check(&self) -> Soundness {
        /// Inputs and what is predicted are logarithms; squares of the largest, weighed by the largest, are far from where numbers run out.
        const MOST_WEIGHT: f64 = 1e12;
        const SCALES: std::ops::RangeInclusive<f64> = 1e-9..=1e6;
        for scale in self.scales {
            ensure(SCALES.contains(&scale), "a scale of the linear model", "from 1e-9 to 1e6", scale)?;
        }
        ensure_within("a centre of the linear model", *SCALES.end(), self.centres)?;
        let weights = self.terms.iter().chain([&self.intercept]).chain(&self.category).chain(&self.suffix);
        ensure_within("a weight of the linear model", MOST_WEIGHT, weights.copied())
    }

    /// Fits the target over the rows that `keep` names and that know all inputs.
    pub(crate) fn fit(block: &InputBlock, targets: &[f64], suffixes: usize, keep: impl Fn(usize) -> bool) -> Self {
        let rows: Vec<(Seen, f64)> = (0..block.len())
            .filter(|row| keep(*row))
            .map(|row| (Seen::of_block(block, row), targets[row]))
            .filter(|(seen, _)| seen.is_whole())
            .collect();
        let count = rows.len().max(1) as f64;
        let mean = |index: usize| rows.iter().map(|(seen, _)| seen.inputs[index]).sum::<f64>() / count;
        let centres = std::array::from_fn(mean);
        let deviation = |index: usize| {
            let squares: f64 = rows.iter().map(|(seen, _)| (seen.inputs[index] - centres[index]).powi(2)).sum();
            (squares / count).sqrt().max(1e-9)
        };
        let scales = std::array::from_fn(deviation);
        let places = Places::new(suffixes);
        let mut equations = Equations::new(places.count);
        let mut entries = Vec::with_capacity(TERMS + 4);
        for (seen, target) in &rows {
            places.entries(seen, &terms(&standardised(seen, &centres, &scales)), &mut entries);
            equations.add(&entries, *target);
        }
        let solution = equations.solve(|place| {
            if place == 0 {
                0.0
            } else if place <= TERMS {
                TERM_PENALTY
            } else {
                GROUP_PENALTY
            }
        });
        let category =
            (0..=Category::count()).map(|code| places.of_category(code as u16).map_or(0.0, |[own, top]| solution[own] + solution[top]));
        Self {
            centres,
            scales,
            intercept: solution[0],
            terms: std::array::from_fn(|term| solution[1 + term]),
            category: category.collect(),
            suffix: (0..suffixes).map(|code| places.of_suffix(code as u16).map_or(0.0, |place| solution[place])).collect(),
        }
    }

    /// The prediction; NaN where an input is unknown.
    pub(crate) fn value(&self, seen: &Seen) -> f64 {
        let terms = terms(&standardised(seen, &self.centres, &self.scales));
        let sum = terms.iter().zip(&self.terms).fold(self.intercept, |sum, (term, weight)| sum + term * weight);
        sum + of_code(&self.category, seen.category) + of_code(&self.suffix, seen.suffix)
    }

    /// What the prediction comes from, the intercept left out.
    pub(crate) fn parts(&self, seen: &Seen) -> Parts {
        let terms = terms(&standardised(seen, &self.centres, &self.scales));
        let mut inputs = [0.0; INPUTS.len()];
        for ((pair, term), weight) in PAIRS.iter().zip(terms).zip(&self.terms) {
            let part = if term.is_nan() { 0.0 } else { term * weight };
            pair.iter().for_each(|&input| inputs[input] += part / 2.0);
        }
        Parts { inputs, category: of_code(&self.category, seen.category), suffix: of_code(&self.suffix, seen.suffix) }
    }
}

fn of_code(weights: &[f64], code: u16) -> f64 {
    weights.get(usize::from(code)).copied().unwrap_or(0.0)
}

/// Which inputs each term is made of; a term of one input names it twice.
const PAIRS: [[usize; 2]; TERMS] = [[0, 0], [1, 1], [2, 2], [0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]];

fn terms(inputs: &[f64; INPUTS.len()]) -> [f64; TERMS] {
    let [rank, visits, pages] = *inputs;
    [rank, visits, pages, rank * rank, visits * visits, pages * pages, rank * visits, rank * pages, visits * pages]
}

fn standardised(seen: &Seen, centres: &[f64; INPUTS.len()], scales: &[f64; INPUTS.len()]) -> [f64; INPUTS.len()] {
    std::array::from_fn(|index| (seen.inputs[index] - centres[index]) / scales[index])
}

/// Where each coefficient stands: the intercept, the terms, categories, top categories, suffixes.
struct Places {
    /// By code of a category, the place of its top.
    tops: Vec<usize>,
    suffixes: usize,
    count: usize,
}

impl Places {
    fn new(suffixes: usize) -> Self {
        let first = 1 + TERMS + Category::count() + 1;
        let tops: Vec<u16> = Category::all().filter(|category| category.top().code() == category.code()).map(Category::code).collect();
        let place = |code: usize| {
            let top = Category::from_code(code as u32).map(|category| category.top().code());
            top.and_then(|top| tops.iter().position(|other| *other == top)).map_or(0, |place| first + place)
        };
        let after = first + tops.len();
        Self { tops: (0..=Category::count()).map(place).collect(), suffixes: after, count: after + suffixes }
    }

    fn of_category(&self, code: u16) -> Option<[usize; 2]> {
        let top = *self.tops.get(usize::from(code))?;
        (code != UNKNOWN_CODE && top > 0).then_some([1 + TERMS + usize::from(code), top])
    }

    fn of_suffix(&self, code: u16) -> Option<usize> {
        let place = self.suffixes + usize::from(code);
        (code != crate::host::NO_HOST && place < self.count).then_some(place)
    }

    fn entries(&self, seen: &Seen, terms: &[f64; TERMS], entries: &mut Vec<(usize, f64)>) {
        entries.clear();
        entries.push((0, 1.0));
        entries.extend(terms.iter().enumerate().map(|(index, term)| (1 + index, *term)));
        entries.extend(self.of_category(seen.category).into_iter().flatten().map(|place| (place, 1.0)));
        entries.extend(self.of_suffix(seen.suffix).map(|place| (place, 1.0)));
    }
}

/// Normal equations, summed up row by row: a row has some dozen entries of several hundred.
struct Equations {
    count: usize,
    matrix: Vec<f64>,
    right: Vec<f64>,
}

impl Equations {
    fn new(count: usize) -> Self {
        Self { count, matrix: vec![0.0; count * count], right: vec![0.0; count] }
    }

    fn add(&mut self, entries: &[(usize, f64)], target: f64) {
        for &(row, a) in entries {
            self.right[row] += a * target;
            for &(column, b) in entries.iter().filter(|(column, _)| *column <= row) {
                self.matrix[row * self.count + column] += a * b;
            }
        }
    }

    /// Solves by Cholesky's decomposition, in place.
    fn solve(mut self, penalty: impl Fn(usize) -> f64) -> Vec<f64> {
        let n = self.count;
        for row in 0..n {
            for column in 0..=row {
                let (above, below) = self.matrix.split_at(row * n);
                let own = &below[..=row];
                let other = if column == row { own } else { &above[column * n..=column * n + column] };
                let dot: f64 = own[..column].iter().zip(&other[..column]).map(|(a, b)| a * b).sum();
                let left = own[column] - dot;
                let value = if column == row { (left + penalty(row)).max(1e-9).sqrt() } else { left / other[column] };
                self.matrix[row * n + column] = value;
            }
        }
        let mut solution = self.right;
        for row in 0..n {
            let dot: f64 = (0..row).map(|column| self.matrix[row * n + column] * solution[column]).sum();
            solution[row] = (solution[row] - dot) / self.matrix[row * n + row];
        }
        for row in (0..n).rev() {
            let dot: f64 = (row + 1..n).map(|below| self.matrix[below * n + row] * solution[below]).sum();
            solution[row] = (solution[row] - dot) / self.matrix[row * n + row];
        }
        solution
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::input_id::ByInput;

    #[test]
    fn a_quadratic_with_offsets_by_group_is_found() {
        let mut block = InputBlock::new(InputId::BUILT_IN);
        let mut targets = Vec::new();
        for index in 0..4_000u32 {
            let [a, b, c] = [7, 11, 13].map(|step| f64::from(index * step % 101) / 10.0);
            let (category, suffix) = ((1 + index % 5) as u16, (index % 4) as u16);
            let row = InputRow {
                numeric: ByInput::new(vec![a, b, c, f64::NAN, f64::NAN]),
                category,
                host: Host { suffix, ..Host::default() },
                ..InputRow::default()
            };
            targets.push(3.0 + a - 0.5 * b * c + 0.1 * b * b + f64::from(category) * 2.0 + f64::from(suffix) * 3.0);
            block.push(&row);
        }
        let fitted = Linear::fit(&block, &targets, 4, |row| row % 3 > 0);
        let worst = (0..block.len()).map(|row| (fitted.value(&Seen::of_block(&block, row)) - targets[row]).abs()).fold(0.0, f64::max);
        assert!(worst < 0.2, "{worst}");
        let seen = Seen::of_block(&block, 17);
        let parts = fitted.parts(&seen);
        let sum = fitted.intercept + parts.inputs.iter().sum::<f64>() + parts.category + parts.suffix;
        assert!((sum - fitted.value(&seen)).abs() < 1e-9);
        let unknown = Seen { inputs: [1.0, f64::NAN, 1.0], ..seen };
        assert!(fitted.value(&unknown).is_nan());
    }
}
