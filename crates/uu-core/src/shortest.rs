//! Numbers in messages, as they were given.

use std::fmt;

/// A number that may have been one of 32 bits: it is shown with the digits that it was given with.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Shortest(pub f64);

impl Shortest {
    /// The number of 64 bits that has those digits.
    #[must_use]
    pub fn as_given(self) -> f64 {
        self.to_string().parse().unwrap_or(self.0)
    }
}

impl fmt::Display for Shortest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let narrow = self.0 as f32;
        // A whole number has the same digits in either width, as far as both are exact.
        let is_narrow = self.0.fract() != 0.0 && f64::from(narrow) == self.0;
        if is_narrow { fmt::Display::fmt(&narrow, formatter) } else { fmt::Display::fmt(&self.0, formatter) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(f64::from(0.4_f32), "0.4")]
    #[case(f64::from(143.1_f32), "143.1")]
    #[case(0.4, "0.4")]
    #[case(0.30000000000000004, "0.30000000000000004")]
    #[case(-0.5, "-0.5")]
    #[case(123_456_792.0, "123456792")]
    #[case(f64::NAN, "NaN")]
    #[case(f64::INFINITY, "inf")]
    fn a_number_has_the_digits_it_was_given_with(#[case] number: f64, #[case] expected: &str) {
        assert_eq!(Shortest(number).to_string(), expected);
        assert!(number.is_nan() || Shortest(number).as_given() == expected.parse().unwrap());
    }
}
