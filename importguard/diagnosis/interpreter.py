"""The image's Python: another one has it, or its standard library lacks a part."""

from __future__ import annotations

import posixpath
from typing import Optional

from importguard.diagnosis.environment_path import environment_of, path_change, path_line
from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    file_and_line,
    lies_below,
    make_diagnosis,
)
from importguard.diagnosis.tables.removed_stdlib import (
    APART,
    REMOVED,
    REMOVED_NAMES,
    WINDOWS_ONLY,
    ApartModule,
)
from importguard.evidence.surroundings import Candidate
from importguard.model import Diagnosis, Location
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME

_DEBIAN = frozenset({"debian", "ubuntu"})


def wrong_interpreter(case: Situation) -> Optional[Diagnosis]:
    """It is installed for another Python of the image."""
    if case.rule is not MISSING_MODULE or case.is_own_module or case.module_in_source is not None:
        return None
    for candidate in case.clues.candidates:
        if candidate.module not in (case.missing, case.top_name) or not candidate.site or not candidate.exact:
            continue
        other = candidate.interpreter
        if candidate.root in case.clues.sys_path or other == case.evidence.executable:
            continue
        if candidate.broken_link is not None:
            return _without_its_python(case, candidate.root, *candidate.broken_link)
        return _for_another_python(case, candidate)
    return None


def _for_another_python(case: Situation, candidate: Candidate) -> Diagnosis:
    """PATH is to change where that Python is an environment's and the start command finds its own by PATH."""
    root, other = candidate.root, candidate.interpreter
    environment = environment_of(other) if other and _is_found_by_path(case) else None
    location, change = _installed_at(case, other or root), None
    install = f"install it with '{case.evidence.executable} -m pip'"
    if environment is not None:
        location, change = path_line(environment, case), path_change(environment)
        install = f"add '{change}' to the final stage"
    return make_diagnosis(
        "wrong-interpreter",
        CERTAIN if other else LIKELY,
        f"It is installed in {root}{f' for {other}' if other else ''}, and the application "
        f"runs under {case.evidence.executable} (Python {case.evidence.version}).",
        f"{install}, or start the application with {other or 'the Python of that folder'}",
        location,
        change,
        (f"found: {candidate.path}", f"application's Python: {case.evidence.executable}"),
    )


def _is_found_by_path(case: Situation) -> bool:
    """Whether the start commands name their programs without a folder."""
    commands = [entry.command for entry in case.evidence.entrypoints]
    return bool(commands) and not any(command.startswith("/") for command in commands)


def _without_its_python(case: Situation, site: str, link: str, target: str) -> Diagnosis:
    """A virtual environment of another stage came along, and the Python that it was made with did not."""
    environment = posixpath.dirname(posixpath.dirname(link))
    dockerfile = case.source.dockerfile if case.source else None
    copies = [
        one
        for one in (dockerfile.copies if dockerfile else ())
        if dockerfile and one.stage in dockerfile.lineage() and lies_below(link, one.destination)
    ]
    copy = copies[-1] if copies else None
    return make_diagnosis(
        "wrong-interpreter",
        CERTAIN,
        f"It is installed in {environment}, whose {posixpath.basename(link)} leads to {target}, which is not "
        f"in the image: the application runs under {case.evidence.executable} (Python "
        f"{case.evidence.version}).",
        f"make {environment} with a Python that lies at the same path in both stages "
        f"(uv: UV_PYTHON_DOWNLOADS=never), or copy that of {posixpath.dirname(target)} too",
        case.dockerfile_location(copy.line) if copy else None,
        None,
        (f"found: {site}", f"broken link: {link} → {target}"),
        copy.text if copy else None,
    )


def _installed_at(case: Situation, other: str) -> Optional[Location]:
    """The RUN line that installs for that Python, where one says so; else the last that installs with pip."""
    dockerfile = case.source.dockerfile if case.source else None
    if dockerfile is None:
        return None
    lineage = dockerfile.lineage()
    installs = [one for one in dockerfile.installs if one.stage in lineage and one.tool not in ("apt", "apk")]
    naming = [one for one in installs if one.interpreter and one.interpreter in other]
    chosen = naming or installs
    return Location(dockerfile.path, chosen[-1].line) if chosen else None


def stdlib_removed(case: Situation) -> Optional[Diagnosis]:
    """A module that this Python no longer has."""
    removed = REMOVED.get(case.top_name)
    if (
        case.rule is not MISSING_MODULE
        or removed is None
        or case.python_version < removed.version
        or case.module_in_source is not None
    ):
        return None
    if case.is_own_module or case.top_name in case.code.packages:
        return None
    version = ".".join(map(str, removed.version))
    gone = f"Python {version} removed it" if removed.version > (3, 0) else "it is Python 2's"
    steps = [f"use {removed.instead}"] if removed.instead else []
    steps += [f"install {removed.backport}, which brings it back"] if removed.backport else []
    last = f"{case.python_version[0]}.{removed.version[1] - 1}"
    steps += [f"use a Python up to {last}"] if removed.version > (3, 0) and not steps else []
    return make_diagnosis(
        "stdlib-removed",
        CERTAIN,
        f"'{case.top_name}' is of the standard library of older Pythons: {gone}, and the image has "
        f"{case.evidence.version}.",
        " or ".join(steps),
        case.import_place,
        removed.backport,
        (f"removed in: {version}", f"the image's Python: {case.evidence.version}"),
    )


def stdlib_not_built(case: Situation) -> Optional[Diagnosis]:
    """A module of the standard library that this build of Python lacks."""
    name = case.top_name if case.top_name in case.clues.stdlib or case.top_name in APART else case.missing
    if (
        case.rule is not MISSING_MODULE
        or case.module_in_source is not None
        or case.top_name in case.code.packages
    ):
        return None
    if name not in case.clues.stdlib and name not in APART:
        return None
    resolution = case.clues.resolution_of(case.missing)
    if resolution is not None and resolution.kind != "absent":
        return None
    if name in WINDOWS_ONLY:
        return _of_windows(case, name)
    part = APART.get(name, ApartModule())
    return make_diagnosis(
        "stdlib-not-built",
        CERTAIN if case.clues.stdlib or name in APART else LIKELY,
        f"'{name}' belongs to the standard library, and this Python ({case.evidence.executable}"
        f"{_of_system(case)}) comes without it.",
        _to_bring(case, name, part),
        base_line(case),
        None,
        (f"Python: {case.evidence.executable} {case.evidence.version}", f"system: {_system(case)}"),
    )


def _of_windows(case: Situation, name: str) -> Diagnosis:
    return make_diagnosis(
        "stdlib-not-built",
        CERTAIN,
        f"'{name}' is a module of the standard library that only Python for Windows has.",
        case.correct_import(f"import it under 'if sys.platform == \"win32\":' at {case.importers}"),
        case.import_place,
    )


def _of_system(case: Situation) -> str:
    system = case.clues.system.distribution
    return f", {system}'s own" if system and case.evidence.executable.startswith("/usr/bin/") else ""


def _system(case: Situation) -> str:
    system = case.clues.system
    return f"{system.distribution} {system.version}".strip() or "not known"


def _to_bring(case: Situation, name: str, part: ApartModule) -> str:
    system = case.clues.system
    of_system = case.evidence.executable.startswith("/usr/bin/")
    if of_system and not _DEBIAN.isdisjoint({system.distribution, *system.like.split()}):
        # python3-minimal has a part of the library only; libpython3-stdlib has the rest.
        return f"install Debian's {part.debian or 'python3 (libpython3-stdlib)'} in the final stage"
    if of_system and system.distribution == "alpine":
        return f"install Alpine's {part.alpine or 'python3'} in the final stage"
    headers = f"install {part.headers} (Debian's name) before Python is compiled" if part.headers else ""
    return f"{headers or 'use a Python that was built with it'}, or use the official python image"


def base_line(case: Situation) -> Optional[Location]:
    """Find the line that brings the image's Python: the system package's install, else FROM."""
    dockerfile = case.source.dockerfile if case.source else None
    if dockerfile is None:
        return None
    lineage = dockerfile.lineage()
    for install in dockerfile.installs:
        brings = install.tool in ("apt", "apk") and any(one.startswith("python3") for one in install.packages)
        if brings and install.stage in lineage:
            return Location(dockerfile.path, install.line)
    return Location(dockerfile.path, dockerfile.stages[lineage[-1]].line)


def stdlib_name_removed(case: Situation) -> Optional[Diagnosis]:
    """A name of the standard library that this Python no longer has (cause ``missing-name``)."""
    known = REMOVED_NAMES.get(_asked(case))
    if known is None or case.python_version < known[0]:
        return None
    version, instead = ".".join(map(str, known[0])), known[1]
    return make_diagnosis(
        "missing-name",
        CERTAIN,
        f"Python {version} removed '{_asked(case)}', and the image has {case.evidence.version}.",
        case.correct_import(f"use {instead} at {file_and_line(case.import_place)}") + ", or an older Python",
        case.import_place,
        None,
        (f"removed in: {version}",),
    )


def _asked(case: Situation) -> str:
    from importguard.diagnosis.code_mistakes import attribute_asked

    if case.rule in (MISSING_MODULE, MISSING_NAME):
        return case.missing
    asked = attribute_asked(case)
    return ".".join(asked) if asked else ""
