//! What each rule of cleaning finds and does.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use proptest::prelude::*;
use uu_core::{Checked, Month, PagesPerVisit, Record, UniqueUsers, Visits};
use uu_data::Dataset;
use uu_data::clean::{CleanAction, CleanError, CleanOptions, Cleaner, QualityReport, clean};
use uu_data::read::{Input, ReadOptions, open};

fn row(site: &str, visits: f64, users: Option<f64>) -> Checked {
    let record = Record {
        site: Some(site.into()),
        source: Some("s".into()),
        visits: Visits::new(visits).ok(),
        unique_users: users.and_then(|users| UniqueUsers::new(users).ok()),
        ..Record::unknown(Month::new(2024, 1).unwrap())
    };
    Checked { record, warnings: Vec::new() }
}

fn cleaned(rows: Vec<Checked>) -> (Dataset, QualityReport) {
    clean(rows, CleanOptions::default()).unwrap()
}

fn counts(report: &QualityReport) -> Vec<(&'static str, u64)> {
    report.rules.iter().filter(|count| count.rows > 0).map(|count| (count.rule, count.rows)).collect()
}

#[test]
fn contradictions_are_dropped_beyond_three_percent_and_clipped_within() {
    let (data, report) = cleaned(vec![row("a", 100.0, Some(103.0)), row("b", 100.0, Some(104.0)), row("c", 100.0, Some(90.0))]);
    assert_eq!(counts(&report), [("users_exceed_visits", 1), ("users_set_to_visits", 1)]);
    let users: Vec<f64> = data.records().iter().map(|record| record.unique_users.unwrap().get()).collect();
    assert_eq!(users, [100.0, 90.0]);
    assert_eq!(report.rule("users_exceed_visits").unwrap().examples[0].found, "unique users 104, visits 100");
}

#[test]
fn of_duplicates_the_later_inputs_is_kept() {
    let mut cleaner = Cleaner::new(CleanOptions::default());
    cleaner.add(row("a", 100.0, Some(50.0)));
    cleaner.add(row("b", 7.0, None));
    cleaner.next_input();
    cleaner.add(row("a", 90.0, Some(40.0)));
    cleaner.add(row("b", 7.0, None));
    let (data, report) = cleaner.finish().unwrap();
    assert_eq!(counts(&report), [("duplicate_identical", 1), ("duplicate_conflicting", 1), ("no_label", 1)]);
    assert_eq!(data.records()[0].visits.unwrap().get(), 90.0);
}

/// Rows as a file gives them.
fn given(lines: &str) -> Vec<Checked> {
    let text = format!("date,site,visits,unique_users\n{lines}");
    let chunk = open(Input::bytes("a.csv", text), ReadOptions::default()).unwrap().next().unwrap().unwrap();
    chunk.rows.into_iter().collect::<Result<_, _>>().unwrap()
}

#[test]
fn rows_of_identifiers_and_titles_stay_with_their_names() {
    let rows = given("2024-12,10577,100,40\n2024-11,10577,100,40\n2024-12,My Shop,100,40\n2024-12,my  shop,90,30\n");
    let (data, report) = cleaned(rows);
    assert_eq!(counts(&report), [("not_a_host", 4), ("duplicate_conflicting", 1)]);
    let sites: Vec<Option<&str>> = data.records().iter().map(|record| record.site.as_deref()).collect();
    assert_eq!(sites, [Some("10577"), Some("10577"), Some("my shop")]);
    assert_eq!((report.sources[0].sites, report.rule("not_a_host").unwrap().action), (2, CleanAction::TreatedAsUnknown));
}

#[test]
fn rows_of_addresses_stay_without_a_site_and_totals_do_not() {
    let (data, report) = cleaned(given("2024-12,192.168.0.1,100,40\n2024-12,info@example.com,90,30\n2024-12,Total,190,70\n"));
    assert_eq!(counts(&report), [("total_row", 1), ("not_a_host", 2)]);
    assert!(data.len() == 2 && data.records().iter().all(|record| record.site.is_none()));
    assert!(report.rule("not_a_host").unwrap().examples[0].found.ends_with("treated as one of an unknown site"));
}

#[test]
fn a_file_of_sums_alone_leaves_nothing() {
    let error = clean(given("2024-12,Total,190,70\n2024-11,Total,180,70\n"), CleanOptions::default()).unwrap_err();
    assert!(error.to_string().contains("`total_row` took 2 of 2 rows"), "{error}");
}

#[test]
fn labels_without_a_ratio_are_unknown_and_their_rows_stay() {
    let (data, report) = cleaned(vec![row("a", 0.0, Some(0.0)), row("b", 5.0, Some(0.0)), row("c", 5.0, None)]);
    assert_eq!(counts(&report), [("zero_visits", 1), ("zero_users", 1), ("no_label", 3)]);
    assert_eq!((data.len(), report.rows_labelled), (3, 0));
}

#[test]
fn a_far_label_is_dropped_and_a_far_input_is_unknown() {
    let mut rows: Vec<Checked> = (0..200)
        .map(|index| {
            let mut row = row(&format!("site{index}"), 1000.0 + f64::from(index), Some(500.0 + f64::from(index % 50)));
            row.record.pages_per_visit = PagesPerVisit::new(2.0 + f64::from(index % 10) / 10.0).ok();
            row
        })
        .collect();
    rows[7].record.unique_users = UniqueUsers::new(3.0).ok();
    rows[9].record.pages_per_visit = PagesPerVisit::new(800.0).ok();
    let (data, report) = cleaned(rows);
    assert_eq!(counts(&report), [("label_outlier", 1), ("input_outlier", 1)]);
    assert_eq!(report.rule("input_outlier").unwrap().by_field["pages_per_visit"], 1);
    assert_eq!(data.len(), 199);
}

#[test]
fn labels_in_steps_of_sampling_are_counted() {
    let stepped = |index: u32| row(&format!("site{index}"), 1e6, Some((1137.3 * f64::from(index % 30 + 1)).round()));
    assert_eq!(counts(&cleaned((0..300).map(stepped).collect()).1), [("quantised_label", 300)]);
    let counted = |index: u32| row(&format!("site{index}"), 1e6, Some(1137.0 + f64::from(index) * 31.7));
    assert_eq!(counts(&cleaned((0..300).map(counted).collect()).1), []);
}

#[test]
fn generated_rows_do_not_mix_with_measured_ones() {
    let mut generated = row("a", 1.0, None);
    generated.record.source = Some("generated".into());
    assert!(clean(vec![generated.clone()], CleanOptions::default()).is_ok());
    let error = clean(vec![generated, row("b", 1.0, None)], CleanOptions::default()).unwrap_err();
    assert_eq!(error, CleanError::GeneratedMixed { generated: 1, others: 1 });
    let nothing = clean(vec![], CleanOptions::default()).unwrap_err();
    assert_eq!(nothing.to_string(), "at least one row must be left after cleaning, got 0 rows and none left");
}

proptest! {
    #[test]
    fn nothing_is_dropped_silently_and_the_order_of_rows_changes_nothing(
        rows in proptest::collection::vec((0u8..8, 0u16..6, proptest::option::of(0u16..6)), 1..60),
    ) {
        let rows: Vec<Checked> =
            rows.into_iter().map(|(site, visits, users)| row(&format!("s{site}"), f64::from(visits), users.map(f64::from))).collect();
        let mut reversed = rows.clone();
        reversed.reverse();
        match (clean(rows, CleanOptions::default()), clean(reversed, CleanOptions::default())) {
            (Ok((data, report)), Ok(other)) => {
                let dropped: u64 = report.rules.iter().filter(|count| count.action == uu_data::clean::CleanAction::Dropped).map(|count| count.rows).sum();
                prop_assert_eq!(report.rows_read, report.rows_kept + dropped);
                prop_assert_eq!((data, report), other);
            }
            (one, other) => prop_assert_eq!(one.is_err(), other.is_err()),
        }
    }
}

#[test]
fn when_nothing_is_left_the_rule_that_took_most_rows_is_named() {
    let swapped = (0..900).map(|index| row(&format!("s{index}.com"), 1e3, Some(2e3 + f64::from(index))));
    let CleanError::NothingLeft(report) = clean(swapped, CleanOptions::default()).unwrap_err() else { panic!("another error") };
    assert_eq!((report.rows_read, report.rows_kept, report.rule("users_exceed_visits").unwrap().rows), (900, 0, 900));
    insta::assert_snapshot!(CleanError::NothingLeft(report), @"at least one row must be left after cleaning, got 900 rows and none left: unique users exceed visits in 900 of 900 rows (`users_exceed_visits`): are the columns swapped?");
}

#[test]
fn what_took_most_rows_from_a_training_is_told_also_where_rows_are_left() {
    let loss = |rows: Vec<Checked>| cleaned(rows).1.main_loss().map(|loss| loss.to_string());
    let good = |count: u32| (0..count).map(|index| row(&format!("s{index}.com"), 1e3 + f64::from(index), Some(500.0 + f64::from(index))));
    assert_eq!(loss(good(100).collect()), None);
    let exceeding = (0..880).map(|index| row(&format!("t{index}.com"), 1e3, Some(2e3)));
    let text = loss(good(20).chain(exceeding).collect()).unwrap();
    assert!(text.contains("unique users exceed visits in 880 of 900 rows") && text.contains("are the columns swapped?"), "{text}");
    let one_site = (0..299).map(|index| row("nan.com", 1e3 + f64::from(index), Some(400.0)));
    let text = loss(good(600).chain(one_site).collect()).unwrap();
    assert!(text.starts_with("`duplicate_conflicting` took 298 of 899 rows"), "{text}");
    let text = loss(good(10).chain((0..50).map(|index| row(&format!("u{index}.com"), 1e3, Some(0.0)))).collect()).unwrap();
    assert!(text.starts_with("`zero_users` took 50 of 60 rows"), "{text}");
    let text = loss(good(10).chain((0..50).map(|index| row(&format!("u{index}.com"), 1e3, None))).collect()).unwrap();
    assert!(text.starts_with("`no_label` took 50 of 60 rows"), "{text}");
}
