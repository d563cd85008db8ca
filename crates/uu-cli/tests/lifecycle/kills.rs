//! `kill -9` at any instant of a re-training and of a promotion, and artifacts that were cut short.

use std::time::Duration;

use uu_data::Draws;
use uu_model::Model;

use crate::fixture::fixture;
use crate::hot_swap::expected;
use crate::load::Load;
use crate::place::{Backend, Place, change, put};
use crate::server::{Server, say, signal, wait_until};

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
    let place = Place::with_two_versions(backend);
    let mut server = Server::start(&place);
    let expected = expected(&server);
    let mut draws = Draws::new("kills", 1);
    let rows = fixture().few_rows("second.csv", 1_500);
    let file = place.folder.path().join("rows.csv");
    std::fs::write(&file, &rows).unwrap();

    // Processes of their own on the same store: what they leave behind is what a crash leaves, and the server answers all the while.
    let load = Load::start(&server.address, &expected);
    let mut acknowledged = 0;
    for number in 0..kills.retrainings {
        let mut child = place
            .command(&["retrain", "--data", file.to_str().unwrap(), "--json"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis((draws.uniform() * 3_000.0) as u64));
        signal("KILL", child.id());
        child.wait().unwrap();
        let answer = server
            .post("/observations", &format!(r#"{{"2024-01": {{"domain": "site{number}.com", "visits": 1000, "uniqueUsers": 400}}}}"#));
        acknowledged += usize::from(answer.status == 201);
        inspect(&place, acknowledged);
        // What a whole re-training put in use is not what the load knows.
        place.registry().promote("v0001".parse().unwrap(), &change("again")).unwrap();
        server.wait_for_version("v0001");
    }
    for _ in 0..kills.promotions {
        let version = if draws.uniform() < 0.5 { "v0001" } else { "v0002" };
        let mut child = place.command(&["models", "promote", version]).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros((draws.uniform() * 150_000.0) as u64));
        signal("KILL", child.id());
        child.wait().unwrap();
        inspect(&place, acknowledged);
    }
    let requests = load.stop();
    assert!(requests > 0);

    // The server itself, and with it the process that re-trains.
    for number in 0..kills.servers {
        let job = server.deliver("", &rows);
        std::thread::sleep(Duration::from_millis((draws.uniform() * 3_000.0) as u64));
        server.kill();
        inspect(&place, acknowledged);
        let kept = place.registry();
        assert!(kept.job(uu_registry::JobId(job)).is_ok(), "what was acknowledged is there");
        server = Server::start(&place);
        assert!(!server.answering().is_empty());
        wait_until("the job is told to be lost, or is done", || !["queued", "running"].contains(&server.state(job).as_str()));
        let file = kept.uploads(uu_registry::JobId(job)).unwrap();
        assert!(
            server.state(job) == "succeeded" || kept.read_upload(&file[0]).unwrap() == rows,
            "kill {number}: the delivery is kept for a retry"
        );
    }
    say(&format!("{} kills under {requests} requests", kills.retrainings + kills.promotions + kills.servers));
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
