//! Names of model versions.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Name of a model version: `v` and its number in the order of arrival, as `v0001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelVersion(u32);

/// The text is no version's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version is named like `v0001`, got `{0}`")]
pub struct BadVersion(pub String);

impl ModelVersion {
    /// The version of that number.
    #[must_use]
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ModelVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "v{:04}", self.0)
    }
}

impl Serialize for ModelVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for ModelVersion {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let digits = text.strip_prefix('v').filter(|digits| digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        number.map(Self).filter(|version| version.to_string() == text).ok_or_else(|| BadVersion(text.to_owned()))
    }
}
