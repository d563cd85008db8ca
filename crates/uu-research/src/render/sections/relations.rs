//! The section on relations.

use super::super::chart::{Chart, linear, log};
use super::super::numbers::{count, figure, or_dash, percent};
use super::super::page::{Section, Table};
use crate::{Correlation, Correlations, Leakage, RatioGroup, RelationsSection};

pub(super) fn section(relations: &RelationsSection) -> Section {
    let mut section = Section::new("relations", "Relations");
    correlations(&mut section, &relations.correlations);
    section.heading("Visits per user");
    section.text(
        "What the models learn is the logarithm of visits per user: it varies far less than users do, and users can never exceed visits.",
    );
    groups(&mut section, "Visits per user by top category (5, 25, 50, 75 and 95 %)", "category", &relations.ratio_by_category);
    groups(&mut section, "Visits per user by tenths of visits (5, 25, 50, 75 and 95 %)", "visits", &relations.ratio_by_size);
    leakage(&mut section, &relations.leakage);
    section
}

fn correlations(section: &mut Section, correlations: &Correlations) {
    section.heading("Correlations");
    section.text(
        "Intervals are of 95 % and count sites, not rows: months of one site say much the same. On the logarithmic scale a share, such as the \
         bounce rate, stays as it is. Spearman's coefficient is the same on both scales.",
    );
    for (title, pick) in [
        ("Pearson, logarithmic scale", (|pair| pair.pearson_log) as fn(&crate::PairFigures) -> Option<Correlation>),
        ("Pearson, values as they are", |pair| pair.pearson),
        ("Spearman", |pair| pair.spearman),
    ] {
        section.chart(Chart::square(title, &correlations.names, &square(correlations, pick)));
    }
    let written = |correlation: Option<Correlation>| {
        or_dash(correlation, |correlation| {
            let interval = correlation.interval.map_or(String::new(), |interval| format!(" [{:+.2}, {:+.2}]", interval.low, interval.high));
            format!("{:+.2}{interval}", correlation.value)
        })
    };
    let rows = correlations.pairs.iter().map(|pair| {
        let rows = pair.spearman.or(pair.pearson).map_or(0, |correlation| correlation.rows);
        let figures = [pair.pearson, pair.pearson_log, pair.spearman].map(written);
        let mut row = vec![pair.a.clone(), pair.b.clone(), count(rows), count(pair.sites)];
        row.extend(figures);
        row
    });
    section.table(
        Table::new("Correlations with intervals of 95 %", ["a", "b", "rows", "sites", "Pearson", "Pearson, log", "Spearman"])
            .texts(2)
            .rows(rows),
    );
    section.heading("Partial correlations");
    let Some(partial) = &correlations.partial else {
        section
            .text("Too few rows know all quantities, or one of them follows from the others, so that there are no partial correlations.");
        return;
    };
    section.text(format!(
        "How two quantities go together once all others here are accounted for, on the logarithmic scale, on {} rows that know all of them.",
        count(correlations.partial_rows)
    ));
    let values: Vec<Vec<Option<f64>>> = partial.iter().map(|row| row.iter().copied().map(Some).collect()).collect();
    section.chart(Chart::square("Partial correlations", &correlations.partial_names, &values));
    let mut header = vec!["quantity".to_owned()];
    header.extend(correlations.partial_names.iter().cloned());
    let rows = correlations.partial_names.iter().zip(partial).map(|(name, values)| {
        let mut row = vec![name.clone()];
        row.extend(values.iter().map(|value| format!("{value:+.2}")));
        row
    });
    section.table(Table { header, ..Table::new("Partial correlations", ["quantity"]) }.rows(rows));
}

fn square(correlations: &Correlations, pick: fn(&crate::PairFigures) -> Option<Correlation>) -> Vec<Vec<Option<f64>>> {
    let value = |a: &String, b: &String| {
        if a == b {
            return Some(1.0);
        }
        let pair = correlations.pairs.iter().find(|pair| (&pair.a == a && &pair.b == b) || (&pair.a == b && &pair.b == a))?;
        pick(pair).map(|correlation| correlation.value)
    };
    correlations.names.iter().map(|a| correlations.names.iter().map(|b| value(a, b)).collect()).collect()
}

fn groups(section: &mut Section, title: &str, name: &str, groups: &[RatioGroup]) {
    if groups.is_empty() {
        return;
    }
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    let shapes: Vec<_> = groups.iter().map(|group| &group.ratio).collect();
    section.chart(Chart::new(title, log("visits per user"), linear("")).boxes(&names, &shapes));
    let rows = groups.iter().map(|group| {
        let ratio = &group.ratio;
        let mut row = vec![group.name.clone(), count(ratio.count)];
        row.extend([ratio.q05, ratio.q25, ratio.median, ratio.q75, ratio.q95, ratio.mean].map(figure));
        row
    });
    section.table(Table::new(title, [name, "rows", "5 %", "25 %", "median", "75 %", "95 %", "mean"]).rows(rows));
}

fn leakage(section: &mut Section, leakage: &Leakage) {
    section.heading("Leakage");
    let suspects: Vec<&str> = leakage.inputs.iter().filter(|check| check.suspect).map(|check| check.input.as_str()).collect();
    section.text(if suspects.is_empty() {
        "No input is suspected of knowing the label.".to_owned()
    } else {
        format!("Suspected of knowing the label, and to be looked at before anything here is believed: {}.", suspects.join(", "))
    });
    section.text(format!(
        "{} of {} labelled rows have the same inputs and the same label as a row of another site. A site under two names stands on both sides of a \
         split by site.",
        count(leakage.rows_repeated_under_other_sites),
        count(leakage.labelled_rows)
    ));
    let rows = leakage.inputs.iter().map(|check| {
        vec![
            check.input.clone(),
            count(check.rows),
            or_dash(check.spearman, |value| format!("{value:+.3}")),
            percent(check.equal_share),
            percent(check.same_quotient_share),
            if check.suspect { "yes" } else { "no" }.to_owned(),
        ]
    });
    let header = ["input", "rows", "Spearman with the label", "equal to the label", "one and the same multiple", "suspect"];
    section.table(Table::new("What each input says of the label", header).rows(rows));
}
