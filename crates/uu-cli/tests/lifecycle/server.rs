//! A server as a process, and a client that talks to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::Place;

/// How long anything may take before the check fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A server on a free port; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// What it printed on standard output.
    pub(crate) printed: Arc<Mutex<String>>,
    /// What it said on standard error.
    pub(crate) log: Arc<Mutex<String>>,
    pub(crate) token: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.body))
    }
}

impl Server {
    pub(crate) fn start(place: &Place) -> Self {
        Self::with(place, &[])
    }

    /// A server with these variables beside.
    pub(crate) fn with(place: &Place, variables: &[(&str, &str)]) -> Self {
        let token = place.registry().create_token("test", uu_registry::Scope::Admin, "test").unwrap().1;
        Self::with_token(place, variables, token.expose().to_owned())
    }

    pub(crate) fn with_token(place: &Place, variables: &[(&str, &str)], token: String) -> Self {
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.envs(variables.iter().copied()).env("UU_RETRAINING__SILENCE_S", "5").env("UU_SERVER__WRITES_PER_S_PER_TOKEN", "0");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let printed = keep(child.stdout.take().unwrap(), |_| ());
        let (sender, receiver) = mpsc::channel();
        let log = keep(child.stderr.take().unwrap(), move |line| {
            let address = line.split_once("listening on http://").and_then(|(_, rest)| rest.split_whitespace().next());
            address.map(|address| sender.send(address.to_owned()));
        });
        let address = receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the server does not listen: {}", log.lock().unwrap()));
        Self { child, address, printed, log, token }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) {
        signal("TERM", self.id());
        wait_until("the server stops", || self.child.try_wait().unwrap().is_some());
    }

    /// Sends a request with the token and waits for its answer; `None` where the connection fails.
    pub(crate) fn try_ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (token, length) = (&self.token, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).ok()?;
        // A server that has already refused takes no more of it.
        let _ = stream.write_all(body);
        read_answer(stream)
    }

    pub(crate) fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        self.try_ask(method, path, kind, body).unwrap_or_else(|| panic!("no answer to {method} {path}: {}", self.log.lock().unwrap()))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "application/json", b"")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, "application/json", body.as_bytes())
    }

    /// The same for what the store may be too busy to take at once: as the answer says, it is tried again.
    pub(crate) fn post_patiently(&self, path: &str, body: &str) -> Answer {
        let mut answer = self.post(path, body);
        wait_until("the store can be reached", || {
            if answer.status == 503 {
                answer = self.post(path, body);
            }
            answer.status != 503
        });
        answer
    }

    /// The version that answers a prediction.
    pub(crate) fn answering(&self) -> String {
        let answer = self.get("/predict?date=2024-01&visits=1000");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["2024-01"]["model"].as_str().unwrap().to_owned()
    }

    /// The version that the store says is in use.
    pub(crate) fn champion(&self) -> String {
        let mut found = None;
        wait_until("the store says which version is in use", || {
            let answer = self.get("/models");
            found = (answer.status == 200).then(|| answer.json()["champion"].as_str().unwrap().to_owned());
            found.is_some()
        });
        found.unwrap()
    }

    pub(crate) fn wait_for_version(&self, version: &str) {
        wait_until(&format!("{version} answers"), || self.answering() == version);
    }

    /// Delivers rows; the number of the job.
    pub(crate) fn deliver(&self, query: &str, rows: &[u8]) -> i64 {
        let answer = self.ask("POST", &format!("/retrain{query}"), "text/csv", rows);
        assert_eq!(answer.status, 202, "{}\n{}", answer.body, self.log.lock().unwrap());
        answer.json()["id"].as_i64().unwrap()
    }

    pub(crate) fn state(&self, job: i64) -> String {
        self.get(&format!("/jobs/{job}")).json()["state"].as_str().unwrap().to_owned()
    }

    pub(crate) fn wait_for_state(&self, job: i64, state: &str) {
        wait_until(&format!("job {job} is {state}, not {}", self.state(job)), || self.state(job) == state);
    }

    /// Waits until a job has ended; the job.
    pub(crate) fn wait_for_end(&self, job: i64) -> Value {
        wait_until("the job ends", || !["queued", "running"].contains(&self.state(job).as_str()));
        self.get(&format!("/jobs/{job}")).json()
    }

    /// The most memory it has held so far.
    pub(crate) fn most_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
    }

    /// The processes in which it has jobs done.
    pub(crate) fn workers(&self) -> Vec<u32> {
        uu_testkit::processes::children_of(self.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an answer to the end of its connection.
pub(crate) fn read_answer(mut stream: TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    // A server that refuses a body may cut its sender off once the answer is out.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some(Answer { status: head.split(' ').nth(1)?.parse().ok()?, body: body.to_owned() })
}

/// Waits for a state, and fails with what was waited for.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Says what a check found out, or why it could not be made.
pub(crate) fn say(what: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{what}");
}

pub(crate) fn signal(name: &str, process: u32) {
    // The shell's own `kill`: the program of that name is not everywhere.
    let _ = std::process::Command::new("sh").args(["-c", &format!("kill -{name} {process} 2>/dev/null")]).status();
}

/// Keeps what comes, line by line, and shows each line.
fn keep(from: impl Read + Send + 'static, show: impl Fn(&str) + Send + 'static) -> Arc<Mutex<String>> {
    let kept: Arc<Mutex<String>> = Arc::default();
    let to = Arc::clone(&kept);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            show(&line);
            to.lock().unwrap().push_str(&format!("{line}\n"));
        }
    });
    kept
}
