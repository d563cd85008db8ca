//! `healthcheck`: is a running server ready? For containers and scripts.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use crate::arguments::Healthcheck;
use crate::output::{note, print};
use crate::settings::Settings;

/// Longest answer that is read; the server's is shorter.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// Asks `/health/ready`; exit code 1 where the server answers that it is not.
pub(crate) fn run(arguments: &Healthcheck, settings: &Settings) -> anyhow::Result<ExitCode> {
    let address = arguments.address.as_deref().unwrap_or(&settings.server.listen);
    let timeout = Duration::from_secs(arguments.timeout_s.max(1));
    let answer = ask(address, timeout).with_context(|| format!("no server answers at `{address}`"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    let status = head.split(' ').nth(1).unwrap_or("no status");
    if status == "200" {
        print("ready")?;
        return Ok(ExitCode::SUCCESS);
    }
    note(&format!("not ready ({status}): {}", body.trim()));
    Ok(ExitCode::from(1))
}

fn ask(address: &str, timeout: Duration) -> anyhow::Result<String> {
    let socket = address.to_socket_addrs()?.next().map(reachable).context("the address has no host")?;
    let mut stream = TcpStream::connect_timeout(&socket, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    // The address, whatever it was called: a server answers under some names only, and under its address always.
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {socket}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A server that listens on every address is asked on loopback.
fn reachable(mut socket: SocketAddr) -> SocketAddr {
    if socket.ip().is_unspecified() {
        let loopback = if socket.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        socket.set_ip(loopback);
    }
    socket
}
