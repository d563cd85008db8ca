//! Slots for long work: so many in all, of which no address gets the last.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Extensions;
use tokio::sync::oneshot;

use crate::flow::Flow;
use crate::network::Network;

/// How long whoever is given a slot waits for it: work that gives way ends with the rows at hand.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(10);

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
    /// The work whose pace is known.
    flows: Vec<Holder>,
}

/// Work whose pace is known, and who has its slot after it.
#[derive(Debug)]
struct Holder {
    network: Option<Network>,
    flow: Arc<Flow>,
    heir: Option<Heir>,
}

/// Who gets a slot when it is given up.
#[derive(Debug)]
struct Heir {
    network: Network,
    flow: Arc<Flow>,
    give: oneshot::Sender<Slot>,
}

/// A slot that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    network: Option<Network>,
    flow: Option<Arc<Flow>>,
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
        let has_room = taken.in_all < self.most && taken.held(network) < self.most_of_one();
        has_room.then(|| taken.slot((network, None), &self.taken))
    }

    /// The same for work whose pace is known. Where all are taken, work of an address that holds more of them gives way if it is slow, the slowest first.
    pub(crate) async fn take_or_wait_for_slow(&self, client: IpAddr, flow: &Arc<Flow>) -> Option<Slot> {
        let network = Network::from(client);
        let given = {
            let mut taken = lock(&self.taken);
            let held = taken.held(Some(network));
            if held >= self.most_of_one() {
                return None;
            }
            if taken.in_all < self.most {
                return Some(taken.slot((Some(network), Some(Arc::clone(flow))), &self.taken));
            }
            let slow = taken.slow_with_more_than(held)?;
            let (give, given) = oneshot::channel();
            slow.heir = Some(Heir { network, flow: Arc::clone(flow), give });
            slow.flow.give_way();
            given
        };
        tracing::info!("work whose client is slow gives way, since all slots for it are taken");
        tokio::time::timeout(HANDED_OVER_WITHIN, given).await.ok()?.ok()
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        lock(&self.taken).in_all
    }

    fn most_of_one(&self) -> usize {
        (self.most - self.most.div_ceil(4)).max(1)
    }
}

impl Taken {
    fn held(&self, network: Option<Network>) -> usize {
        network.and_then(|network| self.by_network.get(&network).copied()).unwrap_or_default()
    }

    fn slot(&mut self, (network, flow): (Option<Network>, Option<Arc<Flow>>), taken: &Arc<Mutex<Self>>) -> Slot {
        self.in_all += 1;
        if let Some(network) = network {
            *self.by_network.entry(network).or_default() += 1;
        }
        if let Some(flow) = &flow {
            self.flows.push(Holder { network, flow: Arc::clone(flow), heir: None });
        }
        Slot { network, flow, taken: Arc::clone(taken) }
    }

    /// The slowest of those whose address holds the most slots, and more than so many.
    fn slow_with_more_than(&mut self, held: usize) -> Option<&mut Holder> {
        let by_network = &self.by_network;
        let held_by = |holder: &Holder| holder.network.and_then(|network| by_network.get(&network).copied()).unwrap_or_default();
        let slow = self.flows.iter_mut().filter_map(|holder| Some((held_by(holder), holder.flow.slow_pace()?, holder)));
        let slow = slow.filter(|(holds, ..)| *holds > held);
        slow.min_by(|(a, slower, _), (b, other, _)| b.cmp(a).then(slower.total_cmp(other))).map(|(.., holder)| holder)
    }

    /// Gives a slot up; whoever is to have it, where that is somebody who still waits.
    fn give_up(&mut self, slot: &Slot) -> Option<Heir> {
        self.in_all -= 1;
        if let Some(network) = slot.network {
            let held = self.held(Some(network));
            if held > 1 {
                self.by_network.insert(network, held - 1);
            } else {
                self.by_network.remove(&network);
            }
        }
        let flow = slot.flow.as_ref()?;
        let place = self.flows.iter().position(|holder| Arc::ptr_eq(&holder.flow, flow))?;
        self.flows.swap_remove(place).heir.filter(|heir| !heir.give.is_closed())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let next = {
            let mut taken = lock(&self.taken);
            taken.give_up(self).map(|heir| (heir.give, taken.slot((Some(heir.network), Some(heir.flow)), &self.taken)))
        };
        // Not under the lock: whoever has just gone away hands the slot back, which is dropped here.
        if let Some((give, slot)) = next {
            let _ = give.send(slot);
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Way;
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

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    const LONG: Duration = Duration::from_secs(8);

    #[tokio::test]
    async fn the_slowest_of_who_holds_the_most_gives_way() {
        let slots = Slots::new(4);
        let flows = [1_000, 10, 100, 0].map(|bytes| Flow::of(Way::In, LONG, bytes));
        let mut held = Vec::new();
        for (flow, client) in flows.iter().zip(["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]) {
            held.push(slots.take_or_wait_for_slow(address(client), flow).await.expect("there is room"));
        }
        let fresh = Arc::default();
        let mut taking = Box::pin(slots.take_or_wait_for_slow(address("192.0.2.3"), &fresh));
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut taking).await.is_err(), "its work has not ended");
        assert_eq!([0, 1, 2, 3].map(|index| flows[index].has_given_way()), [false, true, false, false]);
        assert_eq!(slots.taken(), 4);
        drop(held.remove(1));
        let taken = taking.await.expect("the slot is handed over");
        assert_eq!(slots.taken(), 4, "nobody else can have it");
        assert!(slots.take(Some(address("192.0.2.4"))).is_none());
        drop((taken, held));
        assert_eq!(slots.taken(), 0);
        assert!(lock(&slots.taken).flows.is_empty() && lock(&slots.taken).by_network.is_empty());
    }

    #[rstest]
    #[case::who_is_fast(1_000_000, "192.0.2.3")]
    #[case::nobody_to_one_that_holds_as_many(0, "192.0.2.1")]
    #[tokio::test]
    async fn others_do_not_give_way(#[case] bytes: usize, #[case] client: &str) {
        let slots = Slots::new(2);
        let flows = [Flow::of(Way::In, LONG, bytes), Flow::of(Way::In, LONG, bytes)];
        let _first = slots.take_or_wait_for_slow(address("192.0.2.1"), &flows[0]).await.expect("there is room");
        let _second = slots.take_or_wait_for_slow(address("192.0.2.2"), &flows[1]).await.expect("there is room");
        assert!(slots.take_or_wait_for_slow(address(client), &Arc::default()).await.is_none());
        assert!(flows.iter().all(|flow| !flow.has_given_way()));
    }

    #[tokio::test]
    async fn a_slot_that_its_heir_no_longer_waits_for_is_free() {
        let slots = Slots::new(1);
        let slow = Flow::of(Way::In, LONG, 0);
        let held = slots.take_or_wait_for_slow(address("192.0.2.1"), &slow).await;
        let fresh = Arc::default();
        let mut taking = Box::pin(slots.take_or_wait_for_slow(address("192.0.2.2"), &fresh));
        assert!(tokio::time::timeout(Duration::from_millis(1), &mut taking).await.is_err());
        drop(taking);
        drop(held);
        assert_eq!(slots.taken(), 0);
        assert!(slots.take(Some(address("192.0.2.3"))).is_some());
    }
}
