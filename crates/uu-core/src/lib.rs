#![doc = include_str!("../README.md")]

mod bounce_unit;
mod check;
mod date_hint;
mod extras;
mod fault;
mod field;
mod hint;
mod missing;
mod month;
mod names;
mod output;
mod panics;
mod raw;
mod record;
mod shortest;
mod site;
pub mod stats;
pub mod store_files;
mod taxonomy;
mod units;
mod warning;

pub use bounce_unit::{BounceRateUnit, BounceRateUnits, UnitDoubt};
pub use check::{BounceDefinition, Checked, Rules, check, check_until};
pub use extras::{BadExtra, MAX_EXTRAS};
pub use fault::{Fault, FaultField, FaultRule, TEXT_IN_UTF8};
pub use field::{Field, Kind, Scale};
pub use hint::{Points, SAVE_AS_UTF8, joined_hints};
pub use missing::is_missing_marker;
pub use month::{Month, NotAMonth, day_of};
pub use names::{Escaping, escaped, nearest, visible};
pub use output::{DoubtfulOutput, OutputColumn, OwnOutput};
pub use panics::{Panicked, contained, contained_panics, report_contained};
pub use raw::{RawRecord, RawValue};
pub use record::{GENERATED, Record};
pub use shortest::Shortest;
pub use site::host_of_site;
pub use taxonomy::{Category, NoCategory};
pub use units::{AvgVisitDuration, BounceRate, OutOfRange, PagesPerVisit, Rank, UniqueUsers, Visits};
pub use warning::{UnusedMonths, Warning};

#[cfg(test)]
mod tests;
