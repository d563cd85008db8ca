//! The report before it is HTML or Markdown: titles, texts, tables and charts in order.

use super::chart::Chart;

/// The whole report.
pub(super) struct Page {
    pub(super) title: String,
    /// What the figures were made from, under every section.
    pub(super) provenance: String,
    /// What to know before all else.
    pub(super) summary: Vec<String>,
    pub(super) sections: Vec<Section>,
}

/// One section.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// A part of a section.
pub(super) enum Block {
    Heading(&'static str),
    Text(String),
    Table(Table),
    Chart(Chart),
}

/// A table whose first columns are texts and whose others are numbers.
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// How many of the first columns are texts.
    pub(super) texts: usize,
    /// The row to be looked at first.
    pub(super) marked: Option<usize>,
}

impl Section {
    pub(super) fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, blocks: Vec::new() }
    }

    pub(super) fn heading(&mut self, text: &'static str) {
        self.blocks.push(Block::Heading(text));
    }

    pub(super) fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    pub(super) fn table(&mut self, table: Table) {
        if !table.rows.is_empty() {
            self.blocks.push(Block::Table(table));
        }
    }

    pub(super) fn chart(&mut self, chart: impl Into<Option<Chart>>) {
        self.blocks.extend(chart.into().map(Block::Chart));
    }
}

impl Table {
    pub(super) fn new<const COLUMNS: usize>(caption: impl Into<String>, header: [&str; COLUMNS]) -> Self {
        let header = header.iter().map(|name| (*name).to_owned()).collect();
        Self { caption: caption.into(), header, rows: Vec::new(), texts: 1, marked: None }
    }

    pub(super) fn texts(mut self, texts: usize) -> Self {
        self.texts = texts;
        self
    }

    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        self.rows = rows.into_iter().collect();
        debug_assert!(self.rows.iter().all(|row| row.len() == self.header.len()), "{}", self.caption);
        self
    }

    /// Marks the row whose first cell that is.
    pub(super) fn marked(mut self, first: &str) -> Self {
        self.marked = self.rows.iter().position(|row| row.first().is_some_and(|cell| cell == first));
        self
    }

    /// Each row with its class on the page.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&'static str, &Vec<String>)> {
        self.rows.iter().enumerate().map(|(index, row)| (if self.marked == Some(index) { "marked" } else { "" }, row))
    }
}
