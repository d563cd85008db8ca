//! A mixture of the compared models, chosen on estimates of rows they never saw.

use serde::{Deserialize, Serialize};

use super::cross_validation::Compared;
use super::rows::Rows;

/// Members that are chosen, with repetition.
const STEPS: usize = 20;

/// The ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnsembleFigures {
    /// Members with their weights over all rows, the heaviest first; the others have none.
    pub weights: Vec<(String, f64)>,
    /// Steps of the selection.
    pub steps: usize,
}

/// The name of the ensemble in every table.
pub(crate) const ENSEMBLE: &str = "ensemble";

/// Held-out estimates by an ensemble: each fold's rows by the weights that the other folds chose.
///
/// **Source**: Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models", ICML 2004: greedy, with
/// repetition; here on the logarithm of users, for the lowest RMSLE.
pub(crate) fn ensemble(members: &[Compared], rows: &Rows, fold_of: &[usize], folds: usize) -> (Compared, EnsembleFigures) {
    let eligible: Vec<&Compared> =
        members.iter().filter(|member| !member.is_baseline && member.estimates.iter().all(|estimate| !estimate.is_nan())).collect();
    let logs: Vec<Vec<f64>> = eligible.iter().map(|member| member.estimates.iter().map(|users| users.ln_1p()).collect()).collect();
    let mut estimates = vec![f64::NAN; rows.len()];
    for fold in 0..folds {
        let others: Vec<usize> = (0..rows.len()).filter(|&row| fold_of[row] != fold).collect();
        let weights = select(&logs, rows, &others);
        for row in (0..rows.len()).filter(|&row| fold_of[row] == fold) {
            estimates[row] = rows.bounded(row, mixed(&logs, &weights, row).exp_m1());
        }
    }
    let weights = select(&logs, rows, &(0..rows.len()).collect::<Vec<_>>());
    let used = || eligible.iter().zip(&weights).filter(|(_, weight)| **weight > 0.0);
    let sum = |figure: fn(&Compared) -> f64| used().map(|(member, _)| figure(member)).sum::<f64>();
    let compared = Compared {
        name: ENSEMBLE.to_owned(),
        is_baseline: false,
        fit_seconds: sum(|member| member.fit_seconds),
        predict_seconds: sum(|member| member.predict_seconds),
        size_bytes: used().map(|(member, _)| member.size_bytes).sum(),
        train_rows: used().map(|(member, _)| member.train_rows).max().unwrap_or(0),
        estimates,
    };
    let mut named: Vec<(String, f64)> = used().map(|(member, weight)| (member.name.clone(), *weight)).collect();
    named.sort_by(|a, b| b.1.total_cmp(&a.1));
    (compared, EnsembleFigures { weights: named, steps: STEPS })
}

/// Estimates of an ensemble with those weights, by members that were fitted elsewhere.
pub(crate) fn weighted(figures: &EnsembleFigures, members: &[Compared], rows: &Rows) -> Option<Vec<f64>> {
    let of_weights: Vec<(&Compared, f64)> = figures
        .weights
        .iter()
        .map(|(name, weight)| members.iter().find(|member| member.name == *name).map(|member| (member, *weight)))
        .collect::<Option<_>>()?;
    let mix = |row: usize| of_weights.iter().map(|(member, weight)| member.estimates[row].ln_1p() * weight).sum::<f64>();
    Some((0..rows.len()).map(|row| rows.bounded(row, mix(row).exp_m1())).collect())
}

fn mixed(logs: &[Vec<f64>], weights: &[f64], row: usize) -> f64 {
    logs.iter().zip(weights).map(|(log, weight)| log[row] * weight).sum()
}

/// Weights of the members: at each step, the one that lowers the squared error of the mean the most is added once more.
fn select(logs: &[Vec<f64>], rows: &Rows, places: &[usize]) -> Vec<f64> {
    let mut counts = vec![0.0; logs.len()];
    let mut sum = vec![0.0; places.len()];
    for step in 1..=STEPS {
        let loss = |member: &Vec<f64>| -> f64 {
            let error = |(place, &row): (usize, &usize)| (rows.users[row].ln_1p() - (sum[place] + member[row]) / step as f64).powi(2);
            places.iter().enumerate().map(error).sum()
        };
        let losses: Vec<f64> = logs.iter().map(loss).collect();
        let Some(best) = (0..logs.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])) else { break };
        counts[best] += 1.0;
        sum.iter_mut().zip(places).for_each(|(sum, &row)| *sum += logs[best][row]);
    }
    counts.into_iter().map(|count| count / STEPS as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Draws;
    use uu_testkit::models::dataset;

    #[test]
    fn two_models_that_err_apart_are_better_together_and_a_bad_one_is_left_out() {
        let rows = Rows::of(&dataset(200));
        let mut draws = Draws::new("errors", 1);
        let mut member = |name: &str, spread: f64| Compared {
            name: name.to_owned(),
            is_baseline: false,
            estimates: rows.users.iter().map(|users| users * (spread * draws.normal()).exp()).collect(),
            fit_seconds: 1.0,
            predict_seconds: 0.0,
            size_bytes: 1,
            train_rows: 1,
        };
        let members = [member("a", 0.3), member("b", 0.3), member("bad", 3.0)];
        let fold_of: Vec<usize> = rows.dataset.site_folds(3, 1);
        let (mixture, figures) = ensemble(&members, &rows, &fold_of, 3);
        let rmsle = |compared: &Compared| (0..rows.len()).map(|row| rows.log_error(row, compared.estimates[row]).powi(2)).sum::<f64>();
        assert!(rmsle(&mixture) < rmsle(&members[0]) * 0.8);
        assert_eq!(figures.weights.len(), 2);
        assert!((figures.weights.iter().map(|(_, weight)| weight).sum::<f64>() - 1.0).abs() < 1e-9);
        let again = weighted(&figures, &members, &rows).unwrap();
        assert!(again.iter().all(|users| users.is_finite()));
    }
}
