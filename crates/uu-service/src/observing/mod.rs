//! Observations: known unique users that arrive one by one, and what they say of the model that answers.
//!
//! Each is kept for the next training. Meanwhile it is held against the estimates: [`Live`] watches a new champion beside the one before,
//! and sees whether the estimates drift away from what is observed.

mod live;
mod observation;

pub use live::{Live, LiveStatus};
pub use observation::{ObserveError, observe};
