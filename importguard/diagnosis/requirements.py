"""A third-party module that is not installed: what its declaration says of the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from importguard.diagnosis.declared import Declared, may_apply, written_name
from importguard.diagnosis.outdated_locks import outdated_compiled_file, outdated_lock
from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Situation,
    lies_below,
    location_of,
    make_diagnosis,
    place_and_line,
)
from importguard.model import Diagnosis, Location
from importguard.rules.imports import MISSING_MODULE
from importguard.source.dockerfile_model import Copy, Install
from importguard.source.model import RUNTIME_KINDS, Requirement
from importguard.source.requirements.installing import install_asks_for

_SYSTEM_HOMES = ("/site-packages", "/dist-packages", "/usr/local", "/usr/local/lib", "/usr", "/.local")


def third_party(case: Situation) -> Optional[Declared]:
    """Find what is declared of a missing third-party module: nothing of the application's own,
    of the standard library, or of what is installed."""
    declared = of_any_distribution(case)
    return declared if declared is not None and declared.installed_distribution is None else None


def of_any_distribution(case: Situation) -> Optional[Declared]:
    """Find what is declared of a missing third-party module, also where its distribution is installed."""
    if (
        case.rule is not MISSING_MODULE
        or not case.missing
        or case.is_own_module
        or case.module_in_source is not None
    ):
        return None
    if case.top_name in case.clues.stdlib:
        return None
    resolution = case.clues.resolution_of(case.top_name)
    if resolution is not None and resolution.kind not in ("absent", "namespace"):
        return None
    return Declared(case, case.missing)


def marker_excluded(case: Situation) -> Optional[Diagnosis]:
    """It is declared with a marker that is false for the image's Python."""
    declared = third_party(case)
    if declared is None or declared.runtime_declarations:
        return None
    excluded = [one for one in declared.declarations_of("main") if not may_apply(one.marker, case)]
    if not excluded:
        return None
    one = excluded[0]
    return make_diagnosis(
        "marker-excluded",
        CERTAIN,
        f"{place_and_line(one.place)} declares {one.name} only for '{one.marker}', and the image has "
        f"{_facts(one.marker, case)}.",
        f"change the marker at {place_and_line(one.place)}, or "
        + case.correct_import(f"guard the import at {case.importers}"),
        location_of(one.place),
        None,
        tuple(f"declared: {place_and_line(each.place)} {each.text}" for each in excluded),
    )


def _facts(marker: str, case: Situation) -> str:
    named = [
        f"{name} {value!r}"
        for name, value in case.clues.markers.items()
        if name in marker and name != "extra"
    ]
    return ", ".join(named) or f"Python {case.evidence.version}"


def wrong_stage(case: Situation) -> Optional[Diagnosis]:
    """An earlier stage installs it, and what it installed does not get into the final one."""
    declared = third_party(case)
    if declared is None or declared.dockerfile is None:
        return None
    earlier = _installing(declared, final=False)
    if earlier is None or _installing(declared, final=True) is not None or _is_taken(declared, earlier):
        return None
    dockerfile = declared.dockerfile
    final, stage = dockerfile.stages[dockerfile.final], dockerfile.stages[earlier.stage]
    copies = _copies(declared, earlier)
    name = stage.name or f"of line {stage.line}"
    taken = f" takes only {', '.join(copies[-1].sources)} from it" if copies else " takes nothing from it"
    line = copies[-1].line if copies else final.line
    return make_diagnosis(
        "wrong-stage",
        LIKELY,
        f"{dockerfile.path}:{earlier.line} installs {declared.names.written} in stage {name}, and the final "
        f"stage{taken} ({dockerfile.path}:{line}).",
        f"copy what was installed to the final stage (COPY {stage.copy_option} …: the virtual "
        "environment or site-packages), or install it there",
        Location(dockerfile.path, line),
        None,
        (f"installs: {dockerfile.path}:{earlier.line}", f"final stage: {dockerfile.path}:{line}"),
    )


def _copies(declared: Declared, earlier: Install) -> list[Copy]:
    """List what the final stage copies from the stage of this install, or from one that is FROM it."""
    dockerfile = declared.dockerfile
    assert dockerfile is not None
    return [
        copy for copy, stage in dockerfile.copies_from_stages() if earlier.stage in dockerfile.lineage(stage)
    ]


def _is_taken(declared: Declared, earlier: Install) -> bool:
    """Whether the final stage takes the folder that the earlier stage installed into."""
    assert declared.dockerfile is not None
    stage = declared.dockerfile.stages[earlier.stage]
    environments = _absolute([earlier.target, earlier.interpreter, stage.env.get("VIRTUAL_ENV")])
    programs = _absolute(stage.env.get("PATH", "").split(":"))
    for copy in _copies(declared, earlier):
        for taken in copy.sources:
            if any(lies_below(home, taken) for home in (*environments, *programs)):
                return True
            if any(lies_below(taken, home) and not _is_programs_of(home, taken) for home in environments):
                return True
            if not copy.resolved or taken.rstrip("/").endswith(_SYSTEM_HOMES):
                return True
    return False


def _absolute(folders: Sequence[Optional[str]]) -> list[str]:
    return [folder for folder in folders if folder and folder.startswith("/")]


def _is_programs_of(environment: str, taken: str) -> bool:
    """Whether ``taken`` has the programs of an environment, and none of its modules."""
    return lies_below(taken, f"{environment}/bin")


def _installing(declared: Declared, *, final: bool) -> Optional[Install]:
    """The RUN line that should have installed it, by name or by a file that declares it."""
    installs = declared.install_lines(final=final)
    named = declared.named_by(installs)
    if named is not None:
        return named
    runtime = declared.runtime_declarations
    # The lock of a workspace holds what each of its members requires: it does not tell who asks for it.
    locked = [] if any(one.projects for one in runtime) else declared.declarations_of("lock")
    for requirement in [*runtime, *locked]:
        install = declared.read_by(requirement, installs)
        if install is not None:
            return install
    asked = ((install, one) for install in installs for one in declared.declarations_of("group", "extra"))
    return next((install for install, one in asked if install_asks_for(install, one)), None)


def declared_not_installed(case: Situation) -> Optional[Diagnosis]:
    """It is declared, and the image lacks it."""
    declared = third_party(case)
    if declared is None:
        return None
    install = _installing(declared, final=True) or _taken(declared)
    requirement = next(
        iter([*declared.runtime_declarations, *declared.declarations_of("group", "extra")]), None
    )
    if requirement is None and (install is None or declared.named_by([install]) is None):
        return None
    if requirement is not None and requirement.kind not in RUNTIME_KINDS and install is None:
        return None
    behind = _outdated(case, declared, requirement, install)
    if behind is not None:
        return behind
    location, where = _declaration(case, requirement, install)
    other = _last_install(declared) if install is None else None
    return make_diagnosis(
        "declared-not-installed",
        (LIKELY if install else CERTAIN) if declared.names.known else POSSIBLE,
        f"{where} declares {_written(declared, requirement)}, and {_why(case, declared, install)}."
        f"{declared.brought_as_well}",
        _to_install(requirement, install, other),
        case.dockerfile_location(other.line) if other else location,
        None,
        tuple(f"declared: {place_and_line(one.place)} {one.name}{one.specifier}" for one in declared.all)
        or (f"installs: {where}",),
        other.text if other else None,
    )


def _outdated(
    case: Situation, declared: Declared, requirement: Optional[Requirement], install: Optional[Install]
) -> Optional[Diagnosis]:
    """What is made of the declaration, and installed, was made before it."""
    if requirement is None:
        return None
    if install is not None:
        return outdated_lock(case, declared, requirement, install)
    return outdated_compiled_file(case, declared, requirement)


def _written(declared: Declared, requirement: Optional[Requirement]) -> str:
    """The distribution's name as the declaration has it."""
    text = written_name(requirement.text) if requirement else None
    return text or declared.names.written


def _last_install(declared: Declared) -> Optional[Install]:
    """The last RUN line that installs distributions into the image: the one to ask for more."""
    installs = _installs_of_image(declared)
    return installs[-1] if installs else None


def _installs_of_image(declared: Declared) -> list[Install]:
    """The RUN lines of the final stage that say which distributions to install; without any, those of earlier
    stages whose environment or wheels it takes."""
    own = [one for one in declared.install_lines(final=True) if one.tool not in ("apt", "apk")]
    earlier = [one for one in declared.install_lines(final=False) if one.tool not in ("apt", "apk")]
    taken = [one for one in earlier if _is_taken(declared, one)]
    folders = [copy.destination for one in taken for copy in _copies(declared, one)]
    return [one for one in own if not _installs_only_from(one, folders)] or taken or own


def _installs_only_from(install: Install, folders: Sequence[str]) -> bool:
    """Whether it installs what lies in these folders (``pip install /wheels/*``), and nothing else."""
    if install.packages or install.files or not install.locals:
        return False
    return all(any(lies_below(path, folder) for folder in folders) for path in install.locals)


def _taken(declared: Declared) -> Optional[Install]:
    """The RUN line of an earlier stage whose folder the final one takes."""
    earlier = _installing(declared, final=False)
    return earlier if earlier is not None and _is_taken(declared, earlier) else None


def _declaration(
    case: Situation, requirement: Optional[Requirement], install: Optional[Install]
) -> tuple[Optional[Location], str]:
    if requirement is not None:
        return location_of(requirement.place), place_and_line(requirement.place)
    assert install is not None
    assert case.source is not None
    assert case.source.dockerfile is not None
    path = case.source.dockerfile.path
    return Location(path, install.line), f"{path}:{install.line}"


def _why(case: Situation, declared: Declared, install: Optional[Install]) -> str:
    dockerfile = declared.dockerfile
    if dockerfile is None:
        return "the image does not have it installed"
    if install is None:
        runs = ", ".join(f"{dockerfile.path}:{one.line}" for one in _installs_of_image(declared))
        return f"no RUN line installs it for the final stage (there is {runs or 'none'})"
    return (
        f"{dockerfile.path}:{install.line} should have installed it, and the image has it not: the image is "
        "older than the declaration, or a later step removed it"
    )


def _to_install(
    requirement: Optional[Requirement], install: Optional[Install], other: Optional[Install]
) -> str:
    if install is not None:
        return f"build the image anew; see that line {install.line} runs in the environment that starts it"
    path = requirement.place.path if requirement else ""
    if other is not None and requirement is not None and requirement.projects and other.tool == "uv":
        name = next((one.name for one in requirement.projects if one.path == path), "")
        return f"let line {other.line} install the project {name} too (--package {name} or --all-packages)"
    if other is not None and requirement is not None:
        asked = f"-r {path}" if path.endswith(".txt") else requirement.name
        asked += f" from {requirement.local_folder}" if requirement.local_folder else ""
        return f"let line {other.line} install what {path} declares ({asked})"
    return (
        f"install {path} in the final stage: RUN pip install -r {path}"
        if path.endswith(".txt")
        else (f"install what {path} declares in the final stage")
    )
