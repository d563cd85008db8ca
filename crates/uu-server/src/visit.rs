//! What a connection is doing: whether a request is in flight on it, and since when none is.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// What one connection is doing. It is idle while none of its requests is in flight and nothing is left to send; bytes of headers that come slowly
/// do not end that.
#[derive(Debug)]
pub(crate) struct Visit {
    opened: Instant,
    /// Requests in flight.
    requests: AtomicUsize,
    /// Whether bytes of an answer wait to be taken.
    is_sending: AtomicBool,
    /// Since when it is idle, after it was opened.
    idle_from_ms: AtomicU64,
    /// How long it may be.
    allowed_ms: AtomicU64,
    leave: Notify,
}

impl Visit {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            requests: AtomicUsize::new(0),
            is_sending: AtomicBool::new(false),
            idle_from_ms: AtomicU64::new(0),
            allowed_ms: AtomicU64::new(u64::MAX),
            leave: Notify::new(),
        })
    }

    fn open_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_idle_for(&self, ms: u64) -> bool {
        let is_idle = self.requests.load(Ordering::Relaxed) == 0 && !self.is_sending.load(Ordering::Relaxed);
        is_idle && self.open_ms().saturating_sub(self.idle_from_ms.load(Ordering::Relaxed)) >= ms
    }

    /// Ends the connection if it has been idle for so long.
    pub(crate) fn end_if_idle_for(&self, allowed: Duration) {
        let allowed_ms = u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX);
        if self.is_idle_for(allowed_ms) {
            self.allowed_ms.store(allowed_ms, Ordering::Relaxed);
            self.leave.notify_one();
        }
    }

    /// Waits until the connection is to end. Looked at once more on the thread that serves it, where no request can begin meanwhile.
    pub(crate) async fn ended_by_idleness(&self) {
        loop {
            self.leave.notified().await;
            if self.is_idle_for(self.allowed_ms.load(Ordering::Relaxed)) {
                return;
            }
        }
    }

    /// A request is in flight until what is returned is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> InFlight {
        self.requests.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    fn begin_idleness(&self) {
        self.idle_from_ms.store(self.open_ms(), Ordering::Relaxed);
    }

    fn sent<T>(&self, outcome: &Poll<io::Result<T>>) {
        let is_sending = outcome.is_pending();
        self.is_sending.store(is_sending, Ordering::Relaxed);
        if !is_sending {
            self.begin_idleness();
        }
    }
}

/// A request in flight.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Visit>);

impl InFlight {
    /// The body of its answer; one that is not whole yet keeps the request in flight to its end.
    pub(crate) fn until_sent(self, body: Body) -> Body {
        if body.size_hint().exact().is_some() { body } else { Body::new(Streamed { body, _in_flight: self }) }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.begin_idleness();
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Streamed {
    body: Body,
    _in_flight: InFlight,
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose writes are noted.
pub(crate) struct Watched<S> {
    stream: S,
    visit: Arc<Visit>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, visit: Arc<Visit>) -> Self {
        Self { stream, visit }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.visit.sent(&outcome);
        outcome
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.visit.sent(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_idle_while_no_request_is_in_flight_and_nothing_is_left_to_send() {
        let visit = Visit::new();
        assert!(visit.is_idle_for(0));
        let whole = visit.request();
        assert!(!visit.is_idle_for(0));
        let body = whole.until_sent(Body::from("whole"));
        assert!(visit.is_idle_for(0), "what is left of it is written at once, or is seen as bytes to send");
        drop(body);
        let endless = Body::from_stream(futures_util::stream::pending::<Result<Bytes, io::Error>>());
        let body = visit.request().until_sent(endless);
        assert!(!visit.is_idle_for(0), "a stream is not over");
        drop(body);
        assert!(visit.is_idle_for(0));
        visit.sent::<()>(&Poll::Pending);
        assert!(!visit.is_idle_for(0), "the client is slow to read");
        visit.sent(&Poll::Ready(Ok(())));
        assert!(visit.is_idle_for(0) && !visit.is_idle_for(60_000));
    }
}
