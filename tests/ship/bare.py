"""An empty server: a container with systemd as its first process and an sshd, as a provider hands one over, and a registry that it reaches.

Nothing of this machine is shared with it but the kernel: it has an engine, a proxy and an sshd of its own, installed by `deploy/prepare-host`.
"""

import os
import pathlib
import re
import signal
import subprocess
import time

import stand_ins
from machine import ROOT, run, say, succeeds, wait_until

SERVER, REGISTRY, NETWORK, STATE, ENGINE = "b-server", "b-registry", "b-bare", "b-server-images", "b-server-engine"
SERVICE_PORT, TLS_PORT, REGISTRY_PORT = 5082, 5083, 5056
# By this name the server reaches the registry, as it would any other: over TLS, by a certificate that it was told to trust, with a password.
REGISTRY_NAME = "registry.example:5000"
USER, PASSWORD = "deployer", "a password of the test's"

# Debian's first process wants to write what Docker mounts read-only for everybody whom it does not call privileged.
BOOT = """#!/bin/bash
mount -o remount,rw /sys
while read -r _ place kind _; do
    [[ "$kind" != cgroup* ]] || mount -o remount,rw,bind "$place"
done </proc/mounts
ssh-keygen -A >/dev/null
exec /sbin/init
"""

SERVER_IMAGE = f"""FROM {stand_ins.BASE}
{stand_ins.INSTALL.format(packages="systemd systemd-sysv openssh-server")}
RUN rm /etc/ssh/ssh_host_*
COPY --chmod=0755 boot /boot-host
STOPSIGNAL SIGRTMIN+3
CMD ["/boot-host"]
"""

REGISTRY_IMAGE = f"""FROM {stand_ins.BASE}
{stand_ins.INSTALL.format(packages="docker-registry apache2-utils")}
CMD ["docker-registry", "serve", "/settings/registry.yml"]
"""

REGISTRY_SETTINGS = """version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}, delete: {enabled: true}}
http: {addr: ":5000", tls: {certificate: /settings/registry.crt, key: /settings/registry.key}}
auth: {htpasswd: {realm: images, path: /settings/passwords}}
"""

CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK
IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()


def rights():
    """All that this machine has to give. `--privileged` asks for what the kernel knows, and is refused where the machine itself has less."""
    held = int(re.search(r"CapBnd:\s*(\w+)", pathlib.Path("/proc/self/status").read_text())[1], 16)
    lacking = [name for bit, name in enumerate(CAPABILITIES) if not held >> bit & 1]
    if lacking:
        say(f"this machine has not {', '.join(lacking)} itself: neither has the server")
    options = ["--cap-add", "ALL", *(part for name in lacking for part in ("--cap-drop", name))]
    unconfined = [part for what in ("seccomp", "apparmor", "systempaths") for part in ("--security-opt", f"{what}=unconfined")]
    return [*options, *unconfined, "--device-cgroup-rule", "a *:* rwm"]


class Server:
    def __init__(self, work):
        self.work = work
        for key in ["root_key", "deploy_key", "other_key"]:
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ci", "-f", work / key)

    def boot(self):
        """As a provider hands it over: Debian, an sshd, the key of whoever ordered it."""
        stand_ins.build(self.work, "b-server:test", SERVER_IMAGE, boot=BOOT)
        folders = ["--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp", "--volume", f"{STATE}:/var/lib/docker", "--volume", f"{ENGINE}:/var/lib/containerd"]
        ports = ["--publish", f"127.0.0.1:{SERVICE_PORT}:80", "--publish", f"127.0.0.1:{TLS_PORT}:443"]
        run("docker", "run", "--detach", "--name", SERVER, "--hostname", "server", "--network", NETWORK, "--cgroupns", "private", *rights(), *folders, *ports, "b-server:test")
        self.wait_for_boot()
        run("docker", "exec", SERVER, "install", "-d", "-m", "0700", "/root/.ssh")
        run("docker", "cp", self.work / "root_key.pub", f"{SERVER}:/root/.ssh/authorized_keys")
        run("docker", "exec", SERVER, "chown", "root:root", "/root/.ssh/authorized_keys")
        self.address = run("docker", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", SERVER).stdout.strip()

    def wait_for_boot(self):
        state = lambda: run("docker", "exec", SERVER, "systemctl", "is-system-running", check=False).stdout.strip()
        wait_until("the server has booted", lambda: state() in ("running", "degraded"), 120)
        assert state() == "running", run("docker", "exec", SERVER, "systemctl", "--failed", check=False).stdout

    def root(self, *words, check=True, **options):
        """What root does on it, over SSH."""
        connect = ["ssh", "-T", "-i", self.work / "root_key", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new"]
        return run(*connect, "-o", f"UserKnownHostsFile={self.work}/root_known", f"root@{self.address}", *words, check=check, **options)

    def prepare(self, *words):
        """The line of docs/deploy.md, word for word."""
        key = (self.work / "deploy_key.pub").read_text().strip()
        begin = time.monotonic()
        with (ROOT / "deploy/prepare-host").open() as script:
            done = self.root("bash", "-s", "--", "--authorized-key", f"'{key}'", *words, stdin=script)
        said = "nothing was changed" if "nothing was changed" in done.stderr else "prepared"
        say(f"prepare-host {' '.join(words)}: {said} after {time.monotonic() - begin:.1f} s")
        # What it prints, with the name before it that the server is reached by.
        (self.work / "known_hosts").write_text(f"{self.address} {done.stdout}")
        return done

    def settings(self, known="known_hosts", key="deploy_key"):
        """What whoever deploys must set."""
        return {**os.environ, "DEPLOY_HOST": f"uu-deploy@{self.address}", "DEPLOY_HOST_KEYS": str(self.work / known), "DEPLOY_KEY": str(self.work / key)}

    def deploy(self, image, known="known_hosts", key="deploy_key", **variables):
        begin = time.monotonic()
        done = subprocess.run([ROOT / "deploy/deploy", image], text=True, capture_output=True, env={**self.settings(known, key), **variables})
        say(f"deploy {image.split('/')[-1].split('@')[0]}: exit {done.returncode} after {time.monotonic() - begin:.1f} s")
        print("   " + done.stderr.strip().replace("\n", "\n   "), flush=True)
        return done

    def call_off(self, image):
        """A deployment whose pipeline is called off once its new container runs: the connection is gone, and nobody hears what is said."""
        before = self.containers()
        with subprocess.Popen([ROOT / "deploy/deploy", image], stderr=subprocess.PIPE, env=self.settings(), start_new_session=True) as process:
            wait_until("the new container runs", lambda: len(self.containers()) > len(before) or process.poll() is not None)
            os.killpg(process.pid, signal.SIGKILL)
        wait_until("what it had begun is gone", lambda: self.containers() == before)
        wait_until("no deployment is under way", lambda: succeeds("docker", "exec", SERVER, "flock", "--nonblock", "/var/lib/uu-deploy/lock", "true"))

    def containers(self):
        return sorted(run("docker", "exec", SERVER, "docker", "ps", "--format", "{{.Names}}").stdout.split())

    def serving(self):
        return self.root("cat", "/var/lib/uu-deploy/serving").stdout.split()


class Registry:
    """Holds images behind TLS and a password."""

    def __init__(self, work):
        self.work, self.folder = work, work / "registry"
        self.folder.mkdir()
        stand_ins.build(work, "b-registry:test", REGISTRY_IMAGE)
        host = REGISTRY_NAME.split(":")[0]
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={host}", "-addext",
            f"subjectAltName=DNS:{host}", "-keyout", self.folder / "registry.key", "-out", self.folder / "registry.crt")
        (self.folder / "passwords").write_text(run("docker", "run", "--rm", "b-registry:test", "htpasswd", "-Bbn", USER, PASSWORD).stdout)
        (self.folder / "registry.yml").write_text(REGISTRY_SETTINGS)
        (work / "password").write_text(PASSWORD)
        run("docker", "run", "--detach", "--name", REGISTRY, "--network", NETWORK, "--network-alias", host, "--publish", f"127.0.0.1:{REGISTRY_PORT}:5000", "--volume",
            f"{self.folder}:/settings:ro", "b-registry:test")
        # The login is the test's own, not this machine's.
        self.environment = {**os.environ, "DOCKER_CONFIG": str(work / "login")}
        self.local = f"127.0.0.1:{REGISTRY_PORT}"
        login = lambda: succeeds("docker", "login", "--username", USER, "--password-stdin", self.local, input=PASSWORD, env=self.environment)
        wait_until("the registry takes a login", login)

    def push(self, image, name):
        """Under this name; how the server names it, by its digest."""
        pushed = f"{self.local}/{name}:test"
        run("docker", "tag", image, pushed)
        digest = run("docker", "push", pushed, env=self.environment).stdout.split("digest: ")[1].split()[0]
        run("docker", "rmi", pushed)
        return f"{REGISTRY_NAME}/{name}@{digest}"

    def trusted_by(self, server):
        """An operator's step, for a registry whose certificate no authority has signed."""
        folder = f"/etc/docker/certs.d/{REGISTRY_NAME}"
        server.root("install", "-d", folder)
        server.root("cat", ">", f"{folder}/ca.crt", input=(self.folder / "registry.crt").read_text())


def clear():
    for container in [SERVER, REGISTRY]:
        run("docker", "rm", "--force", "--volumes", container, check=False)
    run("docker", "volume", "rm", "--force", STATE, ENGINE, check=False)
    run("docker", "network", "rm", NETWORK, check=False)
