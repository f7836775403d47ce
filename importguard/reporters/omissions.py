"""What ``importguard context`` writes of its own: its text, and what its JSON has beside the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Optional

from importguard.report import ImageReport, Report
from importguard.reporters.wording.sentences import suppressed_sentence
from importguard.source.context.omissions import (
    Build,
    ExaminedBuild,
    Omission,
    lines_to_change,
    severity_of_imports,
)
from importguard.source.model import Source
from importguard.terminal import escape_text, style_text, wrap_text

_MOST_IMPORTS = 3
_MOST_LINES = 8


def render_builds(
    examined: Sequence[ExaminedBuild], report: Report, width: int, color: bool, verbose: bool
) -> str:
    """The text report, build by build; ``width`` in characters.

    ``report`` has an image for each build: what is suppressed there is not shown, only counted.
    """
    said: dict[tuple[object, ...], str] = {}
    sections = [
        "\n".join(_section(one, image, said, width, color, verbose))
        for one, image in zip(examined, report.images)
    ]
    notes = report.notes
    told = [line for note in notes for line in wrap_text(f"Note: {escape_text(note)}", width, "", "   ")]
    return "\n\n".join([*sections, *(["\n".join(told)] if told else [])]) + "\n"


def _heading(one: ExaminedBuild) -> str:
    files = [one.dockerfile_path or "no Dockerfile", one.source.ignore_file or "no .dockerignore"]
    inner = f", context {escape_text(one.source.context)}" if one.source.context != "." else ""
    return f"importguard context  {escape_text(one.context)}  ({escape_text(', '.join(files))}{inner})"


def _section(
    one: ExaminedBuild,
    image: ImageReport,
    said: dict[tuple[object, ...], str],
    width: int,
    color: bool,
    verbose: bool,
) -> list[str]:
    """One build. ``said`` are the omissions that an earlier one has told, with its Dockerfile."""
    build, source = _shown_build(one.build, image), one.source
    lines = [_heading(one), "", *_verdict(build, image, color)]
    grouped = len({_group(omission) for omission in build.omissions}) > 1
    before = ""
    for number, omission in enumerate(build.omissions, 1):
        group = _group(omission)
        if grouped and group != before:
            lines += ["", style_text(f"{group}:", "bold", color)]
        before = group
        earlier = said.setdefault(_identity(omission), one.dockerfile_path)
        told = _said_again(omission, source, earlier) if earlier != one.dockerfile_path else None
        lines += ["", style_text(f"{number}. {escape_text(omission.module)}", "bold", color)]
        texts = told or _said_of(omission, source, verbose)
        lines += [line for text in texts for line in wrap_text(text, width, "   ", "      ")]
    lines += ["", *(line for text in _others(build, verbose) for line in wrap_text(text, width, "", "   "))]
    lines += [
        line for note in build.notes for line in wrap_text(f"Note: {escape_text(note)}", width, "", "   ")
    ]
    lines += wrap_text(suppressed_sentence(image), width) if image.suppressed else []
    lines.append(f"{_count(build.files, 'Python file')} · {build.going_in} go in · {one.seconds:.1f} s")
    return lines


def _shown_build(build: Build, image: ImageReport) -> Build:
    """The build with what the report shows of it, and with the severities that the configuration sets."""
    shown = {finding.missing: finding.severity.value for finding in image.findings}
    omissions = [
        replace(omission, severity=shown.get(omission.module))
        for omission in build.omissions
        if omission.severity is None or omission.module in shown
    ]
    return replace(build, omissions=tuple(sorted(omissions, key=lambda one: _ORDER[one.severity])))


def _identity(omission: Omission) -> tuple[object, ...]:
    """The identity of an omission over builds: the line of .dockerignore, or that no COPY takes it."""
    out = omission.left_out
    return omission.module, omission.severity, out.cause, out.place if out.cause == "ignored" else None


def _said_again(omission: Omission, source: Source, earlier: str) -> list[str]:
    text = f"as for {escape_text(earlier)}"
    needs = f": {escape_text(lines_to_change(omission, source))}" if omission.copy else ""
    return [text + needs]


_ORDER = {"error": 0, "warning": 1, "note": 2, None: 3}
_MARKS = {"error": ("✗", "bold red"), "warning": ("!", "bold yellow"), "note": ("·", "bold")}
# By ``severity_of_imports``: the configuration may give such a finding another severity.
_MISSED = {
    "error": "missed as soon as the code is imported",
    "warning": "missed when a function is called",
}


def _group(omission: Omission) -> str:
    """The heading that the omission stands below."""
    if omission.severity is None:
        return "Missed only where the code is prepared for it"
    return f"{omission.severity.capitalize()}s: {_MISSED[severity_of_imports(omission.imports) or 'warning']}"


def _verdict(build: Build, image: ImageReport, color: bool) -> Iterator[str]:
    """What is missed and when, whatever the configuration makes of it; its severity is the mark's."""
    missed: dict[Optional[str], list[Omission]] = {}
    for omission in build.omissions:
        missed.setdefault(severity_of_imports(omission.imports), []).append(omission)
    at_once, late, guarded = missed.get("error"), missed.get("warning"), missed.get(None)
    if not at_once and not late:
        subject = "Beside what is suppressed, the build" if image.suppressed else "The build"
        text = f"✓ {subject} leaves out no module that the code which goes in imports."
        yield style_text(text, "bold green", color)
    if at_once:
        modules = _count(len(at_once), "module")
        text = f"The build leaves out {modules} that the code which goes in imports."
        if all(one.left_out.install for one in at_once):
            text = f"The build copies {modules} too late for the editable install that the start needs."
        elif all(one.left_out.renaming for one in at_once):
            text = f"The build gives another name to {modules} that the start command needs."
        yield _marked(text, at_once, color)
    if late:
        modules = _count(len(late), "left-out module")
        yield _marked(f"{modules} would be missed by functions that import late.", late, color)
    if guarded:
        modules = _count(len(guarded), "left-out module")
        yield f"{modules} would be missed only where the code is prepared for it."


def _marked(text: str, omissions: Sequence[Omission], color: bool) -> str:
    """The sentence with the mark and in the colour of the worst of the omissions that it speaks of."""
    mark, style = _MARKS[min((omission.severity or "note" for omission in omissions), key=_ORDER.__getitem__)]
    return style_text(f"{mark} {text}", style, color)


def _said_of(omission: Omission, source: Source, verbose: bool) -> Iterator[str]:
    place = omission.left_out.place
    if omission.left_out.cause == "ignored" and place:
        yield f"left out by {escape_text(place.path)}:{place.line}  {escape_text(place.text)}"
    elif omission.left_out.install and place:
        install = omission.left_out.install
        line = f"{escape_text(install.path)}:{install.line}  {escape_text(install.text)}"
        yield f"copied at line {place.line}, after the editable install that maps what lies there: {line}"
    elif omission.left_out.renaming:
        renaming = omission.left_out.renaming
        yield f"{escape_text(renaming.explanation(omission.module, omission.left_out.destination))}."
    elif place:
        line = f"{escape_text(place.path)}:{place.line}  {escape_text(place.text)}"
        yield f"no COPY takes it; the nearest is {line}"
    else:
        yield "no COPY takes it: the Dockerfile copies nothing of the context"
    shown = omission.imports if verbose else omission.imports[:_MOST_IMPORTS]
    places = ", ".join(f"{escape_text(one.path)}:{one.line}{_scope(one.scope)}" for one in shown)
    rest = len(omission.imports) - len(shown)
    yield f"imported at {places}" + (f" and {_count(rest, 'other line')}" if rest else "")
    yield escape_text(lines_to_change(omission, source))


def _scope(scope: str) -> str:
    return _SCOPES.get(scope, f" ({scope})")


_SCOPES = {
    "module": "",
    "function": " (in a function)",
    "type_checking": " (for type checkers)",
    "start": " (the start command)",
    "settings": " (INSTALLED_APPS)",
}


def _others(build: Build, verbose: bool) -> Iterator[str]:
    """List what is left out and not imported: mostly it is meant to be."""
    if not build.others:
        return
    yield f"Left out, and imported by nothing that goes in: {_count(len(build.others), 'file')}"
    if verbose:
        for one in build.others:
            place = _line(one.place.path, one.place.line) if one.place else "no COPY"
            yield f"   {escape_text(one.path)}  {place}"
        return
    lines = Counter(
        f"{_line(one.place.path, one.place.line)}  {escape_text(one.place.text)}"
        if one.cause == "ignored" and one.place
        else "not taken by any COPY"
        for one in build.others
    )
    for line, number in lines.most_common(_MOST_LINES):
        yield f"   {number} · {line}"
    if len(lines) > _MOST_LINES:
        yield f"   and by {_count(len(lines) - _MOST_LINES, 'more line')}; -v lists all"


def _line(path: str, line: int) -> str:
    return f"{escape_text(path)}:{line}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def build_values(examined: Sequence[ExaminedBuild], report: Report) -> dict[str, Any]:
    """What the JSON report holds beyond that of ``check``: additions are allowed, renames are not.

    What is said at the top is of all builds.
    """
    examined = [
        replace(one, build=_shown_build(one.build, image)) for one, image in zip(examined, report.images)
    ]
    builds = [_build(examined_build) for examined_build in examined]
    first = examined[0].source if len(examined) == 1 else None
    return {
        "context": first.context if first else ".",
        "dockerfile": first.dockerfile.path if first and first.dockerfile else None,
        "ignore_file": first.ignore_file if first else None,
        "summary": {
            "files": max(examined_build.build.files for examined_build in examined),
            "going_in": sum(examined_build.build.going_in for examined_build in examined),
            "errors": sum(examined_build.build.error_count for examined_build in examined),
            "warnings": sum(examined_build.build.warning_count for examined_build in examined),
        },
        "modules": [module for build in builds for module in build["modules"]],
        "left_out": [out for build in builds for out in build["left_out"]],
        "notes": [*(note for build in builds for note in build["notes"]), *report.notes],
        "builds": builds,
    }


def _build(one: ExaminedBuild) -> dict[str, Any]:
    build, source = one.build, one.source
    return {
        "context": source.context,
        "dockerfile": one.dockerfile_path or None,
        "ignore_file": source.ignore_file,
        "summary": {
            "files": build.files,
            "going_in": build.going_in,
            "errors": build.error_count,
            "warnings": build.warning_count,
        },
        "modules": [
            {**_module(omission), "dockerfile": one.dockerfile_path or None} for omission in build.omissions
        ],
        "left_out": [
            {"path": out.path, "cause": out.cause, "location": _location(out.place)} for out in build.others
        ],
        "notes": list(build.notes),
    }


def _module(one: Omission) -> dict[str, Any]:
    return {
        "name": one.module,
        "path": one.left_out.path,
        "severity": one.severity,
        "cause": one.left_out.cause,
        "location": _location(one.left_out.place),
        "exception": one.left_out.exception,
        "copy": one.copy,
        "imports": [{"path": site.path, "line": site.line, "scope": site.scope} for site in one.imports],
    }


def _location(place: Any) -> Any:
    return {"path": place.path, "line": place.line, "text": place.text} if place else None
