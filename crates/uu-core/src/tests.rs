//! Laws and contracts of the check.

use proptest::prelude::*;
use rstest::rstest;

use crate::{BounceDefinition, Checked, Fault, Field, RawRecord, RawValue, Rules, Warning, check};

fn raw(values: &[(Field, RawValue<'static>)]) -> RawRecord<'static> {
    let mut raw = RawRecord::new();
    raw.set(Field::Date, RawValue::text("2018-12-01"));
    for (field, value) in values {
        raw.set(*field, value.clone());
    }
    raw
}

fn passes(values: &[(Field, RawValue<'static>)]) -> Checked {
    check(&raw(values), &Rules::default()).unwrap()
}

fn faults(values: &[(Field, RawValue<'static>)]) -> Vec<Fault> {
    check(&raw(values), &Rules::default()).unwrap_err()
}

#[test]
fn every_fault_is_reported_at_once() {
    let faults = faults(&[
        (Field::Date, RawValue::text("yesterday")),
        (Field::Rank, RawValue::Number(0.0)),
        (Field::Visits, RawValue::Number(-5.0)),
        (Field::PagesPerVisit, RawValue::Number(-1.0)),
        (Field::BounceRate, RawValue::Number(143.1)),
        (Field::AvgVisitDuration, RawValue::text("two minutes")),
        (Field::Category, RawValue::Other { kind: "a list" }),
        (Field::UniqueUsers, RawValue::text("NaN")),
    ]);
    let lines: Vec<String> = faults.iter().map(|fault| format!("{}: {fault}", fault.rule.code())).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    bad_date: date must be a date like `2018-12-01` or `2018-12`, got `yesterday`
    out_of_range: rank must be a whole number, 1 or more, got 0
    out_of_range: visits must be a number of visits, 0 or more, got -5
    out_of_range: pages per visit must be 1 or more pages per visit, got -1
    out_of_range: bounce rate must be between 0 and 100 percent, got 143.1
    not_a_number: average visit duration must be a number, got `two minutes`
    not_a_text: category must be the name or the code of a category, got a list
    not_a_number: unique users must be a number, got `NaN`
    ");
}

#[test]
fn implausible_values_are_left_out_with_a_warning() {
    let checked = passes(&[(Field::Visits, RawValue::Number(1e6)), (Field::PagesPerVisit, RawValue::Number(5e6))]);
    assert_eq!(checked.record.pages_per_visit, None);
    assert!(checked.record.visits.is_some());
    assert_eq!(checked.warnings.iter().map(Warning::code).collect::<Vec<_>>(), ["implausible_value"]);
}

#[test]
fn zero_is_a_value_and_empty_is_unknown() {
    let checked = passes(&[(Field::Visits, RawValue::text("0")), (Field::AvgVisitDuration, RawValue::text("  "))]);
    assert_eq!(checked.record.visits.map(crate::Visits::get), Some(0.0));
    assert_eq!(checked.record.avg_visit_duration, None);
}

#[rstest]
#[case("https://Example.COM/", "example.com")]
#[case("example.com.", "example.com")]
#[case("www.nasa.gov/Missions/X", "www.nasa.gov/Missions/X")]
fn a_site_is_a_lower_case_host(#[case] given: &'static str, #[case] expected: &str) {
    assert_eq!(passes(&[(Field::Site, RawValue::text(given))]).record.site.as_deref(), Some(expected));
}

#[rstest]
#[case(RawValue::Number(100.0), true)]
#[case(RawValue::text("100"), true)]
#[case(RawValue::text("Sports/Soccer"), true)]
#[case(RawValue::Number(4711.0), false)]
#[case(RawValue::Number(1.5), false)]
#[case(RawValue::text("All"), false)]
fn a_category_is_a_name_or_a_code(#[case] given: RawValue<'static>, #[case] known: bool) {
    let checked = passes(&[(Field::Category, given)]);
    assert_eq!((checked.record.category.is_some(), checked.warnings.is_empty()), (known, known));
}

#[test]
fn fewer_than_one_page_is_unknown_with_a_warning() {
    let checked = passes(&[(Field::PagesPerVisit, RawValue::Number(0.4))]);
    assert_eq!(checked.record.pages_per_visit, None);
    assert_eq!(checked.warnings[0].code(), "below_one");
}

#[test]
fn pages_and_bounce_bound_each_other_only_where_the_source_declares_it() {
    let values = raw(&[
        (Field::Source, RawValue::text("similarweb")),
        (Field::PagesPerVisit, RawValue::Number(1.2)),
        (Field::BounceRate, RawValue::Number(40.0)),
    ]);
    assert!(check(&values, &Rules::default()).unwrap().warnings.is_empty());
    let mut rules = Rules::default();
    rules.bounce_definitions.insert("similarweb".to_owned(), BounceDefinition::OnePage);
    assert_eq!(check(&values, &rules).unwrap().warnings[0].code(), "pages_below_bounce");
}

#[test]
fn extra_inputs_are_read_by_their_place() {
    let rules = Rules { extras: vec!["load_time_ms".to_owned(), "backlinks".to_owned()], ..Rules::default() };
    let mut values = raw(&[]);
    values.set_extra(1, RawValue::text("12"));
    assert_eq!(check(&values, &rules).unwrap().record.extras, [None, Some(12.0)]);
    values.set_extra(0, RawValue::text("slow"));
    assert_eq!(check(&values, &rules).unwrap_err()[0].to_string(), "load_time_ms must be a number, got `slow`");
}

fn any_value() -> impl Strategy<Value = RawValue<'static>> {
    prop_oneof![
        Just(RawValue::Unknown),
        any::<f64>().prop_map(RawValue::Number),
        ".{0,80}".prop_map(RawValue::text),
        "-?[0-9]{1,12}(\\.[0-9]{1,3})?".prop_map(RawValue::text),
        Just(RawValue::Other { kind: "a list" }),
    ]
}

proptest! {
    #[test]
    fn whatever_is_given_the_check_answers_and_messages_are_one_line(values in proptest::collection::vec(any_value(), Field::COUNT)) {
        let mut raw = RawRecord::new();
        for (field, value) in Field::all().zip(values) {
            raw.set(field, value);
        }
        match check(&raw, &Rules::default()) {
            Ok(checked) => {
                for warning in &checked.warnings {
                    prop_assert!(!warning.to_string().is_empty());
                }
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    prop_assert!(fault.to_string().len() < 400);
                }
            }
        }
    }
}
