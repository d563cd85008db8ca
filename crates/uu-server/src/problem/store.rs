//! What a store that fails is answered with.

use uu_registry::RegistryError;

use super::{Kind, Problem};

/// When to ask again where too many jobs are pending: a re-training takes about a minute.
const A_JOB_LATER_S: u32 = 60;

/// When to ask again where too many bytes or rows are kept: what nobody needs any more is removed once an hour.
const A_SWEEP_LATER_S: u32 = 3_600;

/// What a store that fails is answered with.
pub(crate) fn store_problem(error: &RegistryError) -> Problem {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    match error {
        RegistryError::UnknownVersion { .. } | RegistryError::UnknownJob { .. } | RegistryError::UnknownBatch { .. } => {
            Problem::new(Kind::NotFound, error.to_string())
        }
        RegistryError::Moved { .. }
        | RegistryError::NoPrevious
        | RegistryError::NeverChampion { .. }
        | RegistryError::JobState { .. }
        | RegistryError::RetriedAlready { .. } => Problem::new(Kind::Conflict, error.to_string()),
        RegistryError::Mixture(mixture) => Problem::new(Kind::Validation, format!("{mixture}; hint: {}", mixture.hint())),
        RegistryError::FirstGenerated { .. } => Problem::new(
            Kind::Validation,
            format!("{error}; hint: leave the rows of the source `generated` out, or send them with a token of the scope `admin`"),
        ),
        RegistryError::RowsFull { pending, .. } => {
            let hint = if *pending {
                "the next training takes those that are pending"
            } else {
                "an admin sets some aside with `uu-predictor observations quarantine`, or raises `retraining.kept_rows_per_token`"
            };
            Problem::new(Kind::TooMany, format!("{error}; hint: {hint}")).retry_after(A_SWEEP_LATER_S)
        }
        RegistryError::QueueFull { .. } => {
            Problem::new(Kind::TooMany, format!("{error}; hint: wait for one to end, or cancel one with `DELETE /jobs/NUMBER`"))
                .retry_after(A_JOB_LATER_S)
        }
        RegistryError::UploadsFull { .. } => {
            Problem::new(Kind::TooMany, format!("{error}; hint: files are kept until their job has succeeded, or for a day after it ended"))
                .retry_after(A_SWEEP_LATER_S)
        }
        RegistryError::BadText => Problem::new(Kind::MalformedBody, error.to_string()),
        RegistryError::Unavailable { .. } => {
            tracing::warn!(%error, cause, "a request needs the store");
            Problem::new(Kind::StoreAway, "nothing was changed; try again").retry_after(5)
        }
        RegistryError::Full { .. } => {
            tracing::error!(%error, cause, "a request needs the store");
            Problem::new(Kind::StoreFull, "nothing was changed")
        }
        _ => {
            tracing::error!(%error, cause, "the store failed");
            Problem::internal()
        }
    }
}
