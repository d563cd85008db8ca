//! What an artifact holds beside the model: nothing of it is read to answer.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::{self, ArtifactError, Parts};
use crate::drift::Reference;
use crate::model::{About, DRIFT_SECTION, Model, SITES_SECTION, TREES_SECTION};
#[cfg(feature = "train")]
use crate::model::{REPORT_SECTION, ROWS_SECTION};

/// An artifact opened to be looked into.
#[derive(Debug)]
pub struct Contents<'a>(Parts<'a>);

impl<'a> Contents<'a> {
    /// Opens an artifact.
    ///
    /// **Errors**: [`ArtifactError`] for anything but a whole artifact of a format this release reads.
    pub fn of(bytes: &'a [u8]) -> Result<Self, ArtifactError> {
        artifact::read(bytes).map(Self)
    }

    /// Where the model comes from and how good it was found to be.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.0.about
    }

    /// The model, as [`Model::from_bytes`] reads it: whoever wants more of an artifact too need not take it apart twice.
    ///
    /// **Errors**: a section that cannot be read.
    pub fn into_model(self) -> Result<Model, ArtifactError> {
        Model::of(self.0)
    }

    /// The trees of each stage in LightGBM's text format, by the stage's name.
    ///
    /// **Errors**: a section that cannot be read.
    pub fn trees(&self) -> Result<BTreeMap<String, String>, ArtifactError> {
        self.json(TREES_SECTION)
    }

    /// Hashes of the sites the model was trained on, as [`uu_data::site_hash`] with seed 0 makes them.
    ///
    /// **Errors**: a section that cannot be read.
    pub fn training_sites(&self) -> Result<BTreeSet<u64>, ArtifactError> {
        let (hashes, _) = self.0.section(SITES_SECTION)?.as_chunks::<8>();
        Ok(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect())
    }

    /// Hashes of the rows the model was trained on; empty where an earlier release trained it.
    #[cfg(feature = "train")]
    pub(crate) fn training_rows(&self) -> BTreeSet<u32> {
        let (hashes, _) = self.0.later_section(ROWS_SECTION).unwrap_or_default().as_chunks::<4>();
        hashes.iter().map(|hash| u32::from_le_bytes(*hash)).collect()
    }

    /// What requests are held against to see whether they drift; `None` where an earlier release trained the model.
    ///
    /// **Errors**: a section that cannot be read.
    pub fn drift_reference(&self) -> Result<Option<Reference>, ArtifactError> {
        let Some(bytes) = self.0.later_section(DRIFT_SECTION) else { return Ok(None) };
        let unreadable = |error: postcard::Error| ArtifactError::Unreadable { section: DRIFT_SECTION, reason: error.to_string() };
        postcard::from_bytes(bytes).map(Some).map_err(unreadable)
    }

    /// How the model was found to be when it was trained.
    ///
    /// **Errors**: a section that cannot be read.
    #[cfg(feature = "train")]
    pub fn report(&self) -> Result<crate::TrainReport, ArtifactError> {
        self.json(REPORT_SECTION)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, section: &'static str) -> Result<T, ArtifactError> {
        let unreadable = |reason: String| ArtifactError::Unreadable { section, reason };
        let bytes = zstd::decode_all(self.0.section(section)?).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
    }
}

#[cfg(all(test, feature = "train"))]
mod tests {
    use uu_testkit::models::trained;

    use super::*;
    use crate::model::MODEL_SECTION;

    /// As the first releases wrote them: without rows and without a drift reference.
    #[test]
    fn artifacts_of_the_first_releases_stay_readable() {
        let parts = artifact::read(&trained().artifact).unwrap();
        let sections = [MODEL_SECTION, TREES_SECTION, SITES_SECTION, REPORT_SECTION];
        let older = sections.map(|name| (name, parts.section(name).unwrap().to_vec()));
        let older = artifact::write(&parts.about, &older);
        let contents = Contents::of(&older).unwrap();
        assert!(contents.drift_reference().unwrap().is_none() && contents.training_rows().is_empty());
        assert!(!contents.training_sites().unwrap().is_empty() && contents.report().is_ok());
        assert_eq!(Model::from_bytes(&older).unwrap().about(), &parts.about);
        let header = serde_json::to_string(&About::default()).unwrap().replace(",\"continuations\":0", "");
        assert!(!header.contains("continuations"));
        assert_eq!(serde_json::from_str::<About>(&header).unwrap(), About::default());
        let now = Contents::of(&trained().artifact).unwrap();
        assert!(now.drift_reference().unwrap().is_some() && !now.training_rows().is_empty());
    }
}
