//! Columns read as views, which hold a repeated text once, and how many bytes each row takes when it is written out.
//!
//! A Parquet file holds a repeated text once, however many rows have it: a small file could stand for more than any memory.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::datatypes::{DataType, FieldRef};

use super::MAX_CHUNK_BYTES;

/// The type as which a column is read; `None` where what it takes cannot be told beforehand.
pub(super) fn as_views(declared: &DataType) -> Option<DataType> {
    let inner = |field: &FieldRef| Some(Arc::new(field.as_ref().clone().with_data_type(as_views(field.data_type())?)));
    Some(match declared {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => DataType::BinaryView,
        // The library writes texts out again where pages with and without a dictionary meet.
        DataType::Dictionary(_, values) => as_views(values)?,
        DataType::List(entries) => DataType::List(inner(entries)?),
        DataType::LargeList(entries) => DataType::LargeList(inner(entries)?),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect::<Option<_>>()?),
        DataType::FixedSizeBinary(_) => declared.clone(),
        plain if plain.is_primitive() || matches!(plain, DataType::Boolean | DataType::Null) => declared.clone(),
        _ => return None,
    })
}

/// Most rows to read at a time, of columns that have a fixed width, where the rest allows `rows`.
pub(super) fn rows_of<'a>(types: impl Iterator<Item = &'a DataType>, rows: usize) -> usize {
    let bytes: usize = types.map(fixed_bytes).fold(0, usize::saturating_add);
    rows.min(MAX_CHUNK_BYTES / bytes.max(1)).max(1)
}

/// What a row takes of a column of bytes of a fixed number, which are written out for each row as they are read.
pub(super) fn fixed_bytes(column: &DataType) -> usize {
    match column {
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
