//! The hash by which sites are drawn and divided.

/// A hash of a site that is the same on every machine and in every version: FNV-1a, finished by SplitMix64 so that all bits mix.
#[must_use]
pub fn site_hash(site: &str, seed: u64) -> u64 {
    let fnv = site.bytes().fold(0xCBF2_9CE4_8422_2325 ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let mut mixed = fnv.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
