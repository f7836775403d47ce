"""What the benchmarks measure with fits the engine: they themselves run for hours, and seldom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scenarios.support import build

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
MEASURE = (
    "import sys, measured; print(measured.cpu_of_probe(sys.argv[1]), measured.check(sys.argv[1]).seconds)"
)


def test_the_probe_s_processor_time_is_measured() -> None:
    busy = "import time\nbegun = time.process_time()\nwhile time.process_time() - begun < 1.0:\n    pass\n"
    image = build("measured", "FROM base\nCOPY . /app\nWORKDIR /app\n", {"busy.py": busy})
    command = [sys.executable, "-c", MEASURE, image]
    printed = subprocess.run(command, cwd=BENCHMARKS, stdout=subprocess.PIPE, check=True, timeout=120).stdout
    cpu, wall = map(float, printed.split())
    assert 1.0 < cpu < 20
    assert wall > 1.0
