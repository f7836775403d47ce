"""The baseline: what was found on the day that it was written, so that only what is new is shown.

A finding that breaks startup is shown all the same, unless it is accepted by name.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Optional

from importguard.errors import UsageError
from importguard.model import Comparison, Finding, ImageReport, Report, Suppression


@dataclass(frozen=True)
class Known:
    """One finding of a baseline: its fingerprint, and for people what it is. ``image``: the image's name."""

    fingerprint: str
    rule: str
    module: str
    missing: Optional[str]
    image: Optional[str]


def read(path: str) -> tuple[Known, ...]:
    """The findings of a baseline file. Raises UsageError for what is none."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"--baseline {path} can't be read: {error.strerror or error}. --write-baseline {path} makes it"
        ) from error
    except ValueError as error:
        raise UsageError(f"--baseline {path} is no baseline: {error}") from error
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != 1:
        raise UsageError(f"--baseline {path} is no baseline of schema_version 1: write it anew")
    try:
        return tuple(_known(item) for item in document["findings"])
    except (KeyError, TypeError) as error:
        raise UsageError(f"--baseline {path} is no baseline: a finding lacks {error}") from error


def _known(item: dict[str, Any]) -> Known:
    texts = {key: str(item[key]) for key in ("fingerprint", "rule", "module")}
    return Known(**texts, missing=item["missing"], image=item["image"])


def render(report: Report) -> str:
    """The findings of a report as a baseline file, in an order in which versions compare well.

    What the configuration ignores is no part of it.
    """
    found = {_entry(finding, image) for image in report.images for finding in image.findings}
    listed = [asdict(known) for known in sorted(found, key=_order)]
    text = json.dumps({"schema_version": 1, "findings": listed}, indent=2)
    return text + "\n"


def _entry(finding: Finding, image: ImageReport) -> Known:
    return Known(finding.fingerprint, finding.rule.id, finding.module, finding.missing, image.image.label)


def _order(known: Known) -> tuple[str, str, str, str]:
    return known.image or "", known.rule, known.missing or "", known.module


def compare(
    report: Report, baseline: Sequence[Known], accepted: Collection[str], whole: bool = True
) -> Report:
    """The report with the findings of the baseline among ``suppressed``, and the counts of old and fixed.

    ``accepted`` names findings that are hidden although they break startup: by what is missing, by module or
    by fingerprint. What is found no more is fixed only where ``whole`` says that all was to be checked,
    and it was.
    """
    images = tuple(_compare(image, baseline, accepted) for image in report.images)
    old = sum(1 for image in images for finding in image.suppressed if _is_old(finding))
    whole = whole and all(image.complete for image in report.images)
    fixed = sum(1 for known in baseline if _is_fixed(known, report)) if whole else 0
    return replace(report, images=images, comparison=Comparison(old, fixed))


def _compare(image: ImageReport, baseline: Sequence[Known], accepted: Collection[str]) -> ImageReport:
    known = {item.fingerprint for item in baseline if _is_about(item, image)}
    old = [
        finding
        for finding in image.findings
        if finding.fingerprint in known and (not finding.breaks_startup or _is_named(finding, accepted))
    ]
    suppression = Suppression("baseline", "in the baseline")
    return replace(
        image,
        findings=tuple(finding for finding in image.findings if finding not in old),
        suppressed=(*image.suppressed, *(replace(finding, suppression=suppression) for finding in old)),
    )


def _is_about(known: Known, image: ImageReport) -> bool:
    """An image without a name may be any of those that the baseline names."""
    return None in (known.image, image.image.label) or known.image == image.image.label


def _is_named(finding: Finding, accepted: Collection[str]) -> bool:
    return not {finding.fingerprint, finding.module, finding.missing}.isdisjoint(accepted)


def _is_old(finding: Finding) -> bool:
    return finding.suppression is not None and finding.suppression.by == "baseline"


def _is_fixed(known: Known, report: Report) -> bool:
    """Whether its image was checked and has it no more, not even among what is ignored."""
    images = [image for image in report.images if known.image in (None, image.image.label)]
    found = (finding for image in images for finding in (*image.findings, *image.suppressed))
    return bool(images) and all(finding.fingerprint != known.fingerprint for finding in found)


def note(path: str, comparison: Comparison) -> str:
    """The counts, for people."""
    verb = "finding is" if comparison.old == 1 else "findings are"
    text = f"Baseline {path}: {comparison.old} old {verb} not shown"
    if comparison.fixed:
        them = "it" if comparison.fixed == 1 else "them"
        text += f"; {comparison.fixed} fixed: run --write-baseline {path} to keep {them} fixed"
    return text + "."
