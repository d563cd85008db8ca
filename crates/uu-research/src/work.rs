//! How far a study is.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use uu_train::Progress;

use crate::StudyError;

/// Work that is done in parts of known size, and who hears of it.
///
/// **Units**: about microseconds of one core, so that what is left can be told from what is done.
pub(crate) struct Work<'a> {
    progress: &'a dyn Progress,
    done: AtomicU64,
    of: u64,
    stopped: AtomicBool,
}

impl<'a> Work<'a> {
    /// Work of so many units in all.
    pub(crate) fn new(progress: &'a dyn Progress, of: u64) -> Self {
        Self { progress, done: AtomicU64::new(0), of, stopped: AtomicBool::new(false) }
    }

    /// So many units of `stage` are done.
    ///
    /// **Errors**: [`StudyError::Stopped`] where whoever hears of it says so.
    pub(crate) fn done(&self, stage: &'static str, units: u64) -> Result<(), StudyError> {
        let done = self.done.fetch_add(units, Ordering::Relaxed) + units;
        self.tell(stage, done)
    }

    fn tell(&self, stage: &'static str, done: u64) -> Result<(), StudyError> {
        if self.progress.report(stage, done.min(self.of), self.of).is_break() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        if self.stopped.load(Ordering::Relaxed) { Err(StudyError::Stopped) } else { Ok(()) }
    }

    /// A training as a part of `units`: it reports steps of its own.
    pub(crate) fn training(&self, stage: &'static str, units: u64) -> Training<'_> {
        Training { work: self, stage, units, told: Mutex::new(0) }
    }
}

/// Turns the steps of a training into units of the study.
pub(crate) struct Training<'a> {
    work: &'a Work<'a>,
    stage: &'static str,
    units: u64,
    told: Mutex<u64>,
}

impl Training<'_> {
    /// Counts what the training did not report.
    ///
    /// **Errors**: the study was stopped.
    pub(crate) fn finish(self) -> Result<(), StudyError> {
        let told = self.told.into_inner().unwrap_or(self.units);
        self.work.done(self.stage, self.units.saturating_sub(told))
    }
}

impl Progress for Training<'_> {
    fn report(&self, _: &'static str, done: u64, of: u64) -> ControlFlow<()> {
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let units = (u128::from(self.units) * u128::from(done.min(of)) / u128::from(of.max(1))) as u64;
        let more = units.saturating_sub(*told);
        *told += more;
        if self.work.done(self.stage, more).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Does `jobs` pieces of work on so many threads, the first ones first; the results are in the order of the jobs.
///
/// A pool that steals work would let one fit wait for another inside it, and its time would be both of theirs.
///
/// **Errors**: the error of the first piece that has one; pieces not yet begun are left.
pub(crate) fn side_by_side<T: Send>(
    jobs: usize,
    threads: usize,
    work: impl Fn(usize) -> Result<T, StudyError> + Sync,
) -> Result<Vec<T>, StudyError> {
    let threads = NonZeroUsize::new(threads.min(jobs)).map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<T, StudyError>>>> = Mutex::new((0..jobs).map(|_| None).collect());
    let run = || {
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return;
            }
            let result = work(job);
            if result.is_err() {
                next.store(jobs, Ordering::Relaxed);
            }
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[job] = Some(result);
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(run))));
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Heard(Mutex<Vec<(u64, u64)>>, u64);

    impl Progress for Heard {
        fn report(&self, _: &'static str, done: u64, of: u64) -> ControlFlow<()> {
            self.0.lock().unwrap().push((done, of));
            if done >= self.1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }

    #[test]
    fn a_training_counts_as_its_share_of_the_work() {
        let heard = Heard(Mutex::default(), u64::MAX);
        let work = Work::new(&heard, 300);
        work.done("a", 100).unwrap();
        let training = work.training("b", 200);
        assert!(training.report("trees", 5, 10).is_continue());
        training.finish().unwrap();
        assert_eq!(*heard.0.lock().unwrap(), [(100, 300), (200, 300), (300, 300)]);
    }

    #[test]
    fn whoever_hears_of_it_can_stop_the_work() {
        let heard = Heard(Mutex::default(), 50);
        let work = Work::new(&heard, 100);
        work.done("a", 10).unwrap();
        assert!(matches!(work.done("a", 60), Err(StudyError::Stopped)));
    }

    #[test]
    fn results_are_in_the_order_of_the_jobs_and_an_error_is_told() {
        let squares = side_by_side(50, 4, |job| Ok(job * job)).unwrap();
        assert_eq!(squares, (0..50).map(|job| job * job).collect::<Vec<_>>());
        let failed = side_by_side(50, 1, |job| {
            assert!(job <= 7, "what has not begun is left");
            if job == 7 { Err(StudyError::Stopped) } else { Ok(job) }
        });
        assert!(matches!(failed, Err(StudyError::Stopped)));
        assert!(side_by_side(0, 4, Ok::<usize, StudyError>).unwrap().is_empty());
    }
}
