//! Metrics that are read when somebody asks for them, and recorded nowhere.

use std::fmt::Write;

use uu_core::contained_panics;
use uu_monitor::drift::DriftVerdict;
use uu_registry::ModelVersion;
use uu_service::Serving;

use super::declared::{
    BATCHES, BUILD, CONTAINED_PANICS, DRIFT_CONCEPT, DRIFT_PSI, DRIFT_REQUESTS, DRIFT_VERDICT, Declared, JOBS, JOBS_ENDED, JOBS_LAST,
    JOBS_SECONDS, MODEL_VERSION, WARNINGS, WATCH_DIFFERENCE, WATCH_OBSERVATIONS,
};
use super::process::process;

/// The commit that this was built from, where whoever built it said so.
const COMMIT: &str = match option_env!("UU_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// All of them, in Prometheus' text form.
pub(crate) fn scraped(serving: &Serving, batches: usize) -> String {
    let mut text = Text(String::new());
    text.one(BUILD, &[env!("CARGO_PKG_VERSION"), COMMIT], 1.0);
    text.one(BATCHES, &[], batches as f64);
    text.one(CONTAINED_PANICS, &[], contained_panics() as f64);
    text.of_service(serving);
    text.of_jobs(serving);
    for (metric, value) in process() {
        text.one(metric, &[], value);
    }
    text.0
}

/// The value of a label, in which quotes and line breaks are written otherwise.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// Metrics in Prometheus' text form.
struct Text(String);

impl Text {
    /// A metric with one sample.
    fn one(&mut self, metric: Declared, labels: &[&str], value: f64) {
        self.several(metric, [(labels, value)]);
    }

    /// A metric with its samples, each with the values of its labels.
    fn several<'l>(&mut self, metric: Declared, samples: impl IntoIterator<Item = (&'l [&'l str], f64)>) {
        let Declared { name, kind, labels: names, help } = metric;
        let written = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {}\n", kind.name());
        written.expect("texts can always be written to memory");
        for (values, value) in samples {
            let labels: Vec<String> = names.iter().zip(values).map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            writeln!(self.0, "{name}{labels} {value}").expect("texts can always be written to memory");
        }
        self.0.push('\n');
    }

    /// The model in use, and how far requests and observations have drifted.
    fn of_service(&mut self, serving: &Serving) {
        if let Some(version) = serving.current().and_then(|served| served.version.parse::<ModelVersion>().ok()) {
            self.one(MODEL_VERSION, &[], f64::from(version.number()));
        }
        let warnings: Vec<_> = serving.warnings().read().map(|(code, count)| ([code], count as f64)).collect();
        self.several(WARNINGS, warnings.iter().map(|(code, count)| (code.as_slice(), *count)));
        let Some(drift) = serving.drift() else { return };
        let grade = |verdict: DriftVerdict| f64::from(verdict as u8);
        self.one(DRIFT_VERDICT, &[], grade(drift.verdict));
        if let Some(requests) = &drift.requests {
            self.one(DRIFT_REQUESTS, &[], requests.requests as f64);
            let named: Vec<_> = requests.figures.iter().map(|figure| (figure.figure.name().to_owned(), figure.psi_corrected)).collect();
            let samples: Vec<_> = named.iter().map(|(name, psi)| ([name.as_str()], *psi)).collect();
            self.several(DRIFT_PSI, samples.iter().map(|(name, psi)| (name.as_slice(), *psi)));
        }
        self.one(DRIFT_CONCEPT, &[], grade(drift.observations.concept.verdict));
        if let Some(watch) = &drift.observations.watch {
            self.one(WATCH_OBSERVATIONS, &[], watch.observations as f64);
            self.one(WATCH_DIFFERENCE, &[], watch.mean_difference.unwrap_or_default());
        }
    }

    fn of_jobs(&mut self, serving: &Serving) {
        let unfinished = serving.jobs().unfinished();
        self.several(JOBS, [(["queued"].as_slice(), unfinished.queued as f64), (["running"].as_slice(), unfinished.running as f64)]);
        let ended: Vec<_> = serving.jobs().ended().map(|ended| ([ended.state.name()], ended)).collect();
        self.several(JOBS_ENDED, ended.iter().map(|(state, ended)| (state.as_slice(), ended.jobs as f64)));
        self.several(JOBS_SECONDS, ended.iter().map(|(state, ended)| (state.as_slice(), ended.took.as_secs_f64())));
        self.several(JOBS_LAST, ended.iter().map(|(state, ended)| (state.as_slice(), ended.last_unix_s as f64)));
    }
}
