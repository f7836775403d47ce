"""What the sweep tells the import system instead of a module's own loader."""

from __future__ import annotations

from importguard.probe.workers.namespaces import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


class Replay:
    """A loader that makes a known module appear; it never touches the module's own attributes."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def create_module(self, spec: object) -> None:
        """The import system makes a placeholder (importlib.abc.Loader)."""

    def exec_module(self, placeholder: ModuleType) -> None:
        """Put the known module in the placeholder's place."""
        _modules[placeholder.__name__] = self.module


class Glimpse(Replay):
    """Makes a half-imported module appear, which its package has no attribute for before it is whole.

    A fresh interpreter finds it in ``sys.modules`` and binds nothing; after a loader, it would be bound.
    """

    def exec_module(self, placeholder: ModuleType) -> None:
        """Put the module in the placeholder's place, and keep its package from being told."""
        super().exec_module(placeholder)
        package = _modules.get(placeholder.__name__.rpartition(".")[0])
        try:
            kind = type(package)
            blind = type(kind.__name__, (kind,), {"__slots__": (), "__setattr__": _ignore_once})
            object.__setattr__(package, "__class__", blind)
        except Exception:  # no module, but an object that stands for one
            return


def _ignore_once(package: Any, child: str, module: ModuleType) -> None:
    """In place of ``__setattr__``: the package is of its own class again, and has no new attribute."""
    object.__setattr__(package, "__class__", type(package).__base__)


class Abandon(BaseException):
    """Ends an import that reached a module which ends the process."""
