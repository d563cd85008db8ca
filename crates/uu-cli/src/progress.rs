//! Progress of long work, on standard error.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use uu_service::jobs::ProgressLine;
use uu_train::Progress;

use crate::arguments;
use crate::output::note;

/// The bar of a study.
const STUDY: &str = "{msg:<26} {wide_bar} {percent} %, {eta} left";

/// Time between two lines where there is no bar.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Shows the steps of a training.
pub(crate) enum Shown {
    /// A bar.
    Bar(ProgressBar),
    /// A line now and then, where standard error is no terminal.
    Lines { start: Instant, last: Mutex<Instant> },
    /// One JSON object a line, at most one for each percent.
    Json(Mutex<u64>),
}

impl Shown {
    /// The way that was asked for.
    pub(crate) fn new(style: arguments::ProgressStyle) -> Self {
        match style {
            arguments::ProgressStyle::Bar => Self::of_people("{msg:<16} {wide_bar} {pos}/{len} trees, {eta} left"),
            arguments::ProgressStyle::Json => Self::Json(Mutex::new(0)),
        }
    }

    /// The way for work whose steps are not worth counting.
    pub(crate) fn study() -> Self {
        Self::of_people(STUDY)
    }

    fn of_people(template: &str) -> Self {
        if std::io::stderr().is_terminal() {
            return Self::Bar(bar(template));
        }
        let now = Instant::now();
        Self::Lines { start: now, last: Mutex::new(now) }
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
            Self::Lines { start, last } => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if last.elapsed() >= BETWEEN_LINES {
                    *last = Instant::now();
                    note(&line(stage, done, of, start.elapsed()));
                }
            }
            Self::Json(last) => {
                let percent = done * 100 / of.max(1);
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
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

fn line(stage: &str, done: u64, of: u64, elapsed: Duration) -> String {
    let share = done as f64 / of.max(1) as f64;
    let left = if done > 0 { elapsed.as_secs_f64() * (1.0 / share - 1.0) } else { 0.0 };
    format!("{stage}: {:.0} %, about {:.0} s left", share * 100.0, left)
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
        bar(STUDY).finish_and_clear();
        rows().finish_and_clear();
    }

    #[test]
    fn a_line_tells_how_far_and_how_long() {
        assert_eq!(line("tuning", 25, 100, Duration::from_secs(60)), "tuning: 25 %, about 180 s left");
        assert_eq!(line("tuning", 0, 100, Duration::from_secs(60)), "tuning: 0 %, about 0 s left");
    }
}
