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
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

use crate::access::admit;
use crate::app::App;
use crate::draining::Draining;
use crate::lanes::{Admission, Lanes, Serve};
use crate::metrics::Route;
use crate::predict;
use crate::problem::{Kind, Problem};
use crate::routes::router;
use crate::slots::ClientAddress;
use crate::stalling::Stalling;

/// How often recorded durations are moved into their buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// How long accepting pauses where the system has no descriptors or memory left.
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(200);

/// Serves connections of `listener` until `shutdown` ends, then finishes what is in flight.
///
/// **Errors**: the system gives no threads to serve with; none once it runs: a connection's failure ends that connection alone.
pub async fn run(listener: TcpListener, shutdown: impl Future<Output = ()>, app: Arc<App>) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening on http://{address}");
    let server = Server::new(app)?;
    let mut shutdown = pin!(shutdown);
    let mut upkeep = tokio::time::interval(UPKEEP_EVERY);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            _ = upkeep.tick() => {
                server.serving.app.metrics.upkeep();
                server.serving.app.rates.upkeep();
            }
            (slot, accepted) = accept(&listener, &server.slots) => match accepted {
                Ok(stream) => server.serve(stream, slot),
                Err(error) if is_of_one_connection(&error) => tracing::debug!(%error, "a connection ended before it was accepted"),
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted for now");
                    tokio::time::sleep(PAUSE_AFTER_FAILED_ACCEPT).await;
                }
            },
        }
    }
    drop(listener);
    server.finish().await;
    Ok(())
}

/// Waits for a free slot, then for a connection: beyond the cap, connections wait in the system's queue.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (OwnedSemaphorePermit, io::Result<TcpStream>) {
    let slot = Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed");
    (slot, listener.accept().await.map(|(stream, _)| stream))
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

struct Server {
    serving: Serving,
    slots: Arc<Semaphore>,
    graceful: GracefulShutdown,
    lanes: Lanes,
}

impl Server {
    fn new(app: Arc<App>) -> io::Result<Self> {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(app.limits.header_timeout).max_buf_size(app.limits.header_bytes);
        let slots = Arc::new(Semaphore::new(app.limits.connections));
        let serving = Serving { router: router(Arc::clone(&app)), app, http };
        let lanes = Lanes::start(serving.app.limits.serving_threads, &serving)?;
        Ok(Self { serving, slots, graceful: GracefulShutdown::new(), lanes })
    }

    fn serve(&self, stream: TcpStream, slot: OwnedSemaphorePermit) {
        let admission = Admission { slot, watcher: self.graceful.watcher() };
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
        let Admission { slot, watcher } = admission;
        // A peer that is gone already has no address, and gets no answer either.
        let peer = stream.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip().to_canonical());
        let io = TokioIo::new(Stalling::new(stream, self.app.limits.stall_timeout));
        let (app, router) = (Arc::clone(&self.app), self.router.clone());
        let service = service_fn(move |request| handle(Arc::clone(&app), router.clone(), (peer, request)));
        let connection = watcher.watch(self.http.serve_connection(io, service));
        let open = self.app.metrics.connections.clone();
        async move {
            open.increment(1);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            open.decrement(1);
            drop(slot);
        }
    }
}

/// Answers one request: within its time, and whatever its handler does.
async fn handle(app: Arc<App>, mut router: Router, (peer, request): (IpAddr, Request<Incoming>)) -> Result<Response, Infallible> {
    let start = Instant::now();
    let route = Route::of(request.uri().path());
    let handler = async {
        let (head, body) = request.into_parts();
        let body = Body::new(Draining::new(&head.headers, body));
        let mut request = Request::from_parts(head, body);
        if matches!(route, Route::Batch | Route::Retrain | Route::Jobs) {
            let client = ClientAddress(app.access.client(peer, request.headers()));
            request.extensions_mut().insert(client);
        }
        if let Err(problem) = admit(&app, route, peer, &mut request).await {
            return problem.into_response();
        }
        // Most requests are these, and looking their route up among the others takes as long as checking them.
        if route == Route::Predict && request.method() == Method::POST {
            return predict::post_predict(State(Arc::clone(&app)), request).await;
        }
        let Ok(response) = router.call(request).await;
        response
    };
    // A batch takes as long as its bytes take, and so does a delivery; they bound each wait for them instead.
    let bound = if matches!(route, Route::Batch | Route::Retrain) { Duration::MAX } else { app.limits.request_timeout };
    let answered = AssertUnwindSafe(tokio::time::timeout(bound, handler)).catch_unwind().await;
    let response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(_elapsed)) => Problem::new(Kind::Timeout, "the request was not complete, or not answered, in time").into_response(),
        Err(_panic) => {
            app.metrics.panics.increment(1);
            tracing::error!(?route, "a handler panicked");
            Problem::internal().into_response()
        }
    };
    app.metrics.answered(route, response.status().as_u16(), start.elapsed());
    Ok(response)
}
