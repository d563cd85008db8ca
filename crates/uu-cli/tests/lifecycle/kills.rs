//! `kill -9` at any instant of a re-training and of a promotion, and artifacts that were cut short.

use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use uu_core::stats::Draws;
use uu_model::Model;
use uu_registry::JobId;

use crate::fixture::fixture;
use crate::hot_swap::expected;
use crate::load::{Answered, Load, answers};
use crate::place::{Backend, Place, change, put};
use crate::server::{Server, say, wait_until};

/// How often each kind of work is killed.
struct Kills {
    retrainings: usize,
    promotions: usize,
    servers: usize,
}

pub(crate) fn some(backend: &Backend) {
    kill(backend, &Kills { retrainings: 4, promotions: 8, servers: 2 });
}

pub(crate) fn many(backend: &Backend) {
    kill(backend, &Kills { retrainings: 100, promotions: 100, servers: 20 });
}

fn kill(backend: &Backend, kills: &Kills) {
    let mut instants = Instants::new();
    let place = Place::with_two_versions(backend);
    let mut server = Server::start(&place);
    let expected = expected(&server);
    let rows = fixture().few_rows("second.csv", 1_500);
    let file = place.folder.path().join("rows.csv");
    std::fs::write(&file, &rows).unwrap();
    let retrain = ["retrain", "--data", file.to_str().unwrap()];
    let (whole_retraining, whole_promotion) = whole(backend, &retrain);

    // Processes of their own on the same store: what they leave behind is what a crash leaves, and the server answers all the while.
    let load = Load::start(&server.address, &expected);
    let (mut acknowledged, mut ended_before) = (0, 0);
    for number in 0..kills.retrainings {
        ended_before += usize::from(killed(&place, &retrain, instants.next(whole_retraining)));
        let observation = format!(r#"{{"2024-01": {{"domain": "site{number}.com", "visits": 1000, "uniqueUsers": 400}}}}"#);
        acknowledged += usize::from(server.post("/observations", &observation).status == 201);
        inspect(&place, acknowledged);
    }
    for _ in 0..kills.promotions {
        let version = if instants.draws.uniform() < 0.5 { "v0001" } else { "v0002" };
        ended_before += usize::from(killed(&place, &["models", "promote", version], instants.next(whole_promotion)));
        inspect(&place, acknowledged);
    }
    let mut of = kills.retrainings + kills.promotions;
    // Where the machine has become much quicker since a whole one was timed, all may have ended before: then sooner and sooner.
    let mut after = whole_promotion;
    while ended_before == of {
        after /= 2;
        ended_before += usize::from(killed(&place, &["models", "promote", "v0001"], after));
        of += 1;
        inspect(&place, acknowledged);
    }
    let answered = load.stop();
    explain(&place, &server, &answered);

    // The server itself, and with it the process that re-trains.
    for number in 0..kills.servers {
        let job = server.deliver("", &rows);
        std::thread::sleep(instants.next(whole_retraining));
        server.kill();
        inspect(&place, acknowledged);
        let kept = place.registry();
        assert!(kept.job(JobId(job)).is_ok(), "what was acknowledged is there");
        server = Server::start(&place);
        assert!(!server.answering().is_empty());
        let ended = server.wait_for_end(job);
        // One that had come to its end before the kill is not to be tried again, and its delivery is not needed.
        let done = ["succeeded", "refused"].contains(&ended["state"].as_str().unwrap());
        let file = kept.uploads(JobId(job)).unwrap();
        assert!(done || kept.read_upload(&file[0]).unwrap() == rows, "kill {number}: the delivery is kept for a retry: {ended}");
    }
    say(&format!("{} kills under {} requests; {ended_before} of {of} commands had ended before", of + kills.servers, answered.requests));
    assert!(answered.requests > 0, "no request was answered meanwhile");
}

/// When to kill.
struct Instants {
    draws: Draws,
}

impl Instants {
    /// Other ones in each run, and the same ones again where `KILLS_SEED` says so.
    fn new() -> Self {
        let given = std::env::var("KILLS_SEED").ok().map(|seed| seed.parse().expect("`KILLS_SEED` is a number"));
        let seed = given.unwrap_or_else(|| u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos()));
        say(&format!("the instants of kills are drawn with KILLS_SEED={seed}"));
        Self { draws: Draws::new("kills", seed) }
    }

    /// Some instant of work that takes about so long, up to its end.
    fn next(&mut self, whole: Duration) -> Duration {
        whole.mul_f64(self.draws.uniform() * 1.1)
    }
}

/// How long a whole re-training and a whole promotion take here: the kills are to be at all of their steps.
fn whole(backend: &Backend, retrain: &[&str]) -> (Duration, Duration) {
    let place = Place::with_two_versions(backend);
    let timed = |arguments: &[&str]| {
        let begin = Instant::now();
        let output = place.run(arguments);
        assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
        begin.elapsed()
    };
    let (retraining, promotion) = (timed(retrain), timed(&["models", "promote", "v0002"]));
    say(&format!("a whole re-training takes {retraining:?} here, a promotion {promotion:?}"));
    (retraining, promotion)
}

/// Begins a command and kills it after a while; whether it had ended before.
fn killed(place: &Place, arguments: &[&str], after: Duration) -> bool {
    let mut child = place.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    ended
}

/// Every answer that neither of the first two versions gives is one of a version that a re-training has put in use as a whole.
fn explain(place: &Place, server: &Server, answered: &Answered) {
    let mut unexplained = answered.unexpected.clone();
    for record in place.registry().list().unwrap() {
        if unexplained.is_empty() {
            break;
        }
        place.registry().promote(record.version, &change("what does it answer?")).unwrap();
        server.wait_for_version(&record.version.to_string());
        for answer in answers(server).into_iter().enumerate() {
            unexplained.remove(&answer);
        }
    }
    assert!(unexplained.is_empty(), "no version answers {unexplained:?}");
}

/// The store opens, every version is whole, the one in use answers, and what was acknowledged is there.
fn inspect(place: &Place, acknowledged: usize) {
    let registry = place.registry();
    for record in registry.list().unwrap() {
        registry.read(record.version).unwrap();
    }
    let champion = registry.aliases().unwrap().champion.expect("one answers");
    Model::from_bytes(&registry.read(champion).unwrap()).unwrap();
    for batch in registry.batches().unwrap() {
        registry.read_batch(batch.id).unwrap();
    }
    let kept: usize = registry.batches().unwrap().iter().filter(|batch| batch.origin == "observe").map(|batch| batch.rows as usize).sum();
    assert_eq!(kept, acknowledged);
}

pub(crate) fn damaged(backend: &Backend) {
    let place = Place::with_two_versions(backend);
    let registry = place.registry();
    let server = Server::start(&place);
    let third = put(&registry, &fixture().artifacts[1]);
    let whole = place.objects().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "uumodel"));
    let newest = whole.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap();
    let bytes = std::fs::read(&newest).unwrap();
    std::fs::write(&newest, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(server.post(&format!("/models/{third}/promote"), "").status, 500, "a damaged version is not put in use");
    assert_eq!(server.answering(), "v0001");

    // Somebody puts it in use all the same: what answered goes on, and a server that starts then takes the version before.
    registry.promote(third, &change("by hand")).unwrap();
    wait_until("the damage is told", || server.log.lock().unwrap().contains("is damaged"));
    assert_eq!(server.answering(), "v0001");
    let second = Server::start(&place);
    assert_eq!(second.answering(), "v0001");
    assert!(second.log.lock().unwrap().contains("the version before answers"));
    std::fs::write(&newest, &bytes).unwrap();
    for server in [&server, &second] {
        server.wait_for_version(&third.to_string());
    }
}
