//! What a request is answered with whose connection has had no place for too long: a problem as every other one, with its ids and its line of the log.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::access_log::Trace;
use crate::app::App;
use crate::problem::{Kind, Problem};
use crate::routes::matched;
use crate::security_headers;

/// Most bytes of a request for `/health` that is answered without a place.
pub(crate) const HEAD_BYTES: usize = 2 << 10;

/// Most headers of one.
pub(crate) const MOST_HEADERS: usize = 64;

/// How long the answer may take to be read: a connection that is closed with bytes that nobody has read is reset, and the answer is lost.
const LINGER: Duration = Duration::from_secs(1);

/// When to ask again.
const RETRY_AFTER_S: u32 = 1;

/// Refuses the request that a connection came with, and closes the connection.
pub(crate) async fn refuse(app: &App, mut stream: TcpStream, peer: IpAddr) {
    let answer = answer(app, &stream, peer).await;
    let sent = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
        let mut rest = [0; HEAD_BYTES];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    // A client that is gone needs no answer.
    let _ = timeout(LINGER, sent).await;
}

async fn answer(app: &App, stream: &TcpStream, peer: IpAddr) -> Vec<u8> {
    let (began, request) = (Instant::now(), head(stream).await);
    let (matched, has_token) = (matched(request.method(), request.uri().path()), request.headers().contains_key(header::AUTHORIZATION));
    let is_head = request.method() == Method::HEAD;
    let (trace, _) = Trace::begin(app, (matched, peer.to_canonical()), request);
    let problem = || Problem::new(Kind::NoRoom, "all connections are taken; try again").retry_after(RETRY_AFTER_S);
    let mut response = trace.ids.clone().within(async { problem().into_response() }).await;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    security_headers::add(response.headers_mut(), matched.route, has_token);
    app.metrics.answered(matched.route, &response, began.elapsed());
    written(trace.end(response), is_head).await
}

/// The head that is there, as far as it can be read; the bytes stay where they are.
async fn head(stream: &TcpStream) -> Request<Body> {
    let mut bytes = [0; HEAD_BYTES];
    let length = match timeout(Duration::ZERO, stream.peek(&mut bytes)).await {
        Ok(Ok(length)) => length,
        _ => 0,
    };
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    // Of a head that is too long, what was read so far.
    let _ = parsed.parse(&bytes[..length]);
    let mut request = Request::builder().method(parsed.method.unwrap_or("GET")).uri(parsed.path.unwrap_or("/")).body(Body::empty());
    if let Ok(request) = &mut request {
        request.headers_mut().extend(parsed.headers.iter().filter_map(|header| {
            Some((HeaderName::from_bytes(header.name.as_bytes()).ok()?, HeaderValue::from_bytes(header.value).ok()?))
        }));
    }
    request.unwrap_or_default()
}

async fn written(response: Response, is_head: bool) -> Vec<u8> {
    let (head, body) = response.into_parts();
    let length = body.size_hint().lower();
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    if !head.headers.contains_key(header::CONTENT_LENGTH) {
        bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    if !is_head && let Ok(body) = body.collect().await {
        bytes.extend_from_slice(&body.to_bytes());
    }
    bytes
}
