//! What only a file as a whole can tell: units, marks of numbers, and rows that are no months.

use std::collections::HashMap;

use arrow::array::{Array, Date32Array};
use arrow::record_batch::RecordBatch;
use uu_core::{BounceRate, BounceRateUnits, Checked, Field, Month, RawValue, UnitDoubt, Warning, day_of};

use super::cells::{Cells, flat};
use super::column_use::ReadNote;
use super::columns::{Target, column_names, texts_of};
use super::grouped::Grouped;
use super::repeats::Repeats;
use super::{Chunk, Context, ReadError};
use crate::instants::days;

/// Rows whose days are looked at.
const DAYS_LOOKED_AT: usize = 2_000;

/// Checks of an input as a whole, chunk by chunk.
#[derive(Default)]
pub(super) struct FileChecks {
    bounce_rates: BounceRateUnits,
    /// The first bounce rate that lies between 0 and 1.
    fraction: Option<BounceRate>,
    grouped: HashMap<Target, Grouped>,
    repeats: Repeats,
    last_days: bool,
    chunks: u64,
}

impl FileChecks {
    /// Looks at the next chunk, and warns of its rows that repeat others. `points_may_group` says that the input's delimiter is that of programs which
    /// write points between thousands.
    ///
    /// **Errors**: what the input is to be refused for by all rows seen so far, which later ones may refute: bounce rates that are mostly fractions,
    /// counts whose points do or may all part thousands, or several rows of most site-months.
    pub(super) fn look(&mut self, context: &Context, chunk: &mut Chunk, points_may_group: bool) -> Result<(), ReadError> {
        let names = column_names(&chunk.batch.schema());
        let (columns, _) = context.targets(&names);
        // Each looks at every chunk, whatever the others found.
        let points = self.look_at_points(context, chunk, &columns, points_may_group);
        let rates = self.look_at_bounce_rates(context, chunk);
        let dates = columns.iter().find(|(_, target)| *target == Target::Field(Field::Date));
        let dates = dates.map(|(place, _)| Dates::of(&chunk.batch, *place));
        if self.chunks == 0
            && let Some(dates) = &dates
        {
            self.last_days = dates.are_last_days(chunk.batch.num_rows().min(DAYS_LOOKED_AT));
        }
        self.chunks += 1;
        let day = |row| dates.as_ref().and_then(|dates| dates.day(row)).map_or(0, |(_, day)| day);
        points.and(rates).and(self.repeats.look(context, &mut chunk.rows, day))
    }

    /// Warns of the chunk's bounce rates that may be fractions, by all rows seen so far.
    pub(super) fn warn(&self, context: &Context, chunk: &mut Chunk) {
        let Some(doubt) = self.bounce_rates.doubt().filter(|_| context.bounce_rate_unit.is_none()) else { return };
        for Checked { record, warnings } in chunk.rows.iter_mut().flatten() {
            if let Some(rate) = record.bounce_rate.filter(|rate| doubt.is_about(*rate)) {
                warnings.push(Warning::BounceRateFraction { found: rate.get() });
            }
        }
    }

    /// What was noticed so far.
    pub(super) fn notes(&self) -> Vec<ReadNote> {
        let last_days = self.last_days.then_some(ReadNote::LastDays);
        last_days.into_iter().chain(self.repeats.note()).collect()
    }

    fn look_at_points(&mut self, context: &Context, chunk: &Chunk, columns: &[(usize, Target)], may_group: bool) -> Result<(), ReadError> {
        let is_count = |target: &Target| matches!(target, Target::Field(field) if field.is_count());
        let mut outcome = Ok(());
        for (place, target) in columns.iter().filter(|(_, target)| context.decimal.is_none() && is_count(target)) {
            let Some(texts) = texts_of(chunk.batch.column(*place)) else { continue };
            let column = chunk.batch.schema().field(*place).name().clone();
            let grouped = self.grouped.entry(*target).or_default();
            // Cells of JSON are texts whatever they were; its numbers have decimal points.
            let texts_given = chunk.json.as_ref().map(|_| chunk.numbers_from_text.get(&column).copied().unwrap_or_default());
            grouped.look(&texts, texts_given);
            if let Some(found) = grouped.refused(may_group) {
                outcome = outcome.and(Err(ReadError::GroupedNumbers { file: context.file.clone(), column, found: found.to_owned() }));
            }
        }
        outcome
    }

    fn look_at_bounce_rates(&mut self, context: &Context, chunk: &Chunk) -> Result<(), ReadError> {
        if context.bounce_rate_unit.is_some() {
            return Ok(());
        }
        for rate in chunk.rows.iter().flatten().filter_map(|row| row.record.bounce_rate) {
            self.bounce_rates.add(rate);
            if self.fraction.is_none() && UnitDoubt::ManyFractions.is_about(rate) {
                self.fraction = Some(rate);
            }
        }
        match self.fraction.filter(|_| self.bounce_rates.are_refused()).map(BounceRate::get) {
            Some(found) => {
                let BounceRateUnits { known, percents, .. } = self.bounce_rates;
                Err(ReadError::BounceRateFractions { file: context.file.clone(), known, percents, found })
            }
            None => Ok(()),
        }
    }
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
                RawValue::Number(number) => day_of_digits(number),
                RawValue::Unknown | RawValue::Other { .. } => None,
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

/// The month and the day of a number like 20241231.
fn day_of_digits(number: f64) -> Option<(Month, u32)> {
    let month = Month::from_digits(number).filter(|_| number >= 1e7)?;
    Some((month, number as u32 % 100))
}
