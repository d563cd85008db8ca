//! The names by which a folder is known to hold a store: for what makes one, and for what must not write into one.

/// The file with the number of the store's layout.
pub const FORMAT: &str = "format";

/// The pointer to the version in use, in the layout before a database held it.
pub const CHAMPION: &str = "champion";

/// The database.
pub const DATABASE: &str = "registry.sqlite";

/// The folder of the artifacts.
pub const MODELS: &str = "models";
