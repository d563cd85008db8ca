//! Releases of several schemas on one database.

use super::*;
use crate::Location;

/// The migrations of a release after this one.
fn next(older: Older) -> &'static [Migration] {
    let statements: &[&str] =
        &["CREATE TABLE reports (id BIGINT PRIMARY KEY)", "ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 0"];
    Box::leak([MIGRATIONS, &[Migration { older, statements }]].concat().into_boxed_slice())
}

async fn new_database(folder: &tempfile::TempDir) -> Database {
    Database::connect(&Location::folder(folder.path())).await.unwrap()
}

async fn stamp(database: &Database) -> (i64, i64, String) {
    let rows = database.fetch("SELECT number, lowest, table_names FROM registry_schema", Vec::new()).await.unwrap();
    (rows[0].integer("number").unwrap(), rows[0].integer("lowest").unwrap(), rows[0].text("table_names").unwrap())
}

#[test]
fn the_lowest_release_is_that_of_the_last_migration_that_stops_older_ones() {
    let of = |kinds: &[Older]| lowest_of(&kinds.iter().map(|older| Migration { older: *older, statements: &[] }).collect::<Vec<_>>());
    assert_eq!(of(&[Older::Stops]), 1);
    assert_eq!(of(&[Older::Stops, Older::GoesOn, Older::GoesOn]), 1);
    assert_eq!(of(&[Older::Stops, Older::GoesOn, Older::Stops, Older::GoesOn]), 3);
    assert_eq!((lowest_of(MIGRATIONS), SUPPORTED), (1, 7), "a migration that was released never changes");
}

#[tokio::test]
async fn an_older_release_goes_on_and_lowers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = new_database(&folder).await;
    migrate(&database).await.unwrap();
    bring_up(&database, next(Older::GoesOn)).await.unwrap();
    let newer = stamp(&database).await;
    assert_eq!((newer.0, newer.1), (SUPPORTED + 1, 1));
    assert!(newer.2.ends_with("windows reports"), "{}", newer.2);
    migrate(&database).await.unwrap();
    assert_eq!(stamp(&database).await, newer);
    let mut snapshot = database.snapshot().await.unwrap();
    assert_eq!(number(&mut snapshot).await.unwrap(), SUPPORTED + 1);
    assert_eq!(all_tables(&mut snapshot).await.unwrap().join(" "), newer.2);
}

#[tokio::test]
async fn a_migration_that_stops_older_releases_stops_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let database = new_database(&folder).await;
    bring_up(&database, next(Older::Stops)).await.unwrap();
    let newer = stamp(&database).await;
    let error = migrate(&database).await.unwrap_err();
    assert!(matches!(error, RegistryError::NewerSchema { found: 8, lowest: 8, supported: SUPPORTED }), "{error}");
    assert_eq!(stamp(&database).await, newer, "it is as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_of_two_releases_may_start_at_once_on_a_new_database() {
    let next = next(Older::GoesOn);
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let databases =
            [new_database(&folder).await, new_database(&folder).await, new_database(&folder).await, new_database(&folder).await];
        let starts = databases.into_iter().zip([MIGRATIONS, next, MIGRATIONS, next]);
        let starts: Vec<_> =
            starts.map(|(database, migrations)| tokio::spawn(async move { bring_up(&database, migrations).await })).collect();
        for start in starts {
            start.await.unwrap().unwrap();
        }
        assert_eq!(stamp(&new_database(&folder).await).await.0, SUPPORTED + 1);
    }
}
