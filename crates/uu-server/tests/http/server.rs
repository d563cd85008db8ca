//! Servers for tests: a small trained model, a port of their own, and an end.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use tokio::sync::oneshot;
use uu_core::{AvgVisitDuration, BounceRate, Category, Month, PagesPerVisit, Rank, Record, Rules, UniqueUsers, Visits};
use uu_data::Dataset;
use uu_registry::{Location, QueueBounds, Registry, Scope};
use uu_server::{App, Lifecycle, Limits, Policies, run};
use uu_service::jobs::DeliveryLimits;
use uu_service::{Served, Serving};
use uu_train::{Correction, Silent, TrainSettings, TreeSettings, train};

use crate::client::Client;

static ARTIFACT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let few = |trees: TreeSettings| TreeSettings { num_iterations: 10, min_data_in_leaf: 5, ..trees };
    let settings = TrainSettings::default();
    let settings = TrainSettings {
        folds: 2,
        copies: 1,
        ratio: few(settings.ratio),
        visits: few(settings.visits),
        fill: few(settings.fill),
        spread: few(settings.spread),
        correction: Correction { trees: few(settings.correction.trees), ..settings.correction },
        ..settings
    };
    train(&dataset(), &Rules::default(), &settings, &Silent).expect("the small data set trains").artifact
});

/// The small model's bytes.
pub(crate) fn artifact() -> &'static [u8] {
    &ARTIFACT
}

/// A data set in which everything follows from the visits, with some noise.
fn dataset() -> Dataset {
    let rows = (0..600u32).map(|row| {
        let noise = f64::from(row.wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
        let visits = 10f64.powf(3.0 + 5.0 * f64::from(row % 97) / 97.0).round();
        Record {
            site: Some(format!("site{}.com", row / 3).into()),
            source: Some("test".into()),
            rank: Rank::new((1e9 / visits).ceil()).ok(),
            visits: Visits::new(visits).ok(),
            pages_per_visit: PagesPerVisit::new(1.0 + 5.0 * noise).ok(),
            bounce_rate: BounceRate::new(90.0 - 60.0 * noise).ok(),
            avg_visit_duration: AvgVisitDuration::new(30.0 + 300.0 * noise).ok(),
            category: Category::from_code(1 + row % 209),
            unique_users: UniqueUsers::new((visits / (1.2 + noise)).round()).ok(),
            ..Record::unknown(Month::new(2024, 1 + row % 3).unwrap())
        }
    });
    Dataset::new(Vec::new(), rows.collect())
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) serving: Arc<Serving>,
    pub(crate) registry: Registry,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl Server {
    /// A server with a model in use.
    pub(crate) fn start() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let server = Self::without_model(limits);
        server.install();
        server
    }

    pub(crate) fn install(&self) {
        self.install_as("test-1");
    }

    pub(crate) fn install_as(&self, version: &str) {
        self.serving.install(Served::of(version, &ARTIFACT).expect("the artifact is whole"));
    }

    pub(crate) fn without_model(limits: Limits) -> Self {
        Self::under(Policies { limits, ..Policies::default() })
    }

    /// A server without a model that lets in whom its policies let in.
    pub(crate) fn under(mut policies: Policies) -> Self {
        // The name that the tests' client asks under.
        policies.access.hosts.push("test".to_owned());
        let serving = Arc::new(Serving::default());
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path().join("store"))).unwrap();
        let lifecycle = Lifecycle {
            registry: registry.clone(),
            worker: "test".to_owned(),
            rules: Rules::default(),
            delivery: DeliveryLimits { rows: 10_000, decompressed_bytes: 1 << 20 },
            queue: QueueBounds {
                pending: 12,
                pending_of_one: 8,
                kept_bytes_of_one: 1 << 20,
                pending_rows_of_one: 1_500,
                kept_rows_of_one: 2_500,
            },
            roots: vec![folder.path().join("deliveries")],
            artifacts_url: None,
        };
        let app = App::new(Arc::clone(&serving), lifecycle, policies);
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let shutdown = async {
                    stopped.await.ok();
                };
                run(listener, shutdown, app).await.unwrap();
            });
        });
        let address = told.recv().expect("the server binds");
        Self { address, serving, registry, stop: Some(stop), thread: Some(thread), folder }
    }

    /// The folder that deliveries may come from; it is made.
    pub(crate) fn deliveries(&self) -> std::path::PathBuf {
        let path = self.folder.path().join("deliveries");
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// A token of that scope, as a header.
    pub(crate) fn token(&self, scope: Scope) -> String {
        format!("Bearer {}", self.registry.create_token("test", scope, "test").unwrap().1.expose())
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Tells the server to stop; it then finishes what is in flight.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub(crate) fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server ends well");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if !std::thread::panicking() {
            self.wait();
        }
    }
}
