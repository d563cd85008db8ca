//! Progress of long work, on standard error.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use uu_model::Progress;
use uu_service::ProgressLine;

use crate::arguments;

/// Shows the steps of a training.
pub(crate) enum Shown {
    /// A bar; nothing where standard error is no terminal.
    Bar(ProgressBar),
    /// One JSON object a line, at most one for each percent.
    Json(Mutex<u64>),
}

impl Shown {
    /// The way that was asked for.
    pub(crate) fn new(style: arguments::ProgressStyle) -> Self {
        match style {
            arguments::ProgressStyle::Bar => Self::Bar(bar("{msg:<16} {wide_bar} {pos}/{len} trees, {eta} left")),
            arguments::ProgressStyle::Json => Self::Json(Mutex::new(0)),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Shown {
    fn report(&self, stage: &'static str, done: u64, of: u64) -> ControlFlow<()> {
        match self {
            Self::Bar(bar) => {
                bar.set_length(of);
                bar.set_message(stage);
                // Threads report out of order.
                bar.set_position(bar.position().max(done));
            }
            Self::Json(last) => {
                let percent = done * 100 / of.max(1);
                let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if percent > *last {
                    *last = percent;
                    let line = ProgressLine { stage: stage.to_owned(), done, of };
                    let line = serde_json::to_string(&line).expect("a text and two numbers");
                    if writeln!(std::io::stderr(), "{line}").is_err() {
                        // The parent is gone, and with it the reason to go on.
                        return ControlFlow::Break(());
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// A counter of rows, for work whose end is not known.
pub(crate) fn rows() -> ProgressBar {
    bar("{spinner} {human_pos} rows, {per_sec}")
}

fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    bar.set_style(ProgressStyle::with_template(template).expect("the templates are fixed and a test draws them"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_templates() {
        Shown::new(arguments::ProgressStyle::Bar).finish();
        rows().finish_and_clear();
    }
}
