//! Tables that this product wrote: what they hold as unique users are estimates, and some of their inputs were filled.
//!
//! Neither is known, so neither may be read as if it were. A known number stands in a column of its own.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, new_null_array};
use arrow::compute::{cast, nullif};
use arrow::datatypes::{DataType, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use serde_json::value::RawValue;
use uu_core::{Field, visible};

use super::Context;
use super::columns::Target;
use super::object::{Entries, parse};
use crate::write::texts;

/// Columns of an output that say what the others are.
const LOW: &str = "unique_users_low";
const FILLED: &str = "filled";
const MODEL: &str = "model";

/// The known number of unique users, beside an estimate.
pub(crate) const KNOWN: &str = "unique_users_known";

/// Columns that an output has beside those it came with.
const ADDED: [&str; 9] = [LOW, "unique_users_high", KNOWN, FILLED, "warnings", MODEL, "explanation", "uniqueUsersLow", "uniqueUsersHigh"];

/// Whether a column is one that an output has.
pub(super) fn is_added(name: &str) -> bool {
    ADDED.contains(&name)
}

/// Places of the columns of an output of this product.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnOutput {
    filled: usize,
    users: Option<usize>,
    known: Option<usize>,
}

impl OwnOutput {
    /// The places, where the columns are those of an output.
    pub(super) fn of(names: &[String]) -> Option<Self> {
        let place = |wanted: &str| names.iter().position(|name| visible(name) == wanted);
        place(LOW).and(place(MODEL))?;
        let users = names.iter().position(|name| Field::named(name) == Some(Field::UniqueUsers));
        Some(Self { filled: place(FILLED)?, users, known: place(KNOWN) })
    }
}

impl Context {
    /// The batch without its estimates: unique users are those that were known, and what was filled is unknown.
    pub(super) fn without_estimates(&self, batch: &RecordBatch, own: OwnOutput) -> RecordBatch {
        let names: Vec<String> = batch.schema().fields().iter().map(|column| column.name().clone()).collect();
        let mut columns = batch.columns().to_vec();
        let rows = batch.num_rows();
        if let Some(users) = own.users {
            let kind = columns[users].data_type().clone();
            let known = own.known.and_then(|known| cast(&columns[known], &kind).ok());
            columns[users] = known.unwrap_or_else(|| new_null_array(&kind, rows));
        }
        let filled = self.filled_by_row(&columns[own.filled]);
        for (place, name) in names.iter().enumerate() {
            let Some(target) = self.target(name).filter(|target| *target != Target::Field(Field::UniqueUsers)) else { continue };
            let was_filled: BooleanArray = filled.iter().map(|targets| Some(targets.contains(&target))).collect();
            if was_filled.true_count() > 0 {
                columns[place] = unknown_where(&columns[place], &was_filled);
            }
        }
        let schema = batch.schema();
        let fields = schema
            .fields()
            .iter()
            .zip(&columns)
            .map(|(field, values)| field.as_ref().clone().with_nullable(true).with_data_type(values.data_type().clone()));
        let schema = Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, columns, &options).expect("every column kept its rows")
    }

    /// A record of an output of this product (of a file, or of an answer over HTTP) without its estimates; `None` for any other record.
    ///
    /// A month that an answer calls known keeps its unique users.
    pub(super) fn without_estimates_of(&self, record: &RawValue) -> Option<Box<RawValue>> {
        // A look at the text is cheap, and most records are none.
        if !record.get().contains(FILLED) {
            return None;
        }
        let Entries(entries) = Entries::of(record).ok()?;
        let value = |names: &[&str]| entries.iter().find(|(key, _)| names.contains(&key.as_ref())).map(|(_, value)| value.get());
        value(&[LOW, "uniqueUsersLow"]).and(value(&[MODEL]))?;
        let filled = self.filled_names(value(&[FILLED])?);
        let known = value(&[KNOWN]).unwrap_or("null");
        let is_known = value(&["known"]) == Some("true");
        let written = entries.iter().map(|(key, value)| {
            let target = self.target(key);
            let value = match target {
                Some(Target::Field(Field::UniqueUsers)) if is_known => value.get(),
                Some(Target::Field(Field::UniqueUsers)) => known,
                Some(target) if filled.contains(&target) => "null",
                _ => value.get(),
            };
            format!("{}:{value}", serde_json::to_string(key).expect("a text is JSON"))
        });
        parse(format!("{{{}}}", written.collect::<Vec<_>>().join(",")).as_bytes()).ok()
    }

    /// Which fields each row says were filled.
    fn filled_by_row(&self, filled: &ArrayRef) -> Vec<Arc<[Target]>> {
        let nothing: Arc<[Target]> = Arc::from([]);
        let Ok(texts) = texts(filled) else { return vec![nothing; filled.len()] };
        let mut known: HashMap<String, Arc<[Target]>> = HashMap::new();
        let of = |text: Option<&str>| {
            let Some(text) = text.filter(|text| !text.is_empty()) else { return nothing.clone() };
            match known.get(text) {
                Some(targets) => targets.clone(),
                None => known.entry(text.to_owned()).or_insert(self.filled_names(text)).clone(),
            }
        };
        texts.as_string::<i32>().iter().map(of).collect()
    }

    /// The fields of a list of columns or keys: `rank; bounce_rate`, or JSON.
    pub(super) fn filled_names(&self, list: &str) -> Arc<[Target]> {
        let names = list
            .split([';', ','])
            .map(|name| name.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, '[' | ']' | '"')));
        names.filter_map(|name| self.target(name)).collect()
    }
}

fn unknown_where(column: &ArrayRef, rows: &BooleanArray) -> ArrayRef {
    let flat = match column.data_type() {
        DataType::Dictionary(_, values) => cast(column, values).unwrap_or_else(|_| column.clone()),
        _ => column.clone(),
    };
    nullif(&flat, rows).unwrap_or(flat)
}
