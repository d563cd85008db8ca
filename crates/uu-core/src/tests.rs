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
        (Field::Category, RawValue::Other { kind: "a list".into() }),
        (Field::UniqueUsers, RawValue::text("many")),
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
    not_a_number: unique users must be a number, got `many`
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
#[case("www.nasa.gov/Missions/X", "nasa.gov/Missions/X")]
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

#[rstest]
#[case(Field::Site, "nan")]
#[case(Field::Source, "None")]
#[case(Field::RankSource, "(not set)")]
#[case(Field::Category, r"\N")]
#[case(Field::Visits, "NaN")]
#[case(Field::UniqueUsers, "N/A")]
#[case(Field::BounceRate, "#N/A")]
fn a_marker_of_a_missing_value_is_unknown_with_a_warning(#[case] field: Field, #[case] marker: &'static str) {
    let checked = passes(&[(field, RawValue::text(marker))]);
    assert_eq!(checked.warnings, [Warning::MissingMarker { field: crate::FaultField::Field(field), found: marker.to_owned() }]);
    assert_eq!(checked.record, crate::Record::unknown("2018-12".parse().unwrap()));
}

#[test]
fn a_marker_in_the_place_of_the_date_is_a_fault() {
    assert_eq!(faults(&[(Field::Date, RawValue::text("NaT"))])[0].rule.code(), "bad_date");
}

#[rstest]
#[case("Total", "total_row")]
#[case("192.168.0.1", "not_a_host")]
#[case("info@example.com", "not_a_host")]
#[case("-a.example", "not_a_host")]
fn what_is_no_host_is_an_unknown_site_with_a_warning(#[case] site: &'static str, #[case] code: &str) {
    let checked = passes(&[(Field::Site, RawValue::text(site))]);
    assert_eq!((checked.record.site.as_deref(), checked.warnings[0].code()), (None, code));
}

#[rstest]
#[case(RawValue::text("Intranet"), "intranet", "Intranet")]
#[case(RawValue::text("My  Shop"), "my shop", "My  Shop")]
#[case(RawValue::text("10577"), "10577", "10577")]
#[case(RawValue::text("10577.0"), "10577", "10577.0")]
#[case(RawValue::Number(10_577.0), "10577", "10577")]
fn a_name_that_is_no_host_groups_the_months_of_its_site(#[case] site: RawValue<'static>, #[case] name: &str, #[case] found: &str) {
    let checked = passes(&[(Field::Site, site)]);
    assert_eq!(checked.record.site.as_deref(), Some(name));
    assert_eq!(checked.warnings, [Warning::NotAHost { found: found.to_owned(), groups: true }]);
}

#[test]
fn a_number_that_names_no_one_site_is_no_name() {
    for number in [1.5, 1e16, f64::INFINITY] {
        assert_eq!(faults(&[(Field::Site, RawValue::Number(number))])[0].rule.code(), "not_a_text", "{number}");
    }
}

#[rstest]
#[case("0204-12", None, true)]
#[case("1989-12", None, true)]
#[case("1990-01", None, false)]
#[case("2035-01", Some("2026-12"), true)]
#[case("2026-12", Some("2026-12"), false)]
#[case("2035-01", None, false)]
fn months_that_cannot_have_been_measured_are_warned_of(#[case] date: &'static str, #[case] newest: Option<&str>, #[case] warned: bool) {
    let given = raw(&[(Field::Date, RawValue::text(date))]);
    let checked = crate::check_until(&given, &Rules::default(), newest.map(|newest| newest.parse().unwrap())).unwrap();
    assert_eq!(checked.warnings.iter().map(Warning::code).collect::<Vec<_>>(), if warned { vec!["implausible_value"] } else { Vec::new() });
}

#[test]
fn a_number_of_digits_is_a_month() {
    for number in [202_412.0, 20_241_231.0] {
        assert_eq!(passes(&[(Field::Date, RawValue::Number(number))]).record.month.to_string(), "2024-12-01");
    }
    for number in [45_627.0, 1_733_011_200_000.0, 2024.12, f64::NAN] {
        assert_eq!(faults(&[(Field::Date, RawValue::Number(number))])[0].rule.code(), "bad_date", "{number}");
    }
}

#[test]
fn of_an_unknown_sub_category_the_known_top_is_kept() {
    let checked = passes(&[(Field::Category, RawValue::text("Games/Chess"))]);
    assert_eq!(checked.record.category.map(crate::Category::path), Some("Games"));
    assert_eq!(checked.warnings[0].to_string(), "category `Games/Chess` is not in the taxonomy; `Games` above it was used");
}

#[rstest]
#[case(RawValue::text("250.000"), true)]
#[case(RawValue::text("940.25"), true)]
#[case(RawValue::Number(940.25), true)]
#[case(RawValue::Number(250.0), false)]
#[case(RawValue::text("250"), false)]
#[case(RawValue::text("250.0"), false)]
#[case(RawValue::text("1234567.5"), false)]
fn a_count_with_a_fraction_is_warned_of(#[case] visits: RawValue<'static>, #[case] warned: bool) {
    let checked = passes(&[(Field::Visits, visits)]);
    assert_eq!(checked.warnings.iter().map(Warning::code).collect::<Vec<_>>(), if warned { vec!["fractional_count"] } else { Vec::new() });
}

#[test]
fn a_fraction_is_warned_of_with_the_percent_it_may_be() {
    for (found, percent) in [(0.45, "it is 45 percent"), (0.57, "it is 57 percent"), (0.123_45, "it is 12.345 percent")] {
        let text = Warning::BounceRateFraction { found }.to_string();
        assert!(text.contains(percent) && text.contains("`--bounce-rate-unit fraction`"), "{text}");
    }
}

#[test]
fn a_site_with_control_characters_is_a_fault() {
    assert_eq!(faults(&[(Field::Site, RawValue::text("a\u{7}.example"))])[0].rule.code(), "bad_site");
}

#[test]
fn what_is_found_is_shown_without_control_characters() {
    let faults = faults(&[(Field::Visits, RawValue::text("1\n2026 INFO model promoted\u{1b}[2J"))]);
    assert_eq!(faults[0].found, r"`1\n2026 INFO model promoted\u{1b}[2J`");
}

#[rstest]
#[case::as_given(format!("example.com/{}", "p".repeat(2_037)))]
#[case::in_ascii(format!("пример.рф/{}", "p".repeat(2_030)))]
fn the_name_of_a_site_is_short_in_its_one_form(#[case] site: String) {
    let longest = passes(&[(Field::Site, RawValue::text(site.strip_suffix(&"p".repeat(20)).unwrap().to_owned()))]);
    assert!(longest.record.site.is_some());
    assert_eq!(faults(&[(Field::Site, RawValue::text(site))])[0].rule.code(), "not_a_text");
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
        Just(RawValue::Other { kind: "a list".into() }),
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
