//! What there is to learn from: what is kept, what is pending and what was delivered, less what cannot be believed.

use std::collections::BTreeMap;

use uu_core::{Record, Rules, escaped};
use uu_data::{Dataset, JoinReport, Sealed, Split};
use uu_monitor::labels::{LabelCheck, LabelVerdict, check_labels};
use uu_monitor::revision::{Revision, shift};
use uu_registry::{BatchId, Registry};

use super::champion::Loaded;
use super::kept::{self, Keeping, Known, Pending, Which};
use super::{Delivery, RetrainError, RetrainSettings, Retraining};
use crate::patience::patiently;

/// How an admin takes rows in that are set aside.
const BY_FORCE: &str = "an admin takes such rows in with `uu-predictor retrain --data FILE --force` or `POST /retrain?force=true`";

/// What there is to learn from.
pub(super) struct Gathered {
    /// All rows.
    pub(super) rows: Dataset,
    /// Those to train on, and those of sealed sites, with the labels that judge.
    pub(super) split: Split,
    /// Rows of sealed sites that were known when the anchor was confirmed.
    pub(super) untouched: Dataset,
    /// The latest of the batches that no training had looked at.
    pub(super) last_pending: Option<BatchId>,
    /// Why some rows are set aside.
    pub(super) doubts: Vec<String>,
    /// What is known of the re-training so far.
    pub(super) report: Retraining,
    /// Whether anything new is left to learn from.
    pub(super) outlook: Outlook,
}

/// What a re-training would learn from.
pub(super) enum Outlook {
    /// New labels.
    Enough,
    /// Rows that were delivered, and no label among them that is not known; nothing of them is kept. Says so.
    NothingNew(String),
    /// Nothing that is left.
    Nothing,
}

/// What new rows are compared with.
#[derive(Clone, Copy)]
pub(super) struct Against<'a> {
    /// The champion, or the anchor where the champion knows no real sites; `None` where neither does.
    pub(super) reference: Option<&'a Loaded>,
    /// The last batch that was kept when the anchor was confirmed; `None` where that is not known.
    pub(super) anchored_through: Option<i64>,
    pub(super) settings: &'a RetrainSettings,
}

impl Against<'_> {
    fn labels(&self, records: &[Record]) -> Option<LabelCheck> {
        self.reference.map(|version| check_labels(&version.model, records))
    }

    /// Why labels are not to be believed, unless they are learned by force.
    fn doubt(&self, labels: Option<&LabelCheck>) -> Option<String> {
        labels.and_then(disagreement).filter(|_| !self.settings.force)
    }

    /// The shift that new rows make of known labels, unless they are learned by force.
    fn shift(&self, known: &Known, new: &Dataset) -> Option<Revision> {
        if self.settings.force { None } else { shift((&known.rows, &known.first), new) }
    }
}

/// Joins what is kept, what is pending and what is delivered; what disagrees with the champion, and what shifts known labels one way, is set aside, unless
/// it is to be learned by force.
pub(super) fn gather(
    registry: &Registry,
    delivery: Option<&Delivery>,
    rules: &Rules,
    against: Against<'_>,
) -> Result<Gathered, RetrainError> {
    let settings = against.settings;
    let read = |which| kept::known_rows(registry, rules, (which, against.anchored_through));
    let mut known = read(Which::All)?;
    let observations = known.pending.iter().map(|pending| pending.records.len()).sum();
    let mut report = Retraining::of(JoinReport::default(), observations);
    let mut doubts: Vec<String> = Vec::new();
    if observations > 0 {
        let set_aside = observed(registry, &known, (rules, against), &mut report)?;
        if !set_aside.is_empty() {
            doubts.extend(set_aside);
            known = read(Which::All)?;
        }
    }
    let nothing = Dataset::new(rules.extras.clone(), Vec::new());
    let new = delivery.map_or(&nothing, |delivery| &delivery.rows);
    let joined = known.joined_with(new, (settings.sealed_sites, settings.force))?;
    let untouched = joined.seal.split(&known.anchored).sealed;
    let gathered = |report: Retraining, doubts, outlook| Gathered {
        last_pending: known.pending.last().map(|pending| pending.batch),
        untouched,
        rows: joined.rows,
        split: joined.split,
        doubts,
        report: Retraining { rows: joined.report, ..report },
        outlook,
    };
    if let Some(reason) = nothing_new(registry, delivery, &known, settings)? {
        return Ok(gathered(report, doubts, Outlook::NothingNew(reason)));
    }
    report.labels = delivery.and_then(|delivery| against.labels(&delivery.as_they_came));
    report.revision = against.shift(&known, new);
    let refused = against.doubt(report.labels.as_ref()).or_else(|| report.revision.as_ref().map(shifted));
    let keep = |delivery: &Delivery| {
        let are_known = joined.are_known;
        let keeping = Keeping { by: &settings.by, origin: &delivery.origin, confirmed: settings.force, are_known };
        match &refused {
            Some(reason) => kept::set_aside(registry, &delivery.rows, (keeping, reason)),
            None => kept::keep(registry, &delivery.rows, keeping),
        }
    };
    report.batch = delivery.map(keep).transpose()?;
    doubts.splice(0..0, refused.clone());
    let is_enough = if delivery.is_some() { refused.is_none() } else { !known.pending.is_empty() };
    let outlook = if is_enough { Outlook::Enough } else { Outlook::Nothing };
    Ok(gathered(report, doubts, outlook))
}

/// Compares pending observations with the champion, and with labels that are known; gives back why some of them are set aside.
///
/// Sender by sender, then over what is left: what one sender got wrong must not take the rows of all others with it, and what each of many sends a little
/// of shows only together.
fn observed(
    registry: &Registry,
    known: &Known,
    (rules, against): (&Rules, Against<'_>),
    report: &mut Retraining,
) -> Result<Vec<String>, RetrainError> {
    let settings = against.settings;
    if settings.force {
        report.observed_labels = against.labels(&records(&known.pending.iter().collect::<Vec<&Pending>>()));
        return Ok(Vec::new());
    }
    let before = kept::known_rows(registry, rules, (Which::Examined, against.anchored_through))?;
    let mut by_sender: BTreeMap<&str, Vec<&Pending>> = BTreeMap::new();
    known.pending.iter().for_each(|pending| by_sender.entry(&pending.by).or_default().push(pending));
    let set_aside = |some: &[&Pending], reason: &str| {
        some.iter().try_for_each(|pending| patiently(|| registry.quarantine(pending.batch, reason, &settings.by)))
    };
    let mut reasons = Vec::new();
    let (mut left, mut senders_left) = (Vec::new(), 0);
    for (sender, some) in by_sender {
        match doubted((&before, rules), against, &some, report) {
            None => {
                left.extend(some);
                senders_left += 1;
            }
            Some(doubt) => {
                let reason = format!("observations of {}: {doubt}", escaped(sender));
                set_aside(&some, &reason)?;
                reasons.push(reason);
            }
        }
    }
    if senders_left > 1
        && let Some(doubt) = doubted((&before, rules), against, &left, report)
    {
        let reason = format!("observations of several senders together: {doubt}");
        set_aside(&left, &reason)?;
        reasons.push(reason);
    }
    Ok(reasons)
}

/// Why some pending observations are not to be believed; the report has the first labels that disagree and the first shift, or the labels compared last.
fn doubted((before, rules): (&Known, &Rules), against: Against<'_>, some: &[&Pending], report: &mut Retraining) -> Option<String> {
    let records = records(some);
    let labels = against.labels(&records);
    let doubt = against.doubt(labels.as_ref());
    if report.observed_labels.as_ref().and_then(disagreement).is_none() {
        report.observed_labels = labels;
    }
    if doubt.is_some() {
        return doubt;
    }
    let revision = against.shift(before, &Dataset::new(rules.extras.clone(), records))?;
    let words = shifted(&revision);
    report.observed_revision.get_or_insert(revision);
    Some(words)
}

fn records(some: &[&Pending]) -> Vec<Record> {
    some.iter().flat_map(|pending| pending.records.iter().cloned()).collect()
}

fn shifted(revision: &Revision) -> String {
    format!("{revision}: {BY_FORCE}")
}

/// Why a delivery teaches nothing, where no label of it is new and a version was trained on exactly what is known.
fn nothing_new(
    registry: &Registry,
    delivery: Option<&Delivery>,
    known: &Known,
    settings: &RetrainSettings,
) -> Result<Option<String>, RetrainError> {
    let Some(delivery) = delivery.filter(|_| !settings.force && known.pending.is_empty()) else { return Ok(None) };
    let Some(labels) = delivery.labels_beside(known, settings.sealed_sites) else { return Ok(None) };
    if labels.added + labels.replaced > 0 || !were_learned(registry, &known.rows, settings)? {
        return Ok(None);
    }
    let held = match labels.held {
        0 => String::new(),
        held => format!(", and {held} of holdout sites do not replace the labels that judge"),
    };
    let rows = delivery.rows.len();
    Ok(Some(format!("none of the {rows} rows has a label that is not known already{held}: nothing was kept or trained")))
}

/// Whether a version was trained on exactly these rows. Rows that are kept need not be: a re-training that was cancelled, or whose process ended, had kept
/// its own.
fn were_learned(registry: &Registry, rows: &Dataset, settings: &RetrainSettings) -> Result<bool, RetrainError> {
    let training = Sealed::about(settings.sealed_sites, rows).split(rows).training;
    let fingerprint = uu_train::data_fingerprint(&training);
    Ok(patiently(|| registry.list())?.iter().any(|version| version.data_fingerprint.as_deref() == Some(fingerprint.as_str())))
}

/// What is wrong with labels that cannot be believed without a person.
pub(super) fn disagreement(check: &LabelCheck) -> Option<String> {
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
