//! What a server does by itself beside answering: it watches a new champion and takes it back where observations speak against it, tells
//! what it has counted, and asks for a re-training where a policy says so.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde_json::json;
use uu_monitor::drift::DriftVerdict;
use uu_monitor::watching::{LiveVerdict, OneSender, RollBackReason};
use uu_registry::{Change, Entry, Registry, RegistryError, Swept};

use crate::drift::status_of;
use crate::jobs::{Policy, apply_policy};
use crate::observing::Live;
use crate::{LoadError, Serving, rollback};

/// Between two looks at new observations.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two tellings of what was counted; what is shown of other replicas' requests is at most so old.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// A slice of the window of recent requests, which spans a day.
const SLICE: Duration = Duration::from_secs(3_600);

/// Who takes a champion back, in the audit log.
const BY: &str = "watch";

/// Looks after the model in use.
#[derive(Debug)]
pub struct Caretaker {
    registry: Registry,
    serving: Arc<Serving>,
    worker: String,
    policy: Policy,
    live: Option<Live>,
    last_telling: Option<Instant>,
    last_slice: Instant,
    of_one_sender: OneSender,
    /// The move of the aliases for which a rollback was suggested.
    suggested: Option<i64>,
}

impl Caretaker {
    /// A caretaker of the model that `serving` answers with; `worker` names this replica.
    #[must_use]
    pub fn new(registry: Registry, serving: Arc<Serving>, worker: String, policy: Policy) -> Self {
        Self {
            registry,
            serving,
            worker,
            policy,
            live: None,
            last_telling: None,
            last_slice: Instant::now(),
            of_one_sender: OneSender::default(),
            suggested: None,
        }
    }

    /// The same with what is done where the observations of one sender alone show that a champion is worse.
    #[must_use]
    pub fn with_evidence_of_one_sender(self, of_one_sender: OneSender) -> Self {
        Self { of_one_sender, ..self }
    }

    /// Works until `stop` says so or its sender is gone.
    pub fn run(mut self, stop: &mpsc::Receiver<()>) {
        let mut told: Option<String> = None;
        while matches!(stop.recv_timeout(LOOK_EVERY), Err(mpsc::RecvTimeoutError::Timeout)) {
            match self.step() {
                Ok(()) => told = None,
                Err(error) => {
                    let text = error.to_string();
                    if told.as_ref() != Some(&text) {
                        tracing::error!(%error, "the model in use cannot be looked after for now");
                    }
                    told = Some(text);
                }
            }
        }
    }

    /// Looks once.
    ///
    /// **Errors**: the store fails, or the champion cannot be loaded.
    pub fn step(&mut self) -> Result<(), LoadError> {
        self.watch()?;
        self.serving.jobs().unfinished_are(self.registry.unfinished_jobs()?);
        if self.last_slice.elapsed() >= SLICE {
            self.last_slice = Instant::now();
            // What crashes left behind, and files of jobs that nobody will retry any more.
            let swept = self.registry.sweep()?;
            if swept != Swept::default() {
                let Swept { objects, removed, unfinished, uploads } = swept;
                tracing::info!(
                    objects,
                    removed,
                    unfinished,
                    uploads,
                    "objects without a row were moved to `swept`, older ones removed from there, and files of ended jobs removed"
                );
            }
            if let Some(window) = self.serving.current().as_ref().and_then(|served| served.window.as_ref()) {
                window.turn();
            }
        }
        if self.last_telling.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
            self.last_telling = Some(Instant::now());
            let verdict = self.tell()?;
            if let Some(job) = apply_policy(&self.registry, self.policy, verdict)? {
                tracing::info!(%job, "the policy asks for a re-training");
            }
        }
        Ok(())
    }

    /// Takes up new observations, and takes the champion back where they speak against it.
    fn watch(&mut self) -> Result<(), LoadError> {
        let aliases = self.registry.aliases()?;
        if !self.live.as_ref().is_some_and(|live| live.is_of(aliases)) {
            self.live = Live::of_champion(&self.registry)?;
        }
        let Some(live) = &mut self.live else { return Ok(()) };
        let served = self.serving.current();
        while !live.take_up(&self.registry, served.as_ref())? {}
        if let Some(LiveVerdict::RollBack { reason }) = live.verdict() {
            let doubt = if live.would_leave_measured_rows() {
                Some(Doubt::GeneratedBefore)
            } else {
                Some(Doubt::OneSender).filter(|_| self.of_one_sender == OneSender::Suggest && !live.is_corroborated())
            };
            if let Some(doubt) = doubt {
                if self.suggested != Some(aliases.generation) {
                    suggest(&self.registry, live, (reason, doubt))?;
                    self.suggested = Some(aliases.generation);
                }
                return Ok(());
            }
            let change = Change {
                by: BY.to_owned(),
                reason: format!("observations speak against `{}`: {reason}", live.version()),
                figures: json!(live.status().watch),
                expected_champion: Some(Some(live.version())),
                confirms: false,
            };
            match rollback(&self.registry, None, &change) {
                Ok(_) => tracing::error!(version = %live.version(), %reason, "the champion is taken back: observations speak against it"),
                // Another replica saw the same.
                Err(LoadError::Store(RegistryError::Moved { .. })) => {}
                Err(error) => return Err(error),
            }
            self.live = None;
        }
        Ok(())
    }

    /// Tells other replicas what this one has counted, and finds out how far all of it has drifted.
    fn tell(&mut self) -> Result<DriftVerdict, LoadError> {
        let (Some(served), Some(live)) = (self.serving.current(), &self.live) else { return Ok(DriftVerdict::TooFew) };
        if let (Some(window), Ok(version)) = (&served.window, served.version.parse()) {
            let counts = window.read();
            if counts.requests() > 0 {
                self.registry.keep_window(&self.worker, version, &json!(counts))?;
            }
        }
        let status = status_of(&self.registry, live, served.reference_of(live.version()), Some((&served, &self.worker)))?;
        let verdict = status.verdict;
        self.serving.drifted(status);
        Ok(verdict)
    }
}

/// Why a rollback is left to an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// One sender's observations show that the champion is worse, and nobody else's do.
    OneSender,
    /// The version before was trained on generated rows, and the champion on measured ones.
    GeneratedBefore,
}

impl Doubt {
    /// What shows that the champion is worse.
    fn evidence(self) -> &'static str {
        match self {
            Self::OneSender => "observations of one sender alone show",
            Self::GeneratedBefore => "the version before was trained on generated rows, and observations show",
        }
    }
}

/// Says that a person should look at the champion.
fn suggest(registry: &Registry, live: &Live, (reason, doubt): (RollBackReason, Doubt)) -> Result<(), RegistryError> {
    let (version, evidence) = (live.version(), doubt.evidence());
    let words =
        format!("{evidence} that `{version}` is worse: {reason}; `uu-predictor models rollback` puts the version before in use again");
    let details = json!({ "reason": words, "figures": live.status().watch });
    if registry.audit_once(&Entry { by: BY, action: "suggest_rollback", subject: &version.to_string(), details: &details })? {
        tracing::warn!(%version, %reason, "{evidence} that the champion is worse: `models rollback` puts the version before in use again");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
