//! What a database's refusal means.

use crate::RegistryError;

const DATABASE: &str = "database";

/// SQLite's codes for a file that is damaged, and for one that is no database.
const UNREADABLE: [u32; 2] = [11, 26];

/// Whether the file is damaged or no database, as SQLite reports it.
pub(crate) fn is_unreadable(error: &RegistryError) -> bool {
    let RegistryError::Database { source } = error else { return false };
    let code = source.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error).and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| class(&code)).is_some_and(|class| UNREADABLE.contains(&class))
}

/// The class of a code of SQLite, which is its last byte.
fn class(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

/// Sorts a refusal: one that goes by itself, one that wants space, one that wants rights, any other.
pub(super) fn refused(error: sqlx::Error) -> RegistryError {
    let kind = match &error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            Kind::Unavailable
        }
        // A server that goes away in the middle of a message leaves half of it.
        sqlx::Error::Protocol(_) => Kind::Unavailable,
        sqlx::Error::Database(error) => error.code().map_or(Kind::Other, |code| Kind::of(&code)),
        _ => Kind::Other,
    };
    match kind {
        Kind::Unavailable => RegistryError::Unavailable { what: DATABASE, source: Some(error.into()) },
        Kind::Full => RegistryError::Full { what: DATABASE.to_owned(), source: error.into() },
        Kind::Unwritable => RegistryError::Unwritable { what: DATABASE.to_owned(), source: error.into() },
        Kind::Other => RegistryError::Database { source: error.into() },
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Unavailable,
    Full,
    Unwritable,
    Other,
}

impl Kind {
    /// By the code: SQLite's are numbers whose last byte is the class, PostgreSQL's are five characters whose first two are it.
    fn of(code: &str) -> Self {
        if code.len() == 5 && !code.starts_with('0') || code.starts_with("08") {
            return Self::of_postgres(code);
        }
        match class(code) {
            // Busy, locked; the disk refused, as it may to a reader too where it is full: readers share a file that may have to grow.
            Some(5 | 6 | 10) => Self::Unavailable,
            Some(13) => Self::Full,
            // No right to it, a file or a disk that is read only, a file that cannot be opened or made.
            Some(3 | 8 | 14) => Self::Unwritable,
            _ => Self::Other,
        }
    }

    fn of_postgres(code: &str) -> Self {
        match code {
            // Shutting down, crashed, starting; too many connections; a statement or a lock that took too long.
            "57P01" | "57P02" | "57P03" | "53300" | "57014" | "55P03" | "25P03" => Self::Unavailable,
            "53100" => Self::Full,
            _ if code.starts_with("08") => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5", Kind::Unavailable)]
    #[case("517", Kind::Unavailable)]
    #[case("4874", Kind::Unavailable)]
    #[case("13", Kind::Full)]
    #[case("14", Kind::Unwritable)]
    #[case("1032", Kind::Unwritable)]
    #[case("1555", Kind::Other)]
    #[case("08006", Kind::Unavailable)]
    #[case("57P01", Kind::Unavailable)]
    #[case("53100", Kind::Full)]
    #[case("23505", Kind::Other)]
    #[case("42P01", Kind::Other)]
    fn codes_of_both_databases_are_told_apart(#[case] code: &str, #[case] kind: Kind) {
        assert_eq!(Kind::of(code), kind);
    }
}
