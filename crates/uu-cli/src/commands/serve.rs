//! `serve`: the HTTP API.

use std::process::{Command, ExitCode};
use std::sync::Arc;

use anyhow::Context;
use uu_registry::FolderStore;
use uu_server::App;
use uu_service::{LoadError, Readiness, Serving};

use super::store;
use crate::settings::Settings;

/// Serves until it is told to stop.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let store = store(settings)?;
    let serving = Arc::new(Serving::default());
    let empty = match uu_service::load(&store, None) {
        Ok(served) => {
            tracing::info!(version = served.version, "model loaded");
            serving.install(served);
            false
        }
        Err(LoadError::Empty) => true,
        Err(error) => return Err(error.into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listen = &settings.server.listen;
        let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| format!("cannot listen on `{listen}`"))?;
        let address = listener.local_addr()?;
        warn_beyond_loopback(address);
        if empty {
            let (serving, train) = (Arc::clone(&serving), training_command(settings)?);
            std::thread::spawn(move || first_model(&store, &serving, train));
        }
        uu_server::run(listener, stop_signal(), App::new(serving, settings.limits())).await?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

fn warn_beyond_loopback(address: std::net::SocketAddr) {
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "listening beyond loopback: anybody who can reach this address can use the service");
    }
}

/// This binary, told to train on the bundled sample into the same store.
fn training_command(settings: &Settings) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find this program to train with")?);
    command.args(["train", "--bundled-sample", "--progress", "json", "--log", "error", "--json", "--store"]).arg(&settings.store);
    Ok(command)
}

/// Trains the first model and puts it in use; says so, or says why not.
fn first_model(store: &FolderStore, serving: &Serving, train: Command) {
    tracing::info!("the store has no model: training on the bundled sample");
    let mut told = 0;
    let trained = uu_service::train_in_child(train, &mut |line| {
        let done = line.done as f64 / line.of.max(1) as f64;
        serving.report(Readiness::Preparing { stage: line.stage.clone(), done });
        let tenth = line.done * 10 / line.of.max(1);
        if tenth > told {
            told = tenth;
            tracing::info!(stage = line.stage, done, "training: {} % of the trees", tenth * 10);
        }
    });
    let outcome = trained.map_err(anyhow::Error::from).and_then(|()| Ok(uu_service::load(store, None)?));
    match outcome {
        Ok(served) => {
            tracing::info!(version = served.version, "model trained on the bundled sample; estimates follow generated data");
            serving.install(served);
        }
        Err(error) => {
            tracing::error!("the first model could not be trained: {error:#}");
            serving.report(Readiness::Failed { reason: "the first model could not be trained; the log says why".to_owned() });
        }
    }
}

/// Ends when the process is asked to stop.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
    tracing::info!("stopping: finishing the requests in flight");
}
