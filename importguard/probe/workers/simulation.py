"""Circular imports, judged from each member as the entry, without running the bodies again.

Which module of a cycle is imported first decides which of them is half-imported when another asks it for
a name. Following the operations of its modules (``statements.py``) from a given entry tells whether it
passes, fails by a module known to fail, or has to be run for real.

Static evaluation is cautious: what it can't decide raises ``Undecided``, and only passes and failures that
follow from known facts are trusted.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Callable

    from importguard.probe.workers.failures import PlainFrame
    from importguard.probe.workers.memo import Memo
    from importguard.probe.workers.statements import Operation

    Names = dict[str, "str | None"]  # name → the module that it is bound to, None for another object


class Fails(Exception):
    """The simulated import fails by ``memo``; ``lead`` are the frames on the way, outermost first."""

    def __init__(self, memo: Memo) -> None:
        self.memo = memo
        self.lead: list[PlainFrame] = []


class Undecided(Exception):
    """Only a real import can tell."""


class Simulation:
    """One import from one entry.

    ``inside(name)`` says whether a module's operations are followed; ``fact(name, parent)`` gives the memo of
    any other, importing it where it was not met yet, None where its parent's import brings it;
    ``operations_of(name)`` gives a module's operations, or None. ``files`` are the paths of the application's
    modules; ``failures`` the bodies that fail by themselves: module → (line, memo).
    """

    def __init__(
        self,
        inside: Callable[[str], bool],
        fact: Callable[[str, str], Memo | None],
        operations_of: Callable[[str], list[Operation] | None],
        files: Mapping[str, str | None],
        failures: Mapping[str, tuple[int, Memo]],
    ) -> None:
        self.inside, self.fact, self.operations_of = inside, fact, operations_of
        self.files = files
        self.failures = failures
        self.bound: dict[str, Names] = {}  # of each module whose operations are being followed or have been
        self.complete: set[str] = set()
        self.memos: dict[str, Memo | None] = {}
        self.steps: dict[str, Callable[..., None]] = {
            "bind": self.bind_object,
            "import": self.import_module,
            "from": self.import_names,
            "use": self.use_attribute,
            "if": self.run_branches,
            "try": self.run_guarded,
            "raise": self.leave_undecided,
            "undecided": self.leave_undecided,
        }

    def simulate_import(self, name: str) -> None:
        """Import ``name`` and its parents; raises Fails or Undecided."""
        parts = name.split(".")
        for index in range(len(parts)):
            self.simulate_module(".".join(parts[: index + 1]))

    def simulate_module(self, name: str) -> None:
        """Import ``name``, whose parents are imported."""
        if name in self.bound:
            return
        parent, _, child = name.rpartition(".")
        if not self.inside(name):
            if name not in self.memos:
                self.memos[name] = self.fact(name, parent)
            memo = self.memos[name]
            if memo is not None and memo.error is not None:
                raise Fails(memo)
            return
        operations = self.operations_of(name)
        if operations is None:
            raise Undecided(name)
        self.bound[name] = {}
        try:
            self.run_operations(name, operations)
            if name in self.failures:
                raise Fails(self.failures[name][1])
        except Fails:
            del self.bound[name]
            raise
        self.complete.add(name)
        if parent in self.bound:
            self.bound[parent][child] = name

    def run_operations(self, module: str, operations: list[Operation]) -> None:
        """Do ``operations`` of the body of ``module``, up to the line on which it fails by itself."""
        for kind, line, *operands in operations:
            failure = self.failures.get(module)
            if failure is not None and line >= failure[0] and kind not in ("try", "if"):
                raise Fails(failure[1])
            try:
                self.steps[kind](module, *operands)
            except Fails as fails:
                if kind in ("import", "from"):
                    fails.lead.insert(0, (self.files.get(module) or module, line, "<module>", module))
                raise

    def leave_undecided(self, module: str) -> None:
        """``raise``, and an import that leaves the top package."""
        raise Undecided(module)

    def bind_object(self, module: str, name: str) -> None:
        """``name = …``, ``def name``, ``class name``."""
        self.bound[module][name] = None

    def import_module(self, module: str, target: str, alias: str | None) -> None:
        """``import target as alias``."""
        self.simulate_import(target)
        top = target.partition(".")[0]
        self.bound[module][alias or top] = target if alias else top

    def import_names(self, module: str, target: str, names: list[tuple[str, str]]) -> None:
        """``from target import names``: attributes first, then submodules (importlib's _handle_fromlist)."""
        self.simulate_import(target)
        bound = self.bound[module]
        for name, alias in names:
            if name == "*":
                bound.update(self.names_of_star(target))
            else:
                bound[alias] = self.imported_attribute(target, name)

    def imported_attribute(self, target: str, name: str) -> str | None:
        """The module that ``from target import name`` gives, None for another object."""
        whole = target + "." + name
        space = self.bound.get(target)
        if space is not None and name in space:
            return space[name]
        if space is None and self.has_attribute(target, name):
            return whole if whole in self.bound else None
        if whole in self.files or self.inside(whole):
            self.simulate_import(whole)
            return whole
        if space is not None and target not in self.complete:
            raise Undecided(whole)
        return None  # bound in a way that no statement shows; the first import found it

    def names_of_star(self, target: str) -> Names:
        """What ``from target import *`` binds."""
        space = self.bound.get(target)
        if space is not None:
            if target not in self.complete:
                raise Undecided(target)
            return {name: value for name, value in space.items() if not name.startswith("_")}
        memo = self.memos.get(target)
        if memo is None or memo.module is None:
            return {}
        try:
            return dict.fromkeys(vars(memo.module))
        except TypeError:
            raise Undecided(target) from None

    def has_attribute(self, target: str, name: str) -> bool:
        """Whether a module outside has an attribute; one that can't be looked into is taken to."""
        memo = self.memos.get(target)
        try:
            return memo is not None and name in vars(memo.module)
        except TypeError:
            return True

    def use_attribute(self, module: str, names: list[str]) -> None:
        """An attribute of a module that is half-imported must have been bound by now."""
        current = self.bound[module].get(names[0])
        for name in names[1:]:
            if current is None:
                return
            whole = current + "." + name
            space = self.bound.get(current)
            if space is not None and name in space:
                current = space[name]
            elif whole in self.bound and whole not in self.complete:
                raise Undecided(whole)  # a package has no attribute for a module that is half-imported
            elif space is None:
                current = whole
            elif current in self.complete or name.startswith("__"):
                return
            else:
                raise Undecided(current)

    def run_branches(
        self, module: str, truth: bool | None, body: list[Operation], otherwise: list[Operation]
    ) -> None:
        """``if``, loops and ``with``; where ``truth`` is None, both ways must pass."""
        if truth is not None:
            self.run_operations(module, body if truth else otherwise)
            return
        for block in (body, otherwise):
            try:
                self.run_operations(module, [operation for operation in block if operation[0] != "raise"])
            except Fails:
                raise Undecided(module) from None

    def run_guarded(
        self,
        module: str,
        handlers: list[tuple[list[str | None] | None, list[Operation]]],
        body: list[Operation],
        otherwise: list[Operation],
        final: list[Operation],
    ) -> None:
        """``try``: the first handler that takes the error runs."""
        try:
            self.run_operations(module, body)
        except Fails as fails:
            kinds = {kind.__name__ for kind in type(fails.memo.error).__mro__}
            for caught, handler in handlers:
                if caught is None or kinds.intersection(caught):
                    self.run_operations(module, handler)
                    break
                if None in caught:
                    raise Undecided(module) from None
            else:
                raise
        else:
            self.run_operations(module, otherwise)
        self.run_operations(module, final)
