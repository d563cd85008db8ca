//! A clock that jumps, by libfaketime.

use std::path::Path;

use crate::fixture::fixture;
use crate::place::{Backend, Place};
use crate::server::Server;

/// Where Debian's package `libfaketime` puts it.
const LIBRARIES: [&str; 2] =
    ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"];

fn library() -> Result<&'static str, String> {
    let found = LIBRARIES.into_iter().find(|path| Path::new(path).exists());
    found.ok_or_else(|| "the clock cannot be moved without Debian's package `libfaketime`".to_owned())
}

pub(crate) fn possible() -> Result<(), String> {
    library().map(drop)
}

pub(crate) fn jumps(backend: &Backend) {
    let library = library().unwrap();
    let place = Place::with_two_versions(backend);
    let time = place.folder.path().join("time");
    let set = |offset: &str| std::fs::write(&time, offset).unwrap();
    set("+0");
    let variables = [
        ("LD_PRELOAD", library),
        ("FAKETIME_TIMESTAMP_FILE", time.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        // Only the wall clock jumps: the other is what a system promises not to move.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let server = Server::with(&place, &variables);
    let job = server.deliver("", &fixture().rows("second.csv"));
    let mut observed = 0;
    for (number, offset) in ["+3650d", "-3650d", "+1h", "-1h", "+0"].into_iter().enumerate() {
        set(offset);
        let version = if number % 2 == 0 { "v0002" } else { "v0001" };
        assert_eq!(server.post_patiently(&format!("/models/{version}/promote"), "").status, 200, "{offset}");
        server.wait_for_version(version);
        assert_eq!(server.post_patiently("/observations", &fixture().observations("second.csv")[number]).status, 201);
        observed += 1;
    }
    let job = server.wait_for_end(job);
    // Its worker is not taken for lost; what it was compared with has been replaced meanwhile, which is for it to find out.
    assert!(["succeeded", "refused", "failed"].contains(&job["state"].as_str().unwrap()), "{job}");
    assert_eq!(place.registry().observations_after(0, 100).unwrap().len(), observed);
    let log = server.get("/audit-log?limit=100").json();
    let numbers: Vec<i64> = log["records"].as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a > b), "the log is in the order in which things were done");
}
