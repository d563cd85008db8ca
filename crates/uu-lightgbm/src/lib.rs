#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod booster;
mod error;
mod ffi;
mod parameters;
mod sum;
mod train;
mod training_set;

pub use booster::Booster;
pub use error::LightGbmError;
pub use parameters::{Objective, Parameters};
pub use sum::extended;
pub use train::{TrainedText, train};
pub use training_set::TrainingSet;
