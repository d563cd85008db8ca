//! Small valid inputs of each kind.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int32Array,
    Int64Array, LargeStringArray, ListArray, StringArray, StringViewArray, StructArray, TimestampMillisecondArray, UInt64Array,
};
use arrow::datatypes::{Field as Column, Int32Type};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

use crate::laws::EXTRA;

fn all(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(crate) fn csv() -> Vec<Vec<u8>> {
    all(&[
        "date,site,source,visits,unique_users,pages_per_visit,bounce_rate,avg_visit_duration,rank,rank_source,category,load\n\
         2024-01-01,example.com,panel,1000,400,3.5,40.5,61.25,1234,tranco,Sports/Soccer,1.5\n\
         2024-02,a.org,,2000,,,,,,,,\n2024-03,b.org,\"a, \"\"b\"\"\",3000,1,,0,,9,,5,-2\n",
        "date;visits;bounce_rate\n2024-01;5;40\n2024-02;6;\n",
        "date\tvisits\tsite\n2024-01\t5\thttps://www.example.com/\n",
        "\u{feff}Month,Alexa,Domain\r\n2024-01,5,b\u{fc}cher.de\r\n\r\n2024-02,6,\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}\r\n",
        "date,visits,note\n2024-01,5,\"two\nlines\"\n2024-02,1e6,\"\"\n2024-03,7\n",
        "date,visits\n2024-01,\"1,234\"\n2024-02,NaN\n2024-03,\n",
        "date,visits,visits per user,unique_users_low,warnings,model\n2024-01,5,2,1,,v0001\n",
        "date,site,visits,rank,unique_users,unique_users_low,unique_users_high,unique_users_known,filled,warnings,model\n\
         2024-01,a.com,5,2,4,1,9,3,rank; visits,,v0001\n2024-01,Total,50,nan,4,1,9,,,,v0001\n2024-01,blog,7,,4,1,9,,['rank'],,v0001\n",
        "date,visits,unique_users_known\n2024-01,5,3.5\n2024-02,6,\n",
    ])
}

const FLAT: &str = r#"{"date":"2024-01-01","domain":"example.com","source":"panel","visits":1000,"uniqueUsers":400,"pagesPerVisit":3.5,"bounceRate":40.5,"avgVisitDuration":61.25,"alexa":1234,"rankSource":"tranco","category":"Sports/Soccer","load":1.5}"#;

pub(crate) fn json() -> Vec<Vec<u8>> {
    let mut seeds = all(&[
        r#"{"2024-01-01": {"visits": 5, "domain": "a.com"}, "2024-02": {"alexa": 3, "note": {"a": [1, null, "x"]}}, "2024-03": {}}"#,
        r#" [ {"date":"2024-01","visits":"1200","category":5} , {"date":"2024-02","rank":null,"visits":1e3} ] "#,
        r#"{"date":"2024-01","visits":1}{"date":"2024-02","visits":2,"late":true}"#,
        "[]",
        r#"[{"date":"2024-01","visits":1},[1],"x",null,{"date":"2024-02","visits":-1}]"#,
        r#"{"2024-01": {"visits": 5, "alexa": 7, "uniqueUsers": 4, "uniqueUsersLow": 1, "uniqueUsersHigh": 9, "known": true, "filled": ["alexa"], "model": "v0001"}}"#,
        r#"[{"date":"2024-01","visits":5,"unique_users_low":1,"unique_users_high":9,"unique_users_known":3},{"date":"2024-02","visits":5,"unique_users":3}]"#,
    ]);
    seeds.push(format!("[{FLAT},{FLAT}]").into_bytes());
    seeds
}

pub(crate) fn ndjson() -> Vec<Vec<u8>> {
    let mut seeds = all(&[
        "{\"date\":\"2024-01\",\"visits\":1}\n\n{\"date\":\"2024-02\",\"alexa\":2,\"more\":\"\\u00e9\\n\"}\r\n",
        "{\"date\":\"2024-01\",\"visits\":1}\n{\"date\":\n[1]\n\"x\"\n",
        "{\"2024-01\":{\"visits\":5}}\n{\"2024-02\":{\"visits\":6}}",
        "date,visits\n2024-01,5\n",
    ]);
    seeds.push(format!("{FLAT}\n{FLAT}\n").into_bytes());
    seeds
}

pub(crate) fn nested() -> Vec<Vec<u8>> {
    all(&[
        r#"[{"domain_name":"example.com","visits":{"2018-02-01":200,"2018-01-01":100,"2018-03-01":-1},
            "summary":{"2018-01-01":{"category":"Sports/Soccer","title":"x"}},
            "engagement":{"2018-03-01":{"AvgVisitDuration":-1,"PagesPerVisit":3.5,"BounceRate":0,"UniqueUsers":30}},
            "alexa":{"2018-04":{"popularityText":1234}}}]"#,
        r#"{"domain_name":"a.com","visits":{"2018-01":1}}{"domain_name":"b.com","visits":null,"engagement":{"2018-01-01":null}}"#,
        r#"[{"domain_name":"a.com","visits":{"2018-01-01":1,"no date":2}},{"domain_name":null,"alexa":{"2018-01-01":{"popularityText":"5"}}}]"#,
    ])
}

pub(crate) fn parquet() -> Vec<Vec<u8>> {
    let dates: ArrayRef = Arc::new(StringArray::from(vec![Some("2024-01"), Some("2024-02-01"), None]));
    let days: ArrayRef = Arc::new(Date32Array::from(vec![19_723, 19_754, -1]));
    let instants: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1_704_067_200_000, 0, -1]).with_timezone("UTC"));
    let visits: ArrayRef = Arc::new(Float64Array::from(vec![Some(5.0), Some(f64::NAN), None]));
    let whole: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), Some(i64::MAX), None]));
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![5, u64::MAX, 0]));
    let short: ArrayRef = Arc::new(Float32Array::from(vec![0.1, 1e30, 100.0]));
    let sites: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::from_iter([Some("a.com"), None, Some("a.com")]));
    let large: ArrayRef = Arc::new(LargeStringArray::from(vec!["panel", "", "x"]));
    let view: ArrayRef = Arc::new(StringViewArray::from(vec!["Sports/Soccer", "a longer text than a view holds", "5"]));
    let binary: ArrayRef = Arc::new(BinaryArray::from(vec![b"\xFF\0".as_slice(), b"", b"abc"]));
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true]));
    let decimal: ArrayRef = Arc::new(Decimal128Array::from(vec![12_345, 0, -1]).with_precision_and_scale(10, 2).unwrap());
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]));
    let inner: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let object: ArrayRef = Arc::new(StructArray::from(vec![(Arc::new(Column::new("a", inner.data_type().clone(), true)), inner)]));
    let tables: Vec<Vec<(&str, &ArrayRef)>> = vec![
        vec![("date", &dates), ("visits", &visits), ("site", &sites), ("source", &large), ("category", &view), (EXTRA, &short)],
        vec![("month", &days), ("rank", &whole), ("bounce_rate", &short), ("note", &binary), ("flag", &flags)],
        vec![("date", &instants), ("visits", &unsigned), ("pages_per_visit", &decimal), ("list", &list), ("object", &object)],
    ];
    let mut seeds = Vec::new();
    for table in tables {
        let batch = RecordBatch::try_from_iter_with_nullable(table.into_iter().map(|(name, values)| (name, values.clone(), true))).unwrap();
        for codec in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())] {
            for (version, dictionary) in [(WriterVersion::PARQUET_1_0, true), (WriterVersion::PARQUET_2_0, false)] {
                let properties =
                    WriterProperties::builder().set_compression(codec).set_writer_version(version).set_dictionary_enabled(dictionary);
                seeds.push(written(&batch, properties.set_max_row_group_row_count(Some(2)).build()));
            }
        }
    }
    seeds
}

fn written(batch: &RecordBatch, properties: WriterProperties) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

pub(crate) fn dates() -> Vec<Vec<u8>> {
    all(&[
        "2018-12-01\n2018-12\n 2024-02-29 \n2023-02-29",
        "2024/01/15\n20240115\n2024-01-15T10:30:00Z\n2024-01-15 10:30:00+02:00",
        "15.01.2024\n15/01/2024\nJan 2024\nJanuary 15, 2024\n2024-W03\n2024Q1",
        "\0\0\0\0\0\0\0\0\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\0\0\0\0\0\0\0\u{1}",
    ])
}

pub(crate) fn numbers() -> Vec<Vec<u8>> {
    all(&[
        "0\n1\n1000000\n3.5\n-1\n1e6",
        "1,234\n1.234,5\n1 234\n12,5\n1'234",
        "45%\n1.5k\n2M\n$5\nNaN\n-\nN/A\nnull",
        "0.30000000000000004\n1e300\n 7 \n+5",
    ])
}

pub(crate) fn hosts() -> Vec<Vec<u8>> {
    all(&[
        "example.com\nhttps://www.Example.com/\nexample.com.\nexample.com/path",
        "http://user:pass@example.com:8080/a?q=1#f\n//cdn.example.com\nwww.example.co.uk",
        "b\u{fc}cher.de\nxn--bcher-kva.de\n\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}\nEXAMPLE\u{3002}com\nfa\u{df}.de",
        "127.0.0.1\n[::1]:80\nlocalhost\na_b.example.com\n*.example.com\nTotal\n-",
    ])
}
