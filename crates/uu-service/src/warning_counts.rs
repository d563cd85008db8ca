//! How often each warning was given, for those who watch the service.

use std::sync::atomic::{AtomicU64, Ordering};

use uu_core::Warning;

/// Warnings given so far, by their code.
#[derive(Debug, Default)]
pub struct WarningCounts([AtomicU64; Warning::CODES.len()]);

impl WarningCounts {
    /// Counts a warning by its code; a code that no warning has is not counted.
    pub(crate) fn count(&self, code: &str) {
        if let Some(place) = Warning::CODES.iter().position(|known| *known == code) {
            self.0[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each code, and how often such a warning was given.
    pub fn read(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Warning::CODES.into_iter().zip(&self.0).map(|(code, count)| (code, count.load(Ordering::Relaxed)))
    }
}
