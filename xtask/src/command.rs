//! Running programs, said aloud.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// A program to be run in the workspace's folder.
pub(crate) struct Program {
    command: Command,
}

/// The cargo that runs this.
pub(crate) fn cargo(root: &Path, subcommand: &str) -> Program {
    program(root, std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).args([subcommand])
}

pub(crate) fn program(root: &Path, name: impl AsRef<OsStr>) -> Program {
    let mut command = Command::new(name);
    command.current_dir(root);
    // Set by the cargo that started this one; cargo would take the change for a reason to build again.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "RUST_RECURSION_COUNT"] {
        command.env_remove(name);
    }
    Program { command }
}

impl Program {
    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Has what it writes go to that file.
    ///
    /// **Errors**: it cannot be made.
    pub(crate) fn into_file(mut self, path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("`{}` could not be made", path.display()))?;
        self.command.stderr(file.try_clone()?).stdout(file);
        Ok(self)
    }

    /// Runs it, its output shown.
    pub(crate) fn run(mut self) -> Result<()> {
        let text = self.text();
        let status = self.command.status().with_context(|| format!("`{text}` could not be started"))?;
        if !status.success() {
            bail!("`{text}` failed with {status}");
        }
        Ok(())
    }

    /// Runs it and takes what it writes to stdout.
    pub(crate) fn output(mut self) -> Result<Vec<u8>> {
        let text = self.text();
        let output = self.command.stderr(Stdio::inherit()).output().with_context(|| format!("`{text}` could not be started"))?;
        if !output.status.success() {
            bail!("`{text}` failed with {}", output.status);
        }
        Ok(output.stdout)
    }

    fn text(&self) -> String {
        let program = Path::new(self.command.get_program()).file_name().unwrap_or_default();
        let words = [program].into_iter().chain(self.command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }
}
