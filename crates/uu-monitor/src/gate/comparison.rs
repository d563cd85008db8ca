//! The figures of both models on the sealed rows, and what their differences say.

use std::collections::BTreeSet;

use uu_core::Record;
use uu_model::{EstimateOptions, Model, Pattern};

use super::bootstrap::{Resamples, normal, percentiles};
use super::coverage::{Covered, LEVEL, miss};
use super::errors::{Errors, FIGURES};
use super::metric::{Bounds, Metric, MetricComparison, MetricVerdict, judged};
use super::sealed_rows::SealedRows;
use super::settings::GateSettings;

/// How far from its level the coverage of a first model may lie: overall, and where a pattern's rows are masked down. What is missing is
/// not missing by chance, so a pattern's masked rows are not quite those it was calibrated on.
const FIRST_MODEL_BAND: f64 = 0.02;
const FIRST_MODEL_PATTERN_BAND: f64 = 0.05;

const OPTIONS: EstimateOptions = EstimateOptions { level: LEVEL, explain: false };

/// Compares the errors of the points, inputs as observed.
pub(super) fn errors(
    rows: &SealedRows,
    champion: Option<&Model>,
    challenger: &Model,
    resamples: &Resamples,
    settings: &GateSettings,
) -> Vec<MetricComparison> {
    let of = |model: &Model| Errors::of(&rows.actual, &model.estimate(&rows.asked, OPTIONS));
    let (champion, challenger) = (champion.map(of), of(challenger));
    let once = vec![1; rows.sites()];
    let own = challenger.figures(&rows.site_of, &once);
    let Some(champion) = champion else {
        return FIGURES.into_iter().zip(own).map(|(metric, own)| not_compared(metric, rows.len(), own)).collect();
    };
    let figures = champion.figures(&rows.site_of, &once);
    let resampled = resamples.each(|weights| {
        let (champion, challenger) = (champion.figures(&rows.site_of, weights), challenger.figures(&rows.site_of, weights));
        std::array::from_fn::<f64, { FIGURES.len() }, _>(|index| relative(challenger[index], champion[index]))
    });
    let compare = |(index, metric): (usize, Metric)| {
        let difference = relative(own[index], figures[index]);
        let interval = percentiles(resampled.iter().map(|differences| differences[index]).collect());
        let bounds = Bounds { margin: settings.margin, resolution: settings.resolution };
        let (verdict, sites_needed) = judged(difference, interval, rows.sites(), bounds);
        MetricComparison {
            metric,
            rows: rows.len(),
            champion: Some(figures[index]),
            challenger: own[index],
            difference: Some(difference),
            interval: Some(interval),
            verdict,
            sites_needed,
        }
    };
    FIGURES.into_iter().enumerate().map(compare).collect()
}

/// Compares the coverage overall and of every pattern that rows can be masked down to.
pub(super) fn coverages(
    rows: &SealedRows,
    champion: Option<&Model>,
    challenger: &Model,
    resamples: &Resamples,
    settings: &GateSettings,
) -> Vec<MetricComparison> {
    let patterns: Vec<Pattern> = rows.asked.iter().map(|record| challenger.pattern_of(record)).collect();
    let possible: BTreeSet<Pattern> = patterns.iter().collect::<BTreeSet<_>>().into_iter().flat_map(|pattern| pattern.subsets()).collect();
    let mut measured = vec![(Metric::Coverage, (0..rows.len()).collect::<Vec<usize>>(), None)];
    for pattern in possible {
        let knowing = (0..rows.len()).filter(|&row| patterns[row].contains(pattern)).collect();
        let sampled = rows.sampled(knowing, settings.rows_per_pattern);
        if rows.sites_among(&sampled) >= settings.least_sites {
            measured.push((Metric::CoverageOf(pattern.name()), sampled, Some(pattern)));
        }
    }
    let together = measured.len() - 1;
    let compare = |(metric, places, shown): (Metric, Vec<usize>, Option<Pattern>)| {
        let asked: Vec<Record> = places.iter().map(|&row| rows.asked[row].clone()).collect();
        let covered = |model: &Model| {
            let estimates = match shown {
                Some(pattern) => model.estimate_showing(&asked, pattern, OPTIONS),
                None => model.estimate(&asked, OPTIONS),
            };
            Covered::of(&places, &rows.actual, &rows.site_of, rows.sites(), &estimates)
        };
        let judging = Judging { metric, rows: places.len(), sites: rows.sites(), together, resamples, settings };
        judging.coverage(champion.map(covered).as_ref(), &covered(challenger))
    };
    measured.into_iter().map(compare).collect()
}

/// One coverage that is to be judged.
struct Judging<'a> {
    metric: Metric,
    rows: usize,
    sites: usize,
    /// Patterns that are judged at one level together.
    together: usize,
    resamples: &'a Resamples,
    settings: &'a GateSettings,
}

impl Judging<'_> {
    fn coverage(self, champion: Option<&Covered>, challenger: &Covered) -> MetricComparison {
        let once = vec![1; self.sites];
        let own = challenger.share(&once);
        let Some(champion) = champion else { return self.alone(challenger, own) };
        let figure = champion.share(&once);
        let difference = miss(own) - miss(figure);
        let resampled = self.resamples.each(|weights| miss(challenger.share(weights)) - miss(champion.share(weights)));
        let interval = self.interval(difference, resampled);
        let bounds = Bounds { margin: self.settings.margin, resolution: self.settings.coverage_resolution };
        let (verdict, sites_needed) = judged(difference, interval, self.sites, bounds);
        MetricComparison {
            metric: self.metric,
            rows: self.rows,
            champion: Some(figure),
            challenger: own,
            difference: Some(difference),
            interval: Some(interval),
            verdict,
            sites_needed,
        }
    }

    /// A first model's coverage: refused where its interval lies wholly outside the band around the level.
    fn alone(self, challenger: &Covered, own: f64) -> MetricComparison {
        let (low, high) = self.interval(own, self.resamples.each(|weights| challenger.share(weights)));
        let band = if self.metric == Metric::Coverage { FIRST_MODEL_BAND } else { FIRST_MODEL_PATTERN_BAND };
        let outside = high < LEVEL - band || low > LEVEL + band;
        let verdict = if outside { MetricVerdict::Refused } else { MetricVerdict::Accepted };
        MetricComparison { interval: Some((low, high)), verdict, ..not_compared(self.metric, self.rows, own) }
    }

    fn interval(&self, figure: f64, resampled: Vec<f64>) -> (f64, f64) {
        match self.metric {
            Metric::CoverageOf(_) => normal(figure, &resampled, self.together),
            _ => percentiles(resampled),
        }
    }
}

fn not_compared(metric: Metric, rows: usize, challenger: f64) -> MetricComparison {
    MetricComparison {
        metric,
        rows,
        champion: None,
        challenger,
        difference: None,
        interval: None,
        verdict: MetricVerdict::NotCompared,
        sites_needed: None,
    }
}

/// How much larger, relative to the champion's; a champion without any error is beaten by none and tied by its equal.
fn relative(challenger: f64, champion: f64) -> f64 {
    const LEAST: f64 = 1e-9;
    challenger.max(LEAST) / champion.max(LEAST) - 1.0
}
