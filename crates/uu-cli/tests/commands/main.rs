//! The commands from outside, one by one: what they print, what they refuse, what they leave alone.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod completions;
mod coverage;
mod evaluating;
mod files;
mod fixture;
mod help;
mod looking;
mod names;
mod one_site;
mod outputs;
mod passwords;
mod private_store;
mod tables;
mod terminal;
mod tokens;
