"""Which of the application's files are scripts that nothing in it imports. Read from texts, running nothing.

A script is for a person or a job that runs it, often with what only development installs: an import that
fails there stops no service. What another file imports, or names in a string or a command, is none.
"""

from __future__ import annotations

import os
import re

from importguard.probe.files import printable_path, read_bytes
from importguard.probe.select.tests_by_name import is_called_tests, names_a_test

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from importguard.probe.surroundings.budget import Budget

_READ = 1 << 20
_MOST = 500
_ASIDE = frozenset(
    (
        "scripts script tools tool examples example samples sample docs doc benchmarks benchmark bench hack "
        "contrib vendor vendors vendored third_party thirdparty notebooks dev ci"
    ).split()
)
"""Folders of what lies beside a service, in repositories that copy all of themselves into the image."""
_RUNS = re.compile(
    rb"\A#!|^if __name__ *== *[\"']__main__|^[^\s#].*\bparse_(?:known_)?args\(|^[^\s#].*\bsys\.argv\b", re.M
)


def unimported_scripts(modules: Mapping[str, str], budget: Budget) -> list[dict[str, Any]]:
    """``clues.Script`` of each of ``modules`` (name → file) that reads like a script that nothing imports."""
    texts = {}
    for name, path in modules.items():
        if budget.is_spent("which files are scripts"):
            return []
        text = read_bytes(path, _READ) if path.endswith(".py") else None
        if text is not None:
            texts[name] = text
    found = [name for name, text in texts.items() if _RUNS.search(text)]
    others = {name: text for name, text in texts.items() if not _is_of_tests(name)}
    scripts = []
    for name in sorted(found)[:_MOST]:
        if budget.is_spent("which files are scripts"):
            return []
        wanted = _mention(name, modules[name])
        last = name.rpartition(".")[2].encode("utf-8", "replace")
        if not any(last in text and wanted.search(text) for other, text in others.items() if other != name):
            scripts.append(
                {"module": printable_path(name), "aside": not _ASIDE.isdisjoint(name.split(".")[:-1])}
            )
    return scripts


def _is_of_tests(name: str) -> bool:
    parts = name.split(".")
    return names_a_test(parts[-1]) or any(map(is_called_tests, parts))


def _mention(name: str, path: str) -> re.Pattern[bytes]:
    """An import of it, its dotted name, or its file's name, in the text of another file."""
    last = re.escape(name.rpartition(".")[2].encode("utf-8", "replace"))
    whole = re.escape(name.encode("utf-8", "replace"))
    file = re.escape(os.fsencode(os.path.basename(path)))
    return re.compile(
        rb"^[ \t]*(?:from|import)\b[^#\n]*\b%s\b|\(\s*(?:\w+,\s*)*%s\b|\b%s\b|%s"
        % (last, last, whole if whole != last else file, file),
        re.M,
    )
