//! A request's body, piece by piece, bounded in bytes, in time, and in how slowly it may come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::flow::{Flow, Way};
use crate::problem::{Kind, Problem};

/// Bytes of a body that are waited for before anything is done with it.
const FIRST_BLOCK_BYTES: usize = 64 << 10;

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
    /// It came, or its answer was read, so slowly that others were let in instead.
    GaveWay,
}

impl Refusal {
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::TooLarge(limit) => Problem::new(Kind::TooLarge, format!("at most {limit} bytes are read")),
            Self::TooSlow => Problem::new(Kind::Timeout, "the next bytes of the body did not come in time"),
            Self::CutOff => Problem::new(Kind::MalformedBody, "the body ended early"),
            Self::TooManyRows(limit) => Problem::new(Kind::TooLarge, format!("at most {limit} rows are read; send them in parts")),
            Self::GaveWay => {
                Problem::new(Kind::Timeout, "the body came, or the answer was read, too slowly while others waited; try again")
            }
            Self::TooLong(limit) => Problem::new(Kind::Timeout, format!("a body may take {} s; send it in parts", limit.as_secs())),
        }
    }

    /// What a reader of the body fails with.
    pub(crate) fn kind(self) -> std::io::ErrorKind {
        use std::io::ErrorKind::{ConnectionAborted, FileTooLarge, TimedOut};
        match self {
            Self::TooLarge(_) | Self::TooManyRows(_) => FileTooLarge,
            Self::CutOff => ConnectionAborted,
            Self::TooSlow | Self::TooLong(_) | Self::GaveWay => TimedOut,
        }
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
    /// The least bytes a second, over the time of a stall that is spent waiting for it; 0: as slowly as it likes.
    pub(crate) least_bytes_per_s: u64,
}

/// A body that is read within its bounds.
pub(crate) struct Paced {
    body: Body,
    bounds: BodyBounds,
    began: Instant,
    length: u64,
    pace: Pace,
    /// The pace of the work that it is for, once that has a slot.
    flow: Option<Arc<Flow>>,
}

/// How a body came since the last look at its pace.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// Counts what came after a wait; whether it was too slow.
    fn is_too_slow(&mut self, (waited, bytes): (Duration, u64), bounds: &BodyBounds) -> bool {
        self.waited += waited;
        self.bytes += bytes;
        if self.waited < bounds.stall {
            return false;
        }
        let is_too_slow = (self.bytes as f64) < bounds.least_bytes_per_s as f64 * self.waited.as_secs_f64();
        *self = Self::default();
        is_too_slow
    }
}

impl Paced {
    pub(crate) fn new(body: Body, bounds: BodyBounds) -> Self {
        Self { body, bounds, began: Instant::now(), length: 0, pace: Pace::default(), flow: None }
    }

    /// The same body, for work that has a slot.
    pub(crate) fn flowing(self, flow: &Arc<Flow>) -> Self {
        Self { flow: Some(Arc::clone(flow)), ..self }
    }

    /// The next piece; `None` after the last.
    ///
    /// **Errors**: the body breaks a bound, or its sender went away.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let Some(flow) = self.flow.clone() else { return self.within_bounds().await };
        flow.wait(Way::In);
        let piece = tokio::select! {
            biased;
            () = flow.gives_way() => return Err(Refusal::GaveWay),
            piece = self.within_bounds() => piece?,
        };
        flow.moved(Way::In, piece.as_ref().map_or(0, Bytes::len));
        Ok(piece)
    }

    async fn within_bounds(&mut self) -> Result<Option<Bytes>, Refusal> {
        let BodyBounds { bytes: limit, stall, time, .. } = self.bounds;
        loop {
            let left = time.saturating_sub(self.began.elapsed());
            let asked = Instant::now();
            let piece = match tokio::time::timeout(stall.min(left), self.body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(piece) => piece,
                    Err(_trailers) => continue,
                },
                Ok(Some(Err(_))) => return Err(Refusal::CutOff),
                Err(_elapsed) if left <= stall => return Err(Refusal::TooLong(time)),
                Err(_elapsed) => return Err(Refusal::TooSlow),
            };
            self.length += piece.len() as u64;
            if self.length > limit {
                return Err(Refusal::TooLarge(limit));
            }
            if self.pace.is_too_slow((asked.elapsed(), piece.len() as u64), &self.bounds) {
                return Err(Refusal::TooSlow);
            }
            return Ok(Some(piece));
        }
    }

    /// The first block of the body, or all of it where it is shorter: whoever sends slowly waits by himself, before anything is set aside for him.
    ///
    /// **Errors**: as [`Paced::next`].
    pub(crate) async fn first_block(&mut self) -> Result<Bytes, Refusal> {
        let mut block = BytesMut::new();
        while block.len() < FIRST_BLOCK_BYTES
            && let Some(piece) = self.next().await?
        {
            block.extend_from_slice(&piece);
        }
        Ok(block.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const STALL: Duration = Duration::from_millis(500);

    fn bounds() -> BodyBounds {
        BodyBounds { bytes: 1_000_000, stall: STALL, time: Duration::from_secs(60), least_bytes_per_s: 10_000 }
    }

    fn trickle(pieces: u64, bytes: usize, every: Duration) -> Body {
        Body::from_stream(futures_util::stream::unfold(0, move |sent| async move {
            tokio::time::sleep(every).await;
            (sent < pieces).then(|| (Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; bytes])), sent + 1))
        }))
    }

    #[rstest]
    #[case::a_byte_now_and_then(1, STALL / 3, Some(Refusal::TooSlow))]
    #[case::a_byte_often(1, STALL / 20, Some(Refusal::TooSlow))]
    #[case::nothing(1, 2 * STALL, Some(Refusal::TooSlow))]
    #[case::a_slow_line(4_096, STALL / 10, None)]
    #[tokio::test]
    async fn a_body_has_a_least_pace(#[case] bytes: usize, #[case] every: Duration, #[case] expected: Option<Refusal>) {
        let mut body = Paced::new(trickle(40, bytes, every), bounds());
        let ended = loop {
            match body.next().await {
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(refusal) => break Some(refusal),
            }
        };
        assert_eq!(ended, expected);
    }

    #[tokio::test]
    async fn the_first_block_is_a_block_or_the_whole() {
        let mut long = Paced::new(trickle(100, 4_096, Duration::from_millis(1)), bounds());
        assert_eq!(long.first_block().await.unwrap().len(), FIRST_BLOCK_BYTES);
        let mut short = Paced::new(Body::from("date,visits\n"), bounds());
        assert_eq!(short.first_block().await.unwrap(), "date,visits\n");
        assert_eq!(short.next().await, Ok(None), "nothing is left");
    }

    #[tokio::test]
    async fn a_body_beyond_its_bound_is_refused() {
        let mut body = Paced::new(Body::from("0123456789"), BodyBounds { bytes: 9, ..bounds() });
        assert_eq!(body.next().await, Err(Refusal::TooLarge(9)));
    }
}
