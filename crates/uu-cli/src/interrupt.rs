//! A command that is interrupted leaves no unfinished file, also where such a file needs a name.

use std::sync::mpsc;
use std::thread;

use tokio::signal::unix::{SignalKind, signal};
use uu_data::replace::{before_names, remove_unfinished};

/// What a shell adds to a signal's number for the exit code of a process that it ended.
const ENDED_BY_SIGNAL: i32 = 128;

/// Sees to it that signals are handled from the first unfinished file on that has a name. Without one, they end the process as ever.
pub(crate) fn prepare() {
    before_names(handle_signals);
}

/// Returns once signals are handled. Where they cannot be, a later run removes what is left.
fn handle_signals() {
    let (ready, is_ready) = mpsc::channel();
    let spawned = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let signal = runtime.block_on(async move {
            let [interrupt, terminate, hangup] = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            let (mut interrupts, mut terminates, mut hangups) = (signal(interrupt).ok()?, signal(terminate).ok()?, signal(hangup).ok()?);
            ready.send(()).ok()?;
            Some(tokio::select! {
                _ = interrupts.recv() => interrupt,
                _ = terminates.recv() => terminate,
                _ = hangups.recv() => hangup,
            })
        });
        if let Some(signal) = signal {
            remove_unfinished();
            std::process::exit(ENDED_BY_SIGNAL + signal.as_raw_value());
        }
    });
    if spawned.is_ok() {
        // The thread that cannot handle them ends, and its end of the channel with it.
        let _ = is_ready.recv();
    }
}
