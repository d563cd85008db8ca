//! Promotions that reach every replica, while requests do not stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::load::{Answers, Load, answers};
use crate::place::{Backend, Place};
use crate::server::{Server, say, wait_until};

pub(crate) fn some(backend: &Backend) {
    promotions(backend, 20);
}

pub(crate) fn many(backend: &Backend) {
    promotions(backend, 200);
}

/// What each of the two versions answers; the first one is in use afterwards.
pub(crate) fn expected(server: &Server) -> Arc<Answers> {
    let mut expected = Answers::new();
    for version in ["v0002", "v0001"] {
        assert_eq!(server.post_patiently(&format!("/models/{version}/promote"), "").status, 200);
        server.wait_for_version(version);
        expected.insert(version.to_owned(), answers(server));
    }
    assert_ne!(expected["v0001"], expected["v0002"]);
    Arc::new(expected)
}

fn promotions(backend: &Backend, count: usize) {
    let place = Place::with_two_versions(backend);
    let replicas = [Server::start(&place), Server::start(&place)];
    let expected = expected(&replicas[0]);
    let loads: Vec<Load> = replicas.iter().map(|replica| Load::start(&replica.address, &expected)).collect();
    let mut slowest = Duration::ZERO;
    for number in 0..count {
        let via = &replicas[number % 2];
        // Every third is a rollback, which puts the other of the two versions in use as well.
        let before = via.champion();
        let after = if before == "v0001" { "v0002" } else { "v0001" };
        let path = if number % 3 == 2 { "/models/rollback".to_owned() } else { format!("/models/{after}/promote") };
        let answer = via.post_patiently(&path, &format!(r#"{{"expected_champion": "{before}"}}"#));
        assert_eq!((answer.status, &answer.json()["champion"]), (200, &json!(after)), "{}", answer.body);
        let start = Instant::now();
        replicas.iter().for_each(|replica| replica.wait_for_version(after));
        slowest = slowest.max(start.elapsed());
        // However slow the machine is, each move has requests before and after it.
        loads.iter().for_each(|load| load.wait_for(5));
    }
    let requests: usize = loads.into_iter().map(Load::stop_without_others).sum();
    say(&format!("{count} moves under {requests} requests; the slowest reached both replicas within {slowest:?}"));
    assert!(requests >= count * 10);
}

/// Two replicas are told at once to promote different versions in place of the same one: one does, and both agree which.
pub(crate) fn race(backend: &Backend) {
    let place = Place::with_two_versions(backend);
    let third = crate::place::put(&place.registry(), &crate::fixture::fixture().artifacts[1]);
    let replicas = [Server::start(&place), Server::start(&place)];
    for _ in 0..5 {
        place.registry().promote("v0001".parse().unwrap(), &crate::place::change("again")).unwrap();
        let wanted = ["v0002".to_owned(), third.to_string()];
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let racers: Vec<_> = replicas
                .iter()
                .zip(&wanted)
                .map(|(replica, version)| {
                    scope.spawn(move || replica.post(&format!("/models/{version}/promote"), r#"{"expected_champion": "v0001"}"#).status)
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let won = statuses.iter().position(|status| *status == 200).expect("one wins");
        assert_eq!(statuses[1 - won], 409, "{statuses:?}");
        for replica in &replicas {
            wait_until("both replicas agree", || replica.answering() == wanted[won]);
        }
    }
}
