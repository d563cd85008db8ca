//! Query parameters of a batch.

use uu_service::EstimateOptions;
use uu_service::batch::{BadRows, BounceRateUnit};

use crate::predict::{bad_parameter, read_bounce_rate_unit, read_level, read_switch};
use crate::problem::{Faults, Problem};

/// How a batch is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) estimate: EstimateOptions,
    pub(super) bad_rows: BadRows,
    pub(super) bounce_rate_unit: Option<BounceRateUnit>,
}

impl Options {
    /// **Errors**: every parameter that is not known, or not of its kind.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut options = Self::default();
        let mut faults = Faults::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "level" => options.estimate.level = read_level(&value, &mut faults),
                "skipBadRows" => {
                    options.bad_rows = if read_switch("skipBadRows", &value, &mut faults) { BadRows::Skip } else { BadRows::Fail };
                }
                "bounceRateUnit" => options.bounce_rate_unit = Some(read_bounce_rate_unit(&value, &mut faults)),
                _ => faults.push(|| bad_parameter("unknown_parameter", &name, &value, "`level`, `skipBadRows` or `bounceRateUnit`")),
            }
        }
        if faults.is_empty() { Ok(options) } else { Err(Problem::validation(faults)) }
    }
}
