//! Jobs in numbers, for those who watch the service.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uu_registry::{JobState, UnfinishedJobs};

/// How jobs stand: those of the store that have not ended, and those that ended on this replica.
#[derive(Debug, Default)]
pub struct JobCounts {
    queued: AtomicU64,
    running: AtomicU64,
    ended: [Ended; ENDS.len()],
}

/// The states a job can end in.
const ENDS: [JobState; 5] = [JobState::Succeeded, JobState::Refused, JobState::Failed, JobState::Cancelled, JobState::Lost];

#[derive(Debug, Default)]
struct Ended {
    jobs: AtomicU64,
    milliseconds: AtomicU64,
    last_unix_s: AtomicU64,
}

/// Jobs that ended in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedJobs {
    /// The state.
    pub state: JobState,
    /// How many they are.
    pub jobs: u64,
    /// How long they took together; nothing is known of those that were lost.
    pub took: Duration,
    /// When the last of them ended, in seconds since 1970; 0 where there was none.
    pub last_unix_s: u64,
}

impl JobCounts {
    /// Keeps what the store says of jobs that have not ended.
    pub(crate) fn unfinished_are(&self, jobs: UnfinishedJobs) {
        self.queued.store(jobs.queued, Ordering::Relaxed);
        self.running.store(jobs.running, Ordering::Relaxed);
    }

    /// Counts a job of this replica that ended so, after so long.
    pub(crate) fn ended_in(&self, state: JobState, took: Duration) {
        let Some(place) = ENDS.iter().position(|end| *end == state) else { return };
        let ended = &self.ended[place];
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        ended.jobs.fetch_add(1, Ordering::Relaxed);
        ended.milliseconds.fetch_add(took.as_millis().try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
        ended.last_unix_s.store(now.as_secs(), Ordering::Relaxed);
    }

    /// Jobs of the store that have not ended, as they were found last.
    pub fn unfinished(&self) -> UnfinishedJobs {
        UnfinishedJobs { queued: self.queued.load(Ordering::Relaxed), running: self.running.load(Ordering::Relaxed) }
    }

    /// Jobs that ended on this replica, and those it found lost, by the state they ended in.
    pub fn ended(&self) -> impl Iterator<Item = EndedJobs> {
        ENDS.into_iter().zip(&self.ended).map(|(state, ended)| EndedJobs {
            state,
            jobs: ended.jobs.load(Ordering::Relaxed),
            took: Duration::from_millis(ended.milliseconds.load(Ordering::Relaxed)),
            last_unix_s: ended.last_unix_s.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_counted_by_the_state_they_end_in() {
        let counts = JobCounts::default();
        counts.ended_in(JobState::Failed, Duration::from_millis(1_500));
        counts.ended_in(JobState::Failed, Duration::from_millis(1_000));
        counts.ended_in(JobState::Running, Duration::from_secs(9));
        let failed = counts.ended().find(|ended| ended.state == JobState::Failed).unwrap();
        assert_eq!((failed.jobs, failed.took), (2, Duration::from_millis(2_500)));
        assert_eq!(counts.ended().map(|ended| ended.jobs).sum::<u64>(), 2);
    }
}
