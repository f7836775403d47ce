"""What ``importguard check --start`` adds to a container's own time until it is ready.

    python benchmarks/start_cost.py [--base IMAGE] [--runs N]

The image is a small HTTP server that prints the clock (CLOCK_MONOTONIC, which containers share with their
host) when its port accepts. Measured in turn, as medians of wall time:

- how long after that moment importguard knows it, for a server that accepts at once and for one that takes
  two seconds;
- ``check --start`` less ``check``, less the container's own time to ready (``docker start`` until it
  accepts), less ``settle``.

Exit code 1 when the first is above 100 ms, in either case, or the last above 700 ms.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import images
from startup import IMPORTGUARD, command, timed

from importguard.config import Config
from importguard.engines.docker.engine import DockerEngine
from importguard.evidence.starts import StartSettings
from importguard.inspectors.asking import Asker
from importguard.inspectors.start import end_service, start_service

SEEN_LIMIT, WHOLE_LIMIT = 100, 700
SETTLE_SECONDS = 1.0
IMAGE = "importguard-fidelity/start-cost"
SERVER = """\
import os, signal, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *arguments: os._exit(0))
    time.sleep(float(os.environ.get("WAIT", "0")))
    server = HTTPServer(("", 8080), Handler)
    print("accepts", time.monotonic(), flush=True)
    server.serve_forever()
"""


def build(base: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.py").write_text(SERVER)
        lines = f'FROM {base}\nWORKDIR /app\nCOPY main.py .\nEXPOSE 8080\nCMD ["python3", "main.py"]\n'
        (Path(folder) / "Dockerfile").write_text(lines)
        images.docker("build", "-q", "--label", images.LABEL, "-t", IMAGE, folder)


def accepted_at(log: str) -> float:
    """The clock of the moment from which the server accepts, by its own log."""
    return float(log.split("accepts ")[1].split()[0])


def seen_after(wait: str) -> float:
    """Milliseconds from the moment the server accepts until importguard knows."""
    engine = DockerEngine()
    image = engine.image(IMAGE, pull="never")
    config = Config(env=(f"WAIT={wait}",), start=StartSettings(settle=0.0))
    with engine.network() as network:
        begun = start_service(engine, image, Asker(image, "python3"), config, network)
        start = end_service(begun)
    engine.close()
    assert start.accepted is not None, start
    return (begun.at + start.accepted - accepted_at(start.log)) * 1000


def own_time() -> float:
    """Milliseconds from the start of a created container until its server accepts."""
    name = images.docker("create", "--network", "none", IMAGE)
    began = time.monotonic()
    images.docker("start", name)
    while "accepts" not in (log := images.docker("logs", name)):
        time.sleep(0.05)
    images.docker("rm", "-f", name)
    return (accepted_at(log) - began) * 1000


def measure(runs: int) -> dict[str, list[float]]:
    """Each part ``runs`` times, in turn."""
    measured = {
        "seen, of one that accepts at once": lambda: seen_after("0"),
        "seen, of one that takes 2 s": lambda: seen_after("2"),
        "container: start until it accepts": own_time,
        "importguard check": lambda: timed(command(*IMPORTGUARD, "check", IMAGE)),
        "importguard check --start": lambda: timed(command(*IMPORTGUARD, "check", IMAGE, "--start")),
    }
    times: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(runs):
        for name, milliseconds in measured.items():
            times[name].append(milliseconds())
    return times


def show(times: dict[str, list[float]]) -> bool:
    """Print the medians; tell whether they are within the limits."""
    median = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"{name:36} {median[name]:7.0f} ms  (least {min(values):.0f}, most {max(values):.0f})")
    whole = median["importguard check --start"] - median["importguard check"]
    added = whole - median["container: start until it accepts"] - SETTLE_SECONDS * 1000
    seen = max(median["seen, of one that takes 2 s"], median["seen, of one that accepts at once"])
    print(f"--start adds {added:.0f} ms to time to ready and settle (limit {WHOLE_LIMIT})")
    print(f"a port that accepts is seen after {seen:.0f} ms (limit {SEEN_LIMIT})")
    return added <= WHOLE_LIMIT and seen <= SEEN_LIMIT


def main() -> int:
    parser = argparse.ArgumentParser(description="importguard check --start against the container alone")
    parser.add_argument("--base", default="python:3.13-slim", help="the base image (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=9, help="how often each is run (default: %(default)s)")
    options = parser.parse_args()
    build(options.base)
    with tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)  # no source beside the image, and no configuration
        times = measure(options.runs)
        os.chdir("/")
    return not show(times)


if __name__ == "__main__":
    sys.exit(main())
