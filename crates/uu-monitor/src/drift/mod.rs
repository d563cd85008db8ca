//! Drift: are requests still what the model was trained on, and do labels still agree with its estimates?
//!
//! A training leaves a [`Reference`](uu_model::reference::Reference) in the artifact: how its rows were spread over twenty bins of each numeric input and of the
//! estimate, over categories, sources and patterns of known inputs. A [`Window`] counts requests over the same bins, cheaply enough
//! to count every one: a request costs some dozen increments of counters that no other thread writes. [`drift`] compares the two.
//!
//! **Distances.** PSI, the population stability index, with its usual bounds: from 0.1 on a shift is moderate, from 0.25 on strong. Beside
//! it the Jensen-Shannon distance, which is bounded by 1 and does not run away where a bin is empty.
//!
//! **The noise of few requests.** Without any drift, the PSI of `n` requests against `m` rows over `B` bins is nearly chi-square with
//! `B - 1` degrees of freedom times `1/n + 1/m`: for 200 requests and 20 bins some 0.1, as much as a moderate shift. So its mean is
//! subtracted before it is held against the bounds, and nothing is told that does not exceed what chance reaches in one of a hundred
//! windows, all figures together. Bins in which fewer than five requests are to be expected are put together, since the approximation
//! takes as many.
//!
//! Visits times rank is a figure of its own: the two bound each other so closely that a source which counts visits otherwise shows
//! there long before it shows in visits alone.

mod agreement;
mod concept;
mod distance;
mod report;
mod window;

pub use agreement::{Agreement, Compared};
pub use concept::{Arrival, ConceptDrift, MonthOfArrivals, concept_drift};
pub use report::{DriftReport, DriftVerdict, FigureDrift, drift};
pub use window::{Counts, OtherReference, Window};
