//! The server over real sockets.
#![expect(clippy::unwrap_used, reason = "tests, also where a function helps several of them")]

mod batch;
mod client;
mod connections;
mod lifecycle;
mod older;
mod operation;
mod predict;
mod problems;
mod server;
