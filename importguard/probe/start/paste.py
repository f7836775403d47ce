"""``pserve``: what PasteDeploy's configuration loads (docs.pylonsproject.org, "PasteDeploy")."""

from __future__ import annotations

import os

from importguard.probe.start.process_managers import read_sections
from importguard.probe.start.start_command import Options, StartCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS = frozenset("--reload -b --browser -v --verbose -q --quiet -h --help".split())
_APPS = ("app", "application", "composite", "composit", "pipeline", "filter-app")
_FACTORIES = ("paste.app_factory", "paste.composite_factory", "paste.filter_factory", "paste.server_factory")
_DEEPEST = 8


def read_pserve(command: StartCommand, words: list[str]) -> None:
    """``pserve [options] FILE[#NAME]``; it puts nothing on the import path (pyramid.scripts.pserve)."""
    options = Options(words, _FLAGS)
    if not options.rest:
        return
    path, _, section = options.rest[0].partition("#")
    file = command.resolve_path(path.rpartition(":")[2])
    if not os.path.isfile(file):
        command.missing_file = file
        return
    configuration = _Configuration(command, file)
    name = options.last_value("-n", "--app-name") or section or "main"
    configuration.load_named(_APPS, name, _DEEPEST)
    configuration.load_named(("server",), options.last_value("--server-name") or "main", _DEEPEST)


class _Configuration:
    """The sections of one file."""

    def __init__(self, command: StartCommand, file: str) -> None:
        self.command = command
        self.sections = dict(read_sections(file))

    def load_named(self, kinds: tuple[str, ...], name: str, depth: int) -> None:
        """Load what the section ``KIND:NAME`` says, and the sections that it names."""
        kind = next((kind for kind in kinds if "%s:%s" % (kind, name) in self.sections), None)
        if kind is None or depth == 0:
            return
        values = self.sections["%s:%s" % (kind, name)]
        for factory in _FACTORIES:
            if factory in values:
                self._load_object(kind, values[factory])
        for inner, target in _parts(kind, values):
            self._use(inner, target, depth)

    def _use(self, kind: str, target: str, depth: int) -> None:
        """``egg:DISTRIBUTION[#NAME]``, ``call:MODULE:NAME``, or the name of another section."""
        scheme, colon, rest = target.partition(":")
        if scheme == "egg" and colon:
            distribution, _, name = rest.partition("#")
            groups = ("composite", "composit") if kind.startswith("composit") else (kind,)
            found = tuple("paste.%s_factory" % group for group in groups)
            self.command.factories.append((distribution, found, name or "main"))
        elif scheme == "call" and colon:
            self._load_object(kind, rest)
        elif target and not colon:
            self.load_named(_APPS if kind in _APPS else (kind,), target, depth - 1)

    def _load_object(self, kind: str, target: str) -> None:
        module, _, name = target.partition(":")
        if kind == "app":
            self.command.add_entry_point(target)
            self.command.called.append((module, name))
        else:
            self.command.workers.append((module, name or None))


def _parts(kind: str, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(kind, what it is) of all that a section names."""
    yield kind, values.get("use", "")
    if kind == "pipeline":
        *filters, last = values.get("pipeline", "").split() or [""]
        yield from (("filter", part) for part in filters)
        yield "app", last
    elif kind == "filter-app":
        yield "app", values.get("next", "")
    elif kind.startswith("composit"):
        yield from (("app", part) for key, part in values.items() if key not in ("use", *_FACTORIES))
    yield "filter", values.get("filter-with", "")
