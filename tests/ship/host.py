"""The host: this machine, prepared by `deploy/prepare-host`, reached over an sshd of the test's own."""

import os
import pathlib
import subprocess
import time

from machine import ROOT, run, say, start, wait_until

SSH_PORT, PROXY_PORT = 2222, 5080
VOLUME = "uu-ship-test"
STATE = pathlib.Path("/var/lib/uu-deploy")


def prepare(work):
    """Twice: the second time there must be nothing to do."""
    for name in ["deploy_key", "host_key", "other_key"]:
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work / name)
    key = (work / "deploy_key.pub").read_text().strip()
    command = [ROOT / "deploy/prepare-host", "--authorized-key", key, "--bind", f"127.0.0.1:{PROXY_PORT}"]
    run(*command)
    again = run(*command)
    assert "nothing was changed" in again.stderr, again.stderr
    for name in ["host_key", "other_key"]:
        public = (work / f"{name}.pub").read_text().split()
        (work / f"{name}.known").write_text(f"[127.0.0.1]:{SSH_PORT} {public[0]} {public[1]}\n")
    config = work / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{SSH_PORT}\nHostKey {work}/host_key\nPidFile {work}/sshd.pid\nUsePAM no\nPasswordAuthentication no\nStrictModes yes\n"
    )
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    pathlib.Path("/run/haproxy").mkdir(exist_ok=True)
    # An account without a password is locked for sshd without PAM.
    run("usermod", "--password", "*", "uu-deploy")
    start("/usr/sbin/sshd", "-D", "-e", "-f", config)
    start("haproxy", "-f", "/etc/haproxy/haproxy.cfg", "-db")
    wait_until("haproxy listens", lambda: pathlib.Path("/run/haproxy/admin.sock").exists())


def settings(work, known="host_key.known"):
    """What whoever deploys must set."""
    return {
        "DEPLOY_HOST": "127.0.0.1", "DEPLOY_PORT": str(SSH_PORT), "DEPLOY_HOST_KEYS": str(work / known), "DEPLOY_KEY": str(work / "deploy_key"),
        "DEPLOY_NETWORK": "host", "DEPLOY_READY_S": "20", "DEPLOY_DRAIN_S": "20", "DEPLOY_VOLUME": VOLUME,
    }


def deploy(work, image, **keys):
    begin = time.monotonic()
    done = subprocess.run([ROOT / "deploy/deploy", image], text=True, capture_output=True, env={**os.environ, **settings(work, **keys)})
    say(f"deploy {image.split('/')[-1].split('@')[0]}: exit {done.returncode} after {time.monotonic() - begin:.1f} s")
    print("   " + done.stderr.strip().replace("\n", "\n   "), flush=True)
    return done


def serving():
    return (STATE / "serving").read_text().split()[1]


def color():
    return (STATE / "serving").read_text().split()[0]


def clear():
    """Leaves this machine as a host on which nothing was deployed."""
    for name in ["blue", "green", "check"]:
        run("docker", "rm", "--force", f"uu-{name}", check=False)
    run("docker", "volume", "rm", "--force", VOLUME, check=False)
    for name in ["serving", "previous", "proxy-state"]:
        (STATE / name).unlink(missing_ok=True)
