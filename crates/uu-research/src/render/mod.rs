//! From figures to files. Nothing here computes a figure: a study that was read from its JSON gives the same files.

mod chart;
mod files;
mod html;
mod leaderboard;
mod markdown;
mod numbers;
mod page;
mod sections;

use crate::Study;

pub use files::{Rendered, WriteError, check_folder, write};

/// The report as one page that needs nothing beside it.
#[must_use]
pub fn html(study: &Study) -> String {
    html::html(&sections::page(study))
}

/// The report as Markdown, without charts.
#[must_use]
pub fn markdown(study: &Study) -> String {
    markdown::markdown(&sections::page(study))
}

/// The models and all their figures as CSV.
#[must_use]
pub fn leaderboard_csv(study: &Study) -> String {
    leaderboard::csv(&study.models)
}

/// All figures as JSON, from which the others can be rendered again.
#[must_use]
pub fn json(study: &Study) -> String {
    let mut text = serde_json::to_string_pretty(study).expect("a study holds texts, numbers and lists");
    text.push('\n');
    text
}
