//! Ten thousand hostile requests: the server stays up, and none of them is answered with a 5xx.
//!
//! In a process of their own, since what they leave in memory is measured, and other tests take some too.
#![expect(clippy::unwrap_used, reason = "tests, also where a function helps several of them")]

#[path = "../http/client.rs"]
#[allow(dead_code, reason = "shared with the other tests of the server")]
mod client;
#[path = "../http/server.rs"]
#[allow(dead_code, reason = "shared with the other tests of the server")]
mod server;

use std::fmt::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::client::request;
use crate::server::Server;

/// Counts live bytes, which no allocator, no other program and no number of cores changes.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Requests of one run.
const REQUESTS: usize = 10_000;

/// Requests on one connection, where it lasts that long.
const REQUESTS_PER_CONNECTION: usize = 50;

/// Requests after which buffers and caches have their size.
const WARM_UP: usize = 2_500;

/// What buffers may still grow by; a kilobyte kept of each request would be twice as much.
const MOST_GROWTH_BYTES: usize = 4 << 20;

const KEYS: [&str; 22] = [
    "alexa",
    "rank",
    "visits",
    "pagesPerVisit",
    "pages_per_visit",
    "bounceRate",
    "avgVisitDuration",
    "category",
    "uniqueUsers",
    "domain",
    "source",
    "rankSource",
    "date",
    "filled",
    "model",
    "warnings",
    "level",
    "uniqueUsersLow",
    "",
    "\\u0000",
    "\\ud800",
    "__proto__",
];

const VALUES: [&str; 36] = [
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1",
    "1e400",
    "-1e400",
    "1e-400",
    "1e308",
    "9007199254740993",
    "184467440737095516160",
    "0.1",
    "100",
    "\"\"",
    "\" \"",
    "\"NaN\"",
    "\"inf\"",
    "\"-inf\"",
    "\"1e999\"",
    "\"1200\"",
    "\"0x10\"",
    "\"Games\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[null]",
    "{\"a\":{}}",
    "NaN",
    "Infinity",
    "+1",
    "01",
    "1.",
    "'x'",
    "\"a.com\"",
];

const PATHS: [&str; 14] = [
    "/predict",
    "/predict",
    "/predict",
    "/predict?level=0.5",
    "/predict?level=nan",
    "/predict?explain=true",
    "/predict?date=2018-12&visits=1e400",
    "/predict?%ff=%00&date",
    "/predictor/predict",
    "/predictor?Visits=NaN",
    "/predict/batch",
    "/predict/batch?skipBadRows=true",
    "/docs/..%2f..%2fetc",
    "/%00",
];

const MEDIA: [&str; 8] = [
    "application/json",
    "application/json",
    "application/json",
    "application/x-www-form-urlencoded",
    "text/csv",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "\u{1}",
];

fn date() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (1990u32..2030, 1u32..=12).prop_map(|(year, month)| format!("{year:04}-{month:02}")),
        2 => (0u32..12_000, 0u32..20, 0u32..40).prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}")),
        1 => "\\PC{0,12}".prop_map(|text| text.replace(['"', '\\'], "")),
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => proptest::sample::select(&VALUES[..]).prop_map(str::to_owned),
        6 => any::<f64>().prop_map(|number| number.to_string()),
        6 => (0.0f64..1e9).prop_map(|number| number.to_string()),
        1 => "\\PC{0,40}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        1 => (1usize..5_000).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        1 => (1usize..3_000).prop_map(|depth| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth)),
        1 => (1usize..3_000).prop_map(|digits| "9".repeat(digits)),
    ]
}

fn object() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(&KEYS[..]);
    proptest::collection::vec((key, value()), 0..12).prop_map(|entries| {
        let entries: Vec<String> = entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        format!("{{{}}}", entries.join(","))
    })
}

/// A month that the rules accept: it is answered by the model, unless what stands around it is refused.
fn sound_object() -> impl Strategy<Value = String> {
    (0u64..1_000_000_000, 1.0f64..50.0, 0.0f64..100.0, proptest::option::of(1u64..10_000_000)).prop_map(|(visits, pages, bounce, rank)| {
        let rank = rank.map_or_else(|| "null".to_owned(), |rank| rank.to_string());
        format!("{{\"visits\": {visits}, \"pagesPerVisit\": {pages}, \"bounceRate\": {bounce}, \"rank\": {rank}}}")
    })
}

fn document() -> impl Strategy<Value = String> {
    let month = prop_oneof![6 => object(), 3 => sound_object(), 1 => value()];
    proptest::collection::vec((date(), month), 0..6).prop_map(|months| {
        let months: Vec<String> = months.iter().map(|(date, month)| format!("\"{date}\": {month}")).collect();
        format!("{{{}}}", months.join(","))
    })
}

/// Documents, and documents with bytes cut off, flipped or put in.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (document(), any::<proptest::sample::Index>(), any::<u8>(), 0u8..3).prop_map(|(document, place, byte, how)| {
        let mut bytes = document.into_bytes();
        let place = place.index(bytes.len());
        match how {
            0 => bytes.truncate(place),
            1 => bytes[place] = byte,
            _ => bytes.insert(place, byte),
        }
        bytes
    });
    prop_oneof![
        12 => document().prop_map(String::into_bytes),
        4 => damaged,
        2 => proptest::collection::vec(any::<u8>(), 0..200),
        1 => (1usize..100_000).prop_map(|depth| "[".repeat(depth).into_bytes()),
        1 => (1usize..30_000).prop_map(|depth| "{\"2018-12\":".repeat(depth).into_bytes()),
    ]
}

/// The bytes of a hostile request, and whether the connection can be used after its answer.
pub(crate) fn hostile_request() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let method = proptest::sample::select(&["POST", "POST", "POST", "GET", "PUT", "HEAD"][..]);
    let path = proptest::sample::select(&PATHS[..]);
    let media = proptest::sample::select(&MEDIA[..]);
    let whole = (method, path, media, body())
        .prop_map(|(method, path, media, body)| (request(method, path, &[("content-type", media)], &body), method != "HEAD"));
    let chunked = body().prop_map(|body| {
        let mut bytes =
            b"POST /predict HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.chunks(7) {
            let mut size = String::new();
            write!(size, "{:x}\r\n", chunk.len()).unwrap();
            bytes.extend(size.bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        (bytes, true)
    });
    let garbage = proptest::collection::vec(any::<u8>(), 1..200).prop_map(|mut bytes| {
        bytes.extend(b"\r\n\r\n\r\n\r\n");
        (bytes, false)
    });
    prop_oneof![20 => whole, 2 => chunked, 1 => garbage]
}

/// How many requests are sent, and for how long; on which draws.
struct Run {
    requests: usize,
    time: Option<Duration>,
    seed: u64,
}

#[test]
fn ten_thousand_hostile_requests_bring_no_5xx_and_leave_the_server_up() {
    hostile(&Run { requests: REQUESTS, time: None, seed: 20_181_201 });
}

/// Drawn anew in each run: `UU_FUZZ_SEED` gives the same requests again, `UU_FUZZ_SECONDS` is how long it takes.
#[test]
#[ignore = "long: run with ./test --full"]
fn full_hostile_requests_for_a_minute_bring_no_5xx_and_leave_the_server_up() {
    let given = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("`{name}` is a number")));
    let drawn = || u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos());
    let time = Duration::from_secs(given("UU_FUZZ_SECONDS").unwrap_or(60));
    hostile(&Run { requests: usize::MAX, time: Some(time), seed: given("UU_FUZZ_SEED").unwrap_or_else(drawn) });
}

#[expect(clippy::print_stderr, reason = "the seed is told, and what was measured")]
fn hostile(run: &Run) {
    // Live bytes are those of the process: where both are run, one goes after the other.
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ALONE.lock();
    let server = Server::start();
    let seed = run.seed;
    eprintln!("the requests are drawn with UU_FUZZ_SEED={seed}");
    let config = Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let strategy = hostile_request();
    let mut client = server.client();
    let mut answers = std::collections::BTreeMap::<u16, usize>::new();
    let (began, mut sent, mut settled) = (Instant::now(), 0, 0);
    // A slow machine sends enough of them too.
    while sent < run.requests && run.time.is_none_or(|time| began.elapsed() < time || sent < REQUESTS) {
        if sent == WARM_UP {
            settled = MEMORY.current_usage();
        }
        if sent % REQUESTS_PER_CONNECTION == 0 {
            client = server.client();
        }
        sent += 1;
        let (bytes, lasting) = strategy.new_tree(&mut runner).expect("the strategy rejects nothing").current();
        let was_sent = client.send(&bytes);
        let status = if lasting { client.receive().map(|answer| answer.status) } else { None };
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(2_000)]);
        assert!(status.is_none_or(|status| status < 500), "{status:?} for {shown} (UU_FUZZ_SEED={seed})");
        *answers.entry(status.unwrap_or(0)).or_default() += 1;
        if !was_sent || status.is_none_or(|status| status == 400 || status == 413 || status == 408) {
            client = server.client();
        }
    }
    // Client and server share this process, so what either of them kept would show.
    let now = MEMORY.current_usage();
    eprintln!("{settled} live bytes after {WARM_UP} requests, {now} after {sent}: {answers:?}");
    assert!(now < settled + MOST_GROWTH_BYTES, "memory grew from {settled} to {now} bytes (UU_FUZZ_SEED={seed})");
    assert!(answers[&200] > sent / 50 && answers[&422] > sent / 50, "the requests reach the model and its rules: {answers:?}");
    assert_eq!(server.client().get("/health/ready").status, 200);
    let metrics = server.client().get("/metrics");
    assert!(metrics.text().contains("uu_http_panics_total 0"), "{}", metrics.text());
}
