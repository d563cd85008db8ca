//! What people's files really hold, over every format: each right value is one that a public report asked for.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod columns;
mod dates;
mod encodings;
mod formats;
mod keyed;
mod leftovers;
mod messages;
mod order;
mod own_output;
mod repeats;
mod types;
mod units;
mod values;
