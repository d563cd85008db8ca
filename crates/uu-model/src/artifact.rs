//! The artifact: one self-describing file that holds a model.
//!
//! Layout: the magic line, the format number (`u32`, little-endian), the length of the header (`u32`), the header as JSON, the sections
//! in the order the header lists them, and the SHA-256 of all that. The header tells what the file is without reading its sections.

use std::fmt::Display;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uu_core::escaped;

use crate::about::About;

/// What every artifact begins with.
const MAGIC: &[u8; 16] = b"UU PREDICTOR\r\n\x1a\n";

/// The format this release writes.
pub const ARTIFACT_FORMAT: u32 = 3;

/// The section of what an estimate is computed from.
pub const MODEL_SECTION: &str = "model";
/// The section of the trees in LightGBM's text format, by stage: a warm start continues them.
pub const TREES_SECTION: &str = "trees.zst";
/// The section of the figures that the training found, as JSON.
pub const REPORT_SECTION: &str = "report.json.zst";
/// The section of the hashes of the training's sites.
pub const SITES_SECTION: &str = "sites";
/// The section of the hashes of the training's rows; artifacts of the first releases are without it, and without those below.
pub const ROWS_SECTION: &str = "rows";
/// The section of what requests are compared with.
pub const DRIFT_SECTION: &str = "drift";
/// The section of how visits follow the rank.
pub const RANK_VISITS_SECTION: &str = "rank_visits";

const CHECKSUM_BYTES: usize = 32;
const PREFIX_BYTES: usize = MAGIC.len() + 8;

/// The bytes are not an artifact this release can read.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// They do not begin as an artifact does.
    #[error("not a model artifact: it does not begin with the artifact's mark (found {found_bytes} bytes)")]
    Foreign {
        /// How many bytes there were.
        found_bytes: usize,
    },
    /// A newer release wrote it.
    #[error("the artifact has format {found}, and this release reads formats up to {supported}; use a newer release")]
    NewerFormat {
        /// The artifact's format.
        found: u32,
        /// The newest format this release reads.
        supported: u32,
    },
    /// The bytes are not those that were written.
    #[error("the artifact is damaged: its checksum is {expected}, its bytes give {found}; restore it from a backup or train again")]
    Damaged {
        /// The checksum written at its end.
        expected: String,
        /// The checksum of what is there.
        found: String,
    },
    /// The file ends before its end.
    #[error("the artifact is cut short: {expected_bytes} bytes expected, {found_bytes} found; restore it from a backup or train again")]
    Truncated {
        /// Bytes its header announces, at least.
        expected_bytes: usize,
        /// Bytes there are.
        found_bytes: usize,
    },
    /// The checksum holds and yet a part cannot be read: it was not written by this product.
    #[error("the artifact's part `{section}` cannot be read: {reason}; restore it from a backup or train again")]
    Unreadable {
        /// The part.
        section: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// Every part can be read, and the model has no sound answer all the same.
    #[error("the model must answer every record within the bounds of estimates; {reason}")]
    Unsound {
        /// What was asked, and what was wrong.
        reason: String,
    },
}

impl ArtifactError {
    /// A part that cannot be read; what the reader says may quote the part, which may come from anybody.
    pub fn unreadable(section: &'static str, reason: impl Display) -> Self {
        Self::Unreadable { section, reason: escaped(&reason.to_string()).into_owned() }
    }
}

/// A named part of an artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Section {
    name: String,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    about: About,
    sections: Vec<Section>,
}

/// An artifact taken apart: checked, its parts not yet decoded.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) format: u32,
    pub(crate) about: About,
    bytes: &'a [u8],
    sections: Vec<(String, Range<usize>)>,
}

/// Puts an artifact together.
pub fn write(about: &About, sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let header = Header {
        about: about.clone(),
        sections: sections.iter().map(|(name, bytes)| Section { name: (*name).to_owned(), bytes: bytes.len() }).collect(),
    };
    let header = serde_json::to_vec(&header).expect("a header has only texts, numbers and lists");
    let mut out = Vec::with_capacity(PREFIX_BYTES + header.len() + sections.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() + 32);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&ARTIFACT_FORMAT.to_le_bytes());
    out.extend_from_slice(&u32::try_from(header.len()).expect("a header of a few kilobytes").to_le_bytes());
    out.extend_from_slice(&header);
    for (_, bytes) in sections {
        out.extend_from_slice(bytes);
    }
    let checksum = Sha256::digest(&out);
    out.extend_from_slice(&checksum);
    out
}

/// Takes an artifact apart.
///
/// **Errors**: [`ArtifactError`] for anything but a whole artifact of a known format.
pub(crate) fn read(bytes: &[u8]) -> Result<Parts<'_>, ArtifactError> {
    let number_at = |at: usize| bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let truncated = |expected_bytes: usize| ArtifactError::Truncated { expected_bytes, found_bytes: bytes.len() };
    if !bytes.starts_with(MAGIC) {
        return Err(ArtifactError::Foreign { found_bytes: bytes.len() });
    }
    let format = number_at(MAGIC.len()).ok_or_else(|| truncated(PREFIX_BYTES))?;
    if format > ARTIFACT_FORMAT {
        return Err(ArtifactError::NewerFormat { found: format, supported: ARTIFACT_FORMAT });
    }
    let header_bytes = number_at(MAGIC.len() + 4).ok_or_else(|| truncated(PREFIX_BYTES))? as usize;
    let body = PREFIX_BYTES + header_bytes;
    if bytes.len() < body + CHECKSUM_BYTES {
        return Err(truncated(body + CHECKSUM_BYTES));
    }
    let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
    let found = Sha256::digest(content);
    if found.as_slice() != checksum {
        return Err(damaged_or_truncated(bytes, body, checksum, &found));
    }
    let header: Header = serde_json::from_slice(&bytes[PREFIX_BYTES..body]).map_err(|error| ArtifactError::unreadable("header", error))?;
    let mut start = body;
    let mut sections = Vec::with_capacity(header.sections.len());
    for section in header.sections {
        let end = start.checked_add(section.bytes).filter(|&end| end <= content.len()).ok_or_else(|| truncated(start))?;
        sections.push((section.name, start..end));
        start = end;
    }
    Ok(Parts { format, about: header.about, bytes, sections })
}

/// A file cut short fails its checksum too; its header, if it is whole, tells how long it should be.
fn damaged_or_truncated(bytes: &[u8], body: usize, expected: &[u8], found: &[u8]) -> ArtifactError {
    if let Ok(header) = serde_json::from_slice::<Header>(&bytes[PREFIX_BYTES..body]) {
        let sections = header.sections.iter().fold(0usize, |sum, section| sum.saturating_add(section.bytes));
        let whole = sections.saturating_add(body + CHECKSUM_BYTES);
        if bytes.len() < whole {
            return ArtifactError::Truncated { expected_bytes: whole, found_bytes: bytes.len() };
        }
    }
    ArtifactError::Damaged { expected: hex::encode(expected), found: hex::encode(found) }
}

impl<'a> Parts<'a> {
    /// The bytes of a section that earlier releases did not write.
    pub(crate) fn later_section(&self, name: &str) -> Option<&'a [u8]> {
        self.sections.iter().find(|(other, _)| other == name).map(|(_, range)| &self.bytes[range.clone()])
    }

    /// The bytes of a section.
    pub(crate) fn section(&self, name: &'static str) -> Result<&'a [u8], ArtifactError> {
        self.later_section(name).ok_or_else(|| ArtifactError::unreadable(name, "it is not there"))
    }
}

/// The SHA-256 an artifact ends with, in hexadecimal: its identity.
#[must_use]
pub fn artifact_checksum(bytes: &[u8]) -> String {
    hex::encode(&bytes[bytes.len().saturating_sub(CHECKSUM_BYTES)..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn artifact() -> Vec<u8> {
        write(&About::default(), &[("model", vec![1, 2, 3, 4]), ("trees", vec![9; 100])])
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = artifact();
        let parts = read(&bytes).unwrap();
        assert_eq!(parts.section("model").unwrap(), [1, 2, 3, 4]);
        assert_eq!(parts.section("trees").unwrap(), [9; 100]);
        assert!(matches!(parts.section("absent"), Err(ArtifactError::Unreadable { .. })));
    }

    #[test]
    fn foreign_newer_and_cut_files_are_told_apart() {
        assert!(matches!(read(b"tree\nversion=v4\n"), Err(ArtifactError::Foreign { .. })));
        assert!(matches!(read(&[]), Err(ArtifactError::Foreign { .. })));
        let whole = artifact();
        for length in MAGIC.len()..whole.len() {
            assert!(matches!(read(&whole[..length]), Err(ArtifactError::Truncated { .. })), "{length}");
        }
        let mut newer = whole;
        newer[MAGIC.len()] = 200;
        assert!(matches!(read(&newer), Err(ArtifactError::NewerFormat { found: 200, .. })));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_noticed(at in 0usize..200, bit in 0u8..8) {
            let mut bytes = artifact();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(read(&bytes).is_err());
        }
    }
}
