//! One table in every format that is read.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field as Column, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use uu_core::{Checked, Warning};
use uu_data::read::{BadRows, ColumnUse, Format, Input, ReadError, ReadOptions, SkippedRows, open};

/// Rows that were read, and how the columns were used.
pub(crate) struct Rows {
    pub(crate) rows: Vec<Checked>,
    pub(crate) columns: ColumnUse,
}

impl Rows {
    /// The codes of a row's warnings.
    pub(crate) fn codes(&self, row: usize) -> Vec<&'static str> {
        self.rows[row].warnings.iter().map(Warning::code).collect()
    }

    pub(crate) fn visits(&self) -> Vec<Option<f64>> {
        self.rows.iter().map(|row| row.record.visits.map(uu_core::Visits::get)).collect()
    }

    pub(crate) fn sites(&self) -> Vec<Option<&str>> {
        self.rows.iter().map(|row| row.record.site.as_deref()).collect()
    }
}

/// Reads bytes that come under a name.
pub(crate) fn read_with(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Rows, ReadError> {
    let mut reader = open(Input::bytes(name, bytes.to_vec()), options.clone())?;
    let mut rows = Vec::new();
    for chunk in reader.by_ref() {
        rows.extend(chunk?.passed(BadRows::Fail, &mut SkippedRows::default())?.rows);
    }
    Ok(Rows { rows, columns: reader.columns() })
}

pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Rows, ReadError> {
    read_with(name, bytes, &ReadOptions::default())
}

/// A table of texts; an empty cell is unknown.
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// A table of lines with cells between bars.
pub(crate) fn table(header: &'static str, rows: &[&str]) -> Table {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect();
    Table { header: header.split('|').map(str::trim).collect(), rows: rows.iter().map(|line| cells(line)).collect() }
}

impl Table {
    /// Takes names as they are, blanks and all.
    pub(crate) fn keep_header(&mut self, header: &'static str) {
        self.header = header.split('|').collect();
    }

    /// The table as the bytes of each format, under a name that tells it.
    pub(crate) fn in_every_format(&self) -> Vec<(&'static str, Vec<u8>)> {
        vec![("a.csv", self.csv(',')), ("a.json", self.json()), ("a.ndjson", self.ndjson()), ("a.parquet", self.parquet())]
    }

    pub(crate) fn csv(&self, delimiter: char) -> Vec<u8> {
        let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
        let line = |cells: Vec<String>| cells.join(&delimiter.to_string()) + "\n";
        let mut text = line(self.header.iter().map(|name| quoted(name)).collect());
        for row in &self.rows {
            text += &line(row.iter().map(|cell| quoted(cell)).collect());
        }
        text.into_bytes()
    }

    fn objects(&self) -> Vec<String> {
        let object = |row: &Vec<String>| {
            let entry = |(name, cell): (&&str, &String)| {
                let value = if cell.is_empty() { "null".to_owned() } else { serde_json::to_string(cell).unwrap() };
                format!("{}:{value}", serde_json::to_string(name).unwrap())
            };
            format!("{{{}}}", self.header.iter().zip(row).map(entry).collect::<Vec<_>>().join(","))
        };
        self.rows.iter().map(object).collect()
    }

    fn json(&self) -> Vec<u8> {
        format!("[{}]", self.objects().join(",")).into_bytes()
    }

    fn ndjson(&self) -> Vec<u8> {
        (self.objects().join("\n") + "\n").into_bytes()
    }

    fn parquet(&self) -> Vec<u8> {
        let column = |place: usize| {
            let cells = self.rows.iter().map(|row| Some(row[place].as_str()).filter(|cell| !cell.is_empty()));
            Arc::new(cells.collect::<StringArray>()) as ArrayRef
        };
        let columns = (0..self.header.len()).map(column).collect();
        let fields: Vec<Column> = self.header.iter().map(|name| Column::new(*name, DataType::Utf8, true)).collect();
        parquet(&RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap())
    }
}

/// A batch as a Parquet file.
pub(crate) fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// The format that an output has under a name.
pub(crate) fn format_of(name: &str) -> Format {
    Format::of_name(name).unwrap()
}
