"""IG101 to IG108: every module that does not import, grouped by its root cause."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Optional

from importguard.evidence.imports import Frame, ModuleImport, Preparation
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Mention
from importguard.failures import dump
from importguard.failures.application import Application, application_code
from importguard.failures.environment import environment_diagnosis, withheld_diagnosis
from importguard.failures.frames import frame_location, import_chain, own_frame
from importguard.failures.memory import killed_import_diagnosis
from importguard.failures.root_cause import RootCause, exception_chain, root_cause, type_name
from importguard.model import FAILURES, Diagnosis, Finding, ImportStep, Location, Severity
from importguard.rules.imports import (
    IMPORT_EXITS,
    IMPORT_RAISES,
    MISSING_MODULE,
    SYNTAX_ERROR,
)

_DENIED = re.compile(r"Permission denied: '([^']+)'$")
_UNCONFIGURED = re.compile(r"settings are not configured")
_NO_SUBMODULE = re.compile(r"module '[^']+' has no attribute '[^']+'")
# Modules that import what they are given the name of: a traceback that ends there does not say who gave it.
_BY_NAME = ("importlib", "logging.config")

Member = tuple[ModuleImport, RootCause]


def check_module_imports(evidence: Evidence) -> list[Finding]:
    """One finding a cause; ``affected`` are the selected modules that fail by it."""
    groups: dict[tuple[str, str], list[Member]] = {}
    preparation = _preparation_key(evidence)
    code = application_code(evidence)
    for item in _failed(evidence, code):
        cause = root_cause(item)
        by_it = preparation is not None and (_lacks_preparation(item) or _runs_setup(item, evidence))
        key = preparation if preparation and by_it else _key(item, cause)
        groups.setdefault(key, []).append((item, cause))
    return [_finding(members, evidence, code) for members in groups.values()]


def _failed(evidence: Evidence, code: Application) -> Iterator[ModuleImport]:
    """The preparation first, where it failed, then the modules that are the application's."""
    if evidence.preparation is not None and evidence.preparation.outcome in FAILURES:
        yield _as_item(evidence.preparation)
    for module in evidence.modules:
        if module.selected and module.outcome in FAILURES:
            yield replace(module, culprit=_refused(module, code) or module.culprit)


def _refused(item: ModuleImport, code: Application) -> Optional[str]:
    """The module whose file the user may not read: its body never ran, and its importers' bodies failed."""
    if item.failure is None or type_name(item.failure.type) != "PermissionError":
        return None
    match = _DENIED.search(item.failure.message)
    return code.modules.get(match.group(1)) if match else None


def _as_item(preparation: Preparation) -> ModuleImport:
    """The preparation, to be judged by the rules of a module; its culprit is the last body that ran."""
    frames = preparation.failure.frames if preparation.failure else ()
    bodies = [frame.module for frame in frames if frame.function == "<module>" and frame.module]
    return ModuleImport(
        preparation.description,
        None,
        preparation.outcome,
        failure=preparation.failure,
        culprit=bodies[-1] if bodies else None,
        selected=False,
        detail=preparation.detail,
    )


def _key(item: ModuleImport, cause: RootCause) -> tuple[str, str]:
    by_missing = cause.rule.identified_by == "missing" and cause.missing
    return cause.rule.id, str(by_missing or item.culprit or item.name)


def _preparation_key(evidence: Evidence) -> Optional[tuple[str, str]]:
    if evidence.preparation is None or evidence.preparation.outcome not in FAILURES:
        return None
    item = _as_item(evidence.preparation)
    return _key(item, root_cause(item))


def _lacks_preparation(item: ModuleImport) -> bool:
    """Whether the module failed only because the preparation did: Django says so in these words.

    Or it may have: a module that uses ``django.contrib.postgres.indexes`` without importing it finds it where
    an application of INSTALLED_APPS has imported it.
    """
    if item.failure is None or item.failure.missing is not None:
        return False
    for cause in exception_chain(item.failure):
        kind = type_name(cause.type)
        if kind == "AppRegistryNotReady" or (
            kind == "ImproperlyConfigured" and _UNCONFIGURED.search(cause.message)
        ):
            return True
        if kind == "AttributeError" and _NO_SUBMODULE.match(cause.message):
            return True
    return False


def _runs_setup(item: ModuleImport, evidence: Evidence) -> bool:
    """Whether the module failed in a ``django.setup()`` of its own, as wsgi.py's does.

    Another one has failed before it. What is imported for the second time in one process may fail otherwise.
    """
    prepared = evidence.preparation is not None and evidence.preparation.description.startswith("django.")
    frames = item.failure.frames if item.failure else ()
    return prepared and any((frame.module, frame.function) == ("django", "setup") for frame in frames)


def _finding(members: Sequence[Member], evidence: Evidence, code: Application) -> Finding:
    item, cause = min(members, key=lambda member: _rank(member[0], evidence))
    prepared = next((one for one, _ in members if not one.selected), None)
    environmental = _environment(item, cause, evidence)
    frames = _frames(item, cause, code)
    location, way = _location(item, cause, frames, code), import_chain(frames, cause.missing, code)
    if location is None:
        location, way = _imported_by_main(item, evidence, code)
    mention = _mention(cause, frames, evidence, code)
    if mention is not None:
        location, way = _named_by(mention, cause.missing or "", code)
        cause = replace(cause, message=f"{cause.message}, which {mention.setting or 'a string'} names")
    return Finding(
        rule=cause.rule,
        severity=Severity.WARNING if environmental else cause.rule.severity,
        module=prepared.name if prepared else item.culprit or item.name,
        message=f"{prepared.name} fails: {cause.message}" if prepared else cause.message,
        missing=cause.missing,
        location=location,
        chain=way,
        affected=tuple(sorted({one.name for one, _ in members if one.selected})),
        diagnosis=environmental or killed_import_diagnosis(item, evidence.memory),
    )


def _mention(
    cause: RootCause, frames: Sequence[Frame], evidence: Evidence, code: Application
) -> Optional[Mention]:
    """The string that names the missing module, where a library imported it by its name.

    Of several, the one in a setting, in a file of settings, comes first.
    """
    if cause.rule is not MISSING_MODULE or evidence.clues is None or not frames:
        return None
    if not frames[-1].module.startswith(_BY_NAME):
        return None
    found = [mention for mention in evidence.clues.mentions if mention.name == cause.missing]
    if len(frames) > 1 and frames[-2].module in code.names:
        # The application imports by name itself: only where the name comes from a setting is that the place.
        found = [mention for mention in found if mention.setting.isupper()]
    found.sort(key=lambda one: (not one.setting.isupper(), "settings" not in one.path, one.path, one.line))
    return found[0] if found else None


def _named_by(mention: Mention, missing: str, code: Application) -> tuple[Location, tuple[ImportStep, ...]]:
    """The place of the string, and the way from there."""
    location = Location(code.path_below_import_root(mention.path), mention.line)
    importer = code.modules.get(mention.path, location.path)
    return location, (ImportStep(importer, missing, location),)


def _imported_by_main(
    item: ModuleImport, evidence: Evidence, code: Application
) -> tuple[Optional[Location], tuple[ImportStep, ...]]:
    """The line that imports it in what a start command runs as ``__main__``, or in what it calls."""
    places = (entry.imported_at for entry in evidence.entrypoints if entry.module == item.name)
    place = next(filter(None, places), None)
    if place is None:
        return None, ()
    path, line = place
    location, importer = Location(code.path_below_import_root(path), line), code.modules.get(path, "__main__")
    return location, (ImportStep(importer, item.name, location),)


def _rank(item: ModuleImport, evidence: Evidence) -> tuple[bool, bool, bool, str]:
    """Rank failures for the report: the preparation's, a start command's, the culprit's own, the first."""
    targets = {entry.module for entry in evidence.entrypoints}
    return item.selected, item.name not in targets, item.culprit != item.name, item.name


def _environment(item: ModuleImport, cause: RootCause, evidence: Evidence) -> Optional[Diagnosis]:
    """The environment as the cause; never of an ImportError, whatever it says.

    Of an exit too: ``except ConnectionError: sys.exit(1)`` keeps what was handled in the chain.
    """
    if cause.rule not in (IMPORT_RAISES, IMPORT_EXITS) or item.failure is None:
        return None
    decisive = exception_chain(item.failure)[: None if cause.rule is IMPORT_EXITS else 1]
    if any(type_name(link.type) in ("ImportError", "ModuleNotFoundError") for link in decisive):
        return None
    if evidence.privileges_withheld:
        withheld = withheld_diagnosis(item.failure, item.output, evidence.image.user)
        if withheld is not None:
            return withheld
    return environment_diagnosis(item.failure, empty_variables=evidence.image.empty_variables)


def _frames(item: ModuleImport, cause: RootCause, code: Application) -> tuple[Frame, ...]:
    """The failure's frames. A SyntaxError's last one is a file that never ran: it has no module yet."""
    if item.failure is None:
        return item.frames or dump.dumped_frames(item.output, code.modules)
    frames = item.failure.frames
    if cause.rule is SYNTAX_ERROR and frames and not frames[-1].module:
        return (*frames[:-1], replace(frames[-1], module=item.culprit or item.name))
    return frames


def _location(
    item: ModuleImport, cause: RootCause, frames: Sequence[Frame], code: Application
) -> Optional[Location]:
    if cause.rule is SYNTAX_ERROR and frames and not frames[-1].path.startswith("<"):
        return frame_location(frames[-1], code)
    frame = own_frame(frames, code)
    if frame is not None:
        return frame_location(frame, code)
    path = code.files.get(item.culprit or item.name)
    return Location(code.path_below_import_root(path)) if path else None
