//! The two kernels: one row at once, and blocks of rows.
//!
//! Both are plain loops that the compiler vectorises; `pulp` picks the AVX2 or AVX-512 version when the program runs.

use pulp::{Simd, WithSimd};

use super::bins::Binner;
use super::masks::{LANES, Tile};

/// Rows of a block: their bins stay in the first-level cache while a tile passes over them.
pub(crate) const BLOCK: usize = 64;

/// One row, all tiles.
pub(crate) struct OneRow<'a> {
    pub(crate) binner: &'a Binner,
    pub(crate) tiles: &'a [Tile],
    pub(crate) features: &'a [f64],
    pub(crate) bins: &'a mut [u32],
}

impl WithSimd for OneRow<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f64 {
        self.binner.bin_row(self.features, self.bins);
        self.tiles.iter().fold(0.0, |sum, tile| add_tile(sum, tile, self.bins))
    }
}

/// Any number of rows, in blocks; `bins` holds one block.
pub(crate) struct Rows<'a> {
    pub(crate) binner: &'a Binner,
    pub(crate) tiles: &'a [Tile],
    pub(crate) columns: &'a [&'a [f64]],
    pub(crate) bins: &'a mut [u32],
    pub(crate) out: &'a mut [f64],
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let width = self.binner.num_columns();
        for (block, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let bins = &mut self.bins[..width * out.len()];
            self.binner.bin_block(self.columns, block * BLOCK, out.len(), bins);
            out.fill(0.0);
            for tile in self.tiles {
                for (sum, bins) in out.iter_mut().zip(bins.chunks_exact(width)) {
                    *sum = add_tile(*sum, tile, bins);
                }
            }
        }
    }
}

/// Adds a tile's trees to the sum, in their order.
///
/// A lane without a surviving leaf adds `0.0`, which changes no bit of the sum: it starts at `0.0` and can never become
/// `-0.0`, the only number that `+ 0.0` changes.
#[inline(always)]
fn add_tile(sum: f64, tile: &Tile, bins: &[u32]) -> f64 {
    let mut alive = tile.lines[0];
    for &bin in bins {
        let line = &tile.lines[usize::from(tile.line_of_bin[bin as usize])];
        for lane in 0..LANES {
            alive.0[lane] &= line.0[lane];
        }
    }
    let leaves = alive.0.iter().zip(&tile.values);
    leaves.fold(sum, |sum, (alive, values)| sum + values[alive.trailing_zeros() as usize])
}
