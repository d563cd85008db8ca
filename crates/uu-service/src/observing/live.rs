//! The model that answers, held against observations as they arrive.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use uu_core::{Month, Record, UniqueUsers};
use uu_model::{EstimateOptions, Model};
use uu_monitor::drift::{Arrival, Compared, ConceptDrift, concept_drift};
use uu_monitor::watching::{Evidence, EvidenceReport, LiveError, LiveReport, LiveVerdict, Observation};
use uu_registry::{Aliases, ModelVersion, Received, Registry, RegistryError, Timestamp};

use crate::kept_records::record;
use crate::mixture::is_of_generated_rows;
use crate::{LoadError, Served, load};

/// Observations that are asked for at a time.
const AT_ONCE: u32 = 2_000;

/// Observations that drift is told from, the newest ones: enough for any bound, and a bound for memory.
const MOST_ARRIVALS: usize = 20_000;

/// A champion, watched from its promotion on.
///
/// What it says follows from the observations alone, in their order, so that every replica, and one that starts anew, says the same.
#[derive(Debug)]
pub struct Live {
    aliases: Aliases,
    champion: ModelVersion,
    /// Both models, once there is something to ask them: until then they would only take memory.
    models: Option<Models>,
    error: LiveError,
    evidence: Evidence,
    arrivals: VecDeque<Arrived>,
    last_number: i64,
}

/// The models that are asked.
#[derive(Debug)]
struct Models {
    champion: Arc<Served>,
    /// The one before, while the two are compared.
    previous: Option<Model>,
}

/// An observation that arrived, beside its estimate.
#[derive(Debug)]
struct Arrived {
    month: Month,
    site: Option<Box<str>>,
    actual: f64,
    point: f64,
    interval: (f64, f64),
}

/// What observations say of the champion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveStatus {
    /// The champion.
    pub version: ModelVersion,
    /// Its error beside that of the one before; `None` where it is not watched.
    pub watch: Option<LiveReport>,
    /// Whose observations that rests on; `None` where it is not watched.
    pub evidence: Option<EvidenceReport>,
    /// Whether a rollback is only suggested: the observations of one sender alone show that the champion is worse, or the version before was trained on
    /// generated rows and the champion was not.
    pub suggests_rollback: bool,
    /// Whether its estimates drift away from what is observed, by month of arrival.
    pub concept: ConceptDrift,
}

impl Live {
    /// Watches the champion; `None` where there is none.
    ///
    /// **Errors**: the store fails.
    pub fn of_champion(registry: &Registry) -> Result<Option<Self>, RegistryError> {
        let aliases = registry.aliases()?;
        let Some(champion) = aliases.champion else { return Ok(None) };
        Ok(Some(Self {
            aliases,
            champion,
            models: None,
            error: LiveError::default(),
            evidence: Evidence::default(),
            arrivals: VecDeque::new(),
            last_number: aliases.watched_from.unwrap_or_default(),
        }))
    }

    /// Whether the registry still has the aliases this began with.
    #[must_use]
    pub fn is_of(&self, aliases: Aliases) -> bool {
        self.aliases == aliases
    }

    /// The champion.
    #[must_use]
    pub fn version(&self) -> ModelVersion {
        self.champion
    }

    /// Takes up what has arrived since the last call; says whether that was all. `served` is what this process answers with: where that is
    /// the champion, it need not be loaded once more.
    ///
    /// **Errors**: the champion cannot be loaded; the store fails. What was taken up stays so.
    pub fn take_up(&mut self, registry: &Registry, served: Option<&Arc<Served>>) -> Result<bool, LoadError> {
        let received = registry.observations_after(self.last_number, AT_ONCE)?;
        let was_all = received.len() < AT_ONCE as usize;
        if received.is_empty() {
            return Ok(true);
        }
        let models = match self.models.take() {
            Some(models) => models,
            None => Models::load(registry, self.aliases, (self.champion, served))?,
        };
        for one in received {
            self.last_number = one.number;
            self.observe(&models, one);
        }
        self.models = Some(models);
        Ok(was_all)
    }

    fn observe(&mut self, models: &Models, received: Received) {
        let arrived = month_of(received.received_at);
        let champion = &models.champion.model;
        let Some(record) = record(received.observation, champion.rules()) else { return };
        let Some(actual) = record.unique_users.map(UniqueUsers::get) else { return };
        let asked = Record { unique_users: None, ..record };
        let estimate = champion.estimate_one(&asked, EstimateOptions::default());
        if let Some(previous) = &models.previous {
            let previous = previous.estimate_one(&asked, EstimateOptions::default()).point;
            let observation = Observation { site: asked.site.as_deref(), actual, champion: estimate.point, previous };
            self.error.observe(observation);
            self.evidence.observe(observation, &received.by);
        }
        let (point, interval) = (estimate.point, (estimate.low, estimate.high));
        self.arrivals.extend(arrived.map(|month| Arrived { month, site: asked.site, actual, point, interval }));
        while self.arrivals.len() > MOST_ARRIVALS {
            self.arrivals.pop_front();
        }
    }

    /// Whether the champion is compared with the version before.
    fn is_watched(&self) -> bool {
        let has_two = self.aliases.previous.is_some() && self.aliases.watched_from.is_some();
        has_two && self.models.as_ref().is_none_or(|models| models.previous.is_some())
    }

    /// What is to be done with the champion; `None` where it is not compared with another one.
    #[must_use]
    pub fn verdict(&self) -> Option<LiveVerdict> {
        self.is_watched().then(|| self.error.report().verdict)
    }

    /// Whether the observations show without any one sender that the champion is worse.
    #[must_use]
    pub fn is_corroborated(&self) -> bool {
        self.evidence.is_corroborated()
    }

    /// Whether a rollback would put a version of generated rows in the place of one of measured rows. Such a version knows no real site, and is no measure
    /// of what comes after it: only an admin goes back to it.
    #[must_use]
    pub fn would_leave_measured_rows(&self) -> bool {
        let Some(Models { champion, previous: Some(previous) }) = &self.models else { return false };
        is_of_generated_rows(previous) && !is_of_generated_rows(&champion.model)
    }

    /// What all observations so far say.
    #[must_use]
    pub fn status(&self) -> LiveStatus {
        let arrivals = self.arrivals.iter().map(|arrival| Arrival {
            arrived: arrival.month,
            compared: Compared { site: arrival.site.as_deref(), actual: arrival.actual, point: arrival.point, interval: arrival.interval },
        });
        let watch = self.is_watched().then(|| self.error.report());
        let evidence = watch.as_ref().map(|_| self.evidence.report());
        let shows_worse = watch.as_ref().is_some_and(|watch| matches!(watch.verdict, LiveVerdict::RollBack { .. }));
        let is_alone = evidence.is_some_and(|evidence| !evidence.is_corroborated);
        let suggests_rollback = shows_worse && (is_alone || self.would_leave_measured_rows());
        LiveStatus { version: self.champion, watch, evidence, suggests_rollback, concept: concept_drift(arrivals) }
    }
}

impl Models {
    /// Loads them. A version before that cannot be loaded is not compared with.
    fn load(registry: &Registry, aliases: Aliases, (champion, served): (ModelVersion, Option<&Arc<Served>>)) -> Result<Self, LoadError> {
        let own = served.filter(|served| served.version == champion.to_string());
        let champion = own.map_or_else(|| load(registry, Some(champion)).map(Arc::new), |served| Ok(Arc::clone(served)))?;
        let previous = aliases.previous.filter(|_| aliases.watched_from.is_some()).and_then(|version| {
            let loaded = load(registry, Some(version));
            loaded.inspect_err(|error| tracing::warn!(%version, %error, "the champion cannot be compared with the version before")).ok()
        });
        Ok(Self { champion, previous: previous.map(|served| served.model) })
    }
}

fn month_of(time: Timestamp) -> Option<Month> {
    Month::of_day_since_1970(time.days_since_1970())
}
