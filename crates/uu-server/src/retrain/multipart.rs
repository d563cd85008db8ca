//! Files of a form.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use multer::{Field, Multipart};
use uu_core::nearest;
use uu_service::jobs::{AcceptError, Delivered};

use super::options::PARAMETERS;
use super::{MOST_FILES, refused};
use crate::problem::{FaultReport, Faults, Kind, Problem, shortened};

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Most bytes before a part's content: what belongs to no part, a boundary, and the part's headers. They are kept in memory.
const HEAD_BYTES: usize = 256 << 10;

/// Texts that are named where a form has nothing else.
const NAMED: usize = 5;

/// The files of a form that was spooled, each in a file of its own. Fields that are no files are left aside, but for what is meant as an option.
///
/// Called on a thread that may wait: the form's library wants a stream, which here is a file that is read piece by piece.
///
/// **Errors**: a form that is damaged or has no file; more files, or more texts, than are taken; `stop` is set.
pub(super) fn files(form: File, boundary: &str, stop: &AtomicBool) -> Result<Vec<Delivered>, Problem> {
    let need = Arc::new(Need::default());
    let form = Form { parts: Multipart::new(Pieces { form, need: Arc::clone(&need) }, boundary), need, stop };
    let (files, texts) = tokio::runtime::Handle::current().block_on(form.read())?;
    refuse_options(&texts)?;
    if files.is_empty() {
        let more = if texts.len() > NAMED { ", .." } else { "" };
        let named = texts.iter().take(NAMED).map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
        let found = if texts.is_empty() { String::new() } else { format!(", only the text {named}{more}") };
        let detail = format!("the form has no file{found}; curl sends one with `-F data=@rows.csv`");
        return Err(Problem::new(Kind::MalformedBody, detail));
    }
    Ok(files)
}

/// A form while it is read.
struct Form<'s> {
    parts: Multipart<'static>,
    need: Arc<Need>,
    stop: &'s AtomicBool,
}

impl Form<'_> {
    /// The files, and the names of the texts.
    async fn read(mut self) -> Result<(Vec<Delivered>, Vec<String>), Problem> {
        let (mut files, mut texts) = (Vec::new(), Vec::new());
        while let Some(mut part) = self.next_part().await? {
            let Some(name) = part.file_name().map(shortened) else {
                if texts.len() == MOST_FILES {
                    return Err(Problem::new(Kind::TooLarge, format!("at most {MOST_FILES} texts are read in a form, which is for files")));
                }
                texts.push(shortened(part.name().unwrap_or_default()));
                while self.next_piece(&mut part).await?.is_some() {}
                continue;
            };
            if files.len() == MOST_FILES {
                return Err(Problem::too_many_files(MOST_FILES));
            }
            let mut file = tempfile::tempfile().map_err(|error| Problem::of_spooling(&error))?;
            while let Some(piece) = self.next_piece(&mut part).await? {
                file.write_all(&piece).map_err(|error| Problem::of_spooling(&error))?;
            }
            file.rewind().map_err(|error| Problem::of_spooling(&error))?;
            let name = if name.is_empty() { "delivery".to_owned() } else { name };
            files.push(Delivered { name, format: None, file });
        }
        Ok((files, texts))
    }

    async fn next_part(&mut self) -> Result<Option<Field<'static>>, Problem> {
        self.go_on()?;
        self.parts.next_field().await.map_err(|error| damaged(&error))
    }

    async fn next_piece(&self, part: &mut Field<'static>) -> Result<Option<Bytes>, Problem> {
        self.go_on()?;
        part.chunk().await.map_err(|error| damaged(&error))
    }

    fn go_on(&self) -> Result<(), Problem> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(refused(&AcceptError::Stopped, false));
        }
        self.need.left.store(HEAD_BYTES, Ordering::Relaxed);
        self.need.is_looked_at.store(false, Ordering::Relaxed);
        Ok(())
    }
}

/// What is needed of a form before its next part, or the next piece of one, is there.
#[derive(Default)]
struct Need {
    /// Bytes that may be read for it.
    left: AtomicUsize,
    /// Whether what was read does not suffice.
    is_looked_at: AtomicBool,
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
    match error {
        multer::Error::StreamReadFailed(cause) if cause.downcast_ref::<HeadTooLong>().is_some() => {
            Problem::new(Kind::TooLarge, cause.to_string())
        }
        error => Problem::new(Kind::MalformedBody, error.to_string()),
    }
}

/// What stands before a part's content is too long.
#[derive(Debug)]
struct HeadTooLong;

impl std::fmt::Display for HeadTooLong {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "a part of a form must begin within {HEAD_BYTES} bytes, its headers included")
    }
}

impl std::error::Error for HeadTooLong {}

/// A file, piece by piece.
///
/// The form's library takes all that is there before it looks at it. So it is asked to wait, with nothing to wait for, until it has looked at what it
/// has.
struct Pieces {
    form: File,
    need: Arc<Need>,
}

impl Stream for Pieces {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let is_looked_at = self.need.is_looked_at.fetch_not(Ordering::Relaxed);
        if !is_looked_at {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let left = self.need.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Some(Err(Box::new(HeadTooLong))));
        }
        let mut piece = vec![0; PIECE_BYTES.min(left)];
        Poll::Ready(match self.form.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                self.need.left.store(left - length, Ordering::Relaxed);
                piece.truncate(length);
                Some(Ok(piece.into()))
            }
            Err(error) => Some(Err(Box::new(error))),
        })
    }
}
