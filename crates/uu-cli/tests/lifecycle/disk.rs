//! A disk that is full, by a small file system of its own, which only root can make.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::fixture;
use crate::place::{Backend, Place};
use crate::server::{Server, wait_until};

const BYTES: usize = 24 << 20;

/// A mounted file system; unmounted when it is dropped.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(folder: &'a Path) -> Result<Self, String> {
        std::fs::create_dir_all(folder).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={BYTES}"), "tmpfs"]).arg(folder);
        let mounted = command.output().is_ok_and(|output| output.status.success());
        if mounted { Ok(Self(folder)) } else { Err("no file system can be mounted here".to_owned()) }
    }

    /// Takes all the room that is left; the file that does.
    fn fill(&self) -> PathBuf {
        let filling = self.0.join("filling");
        let _ = std::fs::write(&filling, vec![7; BYTES]);
        filling
    }
}

pub(crate) fn possible() -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    Small::mount(&folder.path().join("disk")).map(drop)
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

pub(crate) fn full(backend: &Backend) {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let mounted = Small::mount(&disk).unwrap();
    let place = Place::at(backend, folder, disk.join("store"));
    place.put_two_versions();
    let server = Server::start(&place);
    let rows = fixture().rows("second.csv");
    let filling = mounted.fill();

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

/// Bodies are kept in the temporary folder while they are checked.
pub(crate) fn temporary(backend: &Backend) {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Small::mount(folder.path()).unwrap();
    let place = Place::with_two_versions(backend);
    let server = Server::with(&place, &[("TMPDIR", folder.path().to_str().unwrap())]);
    let filling = mounted.fill();
    let rows = fixture().rows("second.csv");
    let form =
        [b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.csv\"\r\n\r\n", rows.as_slice(), b"\r\n--x--\r\n"].concat();
    for (kind, body) in [("text/csv", &rows), ("multipart/form-data; boundary=x", &form)] {
        let answer = server.ask("POST", "/retrain", kind, body);
        assert_eq!((answer.status, &answer.json()["type"]), (507, &"urn:uu-predictor:problem:store-full".into()), "{}", answer.body);
    }
    assert!(place.registry().jobs(10).unwrap().is_empty());
    assert_eq!(server.answering(), "v0001");
    std::fs::remove_file(&filling).unwrap();
    server.deliver("", &rows);
    drop(server);
}
