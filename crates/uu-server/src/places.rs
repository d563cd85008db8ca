//! Places for connections: so many in all, so many of one network, and a few that answer `/health` when all others are taken.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::access::Access;
use crate::limits::Limits;
use crate::network::Network;
use crate::visit::Visit;

/// How long a connection may be idle where all places are taken.
pub(crate) const LEAST_IDLE: Duration = Duration::from_secs(2);

/// How often at most it is logged that connections have no place.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// The places of a server.
#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    most_of_network: usize,
    /// Proxies, whose connections are those of many.
    exempt: Vec<IpAddr>,
    /// How long a connection may be idle where there is room.
    idle_time: Duration,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    open: HashMap<u64, (Option<Network>, Arc<Visit>)>,
    by_network: HashMap<Network, usize>,
    /// Connections that have asked something and have no place yet, in their order.
    queue: VecDeque<(Option<Network>, oneshot::Sender<Seat>)>,
    logged: Option<Instant>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) visit: Arc<Visit>,
    kind: SeatKind,
}

#[derive(Debug)]
enum SeatKind {
    Numbered(Arc<Places>, u64),
    OfHealth { _permit: OwnedSemaphorePermit },
}

impl Seat {
    /// One of those that answer `/health` alone, and one request each.
    pub(crate) fn of_health(permit: OwnedSemaphorePermit) -> Self {
        Self { visit: Visit::new(), kind: SeatKind::OfHealth { _permit: permit } }
    }

    pub(crate) fn is_of_health(&self) -> bool {
        matches!(self.kind, SeatKind::OfHealth { .. })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let SeatKind::Numbered(places, number) = &self.kind {
            places.leave(*number);
        }
    }
}

impl Places {
    pub(crate) fn new(limits: &Limits, access: &Access) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections.max(1),
            most_of_network: limits.connections_of_one_address(),
            exempt: access.trusted_proxies.clone(),
            idle_time: limits.header_timeout,
            taken: Mutex::default(),
        })
    }

    /// A place, if there is one for that address.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let network = self.counted(address);
        let mut taken = self.taken();
        if !self.has_room(&taken, network) {
            self.log_shortage(&mut taken, address);
            return None;
        }
        Some(self.seat(&mut taken, network))
    }

    /// The same for whoever waits for one.
    pub(crate) async fn wait(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let network = self.counted(address);
        let given = {
            let mut taken = self.taken();
            if self.has_room(&taken, network) {
                return Some(self.seat(&mut taken, network));
            }
            let (give, given) = oneshot::channel();
            taken.queue.push_back((network, give));
            given
        };
        given.await.ok()
    }

    /// Ends connections that have been idle for longer than the room there is allows.
    pub(crate) fn end_idle(&self) {
        let taken = self.taken();
        if taken.open.len() * 2 <= self.most_of_network {
            return;
        }
        let of_all = taken.open.len() as f64 / self.most as f64;
        for (network, visit) in taken.open.values() {
            let of_network = network.and_then(|network| taken.by_network.get(&network)).map_or(0.0, |count| *count as f64);
            visit.end_if_idle_for(allowed(self.idle_time, of_all.max(of_network / self.most_of_network as f64)));
        }
    }

    fn leave(self: &Arc<Self>, number: u64) {
        let next = {
            let mut taken = self.taken();
            let Some((network, _)) = taken.open.remove(&number) else { return };
            if let Some(Entry::Occupied(mut count)) = network.map(|network| taken.by_network.entry(network)) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
            taken.queue.retain(|(_, give)| !give.is_closed());
            let place = taken.queue.iter().position(|(network, _)| self.has_room(&taken, *network));
            let next = place.and_then(|place| taken.queue.remove(place));
            next.map(|(network, give)| (give, self.seat(&mut taken, network)))
        };
        // Not under the lock: whoever has just gone away hands the place back, which is dropped here.
        if let Some((give, seat)) = next {
            let _ = give.send(seat);
        }
    }

    fn seat(self: &Arc<Self>, taken: &mut Taken, network: Option<Network>) -> Seat {
        let (number, visit) = (taken.next, Visit::new());
        taken.next += 1;
        taken.open.insert(number, (network, Arc::clone(&visit)));
        if let Some(network) = network {
            *taken.by_network.entry(network).or_default() += 1;
        }
        Seat { visit, kind: SeatKind::Numbered(Arc::clone(self), number) }
    }

    fn has_room(&self, taken: &Taken, network: Option<Network>) -> bool {
        let of_network = network.and_then(|network| taken.by_network.get(&network).copied()).unwrap_or(0);
        taken.open.len() < self.most && of_network < self.most_of_network
    }

    fn counted(&self, address: IpAddr) -> Option<Network> {
        let address = address.to_canonical();
        (!self.exempt.contains(&address)).then(|| Network::from(address))
    }

    fn log_shortage(&self, taken: &mut Taken, address: IpAddr) {
        if taken.logged.is_some_and(|logged| logged.elapsed() < LOG_EVERY) {
            return;
        }
        taken.logged = Some(Instant::now());
        let network = Network::from(address);
        let (open, of_network) = (taken.open.len(), taken.by_network.get(&network).copied().unwrap_or(0));
        tracing::warn!(open, of_network, %network, "no room for further connections of this address: they wait, and idle ones are closed early");
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a connection may be idle: as long as `most` while half of the places are free, and less the fewer there are.
fn allowed(most: Duration, share_taken: f64) -> Duration {
    let least = LEAST_IDLE.min(most);
    let room = ((1.0 - share_taken) * 2.0).clamp(0.0, 1.0);
    least + (most - least).mul_f64(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize, connections_per_address: usize) -> Arc<Places> {
        let limits = Limits { connections, connections_per_address, ..Limits::default() };
        let access = Access { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..Access::default() };
        Places::new(&limits, &access)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_leaves_room_for_others_and_a_trusted_proxy_is_not_counted() {
        let places = places(8, 0);
        let mut seats: Vec<Seat> = (1..=2).filter_map(|host| places.take(address(&format!("2001:db8::{host}")))).collect();
        assert_eq!(seats.len(), 2);
        assert!(places.take(address("2001:db8::3")).is_none(), "a quarter of the places is for one /64");
        seats.extend(["2001:db8:0:1::1", "192.0.2.1", "::ffff:192.0.2.1"].iter().filter_map(|other| places.take(address(other))));
        assert_eq!(seats.len(), 5);
        assert!(places.take(address("192.0.2.1")).is_none(), "the mapped address is the same");
        seats.extend((0..4).filter_map(|_| places.take(address("10.0.0.1"))));
        assert_eq!(seats.len(), 8, "a proxy may take all that are left");
        assert!(places.take(address("198.51.100.1")).is_none());
        seats.remove(0);
        assert!(places.take(address("198.51.100.1")).is_some());
    }

    #[tokio::test]
    async fn a_place_goes_to_the_first_who_may_have_it() {
        let places = places(2, 1);
        let (one, other) = (places.take(address("192.0.2.1")).unwrap(), places.take(address("192.0.2.2")).unwrap());
        let mut same = Box::pin(places.wait(address("192.0.2.1")));
        let mut third = Box::pin(places.wait(address("192.0.2.3")));
        for waiting in [&mut same, &mut third] {
            assert!(tokio::time::timeout(Duration::from_millis(1), waiting).await.is_err());
        }
        drop(other);
        let third = third.await.expect("the first in the queue may not have a second place");
        drop(one);
        assert!(same.await.is_some());
        drop(third);
        assert_eq!(places.taken().by_network.len(), 0, "nothing is kept of who has left");
    }

    #[test]
    fn who_no_longer_waits_gets_no_place() {
        let places = places(1, 1);
        let seat = places.take(address("192.0.2.1")).unwrap();
        let (give, given) = oneshot::channel();
        places.taken().queue.push_back((None, give));
        drop(given);
        drop(seat);
        assert!(places.take(address("192.0.2.1")).is_some());
    }

    #[test]
    fn idle_time_shrinks_as_places_run_out() {
        let most = Duration::from_secs(30);
        let shares = [0.0, 0.5, 0.75, 1.0, 1.5].map(|share| allowed(most, share).as_secs());
        assert_eq!(shares, [30, 30, 16, 2, 2]);
        assert_eq!(allowed(Duration::from_millis(300), 1.0), Duration::from_millis(300));
    }
}
