//! What a study can be told.

use uu_train::TrainSettings;

use crate::StudyError;

/// Settings of a study.
///
/// | name | default | range | purpose |
/// | --- | --- | --- | --- |
/// | `seed` | 0 | | everything random: which sites are set aside, folds, trials, samples |
/// | `trials` | 12 | 1 to 1,000 | hyperparameters tried for each estimator that has any |
/// | `folds` | 5 | 2 to 20 | parts the sites are divided into; each is held out once |
/// | `set_aside_share` | 0.15 | 0.05 to 0.5 | share of the sites kept for the final validation |
/// | `tuning_rows` | 4,000 | >= 200 | rows of the sites that are tuned on, at most |
/// | `compared_rows` | 40,000 | >= 500 | rows of the sites that models are compared on, at most |
/// | `slow_rows` | 12,000 | >= 200 | rows that slow estimators are fitted on, at most |
/// | `resamples` | 500 | 50 to 10,000 | bootstrap resamples of the sites behind each interval |
/// | `threads` | 2 | 1 to 256 | fits side by side; changes times, never figures |
/// | `train` | | | how the product's model is trained |
/// | `command` | empty | | what was typed, to stand beside every figure |
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "every field has its row in the table above")]
pub struct StudySettings {
    pub seed: u64,
    pub trials: usize,
    pub folds: usize,
    pub set_aside_share: f64,
    pub tuning_rows: usize,
    pub compared_rows: usize,
    pub slow_rows: usize,
    pub resamples: usize,
    pub threads: usize,
    pub train: TrainSettings,
    pub command: String,
}

impl Default for StudySettings {
    fn default() -> Self {
        Self {
            seed: 0,
            trials: 12,
            folds: 5,
            set_aside_share: 0.15,
            tuning_rows: 4_000,
            compared_rows: 40_000,
            slow_rows: 12_000,
            resamples: 500,
            threads: 2,
            train: TrainSettings::default(),
            command: String::new(),
        }
    }
}

impl StudySettings {
    pub(crate) fn check(&self) -> Result<(), StudyError> {
        let share = self.set_aside_share;
        let faults = [
            ("trials", "1 to 1000", self.trials.to_string(), (1..=1000).contains(&self.trials)),
            ("folds", "2 to 20", self.folds.to_string(), (2..=20).contains(&self.folds)),
            ("set_aside_share", "0.05 to 0.5", share.to_string(), (0.05..=0.5).contains(&share)),
            ("tuning_rows", "200 or more", self.tuning_rows.to_string(), self.tuning_rows >= 200),
            ("compared_rows", "500 or more", self.compared_rows.to_string(), self.compared_rows >= 500),
            ("slow_rows", "200 or more", self.slow_rows.to_string(), self.slow_rows >= 200),
            ("resamples", "50 to 10000", self.resamples.to_string(), (50..=10_000).contains(&self.resamples)),
            ("threads", "1 to 256", self.threads.to_string(), (1..=256).contains(&self.threads)),
        ];
        match faults.into_iter().find(|(_, _, _, good)| !good) {
            Some((name, expected, found, _)) => Err(StudyError::Setting { name, expected, found }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_ranges_and_a_setting_outside_is_named() {
        StudySettings::default().check().unwrap();
        let error = StudySettings { trials: 0, ..StudySettings::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "`trials` must be 1 to 1000, got 0");
        assert!(StudySettings { set_aside_share: f64::NAN, ..StudySettings::default() }.check().is_err());
    }
}
