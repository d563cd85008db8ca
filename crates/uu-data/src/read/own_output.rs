//! Tables that this product wrote: what they hold as unique users are estimates, and some of their inputs were filled.
//!
//! Neither is known, so neither may be read as if it were. A known number stands in a column of its own.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, new_null_array};
use arrow::compute::{cast, nullif};
use arrow::datatypes::{DataType, Field as Column, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use serde_json::value::RawValue;
use uu_core::{DoubtfulOutput, Field, OwnOutput, Warning};

use super::column_use::ReadNote;
use super::columns::Target;
use super::object::{Entries, parse};
use super::outdated::is_outdated;
use super::{Chunk, Context};
use crate::texts::texts;

/// Places of the columns of an output of this product.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnColumns {
    own: OwnOutput,
    /// The estimates; behind all other columns where only the known unique users are left.
    users: Option<usize>,
}

impl OwnColumns {
    /// The places, where the columns are those of an output.
    pub(super) fn of(names: &[String]) -> Option<Self> {
        OwnOutput::of(names.iter().map(String::as_str)).map(|own| Self::at(own, names))
    }

    fn at(own: OwnOutput, names: &[String]) -> Self {
        let users = names.iter().position(|name| Field::named(name) == Some(Field::UniqueUsers));
        Self { own, users: users.or(own.known_users.map(|_| names.len())) }
    }

    /// Where unique users are that no column of the input is named for.
    pub(super) fn added_users(self, columns: usize) -> Option<usize> {
        self.users.filter(|users| *users == columns)
    }

    pub(super) fn note(self) -> ReadNote {
        note(self.own)
    }

    /// Says of each row what cannot be told from the columns that are left.
    pub(super) fn warn(self, chunk: &mut Chunk) {
        if self.own.filled.is_none() {
            chunk.rows.iter_mut().flatten().for_each(|row| row.warnings.push(Warning::FilledInputsUnmarked));
        }
    }
}

/// Columns that may be those of an output; the first rows with values in them decide.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoubtfulColumns {
    doubt: DoubtfulOutput,
    /// What they are if they are those of an output.
    pub(super) columns: OwnColumns,
}

impl DoubtfulColumns {
    /// The places, where the columns of these names may be those of an output.
    pub(super) fn of(names: &[String]) -> Option<Self> {
        let doubt = OwnOutput::in_doubt(names.iter().map(String::as_str))?;
        Some(Self { doubt, columns: OwnColumns::at(doubt.own, names) })
    }
}

/// What is to be said of an input that is or holds an output.
pub(super) fn note(own: OwnOutput) -> ReadNote {
    if own.filled.is_some() { ReadNote::OwnOutput } else { ReadNote::OwnOutputUnmarked }
}

impl Context {
    /// The batch without its estimates: unique users are those that were known, and what was filled is unknown.
    pub(super) fn without_estimates(&self, batch: &RecordBatch, OwnColumns { own, users }: OwnColumns) -> RecordBatch {
        let schema = batch.schema();
        let mut fields: Vec<Column> = schema.fields().iter().map(|column| column.as_ref().clone().with_nullable(true)).collect();
        let mut columns = batch.columns().to_vec();
        let rows = batch.num_rows();
        if let Some(users) = users {
            let labels = match (own.known_users, own.known) {
                (Some(known), _) => columns[known].clone(),
                (None, Some(known)) => unknown_where(&columns[users], &are_estimates(&columns[known])),
                (None, None) => new_null_array(columns[users].data_type(), rows),
            };
            if users < columns.len() {
                columns[users] = labels;
            } else {
                fields.push(Column::new(Field::UniqueUsers.column(), labels.data_type().clone(), true));
                columns.push(labels);
            }
        }
        let filled = own.filled.map(|place| self.filled_by_row(&columns[place])).unwrap_or_default();
        for (place, field) in fields.iter().enumerate() {
            if own.is_outdated(field.name()) {
                columns[place] = new_null_array(columns[place].data_type(), rows);
            }
            let Some(target) = self.target(field.name()).filter(|target| *target != Target::Field(Field::UniqueUsers)) else { continue };
            let was_filled: BooleanArray = filled.iter().map(|targets| Some(targets.contains(&target))).collect();
            if was_filled.true_count() > 0 {
                columns[place] = unknown_where(&columns[place], &was_filled);
            }
        }
        let fields = fields.into_iter().zip(&columns).map(|(field, values)| field.with_data_type(values.data_type().clone()));
        let schema = Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, columns, &options).expect("every column kept its rows")
    }

    /// Whether the columns are those of an output, by the rows of a batch; `None` where no row has a value that decides.
    pub(super) fn decides(&self, batch: &RecordBatch, DoubtfulColumns { doubt, .. }: DoubtfulColumns) -> Option<bool> {
        let (Ok(filled), Ok(models)) = (texts(batch.column(doubt.filled)), texts(batch.column(doubt.model))) else { return Some(false) };
        let rows = filled.as_string::<i32>().iter().zip(models.as_string::<i32>());
        // Of all rows few have values of their own.
        let distinct: HashSet<(&str, &str)> = rows.map(|(filled, model)| (filled.unwrap_or(""), model.unwrap_or(""))).collect();
        let decided: Vec<bool> = distinct.into_iter().filter_map(|(filled, model)| self.is_of_output(filled, model)).collect();
        (!decided.is_empty()).then(|| decided.into_iter().all(|is_own| is_own))
    }

    fn is_of_output(&self, filled: &str, model: &str) -> Option<bool> {
        let is_input = |name: &str| self.target(name).is_some_and(Target::is_input);
        DoubtfulOutput::decides(&filled_names(filled), is_input, model)
    }

    /// An output by the keys of a record, and by its values where the keys leave a doubt.
    fn own_of(&self, entries: &[(Cow<'_, str>, &RawValue)]) -> Option<OwnOutput> {
        let keys = || entries.iter().map(|(key, _)| key.as_ref());
        OwnOutput::of(keys()).or_else(|| {
            let DoubtfulOutput { own, filled, model } = OwnOutput::in_doubt(keys())?;
            let is_own = self.is_of_output(entries[filled].1.get(), entries[model].1.get());
            (is_own == Some(true)).then_some(own)
        })
    }

    /// A record of an output of this product (of a file, or of an answer over HTTP) without its estimates; `None` for any other record.
    ///
    /// A month that an answer calls known keeps its unique users.
    pub(super) fn without_estimates_of(&self, record: &RawValue) -> Option<(Box<RawValue>, OwnOutput)> {
        if !OwnOutput::may_be(record.get()) {
            return None;
        }
        let Entries(entries) = Entries::of(record).ok()?;
        let own = self.own_of(&entries)?;
        let value = |place: usize| entries[place].1;
        let filled = own.filled.map(|place| self.filled_targets(value(place).get())).unwrap_or_default();
        let known_users = own.known_users.map(|place| value(place).get());
        let are_known = known_users.is_none() && own.known.is_some_and(|place| OwnOutput::are_known(value(place).get()));
        let mut has_users = false;
        let mut written: Vec<String> = Vec::with_capacity(entries.len() + 1);
        for (key, value) in entries.iter().filter(|(key, value)| !(own.is_outdated(key) || is_outdated(key, value))) {
            let target = self.target(key);
            let is_users = target == Some(Target::Field(Field::UniqueUsers));
            has_users |= is_users;
            let value = match target {
                Some(_) if is_users && !are_known => known_users.unwrap_or("null"),
                Some(target) if filled.contains(&target) && !is_users => "null",
                _ => value.get(),
            };
            written.push(entry(key, value));
        }
        if let Some(users) = known_users.filter(|_| !has_users) {
            written.push(entry(Field::UniqueUsers.column(), users));
        }
        Some((parse(format!("{{{}}}", written.join(",")).as_bytes()).ok()?, own))
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
                None => known.entry(text.to_owned()).or_insert_with(|| self.filled_targets(text)).clone(),
            }
        };
        texts.as_string::<i32>().iter().map(of).collect()
    }

    /// Each of them once: a list may name one again and again.
    fn filled_targets(&self, list: &str) -> Arc<[Target]> {
        let targets: HashSet<Target> = filled_names(list).iter().filter_map(|name| self.target(name)).collect();
        targets.into_iter().collect()
    }
}

/// The names in a value of the column `filled`: columns or keys, as JSON (`["rank"]`), as in CSV (`rank; bounce_rate`), or as Python shows a
/// list or an array (`['rank', 'visits']`, `['rank' 'visits']`).
#[must_use]
pub fn filled_names(list: &str) -> Vec<String> {
    if let Ok(names) = serde_json::from_str::<Option<_>>(list) {
        return names.unwrap_or_default();
    }
    if let Ok(text) = serde_json::from_str::<String>(list) {
        return filled_names(&text);
    }
    if list.trim_start().starts_with('[') {
        return list.split(['\'', '"']).skip(1).step_by(2).map(str::to_owned).collect();
    }
    list.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

pub(super) fn entry(key: &str, value: &str) -> String {
    format!("{}:{value}", serde_json::to_string(key).expect("a text is JSON"))
}

/// Of a column that says whether unique users are known, the rows of which it does not.
fn are_estimates(known: &ArrayRef) -> BooleanArray {
    let Ok(texts) = texts(known) else { return BooleanArray::from(vec![true; known.len()]) };
    texts.as_string::<i32>().iter().map(|text| Some(!text.is_some_and(OwnOutput::are_known))).collect()
}

/// The column, unknown in those rows.
pub(super) fn unknown_where(column: &ArrayRef, rows: &BooleanArray) -> ArrayRef {
    let flat = match column.data_type() {
        DataType::Dictionary(_, values) => cast(column, values).unwrap_or_else(|_| column.clone()),
        _ => column.clone(),
    };
    nullif(&flat, rows).unwrap_or(flat)
}
