#!/usr/bin/env python3
"""Serves estimates to a well-behaved client while a crowd of bad ones is at the door, and prints what the good one notices.

    bench/crowd.py BINARY [--seconds 120]

The good client asks `POST /predict` at a steady rate over kept connections, first alone, then beside each part of the crowd, then beside all of it:

- quitters: 1,000 in turn, 50 at a time; each sends half of a large body (a batch of rows; months to explain) and hangs up
- idlers: 10,000 connections from 50 addresses that send nothing
- dawdlers: 100 that send a batch, or their headers, some bytes a second

Wanted: no request of the good client fails, its p99 stays within 3 times of what it is alone, no more batches run than `server.batches` allows, and memory
stays within 200 MiB of what it is when idle. All of it stays on loopback and ends by itself. Exit code: 0 all of that holds; 1 something does not.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from measure.machine import say  # noqa: E402
from measure.processes import end, first_answer, free_port  # noqa: E402

RECORD = {"2022-03-01": {"domain": "shop.example", "visits": 2400000, "pagesPerVisit": 4.2, "bounceRate": 43.5, "avgVisitDuration": 187.5}}
STEADY_CONNECTIONS, STEADY_PAUSE_S = 4, 0.01
QUITTERS, QUITTERS_AT_A_TIME = 1_000, 50
IDLERS, IDLER_ADDRESSES = 10_000, 50
DAWDLERS = 100
MOST_BATCHES, MOST_MIB, MOST_P99 = 4, 200, 3
LINE = b"2018-12,site%07d.example,%d,a note that is kept\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path)
    parser.add_argument("--seconds", type=int, default=120, help="how long all of the crowd stays")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if arguments.part:
        step_back()
        return asyncio.run(PARTS[arguments.part](arguments.port, time.monotonic() + arguments.seconds))
    return measure(arguments)


def step_back():
    """The crowd shares the machine with the server and the good client, and is not to take their time from them, as it would not from its own machines."""
    os.setsid()
    os.nice(19)
    group = Path("/proc/self/autogroup")
    if group.exists():
        # Where sessions are scheduled as groups, niceness counts within a group alone.
        group.write_text("19")


def measure(arguments):
    with tempfile.TemporaryDirectory(prefix="crowd-") as work:
        store, port = Path(work) / "store", free_port()
        subprocess.run([arguments.binary, "train", "--bundled-sample", "--store", store], check=True, capture_output=True)
        log = (Path(work) / "log").open("w")
        command = [arguments.binary, "serve", "--listen", f"127.0.0.1:{port}", "--store", store]
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            first_answer(server, port, "/predict", json.dumps(RECORD))
            return 0 if rounds(arguments, port, server.pid) else 1
        finally:
            end(server)


def rounds(arguments, port, pid):
    short = max(arguments.seconds // 4, 10)
    alone = asyncio.run(steady(port, pid, short))
    say(f"alone: {alone.told()}")
    good = alone.is_good(alone)
    for parts, seconds in [*(([part], short) for part in PARTS), (list(PARTS), arguments.seconds)]:
        command = [sys.executable, __file__, arguments.binary, "--seconds", str(seconds), "--port", str(port), "--part"]
        crowd = [subprocess.Popen([*command, part]) for part in parts]
        time.sleep(1)
        beside = asyncio.run(steady(port, pid, seconds - 1))
        for process in crowd:
            process.wait()
        is_good = beside.is_good(alone)
        good &= is_good
        say(f"{'' if is_good else 'SHORT '}beside {', '.join(parts)}: {beside.told()}; p99 {beside.p99() / alone.p99():.2f} x, "
            f"{beside.peak_mib - alone.idle_mib:+d} MiB")
    return good


class Noticed:
    """What the good client noticed, and what the server took meanwhile."""

    def __init__(self, pid):
        self.pid, self.times, self.faults, self.batches = pid, [], [], 0
        self.idle_mib = self.peak_mib = self.mib()

    def mib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text()).group(1)) >> 10

    def p99(self):
        return sorted(self.times)[len(self.times) * 99 // 100]

    def is_good(self, alone):
        is_small = self.peak_mib - alone.idle_mib <= MOST_MIB
        return not self.faults and self.batches <= MOST_BATCHES and is_small and self.p99() <= MOST_P99 * alone.p99()

    def told(self):
        times = sorted(self.times)
        faults = f"{len(self.faults)} FAILED {self.faults[:3]}" if self.faults else "none failed"
        return (f"{len(times)} requests, {faults}; p50 {times[len(times) // 2] * 1e3:.2f} ms, p99 {self.p99() * 1e3:.2f} ms; "
                f"at most {self.batches} batches at a time; at most {self.peak_mib} MiB")


async def steady(port, pid, seconds):
    noticed, until = Noticed(pid), time.monotonic() + seconds
    watching = threading.Thread(target=watch, args=(noticed, port, until), daemon=True)
    watching.start()
    await asyncio.gather(*(ask(port, noticed, until) for _ in range(STEADY_CONNECTIONS)))
    watching.join()
    return noticed


def watch(noticed, port, until):
    looks = 0
    while time.monotonic() < until:
        noticed.peak_mib = max(noticed.peak_mib, noticed.mib())
        if looks % 5 == 0:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                    running = re.search(r"^uu_batches_running (\d+)", answer.read().decode(), re.MULTILINE)
                noticed.batches = max(noticed.batches, int(running.group(1)) if running else 0)
            except OSError as error:
                noticed.faults.append(f"/metrics: {error!r}")
        looks += 1
        time.sleep(0.05)


async def ask(port, noticed, until):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = posted("/predict", json.dumps(RECORD).encode(), "application/json")
    while time.monotonic() < until:
        began = time.perf_counter()
        try:
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", head).group(1)))
            noticed.times.append(time.perf_counter() - began)
            if not head.startswith(b"HTTP/1.1 200"):
                noticed.faults.append(head[:60])
        except (OSError, EOFError, TimeoutError) as error:
            noticed.faults.append(repr(error))
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(STEADY_PAUSE_S)
    writer.close()


def posted(path, body, kind, length=None):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length or len(body)}\r\n\r\n"
    return head.encode() + body


async def connected(port, address):
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))


async def quitters(port, until):
    """They go on in turn until the time is over, and are 1,000 at least."""
    rows = b"date,site,visits,note\n" + b"".join(LINE % (row, 1_000 + row) for row in range(80_000))
    months = json.dumps({f"{1900 + month // 12}-{month % 12 + 1:02d}-01": {"visits": 1_000 + month} for month in range(1_200)}).encode()
    requests = [
        posted("/predict/batch", rows, "text/csv", 2 * len(rows)),
        posted("/predict/batch", rows, "text/csv"),
        posted("/predict?explain=true", months, "application/json"),
        posted("/predict", months[: len(months) // 2], "application/json", len(months)),
    ]
    started = 0

    async def one():
        nonlocal started
        while started < QUITTERS or time.monotonic() < until:
            turn, started = started, started + 1
            try:
                _, writer = await connected(port, f"127.0.0.{2 + turn % 8}")
                writer.write(requests[turn % len(requests)])
                await asyncio.wait_for(writer.drain(), 5)
                await asyncio.sleep(0.02)
                writer.transport.abort()
            except (OSError, TimeoutError):
                # The server may refuse or close it: that is its right.
                await asyncio.sleep(0.05)

    await asyncio.gather(*(one() for _ in range(QUITTERS_AT_A_TIME)))
    say(f"  {started} quitters")


async def idlers(port, until):
    count = 0

    async def one(number):
        nonlocal count
        address = f"127.0.1.{1 + number % IDLER_ADDRESSES}"
        while time.monotonic() < until:
            try:
                reader, writer = await connected(port, address)
                count += 1
                # Held until the server ends it.
                await asyncio.wait_for(reader.read(), max(until - time.monotonic(), 0.01))
                writer.close()
            except (OSError, TimeoutError):
                pass
            await asyncio.sleep(1)

    await asyncio.gather(*(one(number) for number in range(IDLERS)))
    say(f"  {count} idle connections")


async def dawdlers(port, until):
    async def one(number):
        body = posted("/predict/batch", b"date,visits\n" + b"2018-12,1000\n" * 1_000_000, "text/csv")
        while time.monotonic() < until:
            try:
                _, writer = await connected(port, f"127.0.2.{1 + number % 4}")
                # Half of them are slow from their first byte, half after a good beginning.
                place = 0 if number % 2 else 100_000
                writer.write(body[:place])
                while time.monotonic() < until:
                    writer.write(body[place : place + 20])
                    await writer.drain()
                    place += 20
                    await asyncio.sleep(1)
                writer.transport.abort()
            except OSError:
                await asyncio.sleep(0.5)

    await asyncio.gather(*(one(number) for number in range(DAWDLERS)))


PARTS = {"quitters": quitters, "idlers": idlers, "dawdlers": dawdlers}

if __name__ == "__main__":
    sys.exit(main())
