//! A training in a process of its own.
//!
//! A process, so that a server stays as small and as quick as without it, a training that crashes harms nobody, and it can be ended at any
//! instant. It tells its progress on standard error, one JSON object a line, and what came of it on standard output.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// Most bytes of a child's answer that are read: a report is some hundred kilobytes.
const MOST_ANSWER_BYTES: u64 = 16 << 20;

/// What marks the line that says most of a failure, the surest mark first: an error that was told, memory that was not given, a panic.
const TELLING: [&str; 3] = ["error: ", "memory allocation of", "panicked at"];

/// Lines that are kept of what a child says beside its progress: the first ones, which say what went wrong.
const KEPT_LINES: usize = 50;

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
pub enum ChildError {
    /// It could not be started or watched.
    #[error("the training process could not be run")]
    Spawn(#[from] std::io::Error),
    /// It ended without an answer.
    #[error("the training process ended with {status}{}", said(.last_words))]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// What it said that tells most of it.
        last_words: String,
    },
}

fn said(last_words: &str) -> String {
    if last_words.is_empty() { String::new() } else { format!(": {last_words}") }
}

/// Of what a child said, that which says what went wrong.
fn telling(words: &[String]) -> String {
    let marked = TELLING.iter().find_map(|mark| words.iter().position(|line| line.contains(mark)));
    let from = marked.unwrap_or(words.len().saturating_sub(1));
    // What is indented belongs to the line before it, and so does what follows the place of a panic.
    let belongs = |index: usize, line: &str| line.starts_with("  caused by") || (index == 1 && words[from].contains("panicked at"));
    let lines = words[from..].iter().enumerate().take_while(|(index, line)| *index == 0 || belongs(*index, line));
    lines.map(|(_, line)| line.trim()).collect::<Vec<&str>>().join("; ")
}

/// A training in a child process.
#[derive(Debug)]
pub struct ChildProcess {
    child: Mutex<Child>,
}

impl ChildProcess {
    /// Starts `command`, which works and writes [`ProgressLine`]s on standard error and its answer on standard output.
    ///
    /// **Errors**: it cannot be started.
    pub fn start(mut command: Command) -> Result<Self, ChildError> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        Ok(Self { child: Mutex::new(child) })
    }

    /// Follows it to its end; gives back its answer.
    ///
    /// **Errors**: [`ChildError`] if it cannot be watched or does not end well.
    pub fn watch(&self, progress: &mut dyn FnMut(ProgressLine)) -> Result<String, ChildError> {
        let (errors, answer) = {
            let mut child = self.child();
            (child.stderr.take(), child.stdout.take())
        };
        // Both pipes are emptied side by side: one that is full would hold the child up.
        let answer = std::thread::spawn(move || {
            let mut text = String::new();
            answer.map(|answer| answer.take(MOST_ANSWER_BYTES).read_to_string(&mut text)).transpose().map(|_| text)
        });
        let mut words: Vec<String> = Vec::new();
        for line in errors.into_iter().flat_map(|errors| BufReader::new(errors).split(b'\n')) {
            let line = line?;
            match serde_json::from_slice(&line) {
                Ok(line) => progress(line),
                Err(_) if words.len() < KEPT_LINES => words.push(String::from_utf8_lossy(&line).into_owned()),
                Err(_) => {}
            }
        }
        // Standard error is closed, so the end is near, and nobody waits long for the lock.
        let status = self.child().wait()?;
        let answer = answer.join().unwrap_or_else(|_| Ok(String::new()))?;
        if status.success() { Ok(answer) } else { Err(ChildError::Failed { status, last_words: telling(&words) }) }
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
