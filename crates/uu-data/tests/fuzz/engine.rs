//! Runs a target on input after input, watched from outside.

use std::cell::RefCell;
use std::collections::HashSet;
use std::env;
use std::fs::File;
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use uu_core::stats::{Draws, site_hash};

use crate::MEMORY;
use crate::mutations::{mutated, wrapped};

/// How long one input may take before it counts as a hang. None takes a second; a machine that is busy may give it little of each.
const MOST_TIME: Duration = Duration::from_secs(120);

/// Live bytes that one input may take at the most: the pages of a Parquet file may announce 256 MiB.
const MOST_BYTES: usize = 400 << 20;

/// Live bytes that all inputs together may leave behind once caches have their size.
const MOST_LEFT: usize = 1 << 20;

/// Inputs after which they do.
const WARM_UP: usize = 50;

/// Inputs that are kept to be changed further.
const MOST_KEPT: usize = 400;
const MOST_KEPT_BYTES: usize = 16 << 10;

/// How long a failing input is made smaller.
const SHRINKING: Duration = Duration::from_secs(20);

/// What is run, and on changes of what.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Small valid inputs.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// What is put in.
    pub(crate) tokens: &'static [&'static [u8]],
    /// Whether encodings and compression are put around.
    pub(crate) wrapped: bool,
    /// Bytes of an input, before it is compressed.
    pub(crate) most_bytes: usize,
    /// Panics where a law is broken; otherwise what the input came to, in few words: an input that comes to something new is kept.
    pub(crate) run: fn(&[u8]) -> String,
}

/// How long to run, and on which draws.
pub(crate) struct Plan {
    time: Duration,
    inputs: usize,
    seed: u64,
}

impl Plan {
    /// The same inputs in every run: a second of them, or fewer.
    pub(crate) fn short() -> Self {
        Self { time: Duration::from_secs(1), inputs: 2_000, seed: 20_181_201 }
    }

    pub(crate) fn long() -> Self {
        let given = |name: &str| env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("`{name}` is a number")));
        let drawn = || u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos());
        let time = Duration::from_secs(given("UU_FUZZ_SECONDS").unwrap_or(60));
        Self { time, inputs: usize::MAX, seed: given("UU_FUZZ_SEED").unwrap_or_else(drawn) }
    }
}

/// An input that breaks a law.
struct Failure {
    input: Vec<u8>,
    why: String,
}

/// What is being run, and since when.
type Current = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

/// Runs a target; live bytes are those of the process, so one target runs at a time.
///
/// **Panics**: an input breaks a law, takes too long, or too much.
#[expect(clippy::print_stderr, reason = "what was tried is told")]
pub(crate) fn fuzz(target: &'static Target, plan: Plan) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    keep_panics();
    let seed = plan.seed;
    let current = Current::default();
    let worker_current = Arc::clone(&current);
    let work = move || match env::var_os("UU_FUZZ_INPUT") {
        Some(path) => run_once(target, &std::fs::read(path).unwrap()).map(|came_to| format!("comes to: {came_to}")),
        None => run_all(target, &plan, &worker_current),
    };
    // The stack of a thread, as that of a request has.
    let worker = std::thread::Builder::new().name(WORKER.to_owned()).stack_size(2 << 20).spawn(work).unwrap();
    let outcome = loop {
        if worker.is_finished() {
            break worker.join().expect("the worker keeps panics");
        }
        std::thread::sleep(Duration::from_millis(20));
        let current = current.lock().unwrap();
        if let Some((_, input)) = current.as_ref().filter(|(since, _)| since.elapsed() > MOST_TIME) {
            break Err(Failure { input: input.clone(), why: format!("takes more than {} s", MOST_TIME.as_secs()) });
        }
    };
    match outcome {
        Ok(report) => eprintln!("fuzz {}: {report} (UU_FUZZ_SEED={seed})", target.name),
        Err(failure) => panic!("{}", told(target, seed, &failure)),
    }
}

fn told(target: &Target, seed: u64, Failure { input, why }: &Failure) -> String {
    let path = kept(&format!("{}-{:016x}", target.name, site_hash(&format!("{input:?}"), 0)));
    std::fs::write(&path, input).unwrap();
    let shown = &input[..input.len().min(400)];
    format!(
        "{}: {why}\n{} bytes: {}\nseed: UU_FUZZ_SEED={seed}\nagain: UU_FUZZ_INPUT={} cargo test -p uu-data --test fuzz {}",
        target.name,
        input.len(),
        shown.escape_ascii(),
        path.display(),
        target.name
    )
}

/// Where an input is kept.
fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// The seeds, then changes of them and of what came of those.
fn run_all(target: &Target, plan: &Plan, current: &Current) -> Result<String, Failure> {
    let mut draws = Draws::new(target.name, plan.seed);
    let mut corpus = (target.seeds)();
    let mut known = HashSet::new();
    let (began, mut count, mut left, mut most) = (Instant::now(), 0, 0, 0);
    // Where the process itself is ended, as by a stack that overflows, this file holds what it was run on.
    let last = kept(&format!("{}-last", target.name));
    let file = File::create(&last).unwrap();
    let mut seeds = corpus.clone().into_iter();
    while count < plan.inputs && (began.elapsed() < plan.time || count == 0) {
        let input = match seeds.next() {
            Some(seed) => seed,
            None => {
                let bare = mutated(&mut draws, &corpus, target.tokens, target.most_bytes);
                if target.wrapped { wrapped(&mut draws, bare) } else { bare }
            }
        };
        (&file).rewind().and_then(|()| (&file).write_all(&input)).and_then(|()| file.set_len(input.len() as u64)).unwrap();
        *current.lock().unwrap() = Some((Instant::now(), input.clone()));
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let outcome = run_once(target, &input).map(|came_to| site_hash(&came_to, 0));
        let (peak, after) = (MEMORY.peak_usage().saturating_sub(before), MEMORY.current_usage());
        *current.lock().unwrap() = None;
        let is_new = known.insert(outcome.map_err(|failure| smaller(target, failure))?);
        if peak > MOST_BYTES {
            return Err(Failure { input, why: format!("takes {} MiB", peak >> 20) });
        }
        most = most.max(peak);
        count += 1;
        if count > WARM_UP {
            left += after as i64 - before as i64;
        }
        if left > MOST_LEFT as i64 {
            return Err(Failure {
                input,
                why: format!("{count} inputs left {left} bytes behind, this one {}", after as i64 - before as i64),
            });
        }
        if is_new && input.len() <= MOST_KEPT_BYTES {
            match corpus.len() {
                MOST_KEPT.. => corpus[draws.below(MOST_KEPT)] = input,
                _ => corpus.push(input),
            }
        }
    }
    std::fs::remove_file(last).ok();
    let (outcomes, most) = (known.len(), most >> 20);
    Ok(format!(
        "{count} inputs in {:.1} s came to {outcomes} outcomes, took {most} MiB at most and left {left} bytes",
        began.elapsed().as_secs_f64()
    ))
}

fn run_once(target: &Target, input: &[u8]) -> Result<String, Failure> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|_| {
        let why = PANIC.with_borrow_mut(std::mem::take);
        Failure { input: input.to_vec(), why }
    })
}

/// Cuts pieces out while what is left still fails.
fn smaller(target: &Target, mut failure: Failure) -> Failure {
    let began = Instant::now();
    let mut piece = failure.input.len() / 2;
    while piece > 0 && began.elapsed() < SHRINKING {
        let mut start = 0;
        while start < failure.input.len() && began.elapsed() < SHRINKING {
            let end = (start + piece).min(failure.input.len());
            let cut = [&failure.input[..start], &failure.input[end..]].concat();
            match run_once(target, &cut) {
                Err(still) => failure = still,
                Ok(_) => start = end,
            }
        }
        piece /= 2;
    }
    failure
}

const WORKER: &str = "fuzz";

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Panics of a worker are kept and not printed: those of the Parquet library, which the product catches, would fill the memory with text.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let otherwise = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() == Some(WORKER) {
                PANIC.set(panic.to_string());
            } else {
                otherwise(panic);
            }
        }));
    });
}
