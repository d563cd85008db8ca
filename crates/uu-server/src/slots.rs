//! Slots for long work: so many in all, of which no address gets the last.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Extensions;

use crate::network::Network;

/// Where a request comes from, for routes whose work has slots; a trusted proxy's word is taken for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    /// The address that stands with a request; that of nobody where none does.
    pub(crate) fn of(extensions: &Extensions) -> IpAddr {
        extensions.get::<Self>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0)
    }
}

/// Slots for work of one kind.
#[derive(Debug)]
pub(crate) struct Slots {
    most: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_network: HashMap<Network, usize>,
}

/// A slot that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    network: Option<Network>,
    taken: Arc<Mutex<Taken>>,
}

impl Slots {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A slot for work that a client asks for; `None` where all are taken, or its address holds all it may: three quarters of them, so that
    /// others are let in whatever it does. Work of nobody in particular may have all.
    pub(crate) fn take(&self, client: Option<IpAddr>) -> Option<Slot> {
        let network = client.map(Network::from);
        let mut taken = lock(&self.taken);
        let held = network.and_then(|network| taken.by_network.get(&network).copied()).unwrap_or_default();
        if taken.in_all >= self.most || held >= self.most_of_one() {
            return None;
        }
        taken.in_all += 1;
        if let Some(network) = network {
            taken.by_network.insert(network, held + 1);
        }
        Some(Slot { network, taken: Arc::clone(&self.taken) })
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        lock(&self.taken).in_all
    }

    fn most_of_one(&self) -> usize {
        (self.most - self.most.div_ceil(4)).max(1)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.in_all -= 1;
        let Some(network) = self.network else { return };
        let held = taken.by_network.get(&network).copied().unwrap_or_default();
        if held > 1 {
            taken.by_network.insert(network, held - 1);
        } else {
            taken.by_network.remove(&network);
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(1, 1)]
    #[case(2, 1)]
    #[case(4, 3)]
    #[case(64, 48)]
    fn an_address_leaves_places_to_others(#[case] most: usize, #[case] of_one: usize) {
        let slots = Slots::new(most);
        let (one, other) = ("192.0.2.1".parse().ok(), "192.0.2.2".parse().ok());
        let held: Vec<Slot> = std::iter::from_fn(|| slots.take(one)).collect();
        assert_eq!(held.len(), of_one);
        let others: Vec<Slot> = std::iter::from_fn(|| slots.take(other)).collect();
        assert_eq!(held.len() + others.len(), most);
        drop(held);
        assert!(slots.take(one).is_some(), "its slots are free again");
    }
}
