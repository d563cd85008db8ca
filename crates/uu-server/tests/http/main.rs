//! The server over real sockets.
#![expect(clippy::unwrap_used, reason = "tests, also where a function helps several of them")]

mod answers;
mod batch;
mod batch_refusals;
mod bodies;
mod client;
mod connections;
mod lifecycle;
mod models;
mod observations;
mod older;
mod operation;
mod origins;
mod parameters;
mod predict;
mod problems;
mod scopes;
mod server;
mod traces;
