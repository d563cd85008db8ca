//! The measured quantities of a record, each with its unit and its range.

/// A number outside the range its quantity can have.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("must be {expected}, got {found}")]
pub struct OutOfRange {
    /// What the quantity can be, in words.
    pub expected: &'static str,
    /// The number that was given.
    pub found: f64,
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $expected:literal, |$value:ident| $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// What the quantity can be, in words, for messages.
            pub const EXPECTED: &'static str = $expected;

            /// The quantity of that value.
            ///
            /// **Errors**: [`OutOfRange`] for a value the quantity cannot have; NaN and infinities are such values.
            pub fn new($value: f64) -> Result<Self, OutOfRange> {
                if $value.is_finite() && $valid { Ok(Self($value)) } else { Err(OutOfRange { expected: $expected, found: $value }) }
            }

            /// The value, in the unit of the quantity.
            #[must_use]
            pub fn get(self) -> f64 {
                self.0
            }
        }
    };
}

quantity! {
    /// Sessions in the month.
    ///
    /// **Unit**: sessions, 0 or more.
    Visits, "a number of visits, 0 or more", |value| value >= 0.0
}
quantity! {
    /// Persons or devices in the month, as the record's source counts them.
    ///
    /// **Unit**: users, 0 or more.
    UniqueUsers, "a number of users, 0 or more", |value| value >= 0.0
}
quantity! {
    /// Position in a ranking of all sites by traffic; 1 is the most visited.
    Rank, "a whole number, 1 or more", |value| value >= 1.0 && value.fract() == 0.0
}
quantity! {
    /// Mean number of pages seen in a visit.
    ///
    /// **Unit**: pages per visit, 1 or more: a visit sees at least one page.
    PagesPerVisit, "1 or more pages per visit", |value| value >= 1.0
}
quantity! {
    /// Share of visits that end after one page, or that were not engaged, as the source declares it.
    ///
    /// **Unit**: percent in `[0, 100]`. Loaders of sources that report a fraction convert.
    BounceRate, "between 0 and 100 percent", |value| (0.0..=100.0).contains(&value)
}
quantity! {
    /// Mean duration of a visit.
    ///
    /// **Unit**: seconds, 0 or more.
    AvgVisitDuration, "a number of seconds, 0 or more", |value| value >= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounce_rate_accepts_the_closed_percent_range() {
        assert!(BounceRate::new(0.0).is_ok() && BounceRate::new(100.0).is_ok());
        assert!(BounceRate::new(-0.1).is_err() && BounceRate::new(100.1).is_err());
    }

    #[test]
    fn rank_is_a_whole_number_from_one() {
        assert!(Rank::new(1.0).is_ok());
        assert!(Rank::new(0.0).is_err() && Rank::new(1.5).is_err() && Rank::new(f64::NAN).is_err());
    }

    #[test]
    fn zero_visits_are_a_value() {
        assert_eq!(Visits::new(0.0).map(Visits::get), Ok(0.0));
        assert!(Visits::new(f64::INFINITY).is_err());
    }
}
