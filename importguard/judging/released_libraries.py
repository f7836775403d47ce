"""What a part of a released library lacks, and the library does not require, is a warning. Pure functions.

Where the start command names a published program, its distribution is what is checked: wsgidav's property
managers for MongoDB and CouchDB need clients that whoever does not use them does not install. pypiserver's
``plugin`` imports a name that its package no longer has, and some modules of fava's, in a circle, import well
only after another. ``isso.run`` runs its program at its import, for another server than the one that starts
it, and that ends without a configuration. What ends the process for want of a module stays an error: so a
command's option may say what it needs, as ``glances -w`` does without FastAPI.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.tables.distribution_names import from_table, same_name
from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Distribution
from importguard.failures.root_cause import exception_chain, type_name
from importguard.judging.softening import Softening, is_needed_by_no_start
from importguard.model import Finding
from importguard.rules.imports import IMPORT_EXITS, MISSING_MODULE, MISSING_NAME
from importguard.source.locating.named_installs import distributions_installed_by_name
from importguard.source.model import Source
from importguard.source.requirements.requirement_text import parse_requires_dist

_CAN_DO_WITHOUT = frozenset({"unknown", "not-declared", "extra-not-installed"})
"""What is missing by another cause is to be there: a declaration says so, or the interpreter."""


def released_libraries_softening(evidence: Evidence, source: Optional[Source]) -> Softening:
    """Soften what fails only in parts of released libraries, for want of what they can do without."""
    released = released_modules(evidence, source)
    running = {module.name for module in evidence.modules if _runs_program(module)}
    return Softening(
        lambda finding: _is_optional(finding, released, running),
        "Only warned of: no start command loads them, and the installed library that they belong to does "
        "without them: {modules}.",
    )


def _runs_program(module: ModuleImport) -> bool:
    """Whether a function that the module calls at its import ends the process, and no missing module does."""
    frames = module.failure.frames if module.failure else module.frames
    causes = exception_chain(module.failure) if module.failure else ()
    by_import = any(type_name(cause.type) in ("ImportError", "ModuleNotFoundError") for cause in causes)
    return bool(frames) and frames[-1].function != "<module>" and not by_import


def released_modules(evidence: Evidence, source: Optional[Source]) -> dict[str, Distribution]:
    """The modules of distributions that were installed by their name, each with its distribution.

    What was installed from a folder or URL (PEP 610), or lies in the source, is the project's own. Without a
    source only the image's history tells a program of others from the project's own wheel.
    """
    released = {}
    checked = {module.name.partition(".")[0] for module in evidence.modules}
    for top, distribution in _sole_providers(evidence).items():
        is_own = distribution.source is not None or distribution.editable
        if top in checked and not is_own and _is_of_others(top, distribution, evidence, source):
            released[top] = distribution
    return {
        module.name: released[top]
        for module in evidence.modules
        if (top := module.name.partition(".")[0]) in released
        and (module.path or "").startswith(released[top].location.rstrip("/") + "/")
    }


def _sole_providers(evidence: Evidence) -> dict[str, Distribution]:
    """The top-level names that one distribution alone provides."""
    providers: dict[str, list[Distribution]] = {}
    for distribution in evidence.clues.distributions if evidence.clues else ():
        for name in distribution.provides:
            providers.setdefault(name.partition(".")[0], []).append(distribution)
    return {top: given[0] for top, given in providers.items() if len(given) == 1}


def _is_of_others(top: str, distribution: Distribution, evidence: Evidence, source: Optional[Source]) -> bool:
    """Whether a distribution is a program of others: by the source, or else by what the build installed."""
    if source is not None:
        site = distribution.location.rstrip("/") + "/"
        roots = (f"{site}{top}/", f"{site}{top}.py")
        installed = {module.path for module in evidence.modules if (module.path or "").startswith(roots)}
        return not _lies_in_source(top, site, installed, source)
    image = evidence.image
    by_name = distributions_installed_by_name(image.history, image.environment)
    return canonicalize_name(distribution.name) in by_name


def _lies_in_source(top: str, site: str, installed: Collection[Optional[str]], source: Source) -> bool:
    """Whether the source has one of the ``installed`` files of ``top``, that COPY does not put into ``site``.

    A folder that only has the library's name, such as ``conf``, does not count. ``pip install --target
    packages`` fills a folder of the build context; PEP 610 tells there what is the project's own, too.
    """
    libraries = {placement.path for placement in source.placements if placement.destination.startswith(site)}
    return any(
        f"{site}{path_from_top}" in installed
        for file in source.files
        if file.path not in libraries
        for path_from_top in _paths_from(top, file.path)
    )


def _paths_from(top: str, path: str) -> Iterator[str]:
    """The ends of a path that begin with the package ``top``, or are its only module."""
    parts = path.split("/")
    return ("/".join(parts[index:]) for index, part in enumerate(parts) if part in (top, f"{top}.py"))


def _is_optional(finding: Finding, released: Mapping[str, Distribution], running: Collection[str]) -> bool:
    """Whether only such modules fail by it, no start loads them, and their libraries do without it."""
    if not is_needed_by_no_start(finding) or not all(name in released for name in finding.affected):
        return False
    if finding.rule is IMPORT_EXITS:
        return all(name in running for name in finding.affected)
    if finding.rule is MISSING_NAME or _cause_of(finding) == "circular":
        return all(_is_own_mistake(finding, released[name]) for name in finding.affected)
    return finding.rule is MISSING_MODULE and _is_not_required(finding, released)


def _is_own_mistake(finding: Finding, distribution: Distribution) -> bool:
    """Whether what is missing is of the library's own package, whose files are as they were released."""
    if _cause_of(finding) == "circular" and finding.missing is None:
        return True
    is_as_released = _cause_of(finding) in ("unknown", "missing-name", "circular")
    return is_as_released and (finding.missing or "").partition(".")[0] in distribution.provides


def _cause_of(finding: Finding) -> str:
    return finding.diagnosis.cause if finding.diagnosis else "unknown"


def _is_not_required(finding: Finding, released: Mapping[str, Distribution]) -> bool:
    """Whether the missing module is of no distribution that the libraries always require, nor their own."""
    if not finding.missing or _cause_of(finding) not in _CAN_DO_WITHOUT:
        return False
    return all(can_do_without(finding.missing, released[name]) for name in finding.affected)


def can_do_without(missing: str, distribution: Distribution) -> bool:
    """Whether a missing module is of no distribution that this one always requires, nor its own."""
    wanted = {canonicalize_name(name) for name in from_table(missing)} | {same_name(missing)}
    own = {name.partition(".")[0] for name in distribution.provides}
    return missing.partition(".")[0] not in own and wanted.isdisjoint(_always_required(distribution.requires))


def _always_required(lines: Collection[str]) -> set[str]:
    """The distributions that Requires-Dist lines name without an extra; on which machines does not matter."""
    return {
        canonicalize_name(requirement.name)
        for requirement in parse_requires_dist(lines)
        if "extra" not in str(requirement.marker or "")
    }
