//! Query parameters of a batch.

use uu_data::read::{BadRows, BounceRateUnit, Decimal};
use uu_model::EstimateOptions;

use crate::parameters::{Parameters, read_bounce_rate_unit, read_decimal, read_level, read_switch};
use crate::problem::Problem;

const PARAMETERS: Parameters =
    Parameters::once(&["level", "explain", "skipBadRows", "bounceRateUnit", "decimal", "allowRepeatedMonths", "spreadsheetSafe"]);

/// How a batch is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) estimate: EstimateOptions,
    pub(super) bad_rows: BadRows,
    pub(super) bounce_rate_unit: Option<BounceRateUnit>,
    pub(super) decimal: Option<Decimal>,
    pub(super) allow_repeated_months: bool,
    pub(super) spreadsheet_safe: bool,
}

impl Options {
    /// **Errors**: every parameter that is not known, given twice, or not of its kind.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut options = Self::default();
        PARAMETERS.read(query, |name, value, faults| match name {
            "level" => options.estimate.level = read_level(value, faults),
            "explain" => options.estimate.explain = read_switch(name, value, faults),
            "skipBadRows" => options.bad_rows = if read_switch(name, value, faults) { BadRows::Skip } else { BadRows::Fail },
            "bounceRateUnit" => options.bounce_rate_unit = read_bounce_rate_unit(value, faults),
            "decimal" => options.decimal = read_decimal(value, faults),
            "spreadsheetSafe" => options.spreadsheet_safe = read_switch(name, value, faults),
            _ => options.allow_repeated_months = read_switch(name, value, faults),
        })?;
        Ok(options)
    }
}
