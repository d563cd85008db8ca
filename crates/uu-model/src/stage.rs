//! One regression: its columns, its encoding and its trees.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};
use uu_forest::{Forest, Scratch};

use crate::checks::{MOST, Soundness, ensure_length, ensure_within};
use crate::features::{Column, Encoder};
use crate::input::{InputBlock, InputRow};

/// A fitted regression from inputs to one number on a transformed scale.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stage {
    /// What the trees see of a row.
    pub columns: Vec<Column>,
    /// How groups become numbers.
    pub encoder: Encoder,
    /// The trees.
    pub forest: Forest,
    /// What is added for each source, by code: how far the mean of its target lies from the mean of all. Empty where there is one source.
    ///
    /// The trees learn what is left. Were the difference theirs to find, they would find it in whatever else tells the sources apart (a suffix,
    /// the month, what is missing), and a row that shows nothing of that would be estimated as one of the commonest source.
    pub levels: Vec<f64>,
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
    /// Checks the columns, what they are made with, and that their trees take as many, for a model of so many `inputs` and `sources`.
    pub(crate) fn check(&self, inputs: usize, sources: usize) -> Soundness {
        ensure_length("the columns of a stage", self.forest.num_features(), self.columns.len())?;
        self.columns.iter().try_for_each(|column| column.check(inputs, &self.encoder))?;
        self.encoder.check()?;
        ensure_within("the trees of a stage", MOST, [self.forest.most()])?;
        if !self.levels.is_empty() {
            ensure_length("the levels of the sources", sources + 1, self.levels.len())?;
        }
        ensure_within("the levels of the sources", MOST, self.levels.iter().copied())
    }

    /// The prediction for one row, with the least latency.
    pub fn predict_row(&self, row: &InputRow) -> f64 {
        WORKSPACE.with_borrow_mut(|workspace| {
            self.features_of(row, &mut workspace.features);
            self.forest.predict_row(&workspace.features, &mut workspace.scratch) + self.level(row.source)
        })
    }

    /// The predictions for every row of a block; equal to [`Stage::predict_row`] to the last bit.
    pub fn predict(&self, block: &InputBlock) -> Vec<f64> {
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
        if !self.levels.is_empty() {
            out.iter_mut().zip(&block.source).for_each(|(value, source)| *value += self.level(*source));
        }
        out
    }

    /// Each column's share of the prediction for one row, and the mean prediction that they add up to it with.
    pub fn contributions(&self, row: &InputRow) -> (Vec<f64>, f64) {
        WORKSPACE.with_borrow_mut(|workspace| {
            self.features_of(row, &mut workspace.features);
            let mut contributions = vec![0.0; self.columns.len()];
            let mean = self.forest.contributions_row(&workspace.features, &mut contributions, &mut workspace.scratch);
            let of_source = self.columns.iter().position(|column| *column == Column::Source);
            of_source.into_iter().for_each(|place| contributions[place] += self.level(row.source));
            (contributions, mean)
        })
    }

    /// What is added for a source.
    pub fn level(&self, source: u16) -> f64 {
        self.levels.get(usize::from(source)).copied().unwrap_or(0.0)
    }

    fn features_of(&self, row: &InputRow, features: &mut Vec<f64>) {
        features.clear();
        features.extend(self.columns.iter().map(|column| column.value(row, &self.encoder)));
    }
}
