"""Programs that this machine runs for a test: each is ended with it."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

running = []


def say(text):
    print(f"== {text}", flush=True)


def run(*command, check=True, **options):
    done = subprocess.run(command, text=True, capture_output=True, **options)
    if check and done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def succeeds(*command, **options):
    return run(*command, check=False, **options).returncode == 0


def start(*command, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **options)
    running.append(process)
    return process


def end_all():
    """Ends what was started, the last first."""
    for process in reversed(running):
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@contextlib.contextmanager
def workplace(prefix, clear=lambda: None):
    """A folder of a test's own that other users may walk through; at its end `clear` is called, and what was started and the folder are gone."""
    work = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
    work.chmod(0o711)
    try:
        yield work
    finally:
        clear()
        end_all()
        shutil.rmtree(work, ignore_errors=True)


def wait_until(what, is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            sys.exit(f"error: waited in vain until {what}")
        time.sleep(0.1)


def missing_packages(packages):
    """Installs Debian packages that are not there; those that cannot be had."""
    missing = [package for package in packages if not succeeds("dpkg", "--status", package)]
    if missing and not (succeeds("apt-get", "update", "-qq") and succeeds("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)):
        return missing
    return []


def engine(work):
    """A Docker engine, the machine's own where one runs; says whether there is one."""
    # Debian's client and engine are of one version; a newer client builds with a plug-in that is not there.
    os.environ["PATH"] = f"/usr/bin:{os.environ['PATH']}"
    os.environ["DOCKER_BUILDKIT"] = "1"
    if succeeds("docker", "info"):
        return True
    run("groupadd", "--system", "--force", "docker")
    # The user that deploys asks for the engine where everybody does.
    socket = "unix:///var/run/docker.sock"
    process = start("dockerd", "--data-root", work / "docker", "--exec-root", work / "exec", "--pidfile", work / "docker.pid", "-H", socket, "--group", "docker")
    os.environ["DOCKER_HOST"] = socket
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if succeeds("docker", "info"):
            return True
        time.sleep(0.2)
    return False
