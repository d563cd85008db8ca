//! Panics that are contained: a step over bytes of strangers, in a library that may panic on them, ends as an error.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// A contained step panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a step over damaged data panicked")]
pub struct Panicked;

thread_local! {
    /// How many contained steps this thread is in, one within the other.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Panics of all threads that were contained.
static CONTAINED: AtomicU64 = AtomicU64::new(0);

/// Leaves a contained step, however it ends.
struct Step;

impl Step {
    fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Runs a step that may panic on what it is given. What the step works on must not be used after it panicked.
///
/// The panic is reported by the hook of the process; see [`report_contained`].
///
/// **Errors**: the step panicked.
pub fn contained<T>(step: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(|| {
        let _step = Step::enter();
        step()
    }))
    .map_err(|_panic| {
        CONTAINED.fetch_add(1, Ordering::Relaxed);
        Panicked
    })
}

/// Has `report` called for each contained panic of the process, in the place of what prints a stack trace; other panics are reported as before.
///
/// Called by programs, once as they start.
pub fn report_contained(report: impl Fn(&PanicHookInfo<'_>) + Send + Sync + 'static) {
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |panic| if is_contained() { report(panic) } else { others(panic) }));
}

/// Whether a panic of this thread would be contained.
fn is_contained() -> bool {
    DEPTH.get() > 0
}

/// How many panics of this process were contained.
#[must_use]
pub fn contained_panics() -> u64 {
    CONTAINED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_within_is_an_error_and_one_outside_is_not_contained() {
        let before = contained_panics();
        assert_eq!(contained(is_contained), Ok(true));
        assert_eq!(contained(|| contained(|| panic!("inner"))), Ok::<_, Panicked>(Err::<(), _>(Panicked)));
        assert_eq!(contained(|| assert!(!is_contained(), "outer")), Err(Panicked));
        assert!(!is_contained());
        assert!(contained_panics() >= before + 2);
    }
}
