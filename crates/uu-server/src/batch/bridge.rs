//! Between the blocking thread that writes an answer and the async stream it becomes: bounded, so that memory stays flat.

use std::io::{self, Write};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use uu_service::batch::BatchError;

/// Pieces that may wait; a piece is at most some 400 KiB.
const WAITING_PIECES: usize = 4;

/// What goes from the writing thread to the answer.
enum Piece {
    Data(Bytes),
    End,
    Failure(BatchError),
}

/// A blocking writer whose bytes become an answer's body.
pub(super) struct AnswerWriter {
    pieces: Sender<Piece>,
}

/// Ends an answer: without its word, the body is cut off and its reader knows.
pub(super) struct Ending {
    pieces: Sender<Piece>,
}

/// The answer's side.
pub(super) struct Answer {
    pieces: Receiver<Piece>,
}

/// How a batch began to be answered.
pub(super) enum Started {
    Answer(Body),
    Failure(BatchError),
    Panic,
}

pub(super) fn answer_writer() -> (AnswerWriter, Answer) {
    let (sender, pieces) = channel(WAITING_PIECES);
    (AnswerWriter { pieces: sender }, Answer { pieces })
}

impl AnswerWriter {
    pub(super) fn ending(&self) -> Ending {
        Ending { pieces: self.pieces.clone() }
    }
}

impl Ending {
    pub(super) fn end(self, outcome: Result<(), BatchError>) {
        let last = outcome.map_or_else(Piece::Failure, |()| Piece::End);
        self.pieces.blocking_send(last).ok();
    }
}

impl Write for AnswerWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            let piece = Piece::Data(Bytes::copy_from_slice(bytes));
            self.pieces.blocking_send(piece).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Answer {
    /// Waits for the first bytes, or for the failure that comes instead: that one still gets a status of its own.
    pub(super) async fn started(mut self) -> Started {
        match self.pieces.recv().await {
            Some(Piece::Data(first)) => Started::Answer(self.body(first)),
            Some(Piece::End) => Started::Answer(Body::empty()),
            Some(Piece::Failure(error)) => Started::Failure(error),
            None => Started::Panic,
        }
    }

    fn body(self, first: Bytes) -> Body {
        let rest = stream::unfold(Some(self.pieces), |pieces| async move {
            let mut pieces = pieces?;
            match pieces.recv().await {
                Some(Piece::Data(bytes)) => Some((Ok(bytes), Some(pieces))),
                Some(Piece::End) => None,
                Some(Piece::Failure(error)) => {
                    tracing::warn!(%error, "a batch failed after its answer had begun");
                    Some((Err(io::Error::other("the batch failed")), None))
                }
                None => Some((Err(io::Error::other("the batch panicked")), None)),
            }
        });
        Body::from_stream(stream::once(async move { Ok(first) }).chain(rest))
    }
}
