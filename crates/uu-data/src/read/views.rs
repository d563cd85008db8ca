//! Columns read as views, which hold a repeated text once, and how many bytes each row takes when it is written out.
//!
//! A Parquet file holds a repeated text once, however many rows have it: a small file could stand for more than any memory.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, new_empty_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Schema};

use super::MAX_CHUNK_BYTES;

/// The type as which a column is read; `None` where what it takes cannot be told beforehand.
pub(super) fn as_views(declared: &DataType) -> Option<DataType> {
    let inner = |field: &FieldRef| Some(Arc::new(field.as_ref().clone().with_data_type(as_views(field.data_type())?)));
    // Nothing bounds how many null lists of a fixed length stand within another list, and each is written out.
    let entries = |field: &FieldRef| if has_fixed_lists(field.data_type()) { None } else { inner(field) };
    Some(match declared {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => DataType::BinaryView,
        // The library writes texts out again where pages with and without a dictionary meet.
        DataType::Dictionary(_, values) => as_views(values)?,
        DataType::RunEndEncoded(_, values) => as_views(values.data_type())?,
        DataType::List(field) | DataType::ListView(field) => DataType::List(entries(field)?),
        DataType::LargeList(field) | DataType::LargeListView(field) => DataType::LargeList(entries(field)?),
        DataType::FixedSizeList(field, length) if !field.data_type().is_nested() => DataType::FixedSizeList(inner(field)?, *length),
        DataType::Map(field, is_sorted) => DataType::Map(entries(field)?, *is_sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect::<Option<_>>()?),
        DataType::FixedSizeBinary(_) => declared.clone(),
        plain if plain.is_primitive() || matches!(plain, DataType::Boolean | DataType::Null) => declared.clone(),
        _ => return None,
    })
}

fn has_fixed_lists(column: &DataType) -> bool {
    match column {
        DataType::FixedSizeList(..) => true,
        DataType::List(field) | DataType::LargeList(field) | DataType::ListView(field) | DataType::LargeListView(field) => {
            has_fixed_lists(field.data_type())
        }
        DataType::Map(field, _) | DataType::RunEndEncoded(_, field) => has_fixed_lists(field.data_type()),
        DataType::Dictionary(_, values) => has_fixed_lists(values),
        DataType::Struct(fields) => fields.iter().any(|field| has_fixed_lists(field.data_type())),
        _ => false,
    }
}

/// The columns as they are handed on: as declared, but for those that the library cannot pack again as they were, such as dictionaries of
/// durations; they are of their values.
pub(super) fn packed(declared: &Schema) -> Schema {
    let columns = declared.fields().iter().map(|column| {
        let kind = column.data_type();
        let is_packed = as_views(kind).is_none_or(|read| read == *kind || cast(&new_empty_array(&read), kind).is_ok());
        if is_packed { Arc::clone(column) } else { Arc::new(column.as_ref().clone().with_data_type(unpacked(kind))) }
    });
    Schema::new_with_metadata(columns.collect::<Vec<_>>(), declared.metadata().clone())
}

fn unpacked(kind: &DataType) -> DataType {
    let inner = |field: &FieldRef| Arc::new(field.as_ref().clone().with_data_type(unpacked(field.data_type())));
    match kind {
        DataType::Dictionary(_, values) => unpacked(values),
        DataType::RunEndEncoded(_, values) => unpacked(values.data_type()),
        DataType::List(field) | DataType::ListView(field) => DataType::List(inner(field)),
        DataType::LargeList(field) | DataType::LargeListView(field) => DataType::LargeList(inner(field)),
        DataType::FixedSizeList(field, length) => DataType::FixedSizeList(inner(field), *length),
        DataType::Map(field, is_sorted) => DataType::Map(inner(field), *is_sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        plain => plain.clone(),
    }
}

/// Most rows to read at a time, of columns that have a fixed width, where the rest allows `rows`.
pub(super) fn rows_of<'a>(types: impl Iterator<Item = &'a DataType>, rows: usize) -> usize {
    let bytes: usize = types.map(fixed_bytes).fold(0, usize::saturating_add);
    rows.min(MAX_CHUNK_BYTES / bytes.max(1)).max(1)
}

/// What a row takes of a column of bytes or numbers of a fixed count, which are written out for each row as they are read.
pub(super) fn fixed_bytes(column: &DataType) -> usize {
    match column {
        DataType::FixedSizeList(entries, length) => {
            /// A view of a text, which is the widest of what has no fixed width.
            const VIEW_BYTES: usize = 16;
            let of_entry = entries.data_type().primitive_width().unwrap_or(VIEW_BYTES).max(fixed_bytes(entries.data_type()));
            usize::try_from(*length).unwrap_or_default().saturating_mul(of_entry)
        }
        DataType::FixedSizeBinary(bytes) => usize::try_from(*bytes).unwrap_or_default(),
        DataType::Struct(fields) => fields.iter().map(|field| fixed_bytes(field.data_type())).fold(0, usize::saturating_add),
        _ => 0,
    }
}

/// Adds the bytes of each row's texts; other columns take as much memory as they say.
pub(super) fn add_bytes(column: &ArrayRef, bytes_of_rows: &mut [usize]) {
    if let Some(texts) = column.as_string_view_opt() {
        add_lengths(texts.views(), bytes_of_rows);
    } else if let Some(binary) = column.as_binary_view_opt() {
        add_lengths(binary.views(), bytes_of_rows);
    } else if let Some(fields) = column.as_struct_opt() {
        fields.columns().iter().for_each(|field| add_bytes(field, bytes_of_rows));
    } else if let Some(lists) = column.as_list_opt::<i32>() {
        add_entries(lists.values(), lists.value_offsets(), bytes_of_rows);
    } else if let Some(lists) = column.as_list_opt::<i64>() {
        add_entries(lists.values(), lists.value_offsets(), bytes_of_rows);
    } else if let Some(lists) = column.as_fixed_size_list_opt() {
        let length = lists.value_length().unsigned_abs() as usize;
        let mut of_entries = vec![0; lists.values().len()];
        add_bytes(lists.values(), &mut of_entries);
        bytes_of_rows.iter_mut().zip(of_entries.chunks(length.max(1))).for_each(|(bytes, entries)| *bytes += entries.iter().sum::<usize>());
    } else if let Some(maps) = column.as_map_opt() {
        let entries: ArrayRef = Arc::new(maps.entries().clone());
        add_entries(&entries, maps.value_offsets(), bytes_of_rows);
    }
}

/// Whether all texts of a column are UTF-8. The library takes the word of a file's Arrow schema that a column has texts, and looks only at those
/// that Parquet's own schema calls so.
pub(super) fn are_texts_utf8(column: &ArrayRef) -> bool {
    if let Some(texts) = column.as_string_view_opt() {
        texts.clone().to_binary_view().iter().flatten().all(|text| std::str::from_utf8(text).is_ok())
    } else if let Some(fields) = column.as_struct_opt() {
        fields.columns().iter().all(are_texts_utf8)
    } else if let Some(lists) = column.as_list_opt::<i32>() {
        are_texts_utf8(lists.values())
    } else if let Some(lists) = column.as_list_opt::<i64>() {
        are_texts_utf8(lists.values())
    } else if let Some(lists) = column.as_fixed_size_list_opt() {
        are_texts_utf8(lists.values())
    } else if let Some(maps) = column.as_map_opt() {
        maps.entries().columns().iter().all(are_texts_utf8)
    } else {
        true
    }
}

fn add_lengths(views: &[u128], bytes_of_rows: &mut [usize]) {
    // The low half of a view is its length.
    bytes_of_rows.iter_mut().zip(views).for_each(|(bytes, view)| *bytes += *view as u32 as usize);
}

fn add_entries<O: OffsetSizeTrait>(entries: &ArrayRef, offsets: &[O], bytes_of_rows: &mut [usize]) {
    let mut of_entries = vec![0; entries.len()];
    add_bytes(entries, &mut of_entries);
    for (bytes, range) in bytes_of_rows.iter_mut().zip(offsets.windows(2)) {
        *bytes += of_entries[range[0].as_usize()..range[1].as_usize()].iter().sum::<usize>();
    }
}
