//! Turns feature values into bins, once a row, so that trees compare nothing.

use super::trees::{Column, Missing, Trees, Values};

/// LightGBM's `kZeroThreshold`, a `float` constant: its predictors read anything this close to zero as zero.
const ZERO: f64 = 1e-35_f32 as f64;

/// The columns' cut points and codes, in the order in which they are searched.
#[derive(Debug)]
pub(crate) struct Binner {
    columns: Vec<BinnedColumn>,
    num_bins: usize,
}

/// One column. The bins of all columns are numbered through; a column's first is `base`.
#[derive(Debug)]
struct BinnedColumn {
    feature: usize,
    base: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Numeric { cuts: Vec<f64>, zero_bin: u32, nan_bin: u32 },
    Categorical { codes: Vec<u32> },
}

impl Binner {
    pub(crate) fn new(trees: &Trees) -> Self {
        let mut base = 0;
        let mut columns = Vec::with_capacity(trees.columns.len());
        for column in &trees.columns {
            columns.push(BinnedColumn { feature: column.feature as usize, base, kind: kind(column, base) });
            base += column.num_bins();
        }
        Self { columns, num_bins: base as usize }
    }

    pub(crate) fn num_columns(&self) -> usize {
        self.columns.len()
    }

    /// The number of bins of all columns together.
    pub(crate) fn num_bins(&self) -> usize {
        self.num_bins
    }

    /// The first bin of a column.
    pub(crate) fn base(&self, column: usize) -> u32 {
        self.columns[column].base
    }

    /// Writes one row's bins, one a column.
    #[inline(always)]
    pub(crate) fn bin_row(&self, features: &[f64], bins: &mut [u32]) {
        for (column, bin) in self.columns.iter().zip(bins) {
            *bin = column.bin(features[column.feature]);
        }
    }

    /// Writes the bins of rows `from..from + rows` of column-major features, row by row.
    #[inline(always)]
    pub(crate) fn bin_block(&self, features: &[&[f64]], from: usize, rows: usize, bins: &mut [u32]) {
        let width = self.columns.len();
        for (at, column) in self.columns.iter().enumerate() {
            let values = &features[column.feature][from..from + rows];
            for (row, &value) in bins.chunks_exact_mut(width).zip(values) {
                row[at] = column.bin(value);
            }
        }
    }
}

fn kind(column: &Column, base: u32) -> Kind {
    match &column.values {
        Values::Numeric { missing, cuts } => {
            let missing_bin = base + column.last_bin();
            let zero = base + cuts.partition_point(|&cut| cut < 0.0) as u32;
            let (zero_bin, nan_bin) = match missing {
                Missing::None => (zero, zero),
                Missing::Zero => (missing_bin, missing_bin),
                Missing::Nan => (zero, missing_bin),
            };
            Kind::Numeric { cuts: cuts.clone(), zero_bin, nan_bin }
        }
        Values::Categorical { codes } => Kind::Categorical { codes: codes.clone() },
    }
}

impl BinnedColumn {
    #[inline(always)]
    fn bin(&self, value: f64) -> u32 {
        match &self.kind {
            // The search always runs and its result is replaced: which values are missing is what a branch predictor cannot know.
            Kind::Numeric { cuts, zero_bin, nan_bin } => {
                let below = cuts.partition_point(|&cut| cut < value) as u32;
                let found = if value.abs() <= ZERO { *zero_bin } else { self.base + below };
                if value.is_nan() { *nan_bin } else { found }
            }
            Kind::Categorical { codes } => self.base + category(codes, value),
        }
    }
}

/// LightGBM truncates to an int; NaN, negatives and codes no split names belong to the bin after the last.
#[inline(always)]
fn category(codes: &[u32], value: f64) -> u32 {
    let code = if value > -1.0 { value as u32 } else { u32::MAX };
    codes.binary_search(&code).unwrap_or(codes.len()) as u32
}
