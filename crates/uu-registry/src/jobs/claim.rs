//! A worker's side of a job.

use serde_json::{Value, json};

use super::uploads::forget;
use super::{Job, JobId, JobState, event, find};
use crate::database::Transaction;
use crate::{Registry, RegistryError, Timestamp};

/// A job that was given to a worker; what the worker reports names it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The job.
    pub job: Job,
    /// Greater than that of every claim before.
    pub fence: i64,
}

/// What a worker must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Go on.
    GoOn,
    /// Stop, and finish with [`Outcome::Cancelled`].
    Cancel,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is done.
    Succeeded(Value),
    /// It is done, and the answer is no, for these reasons.
    Refused(Value),
    /// It could not be done, for this reason.
    Failed(Value),
    /// It stopped as it was asked to.
    Cancelled,
}

impl Outcome {
    /// The state that a job ends in by it.
    #[must_use]
    pub fn state(&self) -> JobState {
        match self {
            Self::Succeeded(_) => JobState::Succeeded,
            Self::Refused(_) => JobState::Refused,
            Self::Failed(_) => JobState::Failed,
            Self::Cancelled => JobState::Cancelled,
        }
    }

    fn details(&self) -> &Value {
        match self {
            Self::Succeeded(details) | Self::Refused(details) | Self::Failed(details) => details,
            Self::Cancelled => &Value::Null,
        }
    }
}

impl Registry {
    /// Gives `worker` the oldest job that waits and whose kind has no running job, if there is one.
    ///
    /// **Errors**: a database that cannot be reached or written.
    pub fn claim(&self, worker: &str) -> Result<Option<Claim>, RegistryError> {
        const NEXT: &str = "SELECT id FROM jobs WHERE state = 'queued' AND kind NOT IN (SELECT kind FROM jobs WHERE state = 'running')
            ORDER BY id LIMIT 1";
        // Most looks find nothing, and need not wait for a writer.
        if self.wait(self.database().fetch(NEXT, Vec::new()))?.is_empty() {
            return Ok(None);
        }
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let Some(row) = transaction.fetch(NEXT, Vec::new()).await?.pop() else { return Ok(None) };
            let id = JobId(row.integer("id")?);
            let fence = transaction.number("SELECT COALESCE(MAX(fence), 0) + 1 AS number FROM jobs", Vec::new()).await?;
            let sql = "UPDATE jobs SET state = 'running', worker = $2, fence = $3, started_at = $4 WHERE id = $1";
            transaction.execute(sql, vec![id.0.into(), worker.into(), fence.into(), Timestamp::now().into()]).await?;
            event::append(&mut transaction, id, JobState::Running, &json!({ "worker": worker })).await?;
            let job = find(&mut transaction, id).await?;
            transaction.commit().await?;
            Ok(Some(Claim { job, fence }))
        })
    }

    /// Says that the worker lives and how far it is; the answer says whether to go on. What was said last is not noted again.
    ///
    /// **Errors**: the claim has ended; a database that cannot be reached or written.
    pub fn report(&self, claim: &Claim, progress: &Value) -> Result<Order, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let before = held(&mut transaction, claim).await?;
            let sql = "UPDATE jobs SET heartbeat = heartbeat + 1, progress = $2 WHERE id = $1";
            transaction.execute(sql, vec![claim.job.id.0.into(), progress.into()]).await?;
            if before.progress.as_ref() != Some(progress) {
                event::append(&mut transaction, claim.job.id, JobState::Running, &json!({ "progress": progress })).await?;
            }
            transaction.commit().await?;
            Ok(order(&before))
        })
    }

    /// Says that the worker lives, and nothing else.
    ///
    /// **Errors**: as [`Registry::report`].
    pub fn beat(&self, claim: &Claim) -> Result<Order, RegistryError> {
        self.wait(async {
            let mut transaction = self.database().write().await?;
            let before = held(&mut transaction, claim).await?;
            transaction.execute("UPDATE jobs SET heartbeat = heartbeat + 1 WHERE id = $1", vec![claim.job.id.0.into()]).await?;
            transaction.commit().await?;
            Ok(order(&before))
        })
    }

    /// Ends a job. The files of one that succeeded are removed; those of others are there for a retry, until a sweep a day later.
    ///
    /// **Errors**: the claim has ended; a database that cannot be reached or written.
    pub fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<(), RegistryError> {
        let unneeded = self.wait(async {
            let mut transaction = self.database().write().await?;
            held(&mut transaction, claim).await?;
            let (id, state) = (claim.job.id, outcome.state());
            let sql = "UPDATE jobs SET state = $2, outcome = $3, ended_at = $4 WHERE id = $1";
            transaction.execute(sql, vec![id.0.into(), state.name().into(), outcome.details().into(), Timestamp::now().into()]).await?;
            event::append(&mut transaction, id, state, &json!({ "outcome": outcome.details() })).await?;
            let unneeded = if state == JobState::Succeeded { forget(&mut transaction, id).await? } else { Vec::new() };
            transaction.commit().await?;
            Ok(unneeded)
        })?;
        for object in unneeded {
            if let Err(error) = self.wait_long(self.objects().remove(&object)) {
                // The job is done all the same, and a sweep removes what no row names.
                tracing::warn!(%error, object, "an upload that is not needed any more is still there");
            }
        }
        Ok(())
    }
}

fn order(job: &Job) -> Order {
    if job.cancel_requested { Order::Cancel } else { Order::GoOn }
}

/// The job, if the claim on it stands.
async fn held(transaction: &mut Transaction, claim: &Claim) -> Result<Job, RegistryError> {
    let id = claim.job.id;
    let sql = "SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'";
    if transaction.fetch(sql, vec![id.0.into(), claim.fence.into()]).await?.is_empty() {
        return Err(RegistryError::Fenced { id, fence: claim.fence });
    }
    find(transaction, id).await
}
