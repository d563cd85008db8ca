//! What happened to a job, numbered, so that a listener can go on where it left off.

use serde::Serialize;
use serde_json::Value;

use super::{JobId, JobState};
use crate::database::{Row, Transaction};
use crate::{Registry, RegistryError, Timestamp};

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobEvent {
    /// Grows by one with each event of the job, from 1.
    pub number: i64,
    /// When.
    pub happened_at: Timestamp,
    /// Where the job stands from then on.
    pub state: JobState,
    /// What it was: progress, an outcome, who asked.
    pub details: Value,
}

/// All rows.
pub(crate) const EVERY: &str = "SELECT number, happened_at, state, details FROM job_events";

impl Registry {
    /// What happened to a job after the event `number`, the oldest first; 0 gives all of it.
    ///
    /// **Errors**: an unknown job; a database that cannot be reached.
    pub fn events_after(&self, job: JobId, number: i64) -> Result<Vec<JobEvent>, RegistryError> {
        const SQL: &str = "SELECT number, happened_at, state, details FROM job_events WHERE job = $1 AND number > $2 ORDER BY number";
        let rows = self.wait(self.database().fetch(SQL, vec![job.0.into(), number.into()]))?;
        if rows.is_empty() {
            self.job(job)?;
        }
        rows.iter().map(event).collect()
    }
}

/// Notes what happened to a job, in the transaction that did it.
pub(super) async fn append(transaction: &mut Transaction, job: JobId, state: JobState, details: &Value) -> Result<(), RegistryError> {
    let next = "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM job_events WHERE job = $1";
    let number = transaction.number(next, vec![job.0.into()]).await?;
    let values = vec![job.0.into(), number.into(), Timestamp::now().into(), state.name().into(), details.into()];
    transaction.insert("job_events (job, number, happened_at, state, details)", values.len(), values).await
}

pub(crate) fn event(row: &Row) -> Result<JobEvent, RegistryError> {
    Ok(JobEvent {
        number: row.integer("number")?,
        happened_at: row.time("happened_at")?,
        state: row.text("state")?.parse()?,
        details: row.json("job_events", "details")?,
    })
}
