"""``--baseline`` and ``--write-baseline`` of ``importguard check``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from importguard import baseline
from importguard.errors import UsageError
from importguard.model import Report
from importguard.writing import check_writable, write_file

Known = tuple[baseline.Known, ...]


def prepare(options: dict[str, Any]) -> Known:
    """Read the baseline, and see that one can be written, before anything is checked."""
    if options["write_baseline"]:
        check_writable(options["write_baseline"], "--write-baseline")
        return ()
    if options["baseline_accept"] and not options["baseline"]:
        raise UsageError("--baseline-accept is only for --baseline FILE or --write-baseline FILE")
    return baseline.read(options["baseline"]) if options["baseline"] else ()


def compared(report: Report, options: dict[str, Any], known: Known, whole: bool) -> Report:
    """The report against the baseline, or against the one that is written of it now."""
    path = options["write_baseline"] or options["baseline"]
    if not path:
        return report
    if options["write_baseline"]:
        if not all(image.complete for image in report.images):
            unwritten = f"The baseline {path} was not written: the check is not complete."
            return replace(report, notes=(*report.notes, unwritten))
        write_file(path, baseline.render(report), "--write-baseline")
        known = baseline.read(path)
    result = baseline.compare(report, known, frozenset(options["baseline_accept"]), whole)
    assert result.comparison is not None
    return replace(result, notes=(*result.notes, baseline.note(path, result.comparison)))
