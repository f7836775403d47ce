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
from importguard.model import Finding, Suppression
from importguard.report import Comparison, ImageReport, Report


@dataclass(frozen=True)
class Known:
    """One finding of a baseline: its fingerprint, and for people what it is. ``image``: the image's name."""

    fingerprint: str
    rule: str
    module: str
    missing: Optional[str]
    image: Optional[str]


def read_baseline(path: str) -> tuple[Known, ...]:
    """The findings of a baseline file. Raises UsageError for what is none."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"--baseline {path} can't be read: {error.strerror or error}. --write-baseline {path} makes it"
        ) from error
    except (ValueError, RecursionError) as error:
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
    missing, image = item["missing"], item["image"]
    if not all(value is None or isinstance(value, str) for value in (missing, image)):
        raise TypeError("strings for missing and image")
    return Known(**texts, missing=missing, image=image)


def render_baseline(report: Report) -> str:
    """The findings of a report as a baseline file, in an order in which versions compare well.

    What the configuration ignores is no part of it.
    """
    found = {
        _entry(one, image)
        for image in report.images
        for finding in image.findings
        for one in (finding, *finding.symptoms)
    }
    listed = [asdict(known) for known in sorted(found, key=_order)]
    text = json.dumps({"schema_version": 1, "findings": listed}, indent=2)
    return text + "\n"


def _entry(finding: Finding, image: ImageReport) -> Known:
    return Known(finding.fingerprint, finding.rule.id, finding.module, finding.missing, image.image.label)


def _order(known: Known) -> tuple[str, str, str, str]:
    return known.image or "", known.rule, known.missing or "", known.module


def compare_with_known(
    report: Report, baseline: Sequence[Known], accepted: Collection[str], whole: bool = True
) -> Report:
    """The report with the findings of the baseline among ``suppressed``, and the counts of old and fixed.

    ``accepted`` names findings that are hidden although they break startup: by what is missing, by module or
    by fingerprint. What is found no more is fixed only where ``whole`` says that all was to be checked,
    and it was.
    """
    known = [_known_of(image, baseline) for image in report.images]
    images = tuple(_compare(image, prints, accepted) for image, prints in zip(report.images, known))
    old = sum(1 for image in images for finding in image.suppressed if _is_old(finding))
    breaking = sum(
        1
        for image, prints in zip(images, known)
        for finding in image.findings
        if finding.fingerprint in prints
    )
    whole = whole and all(image.complete for image in report.images)
    fixed = _fixed(report, baseline) if whole else 0
    return replace(report, images=images, comparison=Comparison(old, fixed, breaking))


def _known_of(image: ImageReport, baseline: Sequence[Known]) -> set[str]:
    """The fingerprints for an image. One without a label may be any of those that the baseline names."""
    label = image.image.label
    return {item.fingerprint for item in baseline if None in (item.image, label) or item.image == label}


def _compare(image: ImageReport, known: Collection[str], accepted: Collection[str]) -> ImageReport:
    suppression = Suppression("baseline", "in the baseline")
    judged = [
        replace(finding, suppression=suppression) if _is_hidden(finding, known, accepted) else finding
        for finding in image.findings
    ]
    return replace(
        image,
        findings=tuple(finding for finding in judged if not finding.suppression),
        suppressed=(*image.suppressed, *(finding for finding in judged if finding.suppression)),
    )


def _is_hidden(finding: Finding, known: Collection[str], accepted: Collection[str]) -> bool:
    named = not {finding.fingerprint, finding.module, finding.missing}.isdisjoint(accepted)
    return finding.all_fingerprints <= set(known) and (named or not finding.breaks_startup)


def _is_old(finding: Finding) -> bool:
    return finding.suppression is not None and finding.suppression.by == "baseline"


def _fixed(report: Report, baseline: Sequence[Known]) -> int:
    """Count the known findings that their image no longer has, not even among the ignored ones."""
    found: dict[Optional[str], set[str]] = {}
    for image in report.images:
        everything = (*image.findings, *image.suppressed)
        prints = {print_ for finding in everything for print_ in finding.all_fingerprints}
        for label in (None, image.image.label):
            found.setdefault(label, set()).update(prints)
    return sum(1 for item in baseline if item.image in found and item.fingerprint not in found[item.image])


def comparison_note(path: str, comparison: Comparison) -> str:
    """The counts, for people."""
    verb = "finding is" if comparison.old == 1 else "findings are"
    text = f"Baseline {path}: {comparison.old} old {verb} not shown"
    if comparison.fixed:
        them = "it" if comparison.fixed == 1 else "them"
        text += f"; {comparison.fixed} fixed: run --write-baseline {path} to keep {them} fixed"
    if comparison.breaking:
        verb = "breaks startup and is" if comparison.breaking == 1 else "break startup and are"
        text += f"; {comparison.breaking} more {verb} shown all the same (--baseline-accept NAME hides one)"
    return text + "."
