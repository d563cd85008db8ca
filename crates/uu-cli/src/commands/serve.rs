//! `serve`: the HTTP API.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Context;
use uu_model::LowCoverage;
use uu_registry::{Exposed, Location, Registry, Timestamp};
use uu_server::App;
use uu_service::jobs::{ChildProcess, JobCounts, ProgressLine, Supervisor, SupervisorSettings};
use uu_service::{Caretaker, Follower, LoadError, Look, Readiness, Served, Serving};

use super::registry;
use super::tokens::printed;
use crate::arguments::Making;
use crate::output::{is_discarded, note};
use crate::server_memory;
use crate::settings::{Settings, TokensFor};

/// How often the registry is looked at for another version in use: a promotion answers within two seconds, its loading included.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Files that are open beside connections: the database, artifacts, temporary files, pipes to a training.
const OTHER_FILES: u64 = 256;

/// Serves until it is told to stop.
pub(crate) fn run(making: Making, settings: &Settings, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    settings.check_for_serving()?;
    server_memory::avoid_huge_pages();
    allow_open_files(settings.server.connections);
    let registry = registry(settings, making)?;
    warn_of_exposed(&settings.location());
    let serving = Arc::new(Serving::default());
    let empty = match first_look(&registry, settings.first_model.as_deref())? {
        Some(served) => {
            tracing::info!(version = served.version, "model loaded");
            warn_of_low_coverage(&served);
            serving.install(served);
            false
        }
        None => true,
    };
    first_token(&registry, settings)?;
    let worker = worker_name();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = stop_signal();
        let listen = &settings.server.listen;
        let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| format!("cannot listen on `{listen}`"))?;
        let address = listener.local_addr()?;
        guard_beyond_loopback(address, &registry, settings).await?;
        warn_of_openness(address, settings);
        let training = if empty { Some(FirstModel::start(settings, config, &serving)?) } else { None };
        follow(registry.clone(), &serving);
        let caretaker = Caretaker::new(registry.clone(), Arc::clone(&serving), worker.clone(), settings.policy())
            .with_evidence_of_one_sender(settings.retraining.evidence_of_one_token);
        let supervisor = supervisor(registry.clone(), settings, config, (worker.clone(), Arc::clone(serving.jobs())))?;
        let backstage =
            [Backstage::start("caretaker", move |stop| caretaker.run(stop))?, Backstage::start("jobs", move |stop| supervisor.run(stop))?];
        let app = App::new(serving, settings.lifecycle(registry, &worker), settings.policies());
        let served = uu_server::run(listener, stop, app).await;
        if let Some(training) = training {
            training.stop();
        }
        backstage.into_iter().for_each(Backstage::stop);
        served?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// The model in use. An empty store takes up the one that came with the installation; without such a one it has none.
fn first_look(registry: &Registry, shipped: Option<&Path>) -> anyhow::Result<Option<Served>> {
    match (uu_service::load_whole(registry), shipped) {
        (Ok((served, None)), _) => Ok(Some(served)),
        (Ok((served, Some(damage))), _) => {
            let damage = anyhow::Error::from(damage);
            tracing::error!(version = served.version, "the version before answers, since the one in use cannot: {damage:#}");
            Ok(Some(served))
        }
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

/// Warns where the intervals of the model in use held too seldom on sites held out.
fn warn_of_low_coverage(served: &Served) {
    if let Some(low) = LowCoverage::of_model(served.model.about()) {
        tracing::warn!(version = served.version, coverage = served.model.about().coverage, "{low}");
    }
}

/// Makes the first token of a store, and prints it: on standard output, where no log is kept.
fn first_token(registry: &Registry, settings: &Settings) -> anyhow::Result<()> {
    if settings.server.tokens == TokensFor::None || registry.has_token()? {
        return Ok(());
    }
    if is_discarded() {
        tracing::warn!(
            "no first token is created, since standard output is the null device or closed, so that nobody could see it; \
             `uu-predictor tokens create NAME --scope admin` creates one"
        );
        return Ok(());
    }
    if let Some(id) = printed(|show| registry.show_first_token(("first", "serve"), show))? {
        note(&format!(
            "Created the first access token (number {id}, scope admin). It is printed on standard output now and cannot be shown again; \
             `uu-predictor tokens create` creates others."
        ));
    }
    Ok(())
}

/// Warns where others on this machine may read the store.
fn warn_of_exposed(location: &Location) {
    let exposed = location.exposed();
    let Some(Exposed { path, mode }) = exposed.first() else { return };
    tracing::warn!(
        path = %path.display(),
        mode = format!("{mode:04o}"),
        exposed = exposed.len(),
        "other users of this machine may read the store: `chmod -R go= {}` leaves it to its owner",
        location.store.display()
    );
}

/// A name no other replica has, and no other start of this one.
fn worker_name() -> String {
    let host = std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let host = host.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let random = RandomState::new().hash_one(std::process::id());
    format!("{}-{}-{:08x}", host.unwrap_or_else(|| "server".to_owned()), std::process::id(), random as u32)
}

/// Does jobs in processes of this same program.
fn supervisor(
    registry: Registry,
    settings: &Settings,
    config: Option<&Path>,
    (worker, counts): (String, Arc<JobCounts>),
) -> anyhow::Result<Supervisor> {
    let program = std::env::current_exe().context("cannot find this program to train with")?;
    let (settings, config) = (settings.clone(), config.map(Path::to_owned));
    let silence = Duration::from_secs(settings.retraining.silence_s);
    let timeout = Duration::from_secs(settings.retraining.timeout_s);
    Ok(Supervisor::new(registry, SupervisorSettings { worker, silence, timeout, counts }, move |claim| {
        let mut command = Command::new(&program);
        command.arg("job-worker").arg("--job").arg(claim.job.id.to_string()).arg("--fence").arg(claim.fence.to_string());
        same_store(&mut command, &settings, config.as_deref());
        // Where memory is short, a process that looks for its own stack may wait for ever for what it wants to print.
        command.env("RUST_BACKTRACE", "0");
        command
    }))
}

/// Tells a child process which store to use.
fn same_store(command: &mut Command, settings: &Settings, config: Option<&Path>) {
    command.args(["--log", "error", "--store"]).arg(&settings.store);
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    // Not as flags, which others on this machine could see.
    if let Some(url) = &settings.artifacts_url {
        command.env("UU_ARTIFACTS_URL", url);
    }
    if let Some(url) = &settings.database_url {
        command.env("UU_DATABASE_URL", url.expose()).env_remove("UU_DATABASE_URL_FILE");
    }
}

/// A thread that works beside the server, until it is told to stop.
struct Backstage {
    stop: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Backstage {
    fn start(name: &str, work: impl FnOnce(&mpsc::Receiver<()>) + Send + 'static) -> std::io::Result<Self> {
        let (stop, told) = mpsc::channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&told))?;
        Ok(Self { stop, thread })
    }

    fn stop(self) {
        drop(self.stop);
        // A thread that panicked has said so on standard error.
        let _ = self.thread.join();
    }
}

/// Keeps `serving` on the version the registry has in use, for as long as the process lives.
fn follow(registry: Registry, serving: &Arc<Serving>) {
    let mut follower = Follower::new(registry, Arc::clone(serving));
    let serving = Arc::clone(serving);
    std::thread::spawn(move || {
        loop {
            match follower.look() {
                Look::Nothing => {}
                Look::Changed(version) => {
                    tracing::info!(%version, "this version answers from now on");
                    serving.current().iter().for_each(|served| warn_of_low_coverage(served));
                }
                Look::Failed(error) => {
                    tracing::error!("the version in use is not changed: {:#}", anyhow::Error::from(error));
                }
            }
            std::thread::sleep(LOOK_EVERY);
        }
    });
}

/// Refuses to be reached by others where there is nobody who could prove to be allowed, unless that is meant.
async fn guard_beyond_loopback(address: SocketAddr, registry: &Registry, settings: &Settings) -> anyhow::Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    if settings.server.tokens == TokensFor::None {
        return Ok(());
    }
    let registry = registry.clone();
    let tokens = tokio::task::spawn_blocking(move || registry.tokens()).await??;
    anyhow::ensure!(
        tokens.iter().any(|token| token.is_good_at(Timestamp::now())),
        "`{address}` can be reached from other machines, and the store has no good token: make one with `uu-predictor tokens create NAME --scope admin`, \
         or say `UU_SERVER__TOKENS=none` if everybody may do anything"
    );
    Ok(())
}

/// Reports what the settings leave open, for whoever did not mean it.
fn warn_of_openness(address: SocketAddr, settings: &Settings) {
    let is_on_loopback = address.ip().is_loopback();
    match (settings.server.tokens, is_on_loopback) {
        (TokensFor::None, true) => tracing::warn!(
            %address,
            "no tokens are needed, since `server.tokens` is \"none\": every user and every program of this machine can do anything"
        ),
        (TokensFor::None, false) => {
            tracing::warn!(%address, "listening beyond loopback without tokens: anybody who can reach this address can do anything");
        }
        _ => {}
    }
    if !is_on_loopback && settings.server.hosts.is_empty() {
        tracing::warn!(
            %address,
            "`server.hosts` is empty, so the server answers under any name: a web page whose name leads to this address can read what needs no token"
        );
    }
}

/// Allows this process as many open files as its connections may take: those that are served, as many that wait, and others.
#[cfg(unix)]
fn allow_open_files(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = (connections as u64).saturating_mul(2).saturating_add(OTHER_FILES);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return;
    }
    let allowed = limit.maximum.map_or(needed, |most| most.min(needed));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum: limit.maximum });
    if raised.is_err() || allowed < needed {
        tracing::warn!(
            allowed,
            needed,
            "the system allows fewer open files than `server.connections` may take: raise the limit (`ulimit -n`), or lower that setting"
        );
    }
}

#[cfg(not(unix))]
fn allow_open_files(_: usize) {}

/// The training that fills an empty store.
struct FirstModel {
    child: Arc<ChildProcess>,
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
        command.args(["train", "--bundled-sample", "--progress", "json", "--json"]);
        same_store(&mut command, settings, config);
        let child = Arc::new(ChildProcess::start(command)?);
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
fn watch(child: &ChildProcess, serving: &Serving, stopped: &AtomicBool) {
    let mut told = 0;
    let trained = child.watch(&mut |line: ProgressLine| {
        let done = line.done as f64 / line.of.max(1) as f64;
        serving.report(Readiness::Preparing { stage: line.stage.clone(), done });
        let tenth = line.done * 10 / line.of.max(1);
        if tenth > told {
            told = tenth;
            tracing::info!(stage = line.stage, done, "training: {} % of the trees", tenth * 10);
        }
    });
    match trained {
        Ok(_) => tracing::info!("a model was trained on the bundled sample; its estimates follow generated data"),
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
