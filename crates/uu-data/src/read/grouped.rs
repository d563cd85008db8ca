//! What the texts of a column of counts say of their points: whether they are decimal points, or part thousands.

use arrow::array::StringArray;
use uu_core::{Points, is_missing_marker};

/// Values of one form from which on a column in which there is no other value is refused: so many visits of less than 1,000 with three decimals each are
/// nobody's.
const REFUSED_FROM: u64 = 5;

/// What the texts of a column say, chunk by chunk.
#[derive(Default)]
pub(super) struct Grouped {
    /// A number whose point may part thousands.
    example: Option<String>,
    /// How many there are.
    either: u64,
    /// Whether points of a number can only part thousands.
    has_proof: bool,
    /// Whether a point that parts no thousands was seen.
    has_decimals: bool,
    /// Whether there is a value without a point that may part thousands.
    has_others: bool,
}

impl Grouped {
    /// Looks at the texts of the next chunk; of JSON, `given` is how many of them were given as texts.
    pub(super) fn look(&mut self, texts: &StringArray, given: Option<u64>) {
        let mut known = 0;
        for text in texts.iter().flatten() {
            match Points::of(text) {
                Some(Points::Either) => {
                    self.either += 1;
                    if self.example.is_none() {
                        self.example = Some(text.trim().to_owned());
                    }
                }
                Some(Points::Thousands) => self.has_proof = true,
                Some(Points::Decimal) => self.has_decimals = true,
                None if self.has_others => (),
                None => self.has_others = !(text.trim().is_empty() || is_missing_marker(text)),
            }
            known += u64::from(given.is_some() && !text.trim().is_empty());
        }
        self.has_others |= given.is_some_and(|given| given < known);
    }

    /// A number that can be read in two ways, where all that was seen suggests that points part thousands; `may_group` says that the delimiter does.
    pub(super) fn refused(&self, may_group: bool) -> Option<&str> {
        let is_all = self.either >= REFUSED_FROM && !self.has_others;
        self.example.as_deref().filter(|_| !self.has_decimals && (may_group || self.has_proof || is_all))
    }
}
