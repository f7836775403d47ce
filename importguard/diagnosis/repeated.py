"""A cause is named once: neither the source's checks nor a start find again what a failed import told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.tables.distribution_names import from_table, same_name
from importguard.failures.service import LOG_SAYS
from importguard.model import SEVEREST_FIRST, Finding, RuleFamily
from importguard.rules.imports import IMPORT_EXITS, IMPORT_RAISES, MISSING_MODULE, MISSING_NAME, SYNTAX_ERROR
from importguard.rules.requirements import REQUIREMENT_NOT_INSTALLED
from importguard.rules.start import START_EXITS

_MOST_NAMES = 5
_FILES_LEFT_OUT = frozenset({"ignored", "not-copied", "not-committed", "stale-image"})
_FILES_ELSEWHERE = frozenset({"not-packaged", "copied-elsewhere"})
_FORBIDDEN = frozenset({"no-permission", "read-only", "folder-not-made"})
_NOT_INSTALLED = frozenset({"declared-not-installed", "not-declared", "wrong-stage"})
_NAME = re.compile(r"[\w.-]+")


def without_repeated(findings: Iterable[Finding], started: Collection[str] = ()) -> list[Finding]:
    """The same findings without those of IG3xx and IG4xx whose cause a failed import's diagnosis names too.

    None is left out for one that is less severe: what is found must not fail a build any less. ``started``
    are the modules that start commands name: of several with one cause, theirs is shown.
    """
    found = list(findings)
    failed = [
        finding
        for finding in found
        if finding.rule.family not in (RuleFamily.REQUIREMENTS, RuleFamily.SOURCE)
    ]
    kept = [
        finding
        for finding in found
        if finding in failed or not any(_repeats(finding, other) for other in failed)
    ]
    absent = {
        canonicalize_name(finding.module) for finding in kept if finding.rule is REQUIREMENT_NOT_INSTALLED
    }
    kept = [
        finding
        for finding in kept
        if not (finding.late and absent & set(map(canonicalize_name, _names_of(finding))))
    ]
    return list(_merge_findings_by_need(kept, started))


def _names_of(finding: Finding) -> list[str]:
    """The distributions that may bring what is missing, by its name."""
    missing = finding.missing or ""
    return [*from_table(missing), same_name(missing)]


def with_symptoms(findings: Iterable[Finding]) -> list[Finding]:
    """The same findings, where what a start showed of a cause is told with the finding of that cause.

    That is the one of the failed import, or else the first of the start. It is as severe as the severest.
    What functions import is left out where the start has called one of them: it shows which.
    """
    found = list(findings)
    met = {
        name for finding in found if finding.rule.family is RuleFamily.START for name in finding.all_missing
    }
    found = [finding for finding in found if not (finding.late and finding.missing in met)]
    groups: dict[int, list[Finding]] = {}
    for index, finding in enumerate(found):
        first = _index_of_cause(finding, found, index) if finding.rule.family is RuleFamily.START else None
        groups.setdefault(index if first is None else first, []).append(finding)
    return [_with_symptoms(found[index], group) for index, group in sorted(groups.items())]


def _index_of_cause(shown: Finding, findings: Sequence[Finding], before: int) -> Optional[int]:
    """Which finding tells the cause of what a start has shown; None where that stands alone."""
    causes = [
        (finding.rule.family is not RuleFamily.IMPORTS, index)
        for index, finding in enumerate(findings)
        if _is_cause_of(finding, shown) and (finding.rule.family is RuleFamily.IMPORTS or index < before)
    ]
    names_cause = shown.missing is not None or shown.diagnosis is not None or LOG_SAYS in shown.message
    if not causes and shown.rule is START_EXITS and not names_cause:
        # Its log has no traceback. Where one failed import alone breaks startup, that is why it ends.
        breaking = [index for index, finding in enumerate(findings) if _breaks_startup(finding)]
        return breaking[0] if len(breaking) == 1 else None
    return min(causes)[1] if causes else None


def _breaks_startup(finding: Finding) -> bool:
    return finding.rule.family is RuleFamily.IMPORTS and finding.reached and bool(finding.breaks_startup)


def _is_cause_of(cause: Finding, shown: Finding) -> bool:
    """Whether it lacks the same, or its log says what an import said that breaks startup, or of that line."""
    if cause.rule.family not in (RuleFamily.IMPORTS, RuleFamily.START):
        return False
    if shown.missing is not None:
        is_printed = cause.rule is IMPORT_EXITS and f"No module named '{shown.missing}'" in cause.message
        return is_printed or shown.missing in cause.all_missing
    if cause.rule.family is not RuleFamily.IMPORTS or not shown.message.endswith(LOG_SAYS + cause.message):
        return False
    return bool(cause.breaks_startup) or (shown.location is not None and shown.location == cause.location)


def _with_symptoms(cause: Finding, group: Sequence[Finding]) -> Finding:
    symptoms = tuple(finding for finding in group if finding is not cause)
    if not symptoms:
        return cause
    severity = min((finding.severity for finding in (cause, *symptoms)), key=SEVEREST_FIRST.index)
    causes = (finding.diagnosis for finding in (cause, *symptoms) if finding.diagnosis)
    return replace(cause, severity=severity, symptoms=symptoms, diagnosis=next(causes, None))


def _merge_findings_by_need(findings: list[Finding], started: Collection[str]) -> Iterator[Finding]:
    """One finding for all modules that the same newer Python, variable or environment mends.

    It is that of a start command's module, else of the first; ``also_missing`` are what the others lack.
    """
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_shared_need(finding) or finding, []).append(finding)
    for group in groups.values():
        first = min(group, key=lambda finding: _rank_to_show(finding, started))
        if len(group) > 1:
            every = tuple(sorted({name for finding in group for name in finding.affected}))
            first = replace(first, affected=every)
            if first.rule is MISSING_MODULE:
                others = sorted({name for finding in group for name in finding.all_missing} - {first.missing})
                first = replace(first, also_missing=tuple(others), message=_message_of_all(first, others))
        yield first


def _rank_to_show(finding: Finding, started: Collection[str]) -> tuple[bool, str, bool, bool, str]:
    stops = bool({finding.module, *finding.affected}.intersection(started))
    return not finding.reached, finding.rule.id, not stops, bool(finding.affected), finding.module


def _message_of_all(first: Finding, others: Sequence[str]) -> str:
    """What is missing besides, where one environment lacks several modules."""
    if not others:
        return first.message
    shown = ", ".join(others[:_MOST_NAMES])
    more = f" and {len(others) - _MOST_NAMES} more" if others[_MOST_NAMES:] else ""
    return f"{first.message}, nor {shown}{more}"


def _shared_need(finding: Finding) -> Optional[tuple[object, ...]]:
    """What a module lacks that others may lack too; None where a finding is its own."""
    diagnosis = finding.diagnosis
    if diagnosis is None:
        return None
    newer = finding.rule is SYNTAX_ERROR and diagnosis.cause == "newer-python"
    variable = (
        finding.rule is IMPORT_RAISES
        and diagnosis.cause == "environment"
        and diagnosis.remedy.startswith("--env")
    )
    if finding.rule is MISSING_MODULE and diagnosis.cause == "wrong-interpreter":
        return finding.rule, finding.severity, diagnosis.explanation, diagnosis.remedy
    if finding.rule.family is RuleFamily.IMPORTS and diagnosis.cause in _NOT_INSTALLED:
        # "No module named 'alembic.config'" and "cannot import name 'op' from 'alembic'": one distribution.
        return finding.severity, diagnosis.explanation, diagnosis.remedy
    if finding.rule in (MISSING_MODULE, MISSING_NAME) and diagnosis.cause in _FILES_LEFT_OUT:
        # "No module named 'shop.base'" and "cannot import name 'base' from 'shop'" are one file.
        return finding.missing, finding.severity, diagnosis.explanation, diagnosis.remedy
    if finding.rule is IMPORT_RAISES and diagnosis.cause in _FILES_LEFT_OUT | _FILES_ELSEWHERE:
        return (
            finding.rule,
            finding.severity,
            diagnosis.explanation,
            diagnosis.remedy,
        )  # a data file that several read
    if finding.rule is IMPORT_RAISES and diagnosis.cause in _FORBIDDEN:
        return finding.rule, finding.severity, diagnosis.location, diagnosis.remedy
    return (finding.rule, finding.severity, diagnosis.remedy) if newer or variable else None


def _repeats(finding: Finding, other: Finding) -> bool:
    here, there = finding.diagnosis, other.diagnosis
    if here is None or there is None or _rank(finding) < _rank(other):
        return False
    if finding.rule.family is RuleFamily.SOURCE:
        # One old image, and one command that mends all of it.
        return here.cause == there.cause == "stale-image"
    if finding.rule is REQUIREMENT_NOT_INSTALLED and there.cause == "wrong-interpreter":
        return True  # it may well be installed, for that one
    if here.location and here.location.line and here.location == there.location:
        return True
    return here.cause == there.cause == "version-conflict" and _asked(there.change) == canonicalize_name(
        finding.module
    )


def _rank(finding: Finding) -> int:
    return SEVEREST_FIRST.index(finding.severity)


def _asked(requirement: Optional[str]) -> str:
    """The canonical name (PEP 503) of the distribution that a requirement asks for."""
    match = _NAME.match(requirement or "")
    return canonicalize_name(match[0]) if match else ""
