//! The last step: what was fitted becomes an artifact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use uu_core::Record;
use uu_core::stats::site_hash;
use uu_model::artifact::{DRIFT_SECTION, MODEL_SECTION, RANK_VISITS_SECTION, REPORT_SECTION, ROWS_SECTION, SITES_SECTION, TREES_SECTION};
use uu_model::components::{InputId, Judged, Pair, Parts, RankVisits, Sorted, falling_steps};
use uu_model::reference::Reference;
use uu_model::{About, Estimate, EstimateOptions, Evaluation, Group, Model, Pattern, artifact};

use super::coverage::{CoverageBySite, LEVEL};
use super::held_out::HeldOut;
use super::settings::TrainSettings;
use super::table::Table;
use super::{TrainReport, Trained};
use crate::tuning::Tuning;

/// Held-out rows beside the truth.
pub(super) struct Judgement {
    pub(super) observed: Vec<Judged>,
    pub(super) masked: Vec<Judged>,
    pub(super) by_month: Vec<Group>,
}

/// What an artifact is frozen from, beside the parts themselves.
pub(super) struct Freezing<'a> {
    pub(super) table: &'a Table<'a>,
    pub(super) settings: &'a TrainSettings,
    /// How the settings were found, where they were.
    pub(super) tuning: Option<&'a Tuning>,
    /// How often the model was continued since it was fitted from scratch.
    pub(super) continuations: u32,
    /// What the models that this one continues were trained on.
    pub(super) earlier: Seen,
}

/// What a model was trained on, told by hashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) sites: BTreeSet<u64>,
    pub(super) rows: BTreeSet<u32>,
}

/// Rows whose estimates go into the drift reference at most.
const ROWS_ESTIMATED: usize = 20_000;

/// The half of a row's key that an artifact keeps: of a million rows one in four thousand finds another's.
pub(super) fn short_key(key: u64) -> u32 {
    (key >> 32) as u32
}

impl Freezing<'_> {
    pub(super) fn freeze(
        &self,
        parts: Parts,
        trees: &BTreeMap<String, String>,
        observed: &HeldOut,
        masked: &HeldOut,
        judgement: &Judgement,
    ) -> Trained {
        let sections = [
            (MODEL_SECTION, postcard::to_stdvec(&parts).expect("the parts are numbers, texts and lists")),
            (TREES_SECTION, compressed(&serde_json::to_vec(trees).expect("texts by name"))),
            (SITES_SECTION, self.sites()),
            (ROWS_SECTION, self.rows()),
        ];
        let rank_visits = RankVisits::fit(self.pairs_of_rank_and_visits());
        let of_rank_visits = rank_visits.as_ref().map(|learned| postcard::to_stdvec(learned).expect("bounds are numbers"));
        let model = Model::new(self.about(&parts), parts, rank_visits);
        let evaluation = self.evaluation(&model, observed, masked, judgement);
        let about = About {
            median_ape: evaluation.overall.errors.median_ape,
            rmsle: evaluation.overall.errors.rmsle,
            coverage: evaluation.overall.intervals.coverage,
            ..model.about().clone()
        };
        let settings = TrainSettings { threads: None, ..self.settings.clone() };
        let report = TrainReport { settings, tuning: self.tuning.cloned(), evaluation };
        let report_bytes = compressed(&serde_json::to_vec(&report).expect("figures by name"));
        let reference = self.drift_reference(&model).to_bytes();
        let [parts, trees, sites, rows] = sections;
        let mut sections = vec![parts, trees, sites, (REPORT_SECTION, report_bytes), rows, (DRIFT_SECTION, reference)];
        sections.extend(of_rank_visits.map(|bytes| (RANK_VISITS_SECTION, bytes)));
        let artifact = artifact::write(&about, &sections);
        let coverage = CoverageBySite::of(self.table, observed, &judgement.observed);
        Trained { artifact, about, report, held_out: observed.estimates(self.table), coverage }
    }

    fn pairs_of_rank_and_visits(&self) -> Vec<Pair> {
        let (ranks, visits) = (&self.table.block.numeric[InputId::RANK], &self.table.block.numeric[InputId::VISITS]);
        let pairs = ranks.iter().zip(visits).zip(&self.table.keys).map(|((rank, visits), key)| (*rank, *visits, *key));
        pairs.filter(|(rank, visits, _)| !rank.is_nan() && !visits.is_nan()).collect()
    }

    /// How the rows are spread, and the estimates of a sample of them: bins of a few hundred each are sharp enough.
    fn drift_reference(&self, model: &Model) -> Reference {
        let records = self.table.dataset.records();
        let mut order: Vec<usize> = (0..records.len()).collect();
        order.sort_by_key(|&row| (site_hash("drift", self.table.keys[row]), row));
        order.truncate(ROWS_ESTIMATED);
        let asked: Vec<Record> = order.iter().map(|&row| Record { unique_users: None, ..records[row].clone() }).collect();
        let estimates: Vec<Estimate> =
            asked.par_chunks(1_024).flat_map_iter(|rows| model.estimate(rows, EstimateOptions::default())).collect();
        Reference::of(records, estimates.iter().map(|estimate| estimate.point).collect(), Arc::clone(&self.table.schema))
    }

    fn evaluation(&self, model: &Model, observed: &HeldOut, masked: &HeldOut, judgement: &Judgement) -> Evaluation {
        let mut by_mask: BTreeMap<Pattern, Vec<Judged>> = BTreeMap::new();
        for (pattern, judged) in masked.patterns.iter().zip(&judgement.masked) {
            by_mask.entry(*pattern).or_default().push(*judged);
        }
        let by_mask = by_mask.into_iter().filter_map(|(pattern, judged)| Group::of(pattern.name(), &judged)).collect();
        let records: Vec<_> = observed.rows.iter().map(|&row| self.table.dataset.records()[row].clone()).collect();
        let steps = falling_steps(model, &records);
        let sorted = Sorted { records: &records, judged: &judgement.observed, patterns: &observed.patterns };
        let evaluation = sorted.evaluation(LEVEL, by_mask, model.baselines(), steps).expect("a training has labelled rows");
        Evaluation { by_known_months: judgement.by_month.clone(), ..evaluation }
    }

    fn about(&self, parts: &Parts) -> About {
        let records = self.table.dataset.records();
        let stages = [&parts.ratio, &parts.spread].into_iter().chain(parts.fills.iter().flatten());
        About {
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
            rows: records.len(),
            labelled_rows: self.table.labelled().len(),
            sites: self.sites_of_rows().len(),
            sources: self.table.schema.sources.shown().map(str::to_owned).collect(),
            data_fingerprint: self.table.fingerprint(),
            seed: self.settings.seed,
            trees: stages.map(|stage| stage.forest.num_trees()).sum(),
            continuations: self.continuations,
            ..About::default()
        }
    }

    /// Hashes of the sites, sorted: whether a site was trained on can be told later, which sites they were cannot.
    fn sites(&self) -> Vec<u8> {
        self.sites_of_rows().union(&self.earlier.sites).copied().flat_map(u64::to_le_bytes).collect()
    }

    /// Hashes of the rows, sorted: which ones are new to the model can be told later.
    fn rows(&self) -> Vec<u8> {
        let own: BTreeSet<u32> = self.table.keys.iter().map(|key| short_key(*key)).collect();
        own.union(&self.earlier.rows).copied().flat_map(u32::to_le_bytes).collect()
    }

    fn sites_of_rows(&self) -> BTreeSet<u64> {
        self.table.dataset.records().iter().filter_map(|record| record.site.as_deref()).map(|site| site_hash(site, 0)).collect()
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 9).expect("compressing from memory to memory cannot fail")
}
