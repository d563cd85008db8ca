//! What all requests share.

use std::sync::Arc;

use tokio::sync::Semaphore;
use uu_service::{Readiness, Served, Serving};

use crate::Limits;
use crate::metrics::Metrics;
use crate::problem::{Kind, Problem};
use crate::workers::Workers;

/// What all requests share: the model in use, the limits, the metrics.
#[derive(Debug)]
pub struct App {
    pub(crate) serving: Arc<Serving>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) workers: Workers,
    /// One permit for each batch that runs.
    pub(crate) batches: Arc<Semaphore>,
}

impl App {
    /// The server's state around the holder of the model in use.
    #[must_use]
    pub fn new(serving: Arc<Serving>, limits: Limits) -> Arc<Self> {
        let workers = Workers::new(limits.workers, limits.worker_queue);
        let batches = Arc::new(Semaphore::new(limits.batches));
        Arc::new(Self { serving, limits, metrics: Metrics::new(), workers, batches })
    }

    /// The model in use; a request keeps the one it began with.
    pub(crate) fn served(&self) -> Result<Arc<Served>, Problem> {
        self.serving.current().ok_or_else(|| self.not_ready())
    }

    pub(crate) fn not_ready(&self) -> Problem {
        match &*self.serving.readiness() {
            Readiness::Preparing { stage, done } => {
                Problem::new(Kind::NotReady, format!("{stage} ({:.0} percent done)", done * 100.0)).retry_after(1)
            }
            // What failed is for the operator, in the log and in `/health/ready`.
            Readiness::Failed { .. } => Problem::new(Kind::NotReady, "there is no model and none is being made").retry_after(60),
            Readiness::Ready => Problem::new(Kind::NotReady, "the model is being put in use").retry_after(1),
        }
    }
}
