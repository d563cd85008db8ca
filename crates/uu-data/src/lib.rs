#![doc = include_str!("../README.md")]

pub mod clean;
mod dataset;
pub mod read;
pub mod sample;
pub mod write;

pub use dataset::{Dataset, site_hash};
