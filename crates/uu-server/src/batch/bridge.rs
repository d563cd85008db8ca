//! Between the blocking thread that writes an answer and the async stream it becomes: bounded, so that memory stays flat.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use metrics::Counter;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use uu_data::read::Format;

use super::ending;
use super::failure::{Failure, Sent};
use crate::flow::{Flow, Way};
use crate::paced::Refusal;
use crate::problem::Problem;
use crate::streaming::AnswerWaits;

/// Pieces that may wait; a piece is at most some 400 KiB.
const WAITING_PIECES: usize = 4;

/// How long the connection has to send the reason of a failure before it is cut off: what it has not sent by then is lost.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What goes from the writing thread to the answer.
enum Piece {
    Data(Bytes),
    End,
    Failure(Failure),
}

/// A blocking writer whose bytes become an answer's body.
///
/// What comes before the first row is kept back: a batch without a row is refused, and its header is then no answer. So is the mark that a
/// Parquet file begins with, whose rows follow when a row group is whole.
pub(super) struct AnswerWriter {
    pieces: Sender<Piece>,
    has_rows: HasRows,
    waits: AnswerWaits,
    flow: Arc<Flow>,
    /// What waits while the answer does.
    runtime: Handle,
    kept_back: Vec<u8>,
    /// Bytes that say nothing of a row; none once the answer has begun.
    mark_bytes: usize,
}

/// Bytes of the mark that a Parquet file begins with.
const PARQUET_MARK_BYTES: usize = 4;

/// Whether a row of the answer is there.
#[derive(Clone, Default)]
pub(super) struct HasRows(Arc<AtomicBool>);

impl HasRows {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Ends an answer: without its word, the body is cut off and its reader knows.
pub(super) struct Ending {
    pieces: Sender<Piece>,
    flow: Arc<Flow>,
}

/// The answer's side.
pub(super) struct Answer {
    pieces: Receiver<Piece>,
}

/// How a batch began to be answered.
pub(super) enum Started {
    Answer(Body),
    Failure(Failure),
    Panic,
}

/// `waits` is set while the answer waits for its client to read on; `flow` is the pace of the work.
pub(super) fn answer_writer(wanted: Format, (waits, flow): (AnswerWaits, Arc<Flow>)) -> (AnswerWriter, Answer) {
    let (sender, pieces) = channel(WAITING_PIECES);
    let mark_bytes = if wanted == Format::Parquet { PARQUET_MARK_BYTES } else { 0 };
    let (has_rows, runtime) = (HasRows::default(), Handle::current());
    let writer = AnswerWriter { pieces: sender, has_rows, waits, flow, runtime, kept_back: Vec::new(), mark_bytes };
    (writer, Answer { pieces })
}

impl AnswerWriter {
    pub(super) fn ending(&self) -> Ending {
        Ending { pieces: self.pieces.clone(), flow: Arc::clone(&self.flow) }
    }

    pub(super) fn has_rows(&self) -> HasRows {
        self.has_rows.clone()
    }

    fn send(&self, bytes: Bytes) -> io::Result<()> {
        let length = bytes.len();
        self.waits.set(true);
        self.flow.wait(Way::Out);
        let sent = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.flow.gives_way() => Err(io::ErrorKind::TimedOut.into()),
                sent = self.pieces.send(Piece::Data(bytes)) => sent.map_err(|_| io::ErrorKind::BrokenPipe.into()),
            }
        });
        self.flow.moved(Way::Out, length);
        self.waits.set(false);
        sent
    }
}

impl Ending {
    pub(super) fn end(self, outcome: Result<(), Failure>) {
        let last = outcome.map_or_else(Piece::Failure, |()| Piece::End);
        if matches!(last, Piece::Failure(_)) && self.flow.has_given_way() {
            // A client that does not read is not waited for; the reason is known without it.
            self.pieces.try_send(last).ok();
        } else {
            self.pieces.blocking_send(last).ok();
        }
    }
}

impl Write for AnswerWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.has_rows.get() || self.kept_back.len() + bytes.len() <= self.mark_bytes {
            self.kept_back.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.mark_bytes = 0;
        if !self.kept_back.is_empty() {
            let kept_back = std::mem::take(&mut self.kept_back);
            self.send(kept_back.into())?;
        }
        if !bytes.is_empty() {
            self.send(Bytes::copy_from_slice(bytes))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Answer {
    /// Waits for the first bytes, or for the failure that comes instead: that one still gets a status of its own.
    /// `panics` counts those that come later.
    pub(super) async fn started(mut self, wanted: Format, sent: Sent, panics: Counter) -> Started {
        match self.pieces.recv().await {
            Some(Piece::Data(first)) => {
                let last = first.last().copied().unwrap_or_default();
                Started::Answer(body(first, Rest { pieces: self.pieces, last, wanted, sent, panics }))
            }
            Some(Piece::End) => Started::Answer(Body::empty()),
            Some(Piece::Failure(error)) => Started::Failure(error),
            None => Started::Panic,
        }
    }
}

fn body(first: Bytes, rest: Rest) -> Body {
    let rest = stream::unfold(Some(Next::Piece(rest)), |next| async move {
        match next? {
            Next::Piece(rest) => rest.next().await,
            Next::Cut => {
                tokio::time::sleep(LAST_WORDS).await;
                Some((Err(io::Error::other("the batch failed")), None))
            }
        }
    });
    Body::from_stream(stream::once(async move { Ok(first) }).chain(rest))
}

/// What comes next in an answer that has begun.
enum Next {
    Piece(Rest),
    /// Its end, which is cut off.
    Cut,
}

/// The pieces of an answer after its first.
struct Rest {
    pieces: Receiver<Piece>,
    /// The last byte so far.
    last: u8,
    wanted: Format,
    sent: Sent,
    panics: Counter,
}

impl Rest {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Option<Next>)> {
        let problem = match self.pieces.recv().await {
            Some(Piece::Data(bytes)) => {
                self.last = bytes.last().copied().unwrap_or(self.last);
                return Some((Ok(bytes), Some(Next::Piece(self))));
            }
            Some(Piece::End) => return None,
            Some(Piece::Failure(failure)) => {
                let problem = failure.problem(&self.sent);
                tracing::warn!(error = problem.line(), "a batch failed after its answer had begun");
                problem
            }
            None => self.sent.refusal.get().map_or_else(
                || {
                    tracing::error!("a batch panicked after its answer had begun");
                    self.panics.increment(1);
                    Problem::internal()
                },
                Refusal::problem,
            ),
        };
        Some((Ok(ending::reason(self.wanted, self.last, problem).into()), Some(Next::Cut)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use http_body_util::BodyExt;

    use super::*;
    use crate::line_breaks::Lines;
    use crate::streaming::RefusalCell;

    #[tokio::test]
    async fn a_panic_is_counted_also_where_the_answer_has_begun() {
        let (mut writer, answer) = answer_writer(Format::Csv, (AnswerWaits::default(), Arc::default()));
        writer.has_rows().set();
        let panicked = tokio::task::spawn_blocking(move || {
            writer.write_all(b"date,unique_users\n").unwrap();
            panic!("in the middle of it");
        });
        let count = Arc::new(AtomicU64::new(0));
        let sent = Sent { format: Format::Csv, refusal: RefusalCell::default(), one_line: Lines::new(io::empty()).one_line() };
        let Started::Answer(body) = answer.started(Format::Csv, sent, Counter::from_arc(Arc::clone(&count))).await else {
            panic!("it has begun");
        };
        assert!(body.collect().await.is_err(), "it is cut off");
        assert!(panicked.await.is_err());
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
