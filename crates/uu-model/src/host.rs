//! What a host name says of a site: where it is registered, whose it is, and how it is spelled.
//!
//! Visits per user differ between countries, and sites of one brand (`amazon.com`, `amazon.de`) are alike. Nothing outside the name is
//! looked up, and the rule that takes it apart is fixed: a list of public suffixes changes from release to release, and an artifact
//! must answer the same under all of them.

use serde::{Deserialize, Serialize};
use uu_core::host_of_site;
use uu_core::stats::site_hash;

use crate::checks::{Soundness, ensure, ensure_increasing};

/// Code of an unknown host.
pub(crate) const NO_HOST: u16 = 0;

/// Code of a suffix that too few sites of the training data have.
const RARE: u16 = 1;

/// Sites a suffix must have to be told apart.
const MIN_SITES: usize = 5;

/// Most suffixes that are told apart, so that each has a code; the commonest ones where there are more.
const MOST_SUFFIXES: usize = u16::MAX as usize - RARE as usize - 1;

/// Labels that stand before a country's own: `bbc.co.uk` is of `co.uk`.
const SECOND_LEVEL: [&str; 19] =
    ["ac", "asn", "co", "com", "edu", "gc", "gen", "go", "gob", "gouv", "gov", "in", "ne", "net", "nhs", "nom", "or", "org", "sch"];

/// Keeps the hashes of brands apart from those of sites.
const BRAND_SEED: u64 = 0xB7A2D;

/// A host as the features see it; the default is an unknown one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Host {
    /// Code of the suffix; [`NO_HOST`] where there is no host.
    pub suffix: u16,
    /// Hash of the brand.
    pub brand: u64,
    pub spelling: [u8; 4],
}

/// How a name is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spelling {
    /// Characters of the brand.
    Length,
    /// Dots in the whole name.
    Dots,
    /// Digits in the brand.
    Digits,
    /// Hyphens in the brand.
    Hyphens,
}

impl Spelling {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Length, Self::Dots, Self::Digits, Self::Hyphens];
}

impl Host {
    pub fn is_known(&self) -> bool {
        self.suffix != NO_HOST
    }

    /// The count, NaN where the host is unknown.
    pub fn spelling(&self, which: Spelling) -> f64 {
        if self.is_known() { f64::from(self.spelling[which as usize]) } else { f64::NAN }
    }
}

/// The suffixes that are distinguished, sorted; their codes start after `RARE`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Suffixes(Vec<Box<str>>);

impl Suffixes {
    /// The suffixes of sites, each named once; `None` where names tell nothing: all of one suffix, and no brand that has two sites.
    pub fn of<'a>(sites: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (mut counts, mut brands) = (std::collections::BTreeMap::<&str, usize>::new(), std::collections::HashSet::new());
        let (mut all, mut shared) = (0, 0);
        for (brand, suffix) in sites.filter_map(host_of_site).map(parts) {
            *counts.entry(suffix).or_default() += 1;
            all += 1;
            shared += usize::from(!brands.insert(brand));
        }
        let mut common: Vec<(&str, usize)> = counts.into_iter().filter(|(_, sites)| *sites >= MIN_SITES).collect();
        if common.len() > MOST_SUFFIXES {
            common.sort_by_key(|(suffix, sites)| (std::cmp::Reverse(*sites), *suffix));
            common.truncate(MOST_SUFFIXES);
            common.sort_unstable();
        }
        let common: Vec<Box<str>> = common.into_iter().map(|(suffix, _)| suffix.into()).collect();
        (common.len() > 1 || (!common.is_empty() && shared * 20 > all)).then_some(Self(common))
    }

    /// Checks that each has a code and is found.
    pub(crate) fn check(&self) -> Soundness {
        ensure(self.0.len() <= MOST_SUFFIXES, "the number of suffixes", format_args!("at most {MOST_SUFFIXES}"), self.0.len())?;
        ensure_increasing("the suffixes", &self.0)
    }

    /// How many codes there are.
    pub fn codes(&self) -> usize {
        self.0.len() + usize::from(RARE) + 1
    }

    /// What a site's host says; nothing where its name is no host.
    pub fn read(&self, site: &str) -> Host {
        let Some(host) = host_of_site(site) else { return Host::default() };
        let (brand, suffix) = parts(host);
        let code = self.0.binary_search_by(|known| known.as_ref().cmp(suffix)).map_or(RARE, |place| place as u16 + RARE + 1);
        let count = |text: &str, wanted: fn(u8) -> bool| text.bytes().filter(|byte| wanted(*byte)).count().min(255) as u8;
        let length = brand.chars().count().min(255) as u8;
        let spelling = [length, count(host, |b| b == b'.'), count(brand, |b| b.is_ascii_digit()), count(brand, |b| b == b'-')];
        Host { suffix: code, brand: site_hash(brand, BRAND_SEED), spelling }
    }
}

/// The label before the suffix of a host, and the suffix; a name of one label is both.
fn parts(site: &str) -> (&str, &str) {
    let Some((rest, last)) = site.rsplit_once('.') else { return (site, site) };
    let (before, second) = rest.rsplit_once('.').map_or((None, rest), |(before, second)| (Some(before), second));
    match before {
        Some(before) if SECOND_LEVEL.contains(&second) => {
            let brand = before.rsplit_once('.').map_or(before, |(_, brand)| brand);
            (brand, &site[site.len() - second.len() - last.len() - 1..])
        }
        _ => (second, last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("example.com", ("example", "com"))]
    #[case("www.shop.example.com", ("example", "com"))]
    #[case("bbc.co.uk", ("bbc", "co.uk"))]
    #[case("news.bbc.co.uk", ("bbc", "co.uk"))]
    #[case("co.uk", ("co", "uk"))]
    #[case("localhost", ("localhost", "localhost"))]
    #[case("", ("", ""))]
    #[case(".", ("", ""))]
    fn a_name_is_taken_apart(#[case] site: &str, #[case] expected: (&str, &str)) {
        assert_eq!(parts(site), expected);
    }

    #[test]
    fn a_path_is_no_part_of_suffix_brand_or_spelling() {
        let names: Vec<String> = (0..20).map(|site| format!("shop{site}.{}", if site < 10 { "de" } else { "fr" })).collect();
        let suffixes = Suffixes::of(names.iter().map(String::as_str)).unwrap();
        assert_eq!(suffixes.read("shop-24.de/a.b-1/c.fr"), suffixes.read("shop-24.de"));
    }

    #[test]
    fn a_name_that_is_no_host_has_no_suffix_and_no_brand() {
        let hosts: Vec<String> = (0..20).map(|site| format!("name{site}.{}", if site % 2 == 0 { "com" } else { "de" })).collect();
        let names: Vec<String> = (0..50).map(|site| format!("{site}")).chain(["my shop.de".to_owned()]).collect();
        let learned = |sites: &[&[String]]| Suffixes::of(sites.iter().copied().flatten().map(String::as_str));
        assert_eq!(learned(&[&hosts, &names]), learned(&[&hosts]));
        assert_eq!(learned(&[&names]), None);
        let suffixes = learned(&[&hosts]).unwrap();
        for name in ["10577", "localhost", "my shop.de", "men/women.de"] {
            assert_eq!(suffixes.read(name), Host::default(), "{name}");
        }
    }

    #[test]
    fn names_that_tell_nothing_are_not_learned() {
        let numbered: Vec<String> = (0..100).map(|site| format!("site-{site}.example")).collect();
        assert_eq!(Suffixes::of(numbered.iter().map(String::as_str)), None);
        let subdomains: Vec<String> = (0..100).map(|site| format!("part{site}.agency{}.gov", site % 10)).collect();
        assert!(Suffixes::of(subdomains.iter().map(String::as_str)).is_some(), "brands with several sites tell something");
    }

    #[test]
    fn a_host_is_known_by_suffix_brand_and_spelling() {
        let names: Vec<String> = (0..20).map(|site| format!("name{site}.{}", if site % 2 == 0 { "com" } else { "co.uk" })).collect();
        let suffixes = Suffixes::of(names.iter().map(String::as_str)).unwrap();
        let (ours, theirs) = (suffixes.read("my-shop24.com"), suffixes.read("my-shop24.co.uk"));
        assert_eq!(ours.brand, theirs.brand);
        assert_eq!((theirs.suffix, ours.suffix, suffixes.codes()), (2, 3, 4));
        assert_eq!(Spelling::ALL.map(|which| theirs.spelling(which)), [9.0, 2.0, 2.0, 1.0]);
        assert_eq!(suffixes.read("rare.museum").suffix, RARE);
        assert!(Host::default().spelling(Spelling::Length).is_nan());
    }
}
