//! What an artifact holds beside the model: nothing of it is read to answer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use crate::about::About;
use crate::artifact::{self, ArtifactError, Parts, ROWS_SECTION, SITES_SECTION, TREES_SECTION};
use crate::model::Model;

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

    /// Hashes of the sites the model was trained on, as [`uu_core::stats::site_hash`] with seed 0 makes them.
    ///
    /// **Errors**: a section that cannot be read.
    pub fn training_sites(&self) -> Result<BTreeSet<u64>, ArtifactError> {
        let (hashes, rest) = self.0.section(SITES_SECTION)?.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(ArtifactError::unreadable(SITES_SECTION, "its last hash is cut off"));
        }
        Ok(hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect())
    }

    /// Hashes of the rows the model was trained on; empty where an earlier release trained it.
    pub fn training_rows(&self) -> BTreeSet<u32> {
        let (hashes, _) = self.0.later_section(ROWS_SECTION).unwrap_or_default().as_chunks::<4>();
        hashes.iter().map(|hash| u32::from_le_bytes(*hash)).collect()
    }

    /// What a section holds as compressed JSON.
    ///
    /// **Errors**: there is no such section, it cannot be read, or it holds something else.
    pub fn json<T: serde::de::DeserializeOwned>(&self, section: &'static str) -> Result<T, ArtifactError> {
        let bytes = decompressed(self.0.section(section)?).map_err(|error| ArtifactError::unreadable(section, error))?;
        serde_json::from_slice(&bytes).map_err(|error| ArtifactError::unreadable(section, error))
    }
}

/// Bytes that a section takes at most for each of its compressed ones, and the least that any section may take: texts of trees and figures in
/// JSON take some 4 to 20.
const MOST_RATIO: u64 = 100;
const LEAST_BOUND: u64 = 1 << 20;

/// Decompresses a section, which may come from anybody: some kilobytes could ask for gigabytes.
fn decompressed(section: &[u8]) -> io::Result<Vec<u8>> {
    let most = (section.len() as u64).saturating_mul(MOST_RATIO).max(LEAST_BOUND);
    let mut bytes = Vec::new();
    zstd::Decoder::new(section)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it must take at most {most} bytes once it is decompressed, got more")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use uu_testkit::models::trained;

    use super::*;
    use crate::artifact::{MODEL_SECTION, REPORT_SECTION};

    #[test]
    fn a_section_that_takes_too_much_once_it_is_decompressed_is_refused() {
        let zeros = |bytes: usize| zstd::encode_all(std::io::repeat(b'0').take(bytes as u64), 3).unwrap();
        let bomb = zeros(256 << 20);
        assert!(bomb.len() < 64 << 10, "{} bytes", bomb.len());
        let artifact = artifact::write(&About::default(), &[(TREES_SECTION, bomb.clone()), (REPORT_SECTION, bomb)]);
        let contents = Contents::of(&artifact).unwrap();
        for error in [contents.trees().unwrap_err(), contents.json::<serde_json::Value>(REPORT_SECTION).unwrap_err()] {
            assert!(error.to_string().contains("bytes once it is decompressed, got more"), "{error}");
        }
        assert_eq!(decompressed(&zeros(1 << 20)).unwrap().len(), 1 << 20);
        assert!(decompressed(&zeros((1 << 20) + 1)).is_err());
    }

    /// As the first releases wrote them: without rows and without a drift reference.
    #[test]
    fn artifacts_of_the_first_releases_stay_readable() {
        let parts = artifact::read(&trained().artifact).unwrap();
        let sections = [MODEL_SECTION, TREES_SECTION, SITES_SECTION, REPORT_SECTION];
        let older = sections.map(|name| (name, parts.section(name).unwrap().to_vec()));
        let older = artifact::write(&parts.about, &older);
        let contents = Contents::of(&older).unwrap();
        assert!(contents.training_rows().is_empty());
        assert!(!contents.training_sites().unwrap().is_empty() && contents.json::<serde_json::Value>(REPORT_SECTION).is_ok());
        let model = Model::from_bytes(&older).unwrap();
        assert_eq!((model.about(), model.drift_reference().is_none()), (&parts.about, true));
        let header = serde_json::to_string(&About::default()).unwrap().replace(",\"continuations\":0", "");
        assert!(!header.contains("continuations"));
        assert_eq!(serde_json::from_str::<About>(&header).unwrap(), About::default());
        let now = Contents::of(&trained().artifact).unwrap();
        assert!(!now.training_rows().is_empty() && now.into_model().unwrap().drift_reference().is_some());
    }
}
