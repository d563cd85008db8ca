//! What only a file as a whole can tell: units, marks of numbers, and rows that are no months.

use std::collections::HashMap;

use arrow::array::{Array, Date32Array};
use arrow::record_batch::RecordBatch;
use uu_core::{BounceRate, Checked, Field, Month, RawValue, Warning, day_of};

use super::cells::{Cells, flat};
use super::column_use::ReadNote;
use super::columns::{Target, column_names, texts_of};
use super::grouped::Grouped;
use super::instants::days;
use super::repeats::Repeats;
use super::{Chunk, Context, ReadError};

/// Known bounce rates from which on a file of fractions is refused; fewer are warned of.
const REFUSED_FROM: u64 = 5;

/// Rows whose days are looked at.
const DAYS_LOOKED_AT: usize = 2_000;

/// Checks of an input as a whole, chunk by chunk.
#[derive(Default)]
pub(super) struct FileChecks {
    bounce_rates: BounceRates,
    grouped: HashMap<Target, Grouped>,
    repeats: Repeats,
    last_days: bool,
    chunks: u64,
}

/// What the bounce rates so far say of their unit.
#[derive(Default)]
struct BounceRates {
    known: u64,
    are_percent: bool,
    /// Whether one lies between 0 and 1.
    has_fraction: bool,
}

impl FileChecks {
    /// Looks at the next chunk, and adds warnings to its rows. `points_may_group` says that the input's delimiter is that of programs which write
    /// points between thousands.
    ///
    /// **Errors**: bounce rates that are all fractions, counts whose points do or may all part thousands, or rows of several days of a month.
    pub(super) fn look(&mut self, context: &Context, chunk: &mut Chunk, points_may_group: bool) -> Result<(), ReadError> {
        let names = column_names(&chunk.batch.schema());
        let (columns, _) = context.targets(&names);
        if context.decimal.is_none() {
            self.look_at_points(context, chunk, &columns, points_may_group)?;
        }
        if context.bounce_rate_unit.is_none() {
            self.look_at_bounce_rates(context, chunk)?;
        }
        let dates = columns.iter().find(|(_, target)| *target == Target::Field(Field::Date));
        let dates = dates.map(|(place, _)| Dates::of(&chunk.batch, *place));
        if self.chunks == 0
            && let Some(dates) = &dates
        {
            self.last_days = dates.are_last_days(chunk.batch.num_rows().min(DAYS_LOOKED_AT));
        }
        self.repeats.look(context, &mut chunk.rows, |row| dates.as_ref().map_or(0, |dates| dates.key(row)))?;
        self.chunks += 1;
        Ok(())
    }

    /// What was noticed so far.
    pub(super) fn notes(&self) -> Vec<ReadNote> {
        let last_days = self.last_days.then_some(ReadNote::LastDays);
        last_days.into_iter().chain(self.repeats.note()).collect()
    }

    fn look_at_points(&mut self, context: &Context, chunk: &Chunk, columns: &[(usize, Target)], may_group: bool) -> Result<(), ReadError> {
        let is_count = |target: &Target| matches!(target, Target::Field(field) if field.is_count());
        for (place, target) in columns.iter().filter(|(_, target)| is_count(target)) {
            let Some(texts) = texts_of(chunk.batch.column(*place)) else { continue };
            let column = chunk.batch.schema().field(*place).name().clone();
            let grouped = self.grouped.entry(*target).or_default();
            // Cells of JSON are texts whatever they were; its numbers have decimal points.
            let texts_given = chunk.json.as_ref().map(|_| chunk.numbers_from_text.get(&column).copied().unwrap_or_default());
            grouped.look(&texts, texts_given);
            if let Some(found) = grouped.refused(may_group) {
                return Err(ReadError::GroupedNumbers { file: context.file.clone(), column, found: found.to_owned() });
            }
        }
        Ok(())
    }

    fn look_at_bounce_rates(&mut self, context: &Context, chunk: &mut Chunk) -> Result<(), ReadError> {
        let seen = &mut self.bounce_rates;
        if seen.are_percent {
            return Ok(());
        }
        for rate in chunk.rows.iter().flatten().filter_map(bounce_rate) {
            seen.known += 1;
            seen.are_percent |= rate > 1.0;
            seen.has_fraction |= rate > 0.0 && rate < 1.0;
        }
        if seen.are_percent || !seen.has_fraction {
            return Ok(());
        }
        if seen.known >= REFUSED_FROM {
            let found = chunk.rows.iter().flatten().filter_map(bounce_rate).find(|rate| *rate > 0.0).unwrap_or_default();
            return Err(ReadError::BounceRateFractions { file: context.file.clone(), known: seen.known, found });
        }
        for row in chunk.rows.iter_mut().flatten() {
            if let Some(found) = bounce_rate(row) {
                row.warnings.push(Warning::BounceRateFraction { found });
            }
        }
        Ok(())
    }
}

fn bounce_rate(row: &Checked) -> Option<f64> {
    row.record.bounce_rate.map(BounceRate::get)
}

/// The dates of a chunk, to the day.
enum Dates {
    Days(Date32Array),
    Texts(Cells),
}

impl Dates {
    fn of(batch: &RecordBatch, place: usize) -> Self {
        let column = flat(batch.column(place));
        days(&column).map_or_else(|| Self::Texts(Cells::of(&column, Target::Field(Field::Date))), Self::Days)
    }

    /// A number that tells one date from another.
    fn key(&self, row: usize) -> u64 {
        match self {
            Self::Days(days) if days.is_null(row) => 0,
            Self::Days(days) => days.value(row) as u64,
            Self::Texts(cells) => match cells.get(row) {
                RawValue::Text(text) => crate::site_hash(&text, 0),
                RawValue::Number(number) => number.to_bits(),
                RawValue::Unknown | RawValue::Other { .. } => 0,
            },
        }
    }

    /// The month and the day of a date that names one.
    fn day(&self, row: usize) -> Option<(Month, u32)> {
        match self {
            Self::Days(days) if days.is_null(row) => None,
            Self::Days(days) => {
                let month = Month::of_day_since_1970(days.value(row).into())?;
                Some((month, (days.value(row) - month.days_since_1970()) as u32 + 1))
            }
            Self::Texts(cells) => match cells.get(row) {
                RawValue::Text(text) => day_of(&text),
                _ => None,
            },
        }
    }

    /// Whether nearly all of the first dates are the last of a month.
    fn are_last_days(&self, rows: usize) -> bool {
        /// Three dates are so by chance once in 27,000 files.
        const LEAST: usize = 3;
        let days = (0..rows).filter_map(|row| self.day(row));
        let (mut known, mut last) = (0, 0);
        for (month, day) in days {
            known += 1;
            let next = month.plus(1).map_or(i32::MAX, Month::days_since_1970);
            last += usize::from(month.days_since_1970() + day as i32 == next);
        }
        known >= LEAST && last * 10 >= known * 9
    }
}
