//! New labels are held against the champion before they may judge or teach: a batch whose labels were shuffled, or counted in
//! thousands, would otherwise make a good model look bad.
//!
//! Each source is checked by itself, for two sources may define unique users differently. Its sites are counted, not its rows (see
//! [`Agreement`]): months of one site err together, and a batch of few sites says little however many months it has.
//!
//! **The rule.** Labels *disagree* where the share is below 60 %, or the median is off by more than a factor of 1.5, and the 95 % bound
//! says it is not by chance: the exact binomial bound of the share, the ranks of the sign test for the median. They *agree* where the same
//! bounds rule both out. Otherwise there are *too few*. Where the model is as good as its intervals say, 90 % lie within: nine sites are
//! enough to agree, five are enough to condemn labels of which none does. Shuffled labels lie within some 20 % of the intervals.
//!
//! A source the champion does not know has no definition to be held against: that is told apart, and needs a person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uu_core::{Record, UniqueUsers};
use uu_model::{EstimateOptions, Model, UNNAMED_SOURCE};

use crate::drift::{Agreement, Compared};

/// Level of the intervals that labels are held against.
const INTERVAL_LEVEL: f64 = 0.9;

/// Share of labels within the intervals below which they disagree.
const LEAST_COVERAGE: f64 = 0.6;

/// Factor between labels and estimates beyond which they disagree.
const MOST_FACTOR: f64 = 1.5;

/// Whether new labels go together with what the champion has learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelCheck {
    /// What is to be done with the batch.
    pub verdict: LabelVerdict,
    /// Each source of the batch, by name; rows that name none are [`UNNAMED_SOURCE`].
    pub sources: Vec<SourceCheck>,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelVerdict {
    /// The labels may judge and teach.
    Agrees,
    /// They cannot be of what the champion has learned.
    Disagrees,
    /// There are too few sites to tell.
    TooFew,
    /// The champion does not know their source's definition of unique users: a person must say.
    NewSource,
}

/// The labels of one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceCheck {
    /// Its name.
    pub source: String,
    /// What its labels say.
    pub verdict: LabelVerdict,
    /// How far they agree with the champion's estimates.
    #[serde(flatten)]
    pub agreement: Agreement,
}

/// Holds the labels of `records` against `champion`.
///
/// The rows are to be those that arrived, before cleaning: it drops rows whose users exceed their visits, which are the ones that tell.
/// Where nothing is labelled, there is too little to tell.
#[must_use]
pub fn check_labels(champion: &Model, records: &[Record]) -> LabelCheck {
    let labelled: Vec<&Record> = records.iter().filter(|record| record.unique_users.is_some()).collect();
    let asked: Vec<Record> = labelled.iter().map(|record| Record { unique_users: None, ..(*record).clone() }).collect();
    let estimates = champion.estimate(&asked, EstimateOptions { level: INTERVAL_LEVEL, explain: false });
    let mut by_source: BTreeMap<&str, Vec<Compared<'_>>> = BTreeMap::new();
    for (record, estimate) in labelled.iter().zip(&estimates) {
        let actual = record.unique_users.map_or(0.0, UniqueUsers::get);
        let (site, interval) = (record.site.as_deref(), (estimate.low, estimate.high));
        let source = record.source.as_deref().unwrap_or(UNNAMED_SOURCE);
        by_source.entry(source).or_default().push(Compared { site, actual, point: estimate.point, interval });
    }
    let check = |(source, labels): (&str, Vec<Compared<'_>>)| {
        let agreement = Agreement::of(labels.into_iter())?;
        let is_known = champion.about().sources.iter().any(|known| known == source);
        let verdict = if is_known { verdict(&agreement) } else { LabelVerdict::NewSource };
        Some(SourceCheck { source: source.to_owned(), verdict, agreement })
    };
    let sources: Vec<SourceCheck> = by_source.into_iter().filter_map(check).collect();
    let any = |verdict: LabelVerdict| sources.iter().any(|source| source.verdict == verdict);
    // One bad source spoils a batch; one that is merely small does not.
    let gravest = [LabelVerdict::Disagrees, LabelVerdict::NewSource, LabelVerdict::Agrees].into_iter().find(|verdict| any(*verdict));
    LabelCheck { verdict: gravest.unwrap_or(LabelVerdict::TooFew), sources }
}

fn verdict(agreement: &Agreement) -> LabelVerdict {
    let (least, most) = agreement.coverage_bounds;
    let (low, high) = agreement.factor_bounds.unwrap_or((0.0, f64::INFINITY));
    if most < LEAST_COVERAGE || low > MOST_FACTOR || high < 1.0 / MOST_FACTOR {
        LabelVerdict::Disagrees
    } else if least >= LEAST_COVERAGE && low >= 1.0 / MOST_FACTOR && high <= MOST_FACTOR {
        LabelVerdict::Agrees
    } else {
        LabelVerdict::TooFew
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use uu_core::stats::Draws;
    use uu_testkit::models::{model, unseen};

    fn labelled(sites: usize) -> Vec<Record> {
        unseen(sites).records().iter().filter(|record| record.unique_users.is_some()).cloned().collect()
    }

    fn with_users(record: &Record, users: f64) -> Record {
        Record { unique_users: UniqueUsers::new(users).ok(), ..record.clone() }
    }

    fn users(record: &Record) -> f64 {
        record.unique_users.map_or(f64::NAN, UniqueUsers::get)
    }

    #[test]
    fn labels_of_the_same_world_agree() {
        for sites in [20, 60, 400] {
            let check = check_labels(model(), &labelled(sites));
            assert_eq!(check.verdict, LabelVerdict::Agrees, "{sites}: {:?}", check.sources);
        }
    }

    #[rstest]
    #[case::in_thousands(0.001)]
    #[case::ten_times(10.0)]
    #[case::twice(2.0)]
    #[case::half(0.5)]
    fn multiplied_labels_are_caught(#[case] factor: f64) {
        let rows: Vec<Record> = labelled(40).iter().map(|record| with_users(record, users(record) * factor)).collect();
        let check = check_labels(model(), &rows);
        assert_eq!(check.verdict, LabelVerdict::Disagrees, "{:?}", check.sources);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn shuffled_labels_are_caught(seed: u64) {
            let rows = labelled(60);
            let order = Draws::new("shuffle", seed).permutation(rows.len());
            let shuffled: Vec<Record> = rows.iter().zip(order).map(|(record, from)| with_users(record, users(&rows[from]))).collect();
            let check = check_labels(model(), &shuffled);
            prop_assert_eq!(check.verdict, LabelVerdict::Disagrees, "{:?}", check.sources);
        }

        #[test]
        fn a_few_good_labels_are_not_condemned_by_chance(seed: u64, count in 1usize..8) {
            let rows = labelled(200);
            let mut draws = Draws::new("few", seed);
            let few: Vec<Record> = (0..count).map(|_| rows[draws.below(rows.len())].clone()).collect();
            prop_assert_ne!(check_labels(model(), &few).verdict, LabelVerdict::Disagrees);
        }

        #[test]
        fn the_order_of_rows_changes_nothing(seed: u64) {
            let rows = labelled(30);
            let order = Draws::new("order", seed).permutation(rows.len());
            let reordered: Vec<Record> = order.iter().map(|&row| rows[row].clone()).collect();
            prop_assert_eq!(check_labels(model(), &reordered), check_labels(model(), &rows));
        }
    }

    #[test]
    fn a_new_source_is_told_apart_from_bad_labels() {
        let of = |source: &str, factor: f64| -> Vec<Record> {
            let change = |record: &Record| Record { source: Some(source.into()), ..with_users(record, users(record) * factor) };
            labelled(40).iter().map(change).collect()
        };
        assert_eq!(check_labels(model(), &of("panel", 1.8)).verdict, LabelVerdict::NewSource);
        let mut both = of("panel", 1.8);
        both.extend(of("generated", 1.0));
        let check = check_labels(model(), &both);
        assert_eq!(check.verdict, LabelVerdict::NewSource);
        assert_eq!(check.sources.iter().map(|source| source.verdict).collect::<Vec<_>>(), [LabelVerdict::Agrees, LabelVerdict::NewSource]);
        both.extend(of("generated", 10.0));
        assert_eq!(check_labels(model(), &of("generated", 10.0)).verdict, LabelVerdict::Disagrees);
    }

    #[test]
    fn nothing_and_one_site_of_many_months_are_too_few() {
        assert_eq!(check_labels(model(), &[]), LabelCheck { verdict: LabelVerdict::TooFew, sources: Vec::new() });
        let rows = labelled(200);
        let site = rows.iter().map(|record| record.site.clone()).max_by_key(|site| rows.iter().filter(|row| row.site == *site).count());
        let rows: Vec<Record> = rows.iter().filter(|row| Some(&row.site) == site.as_ref()).map(|row| with_users(row, 1.0)).collect();
        assert!(rows.len() > 5);
        assert_eq!(check_labels(model(), &rows).verdict, LabelVerdict::TooFew);
    }
}
