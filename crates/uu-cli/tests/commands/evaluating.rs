//! `evaluate`: what reading and cleaning noticed is printed with the metrics, and where there are none.

use std::fs;

use crate::fixture::{Told, fixture, json, run_on};

/// Labelled rows whose visits stand under another name, of which cleaning drops one.
const ROWS: &str = "site,date,Total Visits,pages_per_visit,unique_users\n\
    a.com,2024-11,1000000,2.5,150000\n\
    a.com,2024-12,1000000,2.5,150000\n\
    total,2024-12,9000000,2.5,900000\n\
    b.com,2024-12,31000,1.7,12000\n";

fn evaluated(rows: &str, more: &[&str]) -> Told {
    let store = fixture().store();
    run_on(rows, &[&["evaluate", "--data", "-", "--store", &store], more].concat())
}

#[test]
fn unused_columns_and_dropped_rows_are_printed_with_the_metrics() {
    let run = evaluated(ROWS, &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    for part in ["4 rows read, 0 skipped, 3 kept, 3 with known unique users", "`Total Visits` (is it `visits`?)", "total_row"] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let quality = &json(&evaluated(ROWS, &["--json"]).out)["data_quality"];
    assert!(quality["notes"][0].as_str().unwrap().contains("Total Visits"), "{quality}");
}

#[test]
fn rows_that_were_skipped_are_counted_with_the_metrics() {
    let run = evaluated(&format!("{ROWS}c.com,2024-12,5,many,4\n"), &["--skip-bad-rows"]);
    assert!(run.out.contains("1 skipped"), "{} {}", run.out, run.err);
}

#[test]
fn an_output_of_this_product_is_noted_with_the_metrics() {
    let rows = "site,date,visits,unique_users,unique_users_low,unique_users_high,unique_users_known,filled,model\n\
        a.com,2024-12,1000000,150000,140000,160000,150000,,v0001\n";
    let run = evaluated(rows, &[]);
    let words = run.out.split_whitespace().collect::<Vec<&str>>().join(" ");
    assert!(words.contains("the input is an output of this product"), "{} {}", run.out, run.err);
}

#[test]
fn sites_that_are_identifiers_are_judged() {
    for site in ["s1", "10577", "Shop A"] {
        let run = evaluated(&ROWS.replace("a.com", site).replace("b.com", "s2"), &["--json"]);
        assert_eq!(run.code, 0, "{site}: {}", run.err);
        let quality = &json(&run.out)["data_quality"];
        assert_eq!((&quality["rows_kept"], &quality["sources"][0]["sites"]), (&3.into(), &2.into()), "{site}: {quality}");
    }
}

#[test]
fn estimates_without_their_interval_are_no_labels() {
    let rows = "date,site,visits,unique_users,model,filled,warnings\n\
        2024-12,a.com,1000000,150000,v0001,pages_per_visit; bounce_rate,\n2024-12,b.com,31000,12000,v0001,,\n";
    for rows in [rows.to_owned(), rows.replace("unique_users,model,filled", "Unique Users,Model,Filled")] {
        let run = evaluated(&rows, &[]);
        assert_eq!(run.code, 2, "{} {}", run.out, run.err);
        for part in ["0 with known", "the input is an output of this product", "no row has known unique users"] {
            assert!(run.err.split_whitespace().collect::<Vec<&str>>().join(" ").contains(part), "{part}: {}", run.err);
        }
    }
    let measured = rows.replace("v0001", "tesla").replace("pages_per_visit; bounce_rate", "");
    assert_eq!(evaluated(&measured, &[]).code, 0, "another program's columns make no estimates of labels");
}

#[test]
fn where_nothing_can_be_compared_the_report_says_why() {
    let rows = "site,date,visits,Total Users\na.com,2024-12,1000000,150000\nb.com,2024-12,31000,12000\n";
    for more in [[].as_slice(), &["--json"]] {
        let run = evaluated(rows, more);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
        for part in
            ["2 rows read, 0 skipped, 2 kept, 0 with known", "`Total Users` (is it `unique_users`?)", "no row has known unique users"]
        {
            assert!(run.err.contains(part), "{part}: {}", run.err);
        }
    }
}

#[test]
fn where_all_labelled_rows_are_of_training_sites_the_refusal_names_the_option() {
    let fixture = fixture();
    let text = fs::read_to_string(fixture.path("train.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let label = header.split(',').position(|name| name == "unique_users").unwrap();
    let labelled = rows.lines().filter(|row| row.split(',').nth(label).is_some_and(|cell| !cell.is_empty()));
    // A few sites are set aside by the training; most are not.
    let refused = labelled.take(8).map(|row| evaluated(&format!("{header}\n{row}\n"), &["--unseen-only"])).find(|run| run.code == 2);
    let error = refused.unwrap().err;
    assert!(error.contains("is of a site the model was trained on, and `--unseen-only` leaves such rows out"), "{error}");
}
