//! Where a model comes from and how good it was found to be.

use serde::{Deserialize, Serialize};

/// Where a model comes from and how good it was found to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Release of the product that trained it.
    pub product_version: String,
    /// Rows of the training data.
    pub rows: usize,
    /// Rows whose unique users are known.
    pub labelled_rows: usize,
    /// Sites of the training data.
    pub sites: usize,
    /// Sources of the training data, the commonest first: whose definitions of unique users the model knows. Rows that name none are a
    /// source of their own, [`UNNAMED_SOURCE`](crate::UNNAMED_SOURCE).
    pub sources: Vec<String>,
    /// SHA-256 of the training data in canonical order.
    pub data_fingerprint: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Trees of all stages.
    pub trees: usize,
    /// Median absolute percentage error on sites held out, inputs as observed.
    pub median_ape: f64,
    /// RMSLE on sites held out, inputs as observed.
    pub rmsle: f64,
    /// Coverage of the 90 % interval on sites held out, inputs as observed.
    pub coverage: f64,
    /// How often trees were added to a model that was fitted from scratch; 0 for one that was.
    #[serde(default)]
    pub continuations: u32,
}
