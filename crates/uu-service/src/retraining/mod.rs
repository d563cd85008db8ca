//! Re-training: new rows join those that are kept, challengers are fitted, and the gate decides which model answers.
//!
//! Nothing of it can make the service worse unseen: rows whose labels disagree with the champion, or shift known labels one way, are set aside before they
//! teach anything; a challenger is judged on sites that no version has seen, by labels that new rows do not replace; one that lies far from the version an
//! admin confirmed last waits for an admin; and what was decided is in the audit log with its figures.

mod champion;
mod deciding;
mod delivery;
mod error;
mod gathering;
mod kept;
mod report;
#[cfg(test)]
mod tests;

use uu_core::Rules;
use uu_registry::{Claim, Registry};
use uu_train::{Choice, ContinueError, FitError, Progress, Standing, TrainSettings, Trainable, Trained, choose, train, train_continued};

pub use delivery::Delivery;
pub use error::RetrainError;
pub use kept::KeepError;
pub(crate) use kept::{Keeping, keep};
pub use report::{Decision, Retraining};

use crate::mixture::{self, is_of_generated_rows};
use crate::patience::patiently;
use champion::InUse;
use deciding::{Findings, Measure, decide, may_force};
use gathering::{Against, Gathered, Outlook, gather};
use uu_monitor::gate::{Contender, GateSettings, distances, gate};

/// How a re-training is done.
#[derive(Clone, Debug)]
pub struct RetrainSettings {
    /// How challengers are trained.
    pub train: TrainSettings,
    /// About how many sites no version trains on; see [`uu_data::Sealed::about`].
    pub sealed_sites: usize,
    /// How the gate decides.
    pub gate: GateSettings,
    /// Promotes whatever the labels and the gate say; it is logged as forced.
    pub force: bool,
    /// Who asked for it.
    pub by: String,
    /// The claim on the job that it is the work of: once that has ended, nothing more is changed.
    pub claim: Option<Claim>,
}

/// Adds new rows, fits challengers, and promotes the better one if the gate lets it through and it lies near the anchor.
///
/// The rows are kept before anything is trained. Where their labels disagree with the champion, or shift known labels one way, they are set aside; so are
/// observations that arrived one by one since the last training. Where nothing is left to learn from, nothing is trained.
///
/// **Errors**: [`RetrainError`]; the champion answers on.
pub fn retrain(
    registry: &Registry,
    delivery: Option<&Delivery>,
    rules: &Rules,
    settings: &RetrainSettings,
    progress: &dyn Progress,
) -> Result<Retraining, RetrainError> {
    may_force(registry, settings)?;
    if let Some(delivery) = delivery.filter(|delivery| !delivery.has_labels()) {
        return Err(RetrainError::NoUsableRow { rows: delivery.as_they_came.len() as u64 + delivery.quality.rows_skipped });
    }
    let new = delivery.map_or((0, 0), |delivery| mixture::counted(delivery.rows.records()));
    patiently(|| mixture::check(registry, rules, new))?;
    let aliases = registry.aliases()?;
    let in_use = InUse::of(registry, aliases)?;
    let champion = in_use.as_ref().map(|in_use| &in_use.champion);
    let measured = champion.filter(|champion| !champion.is_of_generated_rows());
    let reference = in_use.as_ref().and_then(InUse::reference);
    let against = Against { reference, anchored_through: aliases.anchored_through, settings };
    let Gathered { rows, split, untouched, last_pending, doubts, report, outlook } = gather(registry, delivery, rules, against)?;
    let report = Retraining { champion: aliases.champion, ..report };
    match outlook {
        Outlook::Enough => {}
        Outlook::NothingNew(reason) => return Ok(report.decided(Decision::NothingNew, [vec![reason], doubts].concat())),
        Outlook::Nothing if doubts.is_empty() => return Err(RetrainError::Nothing),
        Outlook::Nothing => return Ok(report.decided(Decision::SetAside, doubts)),
    }

    Trainable::of(&rows).check()?;
    let from_scratch = train(&split.training, rules, &settings.train, progress);
    let from_scratch = from_scratch.map_err(|error| error.with_held_out(Trainable::of(&split.sealed)))?;
    let continued = measured.map(|champion| train_continued(&champion.artifact, &split.training, rules, &settings.train, progress));
    let (trained, choice, not_continued) = better(from_scratch, continued)?;
    let contents = uu_model::Contents::of(&trained.artifact)?;
    let sites = contents.training_sites()?;
    let model = contents.into_model()?;
    let challenger = Contender { model: &model, training_sites: &sites };
    let gated = gate(champion.map(champion::Loaded::contender), challenger, &split.sealed, &settings.gate);
    // A version of generated rows is no measure of one of measured rows.
    let comparable = |anchor: &&champion::Loaded| !anchor.is_of_generated_rows() || is_of_generated_rows(&model);
    let measure = match in_use.as_ref().map(InUse::anchor).filter(comparable) {
        Some(anchor) => Measure::Anchor(anchor.version, distances(anchor.contender(), challenger, &untouched)),
        None if champion::any_was_measured(registry)? => Measure::Lost,
        None => Measure::FirstMeasured,
    };
    let findings = Findings { measure, gated, doubts };
    let report = Retraining { choice, not_continued, sealed_sites: findings.gated.sites, ..report };
    let report = decide(registry, report, &trained, (settings, findings))?;
    if let Some(last) = last_pending {
        patiently(|| registry.set_examined(last))?;
    }
    Ok(report)
}

/// The challenger that stands: of two, the one that erred less on training sites both held out.
fn better(
    from_scratch: Trained,
    continued: Option<Result<Trained, ContinueError>>,
) -> Result<(Trained, Option<Choice>, Option<String>), RetrainError> {
    match continued {
        None => Ok((from_scratch, None, None)),
        Some(Err(ContinueError::Fit(FitError::Stopped))) => Err(FitError::Stopped.into()),
        Some(Err(error)) => Ok((from_scratch, None, Some(error.to_string()))),
        Some(Ok(continued)) => {
            let choice = choose(&from_scratch.held_out, &continued.held_out);
            let standing = if choice.standing == Standing::Continued { continued } else { from_scratch };
            Ok((standing, Some(choice), None))
        }
    }
}
