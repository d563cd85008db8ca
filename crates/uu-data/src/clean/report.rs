//! The data-quality report: what was read, kept and found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use uu_core::{Field, Record};

use super::rules::{CleanAction, CleanRule, RuleCount};
use crate::read::SkippedRows;

/// What cleaning found, ready to be shown as tables or written as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QualityReport {
    /// Rows that were read and passed the check.
    pub rows_read: u64,
    /// Rows that were read, failed the check and were skipped.
    pub rows_skipped: u64,
    /// Skipped rows by the rule they broke.
    pub skipped_by_rule: BTreeMap<&'static str, u64>,
    /// Rows in the data set.
    pub rows_kept: u64,
    /// Kept rows with a label.
    pub rows_labelled: u64,
    /// What each rule found, in the order in which they were applied.
    pub rules: Vec<RuleCount>,
    /// What was noticed of the files as a whole, such as columns that were not used; a sentence each.
    pub notes: Vec<String>,
    /// Numbers that were read from texts, by column.
    pub numbers_from_text: BTreeMap<String, u64>,
    /// How often each field is known.
    pub fields: Vec<FieldShare>,
    /// The sources.
    pub sources: Vec<SourceCount>,
    /// Which inputs are missing together, the most frequent first.
    pub patterns: Vec<PatternCount>,
}

/// The rule that took most rows from a training.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainLoss {
    /// The rule's stable code.
    pub rule: &'static str,
    /// What it looks for, in words.
    pub description: &'static str,
    /// Rows it took.
    pub rows: u64,
    /// Rows there were.
    pub rows_read: u64,
}

impl fmt::Display for MainLoss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, description, rows, rows_read } = self;
        if *rule == CleanRule::UsersExceedVisits.code() && rows * 2 > *rows_read {
            return write!(formatter, "unique users exceed visits in {rows} of {rows_read} rows (`{rule}`): are the columns swapped?");
        }
        write!(formatter, "`{rule}` took {rows} of {rows_read} rows ({description})")
    }
}

/// How often a field is known among the kept rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldShare {
    /// The column.
    pub field: String,
    /// Rows that know it.
    pub known: u64,
    /// Their share of the kept rows; 0 where there are none.
    pub share: f64,
}

/// The kept rows of one source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceCount {
    /// The source; none where rows name none.
    pub source: Option<String>,
    /// Rows.
    pub rows: u64,
    /// Rows with a label.
    pub labelled: u64,
    /// Different sites; rows without a site are one each.
    pub sites: u64,
    /// Different months.
    pub months: u64,
}

/// The kept rows in which the same inputs are missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatternCount {
    /// The missing inputs; none where the record is full.
    pub missing: Vec<String>,
    /// Rows.
    pub rows: u64,
    /// Their share of the kept rows.
    pub share: f64,
}

/// Fields in the order of the report, and beside them the inputs, whose gaps are counted together.
const INPUTS: [Field; 6] = [Field::Visits, Field::PagesPerVisit, Field::BounceRate, Field::AvgVisitDuration, Field::Rank, Field::Category];

const OTHERS: [Field; 4] = [Field::Source, Field::Site, Field::UniqueUsers, Field::RankSource];

impl QualityReport {
    pub(super) fn of(rows_read: u64, rules: Vec<RuleCount>, records: &[Record], extras: &[String]) -> Self {
        Self {
            rows_read,
            rows_skipped: 0,
            skipped_by_rule: BTreeMap::new(),
            rows_kept: records.len() as u64,
            rows_labelled: count(records, |record| record.unique_users.is_some()),
            rules,
            notes: Vec::new(),
            numbers_from_text: BTreeMap::new(),
            fields: fields(records, extras),
            sources: sources(records),
            patterns: patterns(records, extras),
        }
    }

    /// Adds what reading had skipped.
    pub(super) fn skipped(&mut self, skipped: &SkippedRows) {
        self.rows_skipped += skipped.total;
        for (rule, rows) in &skipped.by_rule {
            *self.skipped_by_rule.entry(rule).or_default() += rows;
        }
    }

    /// The rule that took most rows from a training, if any did: by dropping them, or by leaving them without a label.
    #[must_use]
    pub fn main_loss(&self) -> Option<MainLoss> {
        let unlabelled = [CleanRule::ZeroVisits, CleanRule::ZeroUsers].map(CleanRule::code);
        let is_loss = |count: &&RuleCount| {
            count.action == CleanAction::Dropped || unlabelled.contains(&count.rule) || count.rule == CleanRule::NoLabel.code()
        };
        // Rows whose label another rule took are counted there.
        let taken: u64 = self.rules.iter().filter(|count| unlabelled.contains(&count.rule)).map(|count| count.rows).sum();
        let rows = |count: &RuleCount| if count.rule == CleanRule::NoLabel.code() { count.rows.saturating_sub(taken) } else { count.rows };
        let losses = self.rules.iter().filter(is_loss).map(|count| MainLoss {
            rule: count.rule,
            description: count.description,
            rows: rows(count),
            rows_read: self.rows_read,
        });
        // Of several alike the first: rules stand in the order in which they are applied.
        losses.rev().max_by_key(|loss| loss.rows).filter(|loss| loss.rows > 0)
    }

    /// What a rule found, by its code.
    #[must_use]
    pub fn rule(&self, code: &str) -> Option<&RuleCount> {
        self.rules.iter().find(|count| count.rule == code)
    }
}

fn count(records: &[Record], known: impl Fn(&Record) -> bool) -> u64 {
    records.iter().filter(|record| known(record)).count() as u64
}

fn share(rows: u64, all: usize) -> f64 {
    if all == 0 { 0.0 } else { rows as f64 / all as f64 }
}

fn knows_extra(record: &Record, index: usize) -> bool {
    record.extras.get(index).is_some_and(Option::is_some)
}

fn fields(records: &[Record], extras: &[String]) -> Vec<FieldShare> {
    let counted = |name: &str, known: u64| FieldShare { field: name.to_owned(), known, share: share(known, records.len()) };
    let fields = OTHERS.iter().chain(&INPUTS).map(|field| counted(field.column(), count(records, |record| record.knows(*field))));
    let extras = extras.iter().enumerate().map(|(index, name)| counted(name, count(records, |record| knows_extra(record, index))));
    fields.chain(extras).collect()
}

fn sources(records: &[Record]) -> Vec<SourceCount> {
    #[derive(Default)]
    struct Seen<'a> {
        rows: u64,
        labelled: u64,
        nameless: u64,
        sites: BTreeSet<&'a str>,
        months: BTreeSet<uu_core::Month>,
    }
    let mut seen: BTreeMap<Option<&str>, Seen<'_>> = BTreeMap::new();
    for record in records {
        let source = seen.entry(record.source.as_deref()).or_default();
        source.rows += 1;
        source.labelled += u64::from(record.unique_users.is_some());
        source.months.insert(record.month);
        match record.site.as_deref() {
            Some(site) => {
                source.sites.insert(site);
            }
            None => source.nameless += 1,
        }
    }
    let counted = |(source, seen): (Option<&str>, Seen<'_>)| SourceCount {
        source: source.map(str::to_owned),
        rows: seen.rows,
        labelled: seen.labelled,
        sites: seen.sites.len() as u64 + seen.nameless,
        months: seen.months.len() as u64,
    };
    seen.into_iter().map(counted).collect()
}

fn patterns(records: &[Record], extras: &[String]) -> Vec<PatternCount> {
    let mut counts: BTreeMap<Vec<&str>, u64> = BTreeMap::new();
    for record in records {
        let fields = INPUTS.iter().filter(|field| !record.knows(**field)).map(|field| field.column());
        let unknown = extras.iter().enumerate().filter(|(index, _)| !knows_extra(record, *index)).map(|(_, name)| name.as_str());
        *counts.entry(fields.chain(unknown).collect()).or_default() += 1;
    }
    let mut patterns: Vec<PatternCount> = counts
        .into_iter()
        .map(|(missing, rows)| PatternCount {
            missing: missing.into_iter().map(str::to_owned).collect(),
            rows,
            share: share(rows, records.len()),
        })
        .collect();
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.rows));
    patterns
}
