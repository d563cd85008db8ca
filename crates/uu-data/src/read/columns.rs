//! From columns to checked rows: each column is downcast once a batch, then the rows are walked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, DictionaryArray, Float64Array, Int32Array, LargeStringArray, StringArray, StringViewArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type, TimeUnit};
use arrow::record_batch::RecordBatch;
use uu_core::{Checked, Fault, Field, Month, RawRecord, RawValue, check};

use super::{BounceRateUnit, Chunk, Context, ReadError, RowFaults};

/// What a column is to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// A field.
    Field(Field),
    /// The extra input at that place of the rules.
    Extra(usize),
}

/// The columns that mean something, by their place.
#[derive(Clone, Debug, Default)]
pub(super) struct Binding {
    columns: Vec<(usize, Target)>,
}

impl Context {
    /// What a column or key of that name is.
    pub(super) fn target(&self, name: &str) -> Option<Target> {
        let extra = self.rules.extras.iter().position(|extra| extra == name).map(Target::Extra);
        extra.or_else(|| Field::named(name).map(Target::Field))
    }

    /// Finds the columns that mean something.
    ///
    /// **Errors**: no date, no input, or two columns of one field.
    pub(super) fn bind(&self, names: &[String]) -> Result<Binding, ReadError> {
        let mut seen: HashMap<Target, &str> = HashMap::new();
        let mut binding = Binding::default();
        for (index, name) in names.iter().enumerate() {
            let Some(target) = self.target(name) else { continue };
            if let Some(first) = seen.insert(target, name) {
                let field = match target {
                    Target::Field(field) => field.words().to_owned(),
                    Target::Extra(extra) => self.rules.extras[extra].clone(),
                };
                let (first, second) = (first.to_owned(), name.clone());
                return Err(ReadError::DuplicateColumn { file: self.file.clone(), field, first, second });
            }
            binding.columns.push((index, target));
        }
        if !seen.contains_key(&Target::Field(Field::Date)) {
            return Err(ReadError::NoDateColumn { file: self.file.clone(), columns: names.to_vec() });
        }
        if !seen.keys().any(|target| is_input(*target)) {
            return Err(ReadError::NoInputColumn { file: self.file.clone(), columns: names.to_vec() });
        }
        Ok(binding)
    }

    /// The next chunk of an input of typed columns, of which `rows_read` rows came before it.
    pub(super) fn chunk(&self, batch: RecordBatch, binding: &Binding, rows_read: &mut u64) -> Chunk {
        let first_row = *rows_read + 1;
        *rows_read += batch.num_rows() as u64;
        let rows = self.check_batch(&batch, binding, first_row, Vec::new());
        let numbers_from_text = self.numbers_from_text(&batch, binding);
        Chunk { first_row, batch, json: None, rows, numbers_from_text }
    }

    /// Checks each row of a batch; rows listed in `malformed`, by their place, are already known to be bad.
    pub(super) fn check_batch(
        &self,
        batch: &RecordBatch,
        binding: &Binding,
        first_row: u64,
        malformed: Vec<(usize, Fault)>,
    ) -> Vec<Result<Checked, RowFaults>> {
        let cells: Vec<(Target, Cells)> =
            binding.columns.iter().map(|(index, target)| (*target, Cells::of(batch.column(*index), *target))).collect();
        let mut malformed = malformed.into_iter().peekable();
        let mut raw = RawRecord::new();
        let mut rows = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if let Some((_, fault)) = malformed.next_if(|(bad, _)| *bad == row) {
                rows.push(Err(self.row_faults(first_row + row as u64, vec![fault])));
                continue;
            }
            for (target, cells) in &cells {
                self.place(&mut raw, *target, cells.get(row));
            }
            rows.push(check(&raw, &self.rules).map_err(|faults| self.row_faults(first_row + row as u64, faults)));
        }
        rows
    }

    /// How many values of numeric fields are text, by column; for formats whose numbers need not be.
    pub(super) fn numbers_from_text(&self, batch: &RecordBatch, binding: &Binding) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (index, target) in &binding.columns {
            let column = batch.column(*index);
            let text = match column.data_type() {
                DataType::Dictionary(_, values) => is_text(values),
                kind => is_text(kind),
            };
            if text && is_number(*target) {
                counts.insert(batch.schema().field(*index).name().clone(), (column.len() - column.logical_null_count()) as u64);
            }
        }
        counts
    }

    /// Puts a value where it belongs, in the unit of its field.
    pub(super) fn place<'a>(&self, raw: &mut RawRecord<'a>, target: Target, value: RawValue<'a>) {
        match target {
            Target::Field(Field::BounceRate) if self.bounce_rate_unit == BounceRateUnit::Fraction => {
                raw.set(Field::BounceRate, percent(value));
            }
            Target::Field(field) => raw.set(field, value),
            Target::Extra(index) => raw.set_extra(index, value),
        }
    }

    pub(super) fn row_faults(&self, row: u64, faults: Vec<Fault>) -> RowFaults {
        RowFaults { file: self.file.clone(), row, faults }
    }
}

fn is_input(target: Target) -> bool {
    use Field::{AvgVisitDuration, BounceRate, Category, PagesPerVisit, Rank, Visits};
    match target {
        Target::Extra(_) => true,
        Target::Field(field) => matches!(field, Rank | Visits | PagesPerVisit | BounceRate | AvgVisitDuration | Category),
    }
}

/// Whether a column holds numbers.
pub(super) fn is_number(target: Target) -> bool {
    use Field::{AvgVisitDuration, BounceRate, PagesPerVisit, Rank, UniqueUsers, Visits};
    match target {
        Target::Extra(_) => true,
        Target::Field(field) => matches!(field, Rank | Visits | PagesPerVisit | BounceRate | AvgVisitDuration | UniqueUsers),
    }
}

pub(super) fn percent(fraction: RawValue<'_>) -> RawValue<'_> {
    match fraction {
        RawValue::Number(number) => RawValue::Number(number * 100.0),
        RawValue::Text(text) => match text.trim().parse::<f64>() {
            Ok(number) => RawValue::Number(number * 100.0),
            Err(_) => RawValue::Text(text),
        },
        other => other,
    }
}

/// One column, ready to be walked.
pub(super) enum Cells {
    Numbers(Float64Array),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Dictionary { keys: Int32Array, values: StringArray },
    Other { kind: &'static str, nulls: Option<NullBuffer> },
}

impl Cells {
    pub(super) fn of(column: &ArrayRef, target: Target) -> Self {
        if target == Target::Field(Field::Date)
            && let Some(days) = days(column)
        {
            return Self::of_days(&days);
        }
        Self::of_values(column).unwrap_or_else(|| Self::Other { kind: kind(column.data_type()), nulls: column.logical_nulls() })
    }

    fn of_values(column: &ArrayRef) -> Option<Self> {
        match column.data_type() {
            DataType::Utf8 => Some(Self::Text(column.as_string::<i32>().clone())),
            DataType::LargeUtf8 => Some(Self::LargeText(column.as_string::<i64>().clone())),
            DataType::Utf8View => Some(Self::TextView(column.as_string_view().clone())),
            DataType::Dictionary(_, values) if is_text(values) => {
                let flat = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                let column = cast(column, &flat).ok()?;
                let dictionary: &DictionaryArray<Int32Type> = column.as_dictionary_opt()?;
                Some(Self::Dictionary { keys: dictionary.keys().clone(), values: dictionary.values().as_string::<i32>().clone() })
            }
            DataType::Dictionary(_, values) => Self::of_values(&cast(column, values).ok()?),
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
            Self::Other { kind, .. } => RawValue::Other { kind: (*kind).into() },
        }
    }
}

/// A day as the check reads it, which is its month; one outside the calendar as what it is, for the check to refuse.
fn written(day: i32) -> String {
    Month::of_day_since_1970(day.into()).map_or_else(|| format!("day {day} after 1970-01-01"), |month| month.to_string())
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// The days of a column of dates or instants; an instant's day is that of UTC.
fn days(column: &ArrayRef) -> Option<Date32Array> {
    let per_day = match column.data_type() {
        DataType::Date32 => return Some(column.as_primitive::<Date32Type>().clone()),
        DataType::Date64 => 86_400_000,
        DataType::Timestamp(TimeUnit::Second, _) => 86_400,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 86_400_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 86_400_000_000,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => 86_400_000_000_000_i64,
        _ => return None,
    };
    let instants = cast(column, &DataType::Int64).ok()?;
    Some(
        instants
            .as_primitive::<Int64Type>()
            .unary(|instant: i64| instant.div_euclid(per_day).clamp(i32::MIN.into(), i32::MAX.into()) as i32),
    )
}

fn kind(kind: &DataType) -> &'static str {
    match kind {
        DataType::Null => "nothing",
        DataType::Boolean => "a boolean",
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => "a date",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "a list",
        DataType::Struct(_) | DataType::Map(..) => "an object",
        _ => "a value of another kind",
    }
}

/// The names of a schema's columns.
pub(super) fn column_names(schema: &Arc<arrow::datatypes::Schema>) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}
