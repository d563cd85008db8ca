//! Files of a form.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use bytes::Bytes;
use futures_util::stream;
use multer::Multipart;
use uu_core::nearest;
use uu_service::jobs::Delivered;

use super::MOST_FILES;
use super::options::PARAMETERS;
use crate::problem::{FaultReport, Faults, Kind, Problem, shortened};

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The files of a form that was spooled, each in a file of its own. Fields that are no files are left aside, but for what is meant as an option.
///
/// Called on a thread that may wait: the form's library wants a stream, which here is a file that is read piece by piece.
pub(super) fn files(form: File, boundary: &str) -> Result<Vec<Delivered>, Problem> {
    let pieces = stream::iter(Pieces(form));
    let mut form = Multipart::new(pieces, boundary);
    let (mut files, mut texts) = (Vec::new(), Vec::new());
    tokio::runtime::Handle::current().block_on(async {
        while let Some(mut field) = form.next_field().await.map_err(|error| damaged(&error))? {
            let Some(name) = field.file_name().map(shortened) else {
                texts.push(shortened(field.name().unwrap_or_default()));
                continue;
            };
            if files.len() == MOST_FILES {
                return Err(Problem::too_many_files(MOST_FILES));
            }
            let mut file = tempfile::tempfile().map_err(|error| Problem::of_spooling(&error))?;
            while let Some(piece) = field.chunk().await.map_err(|error| damaged(&error))? {
                file.write_all(&piece).map_err(|error| Problem::of_spooling(&error))?;
            }
            file.rewind().map_err(|error| Problem::of_spooling(&error))?;
            let name = if name.is_empty() { "delivery".to_owned() } else { name };
            files.push(Delivered { name, format: None, file });
        }
        Ok(())
    })?;
    refuse_options(&texts)?;
    if files.is_empty() {
        let found = if texts.is_empty() { String::new() } else { format!(", only the text `{}`", texts.join("`, `")) };
        let detail = format!("the form has no file{found}; curl sends one with `-F data=@rows.csv`");
        return Err(Problem::new(Kind::MalformedBody, detail));
    }
    Ok(files)
}

/// Texts of a form are left aside; one that is meant as an option is not to be.
fn refuse_options(texts: &[String]) -> Result<(), Problem> {
    let mut faults = Faults::default();
    for text in texts {
        let Some(option) = nearest(text, PARAMETERS.once.iter().chain(PARAMETERS.several).copied()) else { continue };
        faults.push(|| FaultReport {
            code: "unknown_field".to_owned(),
            field: Some(text.clone()),
            found: format!("`{text}` in the form"),
            expected: "files alone".to_owned(),
            message: format!("a form must have files alone, got the text `{text}`"),
            hint: Some(format!("did you mean the query parameter `{option}`? `/retrain?{option}=..`")),
            ..FaultReport::default()
        });
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::validation(faults)) }
}

fn damaged(error: &multer::Error) -> Problem {
    Problem::new(Kind::MalformedBody, error.to_string())
}

/// A file, piece by piece.
struct Pieces(File);

impl Iterator for Pieces {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = vec![0; PIECE_BYTES];
        match self.0.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some(Ok(piece.into()))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
