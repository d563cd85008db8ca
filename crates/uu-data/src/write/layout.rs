//! Which columns an output has, and where each comes from. Fixed by the first batch.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, StringArray, new_null_array};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, is_not_null};
use arrow::datatypes::{DataType, Field as Column, Float32Type, Float64Type, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use uu_core::{Field, OutputColumn, is_missing_marker};

use super::{Added, WriteError};
use crate::read::cells::{flat, holds_text, is_text, seconds_of, texts_of_bytes};
use crate::texts::{Cells, texts};

/// One column of the output.
struct OutColumn {
    name: String,
    /// The given column, where it comes from one.
    given: Option<GivenColumn>,
    /// Name of the added column, where it comes from one, or is filled by one.
    added: Option<String>,
    kind: DataType,
}

/// A given column: by its name, and by how many columns of that name come before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct GivenColumn {
    name: String,
    place: usize,
}

impl GivenColumn {
    /// The given columns of a schema, in order.
    fn all(schema: &Schema) -> Vec<Self> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut all = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let count = counts.entry(field.name()).or_default();
            all.push(Self { name: field.name().clone(), place: *count });
            *count += 1;
        }
        all
    }
}

/// The columns of the output.
pub(super) struct Layout {
    columns: Vec<OutColumn>,
    text: bool,
    /// The given columns that it has.
    given: HashSet<GivenColumn>,
    names: HashSet<String>,
    fields: HashSet<Field>,
}

/// The columns of a batch that is to be laid out.
struct GivenBatch<'a> {
    batch: &'a RecordBatch,
    places: HashMap<GivenColumn, usize>,
    /// The first column of each field, whatever its name.
    fields: HashMap<Field, usize>,
}

impl<'a> GivenBatch<'a> {
    fn new(batch: &'a RecordBatch) -> Self {
        let schema = batch.schema();
        let mut fields = HashMap::new();
        for (place, column) in schema.fields().iter().enumerate() {
            if let Some(field) = Field::named(column.name()) {
                fields.entry(field).or_insert(place);
            }
        }
        let places = GivenColumn::all(&schema).into_iter().enumerate().map(|(place, column)| (column, place)).collect();
        Self { batch, places, fields }
    }
}

/// Whether an added column is of the same field as a given one, under whatever name, or the same column of an output under a name that outputs have:
/// others are somebody's own.
pub(super) fn fills(added: &str, given: &str) -> bool {
    match Field::named(given) {
        Some(field) => Field::named(added) == Some(field),
        None => OutputColumn::named(given).is_some_and(|output| output.is_written(given) && OutputColumn::named(added) == Some(output)),
    }
}

/// Whether what is added takes the place of what was given: a label is no estimate, and it stands in a column of its own.
pub(super) fn is_replaced(given: &str) -> bool {
    matches!(Field::named(given), None | Some(Field::UniqueUsers))
}

/// Whether a field is a number in the formats that have types.
fn is_number(name: &str, extras: &[String]) -> bool {
    extras.iter().any(|extra| extra == name) || Field::named(name).is_some_and(Field::is_number)
}

impl Layout {
    /// The given columns in their order, then those added columns that fill or replace none of them.
    ///
    /// `text` says that cells are text in the output, so that what was read as text is written back letter by letter.
    pub(super) fn new(batch: &RecordBatch, added: &[Added], text: bool, extras: &[String]) -> Self {
        let schema = batch.schema();
        let fields: Vec<Option<Field>> = added.iter().map(|added| Field::named(&added.name)).collect();
        let mut columns: Vec<OutColumn> = Vec::new();
        let mut replacing: HashSet<&str> = HashSet::new();
        for (column, given) in schema.fields().iter().zip(GivenColumn::all(&schema)) {
            let name = column.name();
            let field = Field::named(name);
            let beside = added.iter().zip(&fields).find(|(added, fills)| added.name == *name || field.is_some() && **fills == field);
            // One added column takes the place of one given column; others of its name are somebody's own.
            let is_own = |added: &&Added| is_replaced(name) && field.is_none() && replacing.contains(added.name.as_str());
            let beside = beside.map(|(added, _)| added).filter(|added| !is_own(added));
            replacing.extend(beside.map(|added| added.name.as_str()));
            let replaced = beside.is_some() && is_replaced(name);
            let mut kind = column.data_type().clone();
            // Texts are written as they are where all is text; whatever else a number came as is a number.
            if is_number(name, extras) && !kind.is_numeric() && !(text && holds_text(&kind)) {
                kind = DataType::Float64;
            } else if kind == DataType::Null && Field::named(name).is_some() {
                kind = DataType::Utf8;
            }
            if let Some(beside) = beside {
                kind = if replaced { beside.values.data_type().clone() } else { merged(&kind, beside.values.data_type(), text) };
            }
            let added = beside.map(|added| added.name.clone());
            columns.push(OutColumn { name: name.clone(), given: (!replaced).then_some(given), added, kind });
        }
        for more in added {
            if columns.iter().all(|column| column.added.as_ref() != Some(&more.name)) {
                let kind = more.values.data_type().clone();
                columns.push(OutColumn { name: more.name.clone(), given: None, added: Some(more.name.clone()), kind });
            }
        }
        rename_repeated(&mut columns, |name| !text || replacing.contains(name));
        let given = columns.iter().filter_map(|column| column.given.clone()).collect();
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let fields = columns.iter().filter_map(|column| Field::named(&column.name)).collect();
        Self { columns, text, given, names, fields }
    }

    /// Given columns that have another name in the output, with their names there.
    pub(super) fn renamed(&self) -> BTreeMap<String, Vec<String>> {
        let mut renamed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for column in &self.columns {
            if let Some(given) = column.given.as_ref().filter(|given| given.name != column.name) {
                renamed.entry(given.name.clone()).or_default().push(column.name.clone());
            }
        }
        renamed
    }

    pub(super) fn schema(&self) -> SchemaRef {
        let columns: Vec<Column> = self.columns.iter().map(|column| Column::new(&column.name, column.kind.clone(), true)).collect();
        Arc::new(Schema::new(columns))
    }

    /// The batch's rows in the columns of the output. Given columns that the layout does not have are named in `late`.
    pub(super) fn table(&self, batch: &RecordBatch, added: &[Added], late: &mut BTreeSet<String>) -> Result<RecordBatch, WriteError> {
        let given = GivenBatch::new(batch);
        for column in given.places.keys() {
            let is_known = self.given.contains(column)
                || column.place == 0 && self.names.contains(&column.name)
                || Field::named(&column.name).is_some_and(|field| self.fields.contains(&field));
            if !is_known {
                late.insert(column.name.clone());
            }
        }
        let columns = self.columns.iter().map(|column| self.column(column, &given, added)).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(self.schema(), columns, &options)?)
    }

    fn column(&self, column: &OutColumn, from: &GivenBatch<'_>, added: &[Added]) -> Result<ArrayRef, WriteError> {
        // A later batch of JSON may spell a field in another way than the first.
        let place = match &column.given {
            Some(wanted) => from.places.get(wanted),
            None => {
                let filled = column.added.as_ref().filter(|added| !is_replaced(added)).and_then(|added| Field::named(added));
                filled.and_then(|field| from.fields.get(&field))
            }
        };
        let given = place.map(|place| from.batch.column(*place));
        let added = column.added.as_ref().and_then(|name| added.iter().find(|added| added.name == *name)).map(|added| &added.values);
        let given = given.map(|given| self.convert(given, column)).transpose()?;
        let added = added.map(|added| self.convert(added, column)).transpose()?;
        Ok(match (given, added) {
            (None, None) => new_null_array(&column.kind, from.batch.num_rows()),
            (Some(one), None) | (None, Some(one)) => one,
            (Some(given), Some(added)) => zip(&known(&given)?, &given, &added)?,
        })
    }

    fn convert(&self, values: &ArrayRef, column: &OutColumn) -> Result<ArrayRef, WriteError> {
        let failed = |reason| WriteError::Column { column: column.name.clone(), reason };
        let from = values.data_type();
        if *from == column.kind {
            return Ok(values.clone());
        }
        if column.kind == DataType::Float64 {
            if holds_text(from) {
                return numbers(values, &column.name);
            }
            let flat = flat(values);
            if let Some(seconds) = seconds_of(&flat) {
                return Ok(Arc::new(seconds));
            }
            if let Some(texts) = texts_of_bytes(&flat) {
                return numbers(&(Arc::new(texts) as ArrayRef), &column.name);
            }
            return cast(&flat, &column.kind).map_err(failed);
        }
        if self.text && is_text(&column.kind) {
            return texts(values).map_err(failed);
        }
        cast(values, &column.kind).map_err(failed)
    }
}

/// Gives columns whose name is taken one of their own, where the name `is_unique`: `a`, `a_2`, `a_3`; of those without a name, `unnamed_2`.
fn rename_repeated(columns: &mut [OutColumn], is_unique: impl Fn(&str) -> bool) {
    let given: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
    let mut taken: HashSet<String> = HashSet::new();
    // Of each name, the number to be tried next.
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for column in columns.iter_mut().filter(|column| is_unique(&column.name)) {
        let mut renamed = column.name.clone();
        while taken.contains(&renamed) || (renamed != column.name && given.contains(&renamed)) {
            let number = numbers.entry(column.name.clone()).or_insert(2);
            let name = if column.name.is_empty() { "unnamed" } else { &column.name };
            renamed = format!("{name}_{number}");
            *number += 1;
        }
        taken.insert(renamed.clone());
        column.name = renamed;
    }
}

/// The type that holds what was given and what fills it.
fn merged(given: &DataType, added: &DataType, text: bool) -> DataType {
    match (given, added) {
        (given, added) if given == added => given.clone(),
        (given, added) if given.is_numeric() && added.is_numeric() && !text => DataType::Float64,
        _ => DataType::Utf8,
    }
}

/// Which values are known: not null, not empty, not NaN.
fn known(values: &ArrayRef) -> Result<BooleanArray, WriteError> {
    Ok(match values.data_type() {
        DataType::Float64 => {
            let numbers = values.as_primitive::<Float64Type>();
            numbers.iter().map(|number| Some(number.is_some_and(|number| !number.is_nan()))).collect()
        }
        DataType::Float32 => {
            let numbers = values.as_primitive::<Float32Type>();
            numbers.iter().map(|number| Some(number.is_some_and(|number| !number.is_nan()))).collect()
        }
        DataType::Utf8 => {
            let texts = values.as_string::<i32>();
            texts.iter().map(|text| Some(text.is_some_and(|text| !text.trim().is_empty() && !is_missing_marker(text)))).collect()
        }
        _ => is_not_null(values)?,
    })
}

/// The numbers that texts spell; empty is null.
fn numbers(values: &ArrayRef, column: &str) -> Result<ArrayRef, WriteError> {
    let texts = cast(values, &DataType::Utf8)?;
    let texts: &StringArray = texts.as_string();
    let parse = |text: Option<&str>| match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ if is_missing_marker(text) => Ok(None),
            _ => Err(WriteError::NotANumber { column: column.to_owned(), found: text.chars().take(60).collect() }),
        },
    };
    let numbers = texts.iter().map(parse).collect::<Result<Float64Array, _>>()?;
    Ok(Arc::new(numbers))
}

/// The columns of a batch, each ready to be written row by row.
///
/// **Errors**: the first column of a type that has no text, by its name.
pub(super) fn cells_of(batch: &RecordBatch) -> Result<Vec<Cells>, WriteError> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let named =
        columns.map(|(column, values)| Cells::of(values).map_err(|reason| WriteError::Column { column: column.name().clone(), reason }));
    named.collect()
}
