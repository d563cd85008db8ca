#![doc = include_str!("../README.md")]

mod batch;
mod columns;

pub use batch::{Batch, BatchError, BatchReport, BatchRows, Scorer, predict_batch};
pub use columns::{ColumnRequest, estimate_columns, may_carry_labels};
