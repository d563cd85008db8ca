//! The report's files, put in place together.

use std::path::{Path, PathBuf};

use uu_data::replace::{Access, ReplaceError, check, make_folder, refuse_inputs, refuse_store, replace_all};

use super::{html, json, leaderboard_csv, markdown};
use crate::Study;

/// The names of the files of a report.
const NAMES: [&str; 4] = ["report.html", "report.md", "leaderboard.csv", "report.json"];

/// The files of a report, by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Name and text of each.
    pub files: Vec<(&'static str, String)>,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder could not be made.
    #[error("`{folder}` could not be made a folder for the report")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        cause: ReplaceError,
    },
    /// A file could not be written or put in its place.
    #[error("the report could not be written")]
    File(#[from] ReplaceError),
}

impl Rendered {
    /// All files of the report on `study`.
    #[must_use]
    pub fn of(study: &Study) -> Self {
        let texts = [html(study), markdown(study), leaderboard_csv(study), json(study)];
        Self { files: NAMES.into_iter().zip(texts).collect() }
    }
}

/// Refuses a folder that [`write()`] could not write a report to, or that holds one of the study's inputs under the name of a report's file:
/// before the study, which takes long.
///
/// **Errors**: [`WriteError`]; nothing was changed.
pub fn check_folder(folder: &Path, inputs: &[PathBuf]) -> Result<(), WriteError> {
    refuse_store(folder)?;
    if !folder.exists() {
        return Ok(());
    }
    for file in NAMES.map(|name| folder.join(name)) {
        refuse_inputs(&file, inputs)?;
        check(&file)?;
    }
    Ok(())
}

/// Writes the report on `study` into `folder`, which is made where there is none; files of an earlier report are replaced.
///
/// All files are written whole before the first is put in its place.
///
/// **Errors**: [`WriteError`]; what was there before is then as it was, unless the last step, putting them in place, failed half way.
pub fn write(study: &Study, folder: &Path) -> Result<Vec<PathBuf>, WriteError> {
    make_folder(folder).map_err(|cause| WriteError::Folder { folder: folder.to_owned(), cause })?;
    let rendered = Rendered::of(study);
    let files = || rendered.files.iter().map(|(name, text)| (folder.join(name), text));
    replace_all(files(), Access::Usual)?;
    Ok(files().map(|(file, _)| file).collect())
}
