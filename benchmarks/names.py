"""Does a missing third-party module get the name of the right distribution? Right, unknown and wrong.

``python benchmarks/names.py`` prints a table; ``--write`` puts it into names.json. Asked is the diagnosis
itself, on plain data: each module that a project of ``results.json`` lacks is missing in an image that has
the project's pinned distributions, and the source declares these. The truth is ``names.txt``, by hand. Asked
besides, with nothing installed: the top-level modules of typeshed's stubs (``typeshed.txt``), which no table
was made from.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Optional

from packaging.utils import canonicalize_name

from importguard.checks import run_checks
from importguard.diagnosis.causes import diagnose_findings
from importguard.evidence.imports import Cause, Frame, ImportFailure, ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Clues, Distribution, Resolution, System
from importguard.source.model import Place, Requirement, Source

HERE = Path(__file__).parent
TYPESHED = HERE / "typeshed.txt"
RESULTS, TRUTH, NAMES = HERE / "results.json", HERE / "names.txt", HERE / "names.json"
VERDICTS = ("right", "unknown", "wrong")
_NAMED = re.compile(r"(?:add|declare) ([A-Za-z0-9][\w.-]*)")


def read_truth() -> dict[str, set[str]]:
    """Module to the canonical names of the distributions that are right; empty where none is."""
    truth = {}
    for line in TRUTH.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            module, *names = line.split()
            truth[module] = {canonicalize_name(name) for name in names if name != "-"}
    return truth


def pins(project: str) -> list[tuple[str, str]]:
    """What is installed beside a project: the distributions of its file, but for the project itself."""
    lines = (HERE / "projects" / f"{project}.txt").read_text("utf-8").splitlines()
    named = [line.split("==") for line in lines if line and not line.startswith("#")]
    return [(name, version) for name, version in named[1:]]


def answer(module: str, installed: list[tuple[str, str]]) -> Optional[str]:
    """The distribution that the diagnosis names for a missing module; None where it names none."""
    frame = Frame("/app/shop/main.py", 1, "<module>", "shop.main")
    message = f"No module named '{module}'"
    failure = ImportFailure(
        "ModuleNotFoundError", message, module, (frame,), (Cause("ModuleNotFoundError", message, module),)
    )
    evidence = Evidence(
        executable="/usr/local/bin/python3",
        version="3.13.5",
        implementation="CPython",
        import_path=("/app",),
        modules=(
            ModuleImport("shop", "/app/shop/__init__.py", "imported"),
            ModuleImport("shop.main", frame.path, "failed", failure, culprit="shop.main"),
        ),
        sites=(),
        entrypoints=(),
        preparation=None,
        complete=True,
        error=None,
        notes=(),
        details=(),
        seconds=0.0,
        clues=clues(module, installed),
    )
    declared = tuple(
        Requirement(canonicalize_name(name), f"{name}=={version}", Place("requirements.txt", line))
        for line, (name, version) in enumerate(installed, 1)
    )
    source = Source("/src", requirements=declared)
    (finding,) = (
        one for one in diagnose_findings(run_checks(evidence), evidence, source) if one.missing == module
    )
    if finding.diagnosis is None or finding.diagnosis.cause != "not-declared":
        return None
    named = _NAMED.match(finding.diagnosis.remedy)
    if "the distribution that provides" in finding.diagnosis.remedy.partition(",")[0]:
        return None
    return finding.diagnosis.change or (named[1] if named else None)


def clues(module: str, installed: list[tuple[str, str]]) -> Clues:
    """An image that has these distributions and not the module."""
    site = "/usr/local/lib/python3.13/site-packages"
    return Clues(
        System("debian", "13", "", "glibc", "2.41", "x86_64"),
        {"python_version": "3.13", "python_full_version": "3.13.5", "sys_platform": "linux"},
        ("/app", site),
        distributions=tuple(
            Distribution(name, version, site, (canonicalize_name(name).replace("-", "_"),))
            for name, version in installed
        ),
        resolutions=(Resolution(module, "absent"),),
    )


def judged(module: str, named: Optional[str], truth: dict[str, set[str]]) -> str:
    """The verdict on an answer."""
    if named is None:
        return "unknown"
    return "right" if canonicalize_name(named) in truth[module] else "wrong"


def measure() -> dict[str, Any]:
    """The answers for every module that some project lacks and that the truth knows, by project."""
    truth = read_truth()
    projects = []
    for project in json.loads(RESULTS.read_text("utf-8"))["projects"]:
        installed = pins(project["name"])
        rows = []
        for module in sorted(set(project["missing"]) & truth.keys()):
            named = answer(module, installed)
            rows.append({"module": module, "named": named, "verdict": judged(module, named, truth)})
        counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS}
        projects.append({"name": project["name"], "version": project["version"], **counts, "modules": rows})
    total = {verdict: sum(project[verdict] for project in projects) for verdict in VERDICTS}
    return {"projects": projects, "total": total, "typeshed": measure_typeshed()}


def measure_typeshed() -> dict[str, Any]:
    """The counts over typeshed's stubs, and the answers that are not right."""
    counts, rest = dict.fromkeys(VERDICTS, 0), []
    for line in TYPESHED.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        module, name = line.split()
        named = answer(module, [])
        verdict = judged(module, named, {module: {canonicalize_name(name)}})
        counts[verdict] += 1
        if verdict != "right":
            rest.append(f"{verdict}: {module}: {named}, not {name}")
    return {**counts, "rest": rest}


def render(results: dict[str, Any]) -> str:
    """The table, Markdown."""
    lines = ["| Project | Right | Unknown | Wrong |", "| --- | --: | --: | --: |"]
    for project in results["projects"]:
        counts = " | ".join(str(project[verdict]) for verdict in VERDICTS)
        lines.append(f"| {project['name']} {project['version']} | {counts} |")
    counts = " | ".join(f"**{results['total'][verdict]}**" for verdict in VERDICTS)
    lines.append(f"| **Sum** | {counts} |")
    stubs = " | ".join(str(results["typeshed"][verdict]) for verdict in VERDICTS)
    lines.append(f"| typeshed's stubs | {stubs} |")
    rest = [
        f"{row['verdict']}: {row['module']} ({project['name']}): {row['named']}"
        for project in results["projects"]
        for row in project["modules"]
        if row["verdict"] != "right"
    ]
    return "\n".join([*lines, "", *rest, *results["typeshed"]["rest"]])


def main() -> None:
    results = measure()
    print(render(results))
    if "--write" in sys.argv[1:]:
        NAMES.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
