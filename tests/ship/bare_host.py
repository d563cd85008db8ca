#!/usr/bin/env python3
"""From an empty server to a running service, as docs/deploy.md has it: tests/ship/bare_host.py GOOD_IMAGE NEXT_IMAGE BROKEN_IMAGE

The server is a container with systemd and an sshd and nothing else (bare.py). It is prepared over SSH, deployed to over SSH by the user and the key that
this left there, from a registry with TLS and a password; it is started anew, once in good order and once as if its power had failed. All that must hold
while requests do not stop.
"""

import os
import ssl
import sys
import time
import urllib.request

import bare
import stand_ins
from bare import SERVICE_PORT, TLS_PORT, USER, Registry, Server
from load import Load
from machine import ROOT, engine, run, say, succeeds, wait_until, workplace

SERVICE = f"http://127.0.0.1:{SERVICE_PORT}"


def is_ready():
    return succeeds("curl", "-sf", "--max-time", "2", f"{SERVICE}/health/ready")


def prepare(server):
    done = server.prepare()
    assert "this host is prepared" in done.stderr, done.stderr
    again = server.prepare()
    assert "nothing was changed" in again.stderr, again.stderr
    for service in ["docker", "haproxy", "ssh"]:
        found = [server.root("systemctl", question, service, check=False).stdout.strip() for question in ("is-active", "is-enabled")]
        assert found == ["active", "enabled"], f"{service} is {found}"
    assert not server.root("systemctl", "--failed", "--plain", "--no-legend").stdout, "no service of the server's has failed"
    about = server.root("docker info --format '{{.ServerVersion}}, {{.Driver}}'").stdout.strip()
    say(f"docker, haproxy and ssh are services of its systemd; the engine there: {about}")


def check_key(server):
    """The pipeline's key may run commands, and nothing else; another one may not even that."""
    assert server.deploy("--rollback", known="nobody").returncode == 2, "without a known key of the host nothing is tried"
    stranger = server.deploy("--rollback", key="other_key")
    assert stranger.returncode == 2 and "cannot be reached" in stranger.stderr, stranger.stderr
    key = ["ssh", "-i", server.work / "deploy_key", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={server.work}/known_hosts"]
    refused = run(*key, "-o", "ExitOnForwardFailure=yes", "-N", "-R", "0:127.0.0.1:22", f"uu-deploy@{server.address}", check=False, timeout=30)
    assert refused.returncode != 0, "nothing is forwarded with that key"


def deploy_versions(server, names):
    """The first, the next, a sick one, one that is called off, and back; gives back the first token, and requests that go on."""
    good, following, broken = names
    first = server.deploy(good, DEPLOY_LOGIN=f"{USER}:{server.work}/password")
    assert first.returncode == 0 and server.serving() == ["blue", good], first.stderr
    # As docs/deploy.md has it.
    token = server.root("docker logs uu-blue 2>/dev/null | head -1").stdout.strip()
    assert token.startswith("uu_"), f"the log of the first container begins with the first token, found {token}"
    run(ROOT / "deploy/check-answers", SERVICE)
    load = Load(SERVICE_PORT)
    wait_until("requests are answered", lambda: load.count > 100)
    check_guesses(token)
    assert server.deploy(following).returncode == 0 and server.serving() == ["green", following]
    sick = server.deploy(broken, DEPLOY_READY_S="30")
    assert sick.returncode == 1 and "instead of getting ready" in sick.stderr and server.serving() == ["green", following], sick.stderr
    server.call_off(broken)
    assert server.serving() == ["green", following], "a deployment that was called off changes nothing"
    say("a deployment was called off: its container is gone, and the one before serves on")
    # The way back needs nobody else.
    run("docker", "stop", bare.REGISTRY)
    assert server.deploy("--rollback").returncode == 0 and server.serving() == ["blue", good]
    away = server.deploy(broken.replace("@sha256:", "@sha256:0")[: len(broken)])
    assert away.returncode == 1 and "cannot be pulled" in away.stderr and server.serving() == ["blue", good], away.stderr
    run("docker", "start", bare.REGISTRY)
    return token, load


def check_guesses(token):
    """Somebody who guesses tokens is shut out, and nobody else is: the proxy says for whom it asks."""
    def status(secret, where, *command):
        asked = [*command, "curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", f"Authorization: Bearer {secret}"]
        return run(*asked, "--data-binary", "{}", f"{where}/observations").stdout

    guesses = [status("uu_guessed", "http://127.0.0.1", "docker", "exec", bare.SERVER) for _ in range(40)]
    assert guesses[-1] == "429", f"who guesses is shut out, found {guesses}"
    found = status(token, SERVICE)
    assert found not in ("401", "429"), f"who has a good token and another address is let in, found {found}"


def check_room(server, names):
    """Only what serves and the way back are kept."""
    kept = server.root("docker", "images", "--digests", "--format", "'{{.Repository}}@{{.Digest}}'").stdout.split()
    repository = names[0].split("@")[0]
    ours = sorted(name for name in kept if name.startswith(f"{repository}@"))
    assert len(ours) <= 2, f"{len(ours)} versions take room: {ours}"


def check_restarts(server, token):
    """The service comes back by itself, the same version in the same color with the same state."""
    before = server.serving()
    models = server.root("docker", "exec", f"uu-{before[0]}", "uu-predictor", "models", "list", "--json").stdout
    for what, command in {
        "in good order": lambda: run("docker", "restart", "--time", "60", bare.SERVER),
        "as if its power had failed": lambda: (run("docker", "kill", bare.SERVER), run("docker", "start", bare.SERVER)),
    }.items():
        command()
        begin = time.monotonic()
        server.wait_for_boot()
        wait_until("the service is back by itself", is_ready, 60)
        say(f"the server was started anew {what}: the service answers {time.monotonic() - begin:.1f} s later")
        assert server.serving() == before
        names = server.containers()
        assert names == [f"uu-{before[0]}"], f"only what served runs again, found {names}"
        assert server.root("docker", "exec", names[0], "uu-predictor", "models", "list", "--json").stdout == models
        done = run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}", "-X", "POST", f"{SERVICE}/models/rollback")
        assert done.stdout not in ("401", "429"), f"the token is still good, found {done.stdout}"
        assert "nothing was changed" in server.prepare().stderr


def check_backup(server, image):
    """The lines of docs/deploy.md, into a volume of its own."""
    color = server.serving()[0]
    server.root(f"docker exec uu-{color} uu-predictor backup --output - > uu.tar.zst")
    server.root(f"docker run --rm -i -v uu-restored:/var/lib/uu-predictor {image} restore --input - < uu.tar.zst")
    listed = [server.root("docker", "run", "--rm", "-v", f"{volume}:/var/lib/uu-predictor", image, "models", "list", "--json").stdout for volume in ("uu-store", "uu-restored")]
    assert listed[0] == listed[1] and "v0001" in listed[0], "what is restored is what was backed up"


def check_tls(server):
    """With a certificate the proxy speaks TLS; the version that serves goes on serving meanwhile."""
    server.root("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=server -keyout key.pem -out certificate.pem 2>&1")
    server.root("cat certificate.pem key.pem > /etc/haproxy/server.pem && chmod 0600 /etc/haproxy/server.pem")
    server.prepare("--certificate", "/etc/haproxy/server.pem", "--bind", "'*:443'")
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE

    def answers():
        try:
            return urllib.request.urlopen(f"https://127.0.0.1:{TLS_PORT}/health/ready", context=unchecked, timeout=5).status == 200
        except OSError:
            return False

    wait_until("the service answers over TLS", answers, 30)
    say("with a certificate the same version answers over TLS")


def story(work, images):
    run("docker", "network", "create", bare.NETWORK)
    registry, server = Registry(work), Server(work)
    names = [registry.push(image, "uu-predictor") for image in images]
    server.boot()
    prepare(server)
    registry.trusted_by(server)
    check_key(server)
    token, load = deploy_versions(server, names)
    try:
        assert server.deploy(names[1]).returncode == 0
        check_room(server, names)
        check_backup(server, names[1])
    finally:
        count = load.stop()
    say(f"{count} requests during all these deployments, none failed")
    check_restarts(server, token)
    back = server.deploy("--rollback")
    assert back.returncode == 0 and server.serving()[1] == names[0], "after a start anew there is still the way back"
    check_tls(server)


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: tests/ship/bare_host.py GOOD_IMAGE NEXT_IMAGE BROKEN_IMAGE")
    clear = (lambda: None) if "SHIP_KEEP" in os.environ else bare.clear
    with workplace("uu-bare-", clear) as work:
        if os.geteuid() != 0 or not engine(work):
            print("SKIPPED: no Docker engine runs here, and none could be started")
            return
        for image in [*sys.argv[1:], stand_ins.BASE]:
            if not succeeds("docker", "image", "inspect", image):
                print(f"SKIPPED: there is no image {image}")
                return
        bare.clear()
        story(work, sys.argv[1:])
        print("bare host: ok")


main()
