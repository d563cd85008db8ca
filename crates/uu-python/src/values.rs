//! Settings and figures as Python's dictionaries and lists, by way of JSON.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value as Python's own: dictionaries, lists, texts, numbers; what is not finite is `None`.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|error| PyValueError::new_err(error.to_string()))?;
    py.import("json")?.call_method1("loads", (text,))
}

/// The `name`d argument's value in place of those of `defaults` that it names, at any depth.
///
/// **Errors**: it names what is not there, or a value is of another kind.
pub(crate) fn from_python<T: Serialize + DeserializeOwned>(name: &str, defaults: &T, given: Option<&Bound<'_, PyAny>>) -> PyResult<T> {
    let refused = |error: serde_json::Error| PyValueError::new_err(format!("`{name}`: {error}"));
    let mut value = serde_json::to_value(defaults).map_err(refused)?;
    if let Some(given) = given {
        let text: String = given.py().import("json")?.call_method1("dumps", (given,))?.extract()?;
        merge(&mut value, serde_json::from_str(&text).map_err(refused)?);
    }
    serde_json::from_value(value).map_err(refused)
}

fn merge(value: &mut Value, given: Value) {
    match (value, given) {
        (Value::Object(value), Value::Object(given)) => {
            for (key, given) in given {
                merge(value.entry(key).or_insert(Value::Null), given);
            }
        }
        (value, given) => *value = given,
    }
}
