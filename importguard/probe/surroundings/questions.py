"""The questions that failures raise, which clues are gathered for.

A question is what the text of an error names: a module that is missing, a name that a module lacks, a file
that the dynamic loader refused. Messages are application data: what looks like a question may be none.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeVar

    from importguard.probe.values import FailureValues

    Item = TypeVar("Item")

_CANNOT_IMPORT = re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'")
# Python 3.13 says from which file a module is that is only half imported.
_NO_ATTRIBUTE = re.compile(r"module '([^']+)'(?: from '[^']+')? has no attribute '([^']+)'")
_WORDS = re.compile(r"[\s:'\"()]+")
_LIBRARY = re.compile(r"\.so(?:\.[\d.]+)?$")
BY_NAME = ("importlib", "logging.config")  # modules that import what they are given the name of
_MOST = 500
_LONGEST = 500
_DEEPEST = 30


class Questions:
    """What the failures ask. ``missing``: dotted names; ``names``: (module, name) that a module lacks;
    ``libraries``: files that the loader refused; ``refused``: modules of which an ImportError says neither;
    ``files``: where the errors were raised, deepest first; ``named``: the missing modules that no import
    statement asked for, but code that was given their names; ``refused_source``: (path, line, message)
    of each SyntaxError; ``asked_at``: missing module → (path, line) of the statement that failed.
    """

    def __init__(self) -> None:
        self.missing: dict[str, None] = {}
        self.names: dict[tuple[str, str], None] = {}
        self.libraries: dict[str, None] = {}
        self.refused: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.named: dict[str, None] = {}
        self.asked_at: dict[str, tuple[str, int]] = {}
        self.refused_source: dict[tuple[str, int, str], None] = {}

    @classmethod
    def questions_of(
        cls, failures: Iterable[FailureValues | None], lost: dict[str, list[str]], targets: Iterable[str]
    ) -> Questions:
        """Those of some failures, of the attributes that entry points lack, by module, and of the targets of
        imports that were not reached.
        """
        questions = cls()
        for failure in failures:
            if failure:
                questions.read_failure(failure)
        for module, names in lost.items():
            for name in names:
                questions.note_missing_name(module, name)
        for target in targets:
            if _is_name(target):
                questions._miss(target.partition(".")[0])
                questions._miss(target)
        return questions

    def read_failure(self, failure: FailureValues) -> None:
        """Take in one failure, as ``Verdicts.failure_values`` gives it."""
        if failure["missing"]:
            self._miss(failure["missing"])
            frames = failure["frames"]
            if frames:
                self.asked_at.setdefault(failure["missing"], (frames[-1][0], frames[-1][1]))
            if frames and frames[-1][3].startswith(BY_NAME) and _is_name(failure["missing"]):
                _add(self.named, failure["missing"])
        for kind, message, name in failure["causes"]:
            if message.startswith("No module named ") and name:
                self._miss(name)
            elif kind == "ImportError" and name and not message.startswith("cannot import name"):
                if _is_name(name):
                    _add(self.refused, name)
            self._read_message(message)
            if kind == "SyntaxError" and failure["frames"]:
                path, line = failure["frames"][-1][:2]
                _add(self.refused_source, (path, line, message))
        for frame in list(reversed(failure["frames"]))[:8]:
            _add(self.files, frame[0])

    def _read_message(self, message: str) -> None:
        for wanted, module in _CANNOT_IMPORT.findall(message)[:5]:
            self.note_missing_name(module, wanted)
        for module, wanted in _NO_ATTRIBUTE.findall(message)[:5]:
            self.note_missing_name(module, wanted)
        for word in _WORDS.split(message) if ".so" in message else ():
            if word.startswith("/") and _LIBRARY.search(word):
                _add(self.libraries, word)

    def note_missing_name(self, module: str, name: str) -> None:
        """``module`` has no ``name``."""
        if _is_name(module):
            _add(self.names, (module, name.partition(".")[0][:_LONGEST]))

    def _miss(self, name: str) -> None:
        if _is_name(name):
            _add(self.missing, name)


def _is_name(name: str | None) -> bool:
    """Whether it is a dotted name that a module may have: an error's attributes can hold anything."""
    if not name or len(name) > _LONGEST or name.count(".") > _DEEPEST:
        return False
    return all(part.isidentifier() for part in name.split("."))


def _add(to: dict[Item, None], item: Item) -> None:
    if len(to) < _MOST:
        to[item] = None
