//! `job-worker`: the process in which a server has a job done. It gives way to others, and takes no more memory than it was given.

use std::process::ExitCode;

use anyhow::Context;
use uu_monitor::gate::GateSettings;
use uu_registry::{Claim, JobId};
use uu_service::jobs::{RetrainJob, work};
use uu_service::{RetrainSettings, patiently};

use super::existing;
use crate::arguments::{JobWorker, ProgressStyle};
use crate::output::print;
use crate::progress::Shown;
use crate::server_memory;
use crate::settings::{RetrainingSettings, Settings};

/// Does the job and prints what came of it, as its parent reads it.
pub(crate) fn run(arguments: &JobWorker, settings: &Settings) -> anyhow::Result<ExitCode> {
    confine(&settings.retraining)?;
    server_memory::allow_huge_pages();
    let registry = patiently(|| existing(settings))?;
    let job = patiently(|| registry.job(JobId(arguments.job)))?;
    let retrain_settings = RetrainSettings {
        train: settings.retrain_settings(),
        sealed_sites: settings.train.sealed_sites,
        gate: GateSettings::default(),
        force: false,
        by: job.by.clone(),
        claim: None,
    };
    let job = RetrainJob { claim: Claim { job, fence: arguments.fence }, rules: settings.rules(), settings: retrain_settings };
    let outcome = work(&registry, job, &Shown::new(ProgressStyle::Json));
    print(&serde_json::to_string(&outcome)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Bounds what this process takes from others, and ends it with its parent.
#[cfg(target_os = "linux")]
fn confine(settings: &RetrainingSettings) -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, Signal, nice, set_parent_process_death_signal, setrlimit};

    set_parent_process_death_signal(Some(Signal::KILL)).context("cannot bind this process to its parent")?;
    nice(settings.niceness).context("cannot lower the priority of this process")?;
    if settings.memory_bytes > 0 {
        // What is written to, not what is reserved: allocators reserve far more than they use.
        let bound = Some(settings.memory_bytes);
        setrlimit(Resource::Data, Rlimit { current: bound, maximum: bound }).context("cannot bound the memory of this process")?;
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn confine(_: &RetrainingSettings) -> anyhow::Result<()> {
    Ok(())
}
