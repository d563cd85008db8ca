//! A request's body as a blocking reader, bounded in bytes and in time, so that memory stays flat.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::problem::{Kind, Problem};

/// Pieces that may wait; a piece is at most some 400 KiB.
const WAITING_PIECES: usize = 4;

/// Why the rest of a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
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

impl Refusal {
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::TooLarge(limit) => Problem::new(Kind::TooLarge, format!("at most {limit} bytes are read")),
            Self::TooSlow => Problem::new(Kind::Timeout, "the next bytes of the body did not come in time"),
            Self::CutOff => Problem::new(Kind::MalformedBody, "the body ended early"),
            Self::TooManyRows(limit) => Problem::new(Kind::TooLarge, format!("at most {limit} rows are read; send them in parts")),
            Self::TooLong(limit) => Problem::new(Kind::Timeout, format!("a body may take {} s; send it in parts", limit.as_secs())),
        }
    }
}

/// Says why a body was refused, once it was.
#[derive(Clone, Debug)]
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

/// A request's body as a blocking reader.
pub(crate) struct BodyReader {
    pieces: Receiver<Result<Bytes, io::ErrorKind>>,
    current: Bytes,
    refusal: RefusalCell,
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
pub(crate) struct BodyBounds {
    pub(crate) bytes: u64,
    /// Between two pieces.
    pub(crate) stall: Duration,
    /// From the first piece to the last.
    pub(crate) time: Duration,
}

/// Reads a body as fast as it is consumed, within its bounds.
pub(crate) fn body_reader(body: Body, bounds: BodyBounds) -> BodyReader {
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
