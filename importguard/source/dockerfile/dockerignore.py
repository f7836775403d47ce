"""Find the files that .dockerignore keeps out of a build, with the line and the exception that counts.

The source of the rules is what BuildKit runs: github.com/moby/patternmatcher for the patterns, and
github.com/tonistiigi/fsutil for the walk, which does not enter a folder that no exception can reach.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Optional

from importguard.source.dockerfile.patterns import SPACE, Pattern, PatternError, make_pattern
from importguard.source.model import Ignored, Place
from importguard.source.paths import folders_above

__all__ = ["Ignore", "PatternError", "ignore_file_names", "ignored_files", "read_patterns"]

_LONGEST_LINE = 64 * 1024  # bufio.Scanner gives up beyond
_WILDCARDS = frozenset("*[]?^")
# What no image should hold: a folder that is let in again must not bring it along.
_SECRET = re.compile(
    r"\.env(?![a-z])|secret|credential|passw|token|keystore|id_(?:rsa|ed25519|ecdsa)"
    r"|\.(?:pem|key|p12|pfx|jks|sqlite\d?|db|tfvars|htpasswd)(?![a-z])",
    re.IGNORECASE,
)


def ignore_file_names(dockerfile: str) -> tuple[str, str]:
    """The names of the file that counts, first come: the Dockerfile's own (beside it), and the context's."""
    return f"{dockerfile}.dockerignore", ".dockerignore"


def read_patterns(text: str) -> tuple[Pattern, ...]:
    """The patterns of a .dockerignore file; raises PatternError for what the builder refuses."""
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if len(line) >= _LONGEST_LINE:
            raise PatternError(number, line[:20] + "…", "the line is too long")
        stripped = line.strip(SPACE)
        if stripped and not line.startswith("#"):
            found.append(make_pattern(number, stripped))
    return tuple(found)


@dataclass(frozen=True)
class _Verdict:
    """The patterns' verdict on a path; ``rule`` is the one that excludes it."""

    rule: Optional[Pattern]
    matched: tuple[bool, ...] = ()
    entered: bool = True


class Ignore:
    """The patterns of one file, and what they exclude."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = tuple(patterns)
        exceptions = [_without_trailing_glob(pattern.path) for pattern in patterns if pattern.exception]
        simple = not any(_WILDCARDS.intersection(path) for path in exceptions)
        # None: an exception with wildcards may match anywhere, and every folder is entered.
        self._reachable = [path + "/" for path in exceptions] if simple else None
        self._folders: dict[str, Optional[_Verdict]] = {"": None}

    def excluding_pattern(self, path: str) -> Optional[Pattern]:
        """The pattern that excludes the file at ``path`` (relative to the context), None where it goes in."""
        return self._judge(path, self._folder(posixpath.dirname(path)), is_folder=False).rule

    def _folder(self, path: str) -> Optional[_Verdict]:
        if path not in self._folders:
            parent = self._folder(posixpath.dirname(path))
            self._folders[path] = self._judge(path, parent, is_folder=True)
        return self._folders[path]

    def _judge(self, path: str, parent: Optional[_Verdict], is_folder: bool) -> _Verdict:
        if parent is not None and not parent.entered:
            return parent
        before = parent.matched if parent else (False,) * len(self.patterns)
        rule, matched = None, []
        for pattern, inherited in zip(self.patterns, before):
            # A pattern that can't change the verdict is not asked, and its children don't inherit from it.
            asked = pattern.exception == (rule is not None)
            hit = inherited or (asked and pattern.matches(path))
            matched.append(hit)
            if hit:
                rule = None if pattern.exception else rule or pattern
        return _Verdict(rule, tuple(matched), not (rule and is_folder) or self._may_reach_into(path))

    def _may_reach_into(self, folder: str) -> bool:
        if self._reachable is None:
            return True
        return any(path.startswith(folder + "/") for path in self._reachable)


def _without_trailing_glob(path: str) -> str:
    return path.removesuffix("/**").removesuffix("/*")


def ignored_files(paths: Iterable[str], patterns: Sequence[Pattern], ignore_file: str) -> list[Ignored]:
    """The files of ``paths`` that are kept out, in their order, each with its line and the exception."""
    ignore = Ignore(patterns)
    rules = {path: ignore.excluding_pattern(path) for path in paths}
    exceptions = _Exceptions(patterns, rules)
    return [
        Ignored(
            path,
            Place(ignore_file, rule.line, rule.text),
            exception := exceptions.for_file(path),
            exceptions.narrowed_pattern(path),
            exceptions.lines_to_repeat(exception),
        )
        for path, rule in rules.items()
        if rule is not None
    ]


class _Exceptions:
    """Finds the shortest line that lets a file in again, by trying it."""

    def __init__(self, patterns: Sequence[Pattern], rules: dict[str, Optional[Pattern]]) -> None:
        self._patterns = tuple(patterns)
        self._rules = rules
        self._below: dict[str, list[str]] = {}
        for path in rules:
            for folder in folders_above(path):
                self._below.setdefault(folder, []).append(path)
        self._found: dict[tuple[str, int], Optional[str]] = {}
        self._narrowed: dict[Pattern, Ignore] = {}
        self._repeated: dict[str, tuple[str, ...]] = {}

    def for_file(self, path: str) -> str:
        rule = self._rules[path]
        assert rule is not None
        for folder in folders_above(path):
            key = folder, rule.line
            if key not in self._found:
                self._found[key] = self._for_folder(folder, rule)
            found = self._found[key]
            if found:
                return found
        return "!" + escape_pattern(path)

    def narrowed_pattern(self, path: str) -> str:
        """The file's pattern without its ``**/``; empty where no folder at the top is meant, or where another
        line leaves the file out too."""
        rule = self._rules[path]
        assert rule is not None
        top = rule.path.removeprefix("**/")
        if top == rule.path or top not in self._below:
            return ""
        if rule not in self._narrowed:
            patterns = [make_pattern(0, top) if pattern is rule else pattern for pattern in self._patterns]
            self._narrowed[rule] = Ignore(patterns)
        return f"/{top}" if self._narrowed[rule].excluding_pattern(path) is None else ""

    def lines_to_repeat(self, exception: str) -> tuple[str, ...]:
        """The lines that have to stand below the exception once more: what they keep out is secret, and the
        exception lets it in."""
        if exception not in self._repeated:
            found = [
                pattern
                for pattern in self._patterns
                if not pattern.exception and _SECRET.search(pattern.path)
            ]
            kept = [pattern.text for pattern in found if self._is_undone(pattern, exception)]
            self._repeated[exception] = tuple(dict.fromkeys(kept))
        return self._repeated[exception]

    def _is_undone(self, pattern: Pattern, exception: str) -> bool:
        """Whether the exception lets in a file that ``pattern`` keeps out, told from one such file."""
        added = make_pattern(0, exception)
        folder = added.path.removesuffix("/**")
        name = _sample_of(pattern.path)
        for sample in (name, posixpath.join(folder, posixpath.basename(name))):
            if Ignore((pattern,)).excluding_pattern(sample) is None:
                continue
            if Ignore((*self._patterns, added)).excluding_pattern(sample) is None:
                return Ignore(self._patterns).excluding_pattern(sample) is not None
        return False

    def _for_folder(self, folder: str, rule: Pattern) -> Optional[str]:
        """The exception for a folder that ``rule`` leaves out whole, None where no such line works."""
        files = self._below[folder]
        if any(self._rules[path] is not rule for path in files):
            return None
        for line in (f"!{escape_pattern(folder)}/", f"!{escape_pattern(folder)}/**"):
            ignore = Ignore((*self._patterns, make_pattern(0, line)))
            if all(ignore.excluding_pattern(path) is None for path in files):
                return line
        return None


def _sample_of(pattern: str) -> str:
    """A path that the pattern matches, where it has no classes: ``x/.env`` of ``**/.env``."""
    return re.sub(r"\\(.)|\*+|\?", lambda match: match[1] or "x", pattern)


def escape_pattern(path: str) -> str:
    """``path`` as a pattern that matches it alone."""
    return "".join("\\" + character if character in "*?[]\\" else character for character in path)
