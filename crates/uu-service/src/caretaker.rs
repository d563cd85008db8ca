//! What a server does by itself beside answering: it watches a new champion and takes it back where observations speak against it, tells
//! what it has counted, and asks for a re-training where a policy says so.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde_json::json;
use uu_model::drift::DriftVerdict;
use uu_registry::{Change, Entry, Registry, RegistryError, Swept};

use crate::drift::status_of;
use crate::jobs::{Policy, apply_policy};
use crate::observing::Live;
use crate::watching::{LiveVerdict, OneSender, RollBackReason};
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
mod tests {
    use uu_core::{Record, Rules, UniqueUsers};
    use uu_registry::{Location, ModelVersion, NewVersion};
    use uu_testkit::models::{trained, unseen};

    use super::*;
    use crate::observing::observe;

    /// Puts a version: the small model, or one whose answers are those of other bytes.
    fn put(registry: &Registry, artifact: &[u8]) -> ModelVersion {
        let (about, made_by, reason) = (&serde_json::Value::Null, "test", "a test");
        registry.put(&NewVersion { artifact, about, data_fingerprint: None, parent: None, made_by, reason }).unwrap()
    }

    /// A model that learned users a tenth of what they are.
    fn spoilt() -> Vec<u8> {
        spoilt_of(None)
    }

    /// The same, of rows of that source.
    fn spoilt_of(source: Option<&str>) -> Vec<u8> {
        let rows = uu_testkit::models::dataset(300);
        let tenth = |record: &Record| {
            let users = record.unique_users.and_then(|users| UniqueUsers::new((users.get() / 10.0).max(1.0).round()).ok());
            Record {
                unique_users: users,
                source: source.map_or_else(|| record.source.clone(), |source| Some(source.into())),
                ..record.clone()
            }
        };
        let rows = uu_data::Dataset::new(Vec::new(), rows.records().iter().map(tenth).collect());
        uu_model::train(&rows, &Rules::default(), &uu_testkit::models::quick_settings(), &uu_model::Silent).unwrap().artifact
    }

    #[test]
    fn observations_bring_the_version_before_back_by_themselves_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let (good, bad) = (put(&registry, &trained().artifact), put(&registry, &spoilt()));
        let caretaker = || Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
        let mut first = caretaker();
        for version in [good, bad] {
            registry.promote(version, &Change::default()).unwrap();
        }
        first.step().unwrap();
        assert_eq!(registry.aliases().unwrap().champion, Some(bad), "nothing was observed");
        let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
        // Two replicas watch, one of them from a later start.
        for (number, some) in records.chunks(40).enumerate() {
            // Two senders, each of whom shows it.
            let (one, other) = some.split_at(some.len() / 2);
            observe(&registry, one, &Rules::default(), "ann").unwrap();
            observe(&registry, other, &Rules::default(), "bob").unwrap();
            first.step().unwrap();
            if number == 1 {
                caretaker().step().unwrap();
            }
        }
        let aliases = registry.aliases().unwrap();
        assert_eq!((aliases.champion, aliases.previous), (Some(good), Some(bad)));
        let log = registry.audit_log(100, None).unwrap();
        let back: Vec<_> = log.iter().filter(|record| record.action == "rollback").collect();
        assert_eq!(back.len(), 1, "once");
        assert_eq!(back[0].by, "watch");
        assert!(back[0].details["reason"].as_str().unwrap().contains("`v0002`"), "{}", back[0].details);
    }

    #[test]
    fn one_sender_alone_suggests_a_rollback_once_and_performs_it_where_that_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let (good, bad) = (put(&registry, &trained().artifact), put(&registry, &spoilt()));
        for version in [good, bad] {
            registry.promote(version, &Change::default()).unwrap();
        }
        let caretaker = || Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
        let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
        observe(&registry, &records, &Rules::default(), "ann").unwrap();
        let mut first = caretaker();
        for _ in 0..2 {
            first.step().unwrap();
            caretaker().step().unwrap();
        }
        assert_eq!(registry.aliases().unwrap().champion, Some(bad));
        let suggested = |action: &str| registry.audit_log(100, None).unwrap().iter().filter(|record| record.action == action).count();
        assert_eq!((suggested("suggest_rollback"), suggested("rollback")), (1, 0), "once, by however many");
        let status = crate::drift_status(&registry, None).unwrap().observations;
        assert!(status.suggests_rollback && status.evidence.is_some_and(|evidence| !evidence.is_corroborated && evidence.senders == 1));
        caretaker().with_evidence_of_one_sender(OneSender::RollBack).step().unwrap();
        assert_eq!(registry.aliases().unwrap().champion, Some(good));
    }

    #[test]
    fn sites_that_training_knows_are_no_evidence_of_one_sender_and_are_of_two() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let (good, bad) = (put(&registry, &trained().artifact), put(&registry, &spoilt()));
        for version in [good, bad] {
            registry.promote(version, &Change::default()).unwrap();
        }
        let caretaker = || Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
        let known = uu_testkit::models::dataset(400);
        let records: Vec<Record> = known.records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
        observe(&registry, &records, &Rules::default(), "ann").unwrap();
        caretaker().step().unwrap();
        assert_eq!(registry.aliases().unwrap().champion, Some(bad), "whose months, inputs and labels one sender chose");
        observe(&registry, &records, &Rules::default(), "bob").unwrap();
        caretaker().step().unwrap();
        assert_eq!(registry.aliases().unwrap().champion, Some(good));
    }

    #[test]
    fn a_version_of_measured_rows_is_not_taken_back_to_one_of_generated_rows() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let (generated, measured) = (put(&registry, &trained().artifact), put(&registry, &spoilt_of(Some("panel"))));
        registry.promote(generated, &Change::default()).unwrap();
        registry.promote(measured, &Change { confirms: true, ..Change::default() }).unwrap();
        let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
        let (one, other) = records.split_at(records.len() / 2);
        for (sent, by) in [(one, "ann"), (other, "bob")] {
            let sent: Vec<Record> = sent.iter().map(|record| Record { source: Some("panel".into()), ..record.clone() }).collect();
            observe(&registry, &sent, &Rules::default(), by).unwrap();
        }
        let caretaker = || Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
        caretaker().with_evidence_of_one_sender(OneSender::RollBack).step().unwrap();
        let aliases = registry.aliases().unwrap();
        assert_eq!((aliases.champion, aliases.anchor), (Some(measured), Some(measured)));
        let logged = &registry.audit_log(1, None).unwrap()[0];
        assert_eq!(logged.action, "suggest_rollback");
        assert!(
            logged.details["reason"].as_str().unwrap().starts_with("the version before was trained on generated rows"),
            "{}",
            logged.details
        );
        let status = crate::drift_status(&registry, None).unwrap().observations;
        assert!(status.suggests_rollback && status.evidence.is_some_and(|evidence| evidence.is_corroborated));
    }

    #[test]
    fn a_rollback_by_itself_leaves_the_anchor_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let (good, bad) = (put(&registry, &trained().artifact), put(&registry, &spoilt()));
        for version in [good, bad] {
            registry.promote(version, &Change { confirms: true, ..Change::default() }).unwrap();
        }
        let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
        let (one, other) = records.split_at(records.len() / 2);
        observe(&registry, one, &Rules::default(), "ann").unwrap();
        observe(&registry, other, &Rules::default(), "bob").unwrap();
        Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default()).step().unwrap();
        let aliases = registry.aliases().unwrap();
        assert_eq!((aliases.champion, aliases.anchor), (Some(good), Some(bad)), "only an admin moves it");
    }

    #[test]
    fn a_good_champion_stays() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let (bad, good) = (put(&registry, &spoilt()), put(&registry, &trained().artifact));
        for version in [bad, good] {
            registry.promote(version, &Change::default()).unwrap();
        }
        let mut caretaker = Caretaker::new(registry.clone(), Arc::new(Serving::default()), "test".to_owned(), Policy::default());
        let records: Vec<Record> = unseen(200).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect();
        observe(&registry, &records, &Rules::default(), "ann").unwrap();
        caretaker.step().unwrap();
        assert_eq!(registry.aliases().unwrap().champion, Some(good));
    }
}
