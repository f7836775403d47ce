"""CPU time of importguard: what its probe used in the container, and what the command used on the host."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from importguard.config import Config
from importguard.engines.base import Image, Limits, Run
from importguard.engines.docker.engine import DockerEngine
from importguard.inspectors.run import inspect_by_running
from importguard.progress import QuietProgress

# Runs the probe as its child and says what it and all its descendants used (wait4(2)). It is process 1, so it
# also inherits and reaps what modules leave behind.
METER = r"""
import os, sys
probe = os.fork()
if not probe:
    os.execvp(sys.argv[1], sys.argv[1:])
cpu, code = 0.0, None
while code is None:
    pid, status, usage = os.wait4(-1, 0)
    cpu += usage.ru_utime + usage.ru_stime
    if pid == probe:
        code = os.waitstatus_to_exitcode(status)
os.write(1, b"\nMETERED %.3f\n" % cpu)
os._exit(code if code >= 0 else 128 - code)
"""


class MeteredEngine(DockerEngine):
    """The Docker engine, with the meter between container and command; ``cpu`` is the sum, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu = 0.0

    @contextmanager
    def run(
        self, image: Image, command: Sequence[str], env: Sequence[str], limits: Limits, *more: Any
    ) -> Iterator[Run]:
        command = ["python3", "-I", "-S", "-c", METER, *command]
        outer = Run()

        def output(inner: Run) -> Iterator[bytes]:
            tail = b""
            for chunk in inner.output:
                tail = (tail + chunk)[-200:]
                yield chunk
            outer.exit = inner.exit
            self.cpu += float(re.findall(rb"METERED ([\d.]+)", tail)[-1])

        with super().run(image, command, env, limits, *more) as run:
            outer.output = output(run)
            yield outer
            for _ in outer.output:  # The meter speaks after the probe's last frame.
                pass


def cpu_of_probe(reference: str) -> float:
    """Seconds of CPU time that checking ``reference`` takes in the container, where there is no source."""
    engine = MeteredEngine()
    image = engine.image(reference, pull="never", platform=None)
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)
        try:
            inspect_by_running(engine, image, Config(images=(reference,)), QuietProgress(), lambda: None)
        finally:
            os.chdir(here)
            engine.close()
    return engine.cpu


@dataclass(frozen=True)
class Checked:
    """One run of the command: its report on the image, and seconds of wall and host CPU time."""

    report: dict[str, Any]
    seconds: float
    cpu_of_host: float


def check(reference: str, *options: str) -> Checked:
    """Run ``importguard check REFERENCE --format json``; RuntimeError when it gives no verdict."""
    command = [sys.executable, "-m", "importguard", "check", reference, "--format", "json", "--pull", "never"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    image = json.loads(done.stdout)["images"][0] if done.stdout else {"modules": []}
    if not image["modules"]:
        reason = image.get("error") or done.stderr[-2000:]
        raise RuntimeError(f"exit code {done.returncode} from {' '.join(command)}: {reason}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Checked(image, seconds, cpu)
