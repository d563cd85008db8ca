//! The store of a command that makes one where there is none, and only once it has something to put into it: one that fails leaves no new store behind.

use std::fs;
use std::path::Path;

use uu_registry::{Registry, RegistryError};

use super::registry;
use crate::arguments::Making;
use crate::settings::Settings;

/// A store that may have to be made.
pub(super) struct LateStore<'a> {
    settings: &'a Settings,
    making: Making,
    opened: Option<Registry>,
}

impl<'a> LateStore<'a> {
    /// Opens the store that is there.
    ///
    /// **Errors**: whatever is wrong with it, or with the place where it is to be: that is better reported before a long training than after it.
    pub(super) fn look(settings: &'a Settings, making: Making) -> Result<Self, RegistryError> {
        let location = settings.location();
        let opened = match Registry::open_existing(&location) {
            Err(RegistryError::NoStore { .. }) if !location.uses_folder() || can_be_made(&settings.store) => None,
            Ok(existing) if !making.new_store => Some(existing),
            Err(error) if !making.new_store && !matches!(error, RegistryError::NoStore { .. }) => return Err(error),
            // What is there is moved aside or refused at once, and so is a place where nothing can be made.
            _ => Some(registry(settings, making)?),
        };
        Ok(Self { settings, making, opened })
    }

    /// The store, where there is one already.
    pub(super) fn existing(&self) -> Option<&Registry> {
        self.opened.as_ref()
    }

    /// The store, which is made now where there was none.
    pub(super) fn made(self) -> Result<Registry, RegistryError> {
        match self.opened {
            Some(opened) => Ok(opened),
            None => registry(self.settings, self.making),
        }
    }
}

/// Whether a folder can be made, or written where it is there; nothing is left of the attempt.
fn can_be_made(folder: &Path) -> bool {
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or_else(|| Path::new("."));
    let attempt = there.join(format!(".uu-predictor-{}", std::process::id()));
    fs::create_dir(&attempt).and_then(|()| fs::remove_dir(&attempt)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_folder_can_be_made_is_found_out_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(can_be_made(folder.path()) && can_be_made(&folder.path().join("a/b")));
        assert!(!can_be_made(&folder.path().join("file")) && !can_be_made(&folder.path().join("file/store")));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
