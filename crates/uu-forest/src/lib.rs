#![doc = include_str!("../README.md")]

mod bins;
mod canonical;
mod contributions;
mod error;
mod evaluate;
mod masks;
mod quadrature;
mod text;
mod trees;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use error::{ForestError, Place};

use bins::Binner;
use contributions::{BinnedRow, Explainer};
use evaluate::{BLOCK, OneRow, Rows};
use masks::Tile;
use text::ModelText;
use trees::Trees;

/// A sum of regression trees.
#[derive(Debug)]
pub struct Forest {
    trees: Trees,
    binner: Binner,
    tiles: Vec<Tile>,
    explainer: Explainer,
    arch: pulp::Arch,
}

/// Memory that predictions write to; one for each thread, for any forests, grown on first use.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    bins: Vec<u32>,
    explanation: contributions::Workspace,
}

impl Forest {
    /// Reads a model in LightGBM's text format.
    ///
    /// **Errors**: a text that is damaged, or a model that is not one plain sum of trees.
    pub fn from_lightgbm_text(text: &str) -> Result<Self, ForestError> {
        Self::new(Trees::from_text(ModelText::parse(text)?)?)
    }

    /// `trees` has been checked.
    fn new(trees: Trees) -> Result<Self, ForestError> {
        let binner = Binner::new(&trees);
        let tiles = masks::tiles(&trees, &binner)?;
        let explainer = Explainer::new(&trees);
        Ok(Self { trees, binner, tiles, explainer, arch: pulp::Arch::new() })
    }

    /// The features' names, in the order in which their values are passed.
    pub fn feature_names(&self) -> &[String] {
        &self.trees.feature_names
    }

    /// The number of features of a row.
    pub fn num_features(&self) -> usize {
        self.trees.feature_names.len()
    }

    /// The number of trees.
    pub fn num_trees(&self) -> usize {
        self.trees.trees.len()
    }

    /// No prediction is farther from zero.
    pub fn most(&self) -> f64 {
        self.trees.most()
    }

    /// Predicts one row, with the lowest latency.
    ///
    /// **Missing values**: NaN, and whatever else the model was trained to take for missing.
    ///
    /// **Panics**: if there are not [`Forest::num_features`] features.
    pub fn predict_row(&self, features: &[f64], scratch: &mut Scratch) -> f64 {
        assert_eq!(features.len(), self.num_features(), "one value for each feature");
        let bins = scratch.bins(self.binner.num_columns());
        self.arch.dispatch(OneRow { binner: &self.binner, tiles: &self.tiles, features, bins })
    }

    /// Predicts any number of rows, with the highest throughput.
    ///
    /// **Shapes**: one column for each feature, each as long as `out`.
    ///
    /// **Panics**: if the shapes differ.
    pub fn predict_block(&self, columns: &[&[f64]], out: &mut [f64], scratch: &mut Scratch) {
        assert_eq!(columns.len(), self.num_features(), "one column for each feature");
        assert!(columns.iter().all(|column| column.len() == out.len()), "one value for each row");
        let width = self.binner.num_columns();
        if width == 0 {
            // No tree has a split: every row is the same sum of constants.
            out.fill(self.arch.dispatch(OneRow { binner: &self.binner, tiles: &self.tiles, features: &[], bins: &mut [] }));
            return;
        }
        let bins = scratch.bins(width * BLOCK.min(out.len()));
        self.arch.dispatch(Rows { binner: &self.binner, tiles: &self.tiles, columns, bins, out });
    }

    /// Explains one row: writes each feature's Shapley value and returns the expected value, so that all of them add up to
    /// the prediction.
    ///
    /// **Source**: path-dependent TreeSHAP (Lundberg et al. 2018), in the form given in `contributions.rs`.
    ///
    /// **Panics**: if `features` or `out` does not have [`Forest::num_features`] elements.
    pub fn contributions_row(&self, features: &[f64], out: &mut [f64], scratch: &mut Scratch) -> f64 {
        assert_eq!(features.len(), self.num_features(), "one value for each feature");
        assert_eq!(out.len(), self.num_features(), "one contribution for each feature");
        self.binner.bin_row(features, scratch.bins(self.binner.num_columns()));
        let row = BinnedRow { trees: &self.trees, binner: &self.binner, bins: &scratch.bins };
        self.explainer.explain(self.arch, row, out, &mut scratch.explanation)
    }
}

impl Scratch {
    /// Scratch memory that is still empty.
    pub fn new() -> Self {
        Self::default()
    }

    fn bins(&mut self, length: usize) -> &mut [u32] {
        if self.bins.len() < length {
            self.bins.resize(length, 0);
        }
        &mut self.bins[..length]
    }
}

impl Clone for Forest {
    fn clone(&self) -> Self {
        Self::new(self.trees.clone()).expect("these trees have been laid out before")
    }
}

impl PartialEq for Forest {
    fn eq(&self, other: &Self) -> bool {
        self.trees == other.trees
    }
}

impl Serialize for Forest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.trees.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Forest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let trees = Trees::deserialize(deserializer)?;
        trees.check().and_then(|()| Self::new(trees)).map_err(serde::de::Error::custom)
    }
}
