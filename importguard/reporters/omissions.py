"""What ``importguard context`` says: the modules that a build leaves out, for people and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from importguard import __version__
from importguard.source.model import Source
from importguard.source.omissions import Build, Omission
from importguard.terminal import escape, style, wrap

_MOST_IMPORTS = 3
_MOST_LINES = 8


@dataclass(frozen=True)
class Title:
    """What was asked for: the context as it was named, and how long the answer took."""

    context: str
    seconds: float


def render(build: Build, source: Source, title: Title, *, width: int, color: bool, verbose: bool) -> str:
    """The text report; ``width`` in characters."""
    dockerfile = source.dockerfile.path if source.dockerfile else "no Dockerfile"
    files = [dockerfile, source.ignore_file or "no .dockerignore"]
    lines = [f"importguard context  {escape(title.context)}  ({escape(', '.join(files))})", ""]
    lines += _verdict(build, color)
    for number, omission in enumerate(build.omissions, 1):
        lines += ["", style(f"{number}. {escape(omission.module)}", "bold", color)]
        lines += [line for text in _said_of(omission, verbose) for line in wrap(text, width, "   ", "      ")]
    lines += ["", *(line for text in _others(build, verbose) for line in wrap(text, width, "", "   "))]
    lines += [line for note in build.notes for line in wrap(f"Note: {escape(note)}", width, "", "   ")]
    lines.append(f"{_count(build.files, 'Python file')} · {build.going_in} go in · {title.seconds:.1f} s")
    return "\n".join(lines) + "\n"


def _verdict(build: Build, color: bool) -> Iterator[str]:
    if not build.errors + build.warnings:
        text = "✓ The build leaves out no module that the code which goes in imports."
        yield style(text, "bold green", color)
    if build.errors:
        text = f"✗ The build leaves out {_count(build.errors, 'module')} that the code which goes in imports."
        yield style(text, "bold red", color)
    if build.warnings:
        text = f"! {_count(build.warnings, 'left-out module')} would be missed by functions that import late."
        yield style(text, "bold yellow", color)
    guarded = len(build.omissions) - build.errors - build.warnings
    if guarded:
        yield f"{_count(guarded, 'left-out module')} would be missed only where the code is prepared for it."


def _said_of(omission: Omission, verbose: bool) -> Iterator[str]:
    place = omission.left_out.place
    if omission.left_out.cause == "ignored" and place:
        yield f"left out by {escape(place.path)}:{place.line}  {escape(place.text)}"
    elif place:
        yield f"no COPY takes it; the nearest is {escape(place.path)}:{place.line}  {escape(place.text)}"
    else:
        yield "no COPY takes it: the Dockerfile copies nothing of the context"
    shown = omission.imports if verbose else omission.imports[:_MOST_IMPORTS]
    places = ", ".join(f"{escape(one.path)}:{one.line}{_scope(one.scope)}" for one in shown)
    rest = len(omission.imports) - len(shown)
    yield f"imported at {places}" + (f" and {_count(rest, 'other line')}" if rest else "")
    if omission.left_out.exception and place:
        yield f"add '{escape(omission.left_out.exception)}' at the end of {escape(place.path)}"
    else:
        yield f"add a COPY for {escape(omission.left_out.path)}"


def _scope(scope: str) -> str:
    return {"module": "", "function": " (in a function)", "type_checking": " (for type checkers)"}.get(
        scope, f" ({scope})"
    )


def _others(build: Build, verbose: bool) -> Iterator[str]:
    """What is left out and not imported: it is mostly meant to be."""
    if not build.others:
        return
    yield f"Left out, and imported by nothing that goes in: {_count(len(build.others), 'file')}"
    if verbose:
        for one in build.others:
            place = _line(one.place.path, one.place.line) if one.place else "no COPY"
            yield f"   {escape(one.path)}  {place}"
        return
    lines = Counter(
        f"{_line(one.place.path, one.place.line)}  {escape(one.place.text)}"
        if one.cause == "ignored" and one.place
        else "not taken by any COPY"
        for one in build.others
    )
    for line, number in lines.most_common(_MOST_LINES):
        yield f"   {number} · {line}"
    if len(lines) > _MOST_LINES:
        yield f"   and by {_count(len(lines) - _MOST_LINES, 'more line')}; -v lists all"


def _line(path: str, line: int) -> str:
    return f"{escape(path)}:{line}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def render_json(build: Build, source: Source) -> str:
    """The JSON report: additions are allowed, renames are not."""
    report = {
        "schema_version": 1,
        "importguard": __version__,
        "context": source.context,
        "dockerfile": source.dockerfile.path if source.dockerfile else None,
        "ignore_file": source.ignore_file,
        "summary": {
            "files": build.files,
            "going_in": build.going_in,
            "errors": build.errors,
            "warnings": build.warnings,
        },
        "modules": [_module(one) for one in build.omissions],
        "left_out": [
            {"path": one.path, "cause": one.cause, "location": _location(one.place)} for one in build.others
        ],
        "notes": list(build.notes),
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _module(one: Omission) -> dict[str, Any]:
    return {
        "name": one.module,
        "path": one.left_out.path,
        "severity": one.severity,
        "cause": one.left_out.cause,
        "location": _location(one.left_out.place),
        "exception": one.left_out.exception,
        "imports": [{"path": site.path, "line": site.line, "scope": site.scope} for site in one.imports],
    }


def _location(place: Any) -> Any:
    return {"path": place.path, "line": place.line, "text": place.text} if place else None
