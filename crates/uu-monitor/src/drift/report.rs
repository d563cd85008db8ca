//! What a comparison of requests with the training data came to.

use serde::{Deserialize, Serialize};
use uu_model::reference::{Figure, Reference};

use super::distance::Distance;
use super::window::{Counts, OtherReference};

/// Fewer requests than this say nothing of twenty bins: less than five would be expected in each.
const LEAST_REQUESTS: u64 = 100;

/// The usual bounds of PSI.
const MODERATE: f64 = 0.1;
const STRONG: f64 = 0.25;

/// Share of windows without drift in which any figure may exceed what chance reaches.
const FALSE_ALARMS: f64 = 0.01;

/// How far something has drifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftVerdict {
    /// Too few requests to tell.
    TooFew,
    /// No more than chance, or too little to matter.
    Stable,
    /// Worth a look.
    Moderate,
    /// The model answers questions it was not trained on.
    Strong,
}

/// All figures of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// The gravest of the figures.
    pub verdict: DriftVerdict,
    /// Requests of the window.
    pub requests: u64,
    /// Each figure.
    pub figures: Vec<FigureDrift>,
}

/// How far one figure has drifted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureDrift {
    /// The figure.
    pub figure: Figure,
    /// How far.
    pub verdict: DriftVerdict,
    /// Requests that said something of it.
    pub requests: u64,
    /// Population stability index, as it was found.
    pub psi: f64,
    /// The same less what chance adds on average: what is held against 0.1 and 0.25.
    pub psi_corrected: f64,
    /// What it must exceed to be more than chance.
    pub noise: f64,
    /// Jensen-Shannon distance, 0 to 1.
    pub jensen_shannon: f64,
}

/// Compares the requests of a window with the training's rows.
///
/// **Errors**: they were counted over the bins of another reference.
pub fn drift(reference: &Reference, window: &Counts) -> Result<DriftReport, OtherReference> {
    if !window.is_of(reference) {
        return Err(OtherReference);
    }
    let watched: Vec<_> = reference.figures().into_iter().filter(|cells| reference.rows(cells).iter().any(|rows| *rows > 0)).collect();
    let false_alarms = FALSE_ALARMS / watched.len().max(1) as f64;
    let figures: Vec<FigureDrift> = watched
        .iter()
        .map(|cells| {
            let requests = window.cells(cells.from, cells.count);
            FigureDrift::of(cells.figure.clone(), reference.rows(cells), requests, false_alarms)
        })
        .collect();
    let verdict = figures.iter().map(|figure| figure.verdict).max().unwrap_or(DriftVerdict::TooFew);
    Ok(DriftReport { verdict, requests: window.requests(), figures })
}

impl FigureDrift {
    fn of(figure: Figure, rows: &[u64], requests: &[u64], false_alarms: f64) -> Self {
        let count: u64 = requests.iter().sum();
        let Distance { psi, corrected, noise, jensen_shannon } = Distance::of(rows, requests, false_alarms);
        let verdict = if count < LEAST_REQUESTS {
            DriftVerdict::TooFew
        } else if psi <= noise || corrected < MODERATE {
            DriftVerdict::Stable
        } else if corrected < STRONG {
            DriftVerdict::Moderate
        } else {
            DriftVerdict::Strong
        };
        Self { figure, verdict, requests: count, psi, psi_corrected: corrected, noise, jensen_shannon }
    }
}
