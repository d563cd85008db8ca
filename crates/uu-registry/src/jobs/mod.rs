//! Jobs: long work that one replica is asked for and one does.
//!
//! A job of a kind runs alone across all replicas. Its worker holds a claim with a number (a fence) that is greater than that of any claim
//! before; what is reported under another number than the job's own is refused, so a worker that was taken for dead and is not can do no
//! harm. Whether it lives is told by a counter that it moves, and judged by the onlooker's own monotonic clock: clocks that differ or jump
//! do not matter.

mod bounds;
mod claim;
mod event;
pub(crate) mod uploads;
mod watch;

pub use bounds::{Asker, QueueBounds};
pub(crate) use bounds::{room, rows_room};
pub use claim::{Claim, Order, Outcome};
pub use event::JobEvent;
pub(crate) use event::{EVERY as EVERY_EVENT, event};
pub use watch::Watch;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use uploads::hand_on;

use crate::database::{Row, Transaction};
use crate::{Registry, RegistryError, Timestamp};

/// Number of a job, in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// It is done.
    Succeeded,
    /// It is done, and the answer is no.
    Refused,
    /// It could not be done.
    Failed,
    /// Somebody called it off.
    Cancelled,
    /// Its worker fell silent.
    Lost,
}

impl JobState {
    const ALL: [Self; 7] = [Self::Queued, Self::Running, Self::Succeeded, Self::Refused, Self::Failed, Self::Cancelled, Self::Lost];

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }

    /// Whether nothing more happens to the job.
    #[must_use]
    pub fn has_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Serialize for JobState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for JobState {
    type Err = RegistryError;

    fn from_str(name: &str) -> Result<Self, RegistryError> {
        let found = Self::ALL.into_iter().find(|state| state.name() == name);
        found.ok_or_else(|| RegistryError::BadRow { table: "jobs", reason: format!("`{name}` is no state of a job") })
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What kind of work: jobs of one kind run one at a time.
    pub kind: String,
    /// What is asked for.
    pub request: Value,
    /// Who asked.
    pub by: String,
    /// Where it stands.
    pub state: JobState,
    /// Who has it, or had it.
    pub worker: Option<String>,
    /// How far it is, as its worker said last.
    pub progress: Option<Value>,
    /// What came of it.
    pub outcome: Option<Value>,
    /// Whether its worker was asked to stop.
    pub cancel_requested: bool,
    /// The job this one tries again.
    pub retry_of: Option<JobId>,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// When a worker took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Jobs that have not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnfinishedJobs {
    /// Those that no worker has taken.
    pub queued: u64,
    /// Those that a worker has.
    pub running: u64,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, request, made_by, state, worker, progress, outcome, cancel_requested, retry_of, queued_at, started_at, ended_at
            FROM jobs ",
            $rest
        )
    };
}

/// All rows.
pub(crate) const EVERY: &str = columns!("");

impl Registry {
    /// Asks for work of a kind. It waits until no other job of its kind runs and a worker claims it.
    ///
    /// **Errors**: a database that cannot be reached or written.
    pub fn enqueue(&self, kind: &str, request: &Value, by: &str) -> Result<JobId, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let id = queue(&mut transaction, kind, request, by, None).await?;
            transaction.commit().await?;
            Ok(id)
        })
    }

    /// Asks for work of a kind unless some is waiting or under way; `None` where it is.
    ///
    /// **Errors**: a database that cannot be reached or written.
    pub fn enqueue_if_idle(&self, kind: &str, request: &Value, by: &str) -> Result<Option<JobId>, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let sql = "SELECT COUNT(*) AS number FROM jobs WHERE kind = $1 AND state IN ('queued', 'running')";
            if transaction.number(sql, vec![kind.into()]).await? > 0 {
                return Ok(None);
            }
            let id = queue(&mut transaction, kind, request, by, None).await?;
            transaction.commit().await?;
            Ok(Some(id))
        })
    }

    /// Calls a job off: at once where it waits, and where it runs by asking its worker, whose next report says so.
    ///
    /// Gives back the state the job is in now. **Errors**: an unknown job; one that has ended; a database that cannot be reached or written.
    pub fn request_cancel(&self, id: JobId, by: &str) -> Result<JobState, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let job = find(&mut transaction, id).await?;
            let details = json!({ "cancel_requested_by": by });
            let state = match job.state {
                JobState::Queued => {
                    let sql = "UPDATE jobs SET state = 'cancelled', cancel_requested = 1, ended_at = $2 WHERE id = $1";
                    transaction.execute(sql, vec![id.0.into(), Timestamp::now().into()]).await?;
                    JobState::Cancelled
                }
                JobState::Running => {
                    transaction.execute("UPDATE jobs SET cancel_requested = 1 WHERE id = $1", vec![id.0.into()]).await?;
                    JobState::Running
                }
                state => return Err(RegistryError::JobState { id, state, action: "cancelled" }),
            };
            event::append(&mut transaction, id, state, &details).await?;
            transaction.commit().await?;
            Ok(state)
        })
    }

    /// Asks again for what a job that was refused, failed, was cancelled or lost was asked for, as a new job.
    ///
    /// **Errors**: an unknown job; one that has not ended, succeeded, or has a retry that has not ended; [`RegistryError::QueueFull`]; a database
    /// that cannot be reached or written.
    pub fn retry<'a>(&self, id: JobId, asker: impl Into<Asker<'a>>) -> Result<JobId, RegistryError> {
        let asker = asker.into();
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let job = find(&mut transaction, id).await?;
            if !job.state.has_ended() || job.state == JobState::Succeeded {
                return Err(RegistryError::JobState { id, state: job.state, action: "retried" });
            }
            let live = "SELECT COALESCE(MAX(id), 0) AS number FROM jobs WHERE retry_of = $1 AND state IN ('queued', 'running')";
            let retry = transaction.number(live, vec![id.0.into()]).await?;
            if retry > 0 {
                return Err(RegistryError::RetriedAlready { id, retry: JobId(retry) });
            }
            room(&mut transaction, asker, 0).await?;
            let again = queue(&mut transaction, &job.kind, &job.request, asker.by, Some(id)).await?;
            hand_on(&mut transaction, id, again).await?;
            transaction.commit().await?;
            Ok(again)
        })
    }

    /// A job as it stands.
    ///
    /// **Errors**: an unknown job; a database that cannot be reached.
    pub fn job(&self, id: JobId) -> Result<Job, RegistryError> {
        let rows = self.wait(self.database().fetch(columns!("WHERE id = $1"), vec![id.0.into()]))?;
        rows.first().map_or(Err(RegistryError::UnknownJob { id }), job)
    }

    /// How many jobs have not ended.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn unfinished_jobs(&self) -> Result<UnfinishedJobs, RegistryError> {
        const SQL: &str = "SELECT state, COUNT(*) AS number FROM jobs WHERE state IN ('queued', 'running') GROUP BY state";
        let mut jobs = UnfinishedJobs::default();
        for row in self.wait(self.database().fetch(SQL, Vec::new()))? {
            let number = row.integer("number")?.unsigned_abs();
            match row.text("state")?.parse()? {
                JobState::Queued => jobs.queued = number,
                _ => jobs.running = number,
            }
        }
        Ok(jobs)
    }

    /// The newest `limit` jobs, the newest first.
    ///
    /// **Errors**: a database that cannot be reached.
    pub fn jobs(&self, limit: u32) -> Result<Vec<Job>, RegistryError> {
        let rows = self.wait(self.database().fetch(columns!("ORDER BY id DESC LIMIT $1"), vec![i64::from(limit).into()]))?;
        rows.iter().map(job).collect()
    }
}

async fn find(transaction: &mut Transaction, id: JobId) -> Result<Job, RegistryError> {
    let rows = transaction.fetch(columns!("WHERE id = $1"), vec![id.0.into()]).await?;
    rows.first().map_or(Err(RegistryError::UnknownJob { id }), job)
}

pub(crate) async fn queue(
    transaction: &mut Transaction,
    kind: &str,
    request: &Value,
    by: &str,
    retry_of: Option<JobId>,
) -> Result<JobId, RegistryError> {
    let id = JobId(transaction.number("SELECT COALESCE(MAX(id), 0) + 1 AS number FROM jobs", Vec::new()).await?);
    let state = JobState::Queued;
    let values = vec![
        id.0.into(),
        kind.into(),
        request.into(),
        by.into(),
        state.name().into(),
        0.into(),
        0.into(),
        0.into(),
        retry_of.map(|job| job.0).into(),
        Timestamp::now().into(),
    ];
    let into = "jobs (id, kind, request, made_by, state, fence, heartbeat, cancel_requested, retry_of, queued_at)";
    transaction.insert(into, values.len(), values).await?;
    event::append(transaction, id, state, &json!({ "by": by, "retry_of": retry_of })).await?;
    Ok(id)
}

pub(crate) fn job(row: &Row) -> Result<Job, RegistryError> {
    Ok(Job {
        id: JobId(row.integer("id")?),
        kind: row.text("kind")?,
        request: row.json("jobs", "request")?,
        by: row.text("made_by")?,
        state: row.text("state")?.parse()?,
        worker: row.maybe_text("worker")?,
        progress: row.maybe_json("jobs", "progress")?,
        outcome: row.maybe_json("jobs", "outcome")?,
        cancel_requested: row.integer("cancel_requested")? != 0,
        retry_of: row.maybe_integer("retry_of")?.map(JobId),
        queued_at: row.time("queued_at")?,
        started_at: row.maybe_time("started_at")?,
        ended_at: row.maybe_time("ended_at")?,
    })
}
