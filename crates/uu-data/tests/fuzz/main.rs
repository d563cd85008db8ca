//! Damaged, hostile and merely odd inputs without end: each is read or refused, and the laws of what was read hold.
//!
//! A short run of each target is part of `./test`, the same inputs in the same order everywhere. `./test --full` runs each for a minute,
//! with inputs drawn anew. What fails is made smaller, kept under `target/tmp/fuzz`, and printed with the command that runs it again:
//!
//! | variable | meaning |
//! | --- | --- |
//! | `UU_FUZZ_SECONDS` | how long each long run takes; 60 |
//! | `UU_FUZZ_SEED` | the seed of a long run, to have its inputs again |
//! | `UU_FUZZ_INPUT` | a file that the target is run on, and nothing else |
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod engine;
mod laws;
mod mutations;
mod seeds;
mod texts;

use peak_alloc::PeakAlloc;
use rstest::rstest;
use uu_data::read::Format;

use engine::{Plan, Target, fuzz};

/// Counts live bytes: what an input leaves behind shows, and so does what it takes at the most.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of a file before it is compressed: enough for thousands of columns or brackets.
const FILE_BYTES: usize = 64 << 10;

/// Bytes of some lines of single values; the longest name that is read has 2,048.
const TEXT_BYTES: usize = 4 << 10;

const CSV: Target = Target {
    name: "csv",
    seeds: seeds::csv,
    tokens: &mutations::CSV_TOKENS,
    wrapped: true,
    most_bytes: FILE_BYTES,
    run: |bytes| laws::file("a.csv", Some(Format::Csv), bytes),
};

const JSON: Target = Target {
    name: "json",
    seeds: seeds::json,
    tokens: &mutations::JSON_TOKENS,
    wrapped: true,
    most_bytes: FILE_BYTES,
    run: |bytes| laws::file("a.json", Some(Format::Json), bytes),
};

const NDJSON: Target = Target {
    name: "ndjson",
    seeds: seeds::ndjson,
    tokens: &mutations::JSON_TOKENS,
    wrapped: true,
    most_bytes: FILE_BYTES,
    // Without a name: the format is told by the content, which may make it another one.
    run: |bytes| laws::file("stream", None, bytes),
};

const NESTED: Target = Target {
    name: "nested",
    seeds: seeds::nested,
    tokens: &mutations::JSON_TOKENS,
    wrapped: true,
    most_bytes: FILE_BYTES,
    run: |bytes| laws::file("a.json", Some(Format::Nested), bytes),
};

const PARQUET: Target = Target {
    name: "parquet",
    seeds: seeds::parquet,
    tokens: &mutations::PARQUET_TOKENS,
    wrapped: false,
    most_bytes: FILE_BYTES,
    run: |bytes| laws::file("a.parquet", Some(Format::Parquet), bytes),
};

const DATES: Target = Target {
    name: "dates",
    seeds: seeds::dates,
    tokens: &mutations::DATE_TOKENS,
    wrapped: false,
    most_bytes: TEXT_BYTES,
    run: texts::dates,
};

const NUMBERS: Target = Target {
    name: "numbers",
    seeds: seeds::numbers,
    tokens: &mutations::NUMBER_TOKENS,
    wrapped: false,
    most_bytes: TEXT_BYTES,
    run: texts::numbers,
};

const HOSTS: Target = Target {
    name: "hosts",
    seeds: seeds::hosts,
    tokens: &mutations::HOST_TOKENS,
    wrapped: false,
    most_bytes: TEXT_BYTES,
    run: texts::hosts,
};

#[rstest]
#[case::csv(&CSV)]
#[case::json(&JSON)]
#[case::ndjson(&NDJSON)]
#[case::nested(&NESTED)]
#[case::parquet(&PARQUET)]
#[case::dates(&DATES)]
#[case::numbers(&NUMBERS)]
#[case::hosts(&HOSTS)]
fn whatever_comes_is_read_or_refused_and_the_laws_hold(#[case] target: &'static Target) {
    fuzz(target, Plan::short());
}

#[rstest]
#[case::csv(&CSV)]
#[case::json(&JSON)]
#[case::ndjson(&NDJSON)]
#[case::nested(&NESTED)]
#[case::parquet(&PARQUET)]
#[case::dates(&DATES)]
#[case::numbers(&NUMBERS)]
#[case::hosts(&HOSTS)]
#[ignore = "long: run with ./test --full"]
fn full_whatever_comes_is_read_or_refused_and_the_laws_hold(#[case] target: &'static Target) {
    fuzz(target, Plan::long());
}
