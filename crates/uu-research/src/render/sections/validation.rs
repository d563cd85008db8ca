//! The section on the final validation.

use super::super::numbers::{count, percent};
use super::super::page::{Section, Table};
use super::{errors, models};
use crate::compare::PRODUCT;
use crate::{Forward, Validation};

pub(super) fn section(validation: &Validation) -> Section {
    let mut section = Section::new("validation", "Final validation");
    section.text(format!(
        "{} labelled rows of {} sites that nothing was decided on. Every model was fitted once on the development sites, with the hyperparameters chosen \
         there. {PRODUCT} learned from all of them, the others from the rows they were compared on.",
        count(validation.rows),
        count(validation.sites)
    ));
    section.table(models::errors_table("On the sites set aside (rows with visits), the lowest RMSLE first", &validation.leaderboard));
    let evaluation = &validation.evaluation;
    section.table(errors::groups(&format!("{PRODUCT} on all labelled rows"), "rows", std::slice::from_ref(&evaluation.overall)));
    section.table(errors::groups("By the inputs that are known", "known inputs", &evaluation.by_pattern));
    section.table(errors::groups("All rows that know at least these inputs, the others hidden", "shown inputs", &evaluation.by_mask));
    section.table(errors::groups("By tenths of true users", "unique users", &evaluation.by_size));
    section.table(errors::groups("By top category", "category", &evaluation.by_category));
    section.table(errors::groups("By source", "source", &evaluation.by_source));
    section.heading("Forward in time");
    match &validation.forward {
        None => section.text("There are too few months, or too few rows in them, to train on earlier ones and judge on later ones."),
        Some(forward) => forwards(&mut section, forward),
    }
    section
}

fn forwards(section: &mut Section, forward: &Forward) {
    section.text(format!(
        "Trained on {} rows of the months before {}, judged on the {} months from then on.",
        count(forward.train_rows),
        forward.from,
        count(forward.months)
    ));
    let mut header = vec!["rows of".to_owned(), "model".to_owned()];
    header.extend(errors::HEADER.iter().map(|name| (*name).to_owned()));
    header.extend(["90 % coverage".to_owned(), "width".to_owned()]);
    let mut rows = Vec::new();
    for group in &forward.groups {
        let mut row = vec![group.name.clone(), PRODUCT.to_owned()];
        row.extend(errors::cells(&group.errors));
        row.extend([percent(group.intervals.coverage), format!("{:.2}", group.intervals.median_relative_width)]);
        rows.push(row);
        for (name, of_baseline) in &group.baselines {
            let mut row = vec![group.name.clone(), name.clone()];
            row.extend(errors::cells(of_baseline));
            row.extend(["-".to_owned(), "-".to_owned()]);
            rows.push(row);
        }
    }
    section.table(Table { header, ..Table::new("Later months", ["rows of"]) }.texts(2).rows(rows));
}
