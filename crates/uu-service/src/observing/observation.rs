//! A record with its label as the registry keeps it, and back.

use serde_json::json;
use uu_core::{Field, Record, Rules};
use uu_registry::{Asker, BatchId, Observation, Registry, RegistryError};

use crate::mixture::count_older;

/// Observations could not be kept; none of them was.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// One does not say how many users there were.
    #[error("the observation of {month} says nothing of unique users")]
    WithoutUsers {
        /// Its month.
        month: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] RegistryError),
}

/// Keeps observations for the next training. They are kept when this returns.
///
/// **Errors**: one without unique users; generated ones beside measured rows that are kept, or the other way round, or the first generated ones of whoever
/// is no admin; more than are kept of one sender; the store fails.
pub fn observe<'a>(registry: &Registry, records: &[Record], rules: &Rules, asker: impl Into<Asker<'a>>) -> Result<BatchId, ObserveError> {
    if let Some(record) = records.iter().find(|record| record.unique_users.is_none()) {
        return Err(ObserveError::WithoutUsers { month: record.month.to_string() });
    }
    count_older(registry, rules)?;
    let observations: Vec<Observation> = records.iter().map(|record| observation(record, rules)).collect();
    Ok(registry.observe(&observations, asker)?)
}

fn observation(record: &Record, rules: &Rules) -> Observation {
    let value = |field: Field| record.number(field).map(|number| json!(number)).or_else(|| record.text(field).map(|text| json!(text)));
    // Site, source and month are columns of their own.
    let kept = |field: &Field| field.is_number() || matches!(field, Field::Category | Field::RankSource);
    let fields = Field::all().filter(kept).map(|field| value(field).map(|value| (field.column().to_owned(), value)));
    let extras = rules.extras.iter().zip(&record.extras).filter_map(|(name, value)| Some((name.clone(), json!((*value)?))));
    Observation {
        source: record.source.as_deref().map(str::to_owned),
        site: record.site.as_deref().map(str::to_owned),
        month: format!("{:04}-{:02}", record.month.year(), record.month.month_of_year()),
        fields: fields.into_iter().flatten().chain(extras).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept_records::{record, records_of};
    use proptest::prelude::*;
    use uu_testkit::models::dataset;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_record_comes_back_as_it_was(row in 0usize..1_000) {
            let rows = dataset(400);
            let kept = &rows.records()[row % rows.len()];
            let rules = Rules { extras: vec!["followers".to_owned()], ..Rules::default() };
            let kept = Record { extras: vec![Some(row as f64)], ..kept.clone() };
            prop_assert_eq!(record(observation(&kept, &rules), &rules), Some(kept));
        }
    }

    #[test]
    fn an_observation_of_nothing_is_refused_and_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&uu_registry::Location::folder(folder.path())).unwrap();
        let rows = dataset(20);
        let mut records: Vec<Record> = rows.records().iter().filter(|record| record.unique_users.is_some()).take(3).cloned().collect();
        observe(&registry, &records, &Rules::default(), "ann").unwrap();
        records[2].unique_users = None;
        assert!(matches!(observe(&registry, &records, &Rules::default(), "ann"), Err(ObserveError::WithoutUsers { .. })));
        assert_eq!(registry.observations_after(0, 10).unwrap().len(), 3);
    }

    #[test]
    fn an_observation_without_any_input_can_be_read_back_for_a_training() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(&uu_registry::Location::folder(folder.path())).unwrap();
        let rows = dataset(20);
        let whole = rows.records().iter().find(|record| record.unique_users.is_some()).unwrap();
        let bare = Record {
            visits: None,
            rank: None,
            pages_per_visit: None,
            bounce_rate: None,
            avg_visit_duration: None,
            category: None,
            ..whole.clone()
        };
        let batch = observe(&registry, std::slice::from_ref(&bare), &Rules::default(), "ann").unwrap();
        let read = records_of(batch, registry.read_batch(batch).unwrap(), &Rules::default()).unwrap();
        assert_eq!(read.iter().map(|record| (&record.site, record.unique_users)).collect::<Vec<_>>(), [(&bare.site, bare.unique_users)]);
    }
}
