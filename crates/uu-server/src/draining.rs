//! What is left of a request's body when it was answered before its end: read and thrown away, so that its sender can read the answer.
//!
//! A connection that is closed while its peer still sends is reset, and a reset takes the answer with it. So nobody who refuses a request has to
//! read its body: whoever drops it has it drained, while the answer is on its way.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::HttpBody;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

/// Most bytes that are thrown away; a connection with more to come is closed.
pub(crate) const MOST_BYTES: u64 = 256 << 20;

/// The longest that it takes.
const MOST_TIME: Duration = Duration::from_secs(30);

/// The longest wait for the next bytes.
const MOST_WAIT: Duration = Duration::from_secs(5);

/// A request's body that is drained when it is dropped before its end.
pub(crate) struct Draining {
    body: Option<Incoming>,
    /// Whether its sender waits for `100 Continue`, which goes out with the first read: one that never got it sends nothing.
    waits_to_send: bool,
}

impl Draining {
    pub(crate) fn new(headers: &HeaderMap, body: Incoming) -> Self {
        let expects = headers.get(header::EXPECT).and_then(|value| value.to_str().ok());
        let waits_to_send = expects.is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
        Self { body: Some(body), waits_to_send }
    }
}

impl HttpBody for Draining {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits_to_send = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream() && !self.waits_to_send) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(tokio::time::timeout(MOST_TIME, drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut length = 0;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(MOST_WAIT, body.frame()).await {
        length += frame.data_ref().map_or(0, |data| data.len() as u64);
        if length > MOST_BYTES {
            return;
        }
    }
}
