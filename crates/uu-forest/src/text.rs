//! LightGBM's text format: lines of `key=value`, a header, then one block a tree.

use std::collections::HashMap;
use std::str::FromStr;

use super::error::{ForestError, Place};

/// A model text, parsed and not yet interpreted.
#[derive(Debug)]
pub(crate) struct ModelText {
    pub(crate) feature_names: Vec<String>,
    pub(crate) trees: Vec<TreeText>,
}

/// One tree's block. A child `>= 0` is a split, one below 0 is the leaf `!child`.
#[derive(Debug)]
pub(crate) struct TreeText {
    pub(crate) split_feature: Vec<u32>,
    pub(crate) threshold: Vec<f64>,
    pub(crate) decision_type: Vec<u8>,
    pub(crate) left_child: Vec<i32>,
    pub(crate) right_child: Vec<i32>,
    pub(crate) leaf_value: Vec<f64>,
    pub(crate) leaf_count: Vec<u32>,
    pub(crate) cat_boundaries: Vec<u32>,
    pub(crate) cat_threshold: Vec<u32>,
}

/// Objectives whose predictions are the sum of the trees as it stands. `custom` has no line at all.
const IDENTITY_OBJECTIVES: &[&str] = &["regression", "regression_l1", "huber", "fair", "quantile", "mape", "custom", "none"];

impl ModelText {
    pub(crate) fn parse(text: &str) -> Result<Self, ForestError> {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        if first != "tree" {
            return Err(ForestError::NotAModel { found: first.chars().take(40).flat_map(char::escape_debug).collect() });
        }
        let mut header = Block::new(Place::Header);
        let mut blocks: Vec<Block<'_>> = Vec::new();
        for line in lines {
            if line == "end of trees" {
                break;
            }
            if line.starts_with("Tree=") {
                blocks.push(Block::new(Place::Tree(blocks.len())));
            } else {
                blocks.last_mut().unwrap_or(&mut header).add(line);
            }
        }
        check_header(&header)?;
        let feature_names = header.text("feature_names")?.split(' ').map(str::to_owned).collect();
        let trees = blocks.iter().map(parse_tree).collect::<Result<_, _>>()?;
        Ok(Self { feature_names, trees })
    }
}

fn check_header(header: &Block<'_>) -> Result<(), ForestError> {
    for (field, what) in [("num_class", "more than one class"), ("num_tree_per_iteration", "more than one tree an iteration")] {
        let found = header.text(field)?;
        if found != "1" {
            return Err(ForestError::Unsupported { what, found: found.escape_debug().to_string() });
        }
    }
    if header.fields.contains_key("average_output") {
        return Err(ForestError::Unsupported { what: "an average of trees", found: "average_output".to_owned() });
    }
    let Some(objective) = header.fields.get("objective") else {
        return Ok(());
    };
    let mut words = objective.split(' ');
    let known = words.next().is_some_and(|name| IDENTITY_OBJECTIVES.contains(&name));
    if known && !words.any(|word| word == "sqrt") {
        return Ok(());
    }
    Err(ForestError::Unsupported { what: "an objective that transforms the sum", found: objective.escape_debug().to_string() })
}

fn parse_tree(block: &Block<'_>) -> Result<TreeText, ForestError> {
    let leaves: usize = block.one("num_leaves")?;
    if block.fields.get("is_linear").is_some_and(|&flag| flag != "0") {
        return Err(ForestError::Unsupported { what: "a linear model in the leaves", found: "is_linear=1".to_owned() });
    }
    let splits = leaves.checked_sub(1).ok_or_else(|| block.bad("num_leaves", "0"))?;
    let leaf_value: Vec<f64> = block.list("leaf_value", leaves)?;
    if let Some(value) = leaf_value.iter().find(|value| !value.is_finite()) {
        return Err(block.bad("leaf_value", &value.to_string()));
    }
    let categorical = splits > 0 && block.one::<u32>("num_cat")? > 0;
    Ok(TreeText {
        split_feature: block.list("split_feature", splits)?,
        threshold: block.list("threshold", splits)?,
        decision_type: block.list("decision_type", splits)?,
        left_child: block.list("left_child", splits)?,
        right_child: block.list("right_child", splits)?,
        leaf_value,
        // A tree that is one constant is written without its count.
        leaf_count: if splits == 0 { vec![0] } else { block.list("leaf_count", leaves)? },
        cat_boundaries: if categorical { block.numbers("cat_boundaries")? } else { Vec::new() },
        cat_threshold: if categorical { block.numbers("cat_threshold")? } else { Vec::new() },
    })
}

struct Block<'a> {
    place: Place,
    fields: HashMap<&'a str, &'a str>,
}

impl<'a> Block<'a> {
    fn new(place: Place) -> Self {
        Self { place, fields: HashMap::new() }
    }

    /// A line without `=` (`average_output`) is a key with an empty value.
    fn add(&mut self, line: &'a str) {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        self.fields.insert(key, value);
    }

    fn text(&self, field: &'static str) -> Result<&'a str, ForestError> {
        let missing = ForestError::MissingField { place: self.place, field };
        self.fields.get(field).copied().ok_or(missing)
    }

    fn one<T: FromStr>(&self, field: &'static str) -> Result<T, ForestError> {
        let text = self.text(field)?;
        text.parse().map_err(|_| self.bad(field, text))
    }

    fn numbers<T: FromStr>(&self, field: &'static str) -> Result<Vec<T>, ForestError> {
        let words = self.text(field)?.split_ascii_whitespace();
        words.map(|word| word.parse().map_err(|_| self.bad(field, word))).collect()
    }

    /// Exactly `expected` numbers; a field of none may be missing.
    fn list<T: FromStr>(&self, field: &'static str, expected: usize) -> Result<Vec<T>, ForestError> {
        if expected == 0 {
            return Ok(Vec::new());
        }
        let numbers = self.numbers(field)?;
        if numbers.len() == expected {
            return Ok(numbers);
        }
        Err(ForestError::FieldLength { place: self.place, field, expected, found: numbers.len() })
    }

    fn bad(&self, field: &'static str, found: &str) -> ForestError {
        ForestError::BadField { place: self.place, field, found: found.escape_debug().to_string() }
    }
}
