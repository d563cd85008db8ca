#![doc = include_str!("../README.md")]

mod adoption;
mod aliases;
mod audit;
mod database;
mod error;
mod jobs;
mod location;
mod objects;
mod observations;
mod random;
mod registry;
mod schema;
mod secret;
mod sweep;
mod time;
mod tokens;
mod uploads;
mod version;
mod versions;
mod windows;

pub use aliases::{Aliases, Change};
pub use audit::{AuditRecord, Entry};
pub use error::{ObjectFault, RegistryError};
pub use jobs::{Claim, Job, JobEvent, JobId, JobState, Order, Outcome, Watch};
pub use location::Location;
pub use observations::{Batch, BatchContents, BatchId, Observation, ObservationBatch, Received, Waiting};
pub use registry::Registry;
pub use secret::Secret;
pub use sweep::Swept;
pub use time::Timestamp;
pub use tokens::{Scope, Token, TokenId};
pub use uploads::{NewUpload, Upload};
pub use version::{BadVersion, ModelVersion};
pub use versions::{NewVersion, VersionRecord};
pub use windows::WindowRecord;
