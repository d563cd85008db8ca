//! Settings: where each comes from, and what they are.

mod checks;
mod log_filter;

pub(crate) use log_filter::log_filter;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize, Serializer};
use uu_core::{BounceDefinition, Rules};
use uu_monitor::watching::OneSender;
use uu_registry::{Location, QueueBounds, Registry, Secret, without_secrets};
use uu_server::{Access, Lifecycle, Limits, Policies, RateLimits, Tokens};
use uu_service::jobs::{DeliveryLimits, Policy};
use uu_train::TrainSettings;

/// The settings with their defaults, as a user would write them.
pub(crate) const DEFAULTS: &str = include_str!("defaults.toml");

/// The settings file that is read where it stands in the working directory.
const FILE: &str = "uu-predictor.toml";

/// Settings that are texts, whatever they look like.
const TEXTS: [&str; 6] = ["store", "first_model", "database_url", "artifacts_url", "server.listen", "log.level"];

/// The variable that names a file with the database's URL, as secrets are handed to containers; its name without the prefix.
const DATABASE_URL_FILE: &str = "database_url_file";

/// All settings of the binary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Folder that holds the state of the service.
    pub store: PathBuf,
    /// A database in place of the folder's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<Secret>,
    /// An object store in place of the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifacts_url: Option<String>,
    /// The artifact that an empty store takes up in place of training one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_model: Option<PathBuf>,
    /// How data are read.
    pub data: DataSettings,
    /// What is logged.
    pub log: LogSettings,
    /// How requests are served.
    pub server: ServerSettings,
    /// How models are trained.
    pub train: TrainingSettings,
    /// How a server re-trains.
    pub retraining: RetrainingSettings,
}

/// How data are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataSettings {
    /// Names of the extra numeric inputs.
    pub extra_inputs: Vec<String>,
    /// What each source calls a bounce.
    pub bounce_definitions: BTreeMap<String, BounceDefinition>,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogSettings {
    /// A level or a filter.
    pub level: String,
    /// How a line looks.
    pub format: LogFormat,
    /// Whether a server logs each request.
    pub access: bool,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// How requests are served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerSettings {
    /// Address and port.
    pub listen: String,
    /// Which requests need a token.
    pub tokens: TokensFor,
    /// Names the server is asked under.
    pub hosts: Vec<String>,
    /// Origins of other pages that may change something.
    pub origins: Vec<String>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Requests of one address.
    pub requests_per_s_per_address: u32,
    /// Requests with one token.
    pub requests_per_s_per_token: u32,
    /// Requests with one token that change something.
    pub writes_per_s_per_token: u32,
    /// Largest body of a request that is read whole.
    pub body_bytes: usize,
    /// Largest body of a batch.
    pub batch_body_bytes: u64,
    /// Months in one request.
    pub months: usize,
    /// Open connections.
    pub connections: usize,
    /// Those of one address; 0 is a quarter of them.
    pub connections_per_address: usize,
    /// Batches running at a time.
    pub batches: usize,
    /// Time from a request's headers to its answer.
    pub request_timeout_s: u64,
    /// Time requests in flight have to finish.
    pub shutdown_timeout_s: u64,
}

/// How models are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingSettings {
    /// Everything random.
    pub seed: u64,
    /// Parts the sites are divided into.
    pub folds: usize,
    /// Copies of each row with inputs hidden.
    pub copies: usize,
    /// Threads; 0 is one for each core.
    pub threads: usize,
    /// Hyperparameters tried before the fit.
    pub trials: usize,
    /// About how many sites no version trains on.
    pub sealed_sites: usize,
}

/// Which requests need a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokensFor {
    /// Those that change something.
    Writing,
    /// All but `/health`.
    All,
    /// None.
    None,
}

/// How a server re-trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetrainingSettings {
    /// Largest delivery.
    pub upload_bytes: u64,
    /// Bytes that a compressed delivery may stand for.
    pub decompressed_bytes: u64,
    /// Rows of a delivery.
    pub rows: u64,
    /// Jobs that may be pending.
    pub pending_jobs: u64,
    /// Those of one token among them.
    pub pending_jobs_per_token: u64,
    /// Bytes of files that are kept for jobs of one token.
    pub kept_bytes_per_token: u64,
    /// Observations of one token that no training has looked at.
    pub pending_rows_per_token: u64,
    /// Observations that are kept of one token.
    pub kept_rows_per_token: u64,
    /// Folders whose files may be read.
    pub roots: Vec<PathBuf>,
    /// Threads of the process that re-trains; 0 is half of the cores.
    pub threads: usize,
    /// Memory it may take; 0 is as much as there is.
    pub memory_bytes: u64,
    /// How much it gives way to others.
    pub niceness: i32,
    /// Time after which a worker that says nothing is lost.
    pub silence_s: u64,
    /// How long a job may take.
    pub timeout_s: u64,
    /// Observations that wait.
    pub after_rows: u64,
    /// Age of the version in use.
    pub after_days: u32,
    /// Strong drift.
    pub after_drift: bool,
    /// What is done where the observations of one token alone show that the version in use is worse.
    pub evidence_of_one_token: OneSender,
}

/// What flags set, strongest of all; absent ones leave the setting as it is.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Overrides {
    /// `--store`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<PathBuf>,
    /// `--database-url`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub database_url: Option<Secret>,
    /// `--artifacts-url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifacts_url: Option<String>,
    /// `--listen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerOverrides>,
    /// `--seed`, `--threads`, `--tune`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train: Option<TrainOverrides>,
    /// `--extra-input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataOverrides>,
    /// `--log`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogOverrides>,
}

/// Flags of `serve`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ServerOverrides {
    /// `--listen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
}

/// Flags of `train`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct TrainOverrides {
    /// `--seed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// `--threads`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// `--tune`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials: Option<u64>,
}

/// Flags of commands that train.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct DataOverrides {
    /// `--extra-input`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_inputs: Vec<String>,
}

/// Flags of every command.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct LogOverrides {
    /// `--log`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// A secret on its way into the settings; everywhere else it is written as its stand-in.
fn exposed<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl Settings {
    /// Settles the settings: defaults, file, environment, flags, each stronger than the one before.
    ///
    /// **Errors**: a file that cannot be read, an unknown key, a value of the wrong type or out of its range; the message names it.
    pub(crate) fn load(file: Option<&Path>, flags: &Overrides) -> anyhow::Result<Self> {
        if let Some(file) = file {
            std::fs::metadata(file).with_context(|| format!("cannot read the settings `{}`", file.display()))?;
        }
        let file = file.map_or_else(|| Toml::file(FILE), Toml::file_exact);
        let variables = Env::prefixed("UU_").split("__");
        // A variable's value is read as a number where it looks like one, which a text must not be.
        let texts = variables.iter().filter_map(|(name, value)| {
            let name = TEXTS.into_iter().find(|text| *text == name.as_str())?;
            Some(Serialized::default(name, value))
        });
        let settings = Figment::new().merge(Toml::string(DEFAULTS)).merge(file);
        let settings = settings.merge(variables.clone().ignore(&[TEXTS.as_slice(), &[DATABASE_URL_FILE]].concat()));
        let mut settings: Self = texts
            .fold(settings, Figment::merge)
            .merge(Serialized::defaults(database_url_of_file(&variables)?))
            .merge(Serialized::defaults(flags))
            .extract()
            .context("the settings cannot be used; `uu-predictor config show --defaults` lists those there are")?;
        // An empty variable is how many tools say that there is none.
        settings.database_url = settings.database_url.filter(|url| !url.expose().is_empty());
        settings.artifacts_url = settings.artifacts_url.filter(|url| !url.is_empty());
        settings.rules().check_extras().context("`data.extra_inputs` cannot be used")?;
        checks::check(&settings)?;
        Ok(settings)
    }

    /// Whether what a server needs is there.
    ///
    /// **Errors**: folders that are not.
    pub(crate) fn check_for_serving(&self) -> anyhow::Result<()> {
        checks::check_roots(self)
    }

    /// The settings as they may be shown: every text that is a URL without what may be secret in it, whatever setting it is of.
    ///
    /// **Errors**: none that settings can cause.
    pub(crate) fn without_secrets(&self) -> anyhow::Result<Self> {
        let mut settings = serde_json::to_value(self)?;
        redact(&mut settings);
        Ok(serde_json::from_value(settings)?)
    }

    /// Where the state of the service is kept.
    pub(crate) fn location(&self) -> Location {
        Location { store: self.store.clone(), database_url: self.database_url.clone(), artifacts_url: self.artifacts_url.clone() }
    }

    /// What records are checked with when a model is trained.
    pub(crate) fn rules(&self) -> Rules {
        Rules { extras: self.data.extra_inputs.clone(), bounce_definitions: self.data.bounce_definitions.clone() }
    }

    /// The training's settings: those a user may set, and the tuned ones.
    pub(crate) fn train_settings(&self) -> TrainSettings {
        let threads = (self.train.threads > 0).then_some(self.train.threads);
        let TrainingSettings { seed, folds, copies, trials, .. } = self.train;
        TrainSettings { seed, folds, copies, trials, threads, ..TrainSettings::default() }
    }

    /// The same for the process that re-trains for a server, which leaves cores to those who ask for estimates.
    pub(crate) fn retrain_settings(&self) -> TrainSettings {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = if self.retraining.threads > 0 { self.retraining.threads } else { (cores / 2).max(1) };
        TrainSettings { threads: Some(threads), ..self.train_settings() }
    }

    /// When the server re-trains by itself.
    pub(crate) fn policy(&self) -> Policy {
        let RetrainingSettings { after_rows, after_days, after_drift, .. } = self.retraining;
        Policy { after_rows, after_days, after_drift }
    }

    /// How the server answers.
    pub(crate) fn policies(&self) -> Policies {
        let server = &self.server;
        let tokens = match server.tokens {
            TokensFor::Writing => Tokens::Writing,
            TokensFor::All => Tokens::All,
            TokensFor::None => Tokens::None,
        };
        Policies {
            limits: self.limits(),
            access: Access {
                tokens,
                trusted_proxies: server.trusted_proxies.iter().map(IpAddr::to_canonical).collect(),
                hosts: server.hosts.clone(),
                origins: server.origins.clone(),
            },
            rates: RateLimits {
                requests_per_s_per_address: server.requests_per_s_per_address,
                requests_per_s_per_token: server.requests_per_s_per_token,
                writes_per_s_per_token: server.writes_per_s_per_token,
            },
            access_log: self.log.access,
        }
    }

    /// The store as a server uses it, under the name `worker`.
    pub(crate) fn lifecycle(&self, registry: Registry, worker: &str) -> Lifecycle {
        let RetrainingSettings { rows, decompressed_bytes, roots, .. } = &self.retraining;
        let RetrainingSettings { pending_jobs, pending_jobs_per_token, .. } = self.retraining;
        let RetrainingSettings { kept_bytes_per_token, pending_rows_per_token, kept_rows_per_token, .. } = self.retraining;
        Lifecycle {
            registry,
            worker: worker.to_owned(),
            rules: self.rules(),
            delivery: DeliveryLimits { rows: *rows, decompressed_bytes: *decompressed_bytes },
            queue: QueueBounds {
                pending: pending_jobs,
                pending_of_one: pending_jobs_per_token,
                kept_bytes_of_one: kept_bytes_per_token,
                pending_rows_of_one: pending_rows_per_token,
                kept_rows_of_one: kept_rows_per_token,
            },
            roots: roots.clone(),
            artifacts_url: self.artifacts_url.clone(),
        }
    }

    /// What the server refuses.
    pub(crate) fn limits(&self) -> Limits {
        let server = &self.server;
        Limits {
            body_bytes: server.body_bytes,
            batch_body_bytes: server.batch_body_bytes,
            months: server.months,
            connections: server.connections,
            connections_per_address: server.connections_per_address,
            batches: server.batches,
            upload_bytes: self.retraining.upload_bytes,
            request_timeout: Duration::from_secs(server.request_timeout_s),
            shutdown_timeout: Duration::from_secs(server.shutdown_timeout_s),
            ..Limits::default()
        }
    }
}

/// Redacts every text of the settings.
fn redact(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => *text = without_secrets(text).into_owned(),
        serde_json::Value::Array(values) => values.iter_mut().for_each(redact),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(redact),
        _ => {}
    }
}

/// The database's URL from the file that `UU_DATABASE_URL_FILE` names: as strong as the variable it stands for.
fn database_url_of_file(variables: &Env) -> anyhow::Result<BTreeMap<&'static str, String>> {
    let value = |wanted: &str| variables.iter().find(|(name, value)| name.as_str() == wanted && !value.is_empty()).map(|(_, value)| value);
    let Some(path) = value(DATABASE_URL_FILE) else { return Ok(BTreeMap::new()) };
    anyhow::ensure!(value("database_url").is_none(), "`UU_DATABASE_URL` and `UU_DATABASE_URL_FILE` are both set, and one must be");
    let url = std::fs::read_to_string(&path).with_context(|| {
        // Which may be the URL itself, by mistake.
        format!("cannot read `{}`, which `UU_DATABASE_URL_FILE` names", without_secrets(&path))
    })?;
    Ok(BTreeMap::from([("database_url", url.trim().to_owned())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_whole_and_agree_with_the_libraries() {
        let settings: Settings = Figment::from(Toml::string(DEFAULTS)).extract().unwrap();
        assert_eq!(settings.train_settings(), TrainSettings::default());
        assert_eq!(settings.limits(), Limits::default());
        assert_eq!(settings.policies().rates, RateLimits::default());
        assert!(!settings.policy().is_on());
    }
}
