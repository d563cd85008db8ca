//! The first model of an empty store: trained on the bundled sample by a child process.
//!
//! A child process, so that a server that has just started is as small as one that found its model, and a training that crashes harms
//! nobody. It tells its progress on standard error, one JSON object a line.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// A line of progress between the child and its parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProgressLine {
    /// What is being done.
    pub stage: String,
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub of: u64,
}

/// The child could not be run, or it failed.
#[derive(Debug, thiserror::Error)]
pub enum FirstModelError {
    /// It could not be started or watched.
    #[error("the training process could not be run")]
    Spawn(#[from] std::io::Error),
    /// It ended without a model.
    #[error("the training process ended with {status}: {last_words}")]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said last that was not progress.
        last_words: String,
    },
}

/// Runs `command`, which trains and writes [`ProgressLine`]s on standard error, to its end.
///
/// **Errors**: [`FirstModelError`] if it cannot be run or does not end well.
pub fn train_in_child(mut command: Command, progress: &mut dyn FnMut(&ProgressLine)) -> Result<(), FirstModelError> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut last_words = String::new();
    if let Some(errors) = child.stderr.take() {
        for line in BufReader::new(errors).lines() {
            let line = line?;
            match serde_json::from_str(&line) {
                Ok(line) => progress(&line),
                Err(_) => last_words = line,
            }
        }
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(FirstModelError::Failed { status, last_words }) }
}
