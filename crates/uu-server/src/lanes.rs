//! Threads that serve connections: one for each core, each with a runtime of its own.
//!
//! A connection stays on the thread it was given to. A request of this API takes some microseconds, less than it costs to hand it
//! from one thread to another, as a runtime of several threads does whenever one of them has nothing to do. What takes longer
//! leaves these threads anyway, see [`crate::workers`].

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::places::Seat;

/// What a connection holds while it is open.
pub(crate) struct Admission {
    /// Its place among those that may be open.
    pub(crate) seat: Seat,
    /// Tells it to end after the request in flight.
    pub(crate) watcher: Watcher,
}

/// Serves one connection to its end.
pub(crate) trait Serve: Clone + Send + 'static {
    fn serve(&self, stream: TcpStream, admission: Admission) -> impl Future<Output = ()> + Send + 'static;
}

/// A connection on its way to a thread, tied to no runtime.
type Given = (std::net::TcpStream, Admission);

/// The threads.
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    /// Tells the lanes to end their connections where they stand.
    cut_off: watch::Sender<bool>,
}

struct Lane {
    connections: UnboundedSender<Given>,
    open: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Lanes {
    /// Starts `count` threads that serve with `serve`.
    ///
    /// **Errors**: the system gives no thread or no runtime.
    pub(crate) fn start<S: Serve>(count: usize, serve: &S) -> io::Result<Self> {
        let (cut_off, told) = watch::channel(false);
        let lanes = (0..count.max(1)).map(|index| Lane::start(index, serve.clone(), told.clone())).collect::<io::Result<_>>()?;
        Ok(Self { lanes, cut_off })
    }

    /// Gives a connection to the thread that has the fewest.
    ///
    /// **Errors**: the connection cannot be handed over; it is closed then.
    pub(crate) fn take(&self, stream: TcpStream, admission: Admission) -> io::Result<()> {
        let stream = stream.into_std()?;
        let lane = self.lanes.iter().min_by_key(|lane| lane.open.load(Ordering::Relaxed)).expect("there is at least one lane");
        lane.open.fetch_add(1, Ordering::Relaxed);
        lane.connections.send((stream, admission)).map_err(|_| io::Error::other("a serving thread has ended"))
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.lanes.iter().map(|lane| lane.open.load(Ordering::Relaxed)).sum()
    }

    /// Waits until all connections have ended; with `cut_off` they end where they stand.
    pub(crate) async fn finish(self, cut_off: bool) {
        if cut_off {
            self.cut_off.send_replace(true);
        }
        for Lane { connections, thread, .. } in self.lanes {
            drop(connections);
            // A lane that panicked has said so on standard error, and has no connections any more.
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

impl Lane {
    fn start<S: Serve>(index: usize, serve: S, cut_off: watch::Receiver<bool>) -> io::Result<Self> {
        let (connections, given) = unbounded_channel();
        let open = Arc::new(AtomicUsize::new(0));
        let of_thread = Arc::clone(&open);
        let runtime = Builder::new_current_thread().enable_all().on_thread_start(give_way).build()?;
        let run = move || run(&runtime, &serve, given, &of_thread, cut_off);
        let thread = std::thread::Builder::new().name(format!("serve-{index}")).spawn(run)?;
        Ok(Self { connections, open, thread })
    }
}

/// Lowers the priority of this thread: the blocking threads of a lane, which it starts beside its own, compute for longer than a request may wait.
#[cfg(target_os = "linux")]
fn give_way() {
    // A system that refuses this serves as well, with longer waits beside large requests.
    if let Err(error) = rustix::process::nice(BLOCKING_NICENESS) {
        tracing::debug!(%error, "the priority of a blocking thread cannot be lowered");
    }
}

/// Elsewhere niceness is that of the whole process.
#[cfg(not(target_os = "linux"))]
fn give_way() {}

/// Niceness of the threads that batches, explanations and requests to the store run on: a tenth of the time where all cores are busy, and all of it
/// where they are not.
#[cfg(target_os = "linux")]
const BLOCKING_NICENESS: i32 = 10;

fn run<S: Serve>(
    runtime: &Runtime,
    serve: &S,
    mut given: UnboundedReceiver<Given>,
    open: &Arc<AtomicUsize>,
    mut cut_off: watch::Receiver<bool>,
) {
    runtime.block_on(async {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                given = given.recv() => match given {
                    Some((stream, admission)) => {
                        let (serve, open) = (serve.clone(), Counted(Arc::clone(open)));
                        connections.spawn(async move {
                            let _open = open;
                            match TcpStream::from_std(stream) {
                                Ok(stream) => serve.serve(stream, admission).await,
                                Err(error) => tracing::debug!(%error, "a connection ended before it was served"),
                            }
                        });
                    }
                    None => break,
                },
                Some(_ended) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        tokio::select! {
            () = async { while connections.join_next().await.is_some() {} } => {}
            // The sender lives as long as anybody waits for this thread.
            _ = cut_off.wait_for(|cut_off| *cut_off) => connections.shutdown().await,
        }
    });
}

/// Counts an open connection for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
