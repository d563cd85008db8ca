//! Features for estimators that take neither unknown values nor scales of their own.

use super::features::Features;

/// How the columns of the training rows are brought to one scale, and what stands in for the unknown.
#[derive(Clone, Debug)]
pub(crate) struct Scaler {
    columns: Vec<Scaling>,
}

#[derive(Clone, Debug)]
struct Scaling {
    mean: f64,
    sd: f64,
    /// Whether training rows lack it: a column of its own then says where.
    has_unknown: bool,
}

impl Scaler {
    /// Means and standard deviations of what is known.
    pub(crate) fn fit(features: &Features) -> Self {
        let scaling = |column: &Vec<f64>| {
            let known: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
            let mean = crate::statistics::mean(&known);
            let variance = known.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / known.len().max(1) as f64;
            // A column that does not vary says nothing, and a division by zero would.
            let sd = if variance > 1e-18 { variance.sqrt() } else { 1.0 };
            Scaling { mean, sd, has_unknown: known.len() < column.len() }
        };
        Self { columns: features.columns.iter().map(scaling).collect() }
    }

    /// Columns of the scaled matrix.
    pub(crate) fn width(&self) -> usize {
        self.columns.len() + self.columns.iter().filter(|column| column.has_unknown).count()
    }

    /// The scaled matrix, row after row; an unknown value is the mean of its column.
    pub(crate) fn apply(&self, features: &Features) -> Vec<f64> {
        let mut values = Vec::with_capacity(features.rows * self.width());
        for row in 0..features.rows {
            for (scaling, column) in self.columns.iter().zip(&features.columns) {
                let value = column[row];
                values.push(if value.is_nan() { 0.0 } else { (value - scaling.mean) / scaling.sd });
            }
            for (scaling, column) in self.columns.iter().zip(&features.columns) {
                if scaling.has_unknown {
                    values.push(f64::from(u8::from(column[row].is_nan())));
                }
            }
        }
        values
    }

    /// Bytes it takes to keep it.
    pub(crate) fn size_bytes(&self) -> usize {
        self.columns.len() * size_of::<Scaling>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_centred_and_unknown_values_are_marked() {
        let features = Features {
            names: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
            columns: vec![vec![1.0, 3.0, f64::NAN], vec![5.0, 5.0, 5.0], vec![-1.0, 0.0, 1.0]],
            rows: 3,
        };
        let scaler = Scaler::fit(&features);
        assert_eq!(scaler.width(), 4);
        let matrix = scaler.apply(&features);
        assert_eq!(&matrix[..4], [-1.0, 0.0, -1.0 / (2.0f64 / 3.0).sqrt(), 0.0]);
        assert_eq!(&matrix[8..], [0.0, 0.0, 1.0 / (2.0f64 / 3.0).sqrt(), 1.0]);
    }
}
