//! What a stage learns, and from which rows.

use std::borrow::Cow;

use uu_model::components::{Column, Encoder, InputId, InputRow, Kinds, Statistic};

use super::table::Table;

/// The rows a stage is fitted on, and a target for each row of the table that is one of them.
pub(super) struct Lesson<'a> {
    pub(super) rows: Vec<usize>,
    pub(super) targets: Cow<'a, [f64]>,
}

impl<'a> Lesson<'a> {
    /// The lesson of the ratio (`input` is `None`) or of a numeric input, from the rows that `seen` names.
    pub(super) fn of(table: &'a Table<'_>, input: Option<InputId>, seen: impl Fn(&usize) -> bool) -> Self {
        let (rows, targets) = match input {
            None => (table.labelled(), &table.log_ratio),
            Some(id) => (table.knowing(id), &table.block.numeric[id]),
        };
        let lesson = Self { rows: rows.into_iter().filter(&seen).collect(), targets: Cow::Borrowed(targets) };
        if input == Some(InputId::VISITS) { lesson.with_rows_without_visits(table, seen) } else { lesson }
    }

    /// Adds the rows that know their users and not their visits.
    ///
    /// Visits are asked for only where they are missing, and they are not missing by chance: a source has them less often for small
    /// sites. Rows that have visits say nothing of that. A row that has only its users says how many visits there were up to the visits
    /// per user, which differ far less between sites than visits do: those of its category stand in.
    fn with_rows_without_visits(mut self, table: &Table<'_>, seen: impl Fn(&usize) -> bool) -> Self {
        let only_users: Vec<(usize, f64)> = (0..table.block.len())
            .filter(&seen)
            .filter_map(|row| table.log_users_without_visits(row).map(|log_users| (row, log_users)))
            .collect();
        if only_users.is_empty() {
            return self;
        }
        let ratios = [(Statistic::Ratio, table.log_ratio.as_slice())];
        let encoder = Encoder::fit(&table.block, &ratios, Kinds::default(), |row| seen(&row) && !table.log_ratio[row].is_nan());
        let overall = encoder.overall();
        let targets = self.targets.to_mut();
        let mut input = InputRow::default();
        for (row, log_users) in only_users {
            table.block.row(row, &mut input);
            let of_category = Column::Category(Statistic::Ratio).value(&input, &encoder);
            targets[row] = log_users + if of_category.is_nan() { overall } else { of_category };
            self.rows.push(row);
        }
        self.rows.sort_unstable();
        self
    }
}
