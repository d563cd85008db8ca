//! `GET /jobs/{id}/events`: what happens to a job, as it happens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use uu_registry::{JobEvent, JobId, Registry, RegistryError};

use super::parsed;
use crate::app::App;
use crate::parameters::NoParameters;
use crate::problem::{FaultReport, Faults, Kind, Problem, ProblemDocument, shortened};
use crate::slots::{ClientAddress, Slot};

const LAST_EVENT_ID: &str = "last-event-id";

const EXAMPLE: &str =
    "id: 1\nevent: queued\ndata: {\"number\":1,\"happened_at\":\"2026-12-01T09:30:12Z\",\"state\":\"queued\",\"details\":{}}\n\n";

/// An event of the stream.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what server-sent events are written as")]
struct StreamedEvent {
    /// Number of the event, to be sent as `Last-Event-ID` by whoever connects again.
    id: String,
    /// State of the job after it.
    event: String,
    /// A `JobEvent` as JSON.
    data: String,
}

/// Between two looks for new events.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Between two signs of life where nothing happens, so that proxies do not cut the connection.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Sends what happens to a job as server-sent events, from its beginning or from after `Last-Event-ID`, until it has ended.
#[utoipa::path(
    get,
    path = "/jobs/{id}/events",
    operation_id = "job_events",
    tag = "retrain",
    params(
        ("id" = i64, Path, minimum = 1, description = "Number of the job"),
        ("Last-Event-ID" = Option<i64>, Header, minimum = 0, description = "The event after which to resume"),
    ),
    responses(
        (
            status = 200,
            description = "Server-sent events, until the job has ended: `id` is the event's number, `event` the job's state, `data` a `JobEvent` as JSON",
            body = inline(StreamedEvent),
            content_type = "text/event-stream",
            example = json!(EXAMPLE)
        ),
        (status = 204, description = "The job has ended, and no event came after `Last-Event-ID`: there is nothing to wait for"),
        (status = 404, description = "There is no such job", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many listen", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Extension(client): Extension<ClientAddress>,
    Path(id): Path<String>,
    _: NoParameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = parsed(&id)?;
    let last = headers.get(LAST_EVENT_ID).map_or(Ok(0), |last| read_last(last.as_bytes()))?;
    let busy = || Problem::new(Kind::TooBusy, "too many listen to jobs; ask for the job itself now and then").retry_after(5);
    let slot = app.listeners.take(Some(client.0)).ok_or_else(busy)?;
    let (first, last, has_ended) = app.ask(move |registry| beginning(registry, id, last)).await?;
    if first.is_empty() && has_ended {
        // A stream is all that its connection was for.
        return Ok((StatusCode::NO_CONTENT, [(header::CONNECTION, "close")]).into_response());
    }
    let listener = Listener { app, id, last, waiting: first, ended: false, _slot: slot };
    let events = stream::unfold(listener, Listener::next).flat_map(stream::iter);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)).into_response())
}

/// The number of the last event that a listener had.
///
/// **Errors**: anything but such a number.
fn read_last(given: &[u8]) -> Result<i64, Problem> {
    let given = String::from_utf8_lossy(given);
    if let Some(number) = given.trim().parse().ok().filter(|number| *number >= 0) {
        return Ok(number);
    }
    let found = format!("`{}`", shortened(&given));
    let mut faults = Faults::default();
    faults.push(|| FaultReport {
        code: "bad_number".to_owned(),
        field: Some("Last-Event-ID".to_owned()),
        message: format!("the header `Last-Event-ID` must be the number of an event, got {found}"),
        found,
        expected: "the number of an event, 0 or more".to_owned(),
        hint: Some("leave the header out to get all events".to_owned()),
        ..FaultReport::default()
    });
    Err(Problem::validation(faults))
}

/// The events after `last`, after which of them to go on, and whether the job has ended.
///
/// **Errors**: as [`Registry::events_after`].
fn beginning(registry: &Registry, id: JobId, last: i64) -> Result<(Vec<JobEvent>, i64, bool), RegistryError> {
    // Asked first, so that the event of its end is among those that follow.
    let has_ended = registry.job(id)?.state.has_ended();
    let first = registry.events_after(id, last)?;
    if !first.is_empty() {
        return Ok((first, last, has_ended));
    }
    // A number that no event has yet is not believed.
    let newest = registry.events_after(id, 0)?.last().map_or(0, |event| event.number);
    Ok((first, last.min(newest), has_ended))
}

/// Somebody who listens to a job.
struct Listener {
    app: Arc<App>,
    id: JobId,
    last: i64,
    waiting: Vec<JobEvent>,
    ended: bool,
    _slot: Slot,
}

impl Listener {
    /// The next events, once there are some; none once the job or the server ends.
    async fn next(mut self) -> Option<(Vec<Result<Event, Infallible>>, Self)> {
        let mut stopping = self.app.stopping.subscribe();
        while self.waiting.is_empty() {
            if self.ended {
                return None;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return None,
            }
            let (id, last) = (self.id, self.last);
            // A store that is away comes back; whoever listens waits for it.
            self.waiting = self.app.ask(move |registry| registry.events_after(id, last)).await.unwrap_or_default();
        }
        let events = std::mem::take(&mut self.waiting);
        self.last = events.last().map_or(self.last, |event| event.number);
        self.ended = events.iter().any(|event| event.state.has_ended());
        let told = |event: JobEvent| {
            let data = serde_json::to_string(&event).expect("texts, numbers and JSON can always be written");
            Ok(Event::default().id(event.number.to_string()).event(event.state.name()).data(data))
        };
        Some((events.into_iter().map(told).collect(), self))
    }
}
