//! A store that speaks the S3 protocol: moto's server, which `./test` puts into `.tools/moto`.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/moto/bin/moto_server");
const BUCKET: &str = "uu-registry";

/// What a client signs its requests with; the server takes any.
pub const CREDENTIALS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];

/// A server on a port of its own with one bucket; stopped when it is dropped.
pub struct S3 {
    address: String,
    server: Mutex<Child>,
    prefixes: AtomicU32,
}

impl S3 {
    /// Whether there is one to start; else why not.
    pub fn possible() -> Result<(), String> {
        let is_there = Path::new(PROGRAM).is_file();
        if is_there { Ok(()) } else { Err("no S3 server is installed (`./test` puts moto's into `.tools/moto`)".to_owned()) }
    }

    /// Starts a server; or says why it cannot be.
    pub fn start() -> Result<Self, String> {
        Self::possible()?;
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let s3 = Self { address: address.to_string(), server: Mutex::new(server), prefixes: AtomicU32::new(0) };
        let deadline = Instant::now() + Duration::from_secs(180);
        while !s3.make_bucket() {
            assert!(Instant::now() < deadline, "the S3 server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(s3)
    }

    /// A prefix of its own for each check.
    pub fn new_prefix(&self) -> String {
        let prefix = self.prefixes.fetch_add(1, Ordering::Relaxed);
        let options = "region=us-east-1&allow_http=true";
        format!("s3://{BUCKET}/check/{prefix}?endpoint=http://{}&{options}", self.address)
    }

    /// Puts an object under a prefix, as somebody else who may write there.
    pub fn put_under(&self, prefix: &str, name: &str, bytes: &[u8]) {
        let path = prefix.split('?').next().and_then(|url| url.strip_prefix("s3://")).unwrap();
        assert!(self.put(&format!("{path}/{name}"), bytes), "the S3 server does not take `{name}`");
    }

    fn make_bucket(&self) -> bool {
        self.put(BUCKET, b"")
    }

    fn put(&self, path: &str, bytes: &[u8]) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.address) else { return false };
        let (address, length) = (&self.address, bytes.len());
        let head = format!("PUT /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        let is_sent = stream.write_all(head.as_bytes()).is_ok() && stream.write_all(bytes).is_ok();
        is_sent && stream.read_to_string(&mut answer).is_ok() && answer.contains(" 200 ")
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let mut server = self.server.lock().unwrap();
        let _ = server.kill();
        let _ = server.wait();
    }
}
