//! A disk that is full, by a small file system of its own, which only root can make.

use std::path::Path;
use std::process::Command;

use crate::fixture::fixture;
use crate::place::{Backend, Place};
use crate::server::{Server, say, wait_until};

const BYTES: usize = 24 << 20;

/// A mounted file system; unmounted when it is dropped.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(folder: &'a Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={BYTES}"), "tmpfs"]).arg(folder);
        command.output().is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

pub(crate) fn full(backend: &Backend) {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let Some(_mounted) = Small::mount(&disk) else {
        say("SKIPPED: no file system can be mounted here");
        return;
    };
    let place = Place::at(backend, folder, disk.join("store"));
    place.put_two_versions();
    let server = Server::start(&place);
    let rows = fixture().rows("second.csv");
    let filling = disk.join("filling");
    let _ = std::fs::write(&filling, vec![7; BYTES]);

    let answer = server.ask("POST", "/retrain", "text/csv", &rows);
    // What cannot be written is 507; where not even a reader gets what it needs, the store is away for the moment.
    assert!([503, 507].contains(&answer.status), "{} {}", answer.body, server.log.lock().unwrap());
    let observed = server.post("/observations", &fixture().observations("second.csv")[0]);
    // A database on another machine has a disk of its own.
    assert!(observed.status == 201 || ([503, 507].contains(&observed.status) && place.database_url.is_none()), "{}", observed.body);
    assert_eq!(server.answering(), "v0001");

    std::fs::remove_file(&filling).unwrap();
    assert!(place.registry().jobs(10).unwrap().is_empty(), "nothing was kept");
    wait_until("it goes on once there is room", || server.post("/observations", &fixture().observations("second.csv")[1]).status == 201);
    let job = server.wait_for_end(server.deliver("", &rows));
    assert!(job["outcome"]["retraining"]["decision"].is_string(), "{job}: {}", server.log.lock().unwrap());
    drop(server);
}
