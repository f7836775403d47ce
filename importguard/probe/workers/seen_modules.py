"""The modules that imports have loaded so far, and those of them in which a change is an effect."""

from __future__ import annotations

from importguard.probe.workers.namespaces import _MISSING
from importguard.probe.workers.state import WATCHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from importguard.probe.workers.process import Process
    from importguard.probe.workers.visit import Stack


class SeenModules:
    """Has what may be patched watched, and knows the names that stood for two objects."""

    def __init__(self, process: Process, patched: set[str]) -> None:
        self.process = process
        self.patched = patched | set(WATCHED)  # modules, and ".name" for all whose last name that is
        self.patched_names: dict[str, list[str]] = {}  # these modules by their last name
        for name in self.patched:
            self.patched_names.setdefault(name.rpartition(".")[2], []).append(name)
        self.seen: dict[str, Any] = {}
        self.contested: dict[str, bool] = {}  # names that stood for two objects; whether one was a stand-in

    def note(self, loaded: dict[str, Any], stack: Stack) -> None:
        """Note the modules that are new and whole, and the names that now stand for two objects."""
        if loaded.items() <= self.seen.items():
            return
        for key, module in loaded.items():
            first = self.seen.get(key, _MISSING)
            if first is _MISSING:
                if stack.owner(key) is None:
                    self.seen[key] = module
                    self.watch(key, module)
            elif first is not module and (_is_real(first) or _is_real(module)):
                if stack.owner(key) is None:
                    self.watch(key, module)  # the first may have been a stand-in
                stand_in = not (_is_real(first) and _is_real(module))
                self.contested[key] = self.contested.get(key) or stand_in

    def watch(self, key: str, module: Any) -> None:
        """From now on, a change in ``module`` is noted, if the application may make one."""
        last = key.rpartition(".")[2]
        named = any(may_name_one_file(key, name) for name in self.patched_names.get(last, ()))
        if named or "." + last in self.patched:
            self.process.state.watch(key, module)
        else:
            self.process.state.watch_lazy_names(key, module)


def _is_real(module: Any) -> bool:
    """Whether the import system made it: C code and stand-ins put others into sys.modules."""
    return getattr(module, "__spec__", None) is not None


def may_name_one_file(key: str, name: str) -> bool:
    """Whether both may be names of one file, which lies below two folders of the import path."""
    return ("." + key).endswith("." + name) or ("." + name).endswith("." + key)
