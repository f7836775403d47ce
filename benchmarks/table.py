"""The README's fidelity table, made from results.json.

``python benchmarks/table.py`` prints it; ``--write`` puts it between the markers of README.md.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- fidelity:begin -->", "<!-- fidelity:end -->"
COLUMNS = (
    "Project",
    "Modules",
    "Fail",
    "Causes",
    "Wrong: one process",
    "Wrong: importguard",
    "CPU s: fresh interpreters",
    "CPU s: one process",
    "CPU s: importguard",
    "× one process",
    "Times faster than fresh",
)
REUSED = " Both passes, and what they cost, are of an earlier run on the same images that day."


def row(name: str, figures: dict[str, Any]) -> list[str]:
    """One line of the table, as text."""
    cpu = figures["cpu"]
    return [
        name,
        f"{figures['modules']:,}",
        f"{figures['failing']:,}",
        f"{figures['causes']:,}",
        f"{figures['naive_wrong']:,}",
        f"{figures['importguard_wrong']:,}",
        f"{cpu['truth']:,.1f}",
        f"{cpu['naive']:,.1f}",
        f"{cpu['importguard']:,.1f}",
        f"{cpu['importguard'] / cpu['naive']:.2f}",
        f"{cpu['truth'] / cpu['importguard']:.1f}",
    ]


def render(results: dict[str, Any]) -> str:
    """The table, Markdown, without the markers, and a sentence that says what was measured where."""
    rows = [row(f"{project['name']} {project['version']}", project) for project in results["projects"]]
    rows.append([f"**{cell}**" for cell in row("Sum", results["total"])])
    lines = [list(COLUMNS), ["---", *["--:"] * (len(COLUMNS) - 1)], *rows]
    machine = results["machine"]
    measured = (
        f"importguard {results['importguard']}, {results['python']} in {results['base']}, "
        f"{results['date']}, {machine['cpus']} CPUs ({machine['cpu']}). "
        f"{results['total']['unstable_count']} modules differed from themselves between two passes of "
        "fresh interpreters; they are not counted." + (REUSED if results["truth_reused"] else "")
    )
    return "\n".join(
        [
            *("| " + " | ".join(line) + " |" for line in lines),
            "",
            *textwrap.wrap(measured, 120, break_on_hyphens=False),
        ]
    )


def replaced(text: str, table: str, begin: str = BEGIN, end: str = END) -> str:
    """``text`` with what stands between the markers replaced by ``table``; ValueError without markers."""
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


def main() -> None:
    table = render(json.loads(RESULTS.read_text("utf-8")))
    if sys.argv[1:] == ["--write"]:
        README.write_text(replaced(README.read_text("utf-8"), table), "utf-8")
    else:
        print(table)


if __name__ == "__main__":
    main()
