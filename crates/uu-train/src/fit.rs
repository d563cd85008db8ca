//! Fitting one stage: columns, out-of-fold encoding, trees.

use std::ops::ControlFlow;

use uu_core::stats::site_hash;
use uu_forest::{Forest, Scratch};
use uu_lightgbm::{LightGbmError, Objective, Parameters, TrainedText, TrainingSet, train};
use uu_model::components::{Column, Encoder, InputBlock, InputId, Kinds, LINEAR_INPUTS, Spelling, Stage, Statistic, Values, source_levels};

use super::FitError;
use super::masking::Expanded;
use super::settings::{Correction, TreeSettings};
use super::table::Table;

/// Parts of the sites for out-of-fold encoding: a row's own target must not reach its own encoded columns.
const ENCODING_FOLDS: u64 = 5;

/// What one stage is fitted with.
pub(super) struct StageFit<'a> {
    pub(super) table: &'a Table<'a>,
    pub(super) columns: Vec<Column>,
    pub(super) trees: &'a TreeSettings,
    pub(super) objective: Objective,
    /// Trees that follow, and learn what the first ones leave.
    pub(super) correction: Option<&'a Correction>,
    pub(super) seed: u64,
}

/// A fitted stage and its trees as LightGBM wrote them.
pub(super) struct FittedStage {
    pub(super) stage: Stage,
    pub(super) text: String,
}

impl StageFit<'_> {
    /// Fits on expanded rows; `targets` has one number for each of them.
    pub(super) fn fit(
        &self,
        rows: &Expanded,
        targets: &[f64],
        progress: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> Result<FittedStage, FitError> {
        // The rows themselves know the most: the means are taken over them, not over their copies.
        let uncopied = rows.uncopied;
        let levels = match self.table.schema.sources.len() {
            0 | 1 => Vec::new(),
            sources => source_levels(&rows.block.source, targets, sources, |row| row < uncopied),
        };
        let level_of = |row: usize| levels.get(usize::from(rows.block.source[row])).copied().unwrap_or(0.0);
        let targets: Vec<f64> = targets.iter().enumerate().map(|(row, target)| target - level_of(row)).collect();
        let targets = targets.as_slice();
        let ratios: Vec<f64> = rows.origin.iter().map(|&row| self.table.log_ratio[row]).collect();
        let values = self.values(rows, targets, &ratios);
        let kinds = Kinds::of(&self.columns, &levels, self.table.schema.suffix_codes());
        let encoder = Encoder::fit(&rows.block, &values, kinds, |row| row < uncopied);
        let features = self.features(rows, &values, kinds, &encoder);
        let mut boosting = Boosting { features: &features, columns: &self.columns, weights: &rows.weights, progress };
        let mut trained = boosting.boost(targets, &self.trees.parameters(self.objective, self.seed))?;
        let mut forest = Forest::from_lightgbm_text(trained.as_str())?;
        if let Some(correction) = self.correction {
            let left = left_over(&forest, &features, targets, uncopied);
            trained = trained.plus(&boosting.boost(&left, &correction.parameters(self.seed))?, correction.weight)?;
            forest = Forest::from_lightgbm_text(trained.as_str())?;
        }
        let stage = Stage { columns: self.columns.clone(), encoder, forest, levels };
        Ok(FittedStage { stage, text: trained.into_string() })
    }

    /// Every statistic the columns need, the target first.
    fn values<'a>(&self, rows: &'a Expanded, targets: &'a [f64], ratios: &'a [f64]) -> Vec<Values<'a>> {
        let mut values = vec![(Statistic::Target, targets)];
        for statistic in self.columns.iter().filter_map(Column::statistic) {
            if values.iter().all(|(known, _)| *known != statistic) {
                values.push(match statistic {
                    Statistic::Target => (statistic, targets),
                    Statistic::Ratio => (statistic, ratios),
                    Statistic::Numeric(id) => (statistic, &rows.block.numeric[id]),
                });
            }
        }
        values
    }

    /// The feature matrix, column by column; encoded columns hold means over the other sites only.
    fn features(&self, rows: &Expanded, values: &[Values<'_>], kinds: Kinds<'_>, encoder: &Encoder) -> Vec<f64> {
        let mut features = Vec::with_capacity(rows.block.len() * self.columns.len());
        let folds: Vec<u64> = rows.origin.iter().map(|&row| self.encoding_fold(row)).collect();
        let encoders: Vec<Encoder> = (0..ENCODING_FOLDS)
            .map(|fold| Encoder::fit(&rows.block, values, kinds, |row| row < rows.uncopied && folds[row] != fold))
            .collect();
        for column in &self.columns {
            let start = features.len();
            column.extend(&rows.block, encoder, &mut features);
            if column.is_encoded() {
                out_of_fold(column, &rows.block, &encoders, &folds, &mut features[start..]);
            }
        }
        features
    }

    fn encoding_fold(&self, row: usize) -> u64 {
        let site = self.table.dataset.records()[row].site.as_deref();
        site.map_or(self.table.keys[row], |site| site_hash(site, self.seed ^ 0xE4C0)) % ENCODING_FOLDS
    }
}

/// A feature matrix that trees are fitted on, to one target after another.
pub(super) struct Boosting<'a> {
    pub(super) features: &'a [f64],
    pub(super) columns: &'a [Column],
    pub(super) weights: &'a [f32],
    pub(super) progress: &'a mut dyn FnMut(u32) -> ControlFlow<()>,
}

impl Boosting<'_> {
    pub(super) fn boost(&mut self, targets: &[f64], parameters: &Parameters) -> Result<TrainedText, FitError> {
        let names: Vec<String> = self.columns.iter().map(name).collect();
        let labels: Vec<f32> = targets.iter().map(|target| *target as f32).collect();
        let categorical: Vec<usize> = (0..self.columns.len()).filter(|&index| self.columns[index].is_categorical()).collect();
        let set = TrainingSet::new(self.features, &names, &labels)?.with_weights(self.weights)?.with_categorical(&categorical)?;
        train(&set, parameters, &mut |done, _| (self.progress)(done)).map_err(|error| match error {
            LightGbmError::Stopped { .. } => FitError::Stopped,
            other => FitError::Trees(other),
        })
    }
}

fn name(column: &Column) -> String {
    match column {
        Column::Numeric(input) => format!("input_{input}"),
        Column::Combination(terms) => terms.iter().fold("product".to_owned(), |name, (input, weight)| format!("{name}_{input}p{weight}")),
        Column::CategoryCode => "category".to_owned(),
        Column::TopCode => "top".to_owned(),
        Column::Category(statistic) => format!("category_{}", statistic_name(*statistic)),
        Column::SuffixCode => "suffix".to_owned(),
        Column::Suffix(statistic) => format!("suffix_{}", statistic_name(*statistic)),
        Column::Brand => "brand_target".to_owned(),
        Column::Spelling(which) => format!("host_{}", format!("{which:?}").to_lowercase()),
        Column::Linear => "linear".to_owned(),
        Column::Distance(input) => format!("distance_{input}"),
        Column::Source => "source".to_owned(),
        Column::Month => "month".to_owned(),
    }
}

/// What the trees leave of the rows' own targets, and nothing of the copies': those stay as they are.
pub(super) fn left_over(forest: &Forest, features: &[f64], targets: &[f64], uncopied: usize) -> Vec<f64> {
    let columns: Vec<&[f64]> = features.chunks_exact(targets.len()).collect();
    let mut left = vec![0.0; targets.len()];
    forest.predict_block(&columns, &mut left, &mut Scratch::new());
    for (row, (left, target)) in left.iter_mut().zip(targets).enumerate() {
        *left = if row < uncopied { target - *left } else { 0.0 };
    }
    left
}

fn statistic_name(statistic: Statistic) -> String {
    match statistic {
        Statistic::Target => "target".to_owned(),
        Statistic::Ratio => "ratio".to_owned(),
        Statistic::Numeric(input) => format!("input_{input}"),
    }
}

fn out_of_fold(column: &Column, block: &InputBlock, encoders: &[Encoder], folds: &[u64], out: &mut [f64]) {
    for (fold, encoder) in encoders.iter().enumerate() {
        let mut encoded = Vec::with_capacity(block.len());
        column.extend(block, encoder, &mut encoded);
        for (row, value) in encoded.into_iter().enumerate().filter(|(row, _)| folds[*row] == fold as u64) {
            out[row] = value;
        }
    }
}

/// The columns of a stage that predicts the ratio (`hidden` is `None`) or the numeric input `hidden`.
///
/// Beside the inputs themselves: page views (visits x pages), and how far a site's traffic lies from what its rank says. Ranks are made
/// of visits, pages and users in a proportion nobody publishes, so traffic is weighed several ways; trees, splitting one column at a
/// time, would need many splits to find any of it. In cross-validation by site on real data these sums take RMSLE from 0.420 to 0.408.
/// Categories are split natively and stand beside the mean of the target over their other sites: either alone is worse (`docs/model.md`
/// has the figures). Only what was learned is there.
pub(super) fn columns(table: &Table<'_>, hidden: Option<InputId>) -> Vec<Column> {
    const RANK: InputId = InputId::RANK;
    const VISITS: InputId = InputId::VISITS;
    const PAGES: InputId = InputId::PAGES_PER_VISIT;
    let schema = &table.schema;
    let shown = |id: &InputId| schema.ranges[*id].is_some() && hidden != Some(*id);
    let mut columns: Vec<Column> = schema.ranges.ids().filter(shown).map(Column::Numeric).collect();
    let combinations = [
        vec![(VISITS, 1.0), (PAGES, 1.0)],
        vec![(RANK, 1.0), (VISITS, 1.0)],
        vec![(RANK, 1.0), (PAGES, 1.0)],
        vec![(RANK, 1.0), (VISITS, 1.0), (PAGES, 0.25)],
        vec![(RANK, 1.0), (VISITS, 1.0), (PAGES, 0.5)],
        vec![(RANK, 1.0), (VISITS, 1.0), (PAGES, 0.75)],
        vec![(RANK, 1.0), (VISITS, 1.0), (PAGES, 1.0)],
    ];
    let possible = combinations.into_iter().filter(|terms| terms.iter().all(|(id, _)| shown(id)));
    columns.extend(possible.map(Column::Combination));
    if hidden.is_none() && LINEAR_INPUTS.iter().all(shown) {
        columns.push(Column::Linear);
    }
    if schema.category {
        columns.extend([Column::CategoryCode, Column::TopCode, Column::Category(Statistic::Target)]);
        if hidden.is_some() {
            // What a site's own inputs say beside what its category does matters where visits or another input are to be guessed.
            let sizes = [RANK, VISITS, PAGES].into_iter().filter(shown);
            columns.push(Column::Category(Statistic::Ratio));
            columns.extend(sizes.flat_map(|id| [Column::Category(Statistic::Numeric(id)), Column::Distance(id)]));
        }
    }
    if schema.suffixes.is_some() {
        columns.extend([Column::SuffixCode, Column::Suffix(Statistic::Target)]);
        match hidden {
            None => columns.push(Column::Brand),
            Some(_) => columns.push(Column::Suffix(Statistic::Ratio)),
        }
        columns.extend([PAGES].into_iter().filter(shown).map(|id| Column::Suffix(Statistic::Numeric(id))));
        columns.extend(Spelling::ALL.map(Column::Spelling));
    }
    if schema.sources.len() > 1 {
        columns.push(Column::Source);
    }
    if table.has_seasons() {
        columns.push(Column::Month);
    }
    columns
}
