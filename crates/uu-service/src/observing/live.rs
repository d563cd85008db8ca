//! The model that answers, held against observations as they arrive.

use std::collections::VecDeque;

use serde::Serialize;
use uu_core::{Month, Record, UniqueUsers};
use uu_model::drift::{Arrival, Compared, ConceptDrift, concept_drift};
use uu_model::{EstimateOptions, Model};
use uu_registry::{Aliases, ModelVersion, Received, Registry, RegistryError, Timestamp};

use super::record;
use crate::LoadError;
use crate::watching::{LiveError, LiveReport, LiveVerdict, Observation};

/// Observations that are asked for at a time.
const AT_ONCE: u32 = 2_000;

/// Observations that drift is told from, the newest ones: enough for any bound, and a bound for memory.
const MOST_ARRIVALS: usize = 20_000;

const MS_PER_DAY: i64 = 86_400_000;

/// A champion, watched from its promotion on.
///
/// What it says follows from the observations alone, in their order, so that every replica, and one that starts anew, says the same.
#[derive(Debug)]
pub struct Live {
    aliases: Aliases,
    champion: ModelVersion,
    champion_model: Model,
    /// The one before, while the two are compared.
    previous_model: Option<Model>,
    error: LiveError,
    arrivals: VecDeque<Arrived>,
    last_number: i64,
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
    /// Whether its estimates drift away from what is observed, by month of arrival.
    pub concept: ConceptDrift,
}

impl Live {
    /// Watches the champion; `None` where there is none.
    ///
    /// **Errors**: the champion cannot be loaded; the store fails. A previous version that cannot be loaded is not compared with.
    pub fn of_champion(registry: &Registry) -> Result<Option<Self>, LoadError> {
        let aliases = registry.aliases()?;
        let Some(champion) = aliases.champion else { return Ok(None) };
        let model = |version: ModelVersion| {
            let bytes = registry.read(version)?;
            Model::from_bytes(&bytes).map_err(|source| LoadError::Artifact { version, source })
        };
        let previous = aliases.previous.filter(|_| aliases.watched_from.is_some());
        let previous_model = previous.and_then(|version| {
            let loaded = model(version);
            loaded.inspect_err(|error| tracing::warn!(%version, %error, "the champion cannot be compared with the version before")).ok()
        });
        Ok(Some(Self {
            aliases,
            champion,
            champion_model: model(champion)?,
            previous_model,
            error: LiveError::default(),
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

    /// Takes up what has arrived since the last call; says whether that was all.
    ///
    /// **Errors**: the store fails; what was taken up stays so.
    pub fn take_up(&mut self, registry: &Registry) -> Result<bool, RegistryError> {
        let received = registry.observations_after(self.last_number, AT_ONCE)?;
        let was_all = received.len() < AT_ONCE as usize;
        for one in received {
            self.last_number = one.number;
            self.observe(one);
        }
        Ok(was_all)
    }

    fn observe(&mut self, received: Received) {
        let arrived = month_of(received.received_at);
        let Some(record) = record(received.observation, self.champion_model.rules()) else { return };
        let Some(actual) = record.unique_users.map(UniqueUsers::get) else { return };
        let asked = Record { unique_users: None, ..record };
        let estimate = self.champion_model.estimate_one(&asked, EstimateOptions::default());
        if let Some(previous) = &self.previous_model {
            let previous = previous.estimate_one(&asked, EstimateOptions::default()).point;
            self.error.observe(Observation { site: asked.site.as_deref(), actual, champion: estimate.point, previous });
        }
        let (point, interval) = (estimate.point, (estimate.low, estimate.high));
        self.arrivals.extend(arrived.map(|month| Arrived { month, site: asked.site, actual, point, interval }));
        while self.arrivals.len() > MOST_ARRIVALS {
            self.arrivals.pop_front();
        }
    }

    /// What is to be done with the champion; `None` where it is not compared with another one.
    #[must_use]
    pub fn verdict(&self) -> Option<LiveVerdict> {
        self.previous_model.as_ref().map(|_| self.error.report().verdict)
    }

    /// What all observations so far say.
    #[must_use]
    pub fn status(&self) -> LiveStatus {
        let arrivals = self.arrivals.iter().map(|arrival| Arrival {
            arrived: arrival.month,
            compared: Compared { site: arrival.site.as_deref(), actual: arrival.actual, point: arrival.point, interval: arrival.interval },
        });
        LiveStatus {
            version: self.champion,
            watch: self.previous_model.as_ref().map(|_| self.error.report()),
            concept: concept_drift(arrivals),
        }
    }
}

fn month_of(time: Timestamp) -> Option<Month> {
    Month::of_day_since_1970(time.milliseconds().div_euclid(MS_PER_DAY))
}
