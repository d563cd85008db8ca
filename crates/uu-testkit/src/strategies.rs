//! Random records.

use proptest::option;
use proptest::prelude::*;
use uu_core::{AvgVisitDuration, BounceRate, Category, Month, PagesPerVisit, Rank, Record, UniqueUsers, Visits};

/// Sizes over all orders of magnitude a record can have, its edges included.
fn size() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => Just(0.0),
        1 => Just(1.0),
        1 => Just(1e12),
        2 => 0.0..10.0f64,
        8 => (0.0..27.0f64).prop_map(|log| log.exp().round()),
    ]
}

/// Any record that a check lets through, with any pattern of missing inputs; its unique users are unknown.
pub fn record() -> impl Strategy<Value = Record> {
    let site = prop_oneof!["brand[0-9]{1,3}\\.(com|co\\.uk|de|gov)", "[a-z][a-z0-9-]{0,9}(\\.[a-z0-9]{1,9})?\\.[a-z]{2,6}"];
    let names = (option::of(site), option::of(prop_oneof![Just("generated"), Just("elsewhere")]));
    let sizes = (option::of(size()), option::of(size()), option::of(1.0..200.0f64));
    let shares = (option::of(0.0..=100.0f64), option::of(0.0..20_000.0f64), option::of(1u32..=209));
    (1_990u32..2_040, 1u32..=12, names, sizes, shares).prop_map(
        |(year, month, (site, source), (visits, rank, pages), (bounce, duration, code))| Record {
            site: site.map(String::into_boxed_str),
            source: source.map(Box::from),
            visits: visits.and_then(|visits| Visits::new(visits).ok()),
            rank: rank.and_then(|rank| Rank::new(rank.round()).ok()),
            pages_per_visit: pages.and_then(|pages| PagesPerVisit::new(pages).ok()),
            bounce_rate: bounce.and_then(|bounce| BounceRate::new(bounce).ok()),
            avg_visit_duration: duration.and_then(|duration| AvgVisitDuration::new(duration).ok()),
            category: code.and_then(Category::from_code),
            ..Record::unknown(Month::new(year, month).expect("a month of those years"))
        },
    )
}

/// Any record whose unique users are known and do not exceed its visits.
pub fn labelled_record() -> impl Strategy<Value = Record> {
    (record(), 0.0..1.0f64).prop_map(|(record, share)| {
        let most = record.visits.map_or(1e9, Visits::get);
        Record { unique_users: UniqueUsers::new((most * share).floor()).ok(), ..record }
    })
}
