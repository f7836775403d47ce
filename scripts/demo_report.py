"""Tells whether the demo's report is the expected one.

Usage: demo_report.py EXIT_CODE REPORT.json REPORT.txt
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CONTEXT = "examples/netra/backend"
PATTERN = "**/monitoring/"
# What the pattern removed, the one that keeps the application from starting first, and what lets it in again.
REMOVED = {
    "netra_backend.app.services.monitoring": "!netra_backend/app/services/monitoring/",
    "netra_backend.app.monitoring": "!netra_backend/app/monitoring/",
}


def line_of_pattern(ignore_file: str) -> int:
    """The line at which the pattern stands in the text of a .dockerignore."""
    return ignore_file.splitlines().index(PATTERN) + 1


def differences(status: int, report: dict, text: str, line: int) -> list[str]:
    """What is not as expected, one sentence each; empty when all is. ``line`` is the pattern's."""
    wrong = []
    if status != 1:
        wrong.append(f"the exit code is {status}, not 1 (findings)")
    images = report.get("images", [])
    findings = images[0]["findings"] if images else []
    seen = [(one["rule"], one["missing"], one["breaks_startup"]) for one in findings]
    expected = [("IG101", name, number == 0) for number, name in enumerate(REMOVED)]
    if seen != expected:
        wrong.append(f"the findings are {seen}, not {expected}")
    for finding in findings:
        told = finding["diagnosis"] or {}
        place = told.get("location") or {}
        named = (told.get("cause"), place.get("path"), place.get("line"), told.get("change"))
        if named != ("ignored", ".dockerignore", line, REMOVED.get(finding["missing"])):
            wrong.append(f"the cause of {finding['missing']} is told as {named}")
    block = [f".dockerignore:{line}  {PATTERN}", f"   ignored: {', '.join(REMOVED)}"]
    block += [f"   add: {exception}" for exception in REMOVED.values()]
    if "\n".join(block) not in text:
        wrong.append(f"the printed report does not end with .dockerignore:{line} as the line to change")
    return wrong


def main() -> int:
    """Print the line that the team of the incident needed, and whether the report has it; the exit code says
    so too."""
    status, path, printed = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    line = line_of_pattern(Path(CONTEXT, ".dockerignore").read_text(encoding="utf-8"))
    text = path.read_text(encoding="utf-8")
    wrong = differences(status, json.loads(text) if text else {}, printed.read_text(encoding="utf-8"), line)
    for sentence in wrong:
        print(f"demo failed: {sentence}", file=sys.stderr)
    if not wrong:
        print(
            "\nThe report is the expected one. The build was green, and one line breaks the image:\n\n"
            f"{CONTEXT}/.dockerignore:{line}  {PATTERN}\n"
            f"   removed {' and '.join(REMOVED)}\n"
            f"   add {' and '.join(REMOVED.values())}",
            file=sys.stderr,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
