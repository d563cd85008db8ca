#![doc = include_str!("../README.md")]

mod access;
mod app;
mod audit_log;
mod batch;
mod body;
mod categories;
mod docs;
mod drift;
mod health;
mod jobs;
mod lanes;
mod limits;
mod metrics;
mod models;
mod observations;
mod older;
mod predict;
mod problem;
mod rates;
mod retrain;
mod routes;
mod run;
pub mod schema;
mod stalling;
mod streaming;
mod verified;
mod workers;

pub use access::{Access, Tokens};
pub use app::{App, Lifecycle, Policies};
pub use limits::Limits;
pub use rates::RateLimits;
pub use routes::openapi;
pub use run::run;
