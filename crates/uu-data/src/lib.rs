#![doc = include_str!("../README.md")]

mod by_site;
pub mod clean;
mod dataset;
mod draws;
pub mod read;
pub mod sample;
pub mod write;

pub use by_site::{SortedRows, sort_by_site};
pub use dataset::{Dataset, site_hash};
pub use draws::Draws;
