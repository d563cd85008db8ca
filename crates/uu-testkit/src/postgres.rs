//! A PostgreSQL of one's own, from the programs of Debian's package `postgresql`.
#![expect(clippy::unwrap_used, reason = "a server that cannot be made fails the test that needs it")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const USER: &str = "uu";
const PASSWORD: &str = "hunter2";

/// A server on a port of its own; stopped when it is dropped.
pub struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    owner: Option<(u32, u32)>,
    port: u16,
    server: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Postgres {
    /// Makes a server and starts it.
    ///
    /// **Errors**: why it cannot be made here.
    ///
    /// # Panics
    /// If what is installed does not work.
    pub fn start() -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL is not installed (Debian package `postgresql`)")?;
        let folder = tempfile::tempdir().unwrap();
        // The server refuses to run as root.
        let owner = is_root(folder.path()).then(unprivileged).transpose()?;
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let postgres = Self { programs, folder, owner, port, server: Mutex::new(None), databases: AtomicU32::new(0) };
        postgres.initialise();
        postgres.resume();
        Ok(postgres)
    }

    /// A database of its own for each check.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn new_database(&self) -> String {
        let name = format!("check_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        assert!(self.ask(&format!("CREATE DATABASE {name}")), "no database can be made");
        self.url(&name)
    }

    /// Stops the server, as when its machine is taken away: connections are cut.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn pause(&self) {
        let child = self.server.lock().unwrap().take();
        if let Some(mut child) = child {
            // `SIGQUIT` ends it and all its children at once, which `SIGKILL` does not.
            let _ = Command::new("sh").args(["-c", &format!("kill -QUIT {}", child.id())]).status();
            child.wait().unwrap();
        }
    }

    /// Starts it again, on the same port and with the same data, and waits until it answers.
    ///
    /// # Panics
    /// If it does not.
    pub fn resume(&self) {
        let port = self.port.to_string();
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &port, "-c", "fsync=off", "-c", "max_connections=200"]);
        *self.server.lock().unwrap() = Some(command.spawn().unwrap());
        let deadline = Instant::now() + Duration::from_secs(180);
        while !self.ask("SELECT 1") {
            assert!(Instant::now() < deadline, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Does what statements say in a database that [`Postgres::new_database`] gave.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn execute(&self, database_url: &str, sql: &str) {
        assert!(self.ask_in(database_url, sql), "refused: {sql}");
    }

    /// Whether the server does what a statement says.
    fn ask(&self, sql: &str) -> bool {
        self.ask_in(&self.url("postgres"), sql)
    }

    fn ask_in(&self, database_url: &str, sql: &str) -> bool {
        let mut command = self.command("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]).arg(database_url);
        command.status().is_ok_and(|status| status.success())
    }

    fn initialise(&self) {
        let password = self.folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        if let Some((user, group)) = self.owner {
            chown(&password, Some(user), Some(group)).unwrap();
        }
        let mut command = self.command("initdb");
        command.arg("-D").arg(self.data()).args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "--pwfile"]);
        let status = command.arg(&password).status().unwrap();
        assert!(status.success(), "initdb: {status}");
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.pause();
    }
}

/// The folder of the newest server that is installed.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let found = versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file());
    let version = |bin: &PathBuf| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    found.max_by_key(version)
}

/// Whether this process is root's, told by whose its new folder is.
fn is_root(folder: &Path) -> bool {
    fs::metadata(folder).unwrap().uid() == 0
}

/// User and group to run the server as.
fn unprivileged() -> Result<(u32, u32), String> {
    let id = |kind: &str, user: &str| {
        let output = Command::new("id").args([kind, user]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    let user = ["postgres", "nobody"].into_iter().find_map(|user| Some((id("-u", user)?, id("-g", user)?)));
    user.ok_or_else(|| "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`".to_owned())
}
