"""Programs that are started, watched and ended."""

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from .machine import ROOT, BenchError, say

POLL_SECONDS = 0.02


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def started(command, environment=None):
    """A server with a process group of its own, ended with all it started; what it logged is shown if it does not go well."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=ROOT,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        except Exception:
            log.seek(0)
            say(log.read()[-4000:].decode(errors="replace"))
            raise
        finally:
            end(process)


def end(process):
    for kind in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, kind)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                continue


def post(port, path, body):
    """Status and body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def first_answer(process, port, path, body, timeout=120):
    """Asks until there is an answer; the answer, and the moment it was there."""
    limit = time.monotonic() + timeout
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise BenchError(f"the server ended with {process.returncode} before it answered")
        try:
            status, answer = post(port, path, body)
        except OSError:
            time.sleep(0.0005)
            continue
        if status == 200:
            return json.loads(answer), time.monotonic()
        if status != 503:
            raise BenchError(f"expected an answer to `{body}`, got status {status}: {answer[:500]!r}")
        time.sleep(0.0005)
    raise BenchError(f"the server did not answer within {timeout} s")


def memory_mib(pid, name):
    """A line of the process's memory: `VmRSS` now, `VmHWM` at its peak."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":")), 0.0)


def timed(command, timeout):
    """Seconds and peak memory of a program that must succeed.

    Memory is read from the running program: what `getrusage` says of a child counts the memory of its parent before `exec`.
    """
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as log:
        begin = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        peaks = [0.0]
        # A timer, since waiting with a timeout looks only every 50 ms whether the program has ended.
        timer = threading.Timer(timeout, process.kill)
        watcher = threading.Thread(target=watch_memory, args=(process, peaks))
        timer.start()
        watcher.start()
        try:
            process.wait()
            seconds = time.monotonic() - begin
        finally:
            timer.cancel()
            end(process)
            watcher.join()
        if seconds > timeout:
            raise BenchError(f"`{' '.join(command)}` took over {timeout} s")
        if process.returncode != 0:
            log.seek(0)
            raise BenchError(f"`{' '.join(command)}` ended with {process.returncode}:\n{log.read()[-4000:].decode(errors='replace')}")
    return seconds, max(peaks)


def watch_memory(process, peaks):
    while process.returncode is None:
        peaks.append(memory_mib(process.pid, "VmHWM"))
        time.sleep(POLL_SECONDS)


def peer(tools, script, *arguments, timeout=1800):
    """Runs a script of the peers; it answers with JSON on its last line."""
    command = [str(word) for word in (tools.python, script, *arguments)]
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=timeout)
    if result.returncode != 0:
        raise BenchError(f"`{' '.join(command)}` failed")
    return json.loads(result.stdout.splitlines()[-1])
