//! Exact Shapley values of a row's features: path-dependent TreeSHAP, by quadrature.
//!
//! For one leaf of value `v`, let `z_j` be the share of training rows that the splits on feature `j` above it let pass
//! and `o_j` 1 if the row itself passes them, else 0. TreeSHAP (Lundberg et al. 2018, Algorithm 2) sums, over the leaves,
//! the Shapley values of the game `v * prod_{j in S} o_j * prod_{j not in S} z_j`. By Owen's multilinear extension (1972)
//! that value is an integral,
//!
//! ```text
//! phi_j = v * (o_j - z_j) * integral over t in [0, 1] of prod_{k != j} (z_k + t * (o_k - z_k))
//! ```
//!
//! over a polynomial of a degree below the number `d` of features on the path, for which Gauss-Legendre quadrature with
//! `d / 2` points is exact. So every node carries the product of its path at 8 points, a vector; one pass down and one
//! pass up each tree gives all features' values (as in Linear TreeSHAP, Yu et al. 2022, whose basis are polynomial
//! coefficients), and as all factors are positive nothing cancels.

use pulp::{Arch, Simd, WithSimd};

use super::bins::Binner;
use super::quadrature::{AtPoints, POINTS, gauss_legendre};
use super::trees::{Tree, Trees};

/// What explanations need beside the trees.
#[derive(Debug)]
pub(crate) struct Explainer {
    trees: Vec<Vec<Node>>,
    /// The expected value: every tree's mean over its training rows.
    bias: f64,
    /// Points in `[0, 1]` with their weights.
    quadrature: Vec<(AtPoints, AtPoints)>,
}

/// A node of a tree in pre-order, with the edge that leads to it. Node 0 is the root.
#[derive(Debug)]
struct Node {
    parent: u32,
    /// The last node above whose edge splits on the same feature, or the root.
    prior: u32,
    feature: u32,
    is_left: bool,
    /// The share of training rows that this and all earlier splits on the feature let pass.
    zero_fraction: f64,
    below: Below,
}

#[derive(Clone, Copy, Debug)]
enum Below {
    Split(u32),
    Leaf(f64),
}

/// What the passes over a tree keep for each node.
#[derive(Clone, Copy, Debug)]
struct NodeState {
    /// Whether the row goes left here.
    goes_left: bool,
    /// 1 if the row passes this and all earlier splits on the feature, else 0.
    one_fraction: f64,
    /// The product of all features' factors on the path.
    product: AtPoints,
    /// The factor of this edge's feature, inverted; 0 for a factor of 0, whose whole branch counts for nothing.
    inverse: AtPoints,
    /// `(o - z) / factor`.
    ratio: AtPoints,
    /// The sum of leaf values times products below.
    value: AtPoints,
}

/// Shares of training rows are far from it; the inverse of a smaller one could be infinite.
const LEAST_FACTOR: f64 = 1e-100;

const ROOT: NodeState = NodeState {
    goes_left: false,
    one_fraction: 1.0,
    product: AtPoints([1.0; POINTS]),
    inverse: AtPoints([1.0; POINTS]),
    ratio: AtPoints([0.0; POINTS]),
    value: AtPoints([0.0; POINTS]),
};

impl Explainer {
    pub(crate) fn new(forest: &Trees) -> Self {
        let mut longest = 0;
        let trees = forest.trees.iter().map(|tree| flatten(tree, forest, &mut longest)).collect();
        Self {
            trees,
            bias: forest.trees.iter().fold(0.0, |bias, tree| bias + expected_value(tree)),
            quadrature: gauss_legendre(longest.div_ceil(2).max(1)),
        }
    }

    /// Writes every feature's contribution and returns the expected value.
    pub(crate) fn explain(&self, arch: Arch, row: BinnedRow<'_>, out: &mut [f64], workspace: &mut Workspace) -> f64 {
        let largest = self.trees.iter().map(Vec::len).max().unwrap_or(0);
        if workspace.states.len() < largest {
            workspace.states.resize(largest, ROOT);
        }
        workspace.sums.resize(out.len(), AtPoints([0.0; POINTS]));
        out.fill(0.0);
        let Workspace { states, sums } = workspace;
        arch.dispatch(Explain { explainer: self, row, out, states, sums });
        self.bias
    }
}

/// Memory for the passes over one tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    states: Vec<NodeState>,
    sums: Vec<AtPoints>,
}

/// A row's bins, and what tells which way they go.
#[derive(Clone, Copy)]
pub(crate) struct BinnedRow<'a> {
    pub(crate) trees: &'a Trees,
    pub(crate) binner: &'a Binner,
    pub(crate) bins: &'a [u32],
}

impl BinnedRow<'_> {
    fn goes_left(&self, tree: usize, split: u32) -> bool {
        let split = &self.trees.trees[tree].splits[split as usize];
        let column = split.column as usize;
        let bin = self.bins[column] - self.binner.base(column);
        split.test.goes_left(bin, self.trees.columns[column].last_bin())
    }
}

struct Explain<'a> {
    explainer: &'a Explainer,
    row: BinnedRow<'a>,
    out: &'a mut [f64],
    states: &'a mut [NodeState],
    sums: &'a mut [AtPoints],
}

impl WithSimd for Explain<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (points, weights) in &self.explainer.quadrature {
            self.sums.fill(AtPoints([0.0; POINTS]));
            for (at, nodes) in self.explainer.trees.iter().enumerate() {
                descend(nodes, self.states, points, |split| self.row.goes_left(at, split));
                ascend(nodes, self.states, self.sums);
            }
            for (out, sum) in self.out.iter_mut().zip(&*self.sums) {
                *out += sum.0.iter().zip(&weights.0).map(|(sum, weight)| sum * weight).sum::<f64>();
            }
        }
    }
}

/// Computes every node's factors and product, parents first.
#[inline(always)]
fn descend(nodes: &[Node], states: &mut [NodeState], points: &AtPoints, goes_left: impl Fn(u32) -> bool) {
    states[0] = ROOT;
    for (at, node) in nodes.iter().enumerate() {
        let (above, rest) = states.split_at_mut(at);
        let state = &mut rest[0];
        if at > 0 {
            let (parent, prior) = (&above[node.parent as usize], &above[node.prior as usize]);
            let passes = parent.goes_left == node.is_left;
            state.one_fraction = if passes { prior.one_fraction } else { 0.0 };
            let difference = state.one_fraction - node.zero_fraction;
            for point in 0..POINTS {
                let factor = node.zero_fraction + points.0[point] * difference;
                let inverse = if factor > LEAST_FACTOR { 1.0 / factor } else { 0.0 };
                state.inverse.0[point] = inverse;
                state.ratio.0[point] = difference * inverse;
                state.product.0[point] = parent.product.0[point] * factor * prior.inverse.0[point];
            }
        }
        match node.below {
            Below::Split(split) => {
                state.goes_left = goes_left(split);
                state.value = AtPoints([0.0; POINTS]);
            }
            Below::Leaf(value) => state.value.0 = state.product.0.map(|product| value * product),
        }
    }
}

/// Sums the leaves up to the root, children first. An edge speaks for its feature only up to the next edge on the same
/// feature, which takes the earlier one's share back.
#[inline(always)]
fn ascend(nodes: &[Node], states: &mut [NodeState], sums: &mut [AtPoints]) {
    for (at, node) in nodes.iter().enumerate().skip(1).rev() {
        let (value, ratio) = (states[at].value, states[at].ratio);
        let prior = states[node.prior as usize].ratio;
        let parent = &mut states[node.parent as usize].value;
        let sum = &mut sums[node.feature as usize];
        for point in 0..POINTS {
            sum.0[point] += value.0[point] * (ratio.0[point] - prior.0[point]);
            parent.0[point] += value.0[point];
        }
    }
}

/// Lays a tree out in pre-order; `longest` grows to the number of different features on its longest path.
fn flatten(tree: &Tree, forest: &Trees, longest: &mut usize) -> Vec<Node> {
    struct Open {
        child: i32,
        parent: u32,
        is_left: bool,
        features: usize,
    }
    let counts = split_counts(tree);
    let count = |child: i32| {
        if child >= 0 { counts[child as usize] } else { u64::from(tree.leaves[!child as usize].count) }
    };
    let mut nodes: Vec<Node> = Vec::with_capacity(tree.splits.len() + tree.leaves.len());
    let mut split_of_node: Vec<usize> = Vec::with_capacity(nodes.capacity());
    let mut open = vec![Open { child: tree.root(), parent: 0, is_left: false, features: 0 }];
    while let Some(Open { child, parent, is_left, mut features }) = open.pop() {
        let (mut feature, mut prior, mut zero_fraction) = (u32::MAX, 0, 1.0);
        if !nodes.is_empty() {
            let split = split_of_node[parent as usize];
            feature = forest.columns[tree.splits[split].column as usize].feature;
            prior = nearest(&nodes, parent, feature);
            features += usize::from(prior == 0);
            let rows = counts[split];
            let share = if rows == 0 { 0.0 } else { count(child) as f64 / rows as f64 };
            zero_fraction = share * nodes[prior as usize].zero_fraction;
        }
        *longest = features.max(*longest);
        let at = nodes.len() as u32;
        let below = if child >= 0 {
            let split = &tree.splits[child as usize];
            let enter = |child, is_left| Open { child, parent: at, is_left, features };
            open.extend([enter(split.right, false), enter(split.left, true)]);
            Below::Split(child as u32)
        } else {
            Below::Leaf(tree.leaves[!child as usize].value)
        };
        split_of_node.push(child.max(0) as usize);
        nodes.push(Node { parent, prior, feature, is_left, zero_fraction, below });
    }
    nodes
}

/// The nearest node from `at` upwards whose edge splits on `feature`, or the root.
fn nearest(nodes: &[Node], mut at: u32, feature: u32) -> u32 {
    while at != 0 && nodes[at as usize].feature != feature {
        at = nodes[at as usize].parent;
    }
    at
}

/// Training rows behind each split: the sum over its leaves, so that the shares of its sides add up to one.
fn split_counts(tree: &Tree) -> Vec<u64> {
    let mut order = Vec::with_capacity(tree.splits.len());
    let mut open = vec![tree.root()];
    while let Some(child) = open.pop() {
        if child >= 0 {
            order.push(child as usize);
            open.extend([tree.splits[child as usize].left, tree.splits[child as usize].right]);
        }
    }
    let mut counts = vec![0; tree.splits.len()];
    for &at in order.iter().rev() {
        let side = |child: i32| {
            if child >= 0 { counts[child as usize] } else { u64::from(tree.leaves[!child as usize].count) }
        };
        counts[at] = side(tree.splits[at].left) + side(tree.splits[at].right);
    }
    counts
}

/// As LightGBM computes it.
fn expected_value(tree: &Tree) -> f64 {
    if tree.splits.is_empty() {
        return tree.leaves[0].value;
    }
    let total = tree.count() as f64;
    tree.leaves.iter().fold(0.0, |sum, leaf| sum + f64::from(leaf.count) / total * leaf.value)
}
