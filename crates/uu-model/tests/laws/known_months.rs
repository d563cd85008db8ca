//! What known months, sources and inputs that contradict each other change of an estimate.

use uu_core::{Record, Rules, UniqueUsers, UnusedMonths, Visits, Warning};
use uu_model::{Estimate, Factor, Model};
use uu_testkit::models::{dataset, model, quick_settings, trained};
use uu_train::{Silent, train};

use crate::at;

#[test]
fn known_months_move_the_estimates_of_the_others_and_narrow_them() {
    let asked = |known: Option<f64>| {
        let months = [a_month("2024-01", known), a_month("2024-02", known), a_month("2024-03", None)];
        model().estimate_months(&months, at(0.9)).pop().unwrap()
    };
    let (alone, loyal, fleeting) = (asked(None), asked(Some(150_000.0)), asked(Some(900_000.0)));
    assert!(loyal.point < alone.point && alone.point < fleeting.point, "{} {} {}", loyal.point, alone.point, fleeting.point);
    let width = |estimate: &Estimate| (estimate.high / estimate.low).ln();
    assert!(width(&loyal) < 0.8 * width(&alone), "{} {}", width(&loyal), width(&alone));
    let elsewhere = Record { source: Some("elsewhere".into()), ..a_month("2024-02", Some(150_000.0)) };
    let rows = [elsewhere, a_month("2024-03", None)];
    assert!(model().estimate_months(&rows, at(0.9))[1].point < alone.point, "an unknown source follows the same definition here");
}

fn not_used(model: &Model, months: &[Record]) -> Vec<Option<UnusedMonths>> {
    let reason = |estimate: Estimate| {
        estimate.warnings.into_iter().find_map(|warning| match warning {
            Warning::KnownMonthsNotUsed { reason, .. } => Some(reason),
            _ => None,
        })
    };
    model.estimate_months(months, at(0.9)).into_iter().map(reason).collect()
}

fn a_month(month: &str, users: Option<f64>) -> Record {
    Record {
        visits: Visits::new(1e6).ok(),
        unique_users: users.and_then(|users| UniqueUsers::new(users).ok()),
        ..Record::unknown(month.parse().unwrap())
    }
}

#[test]
fn known_months_that_cannot_be_used_are_said_on_the_months_that_are_estimated() {
    let asked = a_month("2024-03", None);
    assert_eq!(not_used(model(), &[a_month("2024-01", Some(3e5)), asked.clone()]), [None, None], "it is used");
    assert_eq!(not_used(model(), &[a_month("2024-01", Some(0.0)), asked.clone()]), [None, Some(UnusedMonths::BelowOne)]);
    let without_visits = Record { visits: Visits::new(0.0).ok(), ..a_month("2024-01", Some(3e5)) };
    assert_eq!(not_used(model(), &[without_visits, asked.clone()]), [None, Some(UnusedMonths::NoVisits)]);
    assert_eq!(not_used(model(), &[a_month("2024-01", Some(0.0)), a_month("2024-02", Some(3e5)), asked.clone()]), [None, None, None]);
    // One month a site: nothing shows what the months of a site share.
    let rows = dataset(1_000);
    let mut seen = std::collections::BTreeSet::new();
    let single = rows.subset(|_, record| seen.insert(record.site.clone()));
    let halves = single.records().iter().enumerate().map(|(row, record)| {
        let source = if row % 3 == 0 { "panel" } else { "tags" };
        Record { source: Some(source.into()), ..record.clone() }
    });
    let trained = train(&uu_data::Dataset::new(Vec::new(), halves.collect()), &Rules::default(), &quick_settings(), &Silent).unwrap();
    let model = Model::from_bytes(&trained.artifact).unwrap();
    assert_eq!(not_used(&model, &[a_month("2024-01", Some(3e5)), asked.clone()]), [None, Some(UnusedMonths::NoSiteLevel)]);
    assert!(!model.factors().contains(&Factor::SiteLevel));
    let of_panel = Record { source: Some("panel".into()), ..a_month("2024-01", Some(3e5)) };
    assert_eq!(not_used(&model, &[of_panel, asked]), [None, Some(UnusedMonths::OtherSource { used: "tags".to_owned() })]);
}

#[test]
fn a_source_without_labels_defines_nothing_and_is_not_said_to_be_followed() {
    let rows = dataset(400);
    let records = rows.records().iter().flat_map(|record| {
        let labelled = Record { source: Some("panel".into()), ..record.clone() };
        let unlabelled = |month: &str| Record { unique_users: None, source: None, month: month.parse().unwrap(), ..record.clone() };
        [labelled, unlabelled("2019-01"), unlabelled("2019-02")]
    });
    let trained = train(&uu_data::Dataset::new(Vec::new(), records.collect()), &Rules::default(), &quick_settings(), &Silent).unwrap();
    assert_eq!(trained.about.sources, ["panel"]);
    let model = Model::from_bytes(&trained.artifact).unwrap();
    let of = |source: Option<&str>| Record { source: source.map(Into::into), ..a_month("2024-03", None) };
    assert_eq!((model.source_for(&of(None)), model.source_for(&of(Some("panel")))), ("panel", "panel"));
    assert_eq!(model.estimate_one(&of(None), at(0.9)), model.estimate_one(&of(Some("panel")), at(0.9)));
}

#[test]
fn rank_and_visits_that_contradict_each_other_are_said_with_the_visits_that_go_with_the_rank() {
    let with = |rank: f64, visits: f64| Record {
        rank: uu_core::Rank::new(rank).ok(),
        visits: Visits::new(visits).ok(),
        ..a_month("2024-03", None)
    };
    let found = |record: &Record| {
        let warnings = model().estimate_one(record, at(0.9)).warnings;
        warnings.into_iter().find_map(|warning| match warning {
            Warning::RankAndVisitsDisagree { low, high, .. } => Some((low, high)),
            _ => None,
        })
    };
    let both: Vec<Record> = uu_testkit::models::unseen(600)
        .records()
        .iter()
        .filter(|record| record.rank.is_some() && record.visits.is_some())
        .cloned()
        .collect();
    let flagged = both.iter().filter(|record| found(record).is_some()).count();
    assert!(both.len() > 1_000 && flagged as f64 <= 0.01 * both.len() as f64, "{flagged} of {}", both.len());
    let (low, high) = found(&with(1.0, 100.0)).expect("nobody of rank 1 has a hundred visits");
    assert!(100.0 < low && low < high);
    assert!(found(&with(5e6, 1e10)).is_some() && found(&Record { rank: None, ..with(1.0, 100.0) }).is_none());
}

#[test]
fn months_of_one_site_are_judged_with_the_others_known() {
    let groups = &trained().report.evaluation.by_known_months;
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    insta::assert_debug_snapshot!(names, @r#"
    [
        "visits known, each month alone",
        "visits known, users of the others known",
        "visits unknown, each month alone",
        "visits unknown, users of the others known",
    ]
    "#);
    for pair in groups.chunks(2) {
        let [alone, together] = pair else { panic!("an odd number of groups") };
        assert!(together.errors.median_ape < 0.8 * alone.errors.median_ape, "{}: {}", alone.errors.median_ape, together.errors.median_ape);
        assert!((0.85..=0.95).contains(&together.intervals.coverage), "{}", together.intervals.coverage);
    }
}
