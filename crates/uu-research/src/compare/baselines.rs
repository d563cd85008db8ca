//! The simple estimates: what any model must beat.

use uu_model::Baselines;

use super::estimator::{Estimator, Fitted, Lesson, Question};
use crate::StudyError;

/// One of the product's simple estimates, by its place.
pub(crate) struct Simple(pub(crate) usize);

struct FittedSimple {
    baselines: Baselines,
    place: usize,
}

impl Estimator for Simple {
    fn fit(&self, lesson: &Lesson<'_>, _: &[f64]) -> Result<Box<dyn Fitted>, StudyError> {
        let records: Vec<_> = lesson.places.iter().map(|&row| lesson.rows.records()[row].clone()).collect();
        Ok(Box::new(FittedSimple { baselines: Baselines::fit(&records), place: self.0 }))
    }
}

impl Fitted for FittedSimple {
    fn estimate(&self, question: &Question<'_>) -> Result<Vec<f64>, StudyError> {
        let estimate = |&row: &usize| {
            let (_, estimate) = self.baselines.estimate(&question.rows.records()[row])[self.place];
            estimate.map_or(f64::NAN, |users| question.rows.bounded(row, users))
        };
        Ok(question.places.iter().map(estimate).collect())
    }

    fn size_bytes(&self) -> usize {
        serde_json::to_vec(&self.baselines).map_or(0, |bytes| bytes.len())
    }
}
