//! Requests that do not stop, each checked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::server::{PATIENCE, Server, wait_until};

/// Between two requests of one connection.
const PAUSE: Duration = Duration::from_millis(1);

/// Requests of several kinds.
pub(crate) const REQUESTS: [&str; 4] = [
    r#"{"2024-01": {"visits": 1000000, "category": 5, "source": "panel"}}"#,
    r#"{"2024-01": {"visits": 20000, "bounceRate": 43.1, "pagesPerVisit": 3.3}, "2024-02": {"rank": 4000, "domain": "example.com"}}"#,
    r#"{"2024-05": {"rank": 90000}}"#,
    r#"{"2018-12-01": {"alexa": null, "visits": 1000000, "pagesPerVisit": 5000000, "bounceRate": null, "avgVisitDuration": null, "category": 100}}"#,
];

/// The answers that each version gives to [`REQUESTS`], by its name.
pub(crate) type Answers = BTreeMap<String, Vec<String>>;

/// What was answered while requests did not stop.
#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) requests: usize,
    /// Answers that none of the expected versions gives, each with the place of its request.
    pub(crate) unexpected: BTreeSet<(usize, String)>,
}

/// Load on one server, of which every answer is kept that none of the expected versions gives.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Answered>>,
}

impl Load {
    /// Begins to ask.
    pub(crate) fn start(address: &str, expected: &Arc<Answers>) -> Self {
        let (stop, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let thread = || {
            let (address, stop, requests, expected) = (address.to_owned(), Arc::clone(&stop), Arc::clone(&requests), Arc::clone(expected));
            std::thread::spawn(move || ask(&address, &stop, &requests, &expected))
        };
        let threads = (0..2).map(|_| thread()).collect();
        Self { stop, requests, threads }
    }

    /// Waits until so many more requests were answered, as they are while nothing else happens.
    pub(crate) fn wait_for(&self, requests: usize) {
        let goal = self.requests.load(Ordering::Relaxed) + requests;
        let failed = || self.threads.iter().any(JoinHandle::is_finished);
        wait_until("requests are answered", || self.requests.load(Ordering::Relaxed) >= goal || failed());
    }

    /// Stops, and fails if any request failed.
    pub(crate) fn stop(self) -> Answered {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Answered::default();
        for thread in self.threads {
            let of_thread = thread.join().expect("no request fails");
            all.requests += of_thread.requests;
            all.unexpected.extend(of_thread.unexpected);
        }
        all
    }

    /// The same where only the expected versions can have answered; how many requests there were.
    pub(crate) fn stop_without_others(self) -> usize {
        let answered = self.stop();
        assert!(answered.unexpected.is_empty(), "no version answers {:?}", answered.unexpected);
        answered.requests
    }
}

fn ask(address: &str, stop: &AtomicBool, requests: &AtomicUsize, expected: &Answers) -> Answered {
    let mut connection = Connection::open(address);
    let mut answered = Answered::default();
    while !stop.load(Ordering::Relaxed) {
        let index = answered.requests % REQUESTS.len();
        let answer = connection.post(REQUESTS[index]);
        if !expected.values().any(|answers| answers[index] == answer) {
            answered.unexpected.insert((index, answer));
        }
        answered.requests += 1;
        requests.fetch_add(1, Ordering::Relaxed);
        // A load, and not one that leaves nothing to what is checked beside it.
        std::thread::sleep(PAUSE);
    }
    answered
}

/// What the version that answers now says to each of the requests.
pub(crate) fn answers(server: &Server) -> Vec<String> {
    let mut connection = Connection::open(&server.address);
    REQUESTS.iter().map(|request| connection.post(request)).collect()
}

/// A connection that is kept open.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    fn post(&mut self, body: &str) -> String {
        let length = body.len();
        let request = format!(
            "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the server closed the connection after `{head}`");
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}{}", String::from_utf8_lossy(&body));
        String::from_utf8(body).unwrap()
    }
}
