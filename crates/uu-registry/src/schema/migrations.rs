//! The tables, step by step.
//!
//! A deployment that fails leaves the old release on the tables of the new one: so a migration is best such that whoever does not know it can go
//! on, and says whether it is. What one may do depends on that:
//!
//! - It never changes once it was released; the next one is appended. `BIGINT` and `TEXT` mean the same to both databases, and a backup knows
//!   no other types.
//! - After [`Older::GoesOn`] every statement of the releases before does what it did: there are new tables, new indexes that refuse no row which was
//!   good before, and new columns with a default or without `NOT NULL`. Nothing is renamed, dropped or held to more. No old column gets values that an
//!   older release cannot read, such as another state of a job. What the new release takes from the new columns is right also for rows that an older
//!   one writes meanwhile: these hold the defaults.
//! - A new column of an old table refers to no new table: tables are backed up and restored in the order in which they were made. Nothing new refers to
//!   rows that older releases delete, which are those of `uploads` and `windows`.
//! - A table that names objects does so in columns called `object`, `sha256` and `size_bytes`: by these an older release knows what to back up, and
//!   what not to sweep.
//! - Anything else is [`Older::Stops`]: older releases refuse the database from then on, and one that serves beside the new one may fail at once. Such a
//!   change is made in two releases: one adds the new and uses it, the next one takes the old away.

/// A step from one schema to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    pub(super) older: Older,
    pub(super) statements: &'static [&'static str],
}

/// What a release that does not know a migration does with a database that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Older {
    /// It works on the database as before.
    GoesOn,
    /// It refuses the database.
    Stops,
}

/// All of them. A schema's number is how many were applied.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { older: Older::Stops, statements: FIRST },
    Migration { older: Older::GoesOn, statements: SECOND },
    Migration { older: Older::GoesOn, statements: THIRD },
    Migration { older: Older::GoesOn, statements: FOURTH },
    Migration { older: Older::GoesOn, statements: TOKEN_EXPIRY },
    Migration { older: Older::GoesOn, statements: ANCHOR },
    Migration { older: Older::GoesOn, statements: SENDERS },
];

const FIRST: &[&str] = &[
    "CREATE TABLE versions (
        number BIGINT PRIMARY KEY,
        object TEXT NOT NULL UNIQUE,
        sha256 TEXT NOT NULL,
        size_bytes BIGINT NOT NULL,
        about TEXT NOT NULL,
        data_fingerprint TEXT,
        parent BIGINT REFERENCES versions (number),
        made_at BIGINT NOT NULL,
        made_by TEXT NOT NULL,
        reason TEXT NOT NULL
    )",
    "CREATE TABLE aliases (
        id BIGINT PRIMARY KEY CHECK (id = 1),
        champion BIGINT REFERENCES versions (number),
        previous BIGINT REFERENCES versions (number),
        generation BIGINT NOT NULL
    )",
    "INSERT INTO aliases (id, champion, previous, generation) VALUES (1, NULL, NULL, 0)",
    "CREATE TABLE audit_log (
        id BIGINT PRIMARY KEY,
        happened_at BIGINT NOT NULL,
        made_by TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        details TEXT NOT NULL
    )",
    "CREATE TABLE jobs (
        id BIGINT PRIMARY KEY,
        kind TEXT NOT NULL,
        request TEXT NOT NULL,
        made_by TEXT NOT NULL,
        state TEXT NOT NULL,
        worker TEXT,
        fence BIGINT NOT NULL,
        heartbeat BIGINT NOT NULL,
        progress TEXT,
        outcome TEXT,
        cancel_requested BIGINT NOT NULL,
        retry_of BIGINT REFERENCES jobs (id),
        queued_at BIGINT NOT NULL,
        started_at BIGINT,
        ended_at BIGINT
    )",
    "CREATE INDEX jobs_by_state ON jobs (state, kind)",
    // Whatever a release may do wrong, two jobs of a kind do not run at a time.
    "CREATE UNIQUE INDEX jobs_running ON jobs (kind) WHERE state = 'running'",
    "CREATE TABLE job_events (
        job BIGINT NOT NULL REFERENCES jobs (id),
        number BIGINT NOT NULL,
        happened_at BIGINT NOT NULL,
        state TEXT NOT NULL,
        details TEXT NOT NULL,
        PRIMARY KEY (job, number)
    )",
    "CREATE TABLE batches (
        id BIGINT PRIMARY KEY,
        row_count BIGINT NOT NULL,
        made_by TEXT NOT NULL,
        origin TEXT NOT NULL,
        fingerprint TEXT,
        object TEXT UNIQUE,
        sha256 TEXT,
        size_bytes BIGINT,
        received_at BIGINT NOT NULL,
        quarantined TEXT
    )",
    "CREATE TABLE observations (
        number BIGINT PRIMARY KEY,
        batch BIGINT NOT NULL REFERENCES batches (id),
        source TEXT,
        site TEXT,
        month TEXT NOT NULL,
        fields TEXT NOT NULL
    )",
    "CREATE INDEX observations_by_batch ON observations (batch)",
    "CREATE TABLE tokens (
        id BIGINT PRIMARY KEY,
        name TEXT NOT NULL,
        scope TEXT NOT NULL,
        sha256 TEXT NOT NULL UNIQUE,
        made_by TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        revoked_by TEXT,
        revoked_at BIGINT
    )",
];

/// What the service needs to look after itself: which observations were looked at, since when a champion is watched, what jobs were handed,
/// what replicas have counted.
const SECOND: &[&str] = &[
    "ALTER TABLE batches ADD COLUMN examined BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE aliases ADD COLUMN watched_from BIGINT",
    "CREATE TABLE uploads (
        job BIGINT NOT NULL REFERENCES jobs (id),
        number BIGINT NOT NULL,
        name TEXT NOT NULL,
        object TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size_bytes BIGINT NOT NULL,
        PRIMARY KEY (job, number)
    )",
    "CREATE INDEX uploads_by_object ON uploads (object)",
    "CREATE TABLE windows (
        worker TEXT NOT NULL,
        version BIGINT NOT NULL REFERENCES versions (number),
        counted_at BIGINT NOT NULL,
        counts TEXT NOT NULL,
        PRIMARY KEY (worker, version)
    )",
];

/// Which releases may work on the database, and its tables for one that does not know them all: names, in the order in which they were made, between
/// spaces. Releases before this schema cannot read that, and refuse every schema that is newer than theirs.
const THIRD: &[&str] = &[
    "ALTER TABLE registry_schema ADD COLUMN lowest BIGINT NOT NULL DEFAULT 1",
    "ALTER TABLE registry_schema ADD COLUMN table_names TEXT NOT NULL DEFAULT ''",
];

/// What distinguishes a store from every other one, and from a new one: its identity, which the places of its bytes repeat, and the greatest number a
/// version ever had. A backup holds neither: what is restored belongs to the store it is restored into.
const FOURTH: &[&str] = &[
    "ALTER TABLE registry_schema ADD COLUMN identity TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE registry_schema ADD COLUMN last_version BIGINT NOT NULL DEFAULT 0",
    "UPDATE registry_schema SET last_version = (SELECT COALESCE(MAX(number), 0) FROM versions)",
];

/// Until when a token is good; without a value, until it is revoked. Releases that do not know the column take an expired token for a good one.
const TOKEN_EXPIRY: &[&str] = &["ALTER TABLE tokens ADD COLUMN expires_at BIGINT"];

/// Which version a person has confirmed, and what of the rows is known without reading them. Where an older release kept a batch, how many of its rows are
/// generated is unknown; where it moved the aliases, the anchor stayed where it was.
const ANCHOR: &[&str] = &[
    "ALTER TABLE aliases ADD COLUMN anchor BIGINT REFERENCES versions (number)",
    "ALTER TABLE aliases ADD COLUMN anchored_through BIGINT",
    "ALTER TABLE batches ADD COLUMN generated BIGINT",
    "ALTER TABLE batches ADD COLUMN confirmed BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX batches_by_generated ON batches (generated)",
];

/// By which the observations of one sender are counted. What is set aside is left out, whose reasons may be long.
const SENDERS: &[&str] =
    &["CREATE INDEX batches_by_sender ON batches (made_by, examined, row_count) WHERE quarantined IS NULL AND origin = 'observe'"];
