//! Every metric: its name, its type, its labels and what it is. `docs/operation.md` has the same as a table.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) labels: &'static [&'static str],
    pub(crate) help: &'static str,
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    /// Its name, as Prometheus has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Declared {
    const fn new(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind, labels, help }
    }

    /// Gives the metric its help in the recorder of this thread.
    pub(super) fn describe(&self) {
        let Self { name, help, .. } = *self;
        match self.kind {
            Kind::Counter => describe_counter!(name, help),
            Kind::Gauge => describe_gauge!(name, help),
            Kind::Histogram => describe_histogram!(name, help),
        }
    }
}

/// Declares metrics, and the list of all of them.
macro_rules! declare {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(pub(crate) const $constant: Declared = Declared::new($name, Kind::$kind, &[$($label),*], $help);)+

        /// All metrics, in the order of the documentation.
        pub(crate) const ALL: &[Declared] = &[$($constant),+];
    };
}

declare! {
    REQUESTS = Counter "uu_http_requests_total" ["route", "status"] "Requests answered, by route and status class.";
    DURATION = Histogram "uu_http_request_duration_seconds" ["route"] "Time from a request's headers to its answer's.";
    PROBLEMS = Counter "uu_http_problems_total" ["type"] "Requests answered with a problem document, by the last part of its type.";
    CONNECTIONS = Gauge "uu_http_connections" [] "Open connections.";
    PANICS = Counter "uu_http_panics_total" [] "Requests whose handling panicked.";
    CONTAINED_PANICS = Counter "uu_contained_panics_total" [] "Panics of libraries over damaged data, which were refused.";
    TOKENS_REFUSED = Counter "uu_tokens_refused_total" ["reason"] "Requests refused for their token: missing, invalid, of too small a scope, or used too often.";
    BATCHES = Gauge "uu_batches_running" [] "Batches that run.";
    BATCH_ROWS = Counter "uu_batch_rows_total" ["outcome"] "Rows of batches: estimated, or skipped since they break rules.";
    BATCH_BYTES = Counter "uu_batch_bytes_total" ["direction"] "Bytes of batches, as they were received and sent.";
    WARNINGS = Counter "uu_warnings_total" ["code"] "Warnings in answers, by their code.";
    JOBS = Gauge "uu_jobs" ["state"] "Jobs of the store that are queued or running.";
    JOBS_ENDED = Counter "uu_jobs_ended_total" ["outcome"] "Jobs that ended on this replica, and those it found lost.";
    JOBS_SECONDS = Counter "uu_jobs_seconds_total" ["outcome"] "Time that those jobs took together.";
    JOBS_LAST = Gauge "uu_jobs_last_end_timestamp_seconds" ["outcome"] "When the last of those jobs ended, in seconds since 1970; 0 where there was none.";
    STORE_DURATION = Histogram "uu_store_request_duration_seconds" [] "Time that requests waited for the store.";
    MODEL_VERSION = Gauge "uu_model_version" [] "Number of the active model version.";
    DRIFT_VERDICT = Gauge "uu_drift_verdict" [] "Worst drift: 0 too few to tell, 1 stable, 2 moderate, 3 strong.";
    DRIFT_REQUESTS = Gauge "uu_drift_requests" [] "Recent requests that drift is computed from, of all replicas.";
    DRIFT_PSI = Gauge "uu_drift_psi" ["figure"] "Population stability index of recent requests against the training data, less what chance adds.";
    DRIFT_CONCEPT = Gauge "uu_drift_concept_verdict" [] "Drift of observations against estimates, graded as `uu_drift_verdict`.";
    WATCH_OBSERVATIONS = Gauge "uu_watch_observations" [] "Observations on which the champion was compared with the version before.";
    WATCH_DIFFERENCE = Gauge "uu_watch_log_error_difference" [] "Mean error of the logarithm beyond that of the version before.";
    BUILD = Gauge "uu_build_info" ["version", "commit"] "1, with the release and the commit it was built from.";
    CPU = Counter "process_cpu_seconds_total" [] "CPU time of the process, in user and system mode.";
    MEMORY = Gauge "process_resident_memory_bytes" [] "Resident memory of the process.";
    VIRTUAL_MEMORY = Gauge "process_virtual_memory_bytes" [] "Virtual memory of the process.";
    OPEN_FILES = Gauge "process_open_fds" [] "Open file descriptors of the process.";
    MOST_FILES = Gauge "process_max_fds" [] "Most file descriptors that the process may open.";
    THREADS = Gauge "process_threads" [] "Threads of the process.";
    STARTED = Gauge "process_start_time_seconds" [] "When the process started, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// The rows of the table of metrics: name, type and labels.
    fn rows(document: &'static str) -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
        let cells = |line: &'static str| line.split('|').map(str::trim).skip(1).collect::<Vec<_>>();
        let is_metric = |line: &&str| line.starts_with("| `uu_") || line.starts_with("| `process_");
        let rows = document.lines().filter(is_metric).map(cells);
        rows.map(|row| {
            (
                row[0].trim_matches('`'),
                row[1],
                row[2].split(", ").map(|label| label.trim_matches('`')).filter(|label| !label.is_empty()).collect(),
            )
        })
        .collect()
    }

    #[rstest]
    #[case::english(include_str!("../../../../docs/operation.md"))]
    #[case::russian(include_str!("../../../../docs/operation.ru.md"))]
    fn the_documentation_lists_every_metric_and_no_other(#[case] document: &'static str) {
        let declared: Vec<_> = ALL.iter().map(|metric| (metric.name, metric.kind.name(), metric.labels.to_vec())).collect();
        assert_eq!(rows(document), declared);
    }
}
