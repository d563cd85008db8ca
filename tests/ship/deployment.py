#!/usr/bin/env python3
"""Deploys real images to a real host, under load: tests/ship/deployment.py BINARY

The host is this machine: `deploy/prepare-host` prepares it (a user, Docker's group, haproxy's configuration), an sshd of the test's own listens on
loopback, images come from a registry on loopback. No image is pulled from elsewhere: the base is made by debootstrap and imported under the name that
the Dockerfile expects. BINARY is a release build of uu-predictor; the stages of the Dockerfile that compile it are left out.

It must run as root on a machine that may be changed, as those of a pipeline are: `prepare-host` is meant to. What is not there is told and skipped.
"""

import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = os.environ.get("UU_SHIP_BASE", "debian:bookworm-slim")
REGISTRY = "127.0.0.1:5055"
SSH_PORT, PROXY_PORT = 2222, 5080
MOST_MIB = 80
EXAMPLE = {"2018-12-01": {"alexa": None, "visits": 1000000, "pagesPerVisit": 5000000, "bounceRate": None, "avgVisitDuration": None, "category": 100}}
PACKAGES = ["docker.io", "debootstrap", "docker-registry", "haproxy", "jq", "openssh-server", "socat", "curl", "rsync"]

running = []


def say(text):
    print(f"== {text}", flush=True)


def run(*command, check=True, **options):
    done = subprocess.run(command, text=True, capture_output=True, **options)
    if check and done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def start(*command, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, **options)
    running.append(process)
    return process


def wait_until(what, is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            sys.exit(f"error: waited in vain until {what}")
        time.sleep(0.1)


class Load:
    """Requests that do not stop; each must be answered as every good version answers."""

    def __init__(self):
        self.stopped, self.count, self.faults = threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        body, connection = json.dumps(EXAMPLE), None
        while not self.stopped.is_set():
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", PROXY_PORT, timeout=30)
                connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                month = json.loads(text)["2018-12-01"] if answer.status == 200 else None
                if month is None or not month["uniqueUsersLow"] <= month["uniqueUsers"] <= month["uniqueUsersHigh"] <= month["visits"]:
                    self.faults.append(f"{answer.status} {text[:200]!r}")
                self.count += 1
            except Exception as error:  # noqa: BLE001, whatever fails is a failed request
                self.faults.append(repr(error))
                connection = None
            time.sleep(0.005)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def engine(work):
    """A Docker engine; the machine's own where one runs."""
    if run("docker", "info", check=False).returncode == 0:
        return
    socket = "/var/run/docker.sock"
    # The user that deploys asks for the engine where everybody does.
    start("dockerd", "--data-root", work / "docker", "--exec-root", work / "exec", "--pidfile", work / "docker.pid", "-H", f"unix://{socket}", "--group", "docker")
    os.environ["DOCKER_HOST"] = f"unix://{socket}"
    wait_until("the Docker engine answers", lambda: run("docker", "info", check=False).returncode == 0)


def base(work):
    """The base image, made here and imported under the name the Dockerfile expects."""
    if run("docker", "image", "inspect", BASE, check=False).returncode == 0:
        return
    kept = os.environ.get("UU_SHIP_ROOT")
    folder = pathlib.Path(kept) if kept else work / "base"
    if not kept:
        say("making a base with debootstrap")
        run("debootstrap", "--variant=minbase", "bookworm", folder)
    with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as tar:
        run("docker", "import", "-", BASE, stdin=tar.stdout)


def build(name, dockerfile, context, *arguments):
    (context / "Dockerfile").write_text(dockerfile)
    run("docker", "build", "--network", "host", "--quiet", "--tag", name, *arguments, context)


def images(work, binary):
    """Versions: two good ones, one that cannot start, one whose answers are wrong. Gives back their names by digest."""
    context = work / "context"
    context.mkdir()
    shutil.copy(binary, context / "uu-predictor")
    run("strip", context / "uu-predictor")
    build("uu-binary:test", "FROM scratch\nCOPY uu-predictor /usr/local/bin/uu-predictor\n", context)
    say("building the image from the Dockerfile")
    run("docker", "build", "--network", "host", "--quiet", "--tag", "uu-predictor:test", "--build-arg", f"DEBIAN_IMAGE={BASE}",
        "--build-arg", "BINARY_IMAGE=uu-binary:test", "--build-arg", "REVISION=test", ROOT)
    # The same keys, one letter off: the shape of the answers is wrong.
    wrong = (context / "uu-predictor").read_bytes().replace(b"uniqueUsersLow", b"uniqueUsersLoW")
    (context / "uu-predictor").write_bytes(wrong)
    build("uu-binary-wrong:test", "FROM scratch\nCOPY --chmod=0755 uu-predictor /usr/local/bin/uu-predictor\n", context)
    build("uu-wrong:test", "FROM uu-predictor:test\nCOPY --chmod=0755 uu-predictor /usr/local/bin/uu-predictor\n", context)
    build("uu-next:test", "FROM uu-predictor:test\nLABEL release=next\n", context)
    build("uu-broken:test", "FROM uu-predictor:test\nENV UU_DATABASE_URL=postgres://nobody@127.0.0.1:9/nowhere\n", context)
    names = {}
    for version in ["uu-predictor", "uu-next", "uu-broken", "uu-wrong"]:
        pushed = f"{REGISTRY}/{version}:test"
        run("docker", "tag", f"{version}:test", pushed)
        digest = run("docker", "push", pushed).stdout.split("digest: ")[1].split()[0]
        run("docker", "rmi", pushed)
        names[version] = f"{REGISTRY}/{version}@{digest}"
    return names


def check_image():
    """As an operator would look at it: small, nobody's root, nothing written, healthy by itself, the example answered."""
    size = int(run("docker", "image", "inspect", "--format", "{{.Size}}", "uu-predictor:test").stdout)
    assert size < MOST_MIB << 20, f"the image has {size >> 20} MiB"
    run("docker", "rm", "--force", "uu-check", check=False)
    run("docker", "run", "--detach", "--name", "uu-check", "--read-only", "--network", "host", "--env", "UU_SERVER__LISTEN=127.0.0.1:5099", "uu-predictor:test")
    begin = time.monotonic()
    healthy = lambda: run("docker", "inspect", "--format", "{{.State.Health.Status}}", "uu-check").stdout.strip() == "healthy"
    answered = lambda: run("curl", "-sf", "http://127.0.0.1:5099/health/ready", check=False).returncode == 0
    wait_until("the container is ready", answered)
    ready_s = time.monotonic() - begin
    wait_until("it says by itself that it is healthy", healthy)
    user = run("docker", "inspect", "--format", "{{.Config.User}}", "uu-check").stdout.strip()
    assert user == "65532:65532", user
    run(ROOT / "deploy/check-answers", "http://127.0.0.1:5099")
    printed = run("docker", "logs", "uu-check").stdout.strip()
    assert printed.startswith("uu_"), "the first token is printed"
    run("docker", "rm", "--force", "uu-check")
    say(f"the image: {size / (1 << 20):.1f} MiB with everything in it, ready {ready_s:.1f} s after its start")


def host(work):
    """This machine, prepared as a server, and what a pipeline needs to reach it."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work / "deploy_key")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work / "host_key")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work / "other_key")
    key = (work / "deploy_key.pub").read_text().strip()
    prepare = [ROOT / "deploy/prepare-host", "--authorized-key", key, "--bind", f"127.0.0.1:{PROXY_PORT}"]
    run(*prepare)
    again = run(*prepare)
    assert "nothing was changed" in again.stderr, again.stderr
    for name in ["host_key", "other_key"]:
        public = (work / f"{name}.pub").read_text().split()
        (work / f"{name}.known").write_text(f"[127.0.0.1]:{SSH_PORT} {public[0]} {public[1]}\n")
    config = work / "sshd_config"
    config.write_text(f"ListenAddress 127.0.0.1:{SSH_PORT}\nHostKey {work}/host_key\nPidFile {work}/sshd.pid\nUsePAM no\nPasswordAuthentication no\nStrictModes yes\n")
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    pathlib.Path("/run/haproxy").mkdir(exist_ok=True)
    # An account without a password is locked for sshd without PAM.
    run("usermod", "--password", "*", "uu-deploy")
    start("/usr/sbin/sshd", "-D", "-e", "-f", config)
    start("haproxy", "-f", "/etc/haproxy/haproxy.cfg", "-db")
    wait_until("haproxy listens", lambda: pathlib.Path("/run/haproxy/admin.sock").exists())


def deploy(work, image, known="host_key.known"):
    variables = {
        "DEPLOY_HOST": "127.0.0.1", "DEPLOY_PORT": str(SSH_PORT), "DEPLOY_HOST_KEYS": str(work / known), "DEPLOY_KEY": str(work / "deploy_key"),
        "UU_DEPLOY_NETWORK": "host", "UU_DEPLOY_READY_S": "30", "UU_DEPLOY_DRAIN_S": "20", "UU_DEPLOY_VOLUME": "uu-ship-test",
    }
    begin = time.monotonic()
    done = subprocess.run([ROOT / "deploy/deploy", image], text=True, capture_output=True, env={**os.environ, **variables})
    say(f"deploy {image.split('/')[-1].split('@')[0]}: exit {done.returncode} after {time.monotonic() - begin:.1f} s")
    print("   " + done.stderr.strip().replace("\n", "\n   "), flush=True)
    return done


def serving():
    return pathlib.Path("/var/lib/uu-deploy/serving").read_text().split()[1]


def pipeline(work, names):
    """The pipeline's own jobs, from the check of files to the verification, for a good commit and for two sick ones."""
    program = os.environ.get("UU_GITLAB_CI_LOCAL") or ROOT / ".tools/gitlab-ci-local/node_modules/.bin/gitlab-ci-local"
    if not os.path.exists(program):
        if not shutil.which("npm") or run("npm", "install", "--silent", "--prefix", ROOT / ".tools/gitlab-ci-local", "gitlab-ci-local@4.60", check=False).returncode != 0:
            print("SKIPPED: the pipeline's jobs were not run, since gitlab-ci-local cannot be installed")
            return
    project = work / "project"
    run("git", "-c", "safe.directory=*", "clone", "--quiet", ROOT, project)
    run("git", "-C", project, "checkout", "--quiet", "-B", "main")
    run("git", "-C", project, "remote", "set-url", "origin", "git@gitlab.example:uu/predictor.git")
    # The runner here has its Docker beside it, and none can be pulled to stand beside the job.
    definition = project / ".gitlab-ci.yml"
    service = "  services:\n    - name: $DIND_IMAGE\n      alias: docker\n"
    assert service in definition.read_text()
    definition.write_text(definition.read_text().replace(service, ""))
    known = {
        "CI_REGISTRY_IMAGE": f"{REGISTRY}/pipeline", "CI_REGISTRY_PASSWORD": "", "DEBIAN_IMAGE": BASE, "RUST_IMAGE": BASE, "UU_BUILD_NETWORK": "host",
        "DEPLOY_HOST": "127.0.0.1", "DEPLOY_PORT": str(SSH_PORT), "DEPLOY_HOST_KEYS": str(work / "host_key.known"), "DEPLOY_KEY": str(work / "deploy_key"),
        "SERVICE_URL": f"http://127.0.0.1:{PROXY_PORT}", "UU_DEPLOY_NETWORK": "host", "UU_DEPLOY_READY_S": "30", "UU_DEPLOY_VOLUME": "uu-ship-test",
        "DOCKER_HOST": os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"), "DOCKER_BUILDKIT": "1", "OFFLINE": "yes",
    }

    def jobs(*names, **more):
        variables = [part for name, value in {**known, **more}.items() for part in ("--variable", f"{name}={value}")]
        done = run(program, "--force-shell-executor", *variables, *names, check=False, cwd=project)
        say(f"jobs {', '.join(names)}: exit {done.returncode}")
        return done

    def commit(message):
        run("git", "-C", project, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--allow-empty", "--message", message)

    listed = run(program, "--list", cwd=project).stdout
    assert all(name in listed for name in ["deploy-production", "rollback-production", "verify-production"]) and "deploy-staging" not in listed, listed
    request = run(program, "--list", "--variable", "CI_PIPELINE_SOURCE=merge_request_event", cwd=project).stdout
    assert "build-image" in request and "deploy" not in request.replace("deploy/", ""), f"a merge request deploys nothing: {request}"

    def fails(reason, *names, **more):
        done = jobs(*names, **more)
        assert done.returncode != 0 and reason in done.stdout + done.stderr, f"it should have failed, since {reason}:\n{done.stdout[-4000:]}"

    def passes(*names, **more):
        done = jobs(*names, **more)
        assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"

    passes("files")
    passes("build-image", UU_BINARY_IMAGE="uu-binary:test")
    passes("vulnerabilities")
    passes("deploy-production")
    passes("verify-production")
    good = serving()
    assert good.startswith(f"{REGISTRY}/pipeline@sha256:"), good
    # A commit whose answers are wrong is found where its image is tried, and by the deployment where somebody deploys it all the same.
    commit("answers that are wrong")
    fails("this does not hold", "build-image", UU_BINARY_IMAGE="uu-binary-wrong:test")
    fails("answers of the new version are wrong", "deploy-production", IMAGE=names["uu-wrong"])
    assert serving() == good
    commit("a version that does not start")
    fails("instead of getting ready", "deploy-production", IMAGE=names["uu-broken"])
    assert serving() == good
    passes("verify-production")
    passes("rollback-production")
    assert serving() != good


def story(work, names):
    good, following = names["uu-predictor"], names["uu-next"]
    assert deploy(work, good).returncode == 0
    load = Load()
    wait_until("requests are answered", lambda: load.count > 100)
    assert deploy(work, following).returncode == 0 and serving() == following
    broken = deploy(work, names["uu-broken"])
    assert broken.returncode == 1 and "instead of getting ready" in broken.stderr and serving() == following
    wrong = deploy(work, names["uu-wrong"])
    assert wrong.returncode == 1 and "answers of the new version are wrong" in wrong.stderr and serving() == following
    stranger = deploy(work, following, known="other_key.known")
    assert stranger.returncode == 2 and "not the one it should be" in stranger.stderr
    with subprocess.Popen(["flock", "/var/lib/uu-deploy/lock", "sleep", "600"], start_new_session=True) as holder:
        time.sleep(0.5)
        second = deploy(work, good)
        assert second.returncode == 2 and "another deployment" in second.stderr
        os.killpg(holder.pid, 9)
    assert deploy(work, "--rollback").returncode == 0 and serving() == good
    assert list(pathlib.Path("/var/lib/uu-deploy/backups").glob("*.tar.zst")), "the state is backed up before each change"
    pipeline(work, names)
    load.stop()
    assert not load.faults, f"{len(load.faults)} of {load.count} requests failed: {load.faults[:5]}"
    say(f"{load.count} requests during all these deployments, none failed")


def main():
    if os.geteuid() != 0:
        print("SKIPPED: a host is prepared as root")
        return
    missing = [package for package in PACKAGES if run("dpkg", "--status", package, check=False).returncode != 0]
    if missing and run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, check=False).returncode != 0:
        print(f"SKIPPED: these packages could not be installed: {', '.join(missing)}")
        return
    # Debian's client and engine are of one version; a newer client builds with a plug-in that is not there.
    os.environ["PATH"] = f"/usr/bin:{os.environ['PATH']}"
    os.environ["DOCKER_BUILDKIT"] = "1"
    work = pathlib.Path(tempfile.mkdtemp(prefix="uu-ship-"))
    work.chmod(0o711)
    try:
        run("groupadd", "--system", "--force", "docker")
        engine(work)
        base(work)
        config = work / "registry.yml"
        config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {work}/registry}}}}\nhttp: {{addr: {REGISTRY}}}\n")
        start("docker-registry", "serve", config)
        names = images(work, sys.argv[1])
        check_image()
        host(work)
        story(work, names)
        print("deployment: ok")
    finally:
        for color in ["blue", "green", "check"]:
            run("docker", "rm", "--force", f"uu-{color}", check=False)
        run("docker", "volume", "rm", "--force", "uu-ship-test", check=False)
        for name in ["serving", "previous", "proxy-state"]:
            pathlib.Path("/var/lib/uu-deploy", name).unlink(missing_ok=True)
        for process in reversed(running):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(work, ignore_errors=True)


main()
