//! What a model is made of, for whoever makes or examines one: an answer needs none of it.

pub use crate::calibration::{Calibration, Score};
pub use crate::evaluation::{Judged, Sorted, falling_steps};
pub use crate::features::linear::INPUTS as LINEAR_INPUTS;
pub use crate::features::{Column, Encoder, Kinds, Statistic, Values, source_levels};
pub use crate::host::{Spelling, Suffixes};
pub use crate::input::{InputBlock, InputRow};
pub use crate::input_id::InputId;
pub use crate::model::{Parts, bounded_point, interval, whole_visits};
pub use crate::rank_visits::{Pair, RankVisits};
pub use crate::schema::{InputSchema, Sources};
pub use crate::site_level::{Shifted, SiteLevel, SiteLevels, others};
pub use crate::stage::Stage;
pub use crate::visits_offsets::VisitsOffsets;
