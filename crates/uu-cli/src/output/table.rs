//! Tables that fit the width there is: what matters least is left out, and long texts are cut.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{Cell, CellAlignment};
use uu_core::escaped;

/// What stands between columns and around them: `| a | b |`.
const BORDER: usize = 3;

/// A column: what heads it, and how it gives way where there is too little room.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    title: String,
    is_number: bool,
    /// 0 stays; of the others the greatest is left out first.
    rank: u8,
    /// Letters that a text may be cut to; `None` where it may not be cut.
    least: Option<usize>,
}

impl Column {
    /// A column of texts.
    pub(crate) fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), is_number: false, rank: 0, least: None }
    }

    /// A column of numbers, aligned at their ends.
    pub(crate) fn number(title: impl Into<String>) -> Self {
        Self { is_number: true, ..Self::text(title) }
    }

    /// May be left out; the greatest rank goes first.
    pub(crate) fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// May be cut, to no less than so many letters.
    pub(crate) fn cut_to(self, least: usize) -> Self {
        Self { least: Some(least), ..self }
    }
}

/// Rows under columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// A table as it is shown, and what is not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    pub(super) text: String,
    pub(super) left_out: Vec<String>,
    pub(super) is_cut: bool,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds rows, each with a cell for each column.
    pub(crate) fn rows<const COLUMNS: usize>(mut self, rows: impl IntoIterator<Item = [String; COLUMNS]>) -> Self {
        self.rows.extend(rows.into_iter().map(|row| row.iter().map(|cell| escaped(cell).into_owned()).collect()));
        self
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table within `width`; whole where there is no bound.
    pub(super) fn fitted(&self, width: Option<usize>) -> Fitted {
        let natural: Vec<usize> = (0..self.columns.len()).map(|index| self.natural_width(index)).collect();
        let (kept, widths) = width.map_or_else(|| ((0..natural.len()).collect(), natural.clone()), |width| self.fit(&natural, width));
        let mut shown = comfy_table::Table::new();
        shown.load_style(ASCII_MARKDOWN).set_header(kept.iter().map(|&index| self.columns[index].title.as_str()));
        let mut is_cut = false;
        for row in &self.rows {
            shown.add_row(kept.iter().zip(&widths).map(|(&index, &width)| {
                is_cut |= letters(&row[index]) > width;
                let alignment = if self.columns[index].is_number { CellAlignment::Right } else { CellAlignment::Left };
                Cell::new(cut(&row[index], width)).set_alignment(alignment)
            }));
        }
        let is_reported = |index: &usize| !kept.contains(index) && !self.is_blank(*index);
        let left_out = (0..self.columns.len()).filter(is_reported).map(|index| self.columns[index].title.clone()).collect();
        Fitted { text: shown.trim_fmt(), left_out, is_cut }
    }

    fn natural_width(&self, index: usize) -> usize {
        let cells = self.rows.iter().map(|row| letters(&row[index]));
        cells.max().unwrap_or(0).max(letters(&self.columns[index].title))
    }

    /// Whether no row has a value in the column: it goes before all others, and is not missed.
    fn is_blank(&self, index: usize) -> bool {
        self.rows.iter().all(|row| row[index].is_empty())
    }

    /// The columns that fit, and the width of each.
    fn fit(&self, natural: &[usize], width: usize) -> (Vec<usize>, Vec<usize>) {
        let mut kept: Vec<usize> = (0..natural.len()).collect();
        loop {
            let least = |index: usize| {
                let column = &self.columns[index];
                column.least.map_or(natural[index], |least| least.max(letters(&column.title)).min(natural[index]))
            };
            let needed: usize = kept.iter().map(|&index| least(index) + BORDER).sum::<usize>() + 1;
            let expendable = kept.iter().copied().filter(|&index| self.columns[index].rank > 0);
            match expendable.max_by_key(|&index| (self.is_blank(index), self.columns[index].rank)) {
                Some(worst) if needed > width => kept.retain(|&index| index != worst),
                _ => {
                    let mut spare = width.saturating_sub(needed);
                    let widths = kept.iter().map(|&index| {
                        // Earlier columns take what they need of the room that is left.
                        let more = (natural[index] - least(index)).min(spare);
                        spare -= more;
                        least(index) + more
                    });
                    let widths = widths.collect();
                    return (kept, widths);
                }
            }
        }
    }
}

fn letters(text: &str) -> usize {
    text.chars().count()
}

/// A text of at most so many letters.
fn cut(text: &str, width: usize) -> String {
    if letters(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = [
            Column::text("version"),
            Column::number("rows").rank(1),
            Column::text("sha256").rank(3),
            Column::text("empty").rank(2),
            Column::text("why").cut_to(10),
        ];
        let row = |version: &str, rows: &str, why: &str| [version, rows, "0123456789ab", "", why].map(str::to_owned);
        Table::new(columns).rows([row("v0001", "1,234", "trained on sites.csv, and more"), row("v0002", "99", "short")])
    }

    #[test]
    fn what_matters_least_is_left_out_first_and_long_texts_are_cut() {
        let whole = table().fitted(None);
        assert!(whole.left_out.is_empty() && !whole.is_cut && whole.text.contains("and more"), "{}", whole.text);
        let fitted = table().fitted(Some(44));
        insta::assert_snapshot!(fitted.text, @r"
        | version | rows  | why                    |
        |---------|-------|------------------------|
        | v0001   | 1,234 | trained on sites.csv,… |
        | v0002   |    99 | short                  |
        ");
        assert_eq!((fitted.left_out, fitted.is_cut), (vec!["sha256".to_owned()], true), "a column without values is not missed");
    }

    #[test]
    fn no_line_is_wider_than_there_is_room_while_anything_can_give_way() {
        for width in 26..90 {
            let fitted = table().fitted(Some(width));
            assert!(fitted.text.lines().all(|line| letters(line) <= width), "{width}:\n{}", fitted.text);
        }
    }

    #[test]
    fn what_a_terminal_would_act_on_is_shown_in_its_place() {
        let table = Table::new([Column::text("name")]).rows([["a\nb\u{1b}[31m".to_owned()]]);
        assert_eq!(table.fitted(None).text.lines().count(), 3);
        assert!(!table.fitted(None).text.contains('\u{1b}'));
    }
}
