//! The section on models.

use super::super::chart::{Chart, linear};
use super::super::numbers::{bytes, count, figure, fixed, or_dash, percent, seconds, signed, whole};
use super::super::page::{Section, Table};
use super::errors;
use crate::compare::PRODUCT;
use crate::{Comparison, Difference, Entry, ModelsSection, Tuning};

pub(super) fn section(models: &ModelsSection) -> Section {
    let mut section = Section::new("models", "Models");
    section.text(format!(
        "{} labelled rows of {} development sites, divided into {} folds by site; every model is judged on the folds it was not fitted on. Rows \
         without visits ({} labelled ones) are left out here: what is compared is an estimate of visits per user. All but the random forest on raw \
         users, which the product replaces, learn its logarithm; all estimates are held between one user and one user a visit.",
        count(models.rows),
        count(models.sites),
        count(models.folds),
        count(models.rows_without_visits)
    ));
    section.text(format!(
        "Features of the compared estimators: {}. Means by category and source are taken over other sites. {PRODUCT} makes its own.",
        models.features.join(", ")
    ));
    leaderboard(&mut section, &models.leaderboard);
    comparisons(&mut section, &models.comparisons);
    section.heading("Ensemble");
    let members: Vec<String> = models.ensemble.weights.iter().map(|(name, weight)| format!("{name} {}", percent(*weight))).collect();
    section.text(format!(
        "Greedy selection in {} steps with repetition, on held-out estimates; for each fold the weights come from the other folds. Over all rows: {}.",
        models.ensemble.steps,
        members.join(", ")
    ));
    tuning(&mut section, models);
    section
}

fn leaderboard(section: &mut Section, entries: &[Entry]) {
    section.heading("Leaderboard");
    section.table(errors_table("Cross-validated by site, the lowest RMSLE first", entries));
    let spread = entries.iter().filter_map(|entry| {
        let spread = entry.spread.as_ref()?;
        let with = |value: String, error: String| format!("{value} ± {error}");
        Some(vec![
            entry.model.clone(),
            with(percent(entry.errors.median_ape), percent(spread.median_ape)),
            with(fixed(entry.errors.rmsle), fixed(spread.rmsle)),
            with(whole(entry.errors.mae), whole(spread.mae)),
        ])
    });
    section.table(Table::new("Standard errors over the folds", ["model", "median APE", "RMSLE", "MAE"]).rows(spread).marked(PRODUCT));
    let costs = entries.iter().map(|entry| {
        vec![
            entry.model.clone(),
            count(entry.train_rows),
            seconds(entry.fit_seconds),
            format!("{} us", figure(entry.predict_micros)),
            bytes(entry.size_bytes),
        ]
    });
    section.table(
        Table::new(
            "What they take: a fit, and an estimate among others, on one thread with others beside it; rows a fit learned from (slow estimators are \
             given a sample)",
            ["model", "rows", "fit", "estimate", "size"],
        )
        .rows(costs)
        .marked(PRODUCT),
    );
    let names: Vec<String> = entries.iter().map(|entry| entry.model.clone()).collect();
    let values: Vec<f64> = entries.iter().map(|entry| entry.errors.rmsle).collect();
    let ends: Vec<(f64, f64)> = entries
        .iter()
        .map(|entry| {
            let error = entry.spread.as_ref().map_or(0.0, |spread| spread.rmsle);
            (entry.errors.rmsle - error, entry.errors.rmsle + error)
        })
        .collect();
    section.chart(Chart::new("RMSLE with its standard error", linear("RMSLE"), linear("")).intervals("RMSLE", &names, &values, &ends));
    let medians: Vec<f64> = entries.iter().map(|entry| entry.errors.median_ape * 100.0).collect();
    section.chart(Chart::new("Median absolute percentage error", linear("percent"), linear("")).lying_bars("median APE", &names, &medians));
}

/// All errors of models.
pub(super) fn errors_table(caption: &str, entries: &[Entry]) -> Table {
    let mut header = vec!["model".to_owned()];
    header.extend(errors::HEADER.iter().map(|name| (*name).to_owned()));
    header.extend(["90 % coverage".to_owned(), "width".to_owned()]);
    let row = |entry: &Entry| {
        let name = if entry.is_baseline { format!("{} (baseline)", entry.model) } else { entry.model.clone() };
        let mut row = vec![name];
        row.extend(errors::cells(&entry.errors));
        row.push(or_dash(entry.intervals.as_ref(), |intervals| percent(intervals.coverage)));
        row.push(or_dash(entry.intervals.as_ref(), |intervals| format!("{:.2}", intervals.median_relative_width)));
        row
    };
    Table { header, ..Table::new(caption, ["model"]) }.rows(entries.iter().map(row)).marked(PRODUCT)
}

fn comparisons(section: &mut Section, comparisons: &[Comparison]) {
    section.heading("Which differences are real");
    section.text(format!(
        "Each model's figure less {PRODUCT}'s, on the rows both answered: above zero, {PRODUCT} is better. Intervals of 95 % by the bootstrap over sites, \
         the same resamples for all; a difference is called real where its interval leaves zero out. The models stay as they were fitted, so what \
         another training set would change is not in the intervals; and of twenty comparisons without a difference, one looks real by chance."
    ));
    let written = |difference: &Difference, write: fn(f64) -> String| {
        let mark = if difference.is_real { "" } else { " (not real)" };
        format!("{} [{}, {}]{mark}", write(difference.value), write(difference.interval.low), write(difference.interval.high))
    };
    let points = |value: f64| format!("{:+.1}", value * 100.0);
    let rows = comparisons.iter().map(|comparison| {
        vec![
            comparison.model.clone(),
            count(comparison.rows),
            written(&comparison.rmsle, signed),
            written(&comparison.median_ape, points),
            written(&comparison.mae, whole),
        ]
    });
    let header = ["model", "rows", "RMSLE", "median APE, points", "MAE"];
    section.table(Table::new(format!("Differences to {PRODUCT}"), header).rows(rows));
    let near: Vec<&Comparison> = comparisons.iter().filter(|comparison| comparison.rmsle.value.abs() < 0.5).collect();
    let names: Vec<String> = near.iter().map(|comparison| comparison.model.clone()).collect();
    let values: Vec<f64> = near.iter().map(|comparison| comparison.rmsle.value).collect();
    let ends: Vec<(f64, f64)> = near.iter().map(|comparison| (comparison.rmsle.interval.low, comparison.rmsle.interval.high)).collect();
    let title = format!("RMSLE less that of {PRODUCT}, with intervals of 95 %");
    section.chart(Chart::new(title, linear("difference of RMSLE"), linear("")).intervals("difference", &names, &values, &ends));
}

fn tuning(section: &mut Section, models: &ModelsSection) {
    section.heading("Tuning");
    section.text(format!(
        "{} trials each, by a tree-structured Parzen estimator, for the lowest RMSLE in cross-validation by site on {} rows of the development sites; \
         the first trial is what one would take without tuning. The tuning rows are among the rows that models are compared on, so tuned models are \
         flattered a little; the final validation is not. {PRODUCT} is searched in the same way, and leaves its defaults only where the gain exceeds its \
         standard error over sites.",
        count(models.trials),
        count(models.tuning_rows)
    ));
    let best = models.tuning.iter().map(|tuning| {
        let (first, best) = (&tuning.trials[0], &tuning.trials[tuning.best]);
        vec![tuning.model.clone(), named(tuning, tuning.best), fixed(first.rmsle), fixed(best.rmsle), count(tuning.best + 1)]
    });
    section.table(Table::new("What was chosen", ["model", "hyperparameters", "RMSLE untuned", "RMSLE tuned", "trial"]).texts(2).rows(best));
    let mut chart = Chart::new("Lowest RMSLE so far, by trial", linear("trial"), linear("RMSLE"));
    for tuning in &models.tuning {
        let mut lowest = f64::INFINITY;
        let so_far = tuning.trials.iter().enumerate().map(|(index, trial)| {
            lowest = lowest.min(trial.rmsle);
            (index as f64 + 1.0, lowest)
        });
        chart = chart.lines(&tuning.model, so_far.collect::<Vec<_>>());
    }
    section.chart((!models.tuning.is_empty()).then_some(chart));
    let trail = models.tuning.iter().flat_map(|tuning| {
        tuning.trials.iter().enumerate().map(|(index, trial)| {
            vec![
                tuning.model.clone(),
                named(tuning, index),
                count(index + 1),
                fixed(trial.rmsle),
                or_dash(trial.seconds.as_ref(), |time| seconds(*time)),
            ]
        })
    });
    section.table(Table::new("Every trial", ["model", "hyperparameters", "trial", "RMSLE", "time"]).texts(2).rows(trail));
}

fn named(tuning: &Tuning, trial: usize) -> String {
    let parameters = &tuning.trials[trial].hyperparameters;
    parameters.iter().map(|parameter| format!("{} {}", parameter.name, figure(parameter.value))).collect::<Vec<String>>().join(", ")
}
