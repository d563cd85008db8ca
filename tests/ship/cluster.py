#!/usr/bin/env python3
"""Starts what `compose.yaml` describes, and breaks it under load: tests/ship/cluster.py IMAGE

IMAGE is an image of the product (tests/ship/deployment.py builds one). The others that the file names come from elsewhere; images that keep their
contract are built of Debian's packages instead (stand_ins.py). All that is started belongs to projects of the test's own, and is gone at its end.
"""

import os
import signal
import sys
import time

import monitoring
import stand_ins
from compose import Project, address, ask, inspect, is_healthy, model_of, printed, program
from load import Load
from machine import ROOT, engine, run, say, succeeds, wait_until, workplace

PORT, PROMETHEUS_PORT = 5081, 5091
PROXY, PROMETHEUS = f"127.0.0.1:{PORT}", f"127.0.0.1:{PROMETHEUS_PORT}"
OBSERVATION = {"2024-12-01": {"domain": "example.com", "visits": 1000000, "uniqueUsers": 420000}}


def asked_as(name):
    """The status of an answer to whoever asks under that name."""
    return run("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", f"Host: {name}", f"http://{PROXY}/categories").stdout


def single(variables):
    """The default: one service whose state outlives its container."""
    project, watched = Project("b-single", **variables), Project("b-single", ["monitoring"], **variables)
    try:
        project.do("up", "--detach")
        [container] = project.containers("uu-predictor")
        wait_until("the service says by itself that it is healthy", lambda: is_healthy(container))
        run(ROOT / "deploy/check-answers", f"http://{PROXY}")
        bound = inspect(container, '{{range (index .NetworkSettings.Ports "5000/tcp")}}{{.HostIp}} {{end}}')
        assert bound.strip() == "127.0.0.1", f"its port listens on {bound}"
        named = [asked_as(name) for name in (PROXY, f"localhost:{PORT}", f"page.example:{PORT}")]
        assert named == ["200", "200", "421"], f"it is reached under no name of a page's own, found {named}"
        logs = [line for line in project.do("logs", "--no-color", "uu-predictor").stdout.splitlines() if "uu_" in line and "INFO" not in line]
        [token] = printed(container)
        assert len(logs) == 1 and logs[0].endswith(token), f"`logs` shows the first token once, found {logs}"
        before = ask(PROXY, "GET", "/models", token)[1]
        assert ask(PROXY, "POST", "/observations", token, OBSERVATION)[0] == 201
        project.do("down")
        assert ask(PROXY, "GET", "/health/live")[0] is None
        project.do("up", "--detach")
        [container] = project.containers("uu-predictor")
        wait_until("the service is there again", lambda: is_healthy(container))
        assert ask(PROXY, "GET", "/models", token)[1] == before, "the models are what they were"
        assert ask(PROXY, "POST", "/observations", token, OBSERVATION)[0] == 201, "the token is still good"
        assert printed(container) == [], "there is no second first token"
        say("one service: the same model and the same token after `down` and `up`")
        watched.do("up", "--detach", "prometheus")
        wait_until("Prometheus scrapes it", lambda: monitoring.targets(PROMETHEUS)["up"] == [address(container)])
    finally:
        watched.gone()


def check_start(replicas):
    """Two that start at once on nothing agree: one model, one token."""
    wait_until("both replicas are healthy", lambda: all(is_healthy(replica) for replica in replicas), 120)
    assert all(inspect(replica, "{{.RestartCount}}") == "0" for replica in replicas), "no replica had to be started twice"
    tokens = [token for replica in replicas for token in printed(replica)]
    assert len(tokens) == 1 and tokens[0].startswith("uu_"), f"exactly one replica prints a token, found {len(tokens)}"
    documents = [ask(address(replica), "GET", "/models", tokens[0])[1] for replica in replicas]
    assert documents[0] == documents[1] and [version["version"] for version in documents[0]["versions"]] == ["v0001"], documents
    wait_until("the proxy answers", lambda: model_of(PROXY) == "v0001")
    run(ROOT / "deploy/check-answers", f"http://{PROXY}")
    return tokens[0]


def check_lifecycle(replicas, token):
    """What is decided at one replica is so at the other within moments."""
    one, other = map(address, replicas)
    before = model_of(one)
    rows = run("docker", "exec", replicas[0], "uu-predictor", "sample", "--sites", "600", "--seed", "7", "--output", "-").stdout
    run("docker", "exec", "--interactive", replicas[0], "uu-predictor", "train", "--data", "-", "--format", "csv", input=rows)
    trained = ask(one, "GET", "/models", token)[1]["champion"]
    assert trained != before

    def reaches(what, version):
        begin = time.monotonic()
        wait_until(f"{what} reaches both replicas", lambda: {model_of(one), model_of(other)} == {version})
        say(f"{what} reached both replicas after {time.monotonic() - begin:.1f} s")

    reaches("a version trained beside one of them", trained)
    assert ask(other, "POST", "/models/rollback", token)[0] == 200
    reaches("a rollback at the other", before)
    assert ask(one, "POST", f"/models/{trained}/promote", token)[0] == 200
    reaches("a promotion at the first", trained)
    assert ask(other, "POST", "/models/rollback")[0] == 401, "without a token nothing is decided"


def check_guesses(token):
    """Somebody who guesses tokens is shut out alone: through a proxy all come from one address, unless the replicas believe what it says."""
    def status(client, secret):
        given = ["--header", f"X-Forwarded-For: {client}", "--header", f"Authorization: Bearer {secret}", "--data-binary", "{}"]
        return run("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *given, f"http://{PROXY}/observations").stdout

    # The guesses are spread over the replicas, each of which counts its own.
    guesses = [status("198.51.100.7", "uu_guessed") for _ in range(80)]
    assert guesses[-1] == "429", f"who guesses is shut out, found {guesses}"
    assert status("203.0.113.9", token) not in ("401", "429"), "who has a good token and another address is let in"


def kill_process(container):
    """As the kernel would end it, so that Docker's policy of restarts is asked."""
    os.kill(int(inspect(container, "{{.State.Pid}}")), signal.SIGKILL)


def check_failures(project, replicas, token):
    """Whatever is lost, estimates go on."""
    load = Load(PORT)
    try:
        def goes_on(what):
            seen = load.count
            wait_until(f"requests are answered: {what}", lambda: load.count > seen + 200 or load.faults)
            assert not load.faults, f"{what}: {len(load.faults)} of {load.count} requests failed: {load.faults[:5]}"
            say(f"{load.count} requests so far: {what}")

        goes_on("both replicas serve")
        run("docker", "kill", replicas[0])
        goes_on("one replica was killed")
        run("docker", "start", replicas[0])
        wait_until("the killed replica is healthy again", lambda: is_healthy(replicas[0]))
        goes_on("it was started again")
        begin = inspect(replicas[1], "{{.State.StartedAt}}")
        kill_process(replicas[1])
        wait_until("Docker starts the other anew by itself", lambda: inspect(replicas[1], "{{.State.StartedAt}}") != begin and is_healthy(replicas[1]))
        goes_on("the other crashed, and was started anew by Docker")
        [database] = project.containers("postgres")
        project.do("stop", "postgres")
        goes_on("the database is away")
        status, _ = ask(PROXY, "POST", "/observations", token, OBSERVATION)
        assert status == 503, f"what needs the database says that it is away, found {status}"
        project.do("start", "postgres")
        wait_until("the database is healthy", lambda: is_healthy(database))
        wait_until("observations are kept again", lambda: ask(PROXY, "POST", "/observations", token, OBSERVATION)[0] == 201)
        goes_on("the database is back")
        for replica in replicas:
            run("docker", "restart", "--time", "35", replica)
            wait_until("the replica is healthy again", lambda: is_healthy(replica))
        goes_on("both replicas were started anew in good order, one after the other")
    finally:
        count = load.stop()
    say(f"{count} requests during all this, none failed")


def make_secrets(folder):
    """By the lines of docs/deploy.md, but the first, which goes to the folder."""
    lines = (ROOT / "docs/deploy.md").read_text().splitlines()
    [begin] = [number for number, line in enumerate(lines) if line.endswith("cd deploy/compose/secrets")]
    script = [line.strip() for line in lines[begin + 1 : lines.index("", begin)]]
    run("sh", "-e", "-c", "\n".join(script), cwd=folder)


def cluster(work, variables):
    """PostgreSQL, two replicas and a proxy; Prometheus beside them."""
    secrets = work / "secrets"
    secrets.mkdir()
    make_secrets(secrets)
    project = Project("b-cluster", ["cluster", "monitoring"], UU_SECRETS=str(secrets), **variables)
    try:
        begin = time.monotonic()
        project.do("up", "--detach", "proxy")
        replicas = project.containers("replica")
        assert len(replicas) == 2, f"there are {len(replicas)} replicas"
        token = check_start(replicas)
        say(f"two replicas on an empty database agreed on one model and one token, and answer through the proxy after {time.monotonic() - begin:.0f} s")
        check_lifecycle(replicas, token)
        check_guesses(token)
        project.do("up", "--detach", "prometheus")
        load = Load(PORT)
        try:
            monitoring.check(PROMETHEUS, [address(replica) for replica in replicas])
        finally:
            load.stop()
        print("SKIPPED: the dashboard was not shown by Grafana, which Debian does not have; its expressions were asked", flush=True)
        check_failures(project, replicas, token)
        project.do("stop", "replica")
        monitoring.check_absence(PROMETHEUS)
    except BaseException:
        logs = project.do("logs", "--no-color", check=False).stdout.splitlines()
        print("\n".join([line for line in logs if " 200 " not in line][-200:]), file=sys.stderr)
        raise
    finally:
        project.gone()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tests/ship/cluster.py IMAGE")
    with workplace("uu-cluster-") as work:
        if os.geteuid() != 0 or not engine(work):
            print("SKIPPED: no Docker engine runs here, and none could be started")
            return
        for what, is_there in {
            "neither `docker compose` nor `docker-compose` is installed": program() is not None,
            f"there is no image {sys.argv[1]}": succeeds("docker", "image", "inspect", sys.argv[1]),
            f"there is no image {stand_ins.BASE} to build upon": succeeds("docker", "image", "inspect", stand_ins.BASE),
        }.items():
            if not is_there:
                print(f"SKIPPED: {what}")
                return
        say("building images that stand in for PostgreSQL's, haproxy's and Prometheus's")
        # Beside what may run here already: other ports, another network.
        variables = {"UU_IMAGE": sys.argv[1], "UU_PORT": str(PORT), "PROMETHEUS_PORT": str(PROMETHEUS_PORT), "UU_FRONT": "172.16.84"}
        variables["POSTGRES_IMAGE"] = stand_ins.build(work, "b-postgres:test", stand_ins.POSTGRES, entry=stand_ins.POSTGRES_ENTRY)
        variables["HAPROXY_IMAGE"] = stand_ins.build(work, "b-haproxy:test", stand_ins.HAPROXY)
        variables["PROMETHEUS_IMAGE"] = stand_ins.build(work, "b-prometheus:test", stand_ins.PROMETHEUS)
        for profiles in [[], ["cluster"], ["monitoring"], ["cluster", "monitoring"]]:
            Project("b-config", profiles, **variables).do("config", "--quiet")
        single(variables)
        cluster(work, variables)
        print("cluster: ok")


main()
