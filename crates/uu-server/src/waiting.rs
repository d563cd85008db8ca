//! Connections that have no place yet: those that have asked something get the next one that is free, `/health` is answered at once, and those that
//! stay silent, or do not finish what they begin to ask, are closed.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use httparse::Status;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::network::Network;
use crate::no_room::{self, HEAD_BYTES, MOST_HEADERS};
use crate::places::{LEAST_IDLE, Places, Seat};

/// Requests for `/health` that are answered at a time while all places are taken; each is whole before it is looked at, and has no body.
const OF_HEALTH: usize = 16;

/// Connections for which there is room beside those that wait for a place: however many wait, new ones are looked at.
const NOT_LOOKED_AT: usize = 2 * OF_HEALTH;

/// Between two looks at a head that is not whole yet.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A connection and its place.
pub(crate) type Seated = (TcpStream, Seat);

/// Those that wait.
pub(crate) struct WaitingRoom {
    room: Arc<Room>,
    most: usize,
    tasks: JoinSet<Option<Seated>>,
    waiting: Vec<Waiting>,
}

/// What all of them share.
struct Room {
    app: Arc<App>,
    places: Arc<Places>,
    health: Arc<Semaphore>,
    /// A permit for each that waits for a place.
    others: Semaphore,
    patience: Duration,
}

struct Waiting {
    network: Network,
    is_silent: Arc<AtomicBool>,
    task: AbortHandle,
}

impl WaitingRoom {
    pub(crate) fn new(places: Arc<Places>, app: Arc<App>) -> Self {
        let most = app.limits.connections.max(NOT_LOOKED_AT);
        let (health, others, patience) = (Arc::new(Semaphore::new(OF_HEALTH)), Semaphore::new(most), app.limits.header_timeout);
        let room = Arc::new(Room { app, places, health, others, patience });
        Self { room, most, tasks: JoinSet::new(), waiting: Vec::new() }
    }

    /// Takes a connection in. Where there is no room left, one that is silent is closed for it, the oldest first; or else this one.
    pub(crate) fn take(&mut self, stream: TcpStream, address: IpAddr) {
        self.waiting.retain(|waiting| !waiting.task.is_finished());
        let network = Network::from(address);
        let of_network = self.waiting.iter().filter(|waiting| waiting.network == network).count();
        let (is_full, is_network_full) = (self.waiting.len() >= self.most + NOT_LOOKED_AT, of_network >= self.most / 2);
        if is_full || is_network_full {
            let is_silent =
                |waiting: &Waiting| waiting.is_silent.load(Ordering::Relaxed) && (!is_network_full || waiting.network == network);
            let Some(silent) = self.waiting.iter().position(is_silent) else { return };
            self.waiting.remove(silent).task.abort();
        }
        let is_silent = Arc::new(AtomicBool::new(true));
        let waits = Waits { stream, address, is_silent: Arc::clone(&is_silent) };
        let task = self.tasks.spawn(waits.for_a_place(Arc::clone(&self.room)));
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
    async fn for_a_place(self, room: Arc<Room>) -> Option<Seated> {
        let asked = timeout(LEAST_IDLE, asked(&self.stream)).await.ok().flatten()?;
        self.is_silent.store(false, Ordering::Relaxed);
        let Some(seat) = room.seat(asked, self.address).await else {
            // It holds nothing but its own connection any more, which may be closed for others.
            self.is_silent.store(true, Ordering::Relaxed);
            no_room::refuse(&room.app, self.stream, self.address).await;
            return None;
        };
        Some((self.stream, seat))
    }
}

impl Room {
    async fn seat(&self, asked: Asked, address: IpAddr) -> Option<Seat> {
        match asked {
            Asked::Health => timeout(self.patience, Arc::clone(&self.health).acquire_owned()).await.ok()?.ok().map(Seat::of_health),
            Asked::Other => {
                let _waits = self.others.try_acquire().ok()?;
                timeout(self.patience, self.places.wait(address)).await.ok().flatten()
            }
        }
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

/// What a head asks for; `None` where more of it is needed to say so. One that begins and does not end has asked nothing; one that is too long to be
/// looked at, or is no head, is answered as others are.
fn asked_by(head: &[u8]) -> Option<Asked> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(Status::Partial) if head.len() < HEAD_BYTES => None,
        Ok(Status::Complete(_)) if is_of_health(&request) => Some(Asked::Health),
        _ => Some(Asked::Other),
    }
}

/// Whether a whole head is a request for `/health` without a body, which would take as long as its sender likes.
fn is_of_health(request: &httparse::Request<'_, '_>) -> bool {
    let has_body = request.headers.iter().any(|header| {
        let is_of_length = header.name.eq_ignore_ascii_case("content-length");
        (is_of_length && header.value.trim_ascii() != b"0") || header.name.eq_ignore_ascii_case("transfer-encoding")
    });
    let is_read = matches!(request.method, Some("GET" | "HEAD"));
    is_read && request.path.is_some_and(|path| path.starts_with("/health/")) && !has_body
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
    #[case("GET /health/live HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n", Some(Asked::Health))]
    #[case("GET /health/live HTTP/1.1\r\nhost: a\r\nContent-Length: 100000\r\n\r\n", Some(Asked::Other))]
    #[case("GET /health/live HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\ncontent-length: 9\r\n\r\n", Some(Asked::Other))]
    #[case("HEAD /health/live HTTP/1.1\r\nhost: a\r\nTRANSFER-ENCODING: chunked\r\n\r\n", Some(Asked::Other))]
    #[case("GET /predict?date=2024-01 HTTP/1.1\r\nhost: a\r\n\r\n", Some(Asked::Other))]
    #[case("GET /predict?date=2024-01 HTTP/1.1\r\n", None)]
    #[case("GET / HTTP/1.1\r\n", None)]
    #[case("POST /health/live HTTP/1.1\r\n\r\n", Some(Asked::Other))]
    #[case("\r\n", None)]
    #[case("\u{16}\u{3}\u{1}", Some(Asked::Other))]
    fn a_whole_request_is_told_by_its_head(#[case] head: &str, #[case] expected: Option<Asked>) {
        assert_eq!(asked_by(head.as_bytes()), expected);
    }

    #[test]
    fn a_head_of_health_that_grows_too_long_waits_as_others_do() {
        let head = format!("GET /health/live HTTP/1.1\r\nx: {}", "x".repeat(HEAD_BYTES));
        assert_eq!(asked_by(&head.as_bytes()[..HEAD_BYTES]), Some(Asked::Other));
    }
}
