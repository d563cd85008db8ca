//! Which of two challengers stands: the one fitted from scratch, or the one that continues the champion.
//!
//! Decided on training sites that both held out, never on the sealed ones: those may judge one challenger, and a set that chose it
//! would flatter it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::HeldOutEstimate;

/// Sites that both must have held out before the continued one can be preferred.
const LEAST_SITES: usize = 60;

/// The challenger that goes to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The one fitted from scratch.
    FromScratch,
    /// The one that continues the champion.
    Continued,
}

/// Which challenger stands, and on what that rests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The challenger that goes to the gate.
    pub standing: Standing,
    /// Sites that both held out.
    pub sites: usize,
    /// Their rows.
    pub rows: usize,
    /// Mean absolute error of the logarithm on them, fitted from scratch; `None` where there is no such row.
    pub from_scratch: Option<f64>,
    /// The same, continued.
    pub continued: Option<f64>,
}

/// Compares held-out estimates of the same rows by the mean absolute error of the logarithm.
///
/// On a tie, and where there are too few common sites, the one from scratch stands: it has seen everything there is, and has no
/// more trees than it needs.
#[must_use]
pub fn choose(from_scratch: &[HeldOutEstimate], continued: &[HeldOutEstimate]) -> Choice {
    let by_row: BTreeMap<u64, &HeldOutEstimate> = from_scratch.iter().map(|estimate| (estimate.row, estimate)).collect();
    let pairs: Vec<(&HeldOutEstimate, &HeldOutEstimate)> =
        continued.iter().filter_map(|estimate| Some((*by_row.get(&estimate.row)?, estimate))).collect();
    let sites = pairs.iter().map(|(estimate, _)| estimate.site).collect::<BTreeSet<u64>>().len();
    let mean = |errors: &dyn Fn(&(&HeldOutEstimate, &HeldOutEstimate)) -> f64| {
        (!pairs.is_empty()).then(|| pairs.iter().map(errors).sum::<f64>() / pairs.len() as f64)
    };
    let (scratch, more) = (mean(&|pair| pair.0.log_error().abs()), mean(&|pair| pair.1.log_error().abs()));
    let better = scratch.zip(more).is_some_and(|(scratch, more)| more < scratch);
    let standing = if better && sites >= LEAST_SITES { Standing::Continued } else { Standing::FromScratch };
    Choice { standing, sites, rows: pairs.len(), from_scratch: scratch, continued: more }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off_by(factor: f64, rows: std::ops::Range<u64>) -> Vec<HeldOutEstimate> {
        rows.map(|row| HeldOutEstimate { row, site: row / 2, actual: 1_000.0, point: 1_000.0 * factor }).collect()
    }

    #[test]
    fn the_better_one_stands_on_the_rows_both_held_out() {
        let choice = choose(&off_by(1.3, 0..400), &off_by(1.2, 200..500));
        assert_eq!((choice.standing, choice.rows, choice.sites), (Standing::Continued, 200, 100));
        assert_eq!(choose(&off_by(1.2, 0..400), &off_by(1.3, 200..500)).standing, Standing::FromScratch);
        assert_eq!(choose(&off_by(1.2, 0..400), &off_by(1.2, 0..400)).standing, Standing::FromScratch, "a tie");
    }

    #[test]
    fn too_few_common_sites_choose_nothing() {
        let choice = choose(&off_by(1.3, 0..100), &off_by(1.0, 0..100));
        assert_eq!((choice.standing, choice.sites), (Standing::FromScratch, 50));
        let nothing = choose(&off_by(1.3, 0..100), &off_by(1.0, 200..300));
        assert_eq!((nothing.rows, nothing.from_scratch), (0, None));
    }
}
