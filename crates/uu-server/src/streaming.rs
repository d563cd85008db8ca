//! A request's body as a blocking reader, so that memory stays flat.
//!
//! It is read as fast as it is consumed. Where its consumer waits for an answer to be read, and its sender reads that only once it has sent
//! everything, neither would ever go on: then the rest of the body waits on disk.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::paced::{Paced, Refusal};
use crate::spill::Spill;

/// Pieces that may wait; a piece is at most some 400 KiB.
const WAITING_PIECES: usize = 4;

/// How long a piece waits before it is asked whether its consumer waits for the sender.
const PATIENCE: Duration = Duration::from_millis(500);

/// Says why a body was refused, once it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct RefusalCell(Arc<OnceLock<Refusal>>);

impl RefusalCell {
    pub(crate) fn get(&self) -> Option<Refusal> {
        self.0.get().copied()
    }

    /// The first reason stands.
    pub(crate) fn set(&self, refusal: Refusal) {
        self.0.set(refusal).ok();
    }
}

/// Whether an answer waits for its client to read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerWaits(Arc<AtomicBool>);

impl AnswerWaits {
    pub(crate) fn set(&self, waits: bool) {
        self.0.store(waits, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

type Piece = Result<Bytes, io::ErrorKind>;

/// A request's body as a blocking reader.
pub(crate) struct BodyReader {
    pieces: Receiver<Piece>,
    current: Bytes,
    refusal: RefusalCell,
    /// What follows the pieces, where the rest waits on disk.
    rest: Arc<OnceLock<Arc<Spill>>>,
}

impl BodyReader {
    pub(crate) fn refusal(&self) -> RefusalCell {
        self.refusal.clone()
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) => self.current = piece,
                Some(Err(kind)) => return Err(kind.into()),
                None => return self.rest.get().map_or(Ok(0), |rest| rest.read(buffer)),
            }
        }
        let count = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

impl Drop for BodyReader {
    fn drop(&mut self) {
        // Before what may be set meanwhile is looked at: whoever sets it looks at this afterwards.
        self.pieces.close();
        if let Some(rest) = self.rest.get() {
            rest.abandon();
        }
    }
}

/// Reads a body that began with `first` as fast as it is consumed, within its bounds; while `answer` waits, as fast as it comes.
pub(crate) fn body_reader(first: Bytes, body: Paced, answer: AnswerWaits) -> BodyReader {
    let (sender, pieces) = channel(WAITING_PIECES);
    let refusal = RefusalCell::default();
    let rest = Arc::default();
    tokio::spawn(Pump { body, answer, refusal: refusal.clone(), rest: Arc::clone(&rest) }.run(sender));
    BodyReader { pieces, current: first, refusal, rest }
}

struct Pump {
    body: Paced,
    answer: AnswerWaits,
    refusal: RefusalCell,
    rest: Arc<OnceLock<Arc<Spill>>>,
}

impl Pump {
    async fn run(mut self, sender: Sender<Piece>) {
        loop {
            let piece = match self.body.next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => return,
                Err(refusal) => {
                    self.refusal.set(refusal);
                    sender.send(Err(refusal.kind())).await.ok();
                    return;
                }
            };
            match self.hand_on(piece, &sender).await {
                HandedOn::Taken => {}
                HandedOn::ReaderLeft => return,
                HandedOn::NotTaken(piece) => return self.spill(piece, sender).await,
            }
        }
    }

    /// Waits until there is room for the piece, or until the consumer waits for the sender.
    async fn hand_on(&mut self, piece: Bytes, sender: &Sender<Piece>) -> HandedOn {
        let mut piece = Ok(piece);
        loop {
            piece = match sender.send_timeout(piece, PATIENCE).await {
                Ok(()) => return HandedOn::Taken,
                Err(SendTimeoutError::Closed(_)) => return HandedOn::ReaderLeft,
                Err(SendTimeoutError::Timeout(piece)) => piece,
            };
            match piece {
                Ok(piece) if self.answer.get() => return HandedOn::NotTaken(piece),
                _ => {}
            }
        }
    }

    /// Puts the rest of the body on disk, beginning with a piece.
    async fn spill(mut self, first: Bytes, sender: Sender<Piece>) {
        let spill = match Spill::new() {
            Ok(spill) => Arc::new(spill),
            Err(error) => {
                tracing::error!(%error, "the rest of a body cannot be put into a temporary file; `TMPDIR` names another folder");
                sender.send(Err(error.kind())).await.ok();
                return;
            }
        };
        let ended = Ended(Arc::clone(&spill));
        self.rest.set(Arc::clone(&spill)).ok();
        if sender.is_closed() {
            // The reader left before it could see that there is something to abandon.
            spill.abandon();
        }
        // The reader goes on with the file once it has taken all pieces.
        drop(sender);
        let mut piece = Some(first);
        while let Some(bytes) = piece {
            let file = Arc::clone(&ended.0);
            let appended = tokio::task::spawn_blocking(move || file.append(&bytes)).await;
            if let Err(error) = appended.unwrap_or_else(|error| Err(io::Error::other(error))) {
                ended.0.end(Err(error.kind()));
                return;
            }
            piece = match self.body.next().await {
                Ok(piece) => piece,
                Err(refusal) => {
                    self.refusal.set(refusal);
                    ended.0.end(Err(refusal.kind()));
                    return;
                }
            };
        }
        ended.0.end(Ok(()));
    }
}

enum HandedOn {
    Taken,
    /// There is no room, and the consumer waits for the sender.
    NotTaken(Bytes),
    ReaderLeft,
}

/// Ends what waits on disk where its task is ended before it, as when the server is.
struct Ended(Arc<Spill>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end(Err(io::ErrorKind::ConnectionAborted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    use crate::paced::BodyBounds;
    use axum::body::Body;

    const PIECE: usize = 10_000;

    async fn reader(pieces: usize, answer: AnswerWaits) -> BodyReader {
        let stream = futures_util::stream::iter((0..pieces).map(|index| Ok::<_, io::Error>(Bytes::from(vec![index as u8; PIECE]))));
        let second = Duration::from_secs(1);
        let bounds = BodyBounds { bytes: u64::MAX, stall: 10 * second, time: 60 * second, least_bytes_per_s: 0 };
        let mut body = Paced::new(Body::from_stream(stream), bounds);
        let first = body.first_block().await.unwrap();
        body_reader(first, body, answer)
    }

    #[tokio::test]
    async fn the_rest_is_not_taken_for_a_reader_that_left() {
        let (pulled, answer) = (Arc::new(AtomicUsize::new(0)), AnswerWaits::default());
        answer.set(true);
        let counted = Arc::clone(&pulled);
        let endless = futures_util::stream::repeat_with(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>(Bytes::from(vec![0; PIECE]))
        });
        let second = Duration::from_secs(1);
        let bounds = BodyBounds { bytes: u64::MAX, stall: 10 * second, time: 60 * second, least_bytes_per_s: 0 };
        let (sender, pieces) = channel(WAITING_PIECES);
        let rest = Arc::default();
        let pump =
            Pump { body: Paced::new(Body::from_stream(endless), bounds), answer, refusal: RefusalCell::default(), rest: Arc::clone(&rest) };
        // It has a piece that was not taken when the reader leaves.
        let reader = BodyReader { pieces, current: Bytes::new(), refusal: RefusalCell::default(), rest: Arc::clone(&rest) };
        drop(reader);
        pump.spill(Bytes::from_static(b"rows"), sender).await;
        assert!(pulled.load(Ordering::Relaxed) < 2, "nothing is taken for nobody");
    }

    #[tokio::test]
    async fn a_body_is_read_whole_and_on_where_its_consumer_waits_for_its_sender() {
        for waits in [false, true] {
            let answer = AnswerWaits::default();
            answer.set(waits);
            let mut reader = reader(100, answer).await;
            let rest = Arc::clone(&reader.rest);
            tokio::time::sleep(2 * PATIENCE).await;
            assert_eq!(rest.get().is_some(), waits, "it waits on disk only where it has to");
            let read = tokio::task::spawn_blocking(move || {
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes).map(|_| bytes)
            });
            let bytes = read.await.unwrap().unwrap();
            let expected: Vec<u8> = (0..100).flat_map(|index| vec![index; PIECE]).collect();
            assert!(bytes == expected, "{} bytes", bytes.len());
        }
    }
}
