//! A column's values as text: for CSV cells and for JSON.

mod spreadsheet;

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, LargeStringArray, ListArray, MapArray, StringArray, StringBuilder,
    StringViewArray, StructArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) use spreadsheet::guard_from;

use crate::instants::{units_per_second, zone_named};

/// Parts the entries of a list within one cell.
const LIST_SEPARATOR: &[u8] = b"; ";

/// One column, ready to be written row by row.
pub(crate) enum Cells {
    Numbers(Float64Array),
    Integers(Int64Array),
    Booleans(BooleanArray),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    List {
        list: ListArray,
        entries: Box<Cells>,
    },
    /// Its keys, as texts, and their values.
    Map {
        map: MapArray,
        keys: Box<Cells>,
        values: Box<Cells>,
    },
    /// Its fields, each with its name as the key of an object.
    Object {
        structure: StructArray,
        fields: Vec<(Vec<u8>, Cells)>,
    },
}

impl Cells {
    pub(crate) fn of(column: &ArrayRef) -> Result<Self, ArrowError> {
        Ok(match column.data_type() {
            DataType::Utf8 => Self::Text(column.as_string::<i32>().clone()),
            DataType::LargeUtf8 => Self::LargeText(column.as_string::<i64>().clone()),
            DataType::Utf8View => Self::TextView(column.as_string_view().clone()),
            DataType::Boolean => Self::Booleans(column.as_boolean().clone()),
            DataType::Float64 => Self::Numbers(column.as_primitive().clone()),
            // By way of text, a 32-bit 0.1 stays 0.1 instead of 0.10000000149.
            DataType::Float32 | DataType::Float16 => {
                Self::Numbers(cast(&cast(column, &DataType::Utf8)?, &DataType::Float64)?.as_primitive().clone())
            }
            kind if kind.is_integer() && *kind != DataType::UInt64 => {
                Self::Integers(cast(column, &DataType::Int64)?.as_primitive().clone())
            }
            DataType::List(_) => {
                let list: ListArray = column.as_list().clone();
                let entries = Box::new(Self::of(list.values())?);
                Self::List { list, entries }
            }
            DataType::LargeList(item) | DataType::FixedSizeList(item, _) | DataType::ListView(item) | DataType::LargeListView(item) => {
                Self::of(&cast(column, &DataType::List(item.clone()))?)?
            }
            DataType::Struct(names) => {
                let structure: StructArray = column.as_struct().clone();
                let fields = names.iter().zip(structure.columns());
                let fields = fields.map(|(field, values)| Ok((key(field.name()), Self::of(values)?))).collect::<Result<_, ArrowError>>()?;
                Self::Object { structure, fields }
            }
            DataType::Map(..) => {
                let map: MapArray = column.as_map().clone();
                let (keys, values) = (Box::new(Self::of(map.keys())?), Box::new(Self::of(map.values())?));
                Self::Map { map, keys, values }
            }
            DataType::Dictionary(_, values) => Self::of(&cast(column, values)?)?,
            DataType::RunEndEncoded(_, values) => Self::of(&cast(column, values.data_type())?)?,
            DataType::Timestamp(unit, Some(zone)) => Self::Text(local_times(column, *unit, zone)?),
            // In seconds, as durations are read.
            DataType::Duration(unit) => {
                let per_second = units_per_second(*unit) as f64;
                let counts = cast(column, &DataType::Int64)?;
                Self::Numbers(counts.as_primitive::<Int64Type>().unary(|count: i64| count as f64 / per_second))
            }
            _ => Self::Text(shown(column)?),
        })
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Numbers(array) => array.is_null(row) || array.value(row).is_nan(),
            Self::Integers(array) => array.is_null(row),
            Self::Booleans(array) => array.is_null(row),
            Self::Text(array) => array.is_null(row),
            Self::LargeText(array) => array.is_null(row),
            Self::TextView(array) => array.is_null(row),
            Self::List { list, .. } => list.is_null(row),
            Self::Map { map, .. } => map.is_null(row),
            Self::Object { structure, .. } => structure.is_null(row),
        }
    }

    fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text(array) => Some(array.value(row)),
            Self::LargeText(array) => Some(array.value(row)),
            Self::TextView(array) => Some(array.value(row)),
            _ => None,
        }
    }

    /// Appends the value as bare text; nothing where it is null.
    pub(crate) fn push_text(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return;
        }
        match self {
            Self::Numbers(array) => push_number(array.value(row), out),
            Self::Integers(array) => push_integer(array.value(row), out),
            Self::Booleans(array) => out.extend_from_slice(if array.value(row) { b"true" } else { b"false" }),
            Self::List { list, entries } => {
                let (start, end) = bounds(list.value_offsets(), row);
                for entry in start..end {
                    if entry > start {
                        out.extend_from_slice(LIST_SEPARATOR);
                    }
                    entries.push_text(entry, out);
                }
            }
            // A cell has no form for parts of its own: it holds them as JSON.
            Self::Object { .. } | Self::Map { .. } => self.push_json(row, out),
            _ => out.extend_from_slice(self.text(row).unwrap_or_default().as_bytes()),
        }
    }

    /// Appends the value as a CSV cell, in quotes where it needs them.
    pub(crate) fn push_csv(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Numbers(_) | Self::Integers(_) | Self::Booleans(_) => self.push_text(row, out),
            _ => {
                let start = out.len();
                self.push_text(row, out);
                quote_from(start, out);
            }
        }
    }

    /// The same as a spreadsheet takes it for a text or a number, and never for a formula.
    pub(crate) fn push_guarded_csv(&self, row: usize, out: &mut Vec<u8>) {
        let start = out.len();
        self.push_text(row, out);
        guard_from(start, out);
        quote_from(start, out);
    }

    /// Appends the value as JSON.
    pub(crate) fn push_json(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            out.extend_from_slice(b"null");
            return;
        }
        match self {
            Self::Numbers(array) if !array.value(row).is_finite() => out.extend_from_slice(b"null"),
            Self::Numbers(_) | Self::Integers(_) | Self::Booleans(_) => self.push_text(row, out),
            Self::List { list, entries } => {
                let (start, end) = bounds(list.value_offsets(), row);
                out.push(b'[');
                for entry in start..end {
                    if entry > start {
                        out.push(b',');
                    }
                    entries.push_json(entry, out);
                }
                out.push(b']');
            }
            Self::Map { map, keys, values } => {
                let (start, end) = bounds(map.value_offsets(), row);
                let mut name = Vec::new();
                out.push(b'{');
                for entry in start..end {
                    if entry > start {
                        out.push(b',');
                    }
                    name.clear();
                    keys.push_text(entry, &mut name);
                    out.extend_from_slice(&key(&String::from_utf8_lossy(&name)));
                    values.push_json(entry, out);
                }
                out.push(b'}');
            }
            Self::Object { fields, .. } => {
                out.push(b'{');
                for (index, (key, cells)) in fields.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(key);
                    cells.push_json(row, out);
                }
                out.push(b'}');
            }
            _ => push_json_text(self.text(row).unwrap_or_default(), out),
        }
    }
}

/// Instants by the clock on the wall of their zone, with its offset; one in a zone that is not known, in UTC.
fn local_times(column: &ArrayRef, unit: TimeUnit, zone: &str) -> Result<StringArray, ArrowError> {
    let zone = zone_named(zone).unwrap_or(TimeZone::UTC);
    let per_second = units_per_second(unit);
    let instants = cast(column, &DataType::Int64)?;
    let written = |instant: i64| {
        let (seconds, rest) = (instant.div_euclid(per_second), instant.rem_euclid(per_second));
        let nanoseconds = i32::try_from(rest * (1_000_000_000 / per_second)).unwrap_or_default();
        let instant = Timestamp::new(seconds, nanoseconds).ok()?;
        Some(instant.display_with_offset(zone.to_offset(instant)).to_string())
    };
    Ok(instants.as_primitive::<Int64Type>().iter().map(|instant| instant.and_then(written)).collect())
}

/// Values as texts: of a type that has none, and of bytes that are none, as the library shows them, such as the digits of bytes.
fn shown(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    let are_bytes = matches!(column.data_type(), DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
    if let Ok(texts) = cast(column, &DataType::Utf8)
        && (!are_bytes || texts.null_count() == column.null_count())
    {
        return Ok(texts.as_string::<i32>().clone());
    }
    let options = FormatOptions::new();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    (0..column.len()).map(|row| column.is_valid(row).then(|| formatter.value(row).try_to_string()).transpose()).collect()
}

fn bounds(offsets: &[i32], row: usize) -> (usize, usize) {
    (offsets[row] as usize, offsets[row + 1] as usize)
}

/// A key of an object, with its colon.
pub(crate) fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 3);
    push_json_text(name, &mut key);
    key.push(b':');
    key
}

/// Appends a JSON text.
pub(crate) fn push_json_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a text is JSON, and a vector takes it");
}

fn push_integer(number: i64, out: &mut Vec<u8>) {
    write!(out, "{number}").expect("a vector takes what is written");
}

/// Appends the shortest text that reads back as the same number; whole numbers without a point.
fn push_number(number: f64, out: &mut Vec<u8>) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT && !(number == 0.0 && number.is_sign_negative()) {
        return push_integer(number as i64, out);
    }
    if number.is_finite() {
        serde_json::to_writer(out, &number).expect("a finite number is JSON, and a vector takes it");
    } else {
        write!(out, "{number}").expect("a vector takes what is written");
    }
}

/// Puts what was appended since `start` in quotes if CSV needs them.
pub(crate) fn quote_from(start: usize, out: &mut Vec<u8>) {
    let cell = &out[start..];
    let spaced = cell.first().is_some_and(u8::is_ascii_whitespace) || cell.last().is_some_and(u8::is_ascii_whitespace);
    if !spaced && !cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        return;
    }
    let quoted: Vec<u8> = cell.iter().flat_map(|byte| std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 })).collect();
    out.truncate(start);
    out.push(b'"');
    out.extend_from_slice(&quoted);
    out.push(b'"');
}

/// A column's values as a column of text, as CSV would have them.
pub(crate) fn texts(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let cells = Cells::of(column)?;
    let mut builder = StringBuilder::with_capacity(column.len(), 8 * column.len());
    let mut text = Vec::new();
    for row in 0..column.len() {
        if cells.is_null(row) {
            builder.append_null();
            continue;
        }
        text.clear();
        cells.push_text(row, &mut text);
        builder.append_value(String::from_utf8_lossy(&text));
    }
    Ok(Arc::new(builder.finish()))
}

#[cfg(test)]
mod tests {
    use arrow::array::{FixedSizeListArray, LargeListArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field as Column;

    use super::*;

    #[test]
    fn lists_of_every_kind_have_the_same_text() {
        let item = Arc::new(Column::new("item", DataType::Utf8, true));
        let entries: ArrayRef = Arc::new(StringArray::from(vec!["rank", "visits", "bounce_rate", "category"]));
        let lists: [ArrayRef; 3] = [
            Arc::new(ListArray::new(item.clone(), OffsetBuffer::from_lengths([2, 2]), entries.clone(), None)),
            Arc::new(LargeListArray::new(item.clone(), OffsetBuffer::from_lengths([2, 2]), entries.clone(), None)),
            Arc::new(FixedSizeListArray::new(item.clone(), 2, entries, None)),
        ];
        let views = [DataType::ListView(item.clone()), DataType::LargeListView(item)];
        let views: Vec<ArrayRef> = views.iter().map(|kind| cast(&lists[0], kind).unwrap_or_else(|error| panic!("{error}"))).collect();
        for list in lists.iter().chain(&views) {
            let texts = texts(list).unwrap_or_else(|error| panic!("{}: {error}", list.data_type()));
            let texts: Vec<_> = texts.as_string::<i32>().iter().collect();
            assert_eq!(texts, [Some("rank; visits"), Some("bounce_rate; category")], "{}", list.data_type());
        }
    }
}
