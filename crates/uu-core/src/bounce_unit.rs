//! In which unit bounce rates are given: as it was declared, or as all of an input together show it.

use crate::BounceRate;

/// The unit an input gives its bounce rates in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceRateUnit {
    /// 0 to 100.
    #[default]
    Percent,
    /// 0 to 1.
    Fraction,
}

impl BounceRateUnit {
    /// A rate of this unit in percent.
    #[must_use]
    pub fn percent(self, rate: f64) -> f64 {
        match self {
            Self::Percent => rate,
            Self::Fraction => rate * 100.0,
        }
    }

    /// What a rate can be where the unit was declared, in words.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Percent => "between 0 and 100 percent, as declared",
            Self::Fraction => "a fraction between 0 and 1, as declared",
        }
    }
}

/// Bounce rates of one input, counted by what they show of their unit; 0 and 1 can be of either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BounceRateUnits {
    /// All that are known.
    pub known: u64,
    /// Those between 0 and 1.
    pub fractions: u64,
    /// Those above 1.
    pub percents: u64,
}

/// Why bounce rates that were read as percent may be fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitDoubt {
    /// All are at most 1.
    AllAtMostOne,
    /// Most of those that show a unit lie between 0 and 1.
    MostlyFractions,
    /// More of them lie between 0 and 1 than sites have so low a rate.
    ManyFractions,
}

impl BounceRateUnits {
    /// Fractions from which on an input is refused, where they are not few among its rates; fewer are warned of.
    const REFUSED_FROM: u64 = 5;

    /// Of so many rates that show a unit, one below 1 percent is believed.
    const ONE_OF: u64 = 5;

    /// Takes one more.
    pub fn add(&mut self, rate: BounceRate) {
        let rate = rate.get();
        self.known += 1;
        self.fractions += u64::from(rate > 0.0 && rate < 1.0);
        self.percents += u64::from(rate > 1.0);
    }

    /// Whether they may be fractions, and why. A few rates below 1 percent among many above are none.
    #[must_use]
    pub fn doubt(&self) -> Option<UnitDoubt> {
        match (self.fractions, self.percents) {
            (0, _) => None,
            (_, 0) => Some(UnitDoubt::AllAtMostOne),
            (fractions, percents) if fractions > percents => Some(UnitDoubt::MostlyFractions),
            (fractions, percents) if fractions * Self::ONE_OF > fractions + percents => Some(UnitDoubt::ManyFractions),
            _ => None,
        }
    }

    /// Whether there are enough of them to refuse the input until its unit is declared.
    #[must_use]
    pub fn are_refused(&self) -> bool {
        match self.doubt() {
            Some(UnitDoubt::AllAtMostOne) => self.known >= Self::REFUSED_FROM,
            Some(UnitDoubt::MostlyFractions) => self.fractions >= Self::REFUSED_FROM,
            Some(UnitDoubt::ManyFractions) | None => false,
        }
    }
}

impl UnitDoubt {
    /// Whether a rate of the input is to be warned of.
    #[must_use]
    pub fn is_about(self, rate: BounceRate) -> bool {
        self == Self::AllAtMostOne || rate.get() > 0.0 && rate.get() < 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn units(rates: &[(f64, usize)]) -> BounceRateUnits {
        let mut units = BounceRateUnits::default();
        let all = rates.iter().flat_map(|(rate, count)| std::iter::repeat_n(*rate, *count));
        all.for_each(|rate| units.add(BounceRate::new(rate).unwrap()));
        units
    }

    #[rstest]
    #[case(&[(0.4, 5)], Some(UnitDoubt::AllAtMostOne), true)]
    #[case(&[(0.4, 1), (1.0, 2), (0.0, 2)], Some(UnitDoubt::AllAtMostOne), true)]
    #[case(&[(0.4, 4)], Some(UnitDoubt::AllAtMostOne), false)]
    #[case(&[(0.0, 9), (1.0, 9)], None, false)]
    #[case(&[(0.4, 11), (45.0, 1)], Some(UnitDoubt::MostlyFractions), true)]
    #[case(&[(0.4, 2), (45.0, 1)], Some(UnitDoubt::MostlyFractions), false)]
    #[case(&[(0.4, 1), (45.0, 1)], Some(UnitDoubt::ManyFractions), false)]
    #[case(&[(0.4, 30), (45.0, 60)], Some(UnitDoubt::ManyFractions), false)]
    #[case(&[(0.4, 2), (45.0, 8)], None, false)]
    #[case(&[(0.4, 30), (45.0, 200)], None, false)]
    #[case(&[(45.0, 7)], None, false)]
    fn shares_decide_whether_rates_may_be_fractions(
        #[case] rates: &[(f64, usize)],
        #[case] doubt: Option<UnitDoubt>,
        #[case] refused: bool,
    ) {
        let units = units(rates);
        assert_eq!((units.doubt(), units.are_refused()), (doubt, refused), "{rates:?}");
    }
}
