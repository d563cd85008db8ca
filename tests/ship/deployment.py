#!/usr/bin/env python3
"""Deploys real images to a real host, under load: tests/ship/deployment.py BINARY [--full]

The host is this machine: `deploy/prepare-host` prepares it (a user, Docker's group, haproxy's configuration), an sshd of the test's own listens on
loopback, images come from a registry on loopback. No image is pulled from elsewhere: bases are made by debootstrap and imported under the names that
the Dockerfile expects.

BINARY, a build of uu-predictor, is what good versions hold; the stages of the Dockerfile that compile are left out. With SHIP=whole they are not:
each commit is compiled by them, and all jobs of the pipeline are run, the tests among them. That takes an hour or two. With --full the same images go
on to a cluster and to an empty server (cluster.py, bare_host.py).

It must run as root on a machine that may be changed, as those of a pipeline are: `prepare-host` is meant to. What is not there is told and skipped.
"""

import os
import pathlib
import subprocess
import sys

import host
import images
import pipeline
from load import Load
from machine import ROOT, engine, missing_packages, run, say, succeeds, wait_until, workplace

PACKAGES = ["curl", "debootstrap", "docker.io", "docker-registry", "haproxy", "jq", "openssh-server", "rsync", "socat"]


def story(work, binary, names):
    good, following = names["predictor"], names["next"]
    assert host.deploy(work, good).returncode == 0
    token = run("docker", "logs", f"uu-{host.color()}").stdout.split()[0]
    load = Load(host.PROXY_PORT)
    wait_until("requests are answered", lambda: load.count > 100)
    assert host.deploy(work, following).returncode == 0 and host.serving() == following
    for sick, reason in [
        ("broken", "instead of getting ready"),
        ("elsewhere", "the new container is not ready after 20 s"),
        ("wrong", "answers of the new version are wrong"),
    ]:
        done = host.deploy(work, names[sick])
        assert done.returncode == 1 and reason in done.stderr and host.serving() == following, done.stderr
    stranger = host.deploy(work, following, known="other_key.known")
    assert stranger.returncode == 2 and "not the one it should be" in stranger.stderr
    with subprocess.Popen(["flock", host.STATE / "lock", "sleep", "600"], start_new_session=True) as holder:
        wait_until("the lock is held", lambda: not succeeds("flock", "--nonblock", host.STATE / "lock", "true"))
        second = host.deploy(work, good)
        assert second.returncode == 2 and "another deployment" in second.stderr
        os.killpg(holder.pid, 9)
    assert host.deploy(work, "--rollback").returncode == 0 and host.serving() == good
    assert list((host.STATE / "backups").glob("*.tar.zst")), "the state is backed up before each change"
    pipeline.story(work, binary, token, os.environ.get("SHIP") == "whole")
    say(f"{load.stop()} requests during all these deployments, none failed")


def main():
    if os.geteuid() != 0:
        print("SKIPPED: a host is prepared as root")
        return
    if missing := missing_packages(PACKAGES):
        print(f"SKIPPED: these packages could not be installed: {', '.join(missing)}")
        return
    binary = pathlib.Path(sys.argv[1]).resolve()
    with workplace("uu-ship-", host.clear) as work:
        if not engine(work):
            print("SKIPPED: no Docker engine runs here, and none can be started")
            return
        if impossible := images.base(work):
            print(f"SKIPPED: {impossible}")
            return
        if os.environ.get("SHIP") == "whole":
            images.rust_base(work)
        images.registry(work)
        images.binaries(work, binary)
        names = images.versions()
        images.check("uu-predictor:test")
        # A run that was killed may have left something.
        host.clear()
        host.prepare(work)
        story(work, binary, names)
        print("deployment: ok", flush=True)
        if "--full" in sys.argv:
            host.clear()
            for test, *of in [["cluster.py", "predictor"], ["bare_host.py", "predictor", "next", "broken"]]:
                subprocess.run([ROOT / "tests/ship" / test, *(f"uu-{name}:test" for name in of)], check=True)


main()
