"""From the start of the server to its first answer, and its memory when idle."""

import json
import time

from .http_single import RECORD
from .machine import say
from .processes import first_answer, free_port, memory_mib, started
from .table import Row, number


def measure(tools, work, plan):
    say("starts")
    body = json.dumps(RECORD)
    milliseconds = [start(tools, body)[0] for _ in range(plan.starts)]
    _, idle, peak = start(tools, body, plan.idle_seconds)
    raw = {"peak_mib": peak}
    return [
        Row("start to first answer", milliseconds, "<= 100", unit="ms"),
        Row(f"memory {plan.idle_seconds} s after the start", [idle], "<= 64", unit="MiB", ours=f"peak {number(peak)} MiB", raw=raw),
    ]


def start(tools, body, idle_seconds=0):
    port = free_port()
    begin = time.monotonic()
    with started([tools.predictor, "serve", "--listen", f"127.0.0.1:{port}", "--store", tools.store]) as process:
        _, answered = first_answer(process, port, "/predict", body)
        time.sleep(idle_seconds)
        return (answered - begin) * 1000, memory_mib(process.pid, "VmRSS"), memory_mib(process.pid, "VmHWM")
