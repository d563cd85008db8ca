//! One regression: its columns, its encoding and its trees.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use crate::features::{Column, Encoder};
use crate::forest::{Forest, Scratch};
use crate::input::{InputBlock, InputRow};

/// A fitted regression from inputs to one number on a transformed scale.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub(crate) columns: Vec<Column>,
    pub(crate) encoder: Encoder,
    pub(crate) forest: Forest,
}

/// Memory that predictions reuse.
#[derive(Default)]
struct Workspace {
    features: Vec<f64>,
    scratch: Scratch,
}

thread_local! {
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
}

impl Stage {
    /// The prediction for one row, with the least latency.
    pub(crate) fn predict_row(&self, row: &InputRow) -> f64 {
        WORKSPACE.with_borrow_mut(|workspace| {
            self.features_of(row, &mut workspace.features);
            self.forest.predict_row(&workspace.features, &mut workspace.scratch)
        })
    }

    /// The predictions for every row of a block; equal to [`Stage::predict_row`] to the last bit.
    pub(crate) fn predict(&self, block: &InputBlock) -> Vec<f64> {
        let mut out = vec![0.0; block.len()];
        WORKSPACE.with_borrow_mut(|workspace| {
            workspace.features.clear();
            for column in &self.columns {
                column.extend(block, &self.encoder, &mut workspace.features);
            }
            if !out.is_empty() {
                let columns: Vec<&[f64]> = workspace.features.chunks_exact(block.len()).collect();
                self.forest.predict_block(&columns, &mut out, &mut workspace.scratch);
            }
        });
        out
    }

    /// Each column's share of the prediction for one row, and the mean prediction that they add up to it with.
    pub(crate) fn contributions(&self, row: &InputRow) -> (Vec<f64>, f64) {
        WORKSPACE.with_borrow_mut(|workspace| {
            self.features_of(row, &mut workspace.features);
            let mut contributions = vec![0.0; self.columns.len()];
            let mean = self.forest.contributions_row(&workspace.features, &mut contributions, &mut workspace.scratch);
            (contributions, mean)
        })
    }

    fn features_of(&self, row: &InputRow, features: &mut Vec<f64>) {
        features.clear();
        features.extend(self.columns.iter().map(|column| column.value(row, &self.encoder)));
    }
}
