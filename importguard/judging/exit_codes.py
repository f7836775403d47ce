"""What the exit code is, told from the report alone."""

from __future__ import annotations

from importguard.errors import EXIT_FINDINGS, EXIT_OK, InspectionError
from importguard.judging.startup_impact import is_certain_to_break
from importguard.model import Finding
from importguard.report import ImageReport, Report


def exit_code(report: Report, fail_on: str) -> int:
    """3 or 4 if any image could not be judged, else 1 if a finding is at or above ``fail_on``, else 0.

    A finding that breaks startup for certain is a judgement on the image, whatever is left unchecked besides.
    """
    codes = (_code_of(image, fail_on) for image in report.images)
    unjudged = max(codes, default=InspectionError.exit_code)
    if unjudged:
        return unjudged
    found = any(is_failure(finding, fail_on) for image in report.images for finding in image.findings)
    return EXIT_FINDINGS if found else EXIT_OK


def _code_of(image: ImageReport, fail_on: str) -> int:
    certain = image.verdicts_stand and any(is_certain_to_break(finding, image) for finding in image.findings)
    return EXIT_OK if certain and fail_on != "never" else image.exit_code


def is_failure(finding: Finding, fail_on: str) -> bool:
    """Whether a finding makes the exit code 1.

    Where no start command was recognised, nothing shows that an error leaves the start alone: it counts.
    """
    if fail_on == "startup":
        return finding.severity == "error" and finding.breaks_startup is not False
    return finding.severity in {"error": ("error",), "warning": ("error", "warning"), "never": ()}[fail_on]
