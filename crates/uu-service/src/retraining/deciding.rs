//! Which version answers from now on.

use serde_json::{Value, json};
use uu_monitor::gate::{Compared, Distance, GateReport, MOST_FACTOR};
use uu_registry::{Change, Entry, ModelVersion, NewVersion, Order, Registry, RegistryError, Scope};
use uu_train::Trained;

use super::gathering::disagreement;
use super::{Decision, RetrainError, RetrainSettings, Retraining};
use crate::IntervalsDoNotHold;
use crate::patience::patiently;

/// What a decision rests on.
pub(super) struct Findings {
    /// What the gate found.
    pub(super) gated: GateReport,
    /// What bounds how far the challenger moves estimates.
    pub(super) measure: Measure,
    /// Why some rows are set aside.
    pub(super) doubts: Vec<String>,
}

/// What bounds how far a challenger moves estimates without an admin.
pub(super) enum Measure {
    /// The anchor, and how far the challenger lies from it.
    Anchor(ModelVersion, Vec<Distance>),
    /// Nothing yet: no version of measured rows was ever active, and the challenger, which is one, is the first anchor that counts.
    FirstMeasured,
    /// Nothing any more: versions of measured rows were active, and the anchor is none.
    Lost,
}

/// Keeps the challenger as a version, and promotes it where nothing speaks against that.
pub(super) fn decide(
    registry: &Registry,
    report: Retraining,
    trained: &Trained,
    (settings, findings): (&RetrainSettings, Findings),
) -> Result<Retraining, RetrainError> {
    let Findings { gated, measure, doubts } = findings;
    // A challenger's coverage is compared with the champion's; where there is none, it must hold by itself.
    let not_held = IntervalsDoNotHold::of(trained.coverage).filter(|_| gated.first_model);
    let passes = gated.lets_through() && not_held.is_none();
    let version = keep(registry, &report, trained, settings)?;
    let too_far = match &measure {
        Measure::Anchor(anchor, distances) => far(*anchor, version, distances),
        Measure::FirstMeasured => None,
        Measure::Lost => Some(without_measure(version)),
    };
    let is_first_measured = matches!(measure, Measure::FirstMeasured);
    let (anchor, distances) = match measure {
        Measure::Anchor(anchor, distances) => (Some(anchor), distances),
        Measure::FirstMeasured | Measure::Lost => (None, Vec::new()),
    };
    let mut reasons: Vec<String> = gated.reasons().iter().map(ToString::to_string).collect();
    if let Some(not_held) = not_held {
        reasons.insert(0, not_held.to_string());
    } else {
        reasons.extend(trained.coverage.low().map(|low| low.to_string()));
    }
    if let Some(too_far) = too_far.as_ref().filter(|_| passes) {
        reasons.insert(0, too_far.clone());
    }
    if settings.force {
        let against = [&report.labels, &report.observed_labels].into_iter().flatten().filter_map(disagreement);
        reasons.splice(0..0, ["forced".to_owned()].into_iter().chain(against));
    }
    reasons.extend(doubts);
    let figures = json!({
        "gate": gated, "labels": report.labels, "observed_labels": report.observed_labels, "revision": report.revision,
        "observed_revision": report.observed_revision, "anchor": anchor, "distances": distances, "choice": report.choice,
        "batch": report.batch, "forced": settings.force,
    });
    // Whoever forces a version past the figures does not want one that cannot answer.
    let is_promoted = gated.broken_laws.is_empty() && (settings.force || (passes && too_far.is_none()));
    let report = Retraining { version: Some(version), about: Some(trained.about.clone()), gate: Some(gated), anchor, distances, ..report };
    if is_promoted {
        still_wanted(registry, settings)?;
        let change = Change {
            by: settings.by.clone(),
            reason: reasons.join("; "),
            figures,
            // What the gate compared it with must still be what it takes the place of.
            expected_champion: Some(report.champion),
            confirms: settings.force || is_first_measured,
        };
        patiently(|| match registry.promote(version, &change) {
            // The store took it up and went away before it could say so.
            Err(RegistryError::Moved { found: Some(found), .. }) if found == version => Ok(()),
            other => other.map(|_| ()),
        })?;
        return Ok(report.decided(Decision::Promoted, reasons));
    }
    let (decision, action) = if passes { (Decision::WaitsForAdmin, "wait_for_admin") } else { (Decision::Refused, "refuse") };
    let details: Value = json!({ "reasons": reasons, "figures": figures });
    let subject = version.to_string();
    patiently(|| registry.audit(&Entry { by: &settings.by, action, subject: &subject, details: &details }))?;
    Ok(report.decided(decision, reasons))
}

fn keep(registry: &Registry, report: &Retraining, trained: &Trained, settings: &RetrainSettings) -> Result<ModelVersion, RetrainError> {
    let reason = match report.batch {
        Some(batch) => format!("re-trained with batch {batch}"),
        None => format!("re-trained with {} observations", report.observations),
    };
    still_wanted(registry, settings)?;
    let about = json!(trained.about);
    let version = patiently(|| {
        registry.put(&NewVersion {
            artifact: &trained.artifact,
            about: &about,
            data_fingerprint: Some(&trained.about.data_fingerprint),
            parent: report.champion,
            made_by: &settings.by,
            reason: &reason,
        })
    })?;
    Ok(version)
}

/// Why a challenger waits for an admin; `None` where it lies near enough to the anchor.
fn far(anchor: ModelVersion, version: ModelVersion, distances: &[Distance]) -> Option<String> {
    let beyond = |distance: &Distance| distance.factor.ln().abs();
    let too_far = distances.iter().filter(|distance| distance.is_too_far());
    let farthest = too_far.max_by(|a, b| beyond(a).total_cmp(&beyond(b)))?;
    let (factor, count) = (farthest.factor, farthest.count);
    let of = match &farthest.of {
        Compared::OrdinaryRequests => format!("one of {count} ordinary requests"),
        Compared::GoldenRequests => format!("more than a tenth of {count} golden requests"),
        Compared::HoldoutSites => format!("more than a quarter of {count} holdout sites"),
        Compared::HoldoutSitesWithVisits(visits) => format!("the median of {count} holdout sites with some {visits} visits"),
    };
    Some(format!(
        "its estimates are {factor:.2} times those of the anchor `{anchor}`, the version an admin confirmed last, for {of}, and {:.2} to {MOST_FACTOR} passes without an admin: \
         {}; `uu-predictor observations list` has the rows it learned from",
        1.0 / MOST_FACTOR,
        by_an_admin(version)
    ))
}

/// Why a challenger that can be compared with no anchor waits for an admin.
fn without_measure(version: ModelVersion) -> String {
    format!(
        "the anchor, the version an admin confirmed last, was trained on generated rows, with which estimates of measured rows cannot be compared; \
         versions of measured rows were active before: {}",
        by_an_admin(version)
    )
}

fn by_an_admin(version: ModelVersion) -> String {
    format!("`uu-predictor models promote {version}` or `POST /models/{version}/promote` puts it in use")
}

/// Asks whether whoever wants it by force may still ask for that.
pub(super) fn may_force(registry: &Registry, settings: &RetrainSettings) -> Result<(), RetrainError> {
    if settings.force && !patiently(|| registry.may_still(&settings.by, Scope::Admin))? {
        return Err(RetrainError::MayNotForce { by: settings.by.clone() });
    }
    Ok(())
}

/// Asks before the store is changed whether the work is still wanted: its job may have been called off, or given to another worker.
fn still_wanted(registry: &Registry, settings: &RetrainSettings) -> Result<(), RetrainError> {
    may_force(registry, settings)?;
    let Some(claim) = &settings.claim else { return Ok(()) };
    match patiently(|| registry.beat(claim))? {
        Order::GoOn => Ok(()),
        Order::Cancel => Err(RetrainError::Cancelled),
    }
}
