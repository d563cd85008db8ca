#![doc = include_str!("../README.md")]

mod chosen;
mod compare;
mod data;
mod error;
mod quantities;
mod relations;
mod render;
mod settings;
mod settled;
mod split;
mod statistics;
mod study;
mod validation;
mod work;

pub use chosen::*;
pub use compare::*;
pub use data::*;
pub use error::StudyError;
pub use relations::*;
pub use render::{Rendered, WriteError, check_folder, html, json, leaderboard_csv, markdown, write};
pub use settings::StudySettings;
pub use statistics::{Correlation, Histogram, Interval, Summary};
pub use study::{Provenance, Split, Study, study};
pub use validation::{Forward, Validation};
