"""Compares importguard's fast plan with fresh interpreters on small random applications.

    python benchmarks/random_apps.py                      3,000 modules of seed 1 on
    python benchmarks/random_apps.py --seed 7 --apps 1    one application
    python benchmarks/random_apps.py --cycles --apps 500  small ones, whose modules are members of many cycles
    python benchmarks/random_apps.py --write FOLDER       its files, to look at

The probe runs as a process of this machine, once with its plan and once with a fresh interpreter a module
(``--exact``). A module counts as wrong where outcome, exception type or missing module differ.
"""

from __future__ import annotations

import argparse
import json
import marshal
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from random_code import Application, write
from random_cycles import write_cycles

from importguard.config import Config
from importguard.engines.base import Image
from importguard.inspectors.run import probe_command, probe_input

SECRET = "secret-of-this-run"
MODULES = 30
PYTHON = os.path.realpath(sys.executable)  # outside of a virtual environment, which may name this repository
NO_CLUES = "def gather_clues(*asked):\n    return ()\n"

Verdict = tuple[str, str, str]  # outcome, exception type, missing module


@dataclass(frozen=True)
class Difference:
    """A module on which the plan and a fresh interpreter disagree."""

    seed: int
    module: str
    at_start: bool
    fresh: Verdict
    plan: Verdict

    @property
    def kind(self) -> str:
        """What is wrong with the plan's verdict."""
        if self.plan[0] == "imported":
            return "false pass"
        return "false alarm" if self.fresh[0] == "imported" else "wrong name"

    def __str__(self) -> str:
        place = "entry point" if self.at_start else "module"
        return f"seed {self.seed}, {place} {self.module}: {self.kind}; fresh {self.fresh}, plan {self.plan}"


def judge(root: Path, commands: tuple[str, ...], exact: bool, python: str = PYTHON) -> dict[str, Verdict]:
    """What the probe says of each module below ``root``, when ``python`` runs it there."""
    image = Image("local", "sha256:0", "linux/amd64", workdir=str(root))
    config = Config(python=python, commands=commands, exact=exact, jobs=2)
    files, (magic, code), request = marshal.loads(probe_input(image, config, SECRET))
    files["importguard.probe.surroundings.clues"] = NO_CLUES
    code.pop("importguard.probe.surroundings.clues", None)
    process = subprocess.Popen(
        probe_command(python),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    with process:  # its standard input stays open until it has said everything
        process.stdin.write(marshal.dumps((files, (magic, code), request), 2))
        process.stdin.flush()
        lines = process.stdout.read().splitlines()
    mark = SECRET.encode() + b" "
    events = [json.loads(line[len(mark) :]) for line in lines if line.startswith(mark)]
    if not events or events[-1].get("error"):
        raise RuntimeError(f"no verdict on {root}: {events[-1:]}")
    return {event["name"]: verdict(event) for event in events if event["event"] == "module"}


def verdict(event: dict[str, Any]) -> Verdict:
    """What must equal the verdict of a fresh interpreter."""
    failure = event["failure"] or {}
    return event["outcome"], failure.get("type") or "", failure.get("missing") or ""


def write_files(application: Application, root: Path) -> None:
    """Put the application's files below ``root``."""
    for name, text in application.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def compare(application: Application) -> tuple[int, int, list[Difference]]:
    """How many modules an application has, how many of them fail, and where the plan differs."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(application, Path(folder))
        fresh = judge(Path(folder), application.commands, exact=True)
        plan = judge(Path(folder), application.commands, exact=False)
    if fresh.keys() != plan.keys() or not fresh:
        raise RuntimeError(
            f"seed {application.seed}: not the same modules: {sorted(fresh.keys() ^ plan.keys())}"
        )
    failing = sum(verdict[0] != "imported" for verdict in fresh.values())
    return (
        len(fresh),
        failing,
        [
            Difference(application.seed, name, name in application.entries, fresh[name], plan[name])
            for name in sorted(fresh)
            if fresh[name] != plan[name]
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the first application")
    parser.add_argument("--apps", type=int, default=100)
    parser.add_argument("--modules", type=int, default=MODULES, help="of one application")
    parser.add_argument("--cycles", action="store_true", help="small applications of four to eight modules")
    parser.add_argument(
        "--write", type=Path, help="only write the files of the applications below this folder"
    )
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.apps)
    applications = [write_cycles(seed) if options.cycles else write(seed, options.modules) for seed in seeds]
    if options.write:
        for application in applications:
            write_files(application, options.write / str(application.seed))
        return
    modules, failing, differences = 0, 0, []
    with ThreadPoolExecutor(2) as pool:
        for count, failed, found in pool.map(compare, applications):
            modules += count
            failing += failed
            differences += found
            for difference in found:
                print(difference, flush=True)
    kinds = Counter((difference.at_start, difference.kind) for difference in differences)
    print(f"{modules:,} modules of {options.apps} applications, {failing:,} fail, {len(differences)} differ")
    for (at_start, kind), count in sorted(kinds.items()):
        print(f"  {kind} {'on entry points' if at_start else 'elsewhere'}: {count}")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
