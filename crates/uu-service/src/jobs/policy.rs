//! When to re-train without being asked.

use serde_json::Value;
use uu_monitor::drift::DriftVerdict;
use uu_registry::{JobId, Registry, RegistryError, Timestamp};

use super::{RETRAIN, RetrainRequest};

/// Jobs that are looked through for the policy's last one.
const RECENT_JOBS: u32 = 100;

/// Who asks, in the audit log.
const BY: &str = "policy";

/// What starts a re-training by itself. All of it is off unless switched on, and nothing starts one while no observation waits.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | `after_rows` | 0, off | observations that wait |
/// | `after_days` | 0, off | age of the version in use |
/// | `after_drift` | false | requests or observations have drifted strongly |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Observations that wait.
    pub after_rows: u64,
    /// Age of the version in use, in days.
    pub after_days: u32,
    /// Whether strong drift is a reason.
    pub after_drift: bool,
}

impl Policy {
    /// Whether any of it is on.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.after_rows > 0 || self.after_days > 0 || self.after_drift
    }
}

/// Asks for a re-training if the policy gives a reason; `None` where it gives none, or one waits or is under way.
///
/// It asks once about the same observations: if that re-training fails, the next one waits for more of them, or for a person.
///
/// **Errors**: the store fails.
pub fn apply(registry: &Registry, policy: Policy, drift: DriftVerdict) -> Result<Option<JobId>, RegistryError> {
    if !policy.is_on() {
        return Ok(None);
    }
    let waiting = registry.waiting()?;
    if waiting.rows == 0 || asked_through(registry)? >= waiting.last.0 {
        return Ok(None);
    }
    let age_days = match registry.aliases()?.champion {
        Some(champion) => Timestamp::now().days_since(registry.version(champion)?.made_at),
        None => 0,
    };
    let reason = if policy.after_rows > 0 && waiting.rows >= policy.after_rows {
        format!("{} observations wait", waiting.rows)
    } else if policy.after_days > 0 && age_days >= i64::from(policy.after_days) {
        format!("the version in use is {age_days} days old")
    } else if policy.after_drift && drift == DriftVerdict::Strong {
        "requests or observations have drifted strongly".to_owned()
    } else {
        return Ok(None);
    };
    let request = RetrainRequest { policy: Some(reason), through: Some(waiting.last.0), ..RetrainRequest::default() };
    registry.enqueue_if_idle(RETRAIN, &serde_json::json!(request), BY)
}

/// The latest batch that the policy has asked about.
fn asked_through(registry: &Registry) -> Result<i64, RegistryError> {
    let jobs = registry.jobs(RECENT_JOBS)?;
    let through = |request: &Value| request["through"].as_i64();
    Ok(jobs.iter().filter(|job| job.kind == RETRAIN).filter_map(|job| through(&job.request)).max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use uu_core::{Record, Rules};
    use uu_registry::{Location, NewVersion, Outcome};
    use uu_testkit::models::dataset;

    use super::*;
    use crate::observing::observe;

    const OFF: Policy = Policy { after_rows: 0, after_days: 0, after_drift: false };

    fn observed(registry: &Registry, rows: usize) {
        let known = dataset(40);
        let records: Vec<Record> = known.records().iter().filter(|record| record.unique_users.is_some()).take(rows).cloned().collect();
        observe(registry, &records, &Rules::default(), "ann").unwrap();
    }

    #[rstest]
    #[case::off(OFF, DriftVerdict::Strong, false)]
    #[case::enough_rows(Policy { after_rows: 5, ..OFF }, DriftVerdict::Stable, true)]
    #[case::too_few_rows(Policy { after_rows: 6, ..OFF }, DriftVerdict::Stable, false)]
    #[case::strong_drift(Policy { after_drift: true, ..OFF }, DriftVerdict::Strong, true)]
    #[case::moderate_drift(Policy { after_drift: true, ..OFF }, DriftVerdict::Moderate, false)]
    #[case::a_young_model(Policy { after_days: 1, ..OFF }, DriftVerdict::Strong, false)]
    fn a_reason_is_needed(#[case] policy: Policy, #[case] drift: DriftVerdict, #[case] asks: bool) {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let about = Value::Null;
        let new = NewVersion { artifact: b"a", about: &about, data_fingerprint: None, parent: None, made_by: "test", reason: "" };
        let version = registry.put(&new).unwrap();
        registry.promote(version, &uu_registry::Change::default()).unwrap();
        assert_eq!(apply(&registry, policy, drift).unwrap(), None, "nothing has been observed");
        observed(&registry, 5);
        assert_eq!(apply(&registry, policy, drift).unwrap().is_some(), asks);
    }

    #[test]
    fn the_same_observations_are_asked_about_once() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&Location::folder(folder.path())).unwrap();
        let policy = Policy { after_rows: 1, ..OFF };
        observed(&registry, 3);
        assert!(apply(&registry, policy, DriftVerdict::TooFew).unwrap().is_some());
        assert_eq!(apply(&registry, policy, DriftVerdict::TooFew).unwrap(), None, "it waits");
        let claim = registry.claim("worker").unwrap().unwrap();
        registry.finish(&claim, &Outcome::Failed(Value::Null)).unwrap();
        assert_eq!(apply(&registry, policy, DriftVerdict::TooFew).unwrap(), None, "it failed, and nothing has changed");
        observed(&registry, 1);
        assert!(apply(&registry, policy, DriftVerdict::TooFew).unwrap().is_some());
    }
}
