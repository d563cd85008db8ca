//! Files of a form.

use std::fs::File;
use std::io::{self, Read, Seek, Write};

use bytes::Bytes;
use futures_util::stream;
use multer::Multipart;
use uu_service::jobs::Delivered;

use crate::problem::{Kind, Problem, shortened};

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Files in one form.
const MOST_FILES: usize = 100;

/// The files of a form that was spooled, each in a file of its own. Fields that are no files are left aside.
///
/// Called on a thread that may wait: the form's library wants a stream, which here is a file that is read piece by piece.
pub(super) fn files(form: File, boundary: &str) -> Result<Vec<Delivered>, Problem> {
    let pieces = stream::iter(Pieces(form));
    let mut form = Multipart::new(pieces, boundary);
    let mut files = Vec::new();
    tokio::runtime::Handle::current().block_on(async {
        while let Some(mut field) = form.next_field().await.map_err(|error| damaged(&error))? {
            let Some(name) = field.file_name().map(shortened) else { continue };
            if files.len() == MOST_FILES {
                return Err(Problem::new(Kind::TooLarge, format!("at most {MOST_FILES} files are taken at a time")));
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
    if files.is_empty() {
        return Err(Problem::new(Kind::MalformedBody, "the form has no file; curl sends one with `-F data=@rows.csv`"));
    }
    Ok(files)
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
