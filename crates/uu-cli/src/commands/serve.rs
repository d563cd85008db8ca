//! `serve`: the HTTP API.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use uu_registry::Registry;
use uu_server::App;
use uu_service::{Follower, LoadError, Look, Readiness, Served, Serving, TrainingChild};

use super::registry;
use crate::settings::Settings;

/// How often the registry is looked at for another version in use: a promotion answers within two seconds, its loading included.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Serves until it is told to stop.
pub(crate) fn run(settings: &Settings, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let registry = registry(settings)?;
    let serving = Arc::new(Serving::default());
    let empty = match first_look(&registry, settings.first_model.as_deref())? {
        Some(served) => {
            tracing::info!(version = served.version, "model loaded");
            serving.install(served);
            false
        }
        None => true,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = stop_signal();
        let listen = &settings.server.listen;
        let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| format!("cannot listen on `{listen}`"))?;
        let address = listener.local_addr()?;
        warn_beyond_loopback(address);
        let training = if empty { Some(FirstModel::start(settings, config, &serving)?) } else { None };
        follow(registry, &serving);
        let served = uu_server::run(listener, stop, App::new(serving, settings.limits())).await;
        if let Some(training) = training {
            training.stop();
        }
        served?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// The model in use. An empty store takes up the one that came with the installation; without such a one it has none.
fn first_look(registry: &Registry, shipped: Option<&Path>) -> anyhow::Result<Option<Served>> {
    match (uu_service::load(registry, None), shipped) {
        (Ok(served), _) => Ok(Some(served)),
        (Err(LoadError::Empty), None) => Ok(None),
        (Err(LoadError::Empty), Some(shipped)) => {
            let artifact = std::fs::read(shipped).with_context(|| format!("cannot read `first_model`, `{}`", shipped.display()))?;
            uu_service::take_up(registry, &artifact)?;
            tracing::info!("the store had no model: it has the one that this installation came with, whose estimates follow its data");
            Ok(Some(uu_service::load(registry, None)?))
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// Keeps `serving` on the version the registry has in use, for as long as the process lives.
fn follow(registry: Registry, serving: &Arc<Serving>) {
    let mut follower = Follower::new(registry, Arc::clone(serving));
    std::thread::spawn(move || {
        loop {
            match follower.look() {
                Look::Nothing => {}
                Look::Changed(version) => tracing::info!(%version, "this version answers from now on"),
                Look::Failed(error) => {
                    tracing::error!("the version in use is not changed: {:#}", anyhow::Error::from(error));
                }
            }
            std::thread::sleep(LOOK_EVERY);
        }
    });
}

fn warn_beyond_loopback(address: std::net::SocketAddr) {
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "listening beyond loopback: anybody who can reach this address can use the service");
    }
}

/// The training that fills an empty store.
struct FirstModel {
    child: Arc<TrainingChild>,
    watch: std::thread::JoinHandle<()>,
    stopped: Arc<AtomicBool>,
}

impl FirstModel {
    /// Starts this binary, told to train on the bundled sample into the same store, and tells `serving` how far it is.
    ///
    /// The version it promotes is found where every other one is: in the registry.
    fn start(settings: &Settings, config: Option<&Path>, serving: &Arc<Serving>) -> anyhow::Result<Self> {
        tracing::info!("the store has no model: training on the bundled sample");
        let mut command = Command::new(std::env::current_exe().context("cannot find this program to train with")?);
        command.args(["train", "--bundled-sample", "--progress", "json", "--log", "error", "--json", "--store"]).arg(&settings.store);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        if let Some(url) = &settings.artifacts_url {
            command.arg("--artifacts-url").arg(url);
        }
        if let Some(url) = &settings.database_url {
            // Not as a flag, which others on this machine could see.
            command.env("UU_DATABASE_URL", url.expose()).env_remove("UU_DATABASE_URL_FILE");
        }
        let child = Arc::new(TrainingChild::start(command)?);
        let stopped = Arc::new(AtomicBool::new(false));
        let watch = std::thread::spawn({
            let (child, serving, stopped) = (Arc::clone(&child), Arc::clone(serving), Arc::clone(&stopped));
            move || watch(&child, &serving, &stopped)
        });
        Ok(Self { child, watch, stopped })
    }

    /// Ends the training if it goes on, and waits until it is gone.
    fn stop(self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.child.stop();
        // A watcher that panicked has said so on standard error.
        let _ = self.watch.join();
    }
}

/// Follows the first training; says so, or says why it failed.
fn watch(child: &TrainingChild, serving: &Serving, stopped: &AtomicBool) {
    let mut told = 0;
    let trained = child.watch(&mut |line| {
        let done = line.done as f64 / line.of.max(1) as f64;
        serving.report(Readiness::Preparing { stage: line.stage.clone(), done });
        let tenth = line.done * 10 / line.of.max(1);
        if tenth > told {
            told = tenth;
            tracing::info!(stage = line.stage, done, "training: {} % of the trees", tenth * 10);
        }
    });
    match trained {
        Ok(()) => tracing::info!("a model was trained on the bundled sample; its estimates follow generated data"),
        Err(_) if stopped.load(Ordering::Relaxed) => tracing::info!("the training of the first model was stopped"),
        Err(error) => {
            tracing::error!("the first model could not be trained: {:#}", anyhow::Error::from(error));
            serving.report(Readiness::Failed { reason: "the first model could not be trained; the log says why".to_owned() });
        }
    }
}

/// Ends when the process is asked to stop; listens from the moment it is made.
fn stop_signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    #[cfg(unix)]
    let interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    async move {
        #[cfg(unix)]
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ => std::future::pending().await,
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        tracing::info!("stopping: finishing the requests in flight");
    }
}
