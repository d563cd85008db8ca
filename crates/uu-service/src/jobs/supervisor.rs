//! A replica's side of jobs: taking one, following its child process, saying how far it is, and noticing workers that are gone.

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use uu_registry::{Claim, JobState, Order, Outcome, Registry, RegistryError, Watch};

use super::child::{ChildError, ChildProcess, ProgressLine};
use super::counts::JobCounts;
use super::work::ChildOutcome;

/// Between two looks for a job, and between two reports of one.
const STEP: Duration = Duration::from_millis(500);

/// Looks at other replicas' workers within the time after which one that is silent is lost.
const LOOKS: u32 = 6;

/// How long an outcome that the store cannot take is kept for it before it is given up.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a process says that is given no more memory: in Rust, in C++, by the system, and where there is none for a thread.
const MEMORY: [&str; 4] = ["memory allocation of", "bad_alloc", "Cannot allocate memory", "can't spawn"];

const MORE_MEMORY: &str = "the process may take no more than `retraining.memory_bytes`: raise it, or send fewer rows";

/// How jobs are done.
#[derive(Clone, Debug)]
pub struct SupervisorSettings {
    /// The name of this replica.
    pub worker: String,
    /// How long a worker may be silent before it is taken for lost.
    pub silence: Duration,
    /// How long a job may take: a process that hangs is not to keep others waiting for ever.
    pub timeout: Duration,
    /// Where the jobs that end here are counted.
    pub counts: Arc<JobCounts>,
}

/// Takes jobs, one at a time, and does each in a child process.
pub struct Supervisor {
    registry: Registry,
    settings: SupervisorSettings,
    /// The program that does a job.
    command: Box<dyn Fn(&Claim) -> Command + Send>,
    watch: Watch,
    last_look: Option<Instant>,
}

/// How following a child ended.
enum Ended {
    /// The child ended by itself.
    Itself(Result<String, ChildError>),
    /// Somebody called the job off.
    Cancelled,
    /// The job was given to another worker.
    Fenced,
    /// The server stops.
    Stopped,
    /// It took too long.
    Late,
}

impl Supervisor {
    /// A supervisor that starts `command` for each job.
    pub fn new(registry: Registry, settings: SupervisorSettings, command: impl Fn(&Claim) -> Command + Send + 'static) -> Self {
        let watch = Watch::new(settings.silence);
        Self { registry, settings, command: Box::new(command), watch, last_look: None }
    }

    /// Works until `stop` says so or its sender is gone.
    pub fn run(mut self, stop: &mpsc::Receiver<()>) {
        let mut told: Option<String> = None;
        loop {
            let looked = self.look().and_then(|()| self.registry.claim(&self.settings.worker));
            match looked {
                Ok(Some(claim)) => {
                    told = None;
                    self.work(&claim, stop);
                }
                Ok(None) => told = None,
                Err(error) => {
                    let text = error.to_string();
                    if told.as_ref() != Some(&text) {
                        tracing::error!(%error, "no job can be taken for now");
                    }
                    told = Some(text);
                }
            }
            if !matches!(stop.recv_timeout(STEP), Err(mpsc::RecvTimeoutError::Timeout)) {
                return;
            }
        }
    }

    /// Notices jobs whose workers are gone.
    fn look(&mut self) -> Result<(), RegistryError> {
        if self.last_look.is_some_and(|last| last.elapsed() < self.settings.silence / LOOKS) {
            return Ok(());
        }
        self.last_look = Some(Instant::now());
        for job in self.watch.look(&self.registry)? {
            self.settings.counts.ended_in(JobState::Lost, Duration::ZERO);
            tracing::error!(%job, "the worker of this job is gone; `POST /jobs/{job}/retry` does it again");
        }
        Ok(())
    }

    fn work(&mut self, claim: &Claim, stop: &mpsc::Receiver<()>) {
        let job = claim.job.id;
        tracing::info!(%job, kind = claim.job.kind, by = claim.job.by, "a job begins");
        let begin = Instant::now();
        let ended = match ChildProcess::start((self.command)(claim)) {
            Ok(child) => self.follow(claim, child, stop),
            Err(error) => Ended::Itself(Err(error)),
        };
        let stopped = matches!(ended, Ended::Stopped);
        let outcome = match ended {
            Ended::Itself(answer) => outcome(answer),
            Ended::Cancelled => Outcome::Cancelled,
            Ended::Stopped => Outcome::Failed(json!({ "reason": "the server that did it was stopped; it is tried again" })),
            Ended::Late => {
                let seconds = self.settings.timeout.as_secs();
                Outcome::Failed(json!({ "reason": format!("it was not done within {seconds} s; `retraining.timeout_s` bounds it") }))
            }
            Ended::Fenced => {
                tracing::warn!(%job, "the job was taken away from this worker");
                return;
            }
        };
        self.settings.counts.ended_in(outcome.state(), begin.elapsed());
        tracing::info!(%job, outcome = outcome.state().name(), "a job has ended");
        self.finish(claim, &outcome, if stopped { Duration::ZERO } else { PATIENCE });
        if stopped && let Err(error) = self.registry.retry(job, claim.job.by.as_str()) {
            tracing::error!(%job, %error, "the job could not be queued again");
        }
    }

    /// Says how far the child is, until it ends or must end.
    fn follow(&mut self, claim: &Claim, child: ChildProcess, stop: &mpsc::Receiver<()>) -> Ended {
        let child = Arc::new(child);
        let progress: Arc<Mutex<Option<ProgressLine>>> = Arc::default();
        let (sender, answer) = mpsc::channel();
        thread::spawn({
            let (child, progress) = (Arc::clone(&child), Arc::clone(&progress));
            move || {
                let watched = child.watch(&mut |line| *progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(line));
                // Nobody waits for it any more where the job was called off.
                let _ = sender.send(watched);
            }
        });
        let begin = Instant::now();
        loop {
            if begin.elapsed() > self.settings.timeout {
                child.stop();
                return Ended::Late;
            }
            if let Ok(watched) = answer.recv_timeout(STEP) {
                return Ended::Itself(watched);
            }
            if !matches!(stop.try_recv(), Err(mpsc::TryRecvError::Empty)) {
                child.stop();
                return Ended::Stopped;
            }
            let line = progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let reported = match &line {
                Some(line) => self.registry.report(claim, &json!(line)),
                None => self.registry.beat(claim),
            };
            match reported {
                Ok(Order::GoOn) => {}
                Ok(Order::Cancel) => {
                    child.stop();
                    return Ended::Cancelled;
                }
                Err(RegistryError::Fenced { .. }) => {
                    child.stop();
                    return Ended::Fenced;
                }
                // The training goes on while the store is away; whoever looks then sees no counter stand still.
                Err(error) => tracing::warn!(job = %claim.job.id, %error, "how far the job is cannot be told for now"),
            }
        }
    }

    /// Tells what came of it, again and again where the store is away or full: work of minutes is not to be lost for that.
    fn finish(&self, claim: &Claim, outcome: &Outcome, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            match self.registry.finish(claim, outcome) {
                Ok(()) => return,
                Err(error) if !matches!(error, RegistryError::Fenced { .. }) && Instant::now() < deadline => {
                    tracing::warn!(job = %claim.job.id, %error, "what came of the job cannot be told for now");
                    thread::sleep(STEP);
                }
                Err(error) => {
                    tracing::error!(job = %claim.job.id, %error, "what came of the job could not be told");
                    return;
                }
            }
        }
    }
}

/// What the child's answer means.
fn outcome(answer: Result<String, ChildError>) -> Outcome {
    let failed = |reason: String| {
        let for_want_of_memory = MEMORY.iter().any(|words| reason.contains(words));
        Outcome::Failed(if for_want_of_memory { json!({ "reason": reason, "hint": MORE_MEMORY }) } else { json!({ "reason": reason }) })
    };
    match answer {
        Ok(answer) => match serde_json::from_str(&answer) {
            Ok(ChildOutcome::Succeeded(details)) => Outcome::Succeeded(details),
            Ok(ChildOutcome::Refused(details)) => Outcome::Refused(details),
            Ok(ChildOutcome::Failed(details)) if details["hint"].is_string() => Outcome::Failed(details),
            Ok(ChildOutcome::Failed(details)) => failed(details["reason"].as_str().unwrap_or_default().to_owned()),
            Ok(ChildOutcome::Cancelled) => Outcome::Cancelled,
            Err(error) => failed(format!("the training process gave an answer that cannot be read: {error}")),
        },
        Err(ChildError::Spawn(error)) => failed(format!("the training process could not be run: {error}")),
        Err(error @ ChildError::Failed { .. }) => failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn script(text: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        command
    }

    #[rstest]
    #[case::answers(r#"echo '{"stage":"a","done":1,"of":2}' >&2; echo '{"outcome":"refused","details":{"why":1}}'"#, Outcome::Refused(json!({"why": 1})))]
    #[case::cancelled(r#"echo '{"outcome":"cancelled"}'"#, Outcome::Cancelled)]
    #[case::dies("echo 'out of memory' >&2; exit 3", Outcome::Failed(json!({"reason": "the training process ended with exit status: 3: out of memory"})))]
    #[case::tells_why("echo 'error: it cannot be fitted' >&2; echo '  caused by: LightGBM' >&2; echo 'hint: none' >&2; exit 2",
        Outcome::Failed(json!({"reason": "the training process ended with exit status: 2: error: it cannot be fitted; caused by: LightGBM"})))]
    #[case::wants_memory("echo 'memory allocation of 409600 bytes failed' >&2; echo 'stack backtrace:' >&2; exit 134",
        Outcome::Failed(json!({"reason": "the training process ended with exit status: 134: memory allocation of 409600 bytes failed", "hint": MORE_MEMORY})))]
    #[case::names_the_way_out(
        r#"echo '{"outcome":"failed","details":{"reason":"a","hint":"b"}}'"#,
        Outcome::Failed(json!({"reason": "a", "hint": "b"}))
    )]
    #[case::is_killed("kill -9 $$", Outcome::Failed(json!({"reason": "the training process ended with signal: 9 (SIGKILL)"})))]
    fn what_a_child_says_or_does_is_the_outcome(#[case] text: &str, #[case] expected: Outcome) {
        let child = ChildProcess::start(script(text)).unwrap();
        assert_eq!(outcome(child.watch(&mut |_| ())), expected);
    }

    #[test]
    fn an_answer_that_is_none_is_a_failure() {
        let child = ChildProcess::start(script("echo hello")).unwrap();
        assert!(matches!(outcome(child.watch(&mut |_| ())), Outcome::Failed(_)));
    }
}
