"""Evidence written by hand, for tests that need no container."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

from importguard.engines.base import Image
from importguard.evidence.imports import Cause, EntryPoint, Frame, ImportFailure, ImportSite, ModuleImport
from importguard.evidence.inspection import Evidence

IMAGE = Image(
    "shop:1.4", "sha256:" + "0123456789abcdef" * 4, "linux/amd64", env=("PATH=/usr/bin", "LANG=C.UTF-8")
)


def path(module: str) -> str:
    return f"/app/{module.replace('.', '/')}.py"


def frame(module: str, line: int = 1, function: str = "<module>") -> Frame:
    return Frame(path(module), line, function, module)


def imported(name: str) -> ModuleImport:
    return ModuleImport(name, path(name), "imported", seconds=0.01)


def skipped(name: str, reason: str) -> ModuleImport:
    return ModuleImport(name, path(name), "skipped", detail=reason)


def unchecked(name: str) -> ModuleImport:
    return ModuleImport(name, path(name), "unchecked", detail="time ran out")


def ended(
    name: str, outcome: str, detail: str, culprit: Optional[str] = None, output: str = ""
) -> ModuleImport:
    return ModuleImport(name, path(name), outcome, culprit=culprit or name, detail=detail, output=output)


def failed(name: str, failure: ImportFailure, culprit: Optional[str] = None) -> ModuleImport:
    return ModuleImport(name, path(name), "failed", failure=failure, culprit=culprit or name)


def raised(
    *causes: tuple[str, str, Optional[str]], frames: Sequence[Frame] = (), missing: Optional[str] = None
) -> ImportFailure:
    """A failure from (type, message, name) of each exception of its chain, outermost first."""
    links = tuple(Cause(*cause) for cause in causes)
    return ImportFailure(links[0].type, links[0].message, missing, tuple(frames), links)


def no_module(missing: str, *frames: Frame) -> ImportFailure:
    return raised(
        ("ModuleNotFoundError", f"No module named '{missing}'", missing), frames=frames, missing=missing
    )


def site(module: str, target: str, line: int = 1, **changes: Any) -> ImportSite:
    return replace(ImportSite(module, target, (), line, "module", path(module), resolves=False), **changes)


def entry(
    module: str, outcome: Optional[str], reaches: Sequence[str] = (), attribute: str = "app"
) -> EntryPoint:
    target = f"{module}:{attribute}"
    return EntryPoint(f"uvicorn {target}", target, module, attribute, outcome, tuple(reaches))


def evidence(*modules: ModuleImport, **changes: Any) -> Evidence:
    """Evidence of ``modules`` below /app, complete unless ``changes`` say otherwise."""
    whole = Evidence(
        executable="/usr/local/bin/python3",
        version="3.13.5",
        implementation="CPython",
        import_path=("/app",),
        modules=modules,
        sites=(),
        entrypoints=(),
        preparation=None,
        complete=True,
        error=None,
        notes=(),
        details=(),
        seconds=1.25,
    )
    return replace(whole, **changes)
