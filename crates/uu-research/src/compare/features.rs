//! What the compared estimators see: the inputs, their products, and means by category and source.

use std::collections::BTreeMap;

use uu_core::{Category, Record};

use super::rows::Rows;

/// A mean of this many rows weighs as much as the mean it is shrunk to; as in the product's own features.
const SMOOTHING: f64 = 20.0;

/// Parts of the sites for out-of-fold means: a row's own target must not reach its own features.
const ENCODING_FOLDS: u64 = 5;

/// Products of inputs, as sums of their logarithms: page views, and how far a site's traffic lies from what its rank says.
const PRODUCTS: [(&str, &str); 2] = [("visits", "pages_per_visit"), ("rank", "visits")];

/// A feature matrix, column by column; NaN where something is unknown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Features {
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Vec<f64>>,
    pub(crate) rows: usize,
}

/// Means of the target by category and source, and the inputs that the training rows know.
#[derive(Clone, Debug)]
pub(crate) struct Encoder {
    names: Vec<String>,
    by_category: Means,
    by_source: Means,
    several_sources: bool,
}

/// Smoothed means of the target by a key.
#[derive(Clone, Debug, Default)]
struct Means {
    overall: f64,
    of: BTreeMap<u64, f64>,
}

impl Means {
    fn fit(keyed: impl Iterator<Item = (u64, f64)> + Clone, prior: impl Fn(u64, f64) -> f64) -> Self {
        let (mut sum, mut count) = (0.0, 0.0);
        let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for (key, target) in keyed {
            sum += target;
            count += 1.0;
            let entry = sums.entry(key).or_default();
            *entry = (entry.0 + target, entry.1 + 1.0);
        }
        let overall = if count > 0.0 { sum / count } else { 0.0 };
        let of = sums.into_iter().map(|(key, (sum, count))| (key, (sum + SMOOTHING * prior(key, overall)) / (count + SMOOTHING)));
        Self { overall, of: of.collect() }
    }

    fn at(&self, key: u64) -> f64 {
        self.of.get(&key).copied().unwrap_or(self.overall)
    }
}

impl Encoder {
    /// Means over the rows at `places` of `rows`.
    fn fit(rows: &Rows, places: &[usize]) -> Self {
        let keyed =
            |key: fn(&Record) -> Option<u64>| places.iter().filter_map(move |&row| Some((key(&rows.records()[row])?, rows.log_ratio(row))));
        let by_top = Means::fit(keyed(top), |_, overall| overall);
        let of_top = |code: u64, _: f64| {
            let top = Category::from_code(code as u32).map(|category| u64::from(category.top().code()));
            top.map_or(by_top.overall, |top| by_top.at(top))
        };
        Self {
            names: rows.names.clone(),
            by_category: Means::fit(keyed(code), of_top),
            by_source: Means::fit(keyed(source), |_, overall| overall),
            several_sources: rows.dataset.sources().len() > 1,
        }
    }

    /// Features of the rows at `places`, for rows that the means were not taken over.
    pub(crate) fn features(&self, rows: &Rows, places: &[usize]) -> Features {
        let column = |name: &str| rows.names.iter().position(|other| other == name).map(|index| &rows.inputs[index]);
        let pick = |column: &Vec<f64>| -> Vec<f64> { places.iter().map(|&row| column[row]).collect() };
        let unknown = || vec![f64::NAN; places.len()];
        let mut features = Features { names: Vec::new(), columns: Vec::new(), rows: places.len() };
        for name in &self.names {
            features.push(name.clone(), column(name).map_or_else(unknown, pick));
        }
        for (a, b) in PRODUCTS.iter().filter(|(a, b)| [a, b].iter().all(|name| self.names.iter().any(|known| known == *name))) {
            let product = |(a, b): (&Vec<f64>, &Vec<f64>)| places.iter().map(|&row| a[row] + b[row]).collect();
            features.push(format!("{a} x {b}"), column(a).zip(column(b)).map_or_else(unknown, product));
        }
        let encoded = |means: &Means, key: fn(&Record) -> Option<u64>| -> Vec<f64> {
            places.iter().map(|&row| key(&rows.records()[row]).map_or(f64::NAN, |key| means.at(key))).collect()
        };
        features.push("category".to_owned(), encoded(&self.by_category, code));
        if self.several_sources {
            features.push("source".to_owned(), encoded(&self.by_source, source));
        }
        features
    }
}

impl Features {
    fn push(&mut self, name: String, column: Vec<f64>) {
        self.names.push(name);
        self.columns.push(column);
    }
}

/// The features of training rows, their means taken over the other sites, and the encoder for rows that are not among them.
pub(crate) fn fit(rows: &Rows, places: &[usize]) -> (Features, Encoder) {
    let encoder = Encoder::fit(rows, places);
    let mut features = encoder.features(rows, places);
    // The lower bits may be the ones that the folds of a comparison are drawn by.
    let part = |row: usize| (rows.sites[row] >> 20) % ENCODING_FOLDS;
    for fold in 0..ENCODING_FOLDS {
        let others: Vec<usize> = places.iter().copied().filter(|&row| part(row) != fold).collect();
        let of_others = Encoder::fit(rows, &others).features(rows, places);
        for (column, other) in features.columns.iter_mut().zip(of_others.columns) {
            for (index, _) in places.iter().enumerate().filter(|(_, row)| part(**row) == fold) {
                column[index] = other[index];
            }
        }
    }
    (features, encoder)
}

fn top(record: &Record) -> Option<u64> {
    record.category.map(|category| u64::from(category.top().code()))
}

fn code(record: &Record) -> Option<u64> {
    record.category.map(|category| u64::from(category.code()))
}

fn source(record: &Record) -> Option<u64> {
    Some(uu_core::stats::site_hash(record.source.as_deref().unwrap_or("\0"), 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uu_testkit::models::dataset;

    #[test]
    fn a_training_rows_own_target_does_not_reach_its_features() {
        let rows = Rows::of(&dataset(150));
        let places: Vec<usize> = (0..rows.len()).collect();
        let mut changed = Rows::of(&dataset(150));
        let site = changed.sites[0];
        for row in (0..changed.len()).filter(|&row| rows.sites[row] == site) {
            changed.users[row] = 1.0;
        }
        let ((before, _), (after, _)) = (fit(&rows, &places), fit(&changed, &places));
        for (index, _) in places.iter().enumerate().filter(|(_, row)| rows.sites[**row] == site) {
            for (a, b) in before.columns.iter().zip(&after.columns) {
                assert!(a[index] == b[index] || (a[index].is_nan() && b[index].is_nan()));
            }
        }
        assert_ne!(before.columns.last(), after.columns.last(), "others learn from it");
    }

    #[test]
    fn every_feature_has_a_value_for_every_row_and_a_product_is_unknown_where_a_part_is() {
        let rows = Rows::of(&dataset(150));
        let places: Vec<usize> = (0..rows.len()).collect();
        let (features, _) = fit(&rows, &places);
        assert!(features.columns.iter().all(|column| column.len() == rows.len()));
        let at = |name: &str| &features.columns[features.names.iter().position(|other| other == name).unwrap()];
        let (rank, product) = (at("rank"), at("rank x visits"));
        assert!(rank.iter().zip(product).all(|(rank, product)| rank.is_nan() == product.is_nan()));
    }
}
