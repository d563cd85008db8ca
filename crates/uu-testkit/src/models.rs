//! A small model on generated data.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use uu_core::{Checked, Rules};
use uu_data::Dataset;
use uu_data::clean::{CleanOptions, QualityReport, clean};
use uu_data::read::{BadRows, Format, Input, ReadOptions, read_all};
use uu_data::sample::BUNDLED;
use uu_model::Model;
use uu_train::{Correction, Silent, TrainSettings, Trained, TreeSettings, train};

/// Sites that [`trained`] has.
const TRAINED_SITES: usize = 1_000;

/// Suffixes of the sites' names.
const SUFFIXES: [&str; 4] = ["com", "co.uk", "de", "gov"];

/// Cleaned rows of the first `sites` sites of the bundled sample, under names of several suffixes and brands of several sites, as real
/// ones have them.
///
/// # Panics
/// If the bundled sample cannot be read and cleaned.
#[must_use]
pub fn dataset(sites: usize) -> Dataset {
    cleaned(sites).0
}

/// Cleaned rows of the sites of these numbers; `dataset` has those from 0.
///
/// # Panics
/// If the bundled sample cannot be read and cleaned.
#[must_use]
pub fn sites(numbers: Range<usize>) -> Dataset {
    clean(rows(numbers), CleanOptions::default()).expect("generated rows are of one source").0
}

/// Rows of the `sites` sites that come after those of [`trained`], cleaned as rows a model is judged on.
///
/// # Panics
/// If the bundled sample cannot be read and cleaned.
#[must_use]
pub fn unseen(sites: usize) -> Dataset {
    clean(rows(TRAINED_SITES..TRAINED_SITES + sites), CleanOptions::for_judging()).expect("generated rows are of one source").0
}

/// The rows of [`dataset`] with what cleaning found.
///
/// # Panics
/// If the bundled sample cannot be read and cleaned.
#[must_use]
pub fn cleaned(sites: usize) -> (Dataset, QualityReport) {
    clean(rows(0..sites), CleanOptions::default()).expect("generated rows are of one source")
}

/// The rows of some sites of the bundled sample; a site's new name depends on its place alone.
fn rows(sites: Range<usize>) -> Vec<Checked> {
    let sample = Input::bytes("the bundled sample", BUNDLED);
    let options = ReadOptions { format: Some(Format::Parquet), ..ReadOptions::default() };
    let (mut rows, _) = read_all(vec![sample], &options, BadRows::Fail).expect("the bundled sample can be read");
    let names: BTreeSet<Option<Box<str>>> = rows.iter().map(|row| row.record.site.clone()).collect();
    let numbers: BTreeMap<Option<Box<str>>, usize> = names.into_iter().zip(0..).filter(|(_, number)| sites.contains(number)).collect();
    rows.retain_mut(|row| {
        let Some(number) = numbers.get(&row.record.site) else { return false };
        row.record.site = Some(format!("brand{}.{}", number / 3, SUFFIXES[number % SUFFIXES.len()]).into());
        true
    });
    rows
}

/// Settings that keep a training within a second or two: a fifth of the trees.
#[must_use]
pub fn quick_settings() -> TrainSettings {
    let defaults = TrainSettings::default();
    let fewer = |trees: &TreeSettings| TreeSettings { num_iterations: trees.num_iterations / 5, ..trees.clone() };
    TrainSettings {
        folds: 3,
        copies: 1,
        ratio: fewer(&defaults.ratio),
        visits: fewer(&defaults.visits),
        fill: fewer(&defaults.fill),
        spread: fewer(&defaults.spread),
        correction: Correction { trees: fewer(&defaults.correction.trees), ..defaults.correction.clone() },
        ..defaults
    }
}

/// A training on 1,000 generated sites, made once for each test binary.
///
/// # Panics
/// If the training fails.
#[must_use]
pub fn trained() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(|| {
        train(&dataset(TRAINED_SITES), &Rules::default(), &quick_settings(), &Silent).expect("generated rows are enough to train on")
    })
}

/// The model of [`trained`].
///
/// # Panics
/// If the training fails.
#[must_use]
pub fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| Model::from_bytes(&trained().artifact).expect("what was just trained can be read"))
}

/// Bytes of the checksum that an artifact ends with.
const CHECKSUM_BYTES: usize = 32;

/// An artifact after its content was changed, with a checksum that is right.
#[must_use]
pub fn resealed(artifact: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut content = artifact[..artifact.len() - CHECKSUM_BYTES].to_vec();
    change(&mut content);
    let checksum = Sha256::digest(&content);
    content.extend_from_slice(&checksum);
    content
}

/// Where the sections of an artifact begin.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn sections_at(artifact: &[u8]) -> usize {
    /// The mark and two numbers, of which the second is the length of the header.
    const PREFIX_BYTES: usize = 24;
    let header = artifact[PREFIX_BYTES - 4..PREFIX_BYTES].try_into().map(u32::from_le_bytes).expect("four bytes are a number");
    PREFIX_BYTES + header as usize
}

/// The artifact of [`trained`] with one byte of its model changed and a checksum that is right: each part can be read, and an index leads out
/// of its list.
///
/// # Panics
/// If the training fails, or does not learn all numeric inputs.
#[must_use]
pub fn unsound() -> Vec<u8> {
    /// How the columns of the first stage begin: those of the five numeric inputs, each with its number.
    const COLUMNS: [u8; 10] = [0, 0, 0, 1, 0, 2, 0, 3, 0, 4];
    let artifact = &trained().artifact;
    let from = sections_at(artifact);
    let place = artifact[from..].windows(COLUMNS.len()).position(|bytes| bytes == COLUMNS).expect("all numeric inputs are learned");
    resealed(artifact, |content| content[from + place + 1] = 127)
}
