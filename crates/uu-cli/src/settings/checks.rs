//! Whether settings can be used: all that cannot are named at once, with what is expected.

use std::fmt::Display;
use std::ops::RangeInclusive;

use uu_registry::without_secrets;

use super::log_filter::log_filter;
use super::{LogSettings, RetrainingSettings, ServerSettings, Settings};
use crate::failure::Advised;

/// Bounds on numbers that nobody means to reach: what is beyond them was misspelled, or is in another unit.
const MOST_CONNECTIONS: usize = 1_000_000;
const MOST_BYTES: u64 = 1 << 50;
const DAY_S: u64 = 86_400;

/// Bytes without which no process that re-trains can begin.
const LEAST_MEMORY_BYTES: u64 = 64 << 20;

/// Workers report every half second: under so long a silence, one that is merely slow would be taken for lost.
const LEAST_SILENCE_S: u64 = 5;

/// What is wrong with settings.
#[derive(Debug, Default)]
struct Faults(Vec<String>);

impl Faults {
    fn between<T: PartialOrd + Display + Copy>(&mut self, name: &str, value: T, range: RangeInclusive<T>) {
        if !range.contains(&value) {
            self.0.push(format!("`{name}` must be between {} and {}, got {value}", range.start(), range.end()));
        }
    }

    fn each<'a>(&mut self, name: &str, values: impl IntoIterator<Item = &'a String>, (is_good, expected): (fn(&str) -> bool, &str)) {
        let bad = values.into_iter().filter(|value| !is_good(value));
        self.0.extend(bad.map(|value| format!("`{name}` must hold {expected}, got `{}`", without_secrets(value))));
    }

    fn finish(self) -> anyhow::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Advised::error(
            self.0.join("; "),
            "`uu-predictor config show --defaults` prints the settings with their defaults and explanations",
        ))
    }
}

/// Whether all settings can be used, but for what only a server needs.
///
/// **Errors**: every one that cannot, with its range.
pub(super) fn check(settings: &Settings) -> anyhow::Result<()> {
    let mut faults = Faults::default();
    if settings.store.as_os_str().is_empty() {
        faults.0.push("`store` must name a folder, got an empty text".to_owned());
    }
    check_log(&settings.log, &mut faults);
    check_server(&settings.server, &mut faults);
    check_retraining(&settings.retraining, &mut faults);
    if let Err(error) = settings.train_settings().check() {
        faults.0.push(format!("in `train`, {error}"));
    }
    faults.finish()
}

/// Whether what a server finds on its machine is there.
///
/// **Errors**: every root that is no folder.
pub(super) fn check_roots(settings: &Settings) -> anyhow::Result<()> {
    let mut faults = Faults::default();
    for root in settings.retraining.roots.iter().filter(|root| !root.is_dir()) {
        faults.0.push(format!("`retraining.roots` must name folders that are there, got `{}`", without_secrets(&root.to_string_lossy())));
    }
    faults.finish()
}

fn check_log(log: &LogSettings, faults: &mut Faults) {
    if let Err(error) = log_filter(&log.level) {
        faults.0.push(error.to_string());
    }
}

fn check_server(server: &ServerSettings, faults: &mut Faults) {
    let is_address = server.listen.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if !is_address {
        faults.0.push(format!(
            "`server.listen` must be an address and a port such as `127.0.0.1:5000`, got `{}`",
            without_secrets(&server.listen)
        ));
    }
    faults.each("server.hosts", &server.hosts, (uu_server::is_host_name, "names without scheme, port and path"));
    faults.each("server.origins", &server.origins, (uu_server::is_origin, "origins such as `https://example.com`"));
    faults.between("server.body_bytes", server.body_bytes, 1..=1 << 30);
    faults.between("server.batch_body_bytes", server.batch_body_bytes, 1..=MOST_BYTES);
    faults.between("server.months", server.months, 1..=1_000_000);
    faults.between("server.connections", server.connections, 1..=MOST_CONNECTIONS);
    faults.between("server.connections_per_address", server.connections_per_address, 0..=MOST_CONNECTIONS);
    faults.between("server.batches", server.batches, 1..=10_000);
    faults.between("server.request_timeout_s", server.request_timeout_s, 1..=DAY_S);
    faults.between("server.shutdown_timeout_s", server.shutdown_timeout_s, 0..=DAY_S);
}

fn check_retraining(retraining: &RetrainingSettings, faults: &mut Faults) {
    faults.between("retraining.upload_bytes", retraining.upload_bytes, 1..=MOST_BYTES);
    faults.between("retraining.decompressed_bytes", retraining.decompressed_bytes, 1..=MOST_BYTES);
    faults.between("retraining.rows", retraining.rows, 1..=1_000_000_000_000);
    faults.between("retraining.threads", retraining.threads, 0..=256);
    faults.between("retraining.niceness", retraining.niceness, 0..=19);
    faults.between("retraining.silence_s", retraining.silence_s, LEAST_SILENCE_S..=DAY_S);
    faults.between("retraining.timeout_s", retraining.timeout_s, 1..=365 * DAY_S);
    if retraining.memory_bytes != 0 {
        faults.between("retraining.memory_bytes", retraining.memory_bytes, LEAST_MEMORY_BYTES..=MOST_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format, Toml};
    use rstest::rstest;

    use super::*;
    use crate::settings::DEFAULTS;

    fn checked(toml: &str) -> Result<(), String> {
        let settings: Settings = Figment::from(Toml::string(DEFAULTS)).merge(Toml::string(toml)).extract().unwrap();
        check(&settings).and_then(|()| check_roots(&settings)).map_err(|error| error.to_string())
    }

    #[rstest]
    #[case("server.connections = 0", "`server.connections` must be between 1 and 1000000, got 0")]
    #[case("server.months = 0", "`server.months` must be between 1 and 1000000, got 0")]
    #[case("server.body_bytes = 0", "`server.body_bytes` must be between 1 and 1073741824, got 0")]
    #[case("server.batches = 0", "`server.batches` must be between 1 and 10000, got 0")]
    #[case("server.request_timeout_s = 0", "`server.request_timeout_s` must be between 1 and 86400, got 0")]
    #[case("server.listen = \"5000\"", "`server.listen` must be an address and a port such as `127.0.0.1:5000`, got `5000`")]
    #[case(
        "server.hosts = [\"https://a.example\"]",
        "`server.hosts` must hold names without scheme, port and path, got `https://a.example`"
    )]
    #[case("server.origins = [\"a.example\"]", "`server.origins` must hold origins such as `https://example.com`, got `a.example`")]
    #[case("retraining.niceness = 99", "`retraining.niceness` must be between 0 and 19, got 99")]
    #[case("retraining.silence_s = 0", "`retraining.silence_s` must be between 5 and 86400, got 0")]
    #[case("retraining.memory_bytes = 4", "`retraining.memory_bytes` must be between 67108864 and 1125899906842624, got 4")]
    #[case("retraining.roots = [\"/nope\"]", "`retraining.roots` must name folders that are there, got `/nope`")]
    #[case("train.folds = 1", "in `train`, `folds` must be 2 to 20, got 1")]
    #[case("store = \"\"", "`store` must name a folder, got an empty text")]
    fn a_setting_that_cannot_be_used_is_named_with_its_range(#[case] toml: &str, #[case] expected: &str) {
        assert_eq!(checked(toml), Err(expected.to_owned()));
    }

    #[rstest]
    #[case("bogus")]
    #[case("inof,uu_server=debug")]
    #[case("uu_server=loud")]
    fn a_level_that_is_none_is_refused(#[case] level: &str) {
        let error = checked(&format!("log.level = {level:?}")).unwrap_err();
        assert!(error.starts_with("`log.level` must be ") && error.ends_with(&format!("got `{level}`")), "{error}");
    }

    #[rstest]
    #[case("")]
    #[case("log.level = \"off\"")]
    #[case("log.level = \"INFO,uu_server=debug\"")]
    #[case("retraining.memory_bytes = 0\nserver.shutdown_timeout_s = 0")]
    #[case("server.hosts = [\"uu.example\", \"192.0.2.1\"]\nserver.origins = [\"http://pages.example:8080\"]")]
    fn settings_that_can_be_used_are_taken(#[case] toml: &str) {
        assert_eq!(checked(toml), Ok(()));
    }

    #[test]
    fn all_settings_that_cannot_be_used_are_named_at_once() {
        let error = checked("server.connections = 0\nretraining.niceness = -1").unwrap_err();
        assert!(error.contains("server.connections") && error.contains("retraining.niceness"), "{error}");
    }
}
