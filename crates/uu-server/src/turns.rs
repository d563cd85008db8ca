//! Turns: so many at a time. Of those that wait the next is of a network that has the fewest, and of these of the one whose last turn was longest ago.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::network::Network;

/// Networks whose last turns are remembered, about.
const REMEMBERED: usize = 1_024;

/// Turns for work of one kind.
#[derive(Debug)]
pub(crate) struct Turns {
    most: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    in_all: usize,
    /// Turns so far.
    number: u64,
    by_network: HashMap<Option<Network>, OfNetwork>,
    /// In the order in which they came.
    queue: VecDeque<(Option<Network>, oneshot::Sender<Turn>)>,
}

/// What a network has and had.
#[derive(Clone, Copy, Debug, Default)]
struct OfNetwork {
    running: usize,
    /// The number of its last turn.
    last: u64,
}

/// A turn, until it is dropped; then it is the next one's.
#[derive(Debug)]
pub(crate) struct Turn {
    network: Option<Network>,
    state: Arc<Mutex<State>>,
}

impl Turns {
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.max(1), state: Arc::default() }
    }

    /// Waits for a turn; whoever no longer waits for it leaves the queue.
    pub(crate) async fn next(&self, client: Option<IpAddr>) -> Option<Turn> {
        let network = client.map(Network::from);
        let given = {
            let mut state = lock(&self.state);
            if state.in_all < self.most {
                return Some(state.turn(network, &self.state));
            }
            let (give, given) = oneshot::channel();
            state.queue.push_back((network, give));
            given
        };
        given.await.ok()
    }
}

impl State {
    fn turn(&mut self, network: Option<Network>, state: &Arc<Mutex<Self>>) -> Turn {
        self.in_all += 1;
        self.number += 1;
        let of = self.by_network.entry(network).or_default();
        of.running += 1;
        of.last = self.number;
        Turn { network, state: Arc::clone(state) }
    }

    fn end(&mut self, network: Option<Network>) {
        self.in_all -= 1;
        if let Some(of) = self.by_network.get_mut(&network) {
            of.running -= 1;
        }
        if self.by_network.len() > 2 * REMEMBERED {
            let least = self.number.saturating_sub(REMEMBERED as u64);
            self.by_network.retain(|_, of| of.running > 0 || of.last > least);
        }
    }

    fn next(&mut self) -> Option<(Option<Network>, oneshot::Sender<Turn>)> {
        self.queue.retain(|(_, give)| !give.is_closed());
        let claim = |network: &Option<Network>| self.by_network.get(network).map_or((0, 0), |of| (of.running, of.last));
        let (place, _) = self.queue.iter().enumerate().min_by_key(|(_, (network, _))| claim(network))?;
        self.queue.remove(place)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = lock(&self.state);
            state.end(self.network);
            state.next().map(|(network, give)| (give, state.turn(network, &self.state)))
        };
        // Not under the lock: whoever has just gone away hands the turn back, which is dropped here.
        if let Some((give, turn)) = next {
            let _ = give.send(turn);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
