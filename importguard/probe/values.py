"""The dictionaries that the host sends and the parts of the probe hand to one another, as types.

Nothing is here when the probe runs: a dictionary goes through ``marshal`` and JSON as it is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, TypedDict

    from importguard.probe.workers.failures import PlainFrame

    Node = Any
    """A node of ``ast``. What it has goes by the name of its class, and these differ from Python 3.7 to 3.15
    (``Str``, ``Constant``, ``TryStar``, ``match_case``): no class of one Python could be its type."""

    UnsetVariable = tuple[str, bool]  # its name, and whether it alone decides that a statement fails
    SiteValues = tuple[str, str, list[str], int, str, Optional[str]]
    """module, target, names, line, scope, path: see ``evidence.imports.ImportSite``"""

    class FailureValues(TypedDict):
        """An ``evidence.imports.ImportFailure``, with the variables that are looked up where it arose."""

        type: str
        message: str
        missing: Optional[str]
        frames: list[PlainFrame]
        causes: list[tuple[str, str, Optional[str]]]
        lookups: list[UnsetVariable]
        named_from: str
        required: list[str]

    class Request(TypedDict, total=False):
        """What the host asks: see ``inspectors/run.py``, which writes it."""

        secret: str
        only: list[str]
        lifeline: bool
        reverse: bool
        entrypoint: list[str]
        cmd: list[str]
        workdir: str
        production_workdir: Optional[tuple[str, str]]  # and the file and line that say so
        commands: list[str]
        python: Optional[str]
        packages: list[str]
        exclude: list[str]
        include_tests: bool
        setup: Optional[str]
        exact: bool
        isolated: bool  # whether the container has no network
        timeout: float
        module_timeout: float
        jobs: int
        source: bool
        files: bool

    class ScriptValues(TypedDict):
        """A file that Python runs as ``__main__``. ``as_module``: by ``-m``. ``again``: what stands below its
        guard imports it by its name, as ``uvicorn.run("main:app")`` does."""

        path: str
        as_module: bool
        again: bool

    class StartState(TypedDict, total=False):
        """What a start command's own process begins with; empty for what none starts."""

        import_path: list[str]
        argv: list[str]
        directory: str
        environ: dict[str, str]
        own_setup: bool
        script: Optional[ScriptValues]  # the target's own file, where Python runs that as ``__main__``
        calls: list[str]  # the calls by which it makes its application, the likeliest first
        load: list[str]  # what of the target's object a worker asks for, and so loads what that names

    class EntryPointValues(TypedDict):
        """A start command and what it loads; ``target`` is None where that was not understood."""

        command: str
        target: Optional[str]
        module: Optional[str]
        attribute: Optional[str]
        is_program: bool
        runs: Optional[str]
        start: StartState
        imported_at: Optional[tuple[str, int]]

    class InterpreterValues(TypedDict):
        """The application's Python; ``why`` says how it was found."""

        executable: str
        flags: list[str]
        version: str
        implementation: str
        why: str

    class Preparation(TypedDict):
        """What is called before modules are imported (empty: nothing), and the variables that it needs."""

        description: str
        environ: dict[str, str]
        callable: str

    class StartProblemValues(TypedDict):
        """See ``evidence.imports.StartProblem``."""

        program: str
        path: str
        why: str
        interpreter: str

    class Discovered(TypedDict, total=False):
        """What discovery found. Where ``error`` says why nothing can be imported, the interpreter is None."""

        interpreter: InterpreterValues
        import_path: list[str]
        appended_path: list[str]
        search_path: list[str]
        entrypoints: list[EntryPointValues]
        setup: Optional[Preparation]
        by_path: dict[str, str]
        problem: Optional[StartProblemValues]
        directory: str
        environ: dict[str, str]
        notes: list[str]
        details: list[str]
        error: Optional[str]
        modules: list[tuple[str, Optional[str]]]
        skipped: list[tuple[str, str, str]]
