//! The report's files, put in place together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{html, json, leaderboard_csv, markdown};
use crate::Study;

/// The files of a report, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Name and text of each.
    pub files: Vec<(&'static str, String)>,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder, or one for the unfinished files beside it, could not be made.
    #[error("`{folder}` could not be made a folder for the report")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file could not be written or put in its place.
    #[error("`{file}` could not be written")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl Rendered {
    /// All files of the report on `study`.
    #[must_use]
    pub fn of(study: &Study) -> Self {
        Self {
            files: vec![
                ("report.html", html(study)),
                ("report.md", markdown(study)),
                ("leaderboard.csv", leaderboard_csv(study)),
                ("report.json", json(study)),
            ],
        }
    }
}

/// Writes the report on `study` into `folder`, which is made where there is none; files of an earlier report are replaced.
///
/// All files are written whole beside the folder's others before the first is put in its place.
///
/// **Errors**: [`WriteError`]; what was there before is then as it was, unless the last step, renaming, failed half way.
pub fn write(study: &Study, folder: &Path) -> Result<Vec<PathBuf>, WriteError> {
    let in_folder = |cause| WriteError::Folder { folder: folder.to_owned(), cause };
    fs::create_dir_all(folder).map_err(in_folder)?;
    // In the folder itself: renaming works within one file system only.
    let unfinished = tempfile::Builder::new().prefix(".report-").tempdir_in(folder).map_err(in_folder)?;
    let rendered = Rendered::of(study);
    for (name, text) in &rendered.files {
        let file = unfinished.path().join(name);
        fs::write(&file, text).map_err(|cause| WriteError::File { file, cause })?;
    }
    let mut written = Vec::with_capacity(rendered.files.len());
    for (name, _) in &rendered.files {
        let file = folder.join(name);
        fs::rename(unfinished.path().join(name), &file).map_err(|cause| WriteError::File { file: file.clone(), cause })?;
        written.push(file);
    }
    Ok(written)
}
