//! How fast the bytes of long work come and go: who keeps others waiting for a slot by being slow gives way to them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Least pace of what has a slot that others want: 256 kbit/s.
const LEAST_BYTES_PER_S: f64 = (32 << 10) as f64;

/// Time that is spent waiting over which the pace is looked at; what is longer ago counts half.
const WINDOW: Duration = Duration::from_secs(12);

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The body of the request.
    In,
    /// The answer.
    Out,
}

impl Way {
    /// The least time that is spent waiting before a pace is one. Answers go in pieces that take some seconds each.
    fn grace(self) -> Duration {
        Duration::from_secs(match self {
            Self::In => 3,
            Self::Out => 10,
        })
    }
}

/// The bytes of work that has a slot.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    state: Mutex<State>,
    given_way: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Both ways together: whoever sends everything before he reads is not slow.
    bytes: f64,
    ways: [Waits; 2],
    has_given_way: bool,
}

/// Time that was spent waiting one way.
#[derive(Clone, Copy, Debug, Default)]
struct Waits {
    so_far: Duration,
    since: Option<Instant>,
}

impl Waits {
    fn in_all(self) -> Duration {
        self.so_far + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

impl Flow {
    /// Begins to wait for the client.
    pub(crate) fn wait(&self, way: Way) {
        self.state().ways[way as usize].since = Some(Instant::now());
    }

    /// Ends the wait: so many bytes went that way.
    pub(crate) fn moved(&self, way: Way, bytes: usize) {
        let mut guard = self.state();
        let state = &mut *guard;
        state.bytes += bytes as f64;
        let waits = &mut state.ways[way as usize];
        *waits = Waits { so_far: waits.in_all(), since: None };
        if waits.so_far > WINDOW {
            waits.so_far /= 2;
            state.bytes /= 2.0;
        }
    }

    /// The pace where it is too slow for a slot that others want, in bytes a second; `None` where it is not, where the client is not waited for just
    /// now, and where it has given way already.
    pub(crate) fn slow_pace(&self) -> Option<f64> {
        let state = self.state();
        if state.has_given_way {
            return None;
        }
        let slow = [Way::In, Way::Out].into_iter().filter_map(|way| {
            let waits = state.ways[way as usize];
            let waited = waits.since.map(|_| waits.in_all())?;
            let pace = state.bytes / waited.as_secs_f64();
            (waited >= way.grace() && pace < LEAST_BYTES_PER_S).then_some(pace)
        });
        slow.min_by(f64::total_cmp)
    }

    /// Has the work end; whoever does it finds out by [`Flow::gives_way`].
    pub(crate) fn give_way(&self) {
        self.state().has_given_way = true;
        self.given_way.notify_waiters();
    }

    pub(crate) fn has_given_way(&self) -> bool {
        self.state().has_given_way
    }

    /// Waits until the work is to end.
    pub(crate) async fn gives_way(&self) {
        let notified = self.given_way.notified();
        // What was notified before is not notified again.
        if !self.has_given_way() {
            notified.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Flow {
    /// One that waited so long for so many bytes.
    pub(crate) fn of(way: Way, waited: Duration, bytes: usize) -> std::sync::Arc<Self> {
        let flow = Self::default();
        flow.state().ways[way as usize].so_far = waited;
        flow.moved(way, bytes);
        flow.wait(way);
        std::sync::Arc::new(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::a_trickle(Way::In, 4, 4_000, true)]
    #[case::nothing_for_a_moment(Way::In, 2, 0, false)]
    #[case::a_slow_line(Way::In, 11, 700_000, false)]
    #[case::an_answer_that_nobody_reads(Way::Out, 11, 0, true)]
    #[case::an_answer_whose_first_piece_is_on_its_way(Way::Out, 9, 0, false)]
    #[case::a_burst_and_then_nothing(Way::In, 100, 1_000_000, true)]
    fn a_pace_is_slow_or_not(#[case] way: Way, #[case] waited_s: u64, #[case] bytes: usize, #[case] is_slow: bool) {
        let flow = Flow::of(way, Duration::from_secs(waited_s), bytes);
        assert_eq!(flow.slow_pace().is_some(), is_slow);
        flow.give_way();
        assert_eq!(flow.slow_pace(), None, "once is enough");
    }

    #[test]
    fn who_was_slow_and_is_waited_for_no_more_is_not() {
        let flow = Flow::of(Way::In, Duration::from_secs(60), 0);
        assert!(flow.slow_pace().is_some());
        flow.moved(Way::In, 0);
        assert_eq!(flow.slow_pace(), None, "its rows are worked on");
    }

    #[test]
    fn who_sends_everything_before_he_reads_is_not_slow() {
        let flow = Flow::of(Way::Out, Duration::from_secs(11), 0);
        flow.moved(Way::In, 10 << 20);
        assert_eq!(flow.slow_pace(), None);
    }

    #[tokio::test]
    async fn giving_way_is_seen_by_who_waits_and_by_who_comes_later() {
        let flow = Flow::of(Way::In, Duration::from_secs(60), 0);
        let mut waiting = Box::pin(flow.gives_way());
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut waiting).await.is_err());
        flow.give_way();
        waiting.await;
        flow.gives_way().await;
    }
}
