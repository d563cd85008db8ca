#![doc = include_str!("../README.md")]

mod by_site;
pub mod clean;
mod clock;
mod dataset;
mod instants;
mod join;
mod needs;
pub mod read;
mod records;
pub mod replace;
pub mod sample;
mod sealed;
mod texts;
pub mod write;

pub use by_site::{SortedRows, sort_by_site};
pub use clock::{current_month, newest_month};
pub use dataset::Dataset;
pub use join::{JoinReport, Labels, join_rows, join_rows_by};
pub use needs::{FEW_TRAINING_SITES, HELD_OUT_SHARE, LEAST_TRAINING_ROWS, LEAST_TRAINING_SITES};
pub use sealed::{Sealed, ShareOutOfRange, Split};
