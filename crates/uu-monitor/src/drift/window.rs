//! Recent requests, counted over the reference's bins.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uu_core::Record;
use uu_model::Estimate;
use uu_model::reference::Reference;

/// Requests by cells of a reference. Those of several windows, or of several machines, add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    reference: u64,
    requests: u64,
    cells: Vec<u64>,
}

/// Counts over the bins of another reference cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the requests were counted for another model version")]
pub struct OtherReference;

impl Counts {
    /// No requests yet.
    #[must_use]
    pub fn none(reference: &Reference) -> Self {
        Self { reference: reference.fingerprint(), requests: 0, cells: vec![0; reference.cell_count()] }
    }

    /// Requests that were counted.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Adds those of another.
    ///
    /// **Errors**: they were counted over the bins of another reference.
    pub fn merge(&mut self, other: &Self) -> Result<(), OtherReference> {
        if self.reference != other.reference || self.cells.len() != other.cells.len() {
            return Err(OtherReference);
        }
        self.requests += other.requests;
        self.cells.iter_mut().zip(&other.cells).for_each(|(own, more)| *own += more);
        Ok(())
    }

    pub(super) fn is_of(&self, reference: &Reference) -> bool {
        self.reference == reference.fingerprint() && self.cells.len() == reference.cell_count()
    }

    pub(super) fn cells(&self, from: usize, count: usize) -> &[u64] {
        &self.cells[from..from + count]
    }
}

/// The latest requests, over a fixed number of slices of time.
///
/// Each thread that answers has a lane of counters of its own; they are added up when somebody looks. Memory does not depend on how
/// many requests there are.
#[derive(Debug)]
pub struct Window {
    reference: Arc<Reference>,
    fingerprint: u64,
    lanes: Vec<Lane>,
    /// Whole slices, the oldest first.
    past: Mutex<VecDeque<Counts>>,
    slices: usize,
}

/// Counters that one thread writes.
#[derive(Debug)]
struct Lane {
    requests: AtomicU64,
    cells: Vec<AtomicU64>,
}

impl Window {
    /// A window of `slices` slices beside the one that is being filled, for as many threads as there are `lanes`.
    #[must_use]
    pub fn new(reference: Arc<Reference>, lanes: usize, slices: usize) -> Self {
        let cells = reference.cell_count();
        let lane = || Lane { requests: AtomicU64::new(0), cells: (0..cells).map(|_| AtomicU64::new(0)).collect() };
        Self {
            fingerprint: reference.fingerprint(),
            lanes: (0..lanes.max(1)).map(|_| lane()).collect(),
            past: Mutex::new(VecDeque::with_capacity(slices + 1)),
            slices,
            reference,
        }
    }

    /// The reference its requests are counted over.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Counts a request and what it was answered.
    ///
    /// Takes no lock. Threads may share a `lane`, or name one there is not, and only lose time.
    pub fn record(&self, lane: usize, record: &Record, estimate: &Estimate) {
        let lane = &self.lanes[lane % self.lanes.len()];
        lane.requests.fetch_add(1, Ordering::Relaxed);
        self.reference.cells_of(record, Some(estimate.point), |cell| {
            lane.cells[cell].fetch_add(1, Ordering::Relaxed);
        });
    }

    /// Closes the slice that is being filled and forgets the oldest one that is too many.
    pub fn turn(&self) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.push_back(self.sum(|counter| counter.swap(0, Ordering::Relaxed)));
        while past.len() > self.slices {
            past.pop_front();
        }
    }

    /// All requests of the window.
    #[must_use]
    pub fn read(&self) -> Counts {
        // Held to the end, so that a slice that is being closed is neither missed nor counted twice.
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = self.sum(|counter| counter.load(Ordering::Relaxed));
        past.iter().for_each(|slice| sum.merge(slice).expect("a window's slices are over one reference"));
        sum
    }

    fn sum(&self, take: impl Fn(&AtomicU64) -> u64) -> Counts {
        let mut sum = Counts { reference: self.fingerprint, requests: 0, cells: vec![0; self.reference.cell_count()] };
        for lane in &self.lanes {
            sum.requests += take(&lane.requests);
            sum.cells.iter_mut().zip(&lane.cells).for_each(|(cell, counter)| *cell += take(counter));
        }
        sum
    }
}
