//! The Python wheel: packed from what the workspace's build makes, put into an environment of its own, and tested there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{Program, program};
use crate::metadata::workspace;

const CRATE: &str = "crates/uu-python";
const REQUIREMENTS: &str = "crates/uu-python/tests/requirements.txt";
const OF_NOTEBOOK: &str = "crates/uu-python/tests/requirements-notebook.txt";
/// Stands in for cargo when maturin asks for the library: it builds the workspace, whose parts are there already.
const CARGO: &str = "scripts/cargo-for-wheel";
const PACKAGE: &str = "uu_predictor";

/// Builds the wheel and runs its tests, with `full` the long ones too: those that execute the notebook.
///
/// Skips them, and says so, where Python or the packages they need cannot be had.
pub(crate) fn run(root: &Path, full: bool) -> Result<()> {
    let Some(environment) = Environment::prepare(root)? else { return Ok(()) };
    if full && !environment.install(root, OF_NOTEBOOK) {
        return Ok(());
    }
    let target = workspace(root)?.target;
    let wheel = environment.wheel(root, &target)?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--force-reinstall"];
    environment.python(root).args(install).args([&wheel]).run()?;
    let settings = format!("{CRATE}/pyproject.toml");
    let tests = format!("{CRATE}/tests");
    let types = |tool: &str| environment.python(root).args(["-m", tool]);
    types("mypy.stubtest").args([PACKAGE, "--mypy-config-file", &settings]).run()?;
    let cache = target.join("mypy");
    types("mypy").args(["--config-file", &settings, "--cache-dir", &cache.to_string_lossy(), &tests]).run()?;
    let binary = target.join("debug").join("uu-predictor");
    let cache = format!("cache_dir={}", target.join("pytest").display());
    let marked = if full { "" } else { "not long" };
    let pytest = environment.python(root).args(["-m", "pytest", "--quiet", "-m", marked, "--config-file", &settings, "-o", &cache, &tests]);
    pytest.env("BINARY_UNDER_TEST", &binary.to_string_lossy()).run()
}

/// A virtual environment with what the tests need.
pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// Makes it, or brings it up to date; `None` where that cannot be done here.
    pub(crate) fn prepare(root: &Path) -> Result<Option<Self>> {
        let environment = Self { folder: root.join(".tools/python") };
        let stamp = environment.folder.join("requirements.txt");
        let wanted = fs::read_to_string(root.join(REQUIREMENTS)).with_context(|| format!("`{REQUIREMENTS}` could not be read"))?;
        if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(Some(environment));
        }
        let usable = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 9))";
        if program(root, "python3").args(["-c", usable]).output().is_err() {
            eprintln!("SKIPPED: the Python wheel was not tested, since there is no Python 3.9 or newer with `venv`");
            return Ok(None);
        }
        program(root, "python3").args(["-m", "venv", "--clear"]).args([&environment.folder]).run()?;
        if !environment.install(root, REQUIREMENTS) {
            return Ok(None);
        }
        fs::write(&stamp, wanted).with_context(|| format!("`{}` could not be written", stamp.display()))?;
        Ok(Some(environment))
    }

    /// Installs the packages that a file lists; says so where they cannot be had.
    fn install(&self, root: &Path, requirements: &str) -> bool {
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements];
        let installed = self.python(root).args(install).run().is_ok();
        if !installed {
            eprintln!("SKIPPED: the Python wheel was not tested, since the packages of `{requirements}` could not be installed");
        }
        installed
    }

    /// Its interpreter.
    pub(crate) fn python(&self, root: &Path) -> Program {
        program(root, self.folder.join("bin/python"))
    }

    /// Packs the wheel in the profile of the tests.
    fn wheel(&self, root: &Path, target: &Path) -> Result<PathBuf> {
        let folder = target.join("wheels");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("`{}` could not be removed", folder.display()))?;
        }
        // The tag of any Linux: the wheel stays on this machine, whose libraries it uses.
        let build = ["build", "--quiet", "--profile", "dev", "--compatibility", "linux", "--manifest-path", "crates/uu-python/Cargo.toml"];
        let maturin = program(root, self.folder.join("bin/maturin")).args(build).args([Path::new("--out"), &folder]);
        maturin.env("CARGO", &root.join(CARGO).to_string_lossy()).run()?;
        let mut wheels = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        let Some(wheel) = wheels.pop() else { bail!("maturin left no wheel in `{}`", folder.display()) };
        Ok(wheel.path())
    }
}
