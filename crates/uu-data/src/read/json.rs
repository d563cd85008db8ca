//! JSON: arrays, lines and objects keyed by date, element by element.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::value::RawValue;
use uu_core::{Checked, Fault, FaultRule, Field, OutputColumn, RawRecord, RawValue as Given, Warning, check_until};

use super::column_use::ReadNote;
use super::columns::{Target, is_month};
use super::compressed::Source;
use super::decimal::{not_a_comma, with_point};
use super::elements::Elements;
use super::object::{Entries, cell, given, malformed, parse};
use super::outdated::{is_outdated, without_explanation};
use super::own_output::note;
use super::text_table::TextTable;
use super::{
    Chunk, ChunkSource, Chunks, Context, Decimal, Format, MAX_CHUNK_BYTES, MAX_CHUNK_CELLS, MAX_COLUMNS, ReadError, RowFaults, keyed,
    nested,
};

/// Records without a value that are passed over, as many as a spreadsheet has rows; of more, which a small compressed body may stand for, each is refused.
const MOST_EMPTY_ROWS: u64 = 1 << 20;

/// Bytes of the longest key that is remembered: no field has so long a name.
const LONGEST_KEY: usize = 1 << 10;

struct JsonChunks {
    context: Context,
    elements: Elements,
    /// Every element is of the nested export, as the caller said; otherwise each is told by its keys.
    nested: bool,
    table: TextTable,
    targets: HashMap<String, Option<Target>>,
    pending: VecDeque<Pending>,
    rows_read: u64,
    numbers_from_text: BTreeMap<String, u64>,
    /// What was noticed of records that are of an output of this product.
    notes: Vec<ReadNote>,
    /// Whether a record had a key that may explain an earlier estimate.
    may_be_explained: bool,
    /// Whether a key `month` was the date of a record.
    has_months: bool,
    /// Records without a value.
    empty_rows: u64,
}

/// A flat record, still JSON, or what was wrong with the element it should have been in.
pub(super) type Row = Result<Box<RawValue>, Fault>;

/// A row that is to be checked next, and what is to be said of it.
struct Pending {
    row: Row,
    warning: Option<Warning>,
}

pub(super) fn chunks(source: Source, format: Format, context: Context) -> Result<Chunks, ReadError> {
    let elements = match format {
        Format::Ndjson => Elements::lines(context.file.clone(), source)?,
        _ => Elements::values(context.file.clone(), source)?,
    };
    Ok(Box::new(JsonChunks {
        context,
        elements,
        nested: format == Format::Nested,
        table: TextTable::default(),
        targets: HashMap::new(),
        pending: VecDeque::new(),
        rows_read: 0,
        numbers_from_text: BTreeMap::new(),
        notes: Vec::new(),
        may_be_explained: false,
        has_months: false,
        empty_rows: 0,
    }))
}

impl ChunkSource for JsonChunks {
    fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        let (mut json, mut rows, mut bytes, mut passed_over) = (Vec::new(), Vec::new(), 0, 0);
        while rows.len() < self.context.rows_of(self.table.names().len()) && bytes < MAX_CHUNK_BYTES {
            let Some(Pending { row, warning }) = self.next_row()? else { break };
            if self.is_too_wide_for(rows.len(), &row) {
                self.pending.push_front(Pending { row, warning });
                break;
            }
            let number = self.rows_read + rows.len() as u64 + passed_over + 1;
            let outcome = match row {
                Ok(object) => {
                    let Some(mut checked) = self.record(rows.len(), number, &object) else {
                        passed_over += 1;
                        self.empty_rows += 1;
                        continue;
                    };
                    bytes += object.get().len();
                    json.push(if self.may_be_explained { without_explanation(object) } else { object });
                    if let Ok(checked) = &mut checked {
                        checked.warnings.extend(warning);
                    }
                    checked
                }
                Err(fault) => {
                    json.push(RawValue::NULL.to_owned());
                    Err(self.context.row_faults(number, vec![fault]))
                }
            };
            rows.push(outcome);
        }
        if rows.is_empty() {
            return Ok(None);
        }
        if self.rows_read == 0 {
            self.require_columns(&rows)?;
        }
        let batch = self.table.finish(rows.len());
        let first_row = self.rows_read + 1;
        self.rows_read += rows.len() as u64 + passed_over;
        let numbers_from_text = std::mem::take(&mut self.numbers_from_text);
        Ok(Some(Chunk { first_row, batch, json: Some(json), rows, numbers_from_text }))
    }

    fn names(&self) -> Vec<String> {
        self.table.names().to_vec()
    }

    fn also_used(&self) -> Vec<String> {
        let is_used = |name: &&String| match self.context.target(name) {
            Some(Target::Field(Field::Date)) if is_month(name) => self.has_months,
            target => target.is_some(),
        };
        self.table.names().iter().filter(is_used).cloned().collect()
    }

    fn notes(&self) -> Vec<ReadNote> {
        let lines = self.elements.comments();
        let comments = (lines > 0).then_some(ReadNote::Comments { lines });
        self.notes.iter().cloned().chain(comments).chain(ReadNote::of_empty_rows(self.empty_rows)).collect()
    }
}

impl JsonChunks {
    /// Whether the rows before this one could take too much if it came into their chunk: each has a cell in every column it brings along.
    fn is_too_wide_for(&self, rows: usize, row: &Row) -> bool {
        /// An entry is as long at least, with the comma behind it: `"":1,`.
        const ENTRY_BYTES: usize = 5;
        let Ok(object) = row else { return false };
        let columns = self.table.names().len() + object.get().len() / ENTRY_BYTES;
        rows > 0 && columns.saturating_mul(rows) > MAX_CHUNK_CELLS
    }

    /// A file of which no row has a date or an input is not a file of records.
    fn require_columns(&self, rows: &[Result<Checked, RowFaults>]) -> Result<(), ReadError> {
        let only_malformed = rows.iter().all(|row| row.as_ref().is_err_and(|bad| bad.faults[0].rule == FaultRule::MalformedRow));
        if only_malformed {
            return Ok(());
        }
        match self.context.bind(self.table.names()) {
            // One record may spell a key in one way and the next in another.
            Err(ReadError::DuplicateColumn { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn next_row(&mut self) -> Result<Option<Pending>, ReadError> {
        while self.pending.is_empty() {
            let Some(bytes) = self.elements.next()? else { return Ok(None) };
            let expanded = parse(bytes).and_then(|element| expand(element, self.nested));
            let rows = expanded.unwrap_or_else(|fault| vec![Err(fault)]);
            let pending: Vec<Pending> = rows.into_iter().map(|row| self.pending(row)).collect();
            self.pending.extend(pending);
        }
        Ok(self.pending.pop_front())
    }

    /// A row as it is checked: one of an output of this product without its estimates.
    fn pending(&mut self, row: Row) -> Pending {
        let known = row.as_deref().ok().and_then(|record| self.context.without_estimates_of(record));
        let Some((known, own)) = known else { return Pending { row, warning: None } };
        let note = note(own);
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        Pending { row: Ok(known), warning: own.filled.is_none().then_some(Warning::FilledInputsUnmarked) }
    }

    /// Checks one flat record and lays its cells into the table; `None` where it has no value at all.
    fn record(&mut self, row: usize, number: u64, object: &RawValue) -> Option<Result<Checked, RowFaults>> {
        let entries = match Entries::of(object) {
            Ok(entries) if entries.are_empty() && self.empty_rows < MOST_EMPTY_ROWS => return None,
            Ok(entries) => entries,
            Err(fault) => return Some(Err(self.context.row_faults(number, vec![fault]))),
        };
        let mut raw = RawRecord::new();
        let mut faults = Vec::new();
        if let Err(fault) = self.lay(row, &entries, &mut raw, &mut faults) {
            return Some(Err(self.context.row_faults(number, vec![fault])));
        }
        let checked = match check_until(&raw, &self.context.rules, self.context.newest) {
            Ok(checked) if faults.is_empty() => Ok(checked),
            Ok(_) => Err(faults),
            Err(more) => {
                faults.extend(more);
                Err(faults)
            }
        };
        Some(checked.map_err(|faults| self.context.record_faults(number, &raw, faults)))
    }

    /// Lays the cells of a record into the table, and its values into what is checked.
    ///
    /// **Errors**: the table has no room for its keys.
    fn lay<'e>(
        &mut self,
        row: usize,
        Entries(entries): &'e Entries<'_>,
        raw: &mut RawRecord<'e>,
        faults: &mut Vec<Fault>,
    ) -> Result<(), Fault> {
        let targets: Vec<Option<Target>> = entries.iter().map(|(key, _)| self.target(key)).collect();
        // A month's number beside a known date is no second date.
        let is_date = |key: &str, target: &Option<Target>| *target == Some(Target::Field(Field::Date)) && !is_month(key);
        let is_dated =
            LazyCell::new(|| entries.iter().zip(&targets).any(|((key, value), target)| is_date(key, target) && !given(value).is_unknown()));
        for ((key, value), target) in entries.iter().zip(&targets) {
            if self.may_be_explained && is_outdated(key, value) {
                continue;
            }
            let known = given(value);
            // Numbers of JSON have points, whatever its texts have.
            let declared = target.filter(|target| self.context.decimal == Some(Decimal::Comma) && target.is_number());
            let mut as_number = None;
            if let (Some(target), Given::Text(text)) = (declared, &known) {
                match with_point(text) {
                    Some(number) => as_number = Some(number.into_owned()),
                    None => faults.push(not_a_comma(self.context.fault_field(target), text)),
                }
            }
            let text = as_number.as_deref().map(Cow::Borrowed).or_else(|| cell(value));
            if !self.table.set(row, key, text) {
                return Err(malformed(
                    "one of a table with at most 10,000 columns, whose names are at most 16 MiB in all",
                    "more".to_owned(),
                ));
            }
            let Some(target) = *target else { continue };
            if target == Target::Field(Field::Date) && is_month(key) {
                if *is_dated {
                    continue;
                }
                self.has_months |= !known.is_unknown();
            }
            let value = as_number.map_or(known, |number| Given::Text(number.into()));
            if value.is_unknown() {
                continue;
            }
            if matches!(value, Given::Text(_)) && target.is_number() {
                *self.numbers_from_text.entry(key.clone().into_owned()).or_default() += 1;
            }
            let taken = match target {
                Target::Field(field) => !raw.get(field).is_unknown(),
                Target::Extra(index) => !raw.extra(index).is_unknown(),
            };
            if taken {
                faults.push(self.twice(target));
            } else {
                self.context.place(raw, target, value);
            }
        }
        Ok(())
    }

    /// What a key is, which is found out once for most of them.
    fn target(&mut self, key: &str) -> Option<Target> {
        if let Some(target) = self.targets.get(key) {
            return *target;
        }
        let target = self.context.target(key);
        self.may_be_explained |= OutputColumn::named(key) == Some(OutputColumn::Explanation);
        // A stream whose keys are values would fill the memory with them.
        if self.targets.len() < MAX_COLUMNS && key.len() <= LONGEST_KEY {
            self.targets.insert(key.to_owned(), target);
        }
        target
    }

    fn twice(&self, target: Target) -> Fault {
        let field = self.context.fault_field(target);
        Fault { rule: FaultRule::DuplicateField, field, found: "two values".to_owned(), expected: "given once".into() }
    }
}

/// The flat records of an element: itself, its months if its keys are dates, or those of a site of the nested export.
fn expand(element: Box<RawValue>, nested: bool) -> Result<Vec<Row>, Fault> {
    let entries = Entries::of(&element)?;
    if nested || nested::is_site(&entries) {
        return Ok(nested::flatten(&entries)?.into_iter().map(Ok).collect());
    }
    if keyed::are_months(&entries) {
        return keyed::records(&entries);
    }
    Ok(vec![Ok(element)])
}
