//! Re-training: new rows join those that are kept, challengers are fitted, and the gate decides which model answers.
//!
//! Nothing of it can make the service worse unseen: rows whose labels disagree with the champion are set aside before they teach
//! anything, a challenger is judged on sites that no version has seen, and what was decided is in the audit log with its figures.

mod kept;
mod report;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uu_core::{Record, Rules, escaped};
use uu_data::clean::{CleanError, QualityReport};
use uu_data::read::{ReadError, read_all};
use uu_data::sample::SOURCE as GENERATED;
use uu_data::{Dataset, Sealed, join_rows};
use uu_model::{
    ArtifactError, Contents, ContinueError, FitError, Model, Progress, TrainSettings, Trainable, Trained, train, train_continued,
};
use uu_registry::{BatchId, Change, Claim, Entry, Mixture, ModelVersion, NewVersion, Order, Registry, RegistryError};

pub use kept::KeepError;
pub(crate) use kept::{Origin, keep, records_of};
pub use report::{Decision, Retraining};

use crate::gate::{Choice, Contender, GateReport, GateSettings, Standing, choose, gate};
use crate::labels::{LabelCheck, LabelVerdict, check_labels};
use crate::mixture;
use crate::patience::patiently;
use crate::{IntervalsDoNotHold, SourceError, Sources};

/// New rows for a re-training.
#[derive(Debug)]
pub struct Delivery {
    /// The rows as they came, before cleaning: some of what cleaning drops tells whether the labels can be believed.
    as_they_came: Vec<Record>,
    rows: Dataset,
    quality: QualityReport,
    origin: String,
}

impl Delivery {
    /// Reads new rows twice: as they are, and cleaned. `sources` gives the same files each time, `origin` is what they are called.
    ///
    /// **Errors**: the first file that cannot be read; bad rows, unless they are skipped; rows that must not train together.
    pub fn read(sources: impl Fn() -> Sources, origin: String, rows_read: &mut dyn FnMut(u64)) -> Result<Self, SourceError> {
        let first = sources();
        let (options, bad_rows) = (first.options(), first.bad_rows);
        let (checked, _) = read_all(first.inputs, &options, bad_rows)?;
        let as_they_came = checked.into_iter().map(|row| row.record).collect();
        let (rows, quality) = sources().for_training(rows_read)?;
        Ok(Self { as_they_came, rows, quality, origin })
    }

    /// Whether anything of it teaches the ratio of visits to unique users, or at least how many there are.
    fn has_labels(&self) -> bool {
        self.rows.records().iter().any(|record| record.unique_users.is_some())
    }

    /// Whether a row with a label is not among those that are known.
    fn has_new_labels(&self, known: &Dataset) -> bool {
        let fresh = self.rows.subset(|_, record| record.unique_users.is_some());
        // Joined by themselves, so that extra inputs are laid out alike.
        join_rows(known, &fresh).is_ok_and(|(_, joined)| joined.added + joined.replaced > 0)
    }

    /// What cleaning found.
    #[must_use]
    pub fn quality(&self) -> &QualityReport {
        &self.quality
    }
}

/// How a re-training is done.
#[derive(Clone, Debug)]
pub struct RetrainSettings {
    /// How challengers are trained.
    pub train: TrainSettings,
    /// About how many sites no version trains on; see [`Sealed::about`].
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

/// A re-training came to no decision; the champion answers on, and rows that were kept stay kept.
#[derive(Debug, thiserror::Error)]
pub enum RetrainError {
    /// Kept rows cannot be read back.
    #[error("the rows of an earlier delivery cannot be read")]
    Kept(#[from] ReadError),
    /// Rows must not train together.
    #[error(transparent)]
    Clean(#[from] CleanError),
    /// The new rows could not be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// No challenger could be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The champion, or what was just trained, cannot be read.
    #[error("a model cannot be read")]
    Artifact(#[from] ArtifactError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RegistryError),
    /// There is nothing to learn from.
    #[error("no new rows came, and no observation waits to be examined")]
    Nothing,
    /// Nothing of a delivery can be learned from; nothing of it is kept.
    #[error("none of the {rows} rows can be learned from: each breaks a rule or has no unique users")]
    NoUsableRow {
        /// Its rows.
        rows: u64,
    },
    /// It was called off.
    #[error("the re-training was called off")]
    Cancelled,
}

impl RetrainError {
    /// Generated and measured rows that are kept, or were to be, where that is why.
    #[must_use]
    pub fn mixture(&self) -> Option<&Mixture> {
        match self {
            Self::Store(RegistryError::Mixture(mixture)) | Self::Keep(KeepError::Store(RegistryError::Mixture(mixture))) => Some(mixture),
            _ => None,
        }
    }
}

/// The version in use, taken apart.
struct Champion {
    version: ModelVersion,
    artifact: Vec<u8>,
    model: Model,
    sites: BTreeSet<u64>,
}

impl Champion {
    fn of(registry: &Registry) -> Result<Option<Self>, RetrainError> {
        let Some(version) = registry.aliases()?.champion else { return Ok(None) };
        let artifact = registry.read(version)?;
        let contents = Contents::of(&artifact)?;
        let sites = contents.training_sites()?;
        let model = contents.into_model()?;
        Ok(Some(Self { version, artifact, model, sites }))
    }

    /// Whether it was trained on the bundled sample: it then knows nothing of real sites that could be held against new labels or gone on from.
    fn is_of_generated_rows(&self) -> bool {
        self.model.about().sources.iter().any(|source| source == GENERATED)
    }
}

/// Adds new rows, fits challengers, and promotes the better one if the gate lets it through.
///
/// The rows are kept before anything is trained. Where their labels disagree with the champion they are set aside; so are observations that
/// arrived one by one since the last training. Where nothing is left to learn from, nothing is trained.
///
/// **Errors**: [`RetrainError`]; the champion answers on.
pub fn retrain(
    registry: &Registry,
    delivery: Option<&Delivery>,
    rules: &Rules,
    settings: &RetrainSettings,
    progress: &dyn Progress,
) -> Result<Retraining, RetrainError> {
    if let Some(delivery) = delivery.filter(|delivery| !delivery.has_labels()) {
        return Err(RetrainError::NoUsableRow { rows: delivery.as_they_came.len() as u64 + delivery.quality.rows_skipped });
    }
    let new = delivery.map_or((0, 0), |delivery| mixture::counted(delivery.rows.records()));
    patiently(|| mixture::check(registry, rules, new))?;
    let champion = Champion::of(registry)?;
    let measured = champion.as_ref().filter(|champion| !champion.is_of_generated_rows());
    let Gathered { rows, last_waiting, doubts, report, outlook } = gather(registry, delivery, rules, (measured, settings))?;
    let report = Retraining { champion: champion.as_ref().map(|champion| champion.version), ..report };
    match outlook {
        Outlook::Enough => {}
        Outlook::NothingNew(reason) => return Ok(report.decided(Decision::NothingNew, [vec![reason], doubts].concat())),
        Outlook::Nothing if doubts.is_empty() => return Err(RetrainError::Nothing),
        Outlook::Nothing => return Ok(report.decided(Decision::SetAside, doubts)),
    }

    Trainable::of(&rows).check()?;
    let split = Sealed::about(settings.sealed_sites, &rows).split(&rows);
    let from_scratch = train(&split.training, rules, &settings.train, progress);
    let from_scratch = from_scratch.map_err(|error| error.with_held_out(Trainable::of(&split.sealed)))?;
    let continued = measured.map(|champion| train_continued(&champion.artifact, &split.training, rules, &settings.train, progress));
    let (trained, choice, not_continued) = better(from_scratch, continued)?;
    let contents = Contents::of(&trained.artifact)?;
    let sites = contents.training_sites()?;
    let challenger = contents.into_model()?;
    let against = champion.as_ref().map(|champion| Contender { model: &champion.model, training_sites: &champion.sites });
    let gated = gate(against, Contender { model: &challenger, training_sites: &sites }, &split.sealed, &settings.gate);
    let report = Retraining { choice, not_continued, sealed_sites: gated.sites, ..report };
    let report = decide(registry, (report, &gated), &trained, (settings, doubts))?;
    if let Some(last) = last_waiting {
        patiently(|| registry.set_examined(last))?;
    }
    Ok(report)
}

/// What there is to learn from.
struct Gathered {
    rows: Dataset,
    /// The latest of the batches that no training had looked at.
    last_waiting: Option<BatchId>,
    /// Why some rows are set aside.
    doubts: Vec<String>,
    /// What is known of the re-training so far.
    report: Retraining,
    /// Whether anything new is left to learn from.
    outlook: Outlook,
}

/// What a re-training would learn from.
enum Outlook {
    /// New labels.
    Enough,
    /// Rows that were delivered, and no label among them that is not known; nothing of them is kept. Says so.
    NothingNew(String),
    /// Nothing that is left.
    Nothing,
}

/// Joins what is kept, what waits and what is delivered; what disagrees with the champion is set aside, unless it is to be learned by force.
fn gather(
    registry: &Registry,
    delivery: Option<&Delivery>,
    rules: &Rules,
    (measured, settings): (Option<&Champion>, &RetrainSettings),
) -> Result<Gathered, RetrainError> {
    let held_against = |records: &[Record]| measured.map(|champion| check_labels(&champion.model, records));
    let doubt = |labels: &Option<LabelCheck>| labels.as_ref().and_then(disagreement).filter(|_| !settings.force);
    let mut known = kept::known_rows(registry, rules)?;
    let observations = known.waiting.len();
    let observed_labels = held_against(&known.waiting).filter(|_| observations > 0);
    let mut doubts: Vec<String> = Vec::new();
    if let Some(reason) = doubt(&observed_labels) {
        let reason = format!("observations: {reason}");
        for batch in &known.waiting_batches {
            patiently(|| registry.quarantine(*batch, &reason, &settings.by))?;
        }
        doubts.push(reason);
        known = kept::known_rows(registry, rules)?;
    }
    let nothing = Dataset::new(rules.extras.clone(), Vec::new());
    let (rows, joined) = join_rows(&known.rows, delivery.map_or(&nothing, |delivery| &delivery.rows))?;
    let is_known = |delivery: &&Delivery| !settings.force && known.waiting.is_empty() && !delivery.has_new_labels(&known.rows);
    if let Some(delivery) = delivery.filter(is_known)
        && were_learned(registry, &known.rows, settings)?
    {
        let reason = format!("none of the {} rows has a label that is not known already: nothing was kept or trained", delivery.rows.len());
        let report = Retraining { observed_labels, ..Retraining::of(joined, observations) };
        return Ok(Gathered { rows, last_waiting: None, doubts, report, outlook: Outlook::NothingNew(reason) });
    }
    let labels = delivery.and_then(|delivery| held_against(&delivery.as_they_came));
    let batch = delivery
        .map(|delivery| kept::keep(registry, &delivery.rows, &settings.by, &Origin { words: &delivery.origin, confirmed: settings.force }))
        .transpose()?;
    let refused = doubt(&labels);
    if let (Some(batch), Some(reason)) = (batch, &refused) {
        patiently(|| registry.quarantine(batch, reason, &settings.by))?;
        doubts.insert(0, reason.clone());
    }
    let is_enough = if delivery.is_some() { refused.is_none() } else { !known.waiting.is_empty() };
    let outlook = if is_enough { Outlook::Enough } else { Outlook::Nothing };
    let report = Retraining { batch, labels, observed_labels, ..Retraining::of(joined, observations) };
    Ok(Gathered { rows, last_waiting: known.waiting_batches.last().copied(), doubts, report, outlook })
}

/// Whether a version was trained on exactly these rows. Rows that are kept need not be: a re-training that was cancelled, or whose process ended, had kept
/// its own.
fn were_learned(registry: &Registry, rows: &Dataset, settings: &RetrainSettings) -> Result<bool, RetrainError> {
    let training = Sealed::about(settings.sealed_sites, rows).split(rows).training;
    let fingerprint = uu_model::data_fingerprint(&training);
    Ok(patiently(|| registry.list())?.iter().any(|version| version.data_fingerprint.as_deref() == Some(fingerprint.as_str())))
}

/// What is wrong with labels that cannot be believed without a person.
fn disagreement(check: &LabelCheck) -> Option<String> {
    let of = |verdict: LabelVerdict| {
        let sources = check.sources.iter().filter(move |source| source.verdict == verdict);
        sources.map(|source| format!("`{}`", escaped(&source.source))).collect::<Vec<String>>().join(", ")
    };
    match check.verdict {
        LabelVerdict::Disagrees => {
            Some(format!("the labels of {} disagree with the champion beyond what chance could do", of(LabelVerdict::Disagrees)))
        }
        LabelVerdict::NewSource => {
            Some(format!("the champion does not know the source {}: a person must say that it may be learned", of(LabelVerdict::NewSource)))
        }
        LabelVerdict::Agrees | LabelVerdict::TooFew => None,
    }
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

fn decide(
    registry: &Registry,
    (report, gated): (Retraining, &GateReport),
    trained: &Trained,
    (settings, doubts): (&RetrainSettings, Vec<String>),
) -> Result<Retraining, RetrainError> {
    // A challenger's coverage is compared with the champion's; where there is none, it must hold by itself.
    let not_held = IntervalsDoNotHold::of(trained.coverage).filter(|_| gated.first_model);
    let passes = gated.lets_through() && not_held.is_none();
    let mut reasons: Vec<String> = gated.reasons().iter().map(ToString::to_string).collect();
    if let Some(not_held) = not_held {
        reasons.insert(0, not_held.to_string());
    }
    if settings.force {
        let against = [&report.labels, &report.observed_labels].into_iter().flatten().filter_map(disagreement);
        reasons.splice(0..0, ["forced".to_owned()].into_iter().chain(against));
    }
    reasons.extend(doubts);
    let figures = json!({
        "gate": gated, "labels": report.labels, "observed_labels": report.observed_labels, "choice": report.choice,
        "batch": report.batch, "forced": settings.force,
    });
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
    let report = Retraining { version: Some(version), about: Some(trained.about.clone()), gate: Some(gated.clone()), ..report };
    // Whoever forces a version past the figures does not want one that cannot answer.
    if (passes || settings.force) && gated.broken_laws.is_empty() {
        still_wanted(registry, settings)?;
        // What the gate compared it with must still be what it takes the place of.
        let change = Change { by: settings.by.clone(), reason: reasons.join("; "), figures, expected_champion: Some(report.champion) };
        patiently(|| match registry.promote(version, &change) {
            // The store took it up and went away before it could say so.
            Err(RegistryError::Moved { found: Some(found), .. }) if found == version => Ok(()),
            other => other.map(|_| ()),
        })?;
        return Ok(report.decided(Decision::Promoted, reasons));
    }
    let details: Value = json!({ "reasons": reasons, "figures": figures });
    let subject = version.to_string();
    patiently(|| registry.audit(&Entry { by: &settings.by, action: "refuse", subject: &subject, details: &details }))?;
    Ok(report.decided(Decision::Refused, reasons))
}

/// Asks before the store is changed whether the work is still wanted: its job may have been called off, or given to another worker.
fn still_wanted(registry: &Registry, settings: &RetrainSettings) -> Result<(), RetrainError> {
    let Some(claim) = &settings.claim else { return Ok(()) };
    match patiently(|| registry.beat(claim))? {
        Order::GoOn => Ok(()),
        Order::Cancel => Err(RetrainError::Cancelled),
    }
}
