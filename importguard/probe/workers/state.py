"""What a module can change outside of itself and of ``sys.modules``: recorded, undone and done again."""

from __future__ import annotations

import builtins
import posix
import sys

from importguard.probe.workers.namespaces import (
    _MISSING,
    IMPORT_SYSTEM,
    Attributes,
    _Module,
    _modules,
    are_same,
    changed_names,
    copy_namespace,
    has_changed,
    import_system_classes,
    set_or_delete,
)
from importguard.probe.workers.recorded_variables import RecordedVariables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from importguard.probe.workers.namespaces import Patches, Space
    from importguard.probe.workers.recorded_variables import Variables

    Taken = tuple[Variables, list[list[Any]], Optional[str], Patches, Patches]  # as of State.take
    Moves = list[tuple[list[Any], list[Any], list[Any]]]
    Effects = tuple[Variables, Moves, Any, Patches]  # variables, moves in the lists, directory, patches

_chdir, _getcwd = posix.chdir, posix.getcwd
_items_of = dict.items
WATCHED = ("io", "json", "logging", "os", "random", "socket", "subprocess", "threading", "time", "warnings")
_IMPORTERS = tuple(kind for kind in import_system_classes() if kind.__name__ in ("FileFinder", "zipimporter"))


class State:
    """The environment, ``sys.path`` and the finders, the builtins, the working directory, the attributes of
    ``sys`` and of the import system's classes, and the names in those modules of which the application's
    sources set some, or that are patched most.
    """

    def __init__(self) -> None:
        self.namespaces: dict[str, tuple[Space, Space]] = {"builtins": (vars(builtins), dict(vars(builtins)))}
        # (module, whether its lazy names) → (its content, the patches in it) as last seen
        self.patched: dict[tuple[str, bool], tuple[Space, Patches]] = {}
        # module → (its content, as first seen, and how many names that were)
        self.lazy: dict[str, tuple[Space, Space, int]] = {}
        self.known: tuple[Optional[Taken], Optional[Effects]] = (None, None)  # as last asked
        # The objects themselves: finders hold on to them.
        self.lists: list[list[Any]] = [sys.path, sys.meta_path, sys.path_hooks]
        self.filters: Any = getattr(_modules.get("warnings"), "filters", None)
        if type(self.filters) is list:
            self.lists.append(self.filters)
        self.environ: Any = _modules["os"].environ if "os" in _modules else {}
        variables: Variables = getattr(self.environ, "_data", self.environ)
        self.lookups = RecordedVariables(variables)
        self.variables = self.lookups if self.record_lookups(variables) else variables
        self.hooks = {name: getattr(sys, name, None) for name in ("stdin", "stdout", "stderr", "excepthook")}
        self.settrace, self.setprofile = sys.settrace, sys.setprofile
        self.importers = dict(sys.path_importer_cache)
        self.watch("sys", sys)
        for name in WATCHED + IMPORT_SYSTEM:
            if name in _modules:
                self.watch(name, _modules[name])
        for kind in import_system_classes():
            name = "class {}.{}".format(kind.__module__, kind.__name__)
            attributes: Any = Attributes(kind)
            self.namespaces[name] = attributes, dict(vars(kind))
        self.always = {name for name in self.namespaces if name.startswith("class ")}
        self.directory = _where()
        self.base = self.take()
        self.lookups.base = self.base[0]

    def record_lookups(self, variables: Variables) -> bool:
        """Make ``os.environ`` record which variables are looked up, if it is Python's own; whether it is."""
        if type(variables) is not dict or variables is self.environ:
            return False
        mappings: list[Any] = [self.environ, getattr(_modules["os"], "environb", None)]
        for mapping in mappings:
            if getattr(mapping, "_data", None) is variables:
                mapping._data = self.lookups
        return True

    def is_read_otherwise(self, read: frozenset[object], state: Taken) -> bool:
        """Whether an import that has read ``read`` (``RecordedVariables.read``) may go otherwise now.

        ``state`` is what it ended in: a directory that it has entered itself is no other one.
        """
        directory = _where()
        if directory != self.base[2] and directory != state[2]:
            return True
        base = self.base[0]
        if not read or _items_of(self.variables) == _items_of(base):
            return False
        now = dict(_items_of(self.variables))
        if any(now.get(name) != base.get(name) for name in read - {None}):
            return True
        return None in read and any(
            now.get(name) not in (base.get(name), state[0].get(name)) for name in now.keys() | base.keys()
        )

    def watch(self, name: str, module: object) -> None:
        """From now on, a change of a name in ``module`` is an effect of whoever makes it."""
        space = getattr(module, "__dict__", None)
        if type(space) is dict and name not in self.namespaces:
            self.namespaces[name] = (space, copy_namespace(name, space))

    def watch_lazy_names(self, name: str, module: object) -> None:
        """From now on, what ``module`` imports when it is asked for an attribute is an effect of who asks.

        It is kept as an attribute (PEP 562; pydantic, langchain_core): who asks next would find it without
        the submodules that were imported for it.
        """
        if name in self.namespaces or name in self.lazy or not issubclass(type(module), _Module):
            return
        space: Space = _Module.__getattribute__(module, "__dict__")
        classes = type(module).__mro__[: -len(_Module.__mro__)]
        if "__getattr__" in space or any("__getattr__" in vars(kind) for kind in classes):
            self.lazy[name] = space, copy_namespace(name, space), len(space)

    def take(self) -> Taken:
        """The state now: (environment, lists, directory, patches, lazy names), comparable with ``==``."""
        patches: Patches = {}
        for name in (self.namespaces.keys() & _modules.keys()) | self.always:
            space, original = self.namespaces[name]
            if has_changed(name, space, original):
                patches.update(self.patches_in((name, False), space, original))
        lazy: Patches = {}
        for name in self.lazy.keys() & _modules.keys():
            space, original, size = self.lazy[name]
            if len(space) != size:
                lazy.update(self.patches_in((name, True), space, original))
        now: list[Any] = [sys.path, sys.meta_path, sys.path_hooks, *self.lists[3:]]
        # Of items: a lookup would be recorded.
        variables = dict(_items_of(self.variables))
        return variables, [list(values) for values in now], _where(), patches, lazy

    def patches_in(self, key: tuple[str, bool], space: Space, original: Space) -> Patches:
        """What in ``space`` is not as in ``original``; read again only where it has changed meanwhile."""
        name = key[0]
        known = self.patched.get(key)
        if known is None or has_changed(name, space, known[0]):
            known = self.patched[key] = copy_namespace(name, space), changed_names(name, space, original)
        return known[1]

    def differs(self, state: Taken) -> bool:
        """Whether the process has another state than ``state``, in what code could tell it by."""
        return self.take()[:4] != state[:4]

    def set(self, state: Taken, now: Optional[Taken] = None) -> None:
        """Make the process have ``state``. ``now`` is what it has, where that is known."""
        environment, lists, directory, patches, lazy = state
        now = self.take() if now is None else now
        if now[0] != environment:
            for name in set(now[0]) | set(environment):
                self.set_variable(name, environment.get(name))
        sys.path, sys.meta_path, sys.path_hooks = self.lists[:3]
        for values, wanted in zip(self.lists, lists):
            if values != wanted:
                values[:] = wanted
                if values is self.filters:
                    _forget_filters()
        if now[2] != directory:
            _enter(directory)
        for module, key in set(now[3]) - set(patches):
            space, original = self.namespaces[module]
            set_or_delete(space, key, original.get(key, _MISSING))
        for module, key in now[4].keys() - lazy.keys():
            space, original, _ = self.lazy[module]
            set_or_delete(space, key, original.get(key, _MISSING))
        self.put({**patches, **lazy})

    def put(self, patches: Patches) -> None:
        """Set the names as ``patches`` has them."""
        for (module, key), held in patches.items():
            space = self.namespaces[module][0] if module in self.namespaces else self.lazy[module][0]
            set_or_delete(space, key, held.value)

    def set_variable(self, name: Any, value: Any) -> None:
        """Set an environment variable as ``take`` has it, for the C library too; None removes it."""
        try:
            if self.variables is not self.environ:
                name, value = self.environ.decodekey(name), value and self.environ.decodevalue(value)
            if value is None:
                del self.environ[name]  # ``pop`` would be recorded as a lookup
            else:
                self.environ[name] = value
        except Exception:  # the application may have replaced anything of it
            pass

    def settle(self) -> None:
        """Undo what has no part in the outcome of an import, but would outlive it."""
        self.settrace(None)
        self.setprofile(None)
        sys.modules = _modules
        for name, value in self.hooks.items():
            if getattr(sys, name, None) is not value:
                setattr(sys, name, value)
        self.settle_importers()

    def settle_importers(self) -> None:
        """Undo what code wrote into the importer cache, and what a path hook of the application's made."""
        cache = sys.path_importer_cache
        if are_same(cache, self.importers):
            return
        hooked = sys.path_hooks != self.base[1][2]
        for path, importer in list(cache.items()):
            known = self.importers.get(path, _MISSING)
            if known is not _MISSING:
                cache[path] = known
            elif type(importer) in _IMPORTERS and not hooked:
                self.importers[path] = importer
            else:
                del cache[path]

    def effects(self, state: Taken) -> Optional[Effects]:
        """What ``state`` has beyond the baseline, to be added to another; None for nothing."""
        if state == self.base:
            return None
        if state == self.known[0]:
            return self.known[1]
        environment, lists, directory, patches, lazy = state
        base = self.base
        variables = {
            name: environment.get(name)
            for name in set(environment) | set(base[0])
            if environment.get(name) != base[0].get(name)
        }
        moves = [_list_changes(before, after) for before, after in zip(base[1], lists)]
        effects = variables, moves, directory if directory != base[2] else _MISSING, {**patches, **lazy}
        self.known = state, effects
        return effects

    def tells_others(self, effects: Effects) -> bool:
        """Whether an attribute of ``sys`` was set that other code may read.

        A function in the place of another is no message (ansible replaces ``sys.intern``).
        """
        original = self.namespaces["sys"][1]
        return any(module == "sys" and not callable(original.get(key)) for module, key in effects[3])

    def add(self, effects: Effects) -> None:
        """Add another import's effects to the present state; adding them twice is adding them once."""
        variables, moves, directory, patches = effects
        for name, value in variables.items():
            self.set_variable(name, value)
        if self.filters is not None and any(moves[-1]):
            _forget_filters()
        now: list[Any] = [sys.path, sys.meta_path, sys.path_hooks, *self.lists[3:]]
        for known, (front, back, gone) in zip(now, moves):
            known[:0] = [value for value in front if value not in known]
            known.extend(value for value in back if value not in known)
            for value in gone:
                if value in known:
                    known.remove(value)
        if directory is not _MISSING:
            _enter(directory)
        self.put(patches)


def _list_changes(before: list[Any], after: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """(added before the first known entry, added after it, removed)."""
    first = _first_known(before, after)
    front = [value for value in after[:first] if value not in before]
    back = [value for value in after[first:] if value not in before]
    return front, back, [value for value in before if value not in after]


def _first_known(before: list[Any], after: list[Any]) -> int:
    for index, value in enumerate(after):
        if value in before:
            return index
    return len(after)


def _forget_filters() -> None:
    """Let the warnings machinery read its filters again."""
    forget = getattr(_modules.get("_warnings"), "_filters_mutated", None)
    if forget is not None:
        forget()


def _where() -> Optional[str]:
    try:
        return _getcwd()
    except OSError:
        return None


def _enter(directory: Optional[str]) -> None:
    try:
        _chdir(directory or "/")
    except OSError:
        pass
