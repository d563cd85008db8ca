//! The first model of an empty store: trained on the bundled sample by a child process.
//!
//! A child process, so that a server that has just started is as small as one that found its model, and a training that crashes harms
//! nobody. It tells its progress on standard error, one JSON object a line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// A training in a child process.
#[derive(Debug)]
pub struct TrainingChild {
    child: Mutex<Child>,
}

impl TrainingChild {
    /// Starts `command`, which trains and writes [`ProgressLine`]s on standard error.
    ///
    /// **Errors**: it cannot be started.
    pub fn start(mut command: Command) -> Result<Self, FirstModelError> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        Ok(Self { child: Mutex::new(child) })
    }

    /// Follows it to its end.
    ///
    /// **Errors**: [`FirstModelError`] if it cannot be watched or does not end well.
    pub fn watch(&self, progress: &mut dyn FnMut(&ProgressLine)) -> Result<(), FirstModelError> {
        let errors = self.child().stderr.take();
        let mut last_words = String::new();
        for line in errors.into_iter().flat_map(|errors| BufReader::new(errors).lines()) {
            let line = line?;
            match serde_json::from_str(&line) {
                Ok(line) => progress(&line),
                Err(_) => last_words = line,
            }
        }
        // Standard error is closed, so the end is near, and nobody waits long for the lock.
        let status = self.child().wait()?;
        if status.success() { Ok(()) } else { Err(FirstModelError::Failed { status, last_words }) }
    }

    /// Ends it now, if it has not ended, and waits until it is gone. It leaves nothing half done: a store takes up a version wholly.
    pub fn stop(&self) {
        let mut child = self.child();
        // It fails where the child has ended, which is what was wanted.
        let _ = child.kill();
        let _ = child.wait();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
