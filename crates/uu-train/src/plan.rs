//! How each stage is fitted: which trees, on which loss, from which copies of the rows.

use uu_core::stats::site_hash;
use uu_lightgbm::Objective;
use uu_model::components::InputId;

use super::masking::{self, Masking};
use super::settings::{Correction, HUBER_ALPHA, TrainSettings, TreeSettings};

/// What the settings say of one stage.
pub(super) struct Plan<'a> {
    pub(super) trees: &'a TreeSettings,
    pub(super) objective: Objective,
    pub(super) correction: Option<&'a Correction>,
    pub(super) masking: Masking,
    pub(super) seed: u64,
}

impl TrainSettings {
    /// The plan of the ratio (`input` is `None`) or of a numeric input, where `labelled` rows teach the ratio.
    pub(super) fn plan(&self, input: Option<InputId>, labelled: usize) -> Plan<'_> {
        let seed = site_hash("stage", self.seed ^ input.map_or(0, |id| id.place() as u64 + 1));
        // A fill is only ever asked of rows with something missing, so its copies count for more.
        let weight = if input.is_some() { self.fill_copy_weight } else { self.copy_weight };
        let most = if input == Some(InputId::VISITS) { self.visits_copies } else { self.copies };
        Plan {
            trees: match input {
                None => &self.ratio,
                Some(InputId::VISITS) => &self.visits,
                Some(_) => &self.fill,
            },
            // Where visits are filled, what is unknown is large, and the tails must not be given up for the middle.
            objective: if input == Some(InputId::VISITS) { Objective::Huber { alpha: HUBER_ALPHA } } else { Objective::L1 },
            correction: (input.is_none() && self.correction.weight > 0.0).then_some(&self.correction),
            masking: Masking { copies: masking::copies(labelled, most), weight, hidden: input, seed },
            seed,
        }
    }
}
