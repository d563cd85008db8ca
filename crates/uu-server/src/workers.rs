//! Work that would hold up the async threads.

use std::net::IpAddr;

use crate::problem::{Kind, Problem};
use crate::request_id;
use crate::slots::Slots;
use crate::turns::Turns;

/// Runs large requests on blocking threads: so many at a time, so many waiting. Of both together one address has at most three quarters, and of those
/// that wait the next is of an address that has the fewest running.
#[derive(Debug)]
pub(crate) struct Workers {
    /// One for each request running or waiting.
    admitted: Slots,
    /// One for each request running.
    running: Turns,
}

impl Workers {
    pub(crate) fn new(running: usize, waiting: usize) -> Self {
        Self { admitted: Slots::new(running + waiting), running: Turns::new(running) }
    }

    /// Runs `work` of a client on a blocking thread; that of nobody in particular is bounded as all together are. Whoever no longer waits for it leaves
    /// the queue; work that has begun keeps its place to its end.
    ///
    /// **Errors**: 429 where the queue is full, 500 where the work panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        client: Option<IpAddr>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::new(Kind::TooBusy, "too many large requests at once; try again").retry_after(1);
        let admitted = self.admitted.take(client).ok_or_else(busy)?;
        let running = self.running.next(client).await.ok_or_else(busy)?;
        let span = request_id::span();
        let of_work = span.clone();
        let placed = move || {
            let _places = (admitted, running);
            of_work.in_scope(work)
        };
        tokio::task::spawn_blocking(placed).await.map_err(|error| {
            span.in_scope(|| tracing::error!(%error, "a large request failed"));
            Problem::internal()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    #[tokio::test]
    async fn a_full_queue_is_a_429_and_frees_itself() {
        let workers = Workers::new(1, 0);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (started, running) = tokio::sync::oneshot::channel();
        let long = workers.run(None, move || {
            started.send(()).ok();
            wait.recv().ok();
        });
        let refused = async {
            running.await.expect("the first request runs");
            let problem = workers.run(None, || ()).await.expect_err("there is no room");
            go.send(()).expect("the first request waits");
            problem.into_response()
        };
        let (first, refused) = tokio::join!(long, refused);
        assert!(first.is_ok());
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(refused.headers()["retry-after"], "1");
        assert!(workers.run(None, || ()).await.is_ok());
    }

    #[tokio::test]
    async fn work_keeps_its_permits_when_nobody_waits_for_it_any_more() {
        let workers = Workers::new(1, 1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (started, mut running) = tokio::sync::oneshot::channel();
        let mut long = Box::pin(workers.run(None, move || {
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
            let mut waiting = Box::pin(workers.run(None, || ()));
            let pending = tokio::time::timeout(std::time::Duration::from_millis(20), &mut waiting).await;
            assert!(pending.is_err(), "only one runs at a time");
            assert!(workers.run(None, || ()).await.is_err(), "the queue is full");
        }
        go.send(()).expect("it waits");
        assert!(workers.run(None, || ()).await.is_ok());
    }

    #[tokio::test]
    async fn work_that_panics_is_a_500_without_its_cause() {
        let outcome = Workers::new(1, 0).run(None, || panic!("secret")).await;
        let response: axum::response::Response =
            outcome.map(|(): ()| StatusCode::OK.into_response()).unwrap_or_else(IntoResponse::into_response);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[tokio::test]
    async fn one_address_holds_up_nobody_else() {
        let workers = Arc::new(Workers::new(1, 7));
        let (one, other) = ("192.0.2.1".parse().ok(), "192.0.2.2".parse().ok());
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
        let start = |client: Option<IpAddr>, name: &'static str, wait: Option<std::sync::mpsc::Receiver<()>>| {
            let (workers, done) = (Arc::clone(&workers), done.clone());
            tokio::spawn(async move {
                let work = move || {
                    if let Some(wait) = wait {
                        wait.recv().ok();
                    }
                    done.send(name).ok();
                };
                workers.run(client, work).await.is_ok()
            })
        };
        // What was started is where it waits then.
        let settled = async || {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        let mut of_one = vec![start(one, "one", Some(wait))];
        of_one.extend((0..9).map(|_| start(one, "one", None)));
        settled().await;
        let of_other = [start(other, "other", None), start(other, "other", None)];
        settled().await;
        go.send(()).expect("the first request waits");
        for task in of_other {
            assert!(task.await.unwrap(), "the queue is not full for others");
        }
        let mut taken = 0;
        for task in of_one {
            taken += usize::from(task.await.unwrap());
        }
        assert_eq!(taken, 6, "three quarters of eight");
        let order: Vec<&str> = std::iter::from_fn(|| order.try_recv().ok()).collect();
        assert_eq!(order[..2], ["one", "other"], "what came later is next: its address has nothing running");
    }
}
