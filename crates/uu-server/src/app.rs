//! What all requests share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::sync::watch;
use uu_core::Rules;
use uu_registry::{QueueBounds, Registry, RegistryError};
use uu_service::jobs::DeliveryLimits;
use uu_service::{LoadError, Readiness, Served, Serving};

use crate::Limits;
use crate::access::Access;
use crate::last_drift::LastDrift;
use crate::metrics::Metrics;
use crate::problem::{Kind, Problem, store_problem};
use crate::rates::{RateLimits, Rates};
use crate::slots::Slots;
use crate::verified::Verified;
use crate::workers::Workers;

/// What all requests share: the model in use, the limits, the metrics, the store.
#[derive(Debug)]
pub struct App {
    pub(crate) serving: Arc<Serving>,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) workers: Workers,
    /// A slot for each batch that runs.
    pub(crate) batches: Slots,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) access: Access,
    pub(crate) rates: Rates,
    pub(crate) access_log: bool,
    pub(crate) verified: Verified,
    /// Requests that wait for the store.
    store: Workers,
    /// A slot for each delivery that is being taken.
    pub(crate) deliveries: Slots,
    /// A slot for each listener to a job.
    pub(crate) listeners: Slots,
    /// How far requests and observations had drifted when it was last asked for.
    pub(crate) drift: LastDrift,
    /// Whether the server is about to end: answers without an end of their own end then.
    pub(crate) stopping: watch::Sender<bool>,
    /// Where the server listens, once it does.
    pub(crate) address: OnceLock<SocketAddr>,
}

/// The store, and what is taken into it.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    /// The store.
    pub registry: Registry,
    /// The name of this replica.
    pub worker: String,
    /// What rows that are delivered are checked with.
    pub rules: Rules,
    /// What a delivery may take.
    pub delivery: DeliveryLimits,
    /// How many jobs may be pending, and how much may be kept for them.
    pub queue: QueueBounds,
    /// Folders whose files may be re-trained with by their URI.
    pub roots: Vec<PathBuf>,
    /// The artifact store, as `s3://bucket/prefix`, where there is one: what lies under `incoming/` there may be re-trained with by its URI.
    pub artifacts_url: Option<String>,
}

/// How a server is to answer.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// What it refuses.
    pub limits: Limits,
    /// Whom it lets in.
    pub access: Access,
    /// How often anybody may ask.
    pub rates: RateLimits,
    /// Whether each request has a line of the log.
    pub access_log: bool,
}

/// Requests that wait for the store: beyond so many at a time, and so many waiting, 429.
const STORE_REQUESTS: (usize, usize) = (16, 512);

impl App {
    /// The server's state around the holder of the model in use.
    #[must_use]
    pub fn new(serving: Arc<Serving>, lifecycle: Lifecycle, policies: Policies) -> Arc<Self> {
        let Policies { limits, access, rates, access_log } = policies;
        Arc::new(Self {
            serving,
            metrics: Metrics::new(),
            workers: Workers::new(limits.workers, limits.worker_queue),
            batches: Slots::new(limits.batches),
            deliveries: Slots::new(limits.deliveries),
            listeners: Slots::new(limits.listeners),
            store: Workers::new(STORE_REQUESTS.0, STORE_REQUESTS.1),
            rates: Rates::new(rates),
            access_log,
            verified: Verified::default(),
            drift: LastDrift::default(),
            stopping: watch::Sender::new(false),
            address: OnceLock::new(),
            limits,
            lifecycle,
            access,
        })
    }

    /// Whether it listens on this machine alone; until it listens, it may listen anywhere.
    pub(crate) fn is_on_loopback(&self) -> bool {
        self.address.get().is_some_and(|address| address.ip().is_loopback())
    }

    /// Asks the store, off the threads that serve.
    ///
    /// **Errors**: what a store that fails is answered with; 429 where too many wait for it.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Registry) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.ask_or(question, |error| store_problem(&error)).await
    }

    /// The same for a use case that loads a version.
    ///
    /// **Errors**: as [`App::ask`]; a version that cannot be loaded.
    pub(crate) async fn ask_for_version<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Registry) -> Result<T, LoadError> + Send + 'static,
    ) -> Result<T, Problem> {
        let told = |error| match error {
            LoadError::Store(error) => store_problem(&error),
            LoadError::Empty => Problem::new(Kind::Conflict, "no version is in use yet"),
            LoadError::Artifact { ref source, .. } => {
                tracing::error!(%error, cause = %source, "a version cannot be loaded");
                Problem::new(Kind::Conflict, format!("{error}; the server's log says why"))
            }
        };
        self.ask_or(question, told).await
    }

    /// The same for any use case; `told` says what its failure is answered with.
    ///
    /// **Errors**: what was told; 429 where too many wait for the store.
    pub(crate) async fn ask_or<T: Send + 'static, E: Send + 'static>(
        &self,
        question: impl FnOnce(&Registry) -> Result<T, E> + Send + 'static,
        told: impl FnOnce(E) -> Problem,
    ) -> Result<T, Problem> {
        let (registry, begin) = (self.lifecycle.registry.clone(), Instant::now());
        let answered = self.store.run(None, move || question(&registry)).await;
        self.metrics.store.record(begin.elapsed());
        answered?.map_err(told)
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
