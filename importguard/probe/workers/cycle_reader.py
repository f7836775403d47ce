"""What the statements of a cycle say of one of its members as the entry, read where trying takes too long."""

from __future__ import annotations

from importguard.probe.code.imports import parse_module
from importguard.probe.workers.failures import chain, deciding, describe
from importguard.probe.workers.fresh import _find_spec, _io_open
from importguard.probe.workers.simulation import Fails, Simulation, Undecided
from importguard.probe.workers.statements import import_operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional

    from importguard.probe.workers.memo import Memo
    from importguard.probe.workers.memory import Memory
    from importguard.probe.workers.statements import Operation


class CycleReader:
    """Follows the statements of cycles (``Simulation``), with what is known of the modules outside of them.

    ``resolve`` gives the memo of a member of another cycle with that member as its entry.
    """

    def __init__(
        self, memory: Memory, files: dict[str, Optional[str]], resolve: Callable[[Memo], Memo]
    ) -> None:
        self.memory = memory
        self.files = files
        self.resolve = resolve
        self.operations: dict[str, Optional[list[Operation]]] = {}
        # module → (line, memo) of a body that fails by itself
        self.own_failures: dict[str, tuple[int, Memo]] = {}

    def read(self, memo: Memo, cycle: list[str]) -> str:
        """What the statements of the cycle say of this entry: that it "passes", or nothing certain ("").

        Where they reach a module that is absent, whatever else the bodies do, ``memo`` takes on its error,
        and the answer is "fails".
        """
        simulation = self.simulation(cycle)
        try:
            simulation.simulate_import(memo.name)
        except Fails as fails:
            error = fails.memo.error
            if error is not None and isinstance(deciding(chain(error)), (ModuleNotFoundError, SyntaxError)):
                self.fails_by(memo, fails, simulation)
                return "fails"
            return ""
        except (Undecided, RecursionError):
            return ""
        return "passes"

    def fails_by(self, memo: Memo, fails: Fails, simulation: Simulation) -> None:
        """``memo`` fails as simulated: by the error of another module, with what was whole by then loaded."""
        memo.error, memo.links, memo.module = fails.memo.error, fails.memo.links, None
        memo.lead = fails.lead
        memo.state = self.memory.process.state.base
        memo.effects, memo.late, memo.loaded = None, {}, {}
        for known in simulation.memos.values():
            if known is not None:
                memo.loaded.update(known.loaded)
        for name in simulation.complete:
            known = self.memory.memos.get(name)
            if known is not None and known.module is not None:
                memo.loaded[name] = known.module

    def simulation(self, cycle: list[str]) -> Simulation:
        """A simulation in which the modules of ``cycle``, and those of its packages, are run."""
        self.note_failures(cycle)
        self.find_files(cycle)
        members = set(cycle)

        def belongs(module: str) -> bool:
            while module and module not in members:
                module = module.rpartition(".")[0]
            return bool(module)

        def inside(module: str) -> bool:
            return module in self.files and belongs(module)

        def fact(module: str, parent: str) -> Optional[Memo]:
            if belongs(module):
                raise Undecided(module)  # its file is not known
            return self.fact(module, parent)

        return Simulation(inside, fact, self.operations_of, self.files, self.own_failures)

    def find_files(self, cycle: list[str]) -> None:
        """The files of third-party modules in a cycle: of them, only cycles are ever read."""
        for name in cycle:
            if name in self.files:
                continue
            memo = self.memory.memos.get(name)
            for key, module in memo.loaded.items() if memo is not None else ():
                self.find_file(key, getattr(module, "__spec__", None))
            if name not in self.files:
                parent = self.memory.memos.get(name.rpartition(".")[0])
                try:
                    self.find_file(name, _find_spec(name, parent and parent.module.__path__))
                except Exception:
                    continue

    def find_file(self, name: str, spec: object) -> None:
        """Note the file that ``spec`` names."""
        origin = getattr(spec, "origin", None)
        if type(origin) is str and origin.endswith(".py"):
            self.files.setdefault(name, origin)

    def note_failures(self, cycle: list[str]) -> None:
        """Which bodies of the cycle fail by themselves, and on which line."""
        for name in cycle:
            memo = self.memory.memos.get(name)
            if memo is None or memo.error is None or name in self.own_failures or memo.lead:
                continue
            frames = [frame for frame in describe(memo.error)[3] if frame[2] == "<module>"]
            decider = deciding(chain(memo.error))
            if frames and frames[-1][3] == name and not isinstance(decider, ImportError):
                self.own_failures[name] = (frames[-1][1], memo)

    def fact(self, name: str, parent: str) -> Optional[Memo]:
        """The memo of a module outside of the cycle, imported if need be; None if its parent brings it."""
        memory = self.memory
        known = memory.memos.get(parent)
        if name in memory.process.base or (known is not None and name in known.loaded):
            return None
        memo = memory.memos.get(name)
        if memo is None:
            memo = memory.observe(name)
        return self.resolve(memo)

    def operations_of(self, name: str) -> Optional[list[Operation]]:
        """What the body of ``name`` does to the import system; None where that can't be read."""
        if name not in self.operations:
            self.operations[name] = None
            path = self.files[name] or ""
            if path.endswith(".py"):
                try:
                    with _io_open(path, "rb") as file:
                        tree = parse_module(file.read(), path)
                    self.operations[name] = import_operations(tree, name, path.endswith("__init__.py"))
                except (OSError, SyntaxError, ValueError):
                    pass
        return self.operations[name]
