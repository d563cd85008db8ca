//! Partial correlations: how two columns go together once all others are accounted for.

/// Partial correlations of every pair of columns, given all others; `None` where the columns are linearly dependent.
///
/// **Source**: the inverse `P` of the correlation matrix; the partial correlation of `i` and `j` is `-P_ij / sqrt(P_ii P_jj)`.
///
/// **Shapes**: all columns equally long; the result has a row and a column for each.
pub(crate) fn partial_correlations(columns: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = columns.len();
    let mut matrix = vec![vec![1.0; size]; size];
    for i in 0..size {
        for j in 0..i {
            let value = super::pearson(&columns[i], &columns[j], 0)?.value;
            (matrix[i][j], matrix[j][i]) = (value, value);
        }
    }
    let precision = inverse(matrix)?;
    let partial = |i: usize, j: usize| {
        if i == j { 1.0 } else { (-precision[i][j] / (precision[i][i] * precision[j][j]).sqrt()).clamp(-1.0, 1.0) }
    };
    Some((0..size).map(|i| (0..size).map(|j| partial(i, j)).collect()).collect())
}

/// Gauss-Jordan elimination with pivots; `None` of a matrix that is singular or nearly so.
fn inverse(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    for (index, row) in matrix.iter_mut().enumerate() {
        row.extend((0..size).map(|column| f64::from(u8::from(column == index))));
    }
    for step in 0..size {
        let pivot = (step..size).max_by(|&a, &b| matrix[a][step].abs().total_cmp(&matrix[b][step].abs()))?;
        if matrix[pivot][step].abs() < 1e-9 {
            return None;
        }
        matrix.swap(step, pivot);
        let scale = matrix[step][step];
        matrix[step].iter_mut().for_each(|value| *value /= scale);
        let pivot_row = matrix[step].clone();
        for (_, row) in matrix.iter_mut().enumerate().filter(|(index, _)| *index != step) {
            let factor = row[step];
            row.iter_mut().zip(&pivot_row).for_each(|(value, pivot)| *value -= factor * pivot);
        }
    }
    Some(matrix.into_iter().map(|row| row[size..].to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Draws;

    #[test]
    fn an_inverse_undoes_its_matrix() {
        let matrix = vec![vec![2.0, 1.0, 0.0], vec![1.0, 3.0, 1.0], vec![0.0, 1.0, 4.0]];
        let inverse = inverse(matrix.clone()).unwrap();
        for (i, row) in matrix.iter().enumerate() {
            for j in 0..3 {
                let product: f64 = row.iter().zip(&inverse).map(|(a, of_inverse)| a * of_inverse[j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        assert_eq!(super::inverse(vec![vec![1.0, 1.0], vec![1.0, 1.0]]), None);
    }

    #[test]
    fn what_only_a_third_column_explains_is_gone_in_the_partial_correlation() {
        let mut draws = Draws::new("partial", 1);
        let cause: Vec<f64> = (0..4000).map(|_| draws.normal()).collect();
        let effect = |draws: &mut Draws| cause.iter().map(|cause| cause + 0.5 * draws.normal()).collect::<Vec<f64>>();
        let (a, b) = (effect(&mut draws), effect(&mut draws));
        assert!(super::super::pearson(&a, &b, 4000).unwrap().value > 0.7);
        let partial = partial_correlations(&[a, b, cause]).unwrap();
        assert!(partial[0][1].abs() < 0.06, "{}", partial[0][1]);
        assert!(partial[0][2] > 0.5);
    }
}
