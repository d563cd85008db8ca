//! Query parameters of a re-training.

use uu_service::batch::BounceRateUnit;

use crate::predict::{bad_parameter, read_bounce_rate_unit, read_switch};
use crate::problem::{Faults, Problem};

/// How a re-training is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) force: bool,
    pub(super) skip_bad_rows: bool,
    pub(super) bounce_rate_unit: Option<BounceRateUnit>,
    pub(super) uris: Vec<String>,
}

impl Options {
    /// **Errors**: every parameter that is not known, or not of its kind.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut options = Self::default();
        let mut faults = Faults::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                "force" => options.force = read_switch("force", &value, &mut faults),
                "skipBadRows" => options.skip_bad_rows = read_switch("skipBadRows", &value, &mut faults),
                "bounceRateUnit" => options.bounce_rate_unit = Some(read_bounce_rate_unit(&value, &mut faults)),
                "uri" => options.uris.push(value.into_owned()),
                _ => faults.push(|| bad_parameter("unknown_parameter", &name, &value, "`force`, `skipBadRows`, `bounceRateUnit` or `uri`")),
            }
        }
        if faults.is_empty() { Ok(options) } else { Err(Problem::validation(faults)) }
    }
}
