//! `/predict/batch`: rows in any format, streamed.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, StringArray, StructArray};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;

use rstest::rstest;
use serde_json::Value;
use uu_server::Limits;

use crate::client::Answer;
use crate::server::Server;

const CSV: &str = "date,site,visits,note\n2018-12,a.com,1000000,\"x, y\"\n2018-12-01,b.com,,z\n";

fn post(server: &Server, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    server.client().request("POST", "/predict/batch", headers, body)
}

fn compressed(bytes: &[u8]) -> [(&'static str, Vec<u8>); 2] {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    [("gzip", gzip.finish().unwrap()), ("zstd", zstd::encode_all(bytes, 1).unwrap())]
}

fn json_rows(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().as_array().expect("an array").clone()
}

#[test]
fn csv_keeps_its_columns_and_gets_the_estimates_beside_them() {
    let server = Server::start();
    let answer = post(&server, &[("content-type", "text/csv")], CSV.as_bytes());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv")), "{}", answer.text());
    let mut lines = answer.text().lines();
    assert_eq!(
        lines.next(),
        Some(
            "date,site,visits,note,rank,pages_per_visit,bounce_rate,avg_visit_duration,unique_users,unique_users_low,unique_users_high,filled,warnings,model"
        )
    );
    assert!(lines.next().unwrap().starts_with("2018-12,a.com,1000000,\"x, y\","));
    assert!(lines.next().unwrap().contains("rank; visits; pages_per_visit; bounce_rate; avg_visit_duration"));
    assert_eq!(lines.next(), None);
}

#[test]
fn a_row_is_estimated_as_the_same_month_alone() {
    let server = Server::start();
    let answer = post(&server, &[("content-type", "text/csv"), ("accept", "application/json")], CSV.as_bytes());
    let row = &json_rows(&answer)[0];
    let alone = &server.client().get("/predict?date=2018-12&visits=1000000").json()["2018-12"];
    for (column, key) in [
        ("unique_users", "uniqueUsers"),
        ("unique_users_low", "uniqueUsersLow"),
        ("unique_users_high", "uniqueUsersHigh"),
        ("bounce_rate", "bounceRate"),
    ] {
        assert_eq!(row[column].as_f64(), alone[key].as_f64(), "{column}");
    }
}

#[rstest]
#[case::ndjson("application/x-ndjson", "{\"date\":\"2018-12\",\"visits\":1000}\n{\"date\":\"2019-01\",\"visits\":2000}\n")]
#[case::json("application/json", r#"[{"date":"2018-12","visits":1000},{"date":"2019-01","visits":2000}]"#)]
fn json_comes_back_with_its_objects_as_they_were(#[case] media: &str, #[case] body: &str) {
    let server = Server::start();
    let answer = post(&server, &[("content-type", media)], body.as_bytes());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(media)), "{}", answer.text());
    assert!(answer.text().contains(r#"{"date":"2018-12","visits":1000,"#), "{}", answer.text());
    assert_eq!(answer.text().matches("\"unique_users\":").count(), 2);
}

#[test]
fn parquet_makes_the_round_trip() {
    let server = Server::start();
    let parquet = "application/vnd.apache.parquet";
    let out = post(&server, &[("content-type", "text/csv"), ("accept", parquet)], CSV.as_bytes());
    assert_eq!((out.status, out.header("content-type")), (200, Some(parquet)));
    assert!(out.body.starts_with(b"PAR1"));
    let back = post(&server, &[("content-type", parquet), ("accept", "application/json")], &out.body);
    assert_eq!(json_rows(&back)[1]["site"], "b.com");
    let damaged = post(&server, &[("content-type", parquet)], &out.body[..out.body.len() / 2]);
    assert_eq!(damaged.status, 400, "{}", damaged.text());
    for (encoding, body) in compressed(&out.body) {
        for headers in [&[("content-type", parquet), ("content-encoding", encoding)][..], &[("content-type", parquet)]] {
            assert_eq!(post(&server, headers, &body).status, 200, "{headers:?}");
        }
    }
}

#[rstest]
#[case::no_parquet(b"", 400, "does not begin with `PAR1`")]
#[case::what_begins_like_it(b"PAR1", 413, "more than 100 times")]
fn what_was_made_to_fill_the_disk_is_refused_before_it_does(#[case] begin: &[u8], #[case] status: u16, #[case] says: &str) {
    let server = Server::start();
    let body = zstd::encode_all(begin.chain(std::io::repeat(0).take(80 << 20)), 1).unwrap();
    assert!(body.len() < 100_000);
    for headers in [&[("content-encoding", "zstd")][..], &[]] {
        let headers = [&[("content-type", "application/vnd.apache.parquet")], headers].concat();
        let answer = post(&server, &headers, &body);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(says), "{}", answer.text());
    }
}

#[test]
fn gzip_and_zstd_are_read() {
    let server = Server::start();
    let plain = post(&server, &[("content-type", "text/csv")], CSV.as_bytes());
    for (encoding, body) in compressed(CSV.as_bytes()) {
        let answer = post(&server, &[("content-type", "text/csv"), ("content-encoding", encoding)], &body);
        assert_eq!(answer.text(), plain.text(), "{encoding}");
    }
}

#[test]
fn bad_rows_are_refused_with_their_numbers_or_left_out() {
    let server = Server::start();
    let body = "date,visits,bounce_rate\n2018-12,5,50\nnever,-5,143\n2019-01,6,60\n";
    let refused = post(&server, &[("content-type", "text/csv")], body.as_bytes());
    assert_eq!(refused.status, 422, "{}", refused.text());
    let json = refused.json();
    let errors = json["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3);
    assert!(errors.iter().all(|error| error["row"] == 2));
    let skipped = server.client().request("POST", "/predict/batch?skipBadRows=true", &[("content-type", "text/csv")], body.as_bytes());
    assert_eq!((skipped.status, skipped.text().lines().count()), (200, 3), "{}", skipped.text());
}

#[rstest]
#[case("application/pdf", "", 415)]
#[case("text/csv", "image/png", 406)]
#[case("text/csv", "*/*", 400)]
fn types_that_are_not_there_are_refused(#[case] given: &str, #[case] accept: &str, #[case] status: u16) {
    let server = Server::start();
    let answer = post(&server, &[("content-type", given), ("accept", accept)], b"");
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
}

#[test]
fn a_large_batch_streams_through() {
    const ROWS: usize = 60_000;
    let server = Server::start();
    let mut body = String::from("date,visits,alexa\n");
    for row in 0..ROWS {
        body.push_str(&format!("2018-12,{},{}\n", row * 7, row + 1));
    }
    let mut client = server.client();
    client.send(
        format!("POST /predict/batch HTTP/1.1\r\nhost: test\r\ncontent-type: text/csv\r\ncontent-length: {}\r\n\r\n", body.len())
            .as_bytes(),
    );
    client.send(body.as_bytes());
    let answer = client.receive().expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.text().lines().count(), ROWS + 1);
    for (row, line) in answer.text().lines().skip(1).enumerate() {
        assert!(line.starts_with(&format!("2018-12,{},{},", row * 7, row + 1)), "row {row}: {line}");
    }
}

#[test]
fn a_batch_that_is_too_large_too_slow_or_one_too_many_is_refused() {
    // A server for each: whoever is slow must not be cut off before the others have come.
    const HEAD: &[u8] =
        b"POST /predict/batch HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-type: text/csv\r\ncontent-length: 5000\r\n\r\n";
    let server = Server::with(Limits { batches: 1, ..Limits::default() });
    let mut idle = server.client();
    idle.send(HEAD);
    assert_eq!(idle.receive().expect("an interim answer").status, 100);
    let answered = post(&server, &[("content-type", "text/csv")], CSV.as_bytes());
    assert_eq!(answered.status, 200, "who has sent nothing holds no place: {}", answered.text());
    let mut first = server.client();
    first.send(b"POST /predict/batch HTTP/1.1\r\nhost: test\r\ncontent-type: text/csv\r\ncontent-length: 1000000\r\n\r\ndate,visits\n");
    first.send(&b"2018-12,1000\n".repeat(10_000));
    let refused = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(50));
        post(&server, &[("content-type", "text/csv")], CSV.as_bytes())
    });
    let busy = refused.take(200).find(|answer| answer.status != 200).expect("the place is taken with the first block");
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("5")), "{}", busy.text());

    let server = Server::with(Limits { stall_timeout: Duration::from_millis(300), ..Limits::default() });
    let mut slow = server.client();
    slow.send(HEAD);
    assert_eq!(slow.receive().expect("an interim answer").status, 100);
    assert_eq!(slow.receive().expect("an answer").status, 408);

    let server = Server::with(Limits { batch_body_bytes: 1_000, ..Limits::default() });
    let large = post(&server, &[("content-type", "text/csv")], &CSV.as_bytes().repeat(100));
    assert_eq!(large.status, 413, "{}", large.text());
}

#[test]
fn a_client_that_sends_everything_before_it_reads_is_answered() {
    const ROWS: usize = 60_000;
    let server = Server::start();
    // Sent and answered they take far more than any buffer between the two.
    let row = format!("2018-12,1000,{}\n", "x".repeat(500));
    let body = ["date,visits,note\n".to_owned(), row.repeat(ROWS)].concat();
    let answer = post(&server, &[("content-type", "text/csv")], body.as_bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.iter().filter(|byte| **byte == b'\n').count(), 1 + ROWS);
}

#[test]
fn a_batch_counts_its_bytes_after_decompression_too() {
    let server = Server::with(Limits { batch_body_bytes: 100_000, ..Limits::default() });
    let body = ["date,visits\n", &"2018-12,1000\n".repeat(100_000)].concat();
    for (encoding, bytes) in compressed(body.as_bytes()) {
        assert!(bytes.len() < 100_000);
        let refused = post(&server, &[("content-type", "text/csv"), ("content-encoding", encoding)], &bytes);
        assert_eq!(refused.status, 413, "{encoding}: {}", refused.text());
    }
}

#[test]
fn rows_and_time_are_limited_too() {
    let server = Server::with(Limits { batch_rows: 1_000, ..Limits::default() });
    let mut body = String::from("date,visits\n");
    body.extend((0..1_001).map(|row| format!("2018-12,{row}\n")));
    let refused = post(&server, &[("content-type", "text/csv")], body.as_bytes());
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert!(refused.text().contains("at most 1000 rows"), "{}", refused.text());

    let server = Server::with(Limits { batch_timeout: Duration::from_millis(200), ..Limits::default() });
    let mut slow = server.client();
    slow.send(b"POST /predict/batch HTTP/1.1\r\nhost: test\r\ncontent-type: text/csv\r\ncontent-length: 5000\r\n\r\ndate,visits\n");
    for _ in 0..40 {
        std::thread::sleep(Duration::from_millis(25));
        slow.send(b"2018-12,1\n");
    }
    let refused = slow.receive().expect("an answer");
    assert_eq!(refused.status, 408, "{}", refused.text());
    assert!(refused.text().contains("send it in parts"), "{}", refused.text());
}

#[test]
fn a_column_of_objects_is_json_in_a_cell() {
    let inner: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let nested = StructArray::from(vec![(Arc::new(Field::new("a", DataType::Float64, true)), inner)]);
    let dates: ArrayRef = Arc::new(StringArray::from(vec!["2024-01"]));
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![1_000.0]));
    let columns = vec![("date", dates), ("visits", visits), ("details", Arc::new(nested) as ArrayRef)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let server = Server::start();
    let answer = post(&server, &[("content-type", "application/vnd.apache.parquet"), ("accept", "text/csv")], &parquet);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("2024-01,1000,\"{\"\"a\"\":1}\","), "{}", answer.text());
}

#[test]
fn a_failure_after_the_answer_began_cuts_it_off() {
    let server = Server::start();
    let mut body = String::from("date,visits\n");
    for row in 0..60_000 {
        body.push_str(&format!("2018-12,{row}\n"));
    }
    body.push_str("never,1\n");
    let mut client = server.client();
    client.send(
        format!("POST /predict/batch HTTP/1.1\r\nhost: test\r\ncontent-type: text/csv\r\ncontent-length: {}\r\n\r\n", body.len())
            .as_bytes(),
    );
    client.send(body.as_bytes());
    assert!(client.receive().is_none(), "the body has no end");
}

#[test]
fn formulas_are_echoed_unless_a_spreadsheet_is_to_open_them() {
    let server = Server::start();
    let rows = "date,visits,=note\n2018-12,1000,=1+1\n2018-12,1000,-5\n";
    let ask = |query: &str, accept: &str| {
        let headers = [("content-type", "text/csv"), ("accept", accept)];
        let answer = server.client().request("POST", &format!("/predict/batch{query}"), &headers, rows.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().to_owned()
    };
    let safe = ask("?spreadsheetSafe=true", "text/csv");
    assert!(safe.starts_with("date,visits,'=note,") && safe.contains(",'=1+1,") && safe.contains(",-5,"), "{safe}");
    let echoed = ask("", "text/csv");
    assert!(echoed.starts_with("date,visits,=note,") && echoed.contains(",=1+1,") && !echoed.contains('\''), "{echoed}");
    assert!(ask("?spreadsheetSafe=true", "application/json").contains("\"=1+1\""), "no other format has formulas");
    let wrong = server.client().request("POST", "/predict/batch?spreadsheetSafe=maybe", &[("content-type", "text/csv")], rows.as_bytes());
    assert_eq!(wrong.status, 422, "{}", wrong.text());
}

#[rstest]
#[case(b"31000", 200)]
#[case(b"many", 422)]
fn numbers_in_the_bytes_of_a_parquet_file_come_back_in_parquet(#[case] visits: &[u8], #[case] status: u16) {
    let server = Server::start();
    let columns: [(&str, ArrayRef); 2] =
        [("date", Arc::new(StringArray::from(vec!["2018-12"]))), ("visits", Arc::new(arrow::array::BinaryArray::from_vec(vec![visits])))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let parquet = "application/vnd.apache.parquet";
    for accept in [parquet, "application/json"] {
        let answer = post(&server, &[("content-type", parquet), ("accept", accept)], &bytes);
        assert_eq!(answer.status, status, "{accept}: {}", answer.text());
    }
    let rows = post(&server, &[("content-type", parquet), ("accept", "application/json")], &bytes);
    assert!(status != 200 || json_rows(&rows)[0]["visits"] == 31_000, "{}", rows.text());
}

/// Months in pages of 10,000 rows, of which one that comes late cannot be read.
fn late_page() -> Vec<u8> {
    const ROWS: usize = 60_000;
    let visits = (0..ROWS).map(|row| (row * 7_919 % 100_003) as f64 + 0.123_456_789 * row as f64);
    let columns: [(&str, ArrayRef); 2] =
        [("date", Arc::new(StringArray::from(vec!["2018-12"; ROWS]))), ("visits", Arc::new(Float64Array::from_iter_values(visits)))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let codec = parquet::basic::Compression::ZSTD(parquet::basic::ZstdLevel::default());
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_compression(codec)
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(10_000)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    // The mark that the last page's compressed bytes begin with.
    let place = bytes.windows(4).rposition(|bytes| bytes == [0x28, 0xB5, 0x2F, 0xFD]).expect("pages are compressed");
    bytes[place..place + 4].fill(0xA5);
    bytes
}

#[test]
fn parquet_that_cannot_be_read_is_refused_before_an_answer_in_parquet_begins() {
    let server = Server::start();
    let damaged = late_page();
    let parquet = "application/vnd.apache.parquet";
    // What is written is a race with what is read: once would prove nothing.
    for _ in 0..6 {
        let answer = post(&server, &[("content-type", parquet), ("accept", parquet)], &damaged);
        assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/problem+json")), "{}", answer.text());
        assert!(answer.text().contains("is not a readable Parquet file"), "{}", answer.text());
    }
    let cut = post(&server, &[("content-type", parquet), ("accept", parquet)], &damaged[..damaged.len() - 4]);
    assert_eq!(cut.status, 400, "{}", cut.text());
    assert!(server.client().get("/metrics").text().contains("uu_contained_panics_total "), "panics of the reader have a counter");
}

#[rstest]
#[case::last_days(
    "date,site,visits\n2024-11-30,a.com,10000\n2024-10-31,b.com,10000\n2024-09-30,c.com,1000\n2024-12-31,d.com,1000\n",
    "last_days"
)]
#[case::own_output("date,visits,unique_users,unique_users_low,unique_users_high\n2024-12,1000,500,400,600\n", "own_output_unmarked")]
#[case::a_title("A report of my sites\ndate,visits\n2024-12,1000\n", "lines_before_header")]
fn what_was_noticed_about_the_whole_body_is_in_a_header(#[case] body: &str, #[case] code: &str) {
    let server = Server::start();
    let answer = server.client().request("POST", "/predict/batch", &[("Content-Type", "text/csv")], body.as_bytes());
    assert_eq!((answer.status, answer.header("notes")), (200, Some(code)), "{}", answer.text());
    let plain = server.client().request("POST", "/predict/batch", &[("Content-Type", "text/csv")], b"date,visits\n2024-12,1000\n");
    assert_eq!(plain.header("notes"), None);
}
