//! The names that extra inputs may have.

use crate::{Field, OutputColumn, Rules};

/// Most extra inputs a model can have.
pub const MAX_EXTRAS: usize = 64;

/// Longest name of an extra input, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// Parameters of a query beside the fields and the columns of an output.
const PARAMETERS: [&str; 1] = ["explain"];

/// A name that no extra input can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadExtra {
    /// It is empty, or only blanks.
    #[error("an extra input needs a name")]
    Empty,
    /// It is too long, or has line breaks or other control characters in it.
    #[error("`{0}` cannot name an extra input: at most {MAX_NAME_BYTES} bytes, no control characters, no blanks around it")]
    Unprintable(String),
    /// A field goes by that name already.
    #[error("`{name}` cannot name an extra input: it names the field `{}`", .field.column())]
    IsField {
        /// The name.
        name: String,
        /// The field.
        field: Field,
    },
    /// Answers use it.
    #[error("`{0}` cannot name an extra input: answers use that name")]
    Taken(String),
    /// It stands twice.
    #[error("the extra input `{0}` is named twice")]
    Twice(String),
    /// There are too many.
    #[error("{0} extra inputs are named, and a model takes {MAX_EXTRAS} at most")]
    TooMany(usize),
}

impl Rules {
    /// Whether the names of the extra inputs can stand beside those of the fields, in requests, in files and in answers.
    ///
    /// **Errors**: the first name that cannot.
    pub fn check_extras(&self) -> Result<(), BadExtra> {
        if self.extras.len() > MAX_EXTRAS {
            return Err(BadExtra::TooMany(self.extras.len()));
        }
        for (index, name) in self.extras.iter().enumerate() {
            if name.trim().is_empty() {
                return Err(BadExtra::Empty);
            }
            if name.trim() != name || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
                let shown = name.chars().take(40).flat_map(char::escape_debug).collect();
                return Err(BadExtra::Unprintable(shown));
            }
            if let Some(field) = Field::named(name) {
                return Err(BadExtra::IsField { name: name.clone(), field });
            }
            if OutputColumn::named(name).is_some_and(|output| output.is_written(name)) || PARAMETERS.contains(&name.as_str()) {
                return Err(BadExtra::Taken(name.clone()));
            }
            if self.extras[..index].contains(name) {
                return Err(BadExtra::Twice(name.clone()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(names: &[&str]) -> String {
        let extras = names.iter().map(|name| (*name).to_owned()).collect();
        Rules { extras, ..Rules::default() }.check_extras().map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn names_that_would_be_mistaken_are_refused() {
        assert_eq!(told(&[]), "fine");
        assert_eq!(told(&["backlinks", "load_time_ms", "доля"]), "fine");
        assert_eq!(told(&[" "]), "an extra input needs a name");
        assert_eq!(told(&["Bounce-Rate"]), "`Bounce-Rate` cannot name an extra input: it names the field `bounce_rate`");
        for name in ["model", "explain", "level", "known", "unique_users_known", "uniqueUsersLow", "visits_per_user"] {
            assert_eq!(told(&[name]), format!("`{name}` cannot name an extra input: answers use that name"));
        }
        assert_eq!(told(&["a", "b", "a"]), "the extra input `a` is named twice");
        assert!(told(&["a\nb"]).starts_with(r"`a\nb` cannot name an extra input"));
        assert!(told(&[" a"]).starts_with("` a` cannot name"));
        assert!(told(&["x".repeat(129).as_str()]).contains("at most 128 bytes"));
        let many: Vec<String> = (0..65).map(|index| format!("x{index}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(told(&many), "65 extra inputs are named, and a model takes 64 at most");
        assert_eq!(told(&many[..64]), "fine");
    }
}
