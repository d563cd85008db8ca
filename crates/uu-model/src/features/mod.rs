//! What the trees see: columns made of the inputs.

mod encoder;
pub(crate) mod linear;

use serde::{Deserialize, Serialize};
use uu_core::Category;

pub use encoder::Encoder;
pub use encoder::{Kinds, Values, source_levels};
use linear::{INPUTS, Seen};

use crate::checks::{Soundness, ensure};
use crate::host::{Host, NO_HOST, Spelling};
use crate::input::{InputBlock, InputRow, UNKNOWN_CODE};
use crate::input_id::InputId;

/// One column of a stage's feature matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Column {
    /// A numeric input as it is scaled.
    Numeric(InputId),
    /// A weighted sum of scaled inputs: the logarithm of a product of powers. Unknown where one of them is.
    Combination(Vec<(InputId, f64)>),
    /// Code of the category, split natively: by which of its values go left.
    CategoryCode,
    /// Code of the top category, split natively.
    TopCode,
    /// Mean of a statistic over the category.
    Category(Statistic),
    /// How far a scaled input lies from its mean over the category.
    Distance(InputId),
    /// Code of the host's suffix, split natively.
    SuffixCode,
    /// Mean of a statistic over the suffix.
    Suffix(Statistic),
    /// Mean of the target over other sites of the brand; unknown where there is none.
    Brand,
    /// How the host is spelled.
    Spelling(Spelling),
    /// A linear model's prediction of the target.
    Linear,
    /// Encoding of the source.
    Source,
    /// Month of the year, 1 to 12.
    Month,
}

/// What a group is described by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Statistic {
    /// What the stage predicts.
    Target,
    /// The logarithm of visits per user.
    Ratio,
    /// A scaled numeric input.
    Numeric(InputId),
}

impl Statistic {
    pub(crate) fn renumber(&mut self, renumbered: fn(InputId) -> InputId) {
        if let Self::Numeric(id) = self {
            *id = renumbered(*id);
        }
    }
}

/// The entry of a code; a code that came after the artifact, with a later taxonomy, is unknown to it.
fn at(table: &[f64], code: u16) -> f64 {
    table.get(usize::from(code)).copied().unwrap_or(f64::NAN)
}

/// A code as LightGBM takes it: `unknown` is missing.
fn code(code: u16, unknown: u16) -> f64 {
    if code == unknown { f64::NAN } else { f64::from(code) }
}

fn top_code(category: u16) -> f64 {
    Category::from_code(u32::from(category)).map_or(f64::NAN, |category| f64::from(category.top().code()))
}

impl Column {
    /// Checks that its inputs are among so many, and that the encoder has what it is looked up in.
    pub(crate) fn check(&self, inputs: usize, encoder: &Encoder) -> Soundness {
        /// Weights of a sum of logarithms are powers of a product.
        const WEIGHTS: std::ops::RangeInclusive<f64> = 1e-6..=1e6;
        let input = |id: InputId| id.check(inputs);
        match self {
            Self::Numeric(index) => input(*index),
            Self::Combination(terms) => terms.iter().try_for_each(|&(index, weight)| {
                input(index)?;
                ensure(WEIGHTS.contains(&weight.abs()), "a weight of a column", "from 1e-6 to 1e6 in size", weight)
            }),
            Self::Category(statistic) => encoder.check_category(*statistic),
            Self::Distance(index) => input(*index).and_then(|()| encoder.check_category(Statistic::Numeric(*index))),
            Self::Suffix(statistic) => encoder.check_suffix(*statistic),
            Self::Linear => INPUTS.iter().try_for_each(|id| input(*id)).and_then(|()| encoder.check_has_linear()),
            Self::CategoryCode | Self::TopCode | Self::SuffixCode | Self::Brand | Self::Spelling(_) | Self::Source | Self::Month => Ok(()),
        }
    }

    /// Gives each of its inputs another id.
    pub fn renumber(&mut self, renumbered: fn(InputId) -> InputId) {
        match self {
            Self::Numeric(id) | Self::Distance(id) => *id = renumbered(*id),
            Self::Combination(terms) => terms.iter_mut().for_each(|(id, _)| *id = renumbered(*id)),
            Self::Category(statistic) | Self::Suffix(statistic) => statistic.renumber(renumbered),
            Self::CategoryCode
            | Self::TopCode
            | Self::SuffixCode
            | Self::Brand
            | Self::Spelling(_)
            | Self::Linear
            | Self::Source
            | Self::Month => {}
        }
    }

    /// The column's value in one row.
    pub fn value(&self, row: &InputRow, encoder: &Encoder) -> f64 {
        match self {
            Self::Numeric(index) => row.numeric[*index],
            Self::Combination(terms) => terms.iter().map(|&(index, weight)| row.numeric[index] * weight).sum(),
            Self::CategoryCode => code(row.category, UNKNOWN_CODE),
            Self::TopCode => top_code(row.category),
            Self::Category(statistic) => at(encoder.by_category(*statistic), row.category),
            Self::Distance(index) => row.numeric[*index] - at(encoder.by_category(Statistic::Numeric(*index)), row.category),
            Self::SuffixCode => code(row.host.suffix, NO_HOST),
            Self::Suffix(statistic) => at(encoder.by_suffix(*statistic), row.host.suffix),
            Self::Brand => brand(&row.host, encoder),
            Self::Spelling(which) => row.host.spelling(*which),
            Self::Linear => encoder.linear().value(&Seen::of_row(row)),
            Self::Source => at(&encoder.source, row.source),
            Self::Month => f64::from(row.month),
        }
    }

    /// The column's values in every row, appended to `out`.
    pub fn extend(&self, block: &InputBlock, encoder: &Encoder, out: &mut Vec<f64>) {
        let lookup = |codes: &[u16], table: &[f64], out: &mut Vec<f64>| out.extend(codes.iter().map(|&code| at(table, code)));
        let hosts = || block.host.iter();
        match self {
            Self::Numeric(index) => out.extend_from_slice(&block.numeric[*index]),
            Self::Combination(terms) => {
                let value = |row: usize| terms.iter().map(|&(index, weight)| block.numeric[index][row] * weight).sum::<f64>();
                out.extend((0..block.len()).map(value));
            }
            Self::CategoryCode => out.extend(block.category.iter().map(|&category| code(category, UNKNOWN_CODE))),
            Self::TopCode => out.extend(block.category.iter().map(|&category| top_code(category))),
            Self::Category(statistic) => lookup(&block.category, encoder.by_category(*statistic), out),
            Self::Distance(index) => {
                let means = encoder.by_category(Statistic::Numeric(*index));
                let inputs = &block.numeric[*index];
                out.extend(inputs.iter().zip(&block.category).map(|(input, &code)| input - at(means, code)));
            }
            Self::SuffixCode => out.extend(hosts().map(|host| code(host.suffix, NO_HOST))),
            Self::Suffix(statistic) => {
                let means = encoder.by_suffix(*statistic);
                out.extend(hosts().map(|host| at(means, host.suffix)));
            }
            Self::Brand => out.extend(hosts().map(|host| brand(host, encoder))),
            Self::Spelling(which) => out.extend(hosts().map(|host| host.spelling(*which))),
            Self::Linear => {
                let linear = encoder.linear();
                out.extend((0..block.len()).map(|row| linear.value(&Seen::of_block(block, row))));
            }
            Self::Source => lookup(&block.source, &encoder.source, out),
            Self::Month => out.extend(block.month.iter().map(|&month| f64::from(month))),
        }
    }

    /// The statistic the column needs the means of.
    pub fn statistic(&self) -> Option<Statistic> {
        match self {
            Self::Category(statistic) | Self::Suffix(statistic) => Some(*statistic),
            Self::Distance(index) => Some(Statistic::Numeric(*index)),
            _ => None,
        }
    }

    /// Whether the column's values are codes without an order.
    pub fn is_categorical(&self) -> bool {
        matches!(self, Self::CategoryCode | Self::TopCode | Self::SuffixCode)
    }

    /// Whether the column depends on what was learned over rows.
    pub fn is_encoded(&self) -> bool {
        matches!(self, Self::Category(_) | Self::Distance(_) | Self::Suffix(_) | Self::Brand | Self::Linear)
    }
}

fn brand(host: &Host, encoder: &Encoder) -> f64 {
    if host.is_known() { encoder.by_brand(host.brand) } else { f64::NAN }
}
