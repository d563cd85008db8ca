//! One column, ready to be walked: each is downcast once a batch.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, DictionaryArray, Float64Array, Int32Array, LargeStringArray, StringArray, StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimeUnit};
use uu_core::{Field, Month, RawValue};

use super::columns::Target;
use crate::instants::{days, units_per_second};

/// One column, ready to be walked.
pub(super) enum Cells {
    Numbers(Float64Array),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Dictionary { keys: Int32Array, values: StringArray },
    Other { kind: Cow<'static, str>, nulls: Option<NullBuffer> },
}

impl Cells {
    pub(super) fn of(column: &ArrayRef, target: Target) -> Self {
        let column = &flat(column);
        if target == Target::Field(Field::Date)
            && let Some(days) = days(column)
        {
            return Self::of_days(&days);
        }
        let values = seconds(column, target).map(Self::Numbers).or_else(|| Self::of_values(column));
        values.unwrap_or_else(|| Self::Other { kind: kind(column.data_type()), nulls: column.logical_nulls() })
    }

    fn of_values(column: &ArrayRef) -> Option<Self> {
        match column.data_type() {
            DataType::Utf8 => Some(Self::Text(column.as_string::<i32>().clone())),
            DataType::LargeUtf8 => Some(Self::LargeText(column.as_string::<i64>().clone())),
            DataType::Utf8View => Some(Self::TextView(column.as_string_view().clone())),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => texts_of_bytes(column).map(Self::Text),
            DataType::Dictionary(_, values) if is_text(values) => {
                let flat = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                let column = cast(column, &flat).ok()?;
                let dictionary: &DictionaryArray<Int32Type> = column.as_dictionary_opt()?;
                Some(Self::Dictionary { keys: dictionary.keys().clone(), values: dictionary.values().as_string::<i32>().clone() })
            }
            kind if kind.is_numeric() => Some(Self::Numbers(cast(column, &DataType::Float64).ok()?.as_primitive().clone())),
            _ => None,
        }
    }

    /// Days are few and come again, so each is written once.
    fn of_days(days: &Date32Array) -> Self {
        let mut places: HashMap<i32, i32> = HashMap::new();
        let mut distinct: Vec<i32> = Vec::new();
        let mut last = None;
        let keys: Int32Array = days
            .iter()
            .map(|day| {
                let day = day?;
                if let Some((known, place)) = last
                    && known == day
                {
                    return Some(place);
                }
                let place = *places.entry(day).or_insert_with(|| {
                    distinct.push(day);
                    distinct.len() as i32 - 1
                });
                last = Some((day, place));
                Some(place)
            })
            .collect();
        let values: StringArray = distinct.into_iter().map(|day| Some(written(day))).collect();
        Self::Dictionary { keys, values }
    }

    #[inline]
    pub(super) fn get(&self, row: usize) -> RawValue<'_> {
        match self {
            // NaN is how some frames write what is not known.
            Self::Numbers(numbers) if numbers.is_null(row) || numbers.value(row).is_nan() => RawValue::Unknown,
            Self::Numbers(numbers) => RawValue::Number(numbers.value(row)),
            Self::Text(texts) if texts.is_null(row) => RawValue::Unknown,
            Self::Text(texts) => RawValue::text(texts.value(row)),
            Self::LargeText(texts) if texts.is_null(row) => RawValue::Unknown,
            Self::LargeText(texts) => RawValue::text(texts.value(row)),
            Self::TextView(texts) if texts.is_null(row) => RawValue::Unknown,
            Self::TextView(texts) => RawValue::text(texts.value(row)),
            Self::Dictionary { keys, .. } if keys.is_null(row) => RawValue::Unknown,
            Self::Dictionary { keys, values } => {
                let place = keys.value(row) as usize;
                if values.is_null(place) { RawValue::Unknown } else { RawValue::text(values.value(place)) }
            }
            Self::Other { nulls, .. } if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) => RawValue::Unknown,
            Self::Other { kind, .. } => RawValue::Other { kind: kind.clone() },
        }
    }
}

/// The column without run lengths, and without a dictionary of anything but text.
pub(crate) fn flat(column: &ArrayRef) -> ArrayRef {
    let values = match column.data_type() {
        DataType::Dictionary(_, values) if !is_text(values) => values.as_ref(),
        DataType::RunEndEncoded(_, values) => values.data_type(),
        _ => return column.clone(),
    };
    cast(column, values).map_or_else(|_| column.clone(), |flat| flat_again(&flat))
}

/// Run lengths of a dictionary are flat after the second step.
fn flat_again(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Dictionary(_, values) if !is_text(values) => cast(column, values).unwrap_or_else(|_| column.clone()),
        _ => column.clone(),
    }
}

/// The texts of a column of bytes, whose writer did not declare them as such; `None` where they are none.
pub(crate) fn texts_of_bytes(column: &ArrayRef) -> Option<StringArray> {
    matches!(column.data_type(), DataType::Binary | DataType::LargeBinary | DataType::BinaryView).then_some(())?;
    let texts = cast(column, &DataType::Utf8).ok()?;
    (texts.null_count() == column.null_count()).then(|| texts.as_string::<i32>().clone())
}

/// A column of durations in seconds; a time of day is one where a duration belongs.
fn seconds(column: &ArrayRef, target: Target) -> Option<Float64Array> {
    let is_time = matches!(column.data_type(), DataType::Time32(_) | DataType::Time64(_));
    (!is_time || target == Target::Field(Field::AvgVisitDuration)).then(|| seconds_of(column)).flatten()
}

/// Durations, and times of day, in seconds; `None` for any other column.
pub(crate) fn seconds_of(column: &ArrayRef) -> Option<Float64Array> {
    let (DataType::Duration(unit) | DataType::Time32(unit) | DataType::Time64(unit)) = column.data_type() else { return None };
    let per_second = units_per_second(*unit);
    let counts = match column.data_type() {
        DataType::Time32(_) => cast(&cast(column, &DataType::Int32).ok()?, &DataType::Int64).ok()?,
        _ => cast(column, &DataType::Int64).ok()?,
    };
    Some(counts.as_primitive::<Int64Type>().unary(|count: i64| count as f64 / per_second as f64))
}

/// A day as the check reads it, which is its month; one outside the calendar as what it is, for the check to refuse.
fn written(day: i32) -> String {
    Month::of_day_since_1970(day.into()).map_or_else(|| format!("day {day} after 1970-01-01"), |month| month.to_string())
}

/// Whether its cells are texts themselves.
pub(crate) fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// Whether it holds texts, each by itself or in a dictionary.
pub(crate) fn holds_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_text(values),
        kind => is_text(kind),
    }
}

/// What a value that no field can be is called.
fn kind(kind: &DataType) -> Cow<'static, str> {
    match kind {
        DataType::Null => "nothing".into(),
        DataType::Boolean => "a boolean".into(),
        DataType::Timestamp(_, Some(zone)) => format!("an instant in the unknown time zone `{zone}`").into(),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => "a date".into(),
        DataType::Time32(unit) | DataType::Time64(unit) => format!("a time of day ({})", unit_name(*unit)).into(),
        DataType::Duration(_) => "a duration".into(),
        DataType::Interval(_) => "an interval of the calendar".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "bytes that are no text".into(),
        DataType::List(_) | DataType::LargeList(_) | DataType::ListView(_) | DataType::LargeListView(_) | DataType::FixedSizeList(..) => {
            "a list".into()
        }
        DataType::Struct(_) | DataType::Map(..) => "an object".into(),
        other => format!("a value of the type {other}").into(),
    }
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "seconds",
        TimeUnit::Millisecond => "milliseconds",
        TimeUnit::Microsecond => "microseconds",
        TimeUnit::Nanosecond => "nanoseconds",
    }
}
