//! Telling which running jobs have lost their workers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{JobId, JobState, event};
use crate::{Registry, RegistryError, Timestamp};

/// Looks that must see a counter stand still, at least: one long pause of the onlooker itself, in which it saw nothing, condemns nobody.
const LOOKS: u32 = 3;

/// Watches the workers of running jobs by the counters they move, on the clock of the one who watches.
///
/// Whoever has a registry may watch, and several may; each has its own `Watch` and looks every few seconds.
#[derive(Debug)]
pub struct Watch {
    silence: Duration,
    last_look: Option<Instant>,
    seen: BTreeMap<JobId, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    fence: i64,
    heartbeat: i64,
    stood: Duration,
}

impl Watch {
    /// Takes a worker for lost whose counter stood still for `silence`: several times what workers let pass between two beats.
    #[must_use]
    pub fn new(silence: Duration) -> Self {
        Self { silence, last_look: None, seen: BTreeMap::new() }
    }

    /// Looks once, and ends as lost the jobs whose workers fell silent; gives these back.
    ///
    /// A look that fails forgets what was seen: while the database is away, workers cannot move their counters.
    ///
    /// **Errors**: a database that cannot be reached or written.
    pub fn look(&mut self, registry: &Registry) -> Result<Vec<JobId>, RegistryError> {
        self.look_at(registry, Instant::now())
    }

    /// The same at a time of the caller's.
    ///
    /// **Errors**: as [`Watch::look`].
    pub fn look_at(&mut self, registry: &Registry, now: Instant) -> Result<Vec<JobId>, RegistryError> {
        let looked = self.looked(registry, now);
        if looked.is_err() {
            (self.last_look, self.seen) = (None, BTreeMap::new());
        }
        looked
    }

    fn looked(&mut self, registry: &Registry, now: Instant) -> Result<Vec<JobId>, RegistryError> {
        let since = self.last_look.replace(now).map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        let step = since.min(self.silence / LOOKS);
        let mut seen = BTreeMap::new();
        let mut lost = Vec::new();
        for (id, fence, heartbeat) in running(registry)? {
            let before = self.seen.get(&id).filter(|before| (before.fence, before.heartbeat) == (fence, heartbeat));
            let stood = before.map_or(Duration::ZERO, |before| before.stood + step);
            if stood < self.silence {
                seen.insert(id, Seen { fence, heartbeat, stood });
            } else if give_up(registry, id, (fence, heartbeat), self.silence)? {
                lost.push(id);
            }
        }
        self.seen = seen;
        Ok(lost)
    }
}

fn running(registry: &Registry) -> Result<Vec<(JobId, i64, i64)>, RegistryError> {
    const SQL: &str = "SELECT id, fence, heartbeat FROM jobs WHERE state = 'running'";
    let rows = registry.wait(registry.database().fetch(SQL, Vec::new()))?;
    rows.iter().map(|row| Ok((JobId(row.integer("id")?), row.integer("fence")?, row.integer("heartbeat")?))).collect()
}

/// Ends a job as lost, unless its worker has moved meanwhile.
fn give_up(registry: &Registry, id: JobId, (fence, heartbeat): (i64, i64), silence: Duration) -> Result<bool, RegistryError> {
    registry.wait(async {
        let mut transaction = registry.database().write().await?;
        let sql = "UPDATE jobs SET state = 'lost', ended_at = $4 WHERE id = $1 AND fence = $2 AND heartbeat = $3 AND state = 'running'";
        let values = vec![id.0.into(), fence.into(), heartbeat.into(), Timestamp::now().into()];
        if transaction.execute(sql, values).await? == 0 {
            return Ok(false);
        }
        event::append(&mut transaction, id, JobState::Lost, &json!({ "silent_for_s": silence.as_secs_f64() })).await?;
        transaction.commit().await?;
        Ok(true)
    })
}
