//! Jobs: one of a kind at a time, by one worker, told in order.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uu_registry::{Claim, JobId, JobState, Order, Outcome, Registry, RegistryError, Watch};

use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("a_job_goes_from_queue_to_outcome_and_tells_each_step", steps),
    ("one_job_of_a_kind_runs_at_a_time", one_at_a_time),
    ("workers_side_by_side_never_share_a_job", side_by_side),
    ("a_job_is_cancelled_where_it_waits_and_by_its_worker_where_it_runs", cancelled),
    ("a_job_that_did_not_succeed_is_tried_again", retried),
    ("a_worker_that_falls_silent_is_lost_and_can_do_no_harm", lost),
    ("a_worker_that_beats_or_an_onlooker_that_pauses_loses_no_job", not_lost),
];

const SILENCE: Duration = Duration::from_secs(30);

fn queue(registry: &Registry, kind: &str) -> JobId {
    registry.enqueue(kind, &json!({"rows": 3}), "ann").unwrap()
}

fn claim(registry: &Registry) -> Claim {
    registry.claim("worker").unwrap().expect("a job waits")
}

fn states(registry: &Registry, id: JobId) -> Vec<JobState> {
    registry.events_after(id, 0).unwrap().iter().map(|event| event.state).collect()
}

fn steps(fresh: &Fresh) {
    let registry = fresh.open();
    assert!(registry.claim("worker").unwrap().is_none());
    let id = queue(&registry, "retrain");
    let job = registry.job(id).unwrap();
    assert_eq!((job.state, job.by.as_str(), &job.request), (JobState::Queued, "ann", &json!({"rows": 3})));
    let held = claim(&registry);
    assert_eq!((held.job.id, held.job.state, held.job.worker.as_deref()), (id, JobState::Running, Some("worker")));
    for done in [1, 1, 2] {
        assert_eq!(registry.report(&held, &json!({"done": done})).unwrap(), Order::GoOn);
    }
    registry.finish(&held, &Outcome::Succeeded(json!({"version": "v0002"}))).unwrap();
    let job = registry.job(id).unwrap();
    assert_eq!((job.state, job.progress, job.outcome), (JobState::Succeeded, Some(json!({"done": 2})), Some(json!({"version": "v0002"}))));
    use JobState::{Queued, Running, Succeeded};
    assert_eq!(states(&registry, id), [Queued, Running, Running, Running, Succeeded], "what was said twice is told once");
    let rest = registry.events_after(id, 3).unwrap();
    assert_eq!(rest.iter().map(|event| event.number).collect::<Vec<_>>(), [4, 5], "a listener goes on where it left off");
    assert!(matches!(registry.events_after(JobId(99), 0), Err(RegistryError::UnknownJob { .. })));
    assert!(matches!(registry.finish(&held, &Outcome::Cancelled), Err(RegistryError::Fenced { .. })), "an outcome stands");
    assert_eq!(registry.jobs(10).unwrap().len(), 1);
}

fn one_at_a_time(fresh: &Fresh) {
    let registry = fresh.open();
    let (first, second, other) = (queue(&registry, "retrain"), queue(&registry, "retrain"), queue(&registry, "export"));
    let held = claim(&registry);
    assert_eq!(held.job.id, first);
    let beside = claim(&registry);
    assert_eq!(beside.job.id, other, "another kind runs beside");
    assert!(registry.claim("worker").unwrap().is_none(), "the second waits");
    registry.finish(&held, &Outcome::Refused(json!({"reason": "worse"}))).unwrap();
    let next = claim(&registry);
    assert_eq!(next.job.id, second);
    assert!(next.fence > beside.fence && beside.fence > held.fence, "fences grow");
}

fn side_by_side(fresh: &Fresh) {
    let registry = fresh.open();
    let queued: BTreeSet<JobId> = (0..12).map(|index| queue(&registry, &format!("kind {index}"))).collect();
    let claimed: Vec<JobId> = std::thread::scope(|scope| {
        let worker = || {
            let registry = fresh.open();
            std::iter::from_fn(|| registry.claim("worker").unwrap().map(|claim| claim.job.id)).collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(claimed.len(), 12);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), queued);
}

fn cancelled(fresh: &Fresh) {
    let registry = fresh.open();
    let (waits, runs) = (queue(&registry, "a"), queue(&registry, "b"));
    assert_eq!(registry.request_cancel(waits, "ann").unwrap(), JobState::Cancelled);
    let held = claim(&registry);
    assert_eq!(held.job.id, runs);
    assert_eq!(registry.beat(&held).unwrap(), Order::GoOn);
    assert_eq!(registry.request_cancel(runs, "ann").unwrap(), JobState::Running);
    assert_eq!(registry.beat(&held).unwrap(), Order::Cancel);
    assert_eq!(registry.report(&held, &Value::Null).unwrap(), Order::Cancel);
    registry.finish(&held, &Outcome::Cancelled).unwrap();
    assert_eq!(registry.job(runs).unwrap().state, JobState::Cancelled);
    let error = registry.request_cancel(runs, "ann").unwrap_err();
    assert_eq!(error.to_string(), format!("the job `{runs}` is cancelled, so it cannot be cancelled"));
}

fn retried(fresh: &Fresh) {
    let registry = fresh.open();
    let id = queue(&registry, "retrain");
    assert!(matches!(registry.retry(id, "ann"), Err(RegistryError::JobState { .. })), "it waits still");
    registry.finish(&claim(&registry), &Outcome::Failed(json!({"reason": "no rows"}))).unwrap();
    let again = registry.retry(id, "bob").unwrap();
    let job = registry.job(again).unwrap();
    assert_eq!((job.retry_of, job.by.as_str(), &job.request), (Some(id), "bob", &json!({"rows": 3})));
    registry.finish(&claim(&registry), &Outcome::Succeeded(Value::Null)).unwrap();
    assert!(matches!(registry.retry(again, "ann"), Err(RegistryError::JobState { .. })), "it succeeded");
}

fn lost(fresh: &Fresh) {
    let registry = fresh.open();
    let id = queue(&registry, "retrain");
    let held = claim(&registry);
    registry.beat(&held).unwrap();
    let (mut watch, start) = (Watch::new(SILENCE), Instant::now());
    let lost: Vec<JobId> = (0..5).flat_map(|step| watch.look_at(&registry, start + step * SILENCE / 4).unwrap()).collect();
    assert_eq!(lost, [id]);
    assert_eq!(registry.job(id).unwrap().state, JobState::Lost);
    for refused in [registry.beat(&held).map(|_| ()), registry.finish(&held, &Outcome::Succeeded(Value::Null))] {
        assert!(matches!(refused, Err(RegistryError::Fenced { .. })));
    }
    registry.retry(id, "ann").unwrap();
    let next = claim(&registry);
    assert!(matches!(registry.report(&held, &Value::Null), Err(RegistryError::Fenced { .. })), "the old fence stays refused");
    registry.report(&next, &Value::Null).unwrap();
}

fn not_lost(fresh: &Fresh) {
    let registry = fresh.open();
    let id = queue(&registry, "retrain");
    let held = claim(&registry);
    let (mut watch, mut now) = (Watch::new(SILENCE), Instant::now());
    for _ in 0..8 {
        now += SILENCE / 2;
        registry.beat(&held).unwrap();
        assert!(watch.look_at(&registry, now).unwrap().is_empty(), "the counter moves");
    }
    // The onlooker was stopped for a day, and another one has just begun.
    now += Duration::from_secs(24 * 3_600);
    assert!(watch.look_at(&registry, now).unwrap().is_empty(), "it saw one look's worth of silence");
    assert!(Watch::new(SILENCE).look_at(&registry, now).unwrap().is_empty());
    assert_eq!(registry.job(id).unwrap().state, JobState::Running);
}
