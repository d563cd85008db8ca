//! The access log: one line for each request, once its answer is out.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::http::{Method, Uri};
use axum::response::Response;
use hyper::Request;
use tracing::{Level, Span};

use crate::access::{Caller, Tokens};
use crate::app::App;
use crate::counted::{Watch, counted, watched};
use crate::problem::shortened;
use crate::request_id::RequestIds;
use crate::route::{Matched, Route};

/// What goes with a request from its headers to the end of its answer: its ids, and its line of the log where there is one.
pub(crate) struct Trace {
    span: Span,
    pub(crate) ids: RequestIds,
    line: Option<Line>,
}

impl Trace {
    /// Begins with the headers of a request that came from `peer`.
    pub(crate) fn begin(app: &App, (matched, peer): (Matched, IpAddr), request: Request<Body>) -> (Self, Request<Body>) {
        let ids = RequestIds::of(request.headers());
        let is_logged =
            app.access_log && if is_of_machines(matched.route) { tracing::enabled!(Level::DEBUG) } else { tracing::enabled!(Level::INFO) };
        let span = if has_few_lines(app, matched.route) { Span::none() } else { ids.span() };
        if !is_logged {
            return (Self { span, ids, line: None }, request);
        }
        let address = app.access.client(peer, request.headers());
        let line = Line::of(&request, matched, (address, ids.clone()));
        let bytes_in = Arc::clone(&line.bytes_in);
        let request = request.map(|body| {
            if body.is_end_stream() {
                return body;
            }
            counted(body, move |bytes| {
                bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
            })
        });
        (Self { span, ids, line: Some(line) }, request)
    }

    /// The span that all of the request's lines stand in.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Notes whose token a request came with, once that is known.
    pub(crate) fn came_from(&mut self, caller: Option<&Caller>) {
        if let Some(line) = &mut self.line {
            line.token = caller.map(|caller| caller.by.clone());
        }
    }

    /// Puts the ids on the answer; its line is written once the last of its bytes is out, or its client is gone.
    pub(crate) fn end(self, mut response: Response) -> Response {
        let Self { span, ids, mut line } = self;
        ids.insert(response.headers_mut());
        if let Some(line) = &mut line {
            line.status = Some(response.status().as_u16());
        }
        let Some(length) = response.body().size_hint().exact() else {
            // Answers that stream are made while they are sent, and so is what is to be logged of them.
            return response.map(|body| watched(body, span, line));
        };
        if let Some(line) = &mut line {
            line.bytes_out = length;
            line.is_whole = true;
        }
        response
    }
}

/// Whether a request causes no line of the log beside its own, but where its work panicked or left the thread: these make their span when they come
/// to it. Estimates are asked for so often that a span for each of them can be measured.
fn has_few_lines(app: &App, route: Route) -> bool {
    // Where reading needs a token, the store is asked for it, and may fail.
    route == Route::Predict && app.access.tokens != Tokens::All
}

/// Requests that probes and monitoring send all the time.
fn is_of_machines(route: Route) -> bool {
    matches!(route, Route::Health | Route::Metrics)
}

/// What is logged of a request: no body, no query, no token. Written when it is dropped, whatever became of the request.
struct Line {
    ids: RequestIds,
    matched: Matched,
    method: Method,
    uri: Uri,
    address: IpAddr,
    /// Whose token it came with, as the audit log has it.
    token: Option<String>,
    began: Instant,
    bytes_in: Arc<AtomicU64>,
    bytes_out: u64,
    /// `None` where the client hung up before there was an answer.
    status: Option<u16>,
    /// Whether the answer came to its end.
    is_whole: bool,
}

impl Line {
    fn of(request: &Request<Body>, matched: Matched, (address, ids): (IpAddr, RequestIds)) -> Self {
        Self {
            ids,
            matched,
            method: request.method().clone(),
            uri: request.uri().clone(),
            address,
            token: None,
            began: Instant::now(),
            bytes_in: Arc::default(),
            bytes_out: 0,
            status: None,
            is_whole: false,
        }
    }
}

/// A text of the request, cut where it is long.
fn short(text: &str) -> Cow<'_, str> {
    // Bytes are at least as many as letters: what has few needs no copy.
    if text.len() < 80 { Cow::Borrowed(text) } else { Cow::Owned(shortened(text)) }
}

/// Writes a line at a level, which must be constant.
macro_rules! write_line {
    ($level:ident, $line:expr) => {{
        let line = $line;
        // Outside of the request's span, which estimates do not have.
        tracing::event!(
            parent: None,
            Level::$level,
            request_id = line.ids.id(),
            traceparent = line.ids.traceparent(),
            method = %short(line.method.as_str()),
            route = line.route(),
            path = short(line.uri.path()).as_ref(),
            status = line.status,
            bytes_in = line.bytes_in.load(Ordering::Relaxed),
            bytes_out = line.bytes_out,
            time_ms = (line.began.elapsed().as_secs_f64() * 1e6).round() / 1e3,
            address = %line.address,
            token = line.token.as_deref(),
            "{}",
            line.outcome()
        )
    }};
}

impl Line {
    /// The route as it is declared.
    fn route(&self) -> &'static str {
        self.matched.path.unwrap_or(self.matched.route.name())
    }

    fn outcome(&self) -> &'static str {
        match (self.status, self.is_whole) {
            (None, _) => "the client hung up before it was answered",
            (Some(_), false) => "the answer was cut off",
            (Some(_), true) => "answered",
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if is_of_machines(self.matched.route) {
            write_line!(DEBUG, &*self);
        } else {
            write_line!(INFO, &*self);
        }
    }
}

impl Watch for Option<Line> {
    fn passed(&mut self, bytes: usize) {
        if let Some(line) = self {
            line.bytes_out += bytes as u64;
        }
    }

    fn ended(&mut self, is_whole: bool) {
        if let Some(mut line) = self.take() {
            line.is_whole = is_whole;
        }
    }
}
