#![doc = include_str!("../README.md")]

pub mod models;
#[cfg(unix)]
pub mod postgres;
pub mod strategies;
