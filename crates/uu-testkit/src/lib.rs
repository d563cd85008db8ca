#![doc = include_str!("../README.md")]

pub mod bodies;
#[cfg(feature = "models")]
pub mod models;
#[cfg(unix)]
pub mod postgres;
#[cfg(target_os = "linux")]
pub mod processes;
#[cfg(unix)]
pub mod s3;
pub mod strategies;
