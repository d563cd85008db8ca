//! Whether the memory of this process is made of huge pages, where the system makes them by itself.
//!
//! A computation over much memory is a fifth faster with them. A server, whose threads each have a heap that grows and shrinks with the batches it
//! answers, keeps whole pages of 2 MiB for the little that stays in them.

/// Keeps this process, and those it starts, from huge pages.
pub(crate) fn avoid() {
    set(true);
}

/// Allows them again in a process that a server started.
pub(crate) fn allow() {
    set(false);
}

#[cfg(target_os = "linux")]
fn set(are_avoided: bool) {
    // A system without this choice serves as well, with more memory.
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(are_avoided) {
        tracing::debug!(%error, "the system keeps its way with huge pages");
    }
}

#[cfg(not(target_os = "linux"))]
fn set(_: bool) {}
