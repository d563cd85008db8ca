#![doc = include_str!("../README.md")]

pub mod drift;
pub mod gate;
mod judging;
pub mod labels;
pub mod revision;
pub mod watching;

pub use judging::{Judgement, judge};
