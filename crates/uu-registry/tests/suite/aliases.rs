//! Aliases: they move wholly, one after the other, and the audit log tells every move.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use uu_registry::{Aliases, Change, ModelVersion, Registry, RegistryError};

use crate::versions::put;
use crate::{Check, Fresh};

pub(crate) const CHECKS: &[Check] = &[
    ("the_champion_is_the_version_promoted_last_and_can_be_taken_back", moves),
    ("a_move_that_expected_another_champion_is_refused", expected),
    ("of_promotions_that_expect_the_same_champion_one_succeeds", races),
    ("the_audit_log_replays_to_the_aliases", replay),
    ("the_anchor_is_the_version_that_was_confirmed_last", anchor),
    ("any_version_that_was_the_champion_can_be_gone_back_to", back_to),
];

fn change() -> Change {
    Change { by: "test".to_owned(), reason: "a test".to_owned(), ..Change::default() }
}

fn moves(fresh: &Fresh) {
    let registry = fresh.open();
    assert_eq!(registry.aliases().unwrap(), Aliases::default());
    assert!(matches!(registry.rollback(&change()), Err(RegistryError::NoPrevious)));
    let (one, two) = (put(&registry, b"1"), put(&registry, b"2"));
    let promoted = |champion, previous, generation| Aliases {
        champion: Some(champion),
        previous,
        generation,
        watched_from: Some(0),
        anchor: Some(one),
        anchored_through: Some(0),
    };
    let back = |champion, previous, generation| Aliases { watched_from: None, ..promoted(champion, previous, generation) };
    assert_eq!(registry.promote(one, &change()).unwrap(), promoted(one, None, 1));
    assert!(matches!(registry.rollback(&change()), Err(RegistryError::NoPrevious)));
    assert_eq!(registry.promote(two, &change()).unwrap(), promoted(two, Some(one), 2));
    assert_eq!(registry.promote(two, &change()).unwrap(), promoted(two, Some(one), 2), "the champion stays what it is");
    assert_eq!(registry.rollback(&change()).unwrap(), back(one, Some(two), 3));
    let forward = back(two, Some(one), 4);
    assert_eq!(fresh.open().rollback(&change()).unwrap(), forward, "the anchor stays");
    assert_eq!(registry.aliases().unwrap(), forward);
    let missing = ModelVersion::new(9);
    assert!(matches!(registry.promote(missing, &change()), Err(RegistryError::UnknownVersion { version, .. }) if version == missing));
}

fn anchor(fresh: &Fresh) {
    let registry = fresh.open();
    let [one, two, three] = [b"1", b"2", b"3"].map(|bytes| put(&registry, bytes));
    let confirming = Change { confirms: true, ..change() };
    let named = || {
        let Aliases { champion, anchor, .. } = fresh.open().aliases().unwrap();
        (champion.unwrap(), anchor.unwrap())
    };
    registry.promote(one, &change()).unwrap();
    assert_eq!(named(), (one, one), "the first version of all");
    registry.promote(two, &change()).unwrap();
    assert_eq!(named(), (two, one), "nobody confirmed it");
    registry.rollback(&change()).unwrap();
    assert_eq!(named(), (one, one), "the anchor stays");
    registry.promote(three, &confirming).unwrap();
    assert_eq!(named(), (three, three));
    registry.rollback(&change()).unwrap();
    assert_eq!(named(), (one, three), "the service goes back from the anchor, and leaves it");
    registry.rollback_to(three, &change()).unwrap();
    registry.rollback_to(two, &change()).unwrap();
    assert_eq!(named(), (two, three), "to whichever version");
    registry.rollback_to(three, &confirming).unwrap();
    assert_eq!(named(), (three, three));
    registry.rollback_to(one, &confirming).unwrap();
    assert_eq!(named(), (one, one), "what an admin took back is not confirmed any more");
    registry.promote(two, &change()).unwrap();
    registry.rollback(&confirming).unwrap();
    assert_eq!(named(), (one, one));
    assert_eq!(registry.champions().unwrap().into_iter().collect::<Vec<_>>(), [one, two, three]);
    registry.promote(two, &change()).unwrap();
    registry.observe(&[], "ann").unwrap();
    let generation = registry.aliases().unwrap().generation;
    let confirmed = registry.promote(two, &confirming).unwrap();
    assert_eq!(
        (named(), confirmed.previous, confirmed.generation),
        ((two, two), Some(one), generation + 1),
        "the champion is confirmed where it is"
    );
    assert_eq!(confirmed.anchored_through, Some(1));
    // What a release that knows no anchor leaves.
    fresh.execute("UPDATE aliases SET anchor = NULL, anchored_through = NULL");
    assert_eq!(named(), (two, two));
    registry.promote(one, &change()).unwrap();
    assert_eq!(named(), (one, two), "the champion of that time is kept");
}

fn back_to(fresh: &Fresh) {
    let registry = fresh.open();
    let versions: Vec<ModelVersion> = (0..6).map(|index| put(&registry, &[index])).collect();
    assert!(matches!(registry.rollback_to(versions[0], &change()), Err(RegistryError::NeverChampion { .. })));
    for version in &versions[..5] {
        registry.promote(*version, &change()).unwrap();
    }
    registry.sweep_older_than(std::time::Duration::ZERO).unwrap();
    for target in [versions[1], versions[0], versions[3]] {
        let before = registry.aliases().unwrap();
        let after = fresh.open().rollback_to(target, &change()).unwrap();
        assert_eq!((after.champion, after.previous, after.watched_from), (Some(target), before.champion, None));
        assert!(registry.read(target).is_ok(), "a sweep keeps what can be gone back to");
    }
    let error = registry.rollback_to(versions[5], &change()).unwrap_err();
    assert_eq!(error.to_string(), "version `v0006` never answered requests, so it is none to go back to");
    assert!(matches!(registry.rollback_to(ModelVersion::new(9), &change()), Err(RegistryError::UnknownVersion { .. })));
    assert_eq!(registry.rollback_to(versions[3], &change()).unwrap(), registry.aliases().unwrap(), "it answers already");
    let last = &registry.audit_log(1, None).unwrap()[0];
    assert_eq!((last.action.as_str(), last.subject.as_str()), ("rollback", "v0004"));
}

fn expected(fresh: &Fresh) {
    let registry = fresh.open();
    let (one, two) = (put(&registry, b"1"), put(&registry, b"2"));
    let expecting = |champion| Change { expected_champion: Some(champion), figures: json!({"median_ape": 0.16}), ..change() };
    registry.promote(one, &expecting(None)).unwrap();
    let error = registry.promote(two, &expecting(None)).unwrap_err();
    assert_eq!(error.to_string(), "the champion was expected to be none, and is `v0001`: somebody else changed it");
    registry.promote(two, &expecting(Some(one))).unwrap();
    assert!(matches!(registry.rollback(&expecting(Some(one))), Err(RegistryError::Moved { .. })));
    registry.rollback(&expecting(Some(two))).unwrap();
    let log = registry.audit_log(1, None).unwrap();
    assert_eq!((log[0].action.as_str(), &log[0].details["figures"]["median_ape"]), ("rollback", &json!(0.16)));
}

fn races(fresh: &Fresh) {
    let registry = fresh.open();
    let versions: Vec<ModelVersion> = (0..6).map(|index| put(&registry, &[index])).collect();
    let change = Change { expected_champion: Some(None), ..change() };
    let won: usize = std::thread::scope(|scope| {
        let racers: Vec<_> = versions.iter().map(|version| scope.spawn(|| fresh.open().promote(*version, &change).is_ok())).collect();
        racers.into_iter().map(|racer| usize::from(racer.join().unwrap())).sum()
    });
    assert_eq!(won, 1);
    assert_eq!(registry.aliases().unwrap().generation, 1);
}

fn replay(fresh: &Fresh) {
    // None is a rollback, some a promotion of that version.
    let moves = prop::collection::vec(prop::option::weighted(0.6, 0usize..4), 0..12);
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let law = |moves: Vec<Option<usize>>| {
        let fresh = fresh.another();
        let registry = fresh.open();
        let versions: Vec<ModelVersion> = (0..4).map(|index| put(&registry, &[index])).collect();
        let mut told = Aliases::default();
        for chosen in moves {
            let moved = chosen.map_or_else(|| registry.rollback(&change()), |index| registry.promote(versions[index], &change()));
            match moved {
                Ok(aliases) => told = aliases,
                Err(RegistryError::NoPrevious) => {}
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
            prop_assert_eq!(registry.aliases().unwrap(), told);
        }
        prop_assert_eq!(replayed(&registry), told);
        Ok(())
    };
    runner.run(&moves, law).unwrap();
}

/// The aliases as the log alone tells them.
fn replayed(registry: &Registry) -> Aliases {
    let mut aliases = Aliases::default();
    let mut log = registry.audit_log(1_000, None).unwrap();
    log.reverse();
    for record in log {
        let version = || Some(record.subject.parse().unwrap());
        match record.action.as_str() {
            "promote" => {
                let first = aliases.champion.is_none();
                let (anchor, anchored_through) = if first { (version(), Some(0)) } else { (aliases.anchor, aliases.anchored_through) };
                let (previous, watched_from) = (aliases.champion, Some(0));
                aliases = Aliases { previous, champion: version(), watched_from, anchor, anchored_through, ..aliases };
            }
            "rollback" => {
                aliases = Aliases { previous: aliases.champion, champion: aliases.previous, watched_from: None, ..aliases };
            }
            _ => continue,
        }
        aliases.generation += 1;
        assert_eq!(json!(aliases), record.details["after"], "each record tells what came of it");
        assert_ne!(record.details["before"], Value::Null);
    }
    aliases
}
