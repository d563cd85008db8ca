//! What a re-training came to.

use serde::Serialize;
use uu_data::JoinReport;
use uu_model::About;
use uu_monitor::gate::{Distance, GateReport};
use uu_monitor::labels::LabelCheck;
use uu_monitor::revision::Revision;
use uu_registry::{BatchId, ModelVersion};
use uu_train::Choice;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The challenger answers from now on.
    Promoted,
    /// The champion stays; the challenger is kept as a version.
    Refused,
    /// The labels cannot be believed without a person; nothing was trained.
    SetAside,
    /// The challenger is kept as a version, and lies too far from the anchor to answer without an admin.
    WaitsForAdmin,
    /// No label was new; nothing was kept or trained.
    NothingNew,
}

/// A re-training, with everything its decision rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Retraining {
    /// What was decided.
    pub decision: Decision,
    /// Why, in words, the gravest first.
    pub reasons: Vec<String>,
    /// The version that was trained; `None` where nothing was.
    pub version: Option<ModelVersion>,
    /// The version that answered before.
    pub champion: Option<ModelVersion>,
    /// The batch the new rows are kept as; `None` where only observations that had arrived were examined.
    pub batch: Option<BatchId>,
    /// How the new rows joined the known ones.
    pub rows: JoinReport,
    /// The new labels held against the champion; `None` where there was none that knows real sites.
    pub labels: Option<LabelCheck>,
    /// The shift that the new labels make of known ones, for which they are set aside.
    pub revision: Option<Revision>,
    /// Observations that had arrived one by one and that no training had looked at.
    pub observations: usize,
    /// Their labels held against the champion.
    pub observed_labels: Option<LabelCheck>,
    /// The shift that some of them make of known ones, for which these are set aside.
    pub observed_revision: Option<Revision>,
    /// Which of two challengers stands; `None` where the champion was not continued.
    pub choice: Option<Choice>,
    /// Why the champion was not continued, where that was tried.
    pub not_continued: Option<String>,
    /// Sealed sites that both models were asked.
    pub sealed_sites: usize,
    /// What the gate found.
    pub gate: Option<GateReport>,
    /// The version that an admin confirmed last; `None` where the challenger cannot be compared with it.
    pub anchor: Option<ModelVersion>,
    /// How far the challenger's estimates lie from the anchor's.
    pub distances: Vec<Distance>,
    /// What the challenger says of itself.
    pub about: Option<About>,
}

impl Retraining {
    pub(super) fn of(rows: JoinReport, observations: usize) -> Self {
        Self {
            decision: Decision::Refused,
            reasons: Vec::new(),
            version: None,
            champion: None,
            batch: None,
            rows,
            labels: None,
            observations,
            revision: None,
            observed_labels: None,
            observed_revision: None,
            choice: None,
            not_continued: None,
            sealed_sites: 0,
            gate: None,
            anchor: None,
            distances: Vec::new(),
            about: None,
        }
    }

    pub(super) fn decided(self, decision: Decision, reasons: Vec<String>) -> Self {
        Self { decision, reasons, ..self }
    }
}
