"""Requirement files as pip reads them (pip documentation, "Requirements File Format")."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Optional

from importguard.source.development_groups import development_group_of
from importguard.source.model import Place, Requirement
from importguard.source.requirements.requirement_text import parse_requirement

_OPTION = re.compile(r"(-r|--requirement|-c|--constraint|-e|--editable)(?:\s+|=|(?=[^\s-]))(.+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
# Options of one requirement come after it.
_TRAILING = re.compile(r"\s+--?[a-zA-Z][\w-]*(?:[= ].*)?$")
_WHEEL = re.compile(r"([^/]+?)-(\d[^/-]*)(?:-\d[^/-]*)?-[^/-]+-[^/-]+-[^/-]+\.whl")
_DEEPEST = 20


@dataclass(frozen=True)
class _Reading:
    """A file that is read: where it is from the root, how it was got to, what its lines are."""

    root: str
    path: str
    kind: str
    group: Optional[str]
    via: tuple[Place, ...] = ()


def group_of_file(path: str) -> Optional[str]:
    """The group that a file's name tells: "dev" of ``requirements-dev.txt``; None for the main ones."""
    return development_group_of(posixpath.splitext(posixpath.basename(path))[0])


def read_requirement_file(
    root: str, path: str, notes: list[str], constraint: bool = False
) -> Iterator[Requirement]:
    """Read a requirement file (below ``root``) and what it includes. Unreadable ones go to ``notes``."""
    group = group_of_file(path)
    kind = "constraint" if constraint else "group" if group else "main"
    yield from _file(_Reading(root, path, kind, None if constraint else group), notes, {path})


def _file(reading: _Reading, notes: list[str], seen: set[str]) -> Iterator[Requirement]:
    try:
        with open(os.path.join(reading.root, reading.path), encoding="utf-8-sig", errors="replace") as stream:
            text = stream.read()
    except OSError as error:
        notes.append(f"{reading.path} can't be read: {error.strerror}")
        return
    for number, line in _logical_lines(text):
        place = Place(reading.path, number, line)
        option = _OPTION.match(line)
        if option and option[1] in ("-e", "--editable"):
            yield from _one(option[2], place, reading, editable=True)
        elif option:
            yield from _included(option[1], option[2].strip(), place, reading, notes, seen)
        elif not line.startswith("-"):
            yield from _one(line, place, reading, editable=False)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations, without comments; by the number of the first."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            joined += line[:-1]
            continue
        found = _COMMENT.sub("", joined + line).strip()
        if found:
            yield first, found
        joined, first = "", 0
    if joined.strip():
        yield first, joined.strip()


def _included(
    option: str, target: str, place: Place, reading: _Reading, notes: list[str], seen: set[str]
) -> Iterator[Requirement]:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(reading.path), target))
    if "://" in target or path in seen or len(reading.via) >= _DEEPEST:
        return
    is_constraint = option in ("-c", "--constraint") or reading.kind == "constraint"
    kind = "constraint" if is_constraint else reading.kind
    via = (*reading.via, place)
    inner = _Reading(reading.root, path, kind, None if is_constraint else reading.group, via)
    yield from _file(inner, notes, seen | {path})


def _one(text: str, place: Place, reading: _Reading, editable: bool) -> Iterator[Requirement]:
    text = _TRAILING.sub("", text).strip()
    while (shorter := _TRAILING.sub("", text).strip()) != text:
        text = shorter
    found = parse_requirement(_named(text), place, kind=reading.kind, group=reading.group, editable=editable)
    if found is not None:
        yield replace(found, via=reading.via)


def _named(text: str) -> str:
    """``name @ url`` of a URL that tells its name: a wheel's, or by ``#egg=``. A local path has none."""
    egg = re.search(r"#(?:.*&)?egg=([^&\s]+)", text)
    url, semicolon, marker = text.partition("; ")
    if egg and "://" in text:
        return f"{egg[1]} @ {url}" + (f" ; {marker}" if semicolon else "")
    wheel = _WHEEL.search(url)
    if wheel and ("://" in url or "/" in url) and " @ " not in url:
        return f"{wheel[1]}=={wheel[2]}" + (f" ; {marker}" if semicolon else "")
    return text
