//! The study: every figure of the report, and the order in which they are made.

use serde::{Deserialize, Serialize};
use uu_core::Rules;
use uu_data::Dataset;
use uu_data::clean::QualityReport;
use uu_model::{Model, evaluate};
use uu_train::Progress;

use crate::chosen::{ChosenSection, learning_units, looking_units};
use crate::compare::{
    Candidate, Compared, ENSEMBLE, Entry, Fold, LEAST_ROWS, LEVEL, ModelsSection, PRODUCT, Rows, TRAINING_COST, Teaching, candidates,
    compare, entry, fit_product, product_tuning_units, shown, tune_all, tuning_units, units, weighted,
};
use crate::data::DataSection;
use crate::relations::RelationsSection;
use crate::settled::settled;
use crate::split::{Parts, count_sites};
use crate::validation::{Validation, earlier_months, forward, labelled_sites};
use crate::work::Work;
use crate::{StudyError, StudySettings};

/// All figures of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// What the figures were made from, and how.
    pub provenance: Provenance,
    /// What the data are.
    pub data: DataSection,
    /// How the quantities go together.
    pub relations: RelationsSection,
    /// How the models compare.
    pub models: ModelsSection,
    /// How the chosen model errs.
    pub chosen: ChosenSection,
    /// How it does on sites that were set aside.
    pub validation: Validation,
}

/// What makes a figure again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Release of the product.
    pub product_version: String,
    /// What was typed.
    pub command: String,
    /// Seed of everything random.
    pub seed: u64,
    /// SHA-256 of the data in canonical order.
    pub data_fingerprint: String,
    /// How the sites were divided before anything was looked at.
    pub split: Split,
    /// Time the study took.
    pub seconds: f64,
}

/// The two parts of the sites.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Share of the sites that was asked to be set aside.
    pub set_aside_share: f64,
    /// Rows everything was decided on.
    pub development_rows: usize,
    /// Their sites.
    pub development_sites: usize,
    /// Rows only the final validation saw.
    pub set_aside_rows: usize,
    /// Their sites.
    pub set_aside_sites: usize,
}

/// Keeps the folds of a study apart from those inside a training: of the same seed and number, one would be all of the other.
const OUTER_FOLDS: u64 = 0xF01D_5EED;

/// Labelled rows the sites set aside must have.
const LEAST_SET_ASIDE: usize = 20;

/// Makes a study of cleaned data.
///
/// The same data and settings give the same figures, apart from times.
///
/// **Errors**: [`StudyError`]; there is no study in parts.
pub fn study(
    (dataset, quality): (&Dataset, &QualityReport),
    rules: &Rules,
    settings: &StudySettings,
    progress: &dyn Progress,
) -> Result<Study, StudyError> {
    let start = std::time::Instant::now();
    settings.check()?;
    let parts = Parts::of(dataset, settings.set_aside_share, settings.seed);
    let compared = parts.development.some_sites(settings.compared_rows, settings.seed);
    let set_aside = parts.set_aside.some_sites(settings.slow_rows, settings.seed);
    let rows = Rows::of(&compared);
    let fold_of = compared.site_folds(settings.folds, settings.seed ^ OUTER_FOLDS);
    check_rows(&rows, &fold_of, &Rows::of(&set_aside), settings)?;
    let of_rows: Vec<usize> = rows.origin.iter().map(|&row| fold_of[row]).collect();
    let inputs = Inputs {
        folds: Fold::all(&rows, &of_rows, settings.folds),
        tuning: Rows::of(&compared.some_sites(settings.tuning_rows, !settings.seed)),
        aside: Rows::of(&set_aside),
        earlier: earlier_months(&parts.development, settings.compared_rows, settings.seed),
        candidates: candidates(),
        rows: &rows,
    };
    let work = Work::new(progress, inputs.units(&parts, settings));

    let tunings = tune_all(&inputs.candidates, &inputs.tuning, settings, &work)?;
    let (train, of_product) = Teaching { rules, settings, work: &work }.tune(&inputs.product_rows().dataset)?;
    let settings = &StudySettings { train, ..settings.clone() };
    let teaching = Teaching { rules, settings, work: &work };
    let chosen_hyperparameters: Vec<Vec<f64>> =
        tunings.iter().map(|tuning| tuning.as_ref().map(crate::Tuning::chosen).unwrap_or_default()).collect();
    let models = compare(&inputs.candidates, &chosen_hyperparameters, &inputs.folds, settings, &work)?;
    let product = fit_product(&compared, &rows, &fold_of, teaching)?;
    let mut section =
        ModelsSection::of((&rows, &inputs.folds), &models, &product, tunings.into_iter().flatten().chain([of_product]).collect(), settings);
    section.tuning_rows = inputs.tuning.len();
    section.rows_without_visits =
        compared.records().iter().filter(|record| record.unique_users.is_some() && record.visits.is_none()).count();

    let trained = teaching.train("training the chosen model", &parts.development, settings.threads)?;
    let model = Model::from_bytes(&trained.artifact)?;
    let chosen = ChosenSection::of(PRODUCT, (&compared, &fold_of), (&rows, &product), &trained.report.evaluation, teaching)?;
    let validation = inputs.validate((&model, &trained.artifact), &chosen_hyperparameters, (&section, &parts), (&set_aside, teaching))?;

    let study = Study {
        provenance: Provenance {
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: settings.command.clone(),
            seed: settings.seed,
            data_fingerprint: uu_train::data_fingerprint(dataset),
            split: Split {
                set_aside_share: settings.set_aside_share,
                development_rows: parts.development.len(),
                development_sites: count_sites(parts.development.records()),
                set_aside_rows: parts.set_aside.len(),
                set_aside_sites: count_sites(parts.set_aside.records()),
            },
            seconds: start.elapsed().as_secs_f64(),
        },
        data: DataSection::of(dataset, quality, &parts.development),
        relations: RelationsSection::of(&parts.development),
        models: section,
        chosen,
        validation,
    };
    settled(&study)
}

/// What the steps of a study work on.
struct Inputs<'a> {
    rows: &'a Rows,
    folds: Vec<Fold<'a>>,
    tuning: Rows,
    aside: Rows,
    earlier: Option<(uu_core::Month, Dataset)>,
    candidates: Vec<Candidate>,
}

impl Inputs<'_> {
    /// The rows the product is tuned on: all that are compared where the tuning rows are fewer than a training needs.
    fn product_rows(&self) -> &Rows {
        if self.tuning.len() < LEAST_ROWS { self.rows } else { &self.tuning }
    }

    /// All work there is, so that what is left can be told.
    fn units(&self, parts: &Parts, settings: &StudySettings) -> u64 {
        let training = |rows: usize| TRAINING_COST * rows as u64;
        let trained: Vec<usize> = self.training_rows(settings.folds);
        let last = [Fold::between(self.rows, &self.aside)];
        tuning_units(&self.candidates, self.tuning.len(), settings.trials)
            + product_tuning_units(self.product_rows().len(), settings.trials)
            + units(&self.candidates, &self.folds, settings.slow_rows)
            + trained.iter().map(|&rows| training(rows)).sum::<u64>()
            + learning_units(trained[0])
            + looking_units(self.rows.len())
            + training(parts.development.len())
            + units(&self.candidates, &last, settings.slow_rows)
            + validation_units(self.aside.len())
            + self.earlier.as_ref().map_or(0, |(_, earlier)| training(earlier.len()))
    }

    /// About how many rows the product is trained on without each fold.
    fn training_rows(&self, folds: usize) -> Vec<usize> {
        self.folds.iter().take(folds).map(|fold| fold.train.places.len()).collect()
    }

    fn validate(
        &self,
        (model, artifact): (&Model, &[u8]),
        hyperparameters: &[Vec<f64>],
        (section, parts): (&ModelsSection, &Parts),
        (set_aside, teaching): (&Dataset, Teaching<'_>),
    ) -> Result<Validation, StudyError> {
        let settings = teaching.settings;
        let last = [Fold::between(self.rows, &self.aside)];
        let mut compared = compare(&self.candidates, hyperparameters, &last, settings, teaching.work)?;
        let places: Vec<usize> = (0..self.aside.len()).collect();
        let start = std::time::Instant::now();
        let estimates = model.estimate(&shown(&self.aside, &places), uu_model::EstimateOptions::default());
        compared.push(Compared {
            name: PRODUCT.to_owned(),
            is_baseline: false,
            estimates: estimates.iter().map(|estimate| estimate.point).collect(),
            fit_seconds: section.leaderboard.iter().find(|entry| entry.model == PRODUCT).map_or(0.0, |entry| entry.fit_seconds),
            predict_seconds: start.elapsed().as_secs_f64(),
            size_bytes: artifact.len(),
            train_rows: parts.development.len(),
        });
        if let Some(estimates) = weighted(&section.ensemble, &compared, &self.aside) {
            let mixture = section.leaderboard.iter().find(|entry| entry.model == ENSEMBLE);
            compared.push(Compared {
                name: ENSEMBLE.to_owned(),
                is_baseline: false,
                estimates,
                fit_seconds: mixture.map_or(0.0, |entry| entry.fit_seconds),
                predict_seconds: mixture.map_or(0.0, |entry| entry.predict_micros * places.len() as f64 / 1e6),
                size_bytes: mixture.map_or(0, |entry| entry.size_bytes),
                train_rows: mixture.map_or(0, |entry| entry.train_rows),
            });
        }
        let mut leaderboard: Vec<Entry> = compared.iter().filter_map(|model| entry(model, &self.aside, &places, &[])).collect();
        leaderboard.sort_by(|a, b| a.errors.rmsle.total_cmp(&b.errors.rmsle));
        let evaluation = evaluate(model, set_aside.records(), LEVEL).ok_or(StudyError::TooFewSites {
            part: SET_ASIDE,
            needed: LEAST_SET_ASIDE,
            found: 0,
        })?;
        for entry in leaderboard.iter_mut().filter(|entry| entry.model == PRODUCT) {
            entry.intervals = Some(evaluation.overall.intervals.clone());
        }
        teaching.work.done("final validation", validation_units(self.aside.len()))?;
        let (rows, sites) = labelled_sites(set_aside);
        let forward = self.earlier.as_ref().map(|earlier| forward(earlier, parts, teaching)).transpose()?;
        Ok(Validation { rows, sites, leaderboard, evaluation, forward })
    }
}

const SET_ASIDE: &str = "sites set aside";

/// Work of judging the chosen model on every mask of its inputs.
fn validation_units(rows: usize) -> u64 {
    1_000 * rows as u64
}

fn check_rows(rows: &Rows, fold_of: &[usize], aside: &Rows, settings: &StudySettings) -> Result<(), StudyError> {
    let in_fold = |fold: usize| rows.origin.iter().filter(|row| fold_of[**row] == fold).count();
    let largest = (0..settings.folds).map(in_fold).max().unwrap_or(0);
    if rows.len() - largest < LEAST_ROWS {
        let needed = LEAST_ROWS * settings.folds / (settings.folds - 1) + 1;
        return Err(StudyError::TooFewRows { found: rows.len(), needed });
    }
    if let Some(fold) = (0..settings.folds).find(|fold| in_fold(*fold) < 2) {
        return Err(StudyError::TooFewSites { part: "every fold", needed: 2, found: in_fold(fold) });
    }
    if aside.len() < LEAST_SET_ASIDE {
        return Err(StudyError::TooFewSites { part: SET_ASIDE, needed: LEAST_SET_ASIDE, found: aside.len() });
    }
    Ok(())
}
