//! The inputs of a record, one at a time.

use uu_core::{Field, Record};
use uu_data::Dataset;

use crate::quantities::{Quantity, quantities};

/// One input.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A field of the record.
    Field(Field),
    /// An extra input, by its place and name.
    Extra(usize, String),
}

const FIELDS: [Field; 8] = [
    Field::Visits,
    Field::Rank,
    Field::PagesPerVisit,
    Field::BounceRate,
    Field::AvgVisitDuration,
    Field::Category,
    Field::Source,
    Field::Date,
];

/// The inputs that are known in some row and not the same in all.
pub(super) fn inputs(dataset: &Dataset) -> Vec<Input> {
    let fields = FIELDS.into_iter().map(Input::Field);
    let extras = dataset.extras().iter().enumerate().map(|(index, name)| Input::Extra(index, name.clone()));
    let varies = |input: &Input| {
        let Some(first) = dataset.records().first() else { return false };
        dataset.records().iter().any(|record| {
            let mut taken = first.clone();
            input.take(&mut taken, record);
            taken != *first
        })
    };
    fields.chain(extras).filter(varies).collect()
}

/// The numeric inputs among them, with their values.
pub(super) fn numeric(dataset: &Dataset) -> Vec<(Input, Quantity)> {
    let quantities = quantities(dataset);
    let of = |input: Input| {
        let quantity = quantities.iter().find(|quantity| quantity.is_input && quantity.name == input.name())?;
        Some((input, quantity.clone()))
    };
    inputs(dataset).into_iter().filter_map(of).collect()
}

impl Input {
    /// Its column; the date counts as the month of the year.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Field(Field::Date) => "month",
            Self::Field(field) => field.column(),
            Self::Extra(_, name) => name,
        }
    }

    /// Gives `into` the value that `from` has.
    pub(super) fn take(&self, into: &mut Record, from: &Record) {
        match self {
            // A value that a record has is one that the field can have.
            Self::Field(field) if field.is_number() => into.set_number(*field, from.number(*field)).unwrap_or(()),
            Self::Field(Field::Category) => into.category = from.category,
            Self::Field(Field::Source) => into.source = from.source.clone(),
            Self::Field(Field::Date) => into.month = from.month,
            Self::Field(_) => {}
            Self::Extra(index, _) => into.extras[*index] = from.extras[*index],
        }
    }

    /// Gives `into` a number, rounded where the input is whole.
    pub(super) fn set(&self, into: &mut Record, value: f64) {
        match self {
            Self::Field(field) if field.is_number() => {
                let value = if field.is_count() { value.round() } else { value };
                let value = value.clamp(field.lowest(), field.highest().unwrap_or(f64::MAX));
                into.set_number(*field, Some(value)).unwrap_or(());
            }
            Self::Field(_) => {}
            Self::Extra(index, _) => into.extras[*index] = Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uu_testkit::models::dataset;

    #[test]
    fn only_inputs_that_vary_are_looked_at() {
        let names: Vec<String> = inputs(&dataset(60)).iter().map(|input| input.name().to_owned()).collect();
        assert_eq!(names, ["visits", "rank", "pages_per_visit", "bounce_rate", "avg_visit_duration", "category", "month"]);
    }

    #[test]
    fn a_number_that_is_set_is_the_number_that_is_there() {
        let dataset = dataset(30);
        for (input, quantity) in numeric(&dataset) {
            let mut record = dataset.records()[0].clone();
            let known = quantity.known()[3];
            input.set(&mut record, known);
            let again = quantities(&Dataset::new(Vec::new(), vec![record]));
            let value = again.iter().find(|other| other.name == input.name()).unwrap().values[0];
            assert!((value - known).abs() < 1e-9, "{}", input.name());
        }
    }
}
