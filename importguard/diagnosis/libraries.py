"""Compiled modules: a shared library is missing, or the file is for another Python, processor or libc."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Optional

from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    lies_below,
    make_diagnosis,
    shortened_list,
)
from importguard.diagnosis.tables.shared_libraries import PACKAGES
from importguard.evidence.surroundings import Extension
from importguard.model import Diagnosis, Location
from importguard.rules.imports import IMPORT_CRASHES, MISSING_MODULE, MISSING_NAME, MISSING_SHARED_LIBRARY
from importguard.source.dockerfile_model import Copy

_ABSENT = re.compile(r"cannot open shared object file: No such file|Error loading shared library")
_FOREIGN = re.compile(
    r"invalid ELF header|wrong ELF class|version [`'](\w+_[\d.]+)' not found|"
    r"symbol not found|undefined symbol"
)
_GLIBC = ("libc.so.6", "ld-linux", "libm.so.6", "libpthread.so.0", "libdl.so.2")
_MUSL = ("libc.musl-", "ld-musl-")
_LIBC_SYMBOL = re.compile(r"^GLIBC(XX)?_[\d.]+$")
_MACHINES = {"arm64": "aarch64", "amd64": "x86_64"}


def abi_mismatch(case: Situation) -> Optional[Diagnosis]:
    """An extension for another Python, processor or libc than the image's."""
    if case.rule not in (MISSING_MODULE, MISSING_NAME, MISSING_SHARED_LIBRARY, IMPORT_CRASHES):
        return None
    for extension in _concerned(case):
        differences = _differences(extension, case)
        if differences:
            return _mismatch(extension, differences, case)
    return None


def _concerned(case: Situation) -> Iterable[Extension]:
    """The extensions that the finding speaks of: by name, by the file in the message, by what they lack."""
    named = {
        MISSING_MODULE: case.missing,
        MISSING_NAME: case.holding_module,
        IMPORT_CRASHES: case.finding.module,
    }.get(case.rule)
    for extension in (*case.clues.extensions, *case.clues.unloaded):
        lacks = case.missing in extension.not_found or extension.path.endswith("/" + case.missing)
        by_library = case.rule is MISSING_SHARED_LIBRARY and lacks
        by_name = extension.module in (named, case.missing)
        if by_name or by_library or extension.path in case.finding.message:
            yield extension


def _differences(extension: Extension, case: Situation) -> list[tuple[str, str]]:
    """(what the file is for, what the image is), one pair each."""
    system = case.clues.system
    found = []
    if extension.python and extension.python != ".".join(map(str, case.python_version)):
        found.append((f"Python {extension.python}", f"Python {case.evidence.version}"))
    if extension.machine and system.machine and _machine(extension.machine) != _machine(system.machine):
        found.append((extension.machine, system.machine))
    libc = extension.libc or _libc_of_needed(extension.not_found)
    if libc and system.libc and libc != system.libc:
        found.append((libc, system.libc))
    newer = [one for one in extension.symbols if _LIBC_SYMBOL.match(one)]
    if newer and not found:
        has = f"{system.libc} {system.libc_version}".strip()
        found.append((f"a system with {shortened_list(newer, 3)}", has or "an older system"))
    return found


def _machine(name: str) -> str:
    return _MACHINES.get(name, name)


def _libc_of_needed(libraries: Iterable[str]) -> Optional[str]:
    for library in libraries:
        if library.startswith(_MUSL):
            return "musl"
        if library.startswith(_GLIBC):
            return "glibc"
    return None


def _mismatch(extension: Extension, differences: list[tuple[str, str]], case: Situation) -> Diagnosis:
    built = ", ".join(there for there, _ in differences)
    image = ", ".join(here for _, here in differences)
    return make_diagnosis(
        "abi-mismatch",
        CERTAIN,
        f"{extension.path} is for {built}; the image is {image}.",
        "install it with the image's own Python in an image of the final stage's base; don't copy installed "
        "packages from a stage or a disk of another Python, processor or libc",
        _brought_by(extension.path, case),
        None,
        (f"file: {extension.path} (tag '{extension.tag}')", f"image: {image}"),
    )


def _brought_by(path: str, case: Situation) -> Optional[Location]:
    """The COPY that brought the file, where one did; else the FROM of the final stage."""
    dockerfile = case.source.dockerfile if case.source else None
    if dockerfile is None:
        return None
    lineage = dockerfile.lineage()
    origin = case.index.origin_in_source(path) if case.index else None
    copies = [
        one.line
        for one in dockerfile.copies
        if one.stage in lineage and lies_below(path, one.destination) and _from_elsewhere(one)
    ]
    line = origin.line if origin else copies[-1] if copies else dockerfile.stages[dockerfile.final].line
    return Location(dockerfile.path, line)


def _from_elsewhere(copy: Copy) -> bool:
    """Whether it takes what another stage or image holds: files of the context have places of their own."""
    return copy.from_stage is not None or copy.from_image is not None


def missing_shared_library(case: Situation) -> Optional[Diagnosis]:
    """A library that the dynamic loader does not find, and all others that would fail next."""
    if (
        case.rule is not MISSING_SHARED_LIBRARY
        or not case.missing
        or not _ABSENT.search(case.finding.message)
    ):
        return None
    concerned = list(_concerned(case))
    lacking = list(dict.fromkeys([case.missing, *(one for each in concerned for one in each.not_found)]))
    others = lacking[1:]
    next_ones = f" It also lacks {shortened_list(others)}, which would fail next." if others else ""
    by = f"{concerned[0].path} needs {case.missing}" if concerned else f"an extension needs {case.missing}"
    location, change = _where_to_install(case, lacking)
    return make_diagnosis(
        "missing-shared-library",
        CERTAIN,
        f"{by}, and no library folder of the image has it.{next_ones}",
        _to_install(case, lacking),
        location,
        change,
        tuple(f"{each.path}: not found {', '.join(each.not_found)}" for each in concerned),
    )


def _is_alpine(case: Situation) -> bool:
    system = case.clues.system
    return system.distribution == "alpine" or system.libc == "musl"


def _is_debian(case: Situation) -> bool:
    system = case.clues.system
    return not {"debian", "ubuntu"}.isdisjoint({system.distribution, *system.like.split()})


def _packages(lacking: list[str], alpine: bool) -> list[str]:
    return list(dict.fromkeys(PACKAGES[one][alpine] for one in lacking if one in PACKAGES))


def _to_install(case: Situation, lacking: list[str]) -> str:
    debian, alpine = " ".join(_packages(lacking, False)), " ".join(_packages(lacking, True))
    unknown = [one for one in lacking if one not in PACKAGES]
    steps = []
    if debian and not _is_alpine(case):
        steps.append(f"apt-get install -y --no-install-recommends {debian}")
    if alpine and not _is_debian(case):
        steps.append(f"apk add {alpine}")
    text = f"install it in the final stage: {' or, on Alpine, '.join(steps)}" if steps else ""
    if debian and alpine and len(steps) == 1:
        text += f" ({'Debian: ' + debian if _is_alpine(case) else 'Alpine: ' + alpine})"
    search = (
        f"find the package that brings {shortened_list(unknown)}: 'apt-file search' or pkgs.alpinelinux.org"
    )
    return "; ".join(filter(None, [text, search if unknown else ""]))


def _where_to_install(case: Situation, lacking: list[str]) -> tuple[Optional[Location], Optional[str]]:
    """The last line of the final stage that installs system packages, else its FROM."""
    alpine = _is_alpine(case)
    names = " ".join(_packages(lacking, alpine))
    apt = f"apt-get update && apt-get install -y --no-install-recommends {names}"
    command = f"apk add --no-cache {names}" if alpine else f"{apt} && rm -rf /var/lib/apt/lists/*"
    change = f"RUN {command}" if names and (alpine or _is_debian(case)) else None
    dockerfile = case.source.dockerfile if case.source else None
    if dockerfile is None:
        return None, change
    system = [one for one in dockerfile.installs if one.tool in ("apt", "apk")]
    own = [one.line for one in system if one.stage in dockerfile.lineage()]
    line = own[-1] if own else dockerfile.stages[dockerfile.final].line
    return Location(dockerfile.path, line), change


def foreign_symbols(case: Situation) -> Optional[Diagnosis]:
    """The dynamic loader refuses the file in words that only a foreign build gets, and nothing else tells
    for what it was built (cause ``abi-mismatch``)."""
    match = _FOREIGN.search(case.finding.message) if case.rule is MISSING_SHARED_LIBRARY else None
    if match is None or "file too short" in case.finding.message:
        return None
    libc = _libc_of_needed([case.missing])
    system = case.clues.system
    if libc is not None and libc == system.libc and match.group(1) is None:
        return None
    has = f"{system.libc} {system.libc_version} on {system.machine}".strip()
    return make_diagnosis(
        "abi-mismatch",
        LIKELY,
        f"The dynamic loader says '{match.group(0)}' of {case.missing}: a file that was built for another "
        f"Python, processor or libc. The image has {has}, Python {case.evidence.version}.",
        "install the distribution with the image's own Python in an image of the final stage's base",
        None,
        None,
        (f"message: {case.finding.message}",),
    )
