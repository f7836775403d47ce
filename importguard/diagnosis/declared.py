"""Find the requirements and RUN lines that concern one import name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Optional

from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from importguard.diagnosis.situation import Situation
from importguard.diagnosis.tables.distribution_names import UNTOLD, from_table, is_called_so, same_name
from importguard.evidence.surroundings import Distribution
from importguard.source.dockerfile_model import Dockerfile, Install
from importguard.source.model import RUNTIME_KINDS, Requirement
from importguard.source.requirements.installing import install_reads, lasting_installs
from importguard.source.requirements.markers import marker_applies
from importguard.source.requirements.requirement_text import parse_requires_dist

INDIRECT_KINDS = ("constraint", "lock")
"""The kinds of requirements that ask for nothing themselves."""
_NAME = re.compile(r"^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


@dataclass(frozen=True)
class Names:
    """The distributions that may provide an import name, canonical, the likeliest first. ``known`` is True
    where metadata or the table say so, not only the likeness of the names. ``written`` is empty where the
    name tells nothing."""

    candidates: tuple[str, ...]
    written: str
    known: bool


def names_for(case: Situation, module: str) -> Names:
    """From the metadata of what is installed (for any Python of the image), then the table, then what is
    declared or required under the import's own name."""
    seen = [distribution for other in case.clues.interpreters for distribution in other.distributions]
    top = module.partition(".")[0]
    metadata = [
        distribution.name
        for distribution in seen
        if module in distribution.provides or top in distribution.provides
    ]
    if metadata:
        return Names(_canonical(metadata), metadata[0], True)
    targets = _targets(case, module)
    table = next((names for names in map(from_table, targets) if names), ())
    if table:
        return Names(_canonical(table), table[0], True)
    spoken_of = _spoken_of(case)
    alike = [name for target in targets for name in _alike(target) if name in spoken_of]
    if alike:
        return Names((alike[0],), spoken_of[alike[0]], True)
    squeezed = {name.replace("-", ""): name for name in spoken_of}
    joined = squeezed.get(top.replace("_", "").lower())
    if joined:  # wagtail-font-awesome-svg provides wagtailfontawesomesvg
        return Names((joined,), spoken_of[joined], True)
    if top in UNTOLD:
        return Names((), "", False)
    return Names((same_name(module),), same_name(module), is_called_so(module))


def _targets(case: Situation, module: str) -> list[str]:
    """List the names that the import asks for below the missing module, the longest first, itself last.

    ``from google.cloud import storage`` says 'google.cloud.storage' where Python misses 'google' only.
    """
    location = case.finding.location
    asked = [
        target
        for site in case.evidence.sites
        if location is not None and site.line == location.line and site.module == case.finding.module
        for target in (*(f"{site.target}.{name}" for name in site.names), site.target)
        if target.startswith(module + ".")
    ]
    return [*asked, module]


def _canonical(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(canonicalize_name(name) for name in names))


def _alike(module: str) -> list[str]:
    """The distribution names that are made of the import's own: of all its parts (a namespace package), down
    to the first."""
    parts = module.split(".")
    return [canonicalize_name("-".join(parts[:end])) for end in range(len(parts), 0, -1)]


def _spoken_of(case: Situation) -> dict[str, str]:
    """Canonical name → as written, of everything that is declared, or required by what is installed."""
    found: dict[str, str] = {}
    for requirement in case.source.requirements if case.source else ():
        found.setdefault(requirement.name, written_name(requirement.text) or requirement.name)
    for distribution in case.clues.distributions:
        for line in distribution.requires:
            name = written_name(line)
            if name:
                found.setdefault(canonicalize_name(name), name)
    return found


def written_name(text: str) -> Optional[str]:
    """The name at the beginning of a requirement."""
    match = _NAME.match(text.strip())
    return match.group(1) if match else None


def may_apply(marker: str, case: Situation, extra: str = "") -> bool:
    """Whether a marker lets a requirement be installed for the image's Python. One that can't be judged
    does."""
    return not case.clues.markers or marker_applies(marker, case.clues.markers, extra) is not False


def requested_extras(case: Situation, library: Distribution) -> frozenset[str]:
    """The extras of an installed distribution that the source's or another distribution's requirements ask
    for, canonical.

    A requirement under an extra asks only where that extra is asked for: ``pandas[plot]; extra == "all"`` of
    pandas itself makes nobody ask for ``plot``.
    """
    source = case.source
    main = [
        requirement.text
        for requirement in (source.requirements if source else ())
        if requirement.kind == "main"
    ]
    asking = [("", asked) for asked in _with_extras(main)]
    for other in case.clues.distributions:
        asking += [(canonicalize_name(other.name), asked) for asked in _with_extras(other.requires)]
    requested: dict[str, set[str]] = {}
    size = -1
    while size != (size := sum(map(len, requested.values()))):  # until nothing asks for more
        for owner, asked in asking:
            if any(
                may_apply(str(asked.marker or ""), case, extra) for extra in ["", *requested.get(owner, ())]
            ):
                known = requested.setdefault(canonicalize_name(asked.name), set())
                known.update(map(canonicalize_name, asked.extras))
    return frozenset(requested.get(canonicalize_name(library.name), ()))


def _with_extras(lines: Iterable[str]) -> Iterator[Parsed]:
    """The requirements that name extras."""
    for asked in parse_requires_dist(line for line in lines if "[" in line):
        if asked.extras:
            yield asked


class Declared:
    """All that the source declares of one import name, and the RUN lines that install it."""

    def __init__(self, case: Situation, module: str) -> None:
        self._case = case
        self.names = names_for(case, module)
        source = case.source
        self._every = source.requirements if source else ()
        self.brought: Optional[str] = None
        self.all = self._declared_as(self.names.candidates)
        if all(requirement.kind in INDIRECT_KINDS for requirement in self.all):
            self._take_bringing_distribution()

    def _declared_as(self, candidates: Sequence[str]) -> list[Requirement]:
        """The declarations of these names: what another member of the workspace declares is nothing that the
        importing one may import, but its groups are installed beside it where it is developed."""
        project = self._case.importing_project
        named = [requirement for requirement in self._every if requirement.name in candidates]
        own = [
            requirement
            for requirement in named
            if project is None or not requirement.projects or project in requirement.projects
        ]
        if all(requirement.kind in INDIRECT_KINDS for requirement in own):
            own += [
                requirement for requirement in named if requirement not in own and requirement.kind == "group"
            ]
        return own

    @cached_property
    def of_other_projects(self) -> list[Requirement]:
        """What other members of the workspace require at runtime."""
        return [
            requirement
            for requirement in self._every
            if requirement.name in self.names.candidates
            and requirement.kind in RUNTIME_KINDS
            and requirement not in self.all
        ]

    def _take_bringing_distribution(self) -> None:
        """Speak of the declared distribution that is not installed and requires what is missing, by the lock
        file: boto3 for botocore."""
        installed = {canonicalize_name(distribution.name) for distribution in self._case.clues.distributions}
        locked = [
            requirement
            for requirement in self._every
            if requirement.kind == "lock" and not requirement.editable
        ]
        waiting = [*self.names.candidates]
        for wanted in waiting:
            for parent in locked:
                if wanted not in parent.requires or parent.name in (*waiting, *installed):
                    continue
                declared = self._declared_as((parent.name,))
                if any(requirement.kind not in INDIRECT_KINDS for requirement in declared):
                    self.brought, self.all = self.names.written, declared
                    self.names = Names((parent.name,), written_name(parent.text) or parent.name, True)
                    return
                waiting.append(parent.name)

    @property
    def brought_as_well(self) -> str:
        """A sentence that says what the declared distribution brings, where that is what is missing."""
        return f" It requires {self.brought}." if self.brought else ""

    @cached_property
    def installed_distribution(self) -> Optional[Distribution]:
        """The distribution, where the application's Python has it."""
        names = self.names.candidates
        return next(
            (
                distribution
                for distribution in self._case.clues.distributions
                if canonicalize_name(distribution.name) in names
            ),
            None,
        )

    def declarations_of(self, *kinds: str) -> list[Requirement]:
        """The declarations of these kinds."""
        return [requirement for requirement in self.all if requirement.kind in kinds]

    @property
    def runtime_declarations(self) -> list[Requirement]:
        """The runtime declarations whose markers hold for the image."""
        return [
            requirement
            for requirement in self.declarations_of(*RUNTIME_KINDS)
            if may_apply(requirement.marker, self._case)
        ]

    @cached_property
    def dockerfile(self) -> Optional[Dockerfile]:
        """The Dockerfile of the source."""
        return self._case.source.dockerfile if self._case.source else None

    def install_lines(self, *, final: bool) -> list[Install]:
        """The RUN lines of the final stage and those it is FROM, or of the other stages, that say what is
        installed in the end."""
        if self.dockerfile is None:
            return []
        lineage = self.dockerfile.lineage()
        return [install for install in self._lasting_installs if (install.stage in lineage) is final]

    @cached_property
    def _lasting_installs(self) -> list[Install]:
        return lasting_installs(self.dockerfile) if self.dockerfile else []

    def named_by(self, installs: Sequence[Install]) -> Optional[Install]:
        """The RUN line that names the distribution itself."""
        return next((install for install in installs if self._names(install)), None)

    def _names(self, install: Install) -> bool:
        if install.tool in ("apt", "apk"):
            system = {f"python3-{name}" for name in self.names.candidates}
            return not system.isdisjoint(install.packages) or not {f"py3-{n[8:]}" for n in system}.isdisjoint(
                install.packages
            )
        named = {canonicalize_name(written_name(text) or "") for text in install.packages}
        return not named.isdisjoint(self.names.candidates)

    def read_by(self, requirement: Requirement, installs: Sequence[Install]) -> Optional[Install]:
        """The RUN line that reads the declaration."""
        return next(
            (install for install in installs if install_reads(install, requirement, by_name=True)), None
        )
