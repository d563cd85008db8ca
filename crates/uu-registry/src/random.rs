//! Random bits from the operating system, and texts made of bytes.

use std::io;

use sha2::{Digest, Sha256};

use crate::RegistryError;

/// Random bytes that nobody can guess.
pub(crate) fn bytes<const COUNT: usize>() -> Result<[u8; COUNT], RegistryError> {
    let mut bytes = [0; COUNT];
    getrandom::fill(&mut bytes).map_err(|error| RegistryError::Random { source: io::Error::other(error) })?;
    Ok(bytes)
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A SHA-256 that grows piece by piece.
#[derive(Default)]
pub(crate) struct Hash(Sha256);

impl Hash {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all pieces, as [`sha256`] gives it.
    pub(crate) fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_sha256sum() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
