//! Accepts connections and serves them until told to stop.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, TryFutureExt};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;
use tracing::Instrument;

use crate::access::Caller;
use crate::access_log::Trace;
use crate::admission::admit;
use crate::app::App;
use crate::draining::Draining;
use crate::lanes::{Admission, Lanes, Serve};
use crate::places::{Places, Seat};
use crate::predict;
use crate::problem::{Kind, Problem};
use crate::request_id;
use crate::route::{Matched, Route};
use crate::routes::{matched, router};
use crate::security_headers;
use crate::slots::ClientAddress;
use crate::stalling::Stalling;
use crate::visit::Watched;
use crate::waiting::WaitingRoom;

/// How often recorded durations are moved into their buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// How often connections are looked through for those that are idle for too long, where places run out.
const END_IDLE_EVERY: Duration = Duration::from_millis(500);

/// How long accepting pauses where the system has no descriptors or memory left.
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(200);

/// Serves connections of `listener` until `shutdown` ends, then finishes what is in flight.
///
/// **Errors**: the system gives no threads to serve with; none once it runs: a connection's failure ends that connection alone.
pub async fn run(listener: TcpListener, shutdown: impl Future<Output = ()>, app: Arc<App>) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening on http://{address}");
    app.address.set(address).ok();
    let server = Server::new(app)?;
    let mut waiting = WaitingRoom::new(Arc::clone(&server.places), Arc::clone(&server.serving.app));
    let mut shutdown = pin!(shutdown);
    let (mut upkeep, mut end_idle) = (tokio::time::interval(UPKEEP_EVERY), tokio::time::interval(END_IDLE_EVERY));
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            _ = upkeep.tick() => {
                server.serving.app.metrics.upkeep();
                server.serving.app.rates.upkeep();
            }
            _ = end_idle.tick() => server.places.end_idle(),
            (stream, seat) = waiting.next() => server.serve(stream, seat),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match server.places.take(peer.ip()) {
                    Some(seat) => server.serve(stream, seat),
                    None => waiting.take(stream, peer.ip()),
                },
                Err(error) if is_of_one_connection(&error) => tracing::debug!(%error, "a connection ended before it was accepted"),
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted for now");
                    waiting.close_silent();
                    tokio::time::sleep(PAUSE_AFTER_FAILED_ACCEPT).await;
                }
            },
        }
    }
    drop((listener, waiting));
    server.finish().await;
    Ok(())
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

struct Server {
    serving: Serving,
    places: Arc<Places>,
    graceful: GracefulShutdown,
    lanes: Lanes,
}

impl Server {
    fn new(app: Arc<App>) -> io::Result<Self> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(app.limits.header_timeout).max_buf_size(app.limits.header_bytes);
        let places = Places::new(&app.limits, &app.access);
        let serving = Serving { router: router(Arc::clone(&app)), app, http };
        let lanes = Lanes::start(serving.app.limits.serving_threads, &serving)?;
        Ok(Self { serving, places, graceful: GracefulShutdown::new(), lanes })
    }

    fn serve(&self, stream: TcpStream, seat: Seat) {
        let admission = Admission { seat, watcher: self.graceful.watcher() };
        let given = stream.set_nodelay(true).and_then(|()| self.lanes.take(stream, admission));
        if let Err(error) = given {
            tracing::debug!(%error, "a connection ended before it was served");
        }
    }

    async fn finish(self) {
        let Self { serving, graceful, lanes, .. } = self;
        tracing::info!(connections = lanes.open(), "finishing what is in flight");
        serving.app.stopping.send_replace(true);
        let late = tokio::time::timeout(serving.app.limits.shutdown_timeout, graceful.shutdown()).await.is_err();
        if late {
            tracing::warn!(connections = lanes.open(), "cutting off connections that did not finish");
        }
        lanes.finish(late).await;
    }
}

/// What every connection is served with.
#[derive(Clone)]
struct Serving {
    app: Arc<App>,
    router: Router,
    http: http1::Builder,
}

impl Serve for Serving {
    fn serve(&self, stream: TcpStream, admission: Admission) -> impl Future<Output = ()> + Send + 'static {
        let Admission { seat, watcher } = admission;
        // A peer that is gone already has no address, and gets no answer either.
        let peer = stream.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip().to_canonical());
        let io = TokioIo::new(Stalling::new(Watched::new(stream, Arc::clone(&seat.visit)), self.app.limits.stall_timeout));
        let (app, router, visit) = (Arc::clone(&self.app), self.router.clone(), Arc::clone(&seat.visit));
        let service = service_fn(move |request| {
            let in_flight = visit.request();
            // Not an async block, which would hold what it waits for twice: it is moved for every request.
            handle(Arc::clone(&app), router.clone(), (peer, request)).map_ok(|response| response.map(|body| in_flight.until_sent(body)))
        });
        let mut http = self.http.clone();
        http.keep_alive(!seat.is_of_health());
        let connection = watcher.watch(http.serve_connection(io, service));
        let open = self.app.metrics.connections.clone();
        async move {
            open.increment(1);
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = seat.visit.ended_by_idleness() => tracing::debug!("an idle connection is closed, since places run out"),
            }
            open.decrement(1);
            drop(seat);
        }
    }
}

/// Answers one request, with its ids and its line of the log.
async fn handle(app: Arc<App>, router: Router, (peer, request): (IpAddr, Request<Incoming>)) -> Result<Response, Infallible> {
    let start = Instant::now();
    let matched = matched(request.method(), request.uri().path());
    let route = matched.route;
    let has_token = request.headers().contains_key(header::AUTHORIZATION);
    let (head, body) = request.into_parts();
    let body = Body::new(Draining::new(&head.headers, body));
    let (mut trace, request) = Trace::begin(&app, (matched, peer), Request::from_parts(head, body));
    let ids = trace.ids.clone();
    let mut response = ids.within(answer(&app, router, (matched, peer, request), &mut trace)).await;
    security_headers::add(response.headers_mut(), route, has_token);
    app.metrics.answered(route, &response, start.elapsed());
    Ok(trace.end(response))
}

/// Answers a request within its time, and whatever its handler does.
async fn answer(
    app: &Arc<App>,
    mut router: Router,
    (matched, peer, mut request): (Matched, IpAddr, Request<Body>),
    trace: &mut Trace,
) -> Response {
    let (span, route) = (trace.span(), matched.route);
    let handler = async {
        let is_estimate = route == Route::Predict && request.method() == Method::POST;
        if !is_estimate && matches!(route, Route::Predict | Route::Batch | Route::Retrain | Route::Jobs | Route::Observations) {
            let client = ClientAddress(app.access.client(peer, request.headers()));
            request.extensions_mut().insert(client);
        }
        let admitted = admit(app, matched, peer, &mut request).await;
        trace.came_from(request.extensions().get::<Caller>());
        if let Err(problem) = admitted {
            return problem.into_response();
        }
        // Most requests are these, and looking their route up among the others takes as long as checking them.
        if is_estimate {
            return predict::post(app, peer, request).await;
        }
        let Ok(response) = router.call(request).await;
        response
    };
    // A batch takes as long as its bytes take, and so does a delivery; they bound each wait for them instead.
    let bound = if matches!(route, Route::Batch | Route::Retrain) { Duration::MAX } else { app.limits.request_timeout };
    match AssertUnwindSafe(tokio::time::timeout(bound, handler.instrument(span))).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(_elapsed)) => Problem::new(Kind::Timeout, "the request was not complete, or not answered, in time").into_response(),
        Err(_panic) => {
            app.metrics.panics.increment(1);
            request_id::span().in_scope(|| tracing::error!(?route, "a handler panicked"));
            Problem::internal().into_response()
        }
    }
}
