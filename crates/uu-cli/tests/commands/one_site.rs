//! `predict` without a file.

use std::time::{SystemTime, UNIX_EPOCH};

use rstest::rstest;
use uu_core::Month;

use crate::fixture::{fails, fixture, json, run, run_on, succeeds};

/// Estimates a site of the fixture's model.
fn predicted(args: &[&str]) -> String {
    let store = fixture().store();
    succeeds(&[&["predict", "--store", &store], args].concat()).out
}

fn refused(args: &[&str]) -> String {
    let store = fixture().store();
    fails(&[&["predict", "--store", &store], args].concat())
}

#[test]
fn a_site_is_estimated_from_options_and_answered_in_words() {
    let text = predicted(&["--visits", "1000000", "--category", "Sports/Soccer", "--date", "2024-12", "--pages-per-visit", "0.4"]);
    let first = text.lines().next().unwrap();
    assert!(first.contains("unique users in 2024-12, 90 % interval: "), "{text}");
    for part in
        ["visits per user", "filled", "rank ", "definition", "source `panel`", "v0001, trained on", "warning: pages per visit of 0.4"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(predicted(&["--visits", "1000000", "--level", "0.8"]).contains("80 % interval"));
}

#[test]
fn one_site_as_json_is_what_the_same_row_of_a_file_is() {
    let options =
        ["--site", "a.com", "--date", "2024-12", "--visits", "250000", "--bounce-rate", "45", "--extra", "backlinks=12", "--json"];
    let site = json(&predicted(&options));
    let rows = "site,date,visits,bounce_rate,backlinks\na.com,2024-12,250000,45,12\n";
    let store = fixture().store();
    let of_file = run_on(rows, &["predict", "--input", "-", "--output-format", "ndjson", "--store", &store]);
    let row = json(&of_file.out);
    for column in ["site", "visits", "unique_users", "unique_users_low", "unique_users_high", "model"] {
        assert_eq!(site[column].to_string().trim_matches('"'), row[column].to_string().trim_matches('"'), "{column}: {site} {row}");
    }
    assert_eq!(site["backlinks"], 12.0);
    assert!(site["filled"].as_array().unwrap().contains(&"rank".into()) && site["rank"].is_number(), "{site}");
    assert!(site["visits_per_user"].as_f64().unwrap() >= 1.0);
    let fraction = json(&predicted(&["--bounce-rate", "0.45", "--bounce-rate-unit", "fraction", "--json"]));
    let percent = json(&predicted(&["--bounce-rate", "45", "--json"]));
    assert_eq!((&fraction["unique_users"], &fraction["bounce_rate"]), (&percent["unique_users"], &0.45.into()));
}

#[test]
fn the_decimal_mark_of_typed_numbers_is_that_of_a_file() {
    let comma = json(&predicted(&["--visits", "250.000", "--pages-per-visit", "3,1", "--decimal", "comma", "--json"]));
    let point = json(&predicted(&["--visits", "250000", "--pages-per-visit", "3.1", "--json"]));
    assert_eq!(comma, point);
    assert_eq!((&comma["visits"], &comma["pages_per_visit"]), (&250_000.into(), &3.1.into()));
}

#[test]
fn the_month_is_the_current_one_unless_it_is_given() {
    let now = || {
        let days = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
        Month::of_day_since_1970(i64::try_from(days).unwrap()).unwrap().to_string()
    };
    let before = now();
    let told = json(&predicted(&["--visits", "1000", "--json"]))["date"].as_str().unwrap().to_owned();
    assert!(told == before || told == now(), "{told}");
    assert_eq!(json(&predicted(&["--visits", "1000", "--date", "2024-02-29", "--json"]))["date"], "2024-02-01");
}

#[test]
fn every_fault_is_told_at_once() {
    let error = refused(&["--visits", "many", "--bounce-rate", "143.1", "--date", "June", "--extra", "likes=3", "--extra", "backlinks"]);
    for fault in
        ["5 values", "visits must be a number, got `many`", "bounce rate must be", "date must be", "`likes`", "NAME=VALUE", "hint: "]
    {
        assert!(error.contains(fault), "{fault}: {error}");
    }
}

#[rstest]
#[case(&["--visits", "-5"], "visits must be")]
#[case(&["--visits", "1,000"], "hint: write numbers without separators: 1000")]
#[case(&["--visits", "lots"], "leave the option out")]
#[case(&["--visits", "12%"], "hint: visits cannot be a percentage")]
#[case(&["--visits", "250 000"], "hint: write numbers without separators: 250000; or pass `--decimal comma`")]
#[case(&["--avg-visit-duration", "0 days 00:03:12"], "hint: write seconds: 192")]
#[case(
    &["--visits", "12k", "--bounce-rate", "43%", "--avg-visit-duration", "00:03:12", "--pages-per-visit", "3,125"],
    "hint: visits: write numbers in full: 12000; pages per visit: write numbers with a decimal point: 3.125; or pass `--decimal comma`; bounce rate: write percent without the sign: 43; average visit duration: write seconds: 192"
)]
#[case(&["--avg-visit-duration", "00:03:12"], "hint: write seconds: 192")]
#[case(&["--bounce-rate", "43%"], "hint: write percent without the sign: 43")]
#[case(&["--extra", "links=1"], "hint: its extra inputs are `backlinks`")]
#[case(&["--extra", "backlinks=1", "--extra", "backlinks=2"], "given twice")]
#[case(&["--rank", "0"], "rank must be")]
#[case(&["--visits", "1", "--input", "x.csv"], "`--input` is about files, and `--visits` describes one site")]
#[case(&["--visits", "1", "--output", "x.csv"], "`--output` is about files")]
#[case(&["--category", "Games", "--by-site"], "and `--category` describes one site")]
#[case(&["--extra", "backlinks=1", "--output-format", "csv"], "and `--extra` describes one site")]
#[case(&["--visits", "1", "--skip-bad-rows"], "`--skip-bad-rows` is about files")]
#[case(&["--visits", "1", "--format", "csv"], "`--format` is about files")]
#[case(&["--visits", "1", "--allow-repeated-months"], "`--allow-repeated-months` is about files")]
#[case(&["--visits", "1", "--spreadsheet-safe"], "`--spreadsheet-safe` is about files")]
#[case(&["--input", "x.csv", "--json"], "cannot be used with")]
#[case(&[], "uu-predictor predict --visits 1000000 --category Sports/Soccer")]
#[case(&["--explain"], "`predict` needs a file (`--input FILE`), or the fields of one site")]
fn what_cannot_be_is_refused_with_the_way_out(#[case] args: &[&str], #[case] told: &str) {
    let error = refused(args);
    assert!(error.contains(told), "{error}");
}

#[test]
fn a_category_that_is_not_known_is_warned_of() {
    let text = predicted(&["--visits", "1000", "--category", "Sport/Socer"]);
    assert!(text.contains("Sports/Soccer"), "{text}");
}

#[test]
fn factors_are_told_with_what_they_stand_for() {
    let options = ["--visits", "1000000", "--category", "Sports/Soccer", "--date", "2024-12", "--explain"];
    let text = predicted(&options);
    for part in ["Why: each factor", "users so far", "expected before any input is considered", "1,000,000", "Sports/Soccer", "| x "] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let answer = json(&predicted(&[options.as_slice(), &["--json"]].concat()));
    let steps: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    let last: Vec<&str> = steps.last().unwrap().split('|').map(str::trim).collect();
    assert_eq!((last[1], last[4].replace(',', "")), ("estimate", answer["unique_users"].to_string()), "{text}");
    let explanation = &answer["explanation"];
    let factors = explanation["factors"].as_object().unwrap();
    let product = factors.values().fold(explanation["base"].as_f64().unwrap(), |product, factor| product * factor.as_f64().unwrap());
    assert!((product - answer["unique_users"].as_f64().unwrap()).abs() <= 0.5 + 1e-6, "{answer}");
    assert!(answer.get("explanation").is_some() && !predicted(&["--visits", "5"]).contains("Why:"));
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let store = fixture().store();
    let args = ["predict", "--store", &store, "--visits", "1000000", "--category", "Sports/Soccer", "--explain"];
    let told = crate::fixture::run_in(&args, &[("COLUMNS", "80")]);
    assert!(told.out.lines().all(|line| line.chars().count() <= 80), "{}", told.out);
    assert_eq!(run(&args).code, 0);
}
