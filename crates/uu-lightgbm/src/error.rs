use std::ffi::NulError;

/// What can go wrong between a training set and a model text.
#[derive(Debug, thiserror::Error)]
pub enum LightGbmError {
    /// A training set without rows or without features.
    #[error("a training set needs at least one row and one feature, got {rows} rows and {features} features")]
    Empty {
        /// Rows given.
        rows: usize,
        /// Features given.
        features: usize,
    },
    /// A slice whose length does not fit the others.
    #[error("`{what}` needs {expected} elements, got {found}")]
    Length {
        /// The slice.
        what: &'static str,
        /// The length that would fit.
        expected: usize,
        /// The length given.
        found: usize,
    },
    /// More rows or columns than LightGBM's 32-bit counts hold.
    #[error("LightGBM counts `{what}` in 32 bits, got {found}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// The count given.
        found: usize,
    },
    /// A number that training cannot use.
    #[error("`{what}` at row {row} must be finite{hint}, got {found}")]
    Value {
        /// The slice.
        what: &'static str,
        /// Index of the row.
        row: usize,
        /// The number given.
        found: f64,
        /// A further condition, empty if there is none.
        hint: &'static str,
    },
    /// A feature name that LightGBM would refuse or rewrite.
    #[error("feature name `{name}` must be unique, not empty, and without whitespace or any of `,:\"[]{{}}`")]
    FeatureName {
        /// The name given.
        name: String,
    },
    /// A categorical feature index outside the features.
    #[error("categorical feature {index} is not one of the {features} features")]
    CategoricalIndex {
        /// The index given.
        index: usize,
        /// The number of features.
        features: usize,
    },
    /// A hyperparameter outside its range.
    #[error("parameter `{name}` must be {expected}, got {found}")]
    Parameter {
        /// The hyperparameter.
        name: &'static str,
        /// Its range.
        expected: &'static str,
        /// The value given.
        found: f64,
    },
    /// An extra parameter that is set elsewhere or would break the parameter string.
    #[error("extra parameter `{name}` is set by this crate, or its text holds whitespace or `=`")]
    ExtraParameter {
        /// The name given.
        name: String,
    },
    /// Trees of a model of other features cannot be added.
    #[error("the trees that are added must be of the features `{expected}`, got `{found}`")]
    OtherFeatures {
        /// Those of the model that is extended, as its header has them.
        expected: String,
        /// Those of the other.
        found: String,
    },
    /// The progress callback asked to stop.
    #[error("training was stopped after {done} of {of} iterations")]
    Stopped {
        /// Iterations finished.
        done: u32,
        /// Iterations asked for.
        of: u32,
    },
    /// A NUL byte in a text that has to cross into C.
    #[error("a text for LightGBM holds a NUL byte")]
    Nul(#[from] NulError),
    /// LightGBM returned text that is not UTF-8.
    #[error("LightGBM's model text is not UTF-8 at byte {valid_up_to}")]
    NotUtf8 {
        /// Where the valid text ends.
        valid_up_to: usize,
    },
    /// LightGBM refused the call; the message is its own.
    #[error("LightGBM: {message}")]
    Library {
        /// LightGBM's message.
        message: String,
    },
}
