"""IG401 to IG403: the modules of the source against those of the image, one finding a top-level package.

Compared is what the Dockerfile's COPY lines put below an import root, with line endings read alike. Files
that builds write themselves are left out, and so is what a RUN speaks of.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Optional

from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import ImageFile
from importguard.failures.root_cause import root_cause
from importguard.model import Diagnosis, Finding, Location, Rule
from importguard.rules.source import SOURCE_DIFFERS, SOURCE_LACKS, SOURCE_MISSING
from importguard.source.model import Placement, Source, SourceFile
from importguard.source.modules.module_names import module_name
from importguard.source.modules.test_files import files_of_tests

# What protoc, setuptools-scm, versioneer, Cython and the like write.
_GENERATED = re.compile(r"(_pb2(_grpc)?|_?version|__about__|_build|_commit)\.py$|\.(so|pyd)$")
# In a shell's command: what divides words, options from their values, and alternatives in braces.
_BETWEEN_WORDS = re.compile(r"[\s\"'`;|&<>(){}=,:]+")
_RELATIVE = re.compile(r"\$(?:\w+|\{[^}]*\})/|(?<![\w./])\.{1,2}/")
_SHOWN = 3
_MONTHS = 2_592_000.0


@dataclass(frozen=True)
class _Pair:
    """A file of the source, where the build puts it, and what the image has there."""

    path: str
    destination: str
    here: SourceFile
    there: Optional[ImageFile]


def check_source_drift(evidence: Evidence, source: Optional[Source]) -> list[Finding]:
    """Find modules that differ. None without a source and a Dockerfile, or where both share no file."""
    clues = evidence.clues
    if source is None or clues is None or source.dockerfile is None:
        return []
    drift = _Drift(evidence, source, {file.path: file for file in clues.files})
    if not any(pair.there for pair in drift.pairs):
        return []  # another application, or a folder that no root of the image comes from
    whole = not any("application" in note for note in clues.notes)
    return [
        *(drift.build_findings(SOURCE_MISSING, drift.find_missing_files()) if whole else ()),
        *drift.build_findings(SOURCE_DIFFERS, drift.find_different_files()),
        *drift.build_findings(SOURCE_LACKS, drift.only_in_image()),
    ]


class _Drift:
    def __init__(self, evidence: Evidence, source: Source, image: dict[str, ImageFile]) -> None:
        self.evidence = evidence
        self.source = source
        self.image = image
        self.roots = sorted((root.rstrip("/") for root in evidence.import_path), key=len, reverse=True)
        selected = (module.name for module in evidence.modules if module.selected)
        self.packages = {name.partition(".")[0] for name in selected}
        self.missed = {site.target for site in evidence.sites if site.resolves is False and not site.is_late}
        self.missed |= {name for module in evidence.modules if module.failure for name in _missed(module)}
        self.loaded = {module.name: module.path for module in evidence.modules if module.path}
        self.named = _named_paths(source)
        files = {file.path: file for file in source.files}
        self.placements = [placement for placement in source.placements if self._counts(placement)]
        odd = _odd(placement.path for placement in self.placements)
        self.pairs = [
            _Pair(
                placement.path, placement.destination, files[placement.path], image.get(placement.destination)
            )
            for placement in self.placements
            if placement.path in files and placement.path not in odd
        ]

    def _counts(self, placement: Placement) -> bool:
        assert self.source.dockerfile is not None
        return (
            placement.stage == self.source.dockerfile.final
            and self._package(placement.destination) in self.packages
        )

    def _package(self, path: str) -> str:
        """The top-level name of a file of the image, for the import root that it is below."""
        for root in self.roots:
            if path.startswith(root + "/"):
                return path[len(root) + 1 :].partition("/")[0].partition(".")[0]
        return ""

    def find_missing_files(self) -> list[_Pair]:
        """Placed by the Dockerfile, and not there. What a RUN names may have been moved or removed by it.

        What an import did not find has a finding already. What no import would load is missed by nothing.
        """
        return [
            pair
            for pair in self.pairs
            if pair.there is None
            and not self._is_never_loaded(pair.destination)
            and not self._is_named(pair.destination)
            and not any(self._is_part_of(pair.destination, name) for name in self.missed)
        ]

    def _is_never_loaded(self, path: str) -> bool:
        """Whether no import would load this file: its name can't be written, a package of its name goes
        before it, or the module is loaded from elsewhere (installed, and copied too)."""
        root = next((root for root in self.roots if path.startswith(root + "/")), "")
        name = module_name(path[len(root) + 1 :], "")
        if name is None:
            return True
        stem = path[: -len(".py")] if path.endswith(".py") else path
        if f"{stem}/__init__.py" in self.image:
            return True
        return self.loaded.get(name, path) != path

    def _is_part_of(self, path: str, module: str) -> bool:
        """Whether a file of the image would be of the module, or in it."""
        place = "/" + module.replace(".", "/")
        return any(path.startswith((f"{root}{place}.", f"{root}{place}/")) for root in self.roots)

    def find_different_files(self) -> list[_Pair]:
        """There with another content."""
        return [
            pair
            for pair in self.pairs
            if pair.there is not None
            and pair.here.text_digest
            and pair.there.text_digest
            and pair.here.text_digest != pair.there.text_digest
            and not self._is_named(pair.destination)
        ]

    def only_in_image(self) -> list[_Pair]:
        """In a folder that the Dockerfile copies, and not in the source."""
        places = {placement.destination for placement in self.placements}
        folders = {posixpath.dirname(place) for place in places}
        ignored = {file.path for file in self.source.git.ignored} if self.source.git else set()
        odd = _odd(self.image)
        written = {posixpath.basename(path) for path in ignored}
        return [
            _Pair(path, path, SourceFile(path), file)
            for path, file in sorted(self.image.items())
            if path not in places
            and posixpath.dirname(path) in folders
            and self._package(path) in self.packages
            and path not in odd
            and posixpath.basename(path) not in written
            and not self._is_named(path)
        ]

    def _is_named(self, path: str) -> bool:
        """Whether a RUN of the image's stages speaks of the file or of one of its folders in the package."""
        root = next((root for root in self.roots if path.startswith(root + "/")), "")
        parts = path.strip("/").split("/")
        package = len(root.strip("/").split("/")) + 1
        for end in {*range(package + 1, len(parts)), len(parts)}:
            tails = {"/".join(parts[start:end]) for start in range(end)}
            if not tails.isdisjoint(self.named) or "/" + "/".join(parts[:end]) in self.named:
                return True
        return False

    def build_findings(self, rule: Rule, pairs: Sequence[_Pair]) -> Iterator[Finding]:
        by_package: dict[str, list[_Pair]] = {}
        for pair in pairs:
            by_package.setdefault(self._package(pair.destination), []).append(pair)
        for package, found in sorted(by_package.items()):
            yield self._finding(rule, package, found)

    def _finding(self, rule: Rule, package: str, pairs: Sequence[_Pair]) -> Finding:
        newest = max(pairs, key=lambda pair: pair.here.modified)
        names = ", ".join(pair.path for pair in pairs[:_SHOWN])
        rest = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        age = _age(newest.here.modified, self.evidence.image.created) if rule is not SOURCE_LACKS else ""
        return Finding(
            rule=rule,
            severity=rule.severity,
            module=package,
            message=f"{_count(len(pairs))} {_VERBS[rule][len(pairs) > 1]}: {names}{rest}{age}",
            location=None if rule is SOURCE_LACKS else Location(pairs[0].path),
            diagnosis=Diagnosis(
                "stale-image",
                "The image was built from another state of the source than the one that lies here.",
                f"build the image anew: docker build {self._build()}",
                None,  # no line of a file mends it
                "likely" if age else "possible",
            ),
        )

    def _build(self) -> str:
        dockerfile = self.source.dockerfile
        assert dockerfile is not None
        return f"-f {dockerfile.path} {self.source.context}"


_VERBS = {
    SOURCE_MISSING: ("of the source is not in the image", "of the source are not in the image"),
    SOURCE_DIFFERS: ("differs from the source", "differ from the source"),
    SOURCE_LACKS: ("of the image is not in the source", "of the image are not in the source"),
}


def _missed(item: ModuleImport) -> Iterator[str]:
    """What an import did not find: a module, or a name, which a package lacks too that lost its
    ``__init__.py``."""
    missing = root_cause(item).missing
    if missing:
        yield missing
        yield f"{missing.rpartition('.')[0]}.__init__"


def _odd(paths: Iterable[str]) -> set[str]:
    """Those of ``paths`` that a build writes anew or that belong to tests."""
    paths = list(paths)
    return {*filter(_GENERATED.search, paths), *files_of_tests(paths)}


def _named_paths(source: Source) -> set[str]:
    """The words of the RUN lines of the stages that the image is FROM, each with the folders that it names.

    Whole parts of paths: ``libpq5`` speaks of no folder ``lib``, and neither does ``/var/lib/apt``.
    """
    assert source.dockerfile is not None
    lineage = source.dockerfile.lineage()
    named = set()
    for instruction in source.dockerfile.instructions:
        if instruction.keyword == "RUN" and instruction.stage in lineage:
            for word in _BETWEEN_WORDS.split(_RELATIVE.sub("", f"{instruction.text}\n{instruction.heredoc}")):
                parts = word.partition("*")[0].rstrip("/").split("/")
                named |= {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return named


def _count(number: int) -> str:
    return "1 module" if number == 1 else f"{number} modules"


def _age(modified: float, created: str) -> str:
    """How long after the image's creation the newest file was changed; empty where that is not so, or not
    known: a fresh clone has new times, a reproducible build has none."""
    match = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", created)
    if match is None:
        return ""
    try:
        built = datetime.fromisoformat(match[1] + match[2].replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        return ""
    seconds = modified - built
    if built < _MONTHS or seconds < 60:
        return ""
    for name, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        number = int(seconds // length)
        if number:
            length_of_time = f"{number} {name}{'s' if number > 1 else ''}"
            return f"; the newest was changed {length_of_time} after the image was built"
    return ""
