//! The life of a model from outside: real servers on SQLite and on a real PostgreSQL, re-trained, promoted, killed, starved.
//!
//! One list of checks over the places where state can be. The long variants, with hundreds of kills and promotions, are `#[ignore]`d as
//! others are: `./test --full` runs them.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

#[cfg(target_os = "linux")]
mod bombs;
#[cfg(target_os = "linux")]
mod clock;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod fixture;
#[cfg(target_os = "linux")]
mod hot_swap;
#[cfg(target_os = "linux")]
mod incoming;
#[cfg(target_os = "linux")]
mod kills;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod outage;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
mod rolled_back;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod story;
#[cfg(target_os = "linux")]
mod uploads;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("SKIPPED: processes are looked into by way of /proc, which only Linux has");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    checks::main()
}

#[cfg(target_os = "linux")]
mod checks {
    use std::process::ExitCode;
    use std::sync::Arc;

    use libtest_mimic::{Arguments, Trial};
    use uu_testkit::postgres::Postgres;
    use uu_testkit::s3::S3;

    use crate::place::Backend;
    use crate::server::say;
    use crate::{bombs, clock, disk, hot_swap, incoming, kills, outage, rolled_back, story, uploads};

    /// A check of one backend.
    type Check = (&'static str, fn(&Backend));

    /// What a check needs beside; why it cannot be made where that is not there.
    fn possible(check: &str) -> Result<(), String> {
        match check {
            "a_full_disk_is_told_and_estimates_go_on" | "a_full_temporary_folder_is_told_and_estimates_go_on" => disk::possible(),
            "a_clock_that_jumps_changes_nothing" => clock::possible(),
            "rows_that_lie_in_the_artifact_store_are_learned" => S3::possible(),
            _ => Ok(()),
        }
    }

    const CHECKS: [Check; 17] = [
        ("new_rows_are_learned_bad_ones_refused_and_a_forced_mistake_is_taken_back", story::story),
        ("a_job_is_cancelled_survives_a_restart_and_fails_with_its_process", story::jobs),
        ("a_training_that_wants_too_much_memory_ends_alone", story::memory),
        ("the_first_token_is_printed_once_and_no_secret_is_logged", story::secrets),
        ("a_retraining_or_promotion_killed_at_any_instant_leaves_a_whole_model", kills::some),
        ("a_damaged_artifact_does_not_answer_and_what_answered_goes_on", kills::damaged),
        ("a_full_disk_is_told_and_estimates_go_on", disk::full),
        ("a_full_temporary_folder_is_told_and_estimates_go_on", disk::temporary),
        ("a_database_that_is_away_for_a_while_is_waited_for", outage::short),
        ("a_version_serves_on_after_a_newer_one_that_was_sick", rolled_back::serves_on),
        ("two_replicas_that_promote_at_once_agree", hot_swap::race),
        ("promotions_under_load_fail_no_request_and_mix_no_models", hot_swap::some),
        ("a_clock_that_jumps_changes_nothing", clock::jumps),
        ("hostile_deliveries_are_refused_in_bounded_memory_and_leave_nothing", uploads::some),
        ("small_bodies_that_stand_for_much_are_refused_in_bounded_memory", bombs::bombs),
        ("rows_that_lie_in_the_artifact_store_are_learned", incoming::learned),
        ("a_model_that_drifts_is_retrained_by_policy", story::policy),
    ];

    const LONG: [Check; 4] = [
        ("long_hundreds_of_kills", kills::many),
        ("long_a_database_away_for_half_a_minute", outage::long),
        ("long_two_hundred_promotions_under_load", hot_swap::many),
        ("long_a_gibibyte_and_ten_million_bad_rows", uploads::many),
    ];

    pub(super) fn main() -> ExitCode {
        let arguments = Arguments::from_args();
        let postgres = Postgres::start().map(Arc::new);
        let backends = [
            ("sqlite", Ok(Backend::Sqlite)),
            ("postgres", postgres.as_ref().map(|server| Backend::Postgres(Arc::clone(server))).map_err(Clone::clone)),
        ];
        let wants_ignored = arguments.ignored || arguments.include_ignored;
        let mut trials = Vec::new();
        for (name, backend) in backends {
            if let Ok(backend) = &backend {
                trials.extend(LONG.map(|check| trial(name, backend, check).with_ignored_flag(true)));
            }
            for check in CHECKS {
                match backend.as_ref().map_err(Clone::clone).and_then(|backend| possible(check.0).map(|()| backend)) {
                    Ok(backend) => trials.push(trial(name, backend, check)),
                    // What is skipped would be run where ignored ones are, and pass.
                    Err(reason) if wants_ignored => say(&format!("SKIPPED: {name}::{}, since {reason}", check.0)),
                    Err(reason) => trials.push(skipped(&format!("{name}::{}", check.0), &reason)),
                }
            }
            if let Err(reason) = &backend {
                LONG.iter().for_each(|(check, _)| say(&format!("SKIPPED: {name}::{check}, since {reason}")));
            }
        }
        let conclusion = libtest_mimic::run(&arguments, trials);
        drop(postgres);
        conclusion.exit_code()
    }

    fn skipped(name: &str, reason: &str) -> Trial {
        say(&format!("SKIPPED: {name}, since {reason}"));
        Trial::test(name, || Ok(())).with_ignored_flag(true)
    }

    fn trial(name: &str, backend: &Backend, (check, run): Check) -> Trial {
        let backend = backend.clone();
        Trial::test(format!("{name}::{check}"), move || {
            run(&backend);
            Ok(())
        })
    }
}
