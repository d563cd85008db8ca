//! The numbers of a record, by name, with the scale each is looked at on.

use uu_core::{Field, Record, Scale};
use uu_data::Dataset;

/// Visits per unique user: what the models learn.
pub(crate) const RATIO: &str = "visits_per_user";

/// One numeric quantity of all rows.
#[derive(Clone, Debug)]
pub(crate) struct Quantity {
    /// Its column.
    pub(crate) name: String,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// A value for each row; NaN where it is unknown.
    pub(crate) values: Vec<f64>,
    /// The scale it is spread evenly on.
    pub(crate) scale: Scale,
    /// Whether a request can carry it: the label and what is made of it are no inputs.
    pub(crate) is_input: bool,
}

impl Quantity {
    /// The values on its scale, NaN where unknown.
    pub(crate) fn scaled(&self) -> Vec<f64> {
        // NaN must stay NaN: `max` would take it for 1.
        self.values.iter().map(|&value| if value.is_nan() { value } else { self.scale.apply(value) }).collect()
    }

    /// The values that are known.
    pub(crate) fn known(&self) -> Vec<f64> {
        self.values.iter().copied().filter(|value| !value.is_nan()).collect()
    }
}

/// In the order in which they are shown; visits per user stand behind the label.
const FIELDS: [Field; 6] =
    [Field::UniqueUsers, Field::Visits, Field::PagesPerVisit, Field::BounceRate, Field::AvgVisitDuration, Field::Rank];

/// All numeric quantities of the rows that any row knows, the label first and the extra inputs last.
pub(crate) fn quantities(dataset: &Dataset) -> Vec<Quantity> {
    let column = |read: &dyn Fn(&Record) -> Option<f64>| -> Vec<f64> {
        dataset.records().iter().map(|record| read(record).unwrap_or(f64::NAN)).collect()
    };
    let mut fields: Vec<Quantity> = FIELDS
        .iter()
        .map(|field| Quantity {
            name: field.column().to_owned(),
            unit: field.unit(),
            values: column(&|record| record.number(*field)),
            scale: field.scale(),
            is_input: field.is_input(),
        })
        .collect();
    let ratio = column(&visits_per_user);
    fields.insert(1, Quantity { name: RATIO.to_owned(), unit: "visits per user", values: ratio, scale: Scale::Log, is_input: false });
    let extras = dataset.extras().iter().enumerate().map(|(index, name)| {
        let values = column(&|record| record.extras.get(index).copied().flatten());
        let never_negative = values.iter().all(|value| value.is_nan() || *value >= 0.0);
        let scale = if never_negative { Scale::LogOfOneMore } else { Scale::Linear };
        Quantity { name: name.clone(), unit: "", values, scale, is_input: true }
    });
    fields.into_iter().chain(extras).filter(|quantity| quantity.values.iter().any(|value| !value.is_nan())).collect()
}

/// Visits per unique user, where both are 1 or more.
pub(crate) fn visits_per_user(record: &Record) -> Option<f64> {
    let (visits, users) = (record.visits?.get(), record.unique_users?.get());
    (visits >= 1.0 && users >= 1.0).then(|| (visits / users).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uu_testkit::models::dataset;

    #[test]
    fn a_scale_is_undone() {
        for scale in [Scale::Linear, Scale::Log, Scale::LogOfOneMore] {
            assert!((scale.undo(scale.apply(123.5)) - 123.5).abs() < 1e-9);
        }
    }

    #[test]
    fn unknown_stays_unknown_on_every_scale() {
        let quantity = Quantity { name: String::new(), unit: "", values: vec![f64::NAN, 10.0], scale: Scale::Log, is_input: true };
        let scaled = quantity.scaled();
        assert!(scaled[0].is_nan() && (scaled[1] - 10f64.ln()).abs() < 1e-12);
        assert_eq!(quantity.known(), [10.0]);
    }

    #[test]
    fn the_label_and_its_ratio_are_no_inputs() {
        let quantities = quantities(&dataset(20));
        let names: Vec<&str> = quantities.iter().filter(|quantity| !quantity.is_input).map(|quantity| quantity.name.as_str()).collect();
        assert_eq!(names, ["unique_users", RATIO]);
    }
}
