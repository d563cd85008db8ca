//! `POST /predict/batch`: rows of any sites in, the same rows with their estimates out, streamed.

mod bridge;
mod column_headers;
mod ending;
mod failure;
mod media;
mod options;

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use uu_data::{
    read::{ColumnUse, Input, ReadOptions, Reader, open},
    write::{Output, WriteOptions, Writer},
};
use uu_scoring::{Batch, BatchError, BatchRows};
use uu_service::Served;

use crate::app::App;
use crate::counted::counted;
use crate::flow::Flow;
use crate::limits::Limits;
use crate::line_breaks::Lines;
use crate::metrics::BatchMetrics;
use crate::paced::{BodyBounds, Paced, Refusal};
use crate::problem::{Kind, Problem, ProblemDocument};
use crate::schema::shapes::FileBody;
use crate::schema::{BounceRateUnitName, DecimalName, Row};
use crate::slots::ClientAddress;
use crate::streaming::{AnswerWaits, BodyReader, RefusalCell, body_reader};
use bridge::{AnswerWriter, Started};
pub(crate) use failure::unreadable;
use failure::{Failure, Sent};
use media::Media;
pub(crate) use media::{check_encoding, given};
use options::Options;

/// Rows that are read, estimated and written at a time; several such chunks are under way in each batch.
const CHUNK_ROWS: usize = 8_192;

/// The same with explanations, which take some hundred times as long: work whose client is gone ends with its chunk.
const EXPLAINED_CHUNK_ROWS: usize = 256;

/// Estimates rows of any sites: CSV, NDJSON, a JSON array or Parquet in, the same or the accepted type out, as it streams.
///
/// Every row stands for itself. The columns of the input are kept; beside them stand the filled inputs, `unique_users`,
/// `unique_users_low`, `unique_users_high`, `filled` (by the names of columns: `rank`, not `alexa`), `warnings` and `model`, in the place of
/// columns of these names that the input may have. `unique_users` is always the estimate, made without the row's own label: known unique users
/// stand in `unique_users_known`, which is null or absent where they are unknown. Rows of an earlier output are recognized: `unique_users_known` is their label, and what was estimated or filled is unknown. A batch without a row that can be estimated is refused (422, `no_rows`).
///
/// A failure after the answer has begun cuts it off, and its reason comes last: in CSV a line `# error: ..`, in NDJSON an object
/// `{"error": ..}` with the problem document, in a JSON array such an element, after which the array stays open; in Parquet nothing.
#[utoipa::path(
    post,
    path = "/predict/batch",
    tag = "predict",
    params(
        ("level" = Option<f64>, Query, minimum = 0.5, maximum = 0.99, description = "Level of the interval, 0.5 to 0.99; 0.9 unless asked otherwise"),
        ("explain" = Option<bool>, Query, description = "Adds a column `explanation` with each input's factor on the estimate"),
        ("skipBadRows" = Option<bool>, Query, description = "Leaves out rows that break rules instead of refusing them"),
        ("bounceRateUnit" = inline(Option<BounceRateUnitName>), Query, description = "`percent`, or `fraction` where the rows give 0 to 1; rows that mostly look like fractions are refused without it"),
        ("decimal" = inline(Option<DecimalName>), Query, description = "`comma` where numbers in texts are written as 1.234,5; `point` where their points are decimal ones"),
        ("allowRepeatedMonths" = Option<bool>, Query, description = "Takes several rows of a month, of days or parts of it, as rows of the month"),
        ("spreadsheetSafe" = Option<bool>, Query, description = "In CSV, an apostrophe stands before each cell and column name that a spreadsheet would take for a formula"),
    ),
    request_body(
        description = "The rows; gzip and zstd are read, as `Content-Encoding` says or their first bytes do",
        content(
            (String = "text/csv", example = "date,site,visits\n2018-12,example.com,1000000\n"),
            (String = "application/x-ndjson"),
            (Vec<Row> = "application/json"),
            (FileBody = "application/vnd.apache.parquet"),
        ),
    ),
    responses(
        (status = 200, description = "The rows with their estimates. CSV and Parquet have the columns of the first 8,192 rows: keys of JSON that first come later are in answers in JSON alone", headers(
            ("Unused-Columns" = String, description = "Columns that are no input, percent-encoded, parted by commas, the first 2 KiB; `;near=visits` behind one whose name may mean an input"),
            ("Absent-Inputs" = String, description = "Inputs that no column gives, by the names of their columns, where there are unused columns"),
            ("Notes" = String, description = "Codes, parted by commas, of what was noticed about the body as a whole by its first 8,192 rows: `own_output` and `own_output_unmarked` (it is an answer of this product, whose estimates are unknown again), `last_days` (nearly all dates are the last day of a month), `repeated_months`, `lines_before_header`, `comments`, `utf16`"),
        ), content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
            (Vec<Object> = "application/json"),
            (FileBody = "application/vnd.apache.parquet"),
        )),
        (status = 400, description = "The body cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 406, description = "No such answer format", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 408, description = "The body came too slowly", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "The body is of another type", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Rows break rules, or there is none", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many batches at once", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "No model is in use yet", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "There is no room for the body", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn post_batch(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn respond(app: &App, request: Request) -> Result<Response, Problem> {
    let served = app.served()?;
    let (head, body) = request.into_parts();
    let options = Options::read(head.uri.query())?;
    let media = Media::of(&head.headers)?;
    let BatchMetrics { received, sent: answered, .. } = app.metrics.batches.clone();
    let body = counted(body, move |bytes| received.increment(bytes as u64));
    let mut body = Paced::new(body, BodyBounds { bytes: media.most_bytes(&app.limits), ..app.limits.body_bounds() });
    let first = body.first_block().await.map_err(Refusal::problem)?;
    // A slot is taken once there is work, and kept to its end.
    let busy = || Problem::new(Kind::TooBusy, "too many batches at once; try again").retry_after(5);
    let flow = Arc::new(Flow::default());
    let slot = app.batches.take_or_wait_for_slow(ClientAddress::of(&head.extensions), &flow).await.ok_or_else(busy)?;
    let waits = AnswerWaits::default();
    let reader = body_reader(first, body.flowing(&flow), waits.clone());
    let refusal = reader.refusal();
    let of_job = refusal.clone();
    let reader = Lines::new(reader);
    let sent = Sent { format: media.given, refusal, one_line: reader.one_line() };
    let (writer, answer) = bridge::answer_writer(media.wanted, (waits, Arc::clone(&flow)));
    let columns = Arc::new(OnceLock::new());
    let job =
        Job { served, media, options, limits: app.limits.clone(), metrics: app.metrics.batches.clone(), columns: Arc::clone(&columns) };
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        let _entered = span.enter();
        let ending = writer.ending();
        let outcome = job.run(reader, writer, &of_job);
        if flow.has_given_way() {
            of_job.set(Refusal::GaveWay);
        }
        drop(slot);
        ending.end(outcome);
    });
    match answer.started(media.wanted, sent.clone(), app.metrics.panics.clone()).await {
        Started::Answer(body) => {
            let body = counted(body, move |bytes| answered.increment(bytes as u64));
            let mut response = response(media, body);
            if let Some(columns) = columns.get() {
                column_headers::insert(response.headers_mut(), columns);
            }
            Ok(response)
        }
        Started::Failure(error) => Err(error.problem(&sent)),
        Started::Panic => {
            tracing::error!("a batch panicked");
            app.metrics.panics.increment(1);
            Err(Problem::internal())
        }
    }
}

fn response(media: Media, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media::name(media.wanted)));
    response
}

struct Job {
    served: Arc<Served>,
    media: Media,
    options: Options,
    limits: Limits,
    metrics: BatchMetrics,
    /// How the columns are used, once they are known.
    columns: Arc<OnceLock<ColumnUse>>,
}

impl Job {
    fn run(&self, reader: Lines<BodyReader>, writer: AnswerWriter, refusal: &RefusalCell) -> Result<(), Failure> {
        let has_rows = writer.has_rows();
        let write = WriteOptions {
            format: Some(self.media.wanted),
            extras: self.served.model.rules().extras.clone(),
            spreadsheet_safe: self.options.spreadsheet_safe,
            ..WriteOptions::default()
        };
        let mut rows = self.open(reader)?;
        self.columns.set(rows.columns()).ok();
        let batch = Batch {
            rows: BatchRows::AsTheyCome(Box::new(rows), self.options.bad_rows),
            writer: Writer::create(Output::Stream(Box::new(writer)), write).map_err(BatchError::Write)?,
            estimate: self.options.estimate,
        };
        let (began, limits, mut counted) = (Instant::now(), &self.limits, 0);
        let report = self.served.predict_batch(batch, &mut |rows| {
            if rows > 0 {
                has_rows.set();
            }
            self.metrics.estimated.increment(rows - counted);
            counted = rows;
            let stop = if rows > limits.batch_rows {
                Refusal::TooManyRows(limits.batch_rows)
            } else if began.elapsed() > limits.batch_timeout {
                Refusal::TooLong(limits.batch_timeout)
            } else {
                return ControlFlow::Continue(());
            };
            refusal.set(stop);
            ControlFlow::Break(())
        })?;
        self.metrics.skipped.increment(report.skipped.total);
        tracing::debug!(rows = report.rows, skipped = report.skipped.total, "a batch is done");
        if report.rows == 0 { Err(Failure::NoRows(report.skipped)) } else { Ok(()) }
    }

    fn open(&self, reader: Lines<BodyReader>) -> Result<Reader, BatchError> {
        let options = ReadOptions {
            format: Some(self.media.given),
            rules: self.served.model.rules().clone(),
            bounce_rate_unit: self.options.bounce_rate_unit,
            decimal: self.options.decimal,
            allow_repeated_months: self.options.allow_repeated_months,
            // Compression gives nobody more than he may send without it.
            decompressed_bytes: self.media.most_bytes(&self.limits),
            chunk_rows: if self.options.estimate.explain { EXPLAINED_CHUNK_ROWS } else { CHUNK_ROWS },
            ..ReadOptions::default()
        };
        Ok(open(Input::Stream { name: "body".to_owned(), reader: Box::new(reader) }, options)?)
    }
}
