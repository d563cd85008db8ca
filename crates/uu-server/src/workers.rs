//! Work that would hold up the async threads.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::problem::{Kind, Problem};
use crate::request_id;

/// Runs large requests on blocking threads: so many at a time, so many waiting.
#[derive(Debug)]
pub(crate) struct Workers {
    /// One permit for each request running or waiting.
    admitted: Arc<Semaphore>,
    /// One permit for each request running.
    running: Arc<Semaphore>,
}

impl Workers {
    pub(crate) fn new(running: usize, waiting: usize) -> Self {
        Self { admitted: Arc::new(Semaphore::new(running + waiting)), running: Arc::new(Semaphore::new(running)) }
    }

    /// Runs `work` on a blocking thread. Whoever no longer waits for it leaves the queue; work that has begun keeps its permits to its end.
    ///
    /// **Errors**: 429 where the queue is full, 500 where the work panicked.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let busy = || Problem::new(Kind::TooBusy, "too many large requests at once; try again").retry_after(1);
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| busy())?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
        let span = request_id::span();
        let of_work = span.clone();
        let permitted = move || {
            let _permits = (admitted, running);
            of_work.in_scope(work)
        };
        tokio::task::spawn_blocking(permitted).await.map_err(|error| {
            span.in_scope(|| tracing::error!(%error, "a large request failed"));
            Problem::internal()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    #[tokio::test]
    async fn a_full_queue_is_a_429_and_frees_itself() {
        let workers = Workers::new(1, 0);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let long = workers.run(move || {
            started.send(()).ok();
            wait.recv().ok();
        });
        let refused = async {
            running.await.expect("the first request runs");
            let problem = workers.run(|| ()).await.expect_err("there is no room");
            go.send(()).expect("the first request waits");
            problem.into_response()
        };
        let (first, refused) = tokio::join!(long, refused);
        assert!(first.is_ok());
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()["retry-after"], "1");
        assert!(workers.run(|| ()).await.is_ok());
    }

    #[tokio::test]
    async fn work_keeps_its_permits_when_nobody_waits_for_it_any_more() {
        let workers = Workers::new(1, 1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (started, mut running) = tokio::sync::oneshot::channel();
        let mut long = Box::pin(workers.run(move || {
            started.send(()).ok();
            wait.recv().ok();
        }));
        tokio::select! {
            _ = &mut long => panic!("it waits"),
            begun = &mut running => begun.expect("it runs"),
        }
        drop(long);
        // It still runs, and one more may wait; who hangs up while waiting leaves the queue.
        for _ in 0..3 {
            let mut waiting = Box::pin(workers.run(|| ()));
            let pending = tokio::time::timeout(std::time::Duration::from_millis(20), &mut waiting).await;
            assert!(pending.is_err(), "only one runs at a time");
            assert!(workers.run(|| ()).await.is_err(), "the queue is full");
        }
        go.send(()).expect("it waits");
        assert!(workers.run(|| ()).await.is_ok());
    }

    #[tokio::test]
    async fn work_that_panics_is_a_500_without_its_cause() {
        let outcome = Workers::new(1, 0).run(|| panic!("secret")).await;
        let response: axum::response::Response =
            outcome.map(|(): ()| StatusCode::OK.into_response()).unwrap_or_else(IntoResponse::into_response);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
