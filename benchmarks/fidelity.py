"""Compares importguard with the verdict of fresh interpreters on real projects, and what each costs.

    python benchmarks/fidelity.py                    all libraries; writes results.json
    python benchmarks/fidelity.py --applications     all applications, by samples; writes nothing
    python benchmarks/fidelity.py --project celery   one project (repeatable); writes nothing
    python benchmarks/fidelity.py --quick            the small ones, one pass of fresh interpreters

README.md in this folder says what is measured and how.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import random
import statistics
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

import compare
import images
import measured
import table

from importguard import __version__

HERE = Path(__file__).parent
TRUTH = (HERE / "truth.py").read_text("utf-8")
QUICK = ("celery", "fsspec", "sentry-sdk")
LISTS = ("one_entry_cycles", "unstable", "missing_from_report", "only_in_report", "differences")
SHOWN = 20
REPEATS = 3
"""Runs of the naive sweep and of the probe in turn; the median counts."""
LONG = 10.0
"""Seconds of a naive sweep from which one run of each is enough."""


def in_container(reference: str, mode: str, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a mode of truth.py in a container of the image: no network, importguard's default memory."""
    command = ["docker", "run", "--rm", "-i", "--network", "none", "--memory", "4g", "--label", images.LABEL]
    done = subprocess.run(
        [*command, reference, "python3", "-c", TRUTH, mode],
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def truth_pass(reference: str, names: list[str], number: int, cache: Optional[Path]) -> list[dict[str, Any]]:
    """One pass of fresh interpreters: the verdicts in ``cache``, and those that it lacks, which it gets."""
    file = cache / reference.split("/")[1].replace(":", "-") / f"truth{number}.jsonl" if cache else None
    known = [json.loads(line) for line in file.read_text().splitlines()] if file and file.exists() else []
    unknown = sorted(set(names) - {line["name"] for line in known})
    if unknown:
        request = {"root": images.ROOT, "modules": unknown, "timeout": 60}
        known += in_container(reference, "truth", request)
    if file and unknown:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(line) + "\n" for line in known))
    return [line for line in known if line["name"] in set(names)]


def one_entry_cycles(reference: str, truth: Mapping[str, compare.Verdict]) -> list[str]:
    """The modules that fail by a circular import as the entry, and import after a module of their cycle.

    Each is tried after every module that its own folder imports well: a fresh interpreter a pair.
    """
    found = []
    for name in compare.circular(truth):
        folder = name.rpartition(".")[0]
        siblings = [other for other in sorted(truth) if other.rpartition(".")[0] == folder]
        firsts = [other for other in siblings if truth[other].outcome == "imported"]
        request = {"root": images.ROOT, "module": name, "firsts": firsts, "timeout": 60}
        if any(line["outcome"] == "imported" for line in in_container(reference, "after", request)):
            found.append(name)
    return found


def costs(reference: str, names: list[str]) -> tuple[dict[str, Any], dict[str, compare.Verdict]]:
    """CPU seconds of the naive sweep and of the probe, and wall seconds of the sweep's container and of the
    whole check, in turn so that all meet the same machine; and what the naive sweep says of each module."""
    request = {"root": images.ROOT, "modules": names, "timeout": 60}
    naive, naive_wall, probe, check_wall = [], [], [], []
    while len(naive) < REPEATS and not (naive and naive_wall[-1] >= LONG):
        began = time.monotonic()
        lines = in_container(reference, "naive", request)
        naive_wall.append(time.monotonic() - began)
        naive.append(lines[-1]["cpu"])
        check_wall.append(measured.check(reference).seconds)
        probe.append(measured.cpu_of_probe(reference))
    cpu = {"naive": statistics.median(naive), "importguard": statistics.median(probe)}
    wall = {"naive": statistics.median(naive_wall), "importguard": statistics.median(check_wall)}
    rounded = {key: round(value, 3) for key, value in wall.items()}
    return {"cpu": cpu, "wall": rounded}, compare.read(lines)


def to_compare(
    project: images.Project,
    names: list[str],
    naive: Mapping[str, compare.Verdict],
    reported: Mapping[str, compare.Verdict],
) -> list[str]:
    """The modules to ask fresh interpreters about: all, or a sample and what the two sides judge apart."""
    if project.sample is None or project.sample >= len(names):
        return names
    drawn = random.Random(project.name).sample(names, project.sample)
    apart = compare.differing({name: naive[name] for name in names if name in naive}, reported)
    return sorted({*drawn, *(difference.module for difference in apart)})


def measure(project: images.Project, reference: str, passes: int, cache: Optional[Path]) -> dict[str, Any]:
    """Everything about one project, as results.json keeps it."""
    listed = in_container(reference, "list", {"root": images.ROOT})[0]
    checked = measured.check(reference)
    reported = compare.reported(checked.report)
    names = sorted({*listed["modules"], *reported})
    cost, naive = costs(reference, names)
    asked = to_compare(project, names, naive, reported)
    rounds = [truth_pass(reference, asked, number, cache) for number in range(1, passes + 1)]
    first, last = compare.read(rounds[0]), compare.read(rounds[-1])
    unstable = compare.unstable(first, last)
    truth = {name: verdict for name, verdict in first.items() if name not in {d.module for d in unstable}}
    truth_cpu = statistics.mean(sum(line["cpu"] for line in lines) for lines in rounds)
    wrong = compare.differing(truth, reported)
    return {
        "name": project.name,
        "version": project.version,
        "modules": len(names) - len(unstable),
        "compared": len(truth),
        "failing": len(compare.failing(truth)),
        "causes": len(compare.causes(truth)),
        "missing": sorted({verdict.missing for verdict in truth.values() if verdict.missing}),
        "one_entry_cycles": one_entry_cycles(reference, truth) if project.sample is None else [],
        "unstable_count": len(unstable),
        "unstable": [str(difference) for difference in unstable],
        "missing_from_report": sorted(set(listed["modules"]) - set(reported)),
        "only_in_report": sorted(set(reported) - set(listed["modules"])),
        "left_out": len(listed["left_out"]),
        "naive_wrong": len(compare.differing(truth, naive)),
        "importguard_wrong": len(wrong),
        "differences": [str(difference) for difference in wrong],
        "complete": checked.report["complete"],
        "cpu": {
            **cost["cpu"],
            # Of all modules: of a sample, in proportion.
            "truth": round(truth_cpu * len(names) / len(asked), 3),
            "importguard_host": round(checked.cpu_of_host, 3),
        },
        "wall": cost["wall"],
    }


def show(figures: Mapping[str, Any]) -> None:
    """Print what was found of one project."""
    cpu = figures["cpu"]
    print(f"\n{figures['name']} {figures.get('version', '')}: {figures['modules']} modules, ", end="")
    print(f"{figures['compared']} compared, {figures['failing']} fail, ", end="")
    print(f"by {figures['causes']} causes; ", end="")
    print(f"wrong: naive {figures['naive_wrong']}, importguard {figures['importguard_wrong']}")
    print(f"  CPU s: fresh {cpu['truth']:.1f}, naive {cpu['naive']:.2f}, ", end="")
    print(f"importguard {cpu['importguard']:.2f} (+ {cpu['importguard_host']:.2f} on the host): ", end="")
    print(f"{cpu['importguard'] / cpu['naive']:.2f} × naive, ", end="")
    print(f"{cpu['truth'] / cpu['importguard']:.1f} times faster than fresh interpreters")
    wall = figures["wall"]
    print(f"  wall s: naive {wall['naive']:.1f}, importguard {wall['importguard']:.1f}: ", end="")
    print(f"{wall['importguard'] / wall['naive']:.2f} × naive", flush=True)
    for title in LISTS:
        lines = figures.get(title, ())
        for line in lines[:SHOWN]:
            print(f"  {title}: {line}")
        if len(lines) > SHOWN:
            print(f"  {title}: … and {len(lines) - SHOWN} more", flush=True)


def total(projects: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums of the table's columns."""
    keys = ("modules", "compared", "failing", "causes", "unstable_count", "naive_wrong", "importguard_wrong")
    cpu = ("truth", "naive", "importguard", "importguard_host")
    return {
        **{key: sum(project[key] for project in projects) for key in keys},
        "distinct_missing": len({name for project in projects for name in project["missing"]}),
        "cpu": {key: round(sum(project["cpu"][key] for project in projects), 3) for key in cpu},
        "wall": {
            key: round(sum(project["wall"][key] for project in projects), 3)
            for key in ("naive", "importguard")
        },
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "docker": images.docker("version", "-f", "{{.Server.Version}}"),
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="importguard against fresh interpreters, on real projects")
    parser.add_argument("--project", action="append", help="only this one (repeatable); writes no results")
    parser.add_argument("--applications", action="store_true", help="those of which a sample is compared")
    parser.add_argument("--quick", action="store_true", help="the small ones, one pass; writes no results")
    parser.add_argument("--passes", type=int, default=2, help="of fresh interpreters (default: %(default)s)")
    parser.add_argument("--base", default="python:3.13-slim", help="the base image (default: %(default)s)")
    parser.add_argument("--compiled", action="store_true", help="byte-compile the application in its image")
    parser.add_argument(
        "--reuse-truth", type=Path, metavar="DIR", help="keep both passes of fresh interpreters here"
    )
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> list[images.Project]:
    """The projects that the options ask for; SystemExit for a name that ``projects/`` lacks."""
    projects = {project.name: project for project in images.read_projects()}
    of_a_kind = [name for name, p in projects.items() if (p.sample is not None) == options.applications]
    wanted = options.project or (QUICK if options.quick else of_a_kind)
    unknown = set(wanted) - set(projects)
    if unknown:
        raise SystemExit(f"no such project: {', '.join(sorted(unknown))}; see benchmarks/projects")
    return [projects[name] for name in sorted(wanted)]


def main() -> None:
    options = arguments()
    passes = 1 if options.quick else options.passes
    # Whether any verdict of fresh interpreters may be from an earlier run.
    reused = options.reuse_truth is not None and any(options.reuse_truth.glob("*"))
    figures = []
    for project in chosen(options):
        reference = images.build(project, options.base, options.compiled)
        figures.append(measure(project, reference, passes, options.reuse_truth))
        show(figures[-1])
    summary = total(figures)
    show({"name": "Sum", **summary})
    if not (options.project or options.applications) and passes > 1:
        base_python = ["run", "--rm", "--network", "none", options.base, "python3", "--version"]
        results = {
            "importguard": __version__,
            "python": images.docker(*base_python).replace("Python", "CPython"),
            "base": options.base,
            "compiled": options.compiled,
            "truth_reused": reused,
            "date": datetime.date.today().isoformat(),
            "machine": machine(),
            "projects": figures,
            "total": summary,
        }
        table.RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
