"""The names in a module or class that imports may change: copied, compared with the copy, and put back."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Space = dict[str, Any]  # a module's namespace
    Patches = dict[tuple[str, str], "Held"]  # (module, name) → value

_modules = sys.modules
_MISSING: Any = object()
_Module = type(sys)
UNTRACKED = ("__warningregistry__", "__path__")  # of no consequence; compared by content
IMPORT_SYSTEM = ("importlib", "_frozen_importlib", "_frozen_importlib_external", "zipimport")
# What State has tracked in another way, or what changes with every error.
OF_SYS: tuple[str, ...] = (
    "path",
    "meta_path",
    "path_hooks",
    "path_importer_cache",
    "modules",
    "stdin",
    "stdout",
    "stderr",
)
OF_SYS += ("excepthook", "last_exc", "last_type", "last_value", "last_traceback", "ps1", "ps2")


class Attributes:
    """The attributes of a class, with the operations of a module's namespace that ``State`` needs.

    importlib_metadata, which OpenTelemetry brings, deletes ``PathFinder.find_distributions``.
    """

    def __init__(self, owner: type) -> None:
        self.owner = owner
        self.items, self.keys, self.get = vars(owner).items, vars(owner).keys, vars(owner).get

    def __getitem__(self, key: str) -> Any:
        return vars(self.owner)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self.owner))

    def __contains__(self, key: str) -> bool:
        return key in vars(self.owner)

    def __eq__(self, other: object) -> bool:
        return vars(self.owner) == other

    def __setitem__(self, key: str, value: Any) -> None:
        type.__setattr__(self.owner, key, value)

    def pop(self, key: str, default: object = None) -> None:
        """Delete an attribute, if it is there."""
        if key in vars(self.owner):
            type.__delattr__(self.owner, key)


def import_system_classes() -> list[type]:
    """The finders and loaders of the interpreter that can be changed: those written in Python."""
    modules = [_modules[name] for name in IMPORT_SYSTEM[1:] if name in _modules]
    kinds = [value for module in modules for value in vars(module).values() if issubclass(type(value), type)]
    return [kind for kind in dict.fromkeys(kinds) if kind.__module__ in IMPORT_SYSTEM]


class Held:
    """A value of the application, compared by identity: its own ``==`` is never asked."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and self.value is other.value


def _is_submodule(value: Any, name: str, key: str) -> bool:
    """Whether the attribute ``key`` of the package ``name`` is its submodule."""
    if not issubclass(type(value), _Module):
        return False
    space: Space = _Module.__getattribute__(value, "__dict__")
    return space.get("__name__") == name + "." + str(key)


def has_changed(name: str, space: Space, original: Space) -> bool:
    """Whether the namespace of module ``name`` is another than its copy ``original``, but for submodules."""
    if "__path__" not in original:
        return not are_same(space, original)
    try:
        if not original.items() <= space.items():
            return True
    except Exception:  # the ``==`` of a value that was replaced
        return True
    if len(space) == len(original):
        return False
    return any(key not in original and not _is_submodule(space.get(key), name, key) for key in list(space))


def are_same(space: Space, original: Space) -> bool:
    """Whether two namespaces have the same content."""
    try:
        return space == original
    except Exception:  # the ``==`` of a value that was replaced
        return False


def _is_untracked(name: str, key: str) -> bool:
    return key in UNTRACKED or (name == "sys" and key in OF_SYS)


def copy_namespace(name: str, space: Space) -> Space:
    """A shallow copy without submodules, which their own imports bind; ``__path__`` may grow in place."""
    copy = dict(space)  # in one step: another thread of the application may bind names meanwhile
    if "__path__" not in copy:
        return copy
    copy = {key: value for key, value in copy.items() if not _is_submodule(value, name, key)}
    if type(copy["__path__"]) is list:
        copy["__path__"] = list(copy["__path__"])
    return copy


def changed_names(name: str, space: Space, original: Space) -> Patches:
    """What the names of module ``name`` stand for that are not as in ``original``."""
    patches: Patches = {}
    if space.get("__path__") != original.get("__path__"):
        patches[name, "__path__"] = Held(space.get("__path__"))
    changed = [key for key, value in list(space.items()) if original.get(key, _MISSING) is not value]
    changed += [key for key in original if key not in space]
    for key in changed:
        value = space.get(key, _MISSING)
        if not _is_untracked(name, key) and not _is_submodule(value, name, key):
            patches[name, key] = Held(value)
    return patches


def set_or_delete(space: Space, key: str, value: Any) -> None:
    """Bind ``key``, or unbind it where ``value`` is _MISSING."""
    if value is _MISSING:
        space.pop(key, None)
    else:
        space[key] = value
