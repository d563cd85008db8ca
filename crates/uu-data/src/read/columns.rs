//! Which columns mean something, and the rows of a table checked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as Column, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use uu_core::{Checked, Fault, FaultField, FaultRule, Field, OutputColumn, RawRecord, RawValue, check_until, visible};

use super::cells::{Cells, flat, holds_text, texts_of_bytes};
use super::column_use::ReadNote;
use super::decimal::{not_a_comma, with_point};
use super::outdated::without_explanations;
use super::own_output::{DoubtfulColumns, OwnColumns};
use super::periods::with_days;
use super::{Chunk, Context, Decimal, ReadError, RowFaults};

/// What a column is to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// A field.
    Field(Field),
    /// The extra input at that place of the rules.
    Extra(usize),
}

impl Target {
    /// Whether a model may learn from it.
    pub(super) fn is_input(self) -> bool {
        match self {
            Self::Extra(_) => true,
            Self::Field(field) => field.is_input(),
        }
    }

    /// Whether it holds numbers.
    pub(super) fn is_number(self) -> bool {
        match self {
            Self::Extra(_) => true,
            Self::Field(field) => field.is_number(),
        }
    }
}

/// A field that two columns name, and their places.
pub(super) type Twice = (Target, usize, usize);

/// The columns that mean something, by their place.
#[derive(Clone, Debug, Default)]
pub(super) struct Binding {
    columns: Vec<(usize, Target)>,
    own: Option<OwnColumns>,
    /// What may be an output, until rows have decided.
    doubt: Option<DoubtfulColumns>,
    /// Those that may explain earlier estimates.
    explanations: Vec<usize>,
    month: Option<MonthColumn>,
}

/// A column `month` beside that of the date: of a row whose date is unknown it is the date.
#[derive(Clone, Copy, Debug)]
struct MonthColumn {
    place: usize,
    /// Whether it was the date of a row.
    is_used: bool,
}

impl Binding {
    /// Where the date is.
    pub(super) fn date(&self) -> Option<usize> {
        self.columns.iter().find(|(_, target)| *target == Target::Field(Field::Date)).map(|(place, _)| *place)
    }

    /// The place of a column `month` that was the date of a row whose date is unknown.
    pub(super) fn used_month(&self) -> Option<usize> {
        self.month.filter(|month| month.is_used).map(|month| month.place)
    }

    /// What there is to say of the columns.
    pub(super) fn note(&self) -> Option<ReadNote> {
        self.own.map(OwnColumns::note)
    }
}

impl Context {
    /// What a column or key of that name is.
    pub(super) fn target(&self, name: &str) -> Option<Target> {
        let name = visible(name);
        let extra = self.rules.extras.iter().position(|extra| *extra == name).map(Target::Extra);
        extra.or_else(|| Field::named(&name).map(Target::Field))
    }

    /// The columns that mean something, and two of one field where there are such.
    ///
    /// A column `month` is the date only where no other column is: beside one it is the month's number, unless the date of a row is unknown.
    pub(super) fn targets(&self, names: &[String]) -> (Vec<(usize, Target)>, Option<Twice>) {
        let mut seen: HashMap<Target, usize> = HashMap::new();
        let mut columns: Vec<(usize, Target)> = Vec::new();
        let mut twice = None;
        for (index, name) in names.iter().enumerate() {
            let Some(target) = self.target(name) else { continue };
            let Some(first) = seen.get(&target).copied() else {
                seen.insert(target, index);
                columns.push((index, target));
                continue;
            };
            if target == Target::Field(Field::Date) && is_month(&names[first]) && !is_month(name) {
                seen.insert(target, index);
                columns.retain(|(place, _)| *place != first);
                columns.push((index, target));
            } else if !(target == Target::Field(Field::Date) && is_month(name)) && twice.is_none() {
                twice = Some((target, first, index));
            }
        }
        (columns, twice)
    }

    /// Finds the columns that mean something.
    ///
    /// **Errors**: no date, no input, or two columns of one field.
    pub(super) fn bind(&self, names: &[String]) -> Result<Binding, ReadError> {
        let (mut columns, twice) = self.targets(names);
        if let Some((target, first, second)) = twice {
            let field = self.fault_field(target).words().to_owned();
            let (first, second) = (names[first].clone(), names[second].clone());
            return Err(ReadError::DuplicateColumn { file: self.file.clone(), field, first, second });
        }
        if !columns.iter().any(|(_, target)| *target == Target::Field(Field::Date)) {
            return Err(ReadError::NoDateColumn { file: self.file.clone(), columns: names.to_vec() });
        }
        if !columns.iter().any(|(_, target)| target.is_input()) {
            return Err(ReadError::NoInputColumn { file: self.file.clone(), columns: names.to_vec() });
        }
        let own = OwnColumns::of(names);
        columns.extend(own.and_then(|own| own.added_users(names.len())).map(|place| (place, Target::Field(Field::UniqueUsers))));
        let is_explanation = |name: &str| OutputColumn::named(name) == Some(OutputColumn::Explanation);
        let explanations = (0..names.len()).filter(|place| is_explanation(&names[*place])).collect();
        let doubt = if own.is_none() { DoubtfulColumns::of(names) } else { None };
        let mut binding = Binding { columns, own, doubt, explanations, month: None };
        let date = binding.date();
        let month = names.iter().position(|name| is_month(name)).filter(|place| Some(*place) != date);
        let month = month.filter(|place| self.target(&names[*place]) == Some(Target::Field(Field::Date)));
        binding.month = month.map(|place| MonthColumn { place, is_used: false });
        Ok(binding)
    }

    /// The next chunk of a table, of which `rows_read` rows came before it; rows listed in `malformed`, by their place, are already known to
    /// be bad.
    pub(super) fn chunk(&self, batch: RecordBatch, binding: &mut Binding, rows_read: &mut u64, malformed: Vec<(usize, Fault)>) -> Chunk {
        let first_row = *rows_read + 1;
        *rows_read += batch.num_rows() as u64;
        let batch = with_days(batch);
        if let Some(doubt) = binding.doubt
            && let Some(is_own) = self.decides(&batch, doubt)
        {
            (binding.own, binding.doubt) = (is_own.then_some(doubt.columns), None);
        }
        let batch = match binding.own {
            Some(own) => self.without_estimates(&batch, own),
            None => batch,
        };
        let batch = without_explanations(batch, &binding.explanations);
        let (batch, malformed) = match self.decimal {
            Some(Decimal::Comma) => self.with_points(&batch, binding, malformed),
            _ => (batch, malformed),
        };
        let rows = self.check_batch(&batch, binding, first_row, malformed);
        let numbers_from_text = numbers_from_text(&batch, binding);
        let mut chunk = Chunk { first_row, batch, json: None, rows, numbers_from_text };
        if let Some(own) = binding.own {
            own.warn(&mut chunk);
        }
        chunk
    }

    fn check_batch(
        &self,
        batch: &RecordBatch,
        binding: &mut Binding,
        first_row: u64,
        malformed: Vec<(usize, Fault)>,
    ) -> Vec<Result<Checked, RowFaults>> {
        let cells: Vec<(Target, Cells)> =
            binding.columns.iter().map(|(index, target)| (*target, Cells::of(batch.column(*index), *target))).collect();
        let month = binding.month.map(|month| Cells::of(batch.column(month.place), Target::Field(Field::Date)));
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
            if let (Some(cells), Some(month)) = (&month, &mut binding.month)
                && raw.get(Field::Date).is_unknown()
            {
                let value = cells.get(row);
                month.is_used |= !value.is_unknown();
                raw.set(Field::Date, value);
            }
            rows.push(
                check_until(&raw, &self.rules, self.newest).map_err(|faults| self.record_faults(first_row + row as u64, &raw, faults)),
            );
        }
        rows
    }

    /// The batch with points in the numbers of its text columns, and its bad rows with those whose numbers have decimal points already.
    fn with_points(&self, batch: &RecordBatch, binding: &Binding, mut bad: Vec<(usize, Fault)>) -> (RecordBatch, Vec<(usize, Fault)>) {
        let mut columns = batch.columns().to_vec();
        for (index, target) in binding.columns.iter().filter(|(_, target)| target.is_number()) {
            let Some(texts) = texts_of(&columns[*index]) else { continue };
            let mut numbers = StringBuilder::with_capacity(texts.len(), texts.value_data().len());
            for (row, text) in texts.iter().enumerate() {
                let Some(text) = text else {
                    numbers.append_null();
                    continue;
                };
                let number = with_point(text).unwrap_or_else(|| {
                    bad.push((row, not_a_comma(self.fault_field(*target), text)));
                    text.into()
                });
                numbers.append_value(number);
            }
            columns[*index] = Arc::new(numbers.finish());
        }
        // Of one row the first fault counts.
        bad.sort_by_key(|(row, _)| *row);
        bad.dedup_by_key(|(row, _)| *row);
        let schema = batch.schema();
        let fields = schema.fields().iter().zip(&columns);
        let fields: Vec<Column> = fields.map(|(field, values)| field.as_ref().clone().with_data_type(values.data_type().clone())).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        let batch = RecordBatch::try_new_with_options(Arc::new(schema), columns, &options).expect("every column kept its rows");
        (batch, bad)
    }

    /// What messages call a target.
    pub(super) fn fault_field(&self, target: Target) -> FaultField {
        match target {
            Target::Field(field) => FaultField::Field(field),
            Target::Extra(index) => FaultField::Extra(self.rules.extras[index].clone()),
        }
    }

    /// Puts a value where it belongs, with the unit that was declared for it.
    pub(super) fn place<'a>(&self, raw: &mut RawRecord<'a>, target: Target, value: RawValue<'a>) {
        match target {
            Target::Field(field) => {
                if field == Field::BounceRate {
                    raw.declare_bounce_rate(self.bounce_rate_unit);
                }
                raw.set(field, value);
            }
            Target::Extra(index) => raw.set_extra(index, value),
        }
    }

    pub(super) fn row_faults(&self, row: u64, faults: Vec<Fault>) -> RowFaults {
        RowFaults { file: self.file.clone(), row, line: None, faults, is_undated_total: false }
    }

    /// The faults of a row that is this record.
    pub(super) fn record_faults(&self, row: u64, raw: &RawRecord<'_>, faults: Vec<Fault>) -> RowFaults {
        let is_undated_total = faults.iter().any(|fault| fault.rule == FaultRule::BadDate) && raw.is_total();
        RowFaults { is_undated_total, ..self.row_faults(row, faults) }
    }
}

/// Whether a name is that of a month, which beside a date is its number.
pub(super) fn is_month(name: &str) -> bool {
    visible(name).eq_ignore_ascii_case("month")
}

/// How many values of numeric fields are text, by column; for formats whose numbers need not be.
fn numbers_from_text(batch: &RecordBatch, binding: &Binding) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (index, target) in &binding.columns {
        let column = batch.column(*index);
        if holds_text(column.data_type()) && target.is_number() {
            counts.insert(batch.schema().field(*index).name().clone(), (column.len() - column.logical_null_count()) as u64);
        }
    }
    counts
}

/// A column's texts, where it holds texts, declared as such or not.
pub(super) fn texts_of(column: &ArrayRef) -> Option<StringArray> {
    if !holds_text(column.data_type()) {
        return texts_of_bytes(&flat(column));
    }
    cast(column, &DataType::Utf8).ok().map(|texts| texts.as_string::<i32>().clone())
}

/// The names of a schema's columns.
pub(super) fn column_names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}
