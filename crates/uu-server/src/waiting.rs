//! Connections that have no place yet: those that have asked something get the next one that is free, `/health` is answered at once, and those that
//! stay silent are closed.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::limits::Limits;
use crate::network::Network;
use crate::places::{LEAST_IDLE, Places, Seat};

/// Requests for `/health` that are answered at a time while all places are taken; each is whole before it is looked at.
const OF_HEALTH: usize = 16;

/// Most bytes of a request for `/health` that is answered without a place.
const HEAD_BYTES: usize = 2 << 10;

/// Between two looks at a head that is not whole yet.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What begins a request for `/health`.
const HEALTH: [&[u8]; 2] = [b"GET /health/", b"HEAD /health/"];

/// What a connection gets that has waited too long.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

/// A connection and its place.
pub(crate) type Seated = (TcpStream, Seat);

/// Those that wait.
pub(crate) struct WaitingRoom {
    places: Arc<Places>,
    health: Arc<Semaphore>,
    most: usize,
    patience: Duration,
    tasks: JoinSet<Option<Seated>>,
    waiting: Vec<Waiting>,
}

struct Waiting {
    network: Network,
    is_silent: Arc<AtomicBool>,
    task: AbortHandle,
}

impl WaitingRoom {
    pub(crate) fn new(places: Arc<Places>, limits: &Limits) -> Self {
        let health = Arc::new(Semaphore::new(OF_HEALTH));
        let most = limits.connections.max(2 * OF_HEALTH);
        Self { places, health, most, patience: limits.header_timeout, tasks: JoinSet::new(), waiting: Vec::new() }
    }

    /// Takes a connection in. Where there is no room left, one that is silent is closed for it, the oldest first; or else this one.
    pub(crate) fn take(&mut self, stream: TcpStream, address: IpAddr) {
        self.waiting.retain(|waiting| !waiting.task.is_finished());
        let network = Network::from(address);
        let of_network = self.waiting.iter().filter(|waiting| waiting.network == network).count();
        let (is_full, is_network_full) = (self.waiting.len() >= self.most, of_network >= self.most / 2);
        if is_full || is_network_full {
            let is_silent =
                |waiting: &Waiting| waiting.is_silent.load(Ordering::Relaxed) && (!is_network_full || waiting.network == network);
            let Some(silent) = self.waiting.iter().position(is_silent) else { return };
            self.waiting.remove(silent).task.abort();
        }
        let is_silent = Arc::new(AtomicBool::new(true));
        let (places, health, patience) = (Arc::clone(&self.places), Arc::clone(&self.health), self.patience);
        let waits = Waits { stream, address, is_silent: Arc::clone(&is_silent) };
        let task = self.tasks.spawn(waits.for_a_place(places, health, patience));
        self.waiting.push(Waiting { network, is_silent, task });
    }

    /// The next connection that has a place; for ever where none waits.
    pub(crate) async fn next(&mut self) -> Seated {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Some(seated))) => return seated,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Closes those that are silent, to give the system back what they hold.
    pub(crate) fn close_silent(&mut self) {
        self.waiting.iter().filter(|waiting| waiting.is_silent.load(Ordering::Relaxed)).for_each(|waiting| waiting.task.abort());
    }
}

/// A connection that waits.
struct Waits {
    stream: TcpStream,
    address: IpAddr,
    is_silent: Arc<AtomicBool>,
}

impl Waits {
    async fn for_a_place(self, places: Arc<Places>, health: Arc<Semaphore>, patience: Duration) -> Option<Seated> {
        let asked = timeout(LEAST_IDLE, asked(&self.stream)).await.ok().flatten()?;
        self.is_silent.store(false, Ordering::Relaxed);
        let seat = match asked {
            Asked::Health => timeout(patience, health.acquire_owned()).await.ok().and_then(Result::ok).map(Seat::of_health),
            Asked::Other => timeout(patience, places.wait(self.address)).await.ok().flatten(),
        };
        if seat.is_none() {
            // A few bytes fit in where nothing was sent yet; a client that is gone needs none.
            let _ = self.stream.try_write(REFUSAL);
        }
        Some((self.stream, seat?))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Health,
    Other,
}

/// What the first request is for, as far as matters here; the bytes stay where they are. `None` where the connection ends instead.
async fn asked(stream: &TcpStream) -> Option<Asked> {
    let mut head = [0; HEAD_BYTES];
    loop {
        let length = stream.peek(&mut head).await.ok()?;
        if length == 0 {
            return None;
        }
        if let Some(asked) = asked_by(&head[..length]) {
            return Some(asked);
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What a head asks for; `None` where more of it is needed to say so.
fn asked_by(head: &[u8]) -> Option<Asked> {
    let is_begun = HEALTH.iter().any(|begin| begin.iter().zip(head).all(|(expected, found)| expected == found));
    if !is_begun || head.len() == HEAD_BYTES {
        return Some(Asked::Other);
    }
    let is_whole = head.windows(4).any(|bytes| bytes == b"\r\n\r\n");
    is_whole.then_some(Asked::Health)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n", Some(Asked::Health))]
    #[case("HEAD /health/ready HTTP/1.1\r\n\r\n", Some(Asked::Health))]
    #[case("GET /health/live HTTP/1.1\r\nhost: a\r\n", None)]
    #[case("GET /he", None)]
    #[case("G", None)]
    #[case("GET /predict?date=2024-01 HTTP/1.1\r\n", Some(Asked::Other))]
    #[case("POST /health/live HTTP/1.1\r\n\r\n", Some(Asked::Other))]
    #[case("\r\n", Some(Asked::Other))]
    fn a_whole_request_for_health_is_told_by_its_head(#[case] head: &str, #[case] expected: Option<Asked>) {
        assert_eq!(asked_by(head.as_bytes()), expected);
    }

    #[test]
    fn a_head_of_health_that_grows_too_long_waits_as_others_do() {
        let head = format!("GET /health/live HTTP/1.1\r\nx: {}", "x".repeat(HEAD_BYTES));
        assert_eq!(asked_by(&head.as_bytes()[..HEAD_BYTES]), Some(Asked::Other));
    }
}
