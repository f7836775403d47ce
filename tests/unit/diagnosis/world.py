"""An image and its source, written by hand: what a cause is told from, in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from unit.builders import evidence, failed, frame, imported, raised

from importguard.checks import run_checks
from importguard.diagnosis.causes import diagnose_findings
from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence, ImageFacts
from importguard.evidence.surroundings import Candidate, Clues, Distribution, ImageFile, Resolution, System
from importguard.model import Diagnosis, Finding
from importguard.source.dockerfile_model import Copy, Dockerfile, Install, Stage
from importguard.source.model import Ignored, Place, Placement, Requirement, Source, SourceFile

SITE = "/usr/local/lib/python3.13/site-packages"
SYSTEM = System("debian", "13", "", "glibc", "2.41", "x86_64", 1000, "app")
MARKERS = {
    "python_version": "3.13",
    "python_full_version": "3.13.5",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
}
STDLIB = (
    "json",
    "logging",
    "queue",
    "random",
    "sqlite3",
    "_sqlite3",
    "tkinter",
    "_tkinter",
    "winreg",
    "email",
)


def clues(**changes: Any) -> Clues:
    """The clues of a Debian image with Python 3.13 and an application in /app."""
    return replace(
        Clues(SYSTEM, MARKERS, ("/app", "/usr/local/lib/python3.13", SITE), stdlib=STDLIB), **changes
    )


def lacking(
    missing: str, importer: str = "shop.main", line: int = 3, message: str = "", **changes: Any
) -> Evidence:
    """One module of ``shop`` fails for want of another; ``changes`` are the evidence's, or the clues'."""
    failure = raised(
        ("ModuleNotFoundError", message or f"No module named '{missing}'", missing),
        frames=[frame(importer, line)],
        missing=missing,
    )
    return observed(failed(importer, failure), **changes)


def raising(
    kind: str,
    message: str,
    importer: str = "shop.main",
    line: int = 3,
    name: Optional[str] = None,
    **changes: Any,
) -> Evidence:
    """One module of ``shop`` fails by another exception."""
    frames = changes.pop("frames", [frame(importer, line)])
    named = changes.pop("named_from", "")
    failure = replace(raised((kind, message, name), frames=frames), named_from=named)
    return observed(failed(importer, failure), **changes)


def observed(*modules: ModuleImport, **changes: Any) -> Evidence:
    given = changes.pop("clues", None) or clues()
    others = [imported(name) for name in ("shop", "shop.util") if name not in {one.name for one in modules}]
    facts = changes.pop("image", ImageFacts(workdir="/app"))
    return evidence(*others, *modules, clues=given, image=facts, **changes)


FILES = ("shop/__init__.py", "shop/main.py", "shop/util.py")
"""What the source and the image have, unless a test says otherwise."""


def in_image(*paths: str, digest: str = "same") -> tuple[ImageFile, ...]:
    """Files of the image, below /app."""
    return tuple(ImageFile(f"/app/{path}", text_digest=digest) for path in paths)


def on_disk(*paths: str, digest: str = "same") -> tuple[SourceFile, ...]:
    return tuple(SourceFile(path, 10, digest) for path in paths)


def source(
    *more: str,
    ignored: Optional[Mapping[str, tuple[int, str, str]]] = None,
    copied: Optional[Mapping[str, str]] = None,
    dockerfile: Optional[Dockerfile] = None,
    requirements: Sequence[Requirement] = (),
    outside: Sequence[str] = (),
    **changes: Any,
) -> Source:
    """A source with FILES and ``more`` of which the Dockerfile's line 4 copies FILES (and ``copied``: path →
    destination). ``ignored``: path → (line of .dockerignore, pattern, exception)."""
    rules = {
        path: Ignored(path, Place(".dockerignore", line, pattern), exception)
        for path, (line, pattern, exception) in (ignored or {}).items()
    }
    places = {**{path: f"/app/{path}" for path in FILES}, **(copied or {})}
    docker = dockerfile or dockerfile_of()
    whole = Source(
        root="/src",
        ignore_file=".dockerignore" if rules else None,
        dockerfile=docker,
        files=on_disk(*FILES, *more),
        context_files=frozenset({*FILES, *more} - set(rules) - set(outside)),
        ignored=tuple(rules.values()),
        placements=tuple(Placement(path, there, docker.final, 4) for path, there in places.items()),
        requirements=tuple(requirements),
    )
    return replace(whole, **changes)


def dockerfile_of(
    copies: Sequence[Copy] = (), installs: Sequence[Install] = (), stages: Sequence[Stage] = ()
) -> Dockerfile:
    """A Dockerfile: FROM at line 1, WORKDIR at 2, ``COPY shop/*.py shop/`` at 4; by default one stage."""
    all_stages = tuple(stages) or (Stage(0, None, "python:3.13-slim", None, 1, "/app", 2),)
    final = len(all_stages) - 1
    copy = Copy(4, final, "COPY shop/*.py shop/", ("shop/*.py",), "/app/shop/")
    return Dockerfile("Dockerfile", all_stages, final, (), tuple(copies) or (copy,), tuple(installs))


BUILDER = (
    Stage(0, "builder", "python:3.13", None, 1, "/build"),
    Stage(1, None, "python:3.13-slim", None, 6, "/app", 7),
)


def pip(line: int = 3, stage: int = 0, **changes: Any) -> Install:
    """``RUN pip install -r requirements.txt``, unless ``changes`` say otherwise."""
    given = (
        {"files": ("requirements.txt",)}
        if not {"packages", "locals", "editable", "files"} & set(changes)
        else {}
    )
    return replace(Install(line, stage, "pip", "pip install …"), **{**given, **changes})


def needs(name: str, line: int = 1, path: str = "requirements.txt", **changes: Any) -> Requirement:
    """A declared requirement."""
    written = name + changes.get("specifier", "")
    return replace(Requirement(name.lower(), written, Place(path, line)), **changes)


def dist(name: str, version: str = "1.0", *provides: str, **changes: Any) -> Distribution:
    """An installed distribution."""
    return replace(Distribution(name, version, SITE, provides or (name.lower(),)), **changes)


def resolves(name: str, kind: str = "absent", path: Optional[str] = None, **changes: Any) -> Resolution:
    return replace(Resolution(name, kind, path), **changes)


def candidate(module: str, path: str, root: str, **changes: Any) -> Candidate:
    return replace(Candidate(module, path, root), **changes)


def only(seen: Evidence, tree: Optional[Source] = None, built: bool = False) -> Diagnosis:
    """The diagnosis of the only finding."""
    found: list[Finding] = diagnose_findings(run_checks(seen), seen, tree, built)
    assert len(found) == 1, found
    assert found[0].diagnosis is not None, found[0]
    return found[0].diagnosis


def where(diagnosis: Diagnosis) -> tuple[str, Optional[tuple[str, Optional[int]]]]:
    """(cause, (path, line))."""
    place = diagnosis.location
    return diagnosis.cause, (place.path, place.line) if place else None
