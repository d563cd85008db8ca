//! Bodies that are watched as they pass.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tracing::Span;

/// Whoever watches a body.
pub(crate) trait Watch: Send + Unpin + 'static {
    /// So many bytes have passed.
    fn passed(&mut self, bytes: usize);

    /// Nothing passes any more; `is_whole` where the body came to its end.
    fn ended(&mut self, is_whole: bool);
}

/// Counts, and does no more.
struct Count<F>(F);

impl<F: FnMut(usize) + Send + Unpin + 'static> Watch for Count<F> {
    fn passed(&mut self, bytes: usize) {
        (self.0)(bytes);
    }

    fn ended(&mut self, _: bool) {}
}

/// A body whose bytes `watch` sees; what is logged while they are made is logged within `span`.
pub(crate) fn watched(body: Body, span: Span, watch: impl Watch) -> Body {
    Body::new(Watched { body, span, watch, has_ended: false })
}

/// A body whose bytes are counted.
pub(crate) fn counted(body: Body, count: impl FnMut(usize) + Send + Unpin + 'static) -> Body {
    watched(body, Span::none(), Count(count))
}

struct Watched<W: Watch> {
    body: Body,
    span: Span,
    watch: W,
    has_ended: bool,
}

impl<W: Watch> HttpBody for Watched<W> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let _entered = this.span.enter();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => this.watch.passed(frame.data_ref().map_or(0, Bytes::len)),
            Some(Err(_)) => {}
            None => this.has_ended = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<W: Watch> Drop for Watched<W> {
    fn drop(&mut self) {
        self.watch.ended(self.has_ended || self.body.is_end_stream());
    }
}
