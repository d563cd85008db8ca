#![doc = include_str!("../README.md")]

mod app;
mod batch;
mod body;
mod categories;
mod docs;
mod health;
mod lanes;
mod limits;
mod metrics;
mod older;
mod predict;
mod problem;
mod routes;
mod run;
pub mod schema;
mod stalling;
mod workers;

pub use app::App;
pub use limits::Limits;
pub use routes::openapi;
pub use run::run;
