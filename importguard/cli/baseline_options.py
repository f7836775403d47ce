"""``--baseline`` and ``--write-baseline`` of ``importguard check``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from importguard.errors import UsageError

if TYPE_CHECKING:
    from importguard.policy.baseline import Known
    from importguard.report import Report


def read_known_findings(options: dict[str, Any]) -> tuple[Known, ...]:
    """Read the baseline, and see that one can be written, before anything is checked."""
    if options["write_baseline"]:
        from importguard.cli.writing import check_writable

        check_writable(options["write_baseline"], "--write-baseline")
        return ()
    if options["baseline"]:
        from importguard.policy.baseline import read_baseline

        return read_baseline(options["baseline"])
    if options["baseline_accept"]:
        raise UsageError("--baseline-accept is only for --baseline FILE or --write-baseline FILE")
    return ()


def compare_with_baseline(
    report: Report, options: dict[str, Any], known: tuple[Known, ...], whole: bool
) -> Report:
    """The report against the baseline, or against the one that is written of it now."""
    path = options["write_baseline"] or options["baseline"]
    if not path:
        return report
    from importguard.cli.writing import write_file
    from importguard.policy import baseline

    if options["write_baseline"]:
        if not all(image.complete for image in report.images):
            unwritten = f"The baseline {path} was not written: the check is not complete."
            return replace(report, notes=(*report.notes, unwritten))
        write_file(path, baseline.render_baseline(report), "--write-baseline")
        known = baseline.read_baseline(path)
    result = baseline.compare_with_known(report, known, frozenset(options["baseline_accept"]), whole)
    assert result.comparison is not None
    return replace(result, notes=(*result.notes, baseline.comparison_note(path, result.comparison)))
