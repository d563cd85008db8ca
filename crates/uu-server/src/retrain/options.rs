//! Query parameters of a re-training.

use uu_data::read::{BounceRateUnit, Decimal};

use super::MOST_FILES;
use crate::parameters::{Parameters, read_bounce_rate_unit, read_decimal, read_switch};
use crate::problem::Problem;

pub(super) const PARAMETERS: Parameters =
    Parameters { once: &["force", "skipBadRows", "bounceRateUnit", "decimal", "allowRepeatedMonths"], several: &["uri"] };

/// How a re-training is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) force: bool,
    pub(super) skip_bad_rows: bool,
    pub(super) bounce_rate_unit: Option<BounceRateUnit>,
    pub(super) decimal: Option<Decimal>,
    pub(super) allow_repeated_months: bool,
    pub(super) uris: Vec<String>,
}

impl Options {
    /// **Errors**: every parameter that is not known, given twice where one is enough, or not of its kind; too many files.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut options = Self::default();
        PARAMETERS.read(query, |name, value, faults| match name {
            "force" => options.force = read_switch(name, value, faults),
            "skipBadRows" => options.skip_bad_rows = read_switch(name, value, faults),
            "bounceRateUnit" => options.bounce_rate_unit = read_bounce_rate_unit(value, faults),
            "decimal" => options.decimal = read_decimal(value, faults),
            "allowRepeatedMonths" => options.allow_repeated_months = read_switch(name, value, faults),
            _ => options.uris.push(value.to_owned()),
        })?;
        if options.uris.len() > MOST_FILES {
            return Err(Problem::too_many_files(MOST_FILES));
        }
        Ok(options)
    }
}
