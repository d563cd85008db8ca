//! What a hyperparameter can be.

/// A hyperparameter: its range, and how trials are spread over it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dimension {
    /// Its name in the literature.
    pub name: &'static str,
    /// The least it can be.
    pub low: f64,
    /// The most it can be.
    pub high: f64,
    /// How trials are spread over the range.
    pub spread: Spread,
    /// What the first trial takes: what one would take without tuning.
    pub start: f64,
}

/// How trials are spread over a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Evenly.
    Linear,
    /// Evenly on the logarithmic scale.
    Log,
    /// Evenly on the logarithmic scale, whole numbers only.
    LogWhole,
}

impl Dimension {
    /// The value at a place in `[0, 1]` of the range.
    #[must_use]
    pub fn at(&self, place: f64) -> f64 {
        let place = place.clamp(0.0, 1.0);
        let on_log = || (self.low.ln() + place * (self.high.ln() - self.low.ln())).exp();
        match self.spread {
            Spread::Linear => self.low + place * (self.high - self.low),
            Spread::Log => on_log().clamp(self.low, self.high),
            Spread::LogWhole => on_log().round().clamp(self.low, self.high),
        }
    }

    /// The place of a value; the inverse of [`Dimension::at`].
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        match self.spread {
            Spread::Linear => (value - self.low) / (self.high - self.low),
            Spread::Log | Spread::LogWhole => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Spread::Linear, 0.5, 50.5)]
    #[case(Spread::Log, 0.5, 10.0)]
    #[case(Spread::LogWhole, 0.6, 16.0)]
    #[case(Spread::Log, 2.0, 100.0)]
    fn a_place_has_its_value(#[case] spread: Spread, #[case] place: f64, #[case] value: f64) {
        let dimension = Dimension { name: "x", low: 1.0, high: 100.0, spread, start: 1.0 };
        assert!((dimension.at(place) - value).abs() < 1e-9, "{}", dimension.at(place));
        if spread != Spread::LogWhole {
            assert!((dimension.place(value) - place.min(1.0)).abs() < 1e-9);
        }
    }
}
