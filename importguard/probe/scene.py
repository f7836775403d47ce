"""What clues are gathered for: the application as it was discovered, and the questions that failures raise.

A question is what the text of an error names: a module that is missing, a name that a module lacks, a file
that the dynamic loader refused. Messages are application data: what looks like a question may be none.
"""

from __future__ import annotations

import re
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from importguard.probe.finder import Finder
    from importguard.probe.interpreter import Interpreter

_CANNOT_IMPORT = re.compile(r"cannot import name '([^']+)' from (?:partially initialized module )?'([^']+)'")
_NO_ATTRIBUTE = re.compile(r"module '([^']+)' has no attribute '([^']+)'")
_WORDS = re.compile(r"[\s:'\"()]+")
_LIBRARY = re.compile(r"\.so(?:\.[\d.]+)?$")
_MOST = 500


class Budget:
    """The time that gathering may take; ``notes`` say what it was not enough for."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.notes: list[str] = []

    def part(self, seconds: float) -> Budget:
        """A share of it: its notes are this one's."""
        share = Budget(min(seconds, self.ends - time.monotonic()))
        share.notes = self.notes
        return share

    def is_spent(self, what: str) -> bool:
        """Whether time is up; then ``what`` is noted as incomplete."""
        if time.monotonic() < self.ends:
            return False
        self.note("not everything was looked at, for want of time: " + what)
        return True

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes and len(self.notes) < 50:
            self.notes.append(text)


class Questions:
    """What the failures ask. ``missing``: dotted names; ``names``: (module, name) that a module lacks;
    ``libraries``: files that the loader refused; ``refused``: modules of which an ImportError says neither;
    ``files``: where the errors were raised, deepest first.
    """

    def __init__(self) -> None:
        self.missing: dict[str, None] = {}
        self.names: dict[tuple[str, str], None] = {}
        self.libraries: dict[str, None] = {}
        self.refused: dict[str, None] = {}
        self.files: dict[str, None] = {}

    @classmethod
    def of(
        cls, failures: Iterable[dict[str, Any] | None], lost: dict[str, list[str]], targets: Iterable[str]
    ) -> Questions:
        """Those of some failures, of the attributes that entry points lack, by module, and of the targets of
        imports that were not reached.
        """
        questions = cls()
        for failure in failures:
            if failure:
                questions.read(failure)
        for module, names in lost.items():
            for name in names:
                questions.lack(module, name)
        for target in targets:
            questions._miss(target)
        return questions

    def read(self, failure: dict[str, Any]) -> None:
        """Take in one failure, as ``supervisor.failure_json`` gives it."""
        if failure["missing"]:
            self._miss(failure["missing"])
        for kind, message, name in failure["causes"]:
            if message.startswith("No module named ") and name:
                self._miss(name)
            elif kind == "ImportError" and name and not message.startswith("cannot import name"):
                _add(self.refused, name)
            self._read_message(message)
        for frame in list(reversed(failure["frames"]))[:8]:
            _add(self.files, frame[0])

    def _read_message(self, message: str) -> None:
        for wanted, module in _CANNOT_IMPORT.findall(message)[:5]:
            self.lack(module, wanted)
        for module, wanted in _NO_ATTRIBUTE.findall(message)[:5]:
            self.lack(module, wanted)
        for word in _WORDS.split(message) if ".so" in message else ():
            if word.startswith("/") and _LIBRARY.search(word):
                _add(self.libraries, word)

    def lack(self, module: str, name: str) -> None:
        """``module`` has no ``name``."""
        _add(self.names, (module, name.partition(".")[0]))

    def _miss(self, name: str) -> None:
        if all(part.isidentifier() for part in name.split(".")) and len(name) < 500:
            _add(self.missing, name)


def _add(to: dict[Any, None], item: Any) -> None:
    if len(to) < _MOST:
        to[item] = None


class Scene:
    """The application in its image.

    ``modules`` are its modules and their files, those that were left out among them; ``environ`` and
    ``directory`` are its start command's.
    """

    def __init__(
        self,
        python: Interpreter,
        finder: Finder,
        import_path: list[str],
        environ: dict[str, str],
        directory: str,
    ) -> None:
        self.python = python
        self.finder = finder
        self.import_path = import_path
        self.environ = environ
        self.directory = directory
        self.modules: dict[str, str] = {}

    def know(self, modules: Iterable[tuple[str, str | None]]) -> None:
        """Add modules with their files."""
        self.modules.update((name, path) for name, path in modules if path)

    @property
    def sys_path(self) -> list[str]:
        """The whole import path of the application."""
        return self.finder.entries

    def is_third_party(self, entry: str) -> bool:
        """Whether an entry of the import path is a folder of installed distributions."""
        return entry.rstrip("/").rpartition("/")[2] in ("site-packages", "dist-packages")

    def own_roots(self) -> list[str]:
        """The entries of the import path that are neither third-party folders nor the standard library."""
        return [
            entry
            for entry in self.sys_path
            if not self.is_third_party(entry) and not self.python.is_standard(entry)
        ]
