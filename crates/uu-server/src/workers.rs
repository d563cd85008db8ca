//! Work that would hold up the async threads.

use tokio::sync::Semaphore;

use crate::problem::{Kind, Problem};

/// Runs large requests on blocking threads: so many at a time, so many waiting.
#[derive(Debug)]
pub(crate) struct Workers {
    /// One permit for each request running or waiting.
    admitted: Semaphore,
    /// One permit for each request running.
    running: Semaphore,
}

impl Workers {
    pub(crate) fn new(running: usize, waiting: usize) -> Self {
        Self { admitted: Semaphore::new(running + waiting), running: Semaphore::new(running) }
    }

    /// Runs `work` on a blocking thread.
    ///
    /// **Errors**: 429 where the queue is full, 500 where the work panicked.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let busy = || Problem::new(Kind::TooBusy, "too many large requests at once; try again").retry_after(1);
        let _admitted = self.admitted.try_acquire().map_err(|_| busy())?;
        let _running = self.running.acquire().await.map_err(|_| busy())?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a large request failed");
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
    async fn work_that_panics_is_a_500_without_its_cause() {
        let outcome = Workers::new(1, 0).run(|| panic!("secret")).await;
        let response: axum::response::Response =
            outcome.map(|(): ()| StatusCode::OK.into_response()).unwrap_or_else(IntoResponse::into_response);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
