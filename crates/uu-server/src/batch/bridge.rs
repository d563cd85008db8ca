//! Between the async streams of HTTP and the blocking threads that read and write: bounded both ways, so that memory stays flat.

use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::{Buf, Bytes};
use futures_util::stream::{self, StreamExt};
use http_body_util::BodyExt;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use uu_service::batch::BatchError;

/// Pieces that may wait on either side; a piece is at most some 400 KiB.
const WAITING_PIECES: usize = 4;

/// Why the rest of a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has more bytes than this.
    TooLarge(u64),
    /// Its next bytes did not come in time.
    TooSlow,
    /// Its sender went away.
    CutOff,
    /// It has more rows than this.
    TooManyRows(u64),
    /// It took longer than this.
    TooLong(Duration),
}

/// Says why a body was refused, once it was.
#[derive(Clone, Debug)]
pub(super) struct RefusalCell(Arc<OnceLock<Refusal>>);

impl RefusalCell {
    pub(super) fn get(&self) -> Option<Refusal> {
        self.0.get().copied()
    }

    /// The first reason stands.
    pub(super) fn set(&self, refusal: Refusal) {
        self.0.set(refusal).ok();
    }
}

/// A request's body as a blocking reader.
pub(super) struct BodyReader {
    pieces: Receiver<Result<Bytes, io::ErrorKind>>,
    current: Bytes,
    refusal: RefusalCell,
}

impl BodyReader {
    pub(super) fn refusal(&self) -> RefusalCell {
        self.refusal.clone()
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) => self.current = piece,
                Some(Err(kind)) => return Err(kind.into()),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// What a body may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyBounds {
    pub(super) bytes: u64,
    /// Between two pieces.
    pub(super) stall: Duration,
    /// From the first piece to the last.
    pub(super) time: Duration,
}

/// Reads a body as fast as it is consumed, within its bounds.
pub(super) fn body_reader(body: Body, bounds: BodyBounds) -> BodyReader {
    let (sender, pieces) = channel(WAITING_PIECES);
    let refusal = RefusalCell(Arc::new(OnceLock::new()));
    let pump = Pump { body, bounds, sender, refusal: refusal.clone() };
    tokio::spawn(pump.run());
    BodyReader { pieces, current: Bytes::new(), refusal }
}

struct Pump {
    body: Body,
    bounds: BodyBounds,
    sender: Sender<Result<Bytes, io::ErrorKind>>,
    refusal: RefusalCell,
}

impl Pump {
    async fn run(mut self) {
        let BodyBounds { bytes: limit, stall, time } = self.bounds;
        let began = Instant::now();
        let mut length = 0;
        loop {
            let left = time.saturating_sub(began.elapsed());
            let refused = match tokio::time::timeout(stall.min(left), self.body.frame()).await {
                Ok(None) => return,
                Ok(Some(Ok(frame))) => {
                    let Ok(piece) = frame.into_data() else { continue };
                    length += piece.len() as u64;
                    if length <= limit {
                        if self.sender.send(Ok(piece)).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    (Refusal::TooLarge(limit), io::ErrorKind::FileTooLarge)
                }
                Ok(Some(Err(_))) => (Refusal::CutOff, io::ErrorKind::ConnectionAborted),
                Err(_elapsed) if left <= stall => (Refusal::TooLong(time), io::ErrorKind::TimedOut),
                Err(_elapsed) => (Refusal::TooSlow, io::ErrorKind::TimedOut),
            };
            self.refusal.set(refused.0);
            self.sender.send(Err(refused.1)).await.ok();
            return;
        }
    }
}

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
