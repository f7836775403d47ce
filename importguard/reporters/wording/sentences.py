"""The sentences that reports for people share. Strings of the image are escaped as for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from importguard.diagnosis.parts import CODE, IMAGE, START, UNPROVEN, part_of
from importguard.model import Finding, Outcome, RuleFamily, Severity
from importguard.report import ImageReport, RequestVerdict
from importguard.rules.imports import ENTRYPOINT_TARGET, MISSING_NAME
from importguard.terminal import escape_lines, escape_text

_MOST_LINES = 8
_LONGEST_LINE = 1500
_MOST_NAMES = 6
_MOST_COMMANDS = 4

_SUPPRESSED = {
    "rule": "by a rule that is turned off",
    "ignore": "ignored by the configuration",
    "baseline": "in the baseline",
}
_PART_HEADINGS = {
    (IMAGE, True): "The image is wrong: left out, not copied or not installed",
    (IMAGE, False): "In the image",
    (UNPROVEN, True): "The image, its environment or the code is wrong: not proven which",
    (UNPROVEN, False): "In the image, its environment or the code",
    (CODE, True): "The code is wrong in any image",
    (CODE, False): "In the code",
    (START, True): "It does not start as it should",
    (START, False): "In its start",
}


def short_verdict(image: ImageReport) -> str:
    """The result for the image, in a few words."""
    parts = [count_with_noun(len(image.findings), "finding")] if image.findings else []
    parts += ["not wholly checked" if image.modules else "not checked"] if image.error else []
    return ", ".join(parts) or ("nothing new" if image.suppressed else _well(image))


def _well(image: ImageReport) -> str:
    if image.build is not None:
        return "the build leaves out no module that is imported"
    if image.start is None or image.start.ready is None:
        return "every module imports"
    return "every module imports, and it starts" if image.modules else "it starts"


def summary_sentences(image: ImageReport) -> Iterator[str]:
    """Sum up the image and its start commands in whole sentences; none where no module was found."""
    if image.build is None:
        yield from _summary_of_imports(image)
    else:
        files = count_with_noun(image.build.files, "Python file")
        yield f"Of {files} of the source, {image.build.going_in} go into the image; nothing was run."
    if image.suppressed:
        yield suppressed_sentence(image)


def _summary_of_imports(image: ImageReport) -> Iterator[str]:
    outcomes = Counter(module.outcome for module in image.modules)
    checked = len(image.modules) - outcomes[Outcome.SKIPPED] - outcomes[Outcome.UNCHECKED]
    failed = checked - outcomes[Outcome.IMPORTED]
    everything = (*image.findings, *image.suppressed)
    if image.suppressed and not image.findings:
        yield "Nothing is found but what is suppressed."
    if failed:
        causes = sum(1 for finding in everything if _is_cause(finding))
        verb = "does" if failed == 1 else "do"
        modules, found = count_with_noun(checked, "module"), count_with_noun(causes, "cause")
        yield f"{failed} of {modules} {verb} not import, from {found}."
    elif checked and not everything:
        yield from _all_import(checked)
    yield from _not_reached(everything)
    yield from _startup(image)
    yield from _started(image)
    if checked and not failed and everything:
        yield from _all_import(checked)


def _not_reached(findings: Sequence[Finding]) -> Iterator[str]:
    late = sum(1 for finding in findings if finding.late)
    behind = sum(1 for finding in findings if not finding.reached) - late
    if behind:
        verb = "is" if behind == 1 else "are"
        yield f"{count_with_noun(behind, 'more missing module')} {verb} behind them and would fail next."
    if late:
        names = sum(1 for finding in findings if finding.late and finding.rule is MISSING_NAME)
        counted = [count_with_noun(late - names, "missing module")] if late > names else []
        counted += [count_with_noun(names, "missing name")] if names else []
        verb = "is" if late == 1 else "are"
        yield f"{' and '.join(counted)} {verb} imported inside functions, which fail when they are called."


def _is_cause(finding: Finding) -> bool:
    """Whether a module does not import for it: what drift and requirements show makes none fail."""
    is_import = finding.rule.family is RuleFamily.IMPORTS and finding.rule is not ENTRYPOINT_TARGET
    return is_import and finding.reached


def _all_import(checked: int) -> Iterator[str]:
    yield f"All {checked} modules import." if checked > 1 else "The module imports."


def _startup(image: ImageReport) -> Iterator[str]:
    unknown = {entry.command for entry in image.entrypoints if not entry.target}
    known = [entry.command for entry in image.entrypoints if entry.command not in unknown]
    names = list(dict.fromkeys(map(escape_text, known)))
    rest = f" and {len(names) - _MOST_COMMANDS} more" if len(names) > _MOST_COMMANDS else ""
    commands = ", ".join(names[:_MOST_COMMANDS]) + rest
    broken = sum(1 for finding in (*image.findings, *image.suppressed) if finding.breaks_startup)
    if broken:
        verb = "breaks" if broken == 1 else "break"
        behind = f" ({commands})" if commands else ""
        yield f"{count_with_noun(broken, 'finding')} {verb} startup{behind}."
    elif commands and image.complete:
        yield f"What starts it can be loaded: {commands}."
    elif not commands and image.complete and image.modules:
        yield "No start command was recognised; name the one that production runs: --command CMD."


def _started(image: ImageReport) -> Iterator[str]:
    """What came of starting it, where that went well or was not tried."""
    start = image.start
    if start is None:
        return
    if start.skipped:
        yield f"Not started: {escape_text(start.skipped)}."
    elif start.ready is not None:
        answers = "".join(f", {_answered(request)}" for request in start.requests)
        port = f"port {start.port} accepts after {start.accepted or 0.0:.1f} s{answers}"
        ends = f"; SIGTERM ends it in {start.stopped:.1f} s" if start.stopped is not None else ""
        ends = "; SIGTERM does not end it" if start.killed else ends
        yield f"It starts: {port if start.port else 'it stays up' + answers}{ends}."


def _answered(one: RequestVerdict) -> str:
    if one.request == "HEALTHCHECK":
        return "its HEALTHCHECK succeeds"
    if one.request == "gRPC health":
        return "gRPC says SERVING"
    return f"{escape_text(one.request)} is answered {one.status}"


def suppressed_sentence(image: ImageReport) -> str:
    """Count the findings that are not shown, with the reasons."""
    reasons = Counter(finding.suppression.by for finding in image.suppressed if finding.suppression)
    why = ", ".join(f"{reasons[by]} {words}" for by, words in _SUPPRESSED.items() if reasons[by])
    verb = "is" if len(image.suppressed) == 1 else "are"
    return f"{count_with_noun(len(image.suppressed), 'finding')} {verb} suppressed: {why}."


def count_with_noun(number: int, noun: str) -> str:
    """``1 cause``, ``2 causes``."""
    return f"{number} {noun if number == 1 else noun + 's'}"


def part_heading(part: str, image: ImageReport) -> str:
    """The heading of a part's findings; it calls nothing wrong where they are only warnings."""
    findings = [finding for finding in image.findings if part_of(finding) == part]
    wrong = any(finding.severity is Severity.ERROR for finding in findings)
    return f"{_PART_HEADINGS[part, wrong]} ({count_with_noun(len(findings), 'finding')})"


def finding_story(finding: Finding) -> list[str]:
    """Lines that say what is wrong, why, and what to do, escaped as for a terminal."""
    lines = escape_lines(finding.message).split("\n")[:_MOST_LINES]
    told = [line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " …" for line in lines if line]
    told += [escape_text(line)[:_LONGEST_LINE] for line in symptom_lines(finding)]
    effects = ["It keeps the application from starting."] if finding.breaks_startup else []
    effects += ["No start command loads it."] if finding.loaded_at_startup is False else []
    effects += [_WHEN_NOT_REACHED[finding.late]] if not finding.reached else []
    others = [escape_text(name) for name in finding.affected if name != finding.module]
    effects += [f"{_listed(others)} {_verb(finding, others)}."] if others else []
    told += [" ".join(effects)] if effects else []
    if finding.diagnosis is not None:
        told += [
            escape_text(finding.diagnosis.explanation),
            f"Try: {escape_text(finding.diagnosis.remedy)}",
        ]
    return told


_WHEN_NOT_REACHED = {
    False: "It lies behind another finding and would fail next.",
    True: "It is imported inside a function, which fails when it is called.",
}


def symptom_lines(finding: Finding) -> list[str]:
    """What else comes of the same cause, not escaped: the names of requirements on one line, and what the
    start showed, a line each, without the words of the finding."""
    lines = []
    required = [one.module for one in finding.symptoms if one.rule.family is RuleFamily.REQUIREMENTS]
    if required:
        rest = f" and {len(required) - _MOST_NAMES} more" if required[_MOST_NAMES:] else ""
        lines.append(f"Not met either: {', '.join(required[:_MOST_NAMES])}{rest}")
    for symptom in finding.symptoms:
        if symptom.rule.family is RuleFamily.REQUIREMENTS:
            continue
        is_same = bool(finding.message) and symptom.message.endswith(f": {finding.message}")
        message = symptom.message[: -len(finding.message)] + "the same" if is_same else symptom.message
        lines.append(
            f"When it is started ({symptom.rule.id} {symptom.rule.name}): {' '.join(message.split())}"
        )
    return lines


def _verb(finding: Finding, others: Sequence[str]) -> str:
    if not finding.reached:
        return "would fail too"
    return "fails too" if len(others) == 1 else "fail too"


def _listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and 7 more modules``."""
    shown = names if len(names) <= _MOST_NAMES else names[: _MOST_NAMES - 1]
    rest = [count_with_noun(len(names) - len(shown), "more module")] if len(shown) < len(names) else []
    *first, last = [*shown, *rest]
    return f"{', '.join(first)} and {last}" if first else last
