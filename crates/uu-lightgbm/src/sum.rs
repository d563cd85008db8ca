//! Adding one model's trees to another's.

use std::borrow::Cow;

use crate::{LightGbmError, TrainedText};

/// Where the trees end.
const END_OF_TREES: &str = "end of trees";

/// Where each begins.
const TREE: &str = "Tree=";

/// Lines of a tree that are on the scale of the label.
const SCALED: [&str; 3] = ["leaf_value", "internal_value", "shrinkage"];

impl TrainedText {
    /// The model that predicts what this one does and `scale` times what `other` does.
    ///
    /// The header, and what follows the trees, are this model's.
    ///
    /// **Errors**: [`LightGbmError::OtherFeatures`] unless both were trained on features of the same names: a split is on the number of a
    /// feature, which LightGBM looks up in a row without asking how long it is.
    pub fn plus(&self, other: &Self, scale: f64) -> Result<Self, LightGbmError> {
        Ok(Self { text: extended(&self.text, other, scale)?, num_iterations: self.num_iterations + other.num_iterations })
    }
}

/// The text of the model that predicts what `text` does and `scale` times what `more` does.
///
/// As [`TrainedText::plus`], for a text that was stored and read back: what comes out is a text again, for LightGBM itself takes none
/// that it has not just written.
///
/// **Errors**: as [`TrainedText::plus`].
pub fn extended(text: &str, more: &TrainedText, scale: f64) -> Result<String, LightGbmError> {
    let (header, own, rest) = parts(text);
    let (other_header, more, _) = parts(&more.text);
    check_features(header, other_header)?;
    // The sizes of the trees' texts are told for a parser of several threads; without them they are read in turn.
    let mut sum: String = header.lines().filter(|line| !line.starts_with("tree_sizes=")).flat_map(|line| [line, "\n"]).collect();
    let count = own.matches(TREE).count();
    sum.push_str(own);
    for (index, tree) in more.split(TREE).skip(1).enumerate() {
        let (_, tree) = tree.split_once('\n').unwrap_or((tree, ""));
        sum.push_str(&format!("{TREE}{}\n", count + index));
        tree.split_inclusive('\n').for_each(|line| sum.push_str(&scaled(line, scale)));
    }
    sum.push_str(rest);
    Ok(sum)
}

/// Refuses models of other features, and of features that the header counts in another way.
fn check_features(own: &str, other: &str) -> Result<(), LightGbmError> {
    for name in ["feature_names=", "max_feature_idx="] {
        let of = |header: &str| header.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        let (expected, found) = (of(own), of(other));
        if expected != found || expected.is_empty() {
            return Err(LightGbmError::OtherFeatures { expected, found });
        }
    }
    Ok(())
}

/// The header, the trees, and what follows them.
fn parts(text: &str) -> (&str, &str, &str) {
    let (trees, rest) = text.split_at(text.find(END_OF_TREES).unwrap_or(text.len()));
    let (header, trees) = trees.split_at(trees.find(TREE).unwrap_or(trees.len()));
    (header, trees, rest)
}

fn scaled(line: &str, scale: f64) -> Cow<'_, str> {
    let Some((name, values)) = line.trim_end().split_once('=').filter(|(name, _)| SCALED.contains(name)) else { return line.into() };
    let values: Vec<String> =
        values.split(' ').map(|value| value.parse::<f64>().map_or(value.to_owned(), |value| (value * scale).to_string())).collect();
    format!("{name}={}\n", values.join(" ")).into()
}
