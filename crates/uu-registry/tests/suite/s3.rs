//! A store that speaks the S3 protocol: moto's server, which `./test` puts into `.tools/moto`.

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
pub(crate) const CREDENTIALS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];

/// A server on a port of its own with one bucket; stopped when it is dropped.
pub(crate) struct S3 {
    address: String,
    server: Mutex<Child>,
    prefixes: AtomicU32,
}

impl S3 {
    /// Starts a server; or says why it cannot be.
    pub(crate) fn start() -> Result<Self, String> {
        if !Path::new(PROGRAM).is_file() {
            return Err("no S3 server is installed (`./test` puts moto's into `.tools/moto`)".to_owned());
        }
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let s3 = Self { address: address.to_string(), server: Mutex::new(server), prefixes: AtomicU32::new(0) };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !s3.make_bucket() {
            assert!(Instant::now() < deadline, "the S3 server does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(s3)
    }

    /// A prefix of its own for each check.
    pub(crate) fn new_prefix(&self) -> String {
        let prefix = self.prefixes.fetch_add(1, Ordering::Relaxed);
        let options = "region=us-east-1&allow_http=true";
        format!("s3://{BUCKET}/check/{prefix}?endpoint=http://{}&{options}", self.address)
    }

    fn make_bucket(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.address) else { return false };
        let request = format!("PUT /{BUCKET} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", self.address);
        let mut answer = String::new();
        stream.write_all(request.as_bytes()).is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.contains(" 200 ")
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let mut server = self.server.lock().unwrap();
        let _ = server.kill();
        let _ = server.wait();
    }
}
