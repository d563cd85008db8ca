/// Why a forest cannot be built from a text or from stored bytes.
#[derive(Debug, thiserror::Error)]
pub enum ForestError {
    /// The text does not begin like a LightGBM model.
    #[error("a LightGBM model text begins with the line `tree`, got `{found}`")]
    NotAModel {
        /// The first line, cut to 40 characters.
        found: String,
    },
    /// A field the format requires is not there.
    #[error("{place} has no field `{field}`")]
    MissingField {
        /// The header or a tree.
        place: Place,
        /// The field's key.
        field: &'static str,
    },
    /// A field holds something else than the numbers it should.
    #[error("{place}: field `{field}` cannot hold `{found}`")]
    BadField {
        /// The header or a tree.
        place: Place,
        /// The field's key.
        field: &'static str,
        /// The text found.
        found: String,
    },
    /// A list of another length than the number of leaves asks for.
    #[error("{place}: field `{field}` needs {expected} numbers, got {found}")]
    FieldLength {
        /// The header or a tree.
        place: Place,
        /// The field's key.
        field: &'static str,
        /// Numbers needed.
        expected: usize,
        /// Numbers found.
        found: usize,
    },
    /// A model this evaluator would get wrong: not one plain sum of trees.
    #[error("{what} is not supported, got `{found}`; only a plain sum of trees with one output is")]
    Unsupported {
        /// The property.
        what: &'static str,
        /// Its value.
        found: String,
    },
    /// Splits and leaves that do not form one tree.
    #[error("tree {tree}: its splits and leaves do not form one tree")]
    NotATree {
        /// Index of the tree.
        tree: usize,
    },
    /// A leaf value that is not finite.
    #[error("tree {tree}: its leaf values must be finite")]
    NotFinite {
        /// Index of the tree.
        tree: usize,
    },
    /// A tree whose leaves do not say how many training rows they held.
    #[error("tree {tree}: its leaf counts are all zero, which leaves nothing to explain predictions with")]
    NoCounts {
        /// Index of the tree.
        tree: usize,
    },
    /// An index that points outside its list.
    #[error("tree {tree}: {what} {index} is out of range, there are {count}")]
    OutOfRange {
        /// Index of the tree, or of the column for `feature`.
        tree: usize,
        /// What is indexed.
        what: &'static str,
        /// The index.
        index: u64,
        /// Length of the list.
        count: usize,
    },
    /// Cut points or category codes that are not in strictly ascending order.
    #[error("column {column}: its cut points or category codes are not strictly ascending")]
    Unsorted {
        /// Index of the column.
        column: usize,
    },
    /// More of something than the evaluator's tables can index.
    #[error("the forest has too many {what}: at most {most}, got {found}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much fits.
        most: usize,
        /// How much there is.
        found: usize,
    },
}

/// Where in a model text a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the first tree.
    Header,
    /// In the tree with this index.
    Tree(usize),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Header => f.write_str("the header"),
            Place::Tree(tree) => write!(f, "tree {tree}"),
        }
    }
}
