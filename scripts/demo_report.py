"""Tells whether the demo's report is the expected one. Usage: demo_report.py EXIT_CODE REPORT.json"""

from __future__ import annotations

import json
import sys
from pathlib import Path

MISSING = "netra_backend.app.services.monitoring"


def differences(status: int, report: dict) -> list[str]:
    """What is not as expected, one sentence each; empty when all is."""
    wrong = []
    if status != 1:
        wrong.append(f"the exit code is {status}, not 1 (findings)")
    images = report.get("images", [])
    findings = images[0]["findings"] if images else []
    if not findings:
        return [*wrong, "the report has no finding"]
    first = findings[0]
    seen = (first["rule"], first["missing"], first["breaks_startup"])
    if seen != ("IG101", MISSING, True):
        wrong.append(f"the first finding is {seen}, not ('IG101', {MISSING!r}, True)")
    return wrong


def main() -> int:
    """Print what was expected and whether it came; the exit code says so too."""
    status, path = int(sys.argv[1]), Path(sys.argv[2])
    text = path.read_text(encoding="utf-8")
    wrong = differences(status, json.loads(text) if text else {})
    print(file=sys.stderr)
    print(
        f"Expected: exit code 1, and first of all IG101 for {MISSING}, which breaks startup:\n"
        "the line **/monitoring/ in examples/netra/backend/.dockerignore keeps it out of the image.",
        file=sys.stderr,
    )
    for sentence in wrong:
        print(f"demo failed: {sentence}", file=sys.stderr)
    if not wrong:
        print("The report is the expected one: the demo succeeded.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
