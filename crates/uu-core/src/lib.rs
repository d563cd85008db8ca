#![doc = include_str!("../README.md")]

pub mod chance;
mod check;
mod extras;
mod fault;
mod field;
mod metrics;
mod month;
mod raw;
mod record;
mod taxonomy;
mod units;

pub use check::{BounceDefinition, Checked, Rules, check};
pub use extras::{BadExtra, MAX_EXTRAS};
pub use fault::{Fault, FaultField, FaultRule, UnusedMonths, Warning};
pub use field::Field;
pub use metrics::{ErrorMetrics, IntervalMetrics, median};
pub use month::{Month, NotAMonth};
pub use raw::{RawRecord, RawValue};
pub use record::Record;
pub use taxonomy::{Category, NoCategory};
pub use units::{AvgVisitDuration, BounceRate, OutOfRange, PagesPerVisit, Rank, UniqueUsers, Visits};

#[cfg(test)]
mod tests;
