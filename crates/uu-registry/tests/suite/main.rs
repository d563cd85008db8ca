//! One list of checks over every place state can be kept in: SQLite with a folder, PostgreSQL with a folder, PostgreSQL with an S3 store.
//!
//! The servers are real ones, started for this run. Where one cannot be, its checks are said to be skipped and counted as ignored.
#![expect(clippy::unwrap_used, reason = "a failed step fails the check")]

mod adoption;
mod aliases;
mod backend;
mod backup;
mod crash;
mod damage;
mod full_disk;
mod jobs;
mod observations;
mod older_releases;
mod opening;
mod outage;
mod restoring;
mod sweeping;
mod tokens;
mod upgrade;
mod uploads;
mod versions;

use std::io::Write;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use backend::{Backend, Fresh};
use uu_testkit::postgres::Postgres;
use uu_testkit::s3::{CREDENTIALS, S3};

/// A check of one place, which is new and empty.
type Check = (&'static str, fn(&Fresh));

fn checks() -> Vec<Check> {
    [
        opening::CHECKS,
        versions::CHECKS,
        aliases::CHECKS,
        jobs::CHECKS,
        observations::CHECKS,
        tokens::CHECKS,
        backup::CHECKS,
        restoring::CHECKS,
        sweeping::CHECKS,
        uploads::CHECKS,
        adoption::CHECKS,
        older_releases::CHECKS,
        damage::CHECKS,
        upgrade::CHECKS,
    ]
    .concat()
}

fn main() -> ExitCode {
    if let Some(store) = std::env::var_os(crash::WRITER) {
        crash::write_for_ever(store.as_ref());
    }
    if CREDENTIALS.iter().any(|(name, _)| std::env::var_os(name).is_none()) {
        // Credentials come from the environment, and a process does not safely change its own.
        let again = Command::new(std::env::current_exe().unwrap()).args(std::env::args_os().skip(1)).envs(CREDENTIALS).status();
        return if again.unwrap().success() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let arguments = Arguments::from_args();
    let postgres = Postgres::start().map(Arc::new);
    let s3 = S3::start().map(Arc::new);
    let both = postgres.as_ref().map_err(Clone::clone).and_then(|postgres| Ok((postgres, s3.as_ref().map_err(Clone::clone)?)));
    let backends = [
        ("sqlite", Ok(Backend::Sqlite)),
        ("postgres", postgres.as_ref().map(|server| Backend::Postgres(Arc::clone(server))).map_err(Clone::clone)),
        ("postgres_s3", both.map(|(server, store)| Backend::PostgresAndS3(Arc::clone(server), Arc::clone(store)))),
    ];
    let mut trials = Vec::new();
    for (name, backend) in backends {
        match backend {
            Ok(backend) => trials.extend(checks().into_iter().map(|check| of(name, &backend, check))),
            Err(reason) => trials.extend(checks().iter().map(|(check, _)| skipped(&format!("{name}::{check}"), &reason))),
        }
    }
    trials.extend(alone("crash::a_process_killed_at_any_instant_loses_nothing_it_acknowledged", Ok(()), crash::check));
    trials.extend(alone("full_disk::a_full_disk_is_told_and_leaves_nothing_half_done", full_disk::possible(), full_disk::check));
    let possible = postgres.as_ref().map(|_| ()).map_err(Clone::clone);
    trials.extend(alone("outage::a_database_that_was_away_serves_again_without_reopening", possible, outage::check));
    if arguments.ignored || arguments.include_ignored {
        // What is skipped for want of a server would be run, and could only fail.
        trials.retain(|trial| !trial.has_ignored_flag());
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop((postgres, s3));
    conclusion.exit_code()
}

fn of(name: &str, backend: &Backend, (check, run): Check) -> Trial {
    let backend = backend.clone();
    Trial::test(format!("{name}::{check}"), move || {
        run(&backend.fresh());
        Ok(())
    })
}

fn alone(name: &'static str, possible: Result<(), String>, check: fn()) -> Option<Trial> {
    Some(match possible {
        Ok(()) => Trial::test(name, move || {
            check();
            Ok(())
        }),
        Err(reason) => skipped(name, &reason),
    })
}

fn skipped(name: &str, reason: &str) -> Trial {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {name}, since {reason}");
    Trial::test(name, || Ok(())).with_ignored_flag(true)
}
