//! The section on the data.

use serde_json::json;

use super::super::chart::{Chart, linear, log};
use super::super::numbers::{count, figure, or_dash, percent};
use super::super::page::{Section, Table};
use crate::{Cleaning, DataSection, Distribution, Months, Overview, Study, Summary};

/// Patterns that are drawn; the rest are few rows each.
const DRAWN_PATTERNS: usize = 20;

pub(super) fn section(study: &Study) -> Section {
    let data: &DataSection = &study.data;
    let mut section = Section::new("data", "Data");
    overview(&mut section, &data.overview);
    cleaning(&mut section, &data.cleaning);
    distributions(&mut section, &data.distributions);
    let categories = data.categories.iter().map(|category| {
        vec![category.top.clone().unwrap_or_else(|| "(unknown)".to_owned()), count(category.rows), count(category.subcategories)]
    });
    section.heading("Categories");
    let names: Vec<String> =
        data.categories.iter().map(|category| category.top.clone().unwrap_or_else(|| "(unknown)".to_owned())).collect();
    let rows: Vec<f64> = data.categories.iter().map(|category| category.rows as f64).collect();
    section.chart(Chart::new("Rows by top category", linear("rows"), linear("")).lying_bars("rows", &names, &rows));
    section.table(Table::new("Rows by top category", ["category", "rows", "sub-categories"]).rows(categories));
    months(&mut section, &data.months);
    section
}

/// From when to when.
pub(super) fn span(overview: &Overview) -> String {
    match overview.months {
        0 | 1 => format!("in the month of {}", overview.first_month),
        months => format!("in {months} months from {} to {}", overview.first_month, overview.last_month),
    }
}

fn overview(section: &mut Section, overview: &Overview) {
    section.text(format!(
        "{} rows of {} sites {}; {} rows have known unique users.",
        count(overview.rows),
        count(overview.sites),
        span(overview),
        count(overview.labelled_rows)
    ));
    let sources = overview.sources.iter().map(|source| {
        let name = source.source.clone().unwrap_or_else(|| "(none)".to_owned());
        vec![name, count(source.rows), count(source.labelled), count(source.sites), count(source.months)]
    });
    section.table(
        Table::new("Sources, whose definitions of unique users differ", ["source", "rows", "labelled", "sites", "months"]).rows(sources),
    );
    let fields =
        overview.fields.iter().map(|field| vec![field.field.clone(), field.kind.clone(), count(field.known), percent(field.share)]);
    section.table(Table::new("Fields", ["field", "holds", "known", "share"]).texts(2).rows(fields));
    section.heading("Missing values");
    section.text(
        "Which inputs are missing together. What is missing is rarely missing by chance, so the patterns matter more than the shares.",
    );
    let drawn = &overview.patterns[..overview.patterns.len().min(DRAWN_PATTERNS)];
    let mut inputs: Vec<String> = drawn.iter().flat_map(|pattern| pattern.missing.iter().cloned()).collect();
    inputs.sort();
    inputs.dedup();
    if !inputs.is_empty() {
        let rows: Vec<String> =
            drawn.iter().enumerate().map(|(index, pattern)| format!("{}: {}", index + 1, count(pattern.rows))).collect();
        let missing: Vec<Vec<u8>> =
            drawn.iter().map(|pattern| inputs.iter().map(|input| u8::from(pattern.missing.contains(input))).collect()).collect();
        section.chart(Chart::missing_map("Patterns of missing inputs (light: missing), the most frequent first", &inputs, &rows, &missing));
    }
    let patterns = overview.patterns.iter().map(|pattern| {
        let missing = if pattern.missing.is_empty() { "nothing".to_owned() } else { pattern.missing.join(", ") };
        vec![missing, count(pattern.rows), percent(pattern.share)]
    });
    section.table(Table::new("Patterns of missing inputs", ["missing", "rows", "share"]).rows(patterns));
}

fn cleaning(section: &mut Section, cleaning: &Cleaning) {
    section.heading("Cleaning");
    section.text(format!(
        "{} rows were read, {} skipped because they break a rule of the format, {} kept. Every rule is listed, also those that found nothing.",
        count(cleaning.rows_read),
        count(cleaning.rows_skipped),
        count(cleaning.rows_kept)
    ));
    let rules = cleaning.rules.iter().map(|rule| {
        vec![rule.rule.clone(), rule.description.clone(), rule.action.clone(), rule.example.clone().unwrap_or_default(), count(rule.rows)]
    });
    section.table(Table::new("Cleaning", ["rule", "looks for", "action", "for example", "rows"]).texts(4).rows(rules));
}

fn distributions(section: &mut Section, distributions: &[Distribution]) {
    section.heading("Distributions");
    section.text("Of the development sites. Sizes are skewed by orders of magnitude, so they are looked at, and learned from, on the logarithmic scale.");
    let shape = |name: &str, shape: &Summary| {
        let figures = [shape.mean, shape.sd, shape.min, shape.q05, shape.q25, shape.median, shape.q75, shape.q95, shape.max];
        let mut row = vec![name.to_owned(), count(shape.count)];
        row.extend(figures.map(figure));
        row.push(or_dash(shape.skew, figure));
        row
    };
    let header = ["quantity", "count", "mean", "sd", "min", "5 %", "25 %", "median", "75 %", "95 %", "max", "skew"];
    let linear_shapes = distributions.iter().map(|distribution| shape(&distribution.name, &distribution.linear));
    section.table(Table::new("As they are", header).rows(linear_shapes));
    let log_shapes = distributions.iter().filter_map(|distribution| Some(shape(&distribution.name, distribution.log.as_ref()?)));
    section.table(Table::new("Natural logarithms", header).rows(log_shapes));
    for distribution in distributions {
        let title = |scale: &str| format!("{}, {scale}", distribution.name);
        section.chart(distribution.histogram.as_ref().map(|histogram| {
            let cut = if histogram.beyond > 0 { "linear scale, the greatest 5 % left out" } else { "linear scale" };
            Chart::new(title(cut), linear(&distribution.unit), linear("rows")).histogram(histogram)
        }));
        section.chart(distribution.log_histogram.as_ref().map(|histogram| {
            let axis = format!("ln {}", distribution.unit);
            Chart::new(title("logarithmic scale"), linear(&axis), linear("rows")).histogram(histogram)
        }));
    }
}

fn months(section: &mut Section, months: &Months) {
    section.heading("Months");
    if months.figures.len() < 2 {
        section.text("All rows are of one month, so nothing can be said of change.");
        return;
    }
    let mut quantities: Vec<&String> = months.figures.iter().flat_map(|figures| figures.medians.keys()).collect();
    quantities.sort();
    quantities.dedup();
    let mut header = vec!["month".to_owned(), "rows".to_owned()];
    header.extend(quantities.iter().map(|name| (*name).clone()));
    let rows = months.figures.iter().map(|figures| {
        let mut row = vec![figures.month.clone(), count(figures.rows)];
        row.extend(quantities.iter().map(|name| or_dash(figures.medians.get(*name), |median| figure(*median))));
        row
    });
    section.table(Table { header, ..Table::new("Medians by month; sites come and go", ["month"]) }.rows(rows));
    let names: Vec<String> = months.figures.iter().map(|figures| figures.month.clone()).collect();
    let counts: Vec<f64> = months.figures.iter().map(|figures| figures.rows as f64).collect();
    section.chart(Chart::new("Rows by month", linear(""), linear("rows")).bars("rows", &names, &counts).height(260));
    if let Some(medians) = months.figures.iter().map(|figures| figures.medians.get("unique_users").copied()).collect::<Option<Vec<f64>>>() {
        let chart = Chart::new("Median unique users by month", linear(""), log("users"));
        section.chart(chart.bars("median unique users", &names, &medians).with("bargap", json!(0.2)).height(260));
    }
    let changes = months.changes.iter().map(|change| {
        let median = if change.is_factor { format!("x {:.3}", change.median) } else { format!("{:+.2}", change.median) };
        vec![change.quantity.clone(), change.from.clone(), change.to.clone(), count(change.sites), median, figure(change.sd)]
    });
    let caption = "The same sites in a month and the next there is: median change, and how much single sites scatter around it";
    section.table(Table::new(caption, ["quantity", "from", "to", "sites", "median change", "sd of a site"]).texts(3).rows(changes));
}
