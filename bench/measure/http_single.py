"""One full record a request, over kept connections on loopback: ours, a bare echo, a small Flask service."""

import hashlib
import json
import os
import statistics
import subprocess
from contextlib import ExitStack

from .machine import BENCH, PEERS, ROOT, BenchError, say
from .processes import first_answer, free_port, memory_mib, peer, started
from .table import Row, number

RECORD = {
    "2022-03-01": {
        "domain": "shop.example",
        "alexa": 25000,
        "visits": 2400000,
        "pagesPerVisit": 4.2,
        "bounceRate": 43.5,
        "avgVisitDuration": 187.5,
        "category": "Sports",
    }
}
CONNECTIONS = 16
WARM_UP_SECONDS = 1


def measure(tools, work, plan):
    body = work / "record.json"
    body.write_text(json.dumps(RECORD))
    with ExitStack() as servers:
        flask, flask_process = start_flask(tools, servers)
        ports = {
            # The peers have no access log.
            "ours": start(servers, lambda port: serve(tools, port), {"UU_LOG__ACCESS": "false"}),
            "logged": start(servers, lambda port: serve(tools, port)),
            "echo": start(servers, lambda port: [tools.echo, f"127.0.0.1:{port}"]),
            "flask": flask,
        }
        rounds = [one_round(ports, body, plan, turn) for turn in range(plan.rounds)]
        flask_mib = workers_mib(flask_process)
    return rows(rounds, flask_mib)


def serve(tools, port):
    return [tools.predictor, "serve", "--listen", f"127.0.0.1:{port}", "--store", tools.store]


def start(servers, command, environment=None):
    port = free_port()
    process = servers.enter_context(started(command(port), environment))
    answer, _ = first_answer(process, port, "/predict", json.dumps(RECORD))
    check(answer)
    return port


def check(answer):
    """Each server answers with the same months and what it was given."""
    for month, given in RECORD.items():
        wrong = [name for name, value in given.items() if answer.get(month, {}).get(name) != value]
        if wrong:
            raise BenchError(f"expected the answer to repeat what was given, but {wrong} differ in {answer}")


def start_flask(tools, servers):
    folder = PEERS / "flask_forest"
    sample = ROOT / "data/sample.parquet"
    forest = BENCH / ".cache" / f"forest-{hashlib.sha256(sample.read_bytes()).hexdigest()[:16]}.joblib"
    if not forest.exists():
        say("training the forest of the Flask service")
        peer(tools, folder / "train.py", "--data", sample, "--output", forest)
    port = free_port()
    command = [tools.python, "-m", "gunicorn", "--chdir", folder, "--workers", 2, "--bind", f"127.0.0.1:{port}", "app:app"]
    process = servers.enter_context(started(command, {"FOREST": str(forest)}))
    answer, _ = first_answer(process, port, "/predict", json.dumps(RECORD))
    check(answer)
    return port, process


def workers_mib(process):
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
    return max((memory_mib(pid, "VmRSS") for pid in children), default=0.0)


def one_round(ports, body, plan, turn):
    say(f"HTTP, round {turn + 1} of {plan.rounds}")
    names = list(ports) if turn % 2 == 0 else list(reversed(ports))
    measured = {}
    for name in names:
        wrk(ports[name], body, WARM_UP_SECONDS)
        measured[name] = wrk(ports[name], body, plan.http_seconds)
    return measured


def wrk(port, body, seconds):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(BENCH / "measure/post.lua")]
    result = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/predict"],
        env=os.environ | {"BODY_FILE": str(body)},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    if result.returncode != 0:
        raise BenchError(f"wrk failed: {result.stderr}")
    figures = json.loads(result.stdout.splitlines()[-1])
    if figures["errors"]:
        raise BenchError(f"{figures['errors']} of {figures['requests']} requests to port {port} failed")
    return figures


def rows(rounds, flask_mib):
    def speed(name):
        return [one[name]["requests"] / one[name]["seconds"] for one in rounds]

    def told(name):
        p50, p99 = (statistics.median(one[name][key] for one in rounds) for key in ("p50_us", "p99_us"))
        return f"{number(statistics.median(speed(name)))}/s, p50 {number(p50)} us, p99 {number(p99)} us"

    def ratios(name, own="ours"):
        return [own / other for own, other in zip(speed(own), speed(name))]

    raw = {"rounds": rounds, "connections": CONNECTIONS, "flask_worker_mib": flask_mib}
    flask = f"{told('flask')}, {number(flask_mib)} MiB a worker"
    logged = f"{told('ours')}; with its access log {number(statistics.median(speed('logged')))}/s, {number(statistics.median(ratios('echo', 'logged')))} x"
    return [
        Row("HTTP single prediction / bare axum echo", ratios("echo"), ">= 0.8", ours=logged, peer=told("echo"), raw=raw),
        Row("HTTP single prediction / Flask with a forest", ratios("flask"), ">= 250", ours=told("ours"), peer=flask),
    ]
