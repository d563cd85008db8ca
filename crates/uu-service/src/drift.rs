//! Drift as one answer: recent requests against the training data, and observations against the estimates.

use std::sync::Arc;

use serde::Serialize;
use uu_model::Model;
use uu_model::reference::Reference;
use uu_monitor::drift::{Counts, DriftReport, DriftVerdict, Window, drift};
use uu_registry::{ModelVersion, Registry, RegistryError};

use crate::observing::{Live, LiveStatus};
use crate::{LoadError, Served};

/// How far requests and observations differ from what the model in use was trained on.
#[derive(Clone, Debug, Serialize)]
pub struct DriftStatus {
    /// The version in use.
    pub version: ModelVersion,
    /// The gravest of all verdicts.
    pub verdict: DriftVerdict,
    /// Requests of the last day, of all replicas; `None` where the model was trained by a release that kept nothing to compare with.
    pub requests: Option<DriftReport>,
    /// Replicas that counted them.
    pub replicas: usize,
    /// Observations that arrived since the version was put in use.
    pub observations: LiveStatus,
}

/// Looks at what all replicas have counted, and at all observations.
///
/// `own` is what this process counted and has not told yet, and the name it tells it under.
///
/// **Errors**: no version is in use; it cannot be loaded; the store fails.
pub fn drift_status(registry: &Registry, own: Option<(&Arc<Served>, &str)>) -> Result<DriftStatus, LoadError> {
    let Some(mut live) = Live::of_champion(registry)? else { return Err(LoadError::Empty) };
    while !live.take_up(registry, own.map(|(served, _)| served))? {}
    let version = live.version();
    if let Some(reference) = own.and_then(|(served, _)| served.reference_of(version)) {
        return Ok(status_of(registry, &live, Some(reference), own)?);
    }
    let artifact = registry.read(version)?;
    let model = Model::from_bytes(&artifact).map_err(|source| LoadError::Artifact { version, source })?;
    Ok(status_of(registry, &live, model.drift_reference().map(Arc::as_ref), own)?)
}

/// The same from what is at hand: the champion as it is watched, and what its requests are compared with.
///
/// **Errors**: the store fails.
pub(crate) fn status_of(
    registry: &Registry,
    live: &Live,
    reference: Option<&Reference>,
    own: Option<(&Arc<Served>, &str)>,
) -> Result<DriftStatus, RegistryError> {
    let observations = live.status();
    let version = observations.version;
    let own = own.filter(|(served, _)| served.version == version.to_string());
    let mut replicas = 0;
    let mut requests = None;
    if let Some(reference) = reference {
        let mut counts = Counts::none(reference);
        let told = registry.windows(version)?;
        let told = told.into_iter().filter(|window| own.is_none_or(|(_, worker)| window.worker != worker));
        let told = told.filter_map(|window| serde_json::from_value::<Counts>(window.counts).ok());
        let counted = own.and_then(|(served, _)| served.window.as_ref()).map(Window::read);
        for window in told.chain(counted) {
            // What another release counted over other bins says nothing here.
            replicas += usize::from(counts.merge(&window).is_ok());
        }
        requests = drift(reference, &counts).ok();
    }
    let verdicts = [requests.as_ref().map(|requests| requests.verdict), Some(observations.concept.verdict)];
    let verdict = verdicts.into_iter().flatten().max().unwrap_or(DriftVerdict::TooFew);
    Ok(DriftStatus { version, verdict, requests, replicas, observations })
}
