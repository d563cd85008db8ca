//! `POST /retrain`: new rows to learn from, checked and kept, and a job that learns from them.

mod multipart;
mod options;
mod place;

use std::fs::File;
use std::io::{self, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Extension;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use options::Options;
use uu_data::read::Format;
use uu_registry::{Asker, JobId, Scope};
use uu_service::jobs::{AcceptError, Checking, Delivered, RetrainRequest, accept};

use crate::access::Caller;
use crate::app::App;
use crate::batch::{check_encoding, given, unreadable};
use crate::body::{media_type, refuse_encoding};
use crate::flow::Flow;
use crate::jobs::{JobDocument, accepted};
use crate::line_breaks::{self, Lines};
use crate::paced::{BodyBounds, Paced, Refusal};
use crate::problem::store_problem;
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::schema::shapes::{FileBody, FileUri};
use crate::schema::{BounceRateUnitName, DecimalName, FilesForm, Row};
use crate::slots::ClientAddress;
use crate::streaming::{AnswerWaits, body_reader};

/// Files in one delivery, in a form or named by URIs.
const MOST_FILES: usize = 100;

/// Takes new rows to learn from, and asks for a re-training with them.
///
/// The rows come as the body (as `/predict/batch` takes them), as files of a form, or by URIs: `file:` under one of the configured folders,
/// or `s3:` under `incoming/` of the configured artifact store. Options are query parameters, also beside a form. Every row is checked before this is answered. The job that is asked for
/// fits challengers and puts the better one in use if it is not worse than the version that answers; its outcome says why.
#[utoipa::path(
    post,
    path = "/retrain",
    tag = "retrain",
    params(
        ("force" = Option<bool>, Query, description = "Promotes the challenger whatever is found; needs the scope `admin`, and is logged"),
        ("skipBadRows" = Option<bool>, Query, description = "Leaves out rows that break rules instead of refusing them all"),
        ("bounceRateUnit" = inline(Option<BounceRateUnitName>), Query, description = "`percent`, or `fraction` where the rows give 0 to 1"),
        ("decimal" = inline(Option<DecimalName>), Query, description = "`comma` where numbers in texts are written as 1.234,5; `point` where their points are decimal ones"),
        ("allowRepeatedMonths" = Option<bool>, Query, description = "Takes several rows of a month, of days or parts of it, as rows of the month"),
        ("uri" = inline(Option<Vec<FileUri>>), Query, max_items = 100, description = "A file to learn from instead of a body; may be given up to 100 times"),
    ),
    request_body(
        description = "The rows; gzip and zstd are read",
        content(
            (String = "text/csv", example = "date,site,visits,unique_users\n2018-12,example.com,1000000,420000\n"),
            (String = "application/x-ndjson"),
            (Vec<Row> = "application/json"),
            (FileBody = "application/vnd.apache.parquet"),
            (FilesForm = "multipart/form-data"),
        ),
    ),
    responses(
        (status = 202, description = "A job learns from them; `Location` says where to look", body = JobDocument),
        (status = 400, description = "The body cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No good token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "The scope does not reach, or the URI is outside what is allowed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such file", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "There is too much of it", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body is of another type", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Rows break rules, or can never train with the rows that are kept", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many uploads at once, too many pending jobs, or too many bytes kept for one token", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "The store cannot be reached; nothing is kept", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "The store is full; nothing is kept", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn post_retrain(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, request: Request) -> Response {
    respond(&app, caller, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn respond(app: &Arc<App>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let options = Options::read(head.uri.query())?;
    if options.force {
        caller.must_have(Scope::Admin)?;
    }
    // Before anything is received: what will be refused for its place in the queue is not worth sending.
    let (asking, bounds, announced) = (caller.clone(), app.lifecycle.queue, body.size_hint().lower());
    app.ask(move |registry| registry.check_room(asking.asker(bounds), announced)).await?;
    let incoming = if options.uris.is_empty() {
        Some(Incoming::of(app, &head.headers, body).await?)
    } else if body.is_end_stream() {
        None
    } else {
        return Err(Problem::new(Kind::MalformedBody, "either a body or `uri` is expected, got both"));
    };
    // A slot is taken once there is work, and kept to its end.
    let busy = || Problem::new(Kind::TooBusy, "too many deliveries at once; try again").retry_after(10);
    let flow = Arc::new(Flow::default());
    let slot = app.deliveries.take_or_wait_for_slow(ClientAddress::of(&head.extensions), &flow).await.ok_or_else(busy)?;
    let mut is_glued = false;
    let work = match incoming {
        Some(incoming) => {
            let body = incoming.spooled(&flow).await?;
            is_glued = body.is_one_line && matches!(body.kind, BodyKind::Rows(Format::Csv));
            Work::Body(body)
        }
        None => Work::Uris(options.uris.clone()),
    };
    let (taking, waits, span) = (Arc::clone(app), StopWhenDropped::default(), tracing::Span::current());
    let stop = Arc::clone(&waits.0);
    let taken = tokio::task::spawn_blocking(move || {
        let _entered = span.enter();
        // It is kept until the check has ended, which is soon where the client no longer waits for it.
        let _slot = slot;
        let files = work.files(&taking, &stop)?;
        take(&taking, &files, (&options, &stop), caller.asker(bounds)).map_err(|error| refused(&error, is_glued))
    });
    let job = match taken.await {
        Ok(taken) => taken?,
        Err(error) => {
            tracing::error!(%error, "a delivery could not be taken");
            return Err(Problem::internal());
        }
    };
    Ok(accepted(app.ask(move |registry| registry.job(job)).await?))
}

/// Has work stop once whoever waits for it is gone: its client hung up, or the server ends.
#[derive(Default)]
struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Where the rows are.
enum Work {
    Body(Spooled),
    Uris(Vec<String>),
}

impl Work {
    /// The files, each opened.
    fn files(self, app: &App, stop: &AtomicBool) -> Result<Vec<Delivered>, Problem> {
        match self {
            Self::Uris(uris) => place::open_all(&uris, &app.lifecycle, app.limits.upload_bytes),
            Self::Body(Spooled { file, kind: BodyKind::Form(boundary), .. }) => multipart::files(file, &boundary, stop),
            Self::Body(Spooled { file, kind: BodyKind::Rows(format), .. }) => {
                Ok(vec![Delivered { name: format!("delivery.{}", extension(format)), format: Some(format), file }])
            }
        }
    }
}

fn take(app: &App, files: &[Delivered], (options, stop): (&Options, &AtomicBool), asker: Asker<'_>) -> Result<JobId, AcceptError> {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let request = RetrainRequest {
        origin: names.join(", "),
        force: options.force,
        skip_bad_rows: options.skip_bad_rows,
        bounce_rate_unit: options.bounce_rate_unit,
        decimal: options.decimal,
        allow_repeated_months: options.allow_repeated_months,
        ..RetrainRequest::default()
    };
    let lifecycle = &app.lifecycle;
    let checking = Checking { rules: &lifecycle.rules, limits: lifecycle.delivery, stop };
    accept(&lifecycle.registry, files, checking, &request, asker)
}

/// What a delivery that is not taken is answered with; one that is a single line has lost its line breaks on the way.
fn refused(error: &AcceptError, is_glued: bool) -> Problem {
    let hint = line_breaks::HINT;
    match error {
        AcceptError::Read(error) if is_glued => {
            Problem::new(Kind::MalformedBody, format!("{error}; the body has no line break; hint: {hint}"))
        }
        AcceptError::NoUsableRow { .. } if is_glued => {
            Problem::new(Kind::Validation, format!("{error}; the body has no line break; hint: {hint}"))
        }
        AcceptError::Read(error) => unreadable(error),
        // Nobody is there to read it.
        AcceptError::Stopped => Problem::new(Kind::Timeout, error.to_string()),
        AcceptError::TooManyRows { .. } => Problem::new(Kind::TooLarge, error.to_string()),
        AcceptError::NoUsableRow { .. } => Problem::new(Kind::Validation, error.to_string()),
        AcceptError::Store(error) => store_problem(error),
        AcceptError::Io(error) => Problem::of_spooling(error),
    }
}

/// A body on disk, in a file without a name.
struct Spooled {
    file: File,
    kind: BodyKind,
    is_one_line: bool,
}

enum BodyKind {
    /// Files of a form, between such boundaries.
    Form(String),
    Rows(Format),
}

/// A body that has begun to come.
struct Incoming {
    kind: BodyKind,
    first: Bytes,
    body: Paced,
}

impl Incoming {
    /// Waits for the first block of a body.
    ///
    /// **Errors**: another media type; a body that is too large or comes too slowly.
    async fn of(app: &App, headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let is_form = media_type(headers).as_deref() == Some("multipart/form-data");
        let kind = if is_form { BodyKind::Form(boundary(headers)?) } else { BodyKind::Rows(given(headers)?) };
        // Rows are decompressed by their reader, which sees by their first bytes how they are compressed.
        if is_form { refuse_encoding(headers) } else { check_encoding(headers) }?;
        let limits = &app.limits;
        if body.size_hint().lower() > limits.upload_bytes {
            return Err(Problem::new(Kind::TooLarge, format!("at most {} bytes are taken at a time", limits.upload_bytes)));
        }
        let mut body = Paced::new(body, BodyBounds { bytes: limits.upload_bytes, ..limits.body_bounds() });
        let first = body.first_block().await.map_err(Refusal::problem)?;
        Ok(Self { kind, first, body })
    }

    /// All of it, on disk.
    ///
    /// **Errors**: as [`Incoming::of`]; there is no room for it.
    async fn spooled(self, flow: &Arc<Flow>) -> Result<Spooled, Problem> {
        let reader = body_reader(self.first, self.body.flowing(flow), AnswerWaits::default());
        let refusal = reader.refusal();
        let mut reader = Lines::new(reader);
        let one_line = reader.one_line();
        let spooled = tokio::task::spawn_blocking(move || {
            let mut file = tempfile::tempfile()?;
            io::copy(&mut reader, &mut file)?;
            file.rewind()?;
            Ok::<File, io::Error>(file)
        });
        match spooled.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(file) => Ok(Spooled { file, kind: self.kind, is_one_line: one_line.is_one_line() }),
            Err(error) => Err(refusal.get().map_or_else(|| Problem::of_spooling(&error), Refusal::problem)),
        }
    }
}

fn boundary(headers: &HeaderMap) -> Result<String, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    multer::parse_boundary(given).map_err(|error| Problem::new(Kind::UnsupportedMediaType, error.to_string()))
}

/// What the name of a file of that format ends with.
fn extension(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Json | Format::Nested => "json",
        Format::Ndjson => "ndjson",
        Format::Parquet => "parquet",
    }
}
