"""A case: a few files of an application, and what a fresh interpreter says of each of its modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

IMPORTED, FAILED, EXITED = "imported", "failed", "exited"
CRASHED, TIMED_OUT = "crashed", "timed_out"


@dataclass(frozen=True)
class Case:
    """One application of an image that holds many.

    ``outcomes`` are the verdicts of a fresh interpreter; ``missing`` is the module that each failed module
    lacks. ``findings`` are all that may be reported, as ``(rule, missing or module)``. A case with ``root``
    has a WORKDIR of its own; the others lie side by side in one WORKDIR and are chosen by ``--package``.
    ``environ`` is given to importguard as ``--env``. ``truth`` is False where no interpreter can be asked
    (what it says depends on a limit of the container). ``by_truth`` are modules of which one interpreter says
    this and another that: what is expected of them is what the truth says.
    """

    name: str
    files: Mapping[str, str]
    outcomes: Mapping[str, str]
    missing: Mapping[str, str] = field(default_factory=dict)
    findings: Optional[frozenset[tuple[str, str]]] = None
    options: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    root: bool = False
    exit_code: int = 1
    truth: bool = True
    by_truth: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The application's import root, in the image."""
        return f"/roots/{self.name}" if self.root else "/app"

    @property
    def arguments(self) -> list[str]:
        """What the command line is given beside the image."""
        chosen = [] if self.root else ["-p", self.name]
        environ = [part for name, value in self.environ.items() for part in ("--env", f"{name}={value}")]
        return [*chosen, *environ, *self.options]


def package(name: str, modules: Mapping[str, str]) -> dict[str, str]:
    """The files of a package, from its modules' sources by dotted name; parents get an ``__init__.py``.

    A name that ends in ``.__init__`` is the body of a package.
    """
    files = {f"{name}/__init__.py": ""}
    for dotted, source in modules.items():
        parts = dotted.split(".")
        for depth in range(1, len(parts)):
            files.setdefault("/".join([name, *parts[:depth], "__init__.py"]), "")
        files["/".join([name, *parts]) + ".py"] = source
    return files


def application(name: str, modules: Mapping[str, tuple[str, ...]], **more: object) -> Case:
    """A case from ``{module: (source, outcome[, missing])}``; one without an outcome is not asked."""
    outcomes = {_dotted(name, key): value[1] for key, value in modules.items() if len(value) > 1}
    missing = {_dotted(name, key): value[2] for key, value in modules.items() if len(value) > 2}
    files = package(name, {key: value[0] for key, value in modules.items()})
    passes = set(outcomes.values()) == {IMPORTED}
    more.setdefault("exit_code", 0 if passes else 1)
    return Case(name=name, files=files, outcomes=outcomes, missing=missing, **more)  # type: ignore[arg-type]


def _dotted(name: str, module: str) -> str:
    return f"{name}.{module}".replace(".__init__", "")


OK = ("", IMPORTED)
"""A module that is fine."""


def lacks(name: str, before: str = "") -> tuple[str, str, str]:
    """A module that imports what is not there."""
    return (f"{before}import {name}\n", FAILED, name)
