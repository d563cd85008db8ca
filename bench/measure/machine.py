"""What is needed on the machine, and what the machine is."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
PEERS = BENCH / "peers"
CORES = len(os.sched_getaffinity(0))


class BenchError(Exception):
    """Measuring cannot go on; the text says why."""


@dataclass(frozen=True)
class Tools:
    predictor: Path
    echo: Path
    python: Path
    store: Path | None = None

    def with_store(self, store):
        return replace(self, store=store)


def say(text):
    print(text, file=sys.stderr, flush=True)


def prepare(binary):
    """Installs what is missing, or says what is, and builds both servers."""
    shell(
        "source scripts/prepare.sh; uu_prepare; packages=();"
        "uu_has_venv || packages+=(python3-venv); command -v wrk >/dev/null || packages+=(wrk);"
        'if [[ ${#packages[@]} -gt 0 ]]; then uu_install "${packages[@]}"; fi'
    )
    python = virtual_environment()
    target = Path(shell("source scripts/prepare.sh; uu_prepare_rust; uu_target_directory", capture=True).strip())
    packages = ["--package", "uu-bench-echo"] + ([] if binary else ["--package", "uu-cli"])
    run(["cargo", "build", "--release", "--locked", *packages], timeout=3600)
    predictor = binary.resolve() if binary else target / "release/uu-predictor"
    return Tools(predictor=predictor, echo=target / "release/uu-bench-echo", python=python)


def virtual_environment():
    """The peers' Python, made anew when the list of what it holds changes."""
    folder, wanted = BENCH / ".venv", (BENCH / "requirements.txt").read_text()
    stamp, python = folder / "requirements.txt", folder / "bin/python"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    say("installing the peers (Python) into bench/.venv")
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(folder)], timeout=120)
    run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(BENCH / "requirements.txt")], timeout=1800)
    stamp.write_text(wanted)
    return python


def describe(tools):
    """What the figures stand for."""
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"warning: this machine is busy (load {load:.1f}); figures of a busy machine say little")
    versions = output([str(tools.python), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"]).split()
    return {
        "commit": output(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]).strip() or None,
        "processor": processor(),
        "cores": CORES,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "load_before": round(load, 2),
        "rust": output(["rustc", "--version"]).strip(),
        "python": platform.python_version(),
        "peers": dict(version.split("==", 1) for version in versions if "==" in version),
    }


def processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def artifact_checksum(store):
    """Of the one artifact that all figures of a run come from."""
    (artifact,) = (store / "models").glob("*.uumodel")
    return hashlib.sha256(artifact.read_bytes()).hexdigest()


def output(command):
    """What a program says; nothing where it is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT).stdout
    except FileNotFoundError:
        return ""


def run(command, timeout):
    if subprocess.run(command, cwd=ROOT, timeout=timeout, stdin=subprocess.DEVNULL).returncode != 0:
        raise BenchError(f"`{' '.join(command)}` failed")


def shell(script, capture=False):
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if capture else None
    )
    if result.returncode != 0:
        raise BenchError("what is missing on this machine is named above")
    return result.stdout
