//! Figures as they are written: what is read back is what was written, to the last digit.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use crate::StudyError;

/// Significant digits of a figure: more than anything measured has, and few enough that reading a number gives back what was written.
const DIGITS: usize = 9;

/// Sizes below this are what is left of zero after sums, and powers of ten beyond the exact ones would be needed to read them.
const LEAST: f64 = 1e-12;

/// The value with every figure rounded, as it comes out of its own JSON.
///
/// **Errors**: a figure that is not a number where there must be one.
pub(crate) fn settled<T: Serialize + DeserializeOwned>(value: &T) -> Result<T, StudyError> {
    let mut value = serde_json::to_value(value).map_err(StudyError::NotFinite)?;
    round(&mut value);
    serde_json::from_value(value).map_err(StudyError::NotFinite)
}

fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let exact = number.as_f64().unwrap_or_default();
            let exact = if exact.abs() < LEAST { 0.0 } else { exact };
            let rounded = format!("{exact:.*e}", DIGITS - 1).parse().ok().and_then(Number::from_f64);
            if let Some(rounded) = rounded {
                *number = rounded;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(round),
        Value::Object(values) => values.values_mut().for_each(round),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_figure_that_is_no_number_is_an_error_where_it_must_be_one() {
        assert!(settled(&f64::NAN).is_err());
        assert_eq!(settled(&Some(1.0 / 3.0)).unwrap(), Some(0.333_333_333));
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_read(figures in proptest::collection::vec(proptest::num::f64::NORMAL, 1..20)) {
            let figures: Vec<f64> = figures.into_iter().filter(|figure| figure.abs() < 1e25).collect();
            let settled = settled(&figures).unwrap();
            let read: Vec<f64> = serde_json::from_str(&serde_json::to_string(&settled).unwrap()).unwrap();
            prop_assert_eq!(&read, &settled);
            for (settled, exact) in settled.iter().zip(&figures) {
                prop_assert!((settled - exact).abs() <= 1e-8 * exact.abs() || exact.abs() < LEAST);
            }
        }
    }
}
