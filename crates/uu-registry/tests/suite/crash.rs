//! `kill -9` at any instant: what was acknowledged is there, and the champion is whole.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use uu_registry::{Change, Location, ModelVersion, Registry};

use crate::versions::put;

/// Tells this program to be the process that is killed; holds the store.
pub(crate) const WRITER: &str = "UU_REGISTRY_TEST_WRITER";

const KILLS: u64 = 60;

/// Puts and promotes until it is killed, and says what it has done, each thing once it is done.
pub(crate) fn write_for_ever(store: &Path) -> ! {
    let registry = Registry::open(&Location::folder(store)).unwrap();
    let say = |what: &str, version: ModelVersion| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{what} {version}").unwrap();
        out.flush().unwrap();
    };
    loop {
        let number = registry.list().unwrap().len() as u32 + 1;
        let version = put(&registry, &artifact(number));
        say("put", version);
        registry.promote(version, &Change::default()).unwrap();
        say("promoted", version);
    }
}

/// The bytes of a version: large enough that a half of them is possible, and told by its number.
fn artifact(number: u32) -> Vec<u8> {
    number.to_le_bytes().repeat(25_000)
}

pub(crate) fn check() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let mut acknowledged = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap()).env(WRITER, &store).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Every fifth is killed while it opens; the others anywhere in the two writes that follow some acknowledgement.
        let mut told: Vec<String> = if kill % 5 == 0 { Vec::new() } else { said.by_ref().take(1 + kill as usize % 3).collect() };
        std::thread::sleep(Duration::from_micros(kill * 7_919 % 15_000));
        child.kill().unwrap();
        child.wait().unwrap();
        told.extend(said);
        acknowledged += told.len();
        inspect(&store, &told);
    }
    assert!(acknowledged > KILLS as usize, "the writer wrote: {acknowledged}");
}

fn inspect(store: &Path, told: &[String]) {
    let registry = Registry::open(&Location::folder(store)).unwrap();
    let (versions, aliases) = (registry.list().unwrap(), registry.aliases().unwrap());
    for line in told {
        // The last line may be cut where the process was.
        let Some((what, version)) = line.split_once(' ').and_then(|(what, name)| Some((what, name.parse::<ModelVersion>().ok()?))) else {
            continue;
        };
        assert!(versions.iter().any(|record| record.version == version), "{version} was acknowledged");
        assert_eq!(registry.read(version).unwrap(), artifact(version.number()));
        assert!(what != "promoted" || aliases.champion >= Some(version), "{version} was promoted, and {aliases:?}");
    }
    if let Some(champion) = aliases.champion {
        assert_eq!(registry.read(champion).unwrap(), artifact(champion.number()));
    }
}
