"""What parts of a published program lack that it does not require."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.builders import entry, evidence, failed, imported, no_module, raised
from unit.diagnosis.world import SITE, clues, source

from importguard.checks import run_checks
from importguard.evidence.imports import Frame, ImportFailure
from importguard.evidence.inspection import ImageFacts
from importguard.evidence.surroundings import Distribution
from importguard.judging.released_libraries import released_libraries_softening
from importguard.judging.softening import soften_findings
from importguard.judging.startup_impact import mark_startup_impact
from importguard.model import Diagnosis
from importguard.source.model import Placement, Source, SourceFile

DAV = Distribution(
    "WsgiDAV",
    "4.3",
    SITE,
    ("wsgidav",),
    ("PyYAML", "pamela ; extra == 'pam'", "not a requirement;"),
    ("pam",),
)


OTHERS = source(files=(SourceFile("deploy/settings.py", 1, 1.0),))


def severities(
    missing: str = "",
    dav: Distribution = DAV,
    loaded: bool = False,
    tree: Optional[Source] = OTHERS,
    cause: str = "not-declared",
    failure: Optional[ImportFailure] = None,
    facts: Optional[ImageFacts] = None,
    outcome: str = "failed",
) -> list[str]:
    name = "wsgidav.mongo"
    module = replace(
        failed(name, failure or no_module(missing)), path=f"{SITE}/wsgidav/mongo.py", outcome=outcome
    )
    start = entry("wsgidav", "ok", reaches=["wsgidav", *([name] if loaded else [])])
    observed = replace(
        evidence(module, imported("wsgidav"), entrypoints=(start,), image=facts or ImageFacts()),
        clues=clues(distributions=(dav,)),
    )
    marked = mark_startup_impact(run_checks(observed), observed)
    told = [replace(one, diagnosis=Diagnosis(cause, "", "", None, "likely")) for one in marked]
    softened, notes = soften_findings(told, [released_libraries_softening(observed, tree)])
    found = [one.severity.value for one in softened]
    assert bool(notes) is ("warning" in found)
    return found


def without_source(*history: str, variables: tuple[str, ...] = ("PATH",)) -> list[str]:
    return severities("pymongo", tree=None, facts=ImageFacts(history=history, environment=variables))


def test_what_a_published_program_can_do_without_is_a_warning() -> None:
    assert severities("pymongo") == ["warning"]
    assert severities("pamela") == ["warning"]


@pytest.mark.parametrize("missing", ["yaml", "wsgidav.lost"])
def test_what_it_requires_or_is_itself_stays_an_error(missing: str) -> None:
    assert severities(missing) == ["error"]


@pytest.mark.parametrize(
    "dav", [replace(DAV, source="/app"), replace(DAV, editable=True), replace(DAV, location="/elsewhere")]
)
def test_what_was_installed_from_a_folder_is_the_projects_own(dav: Distribution) -> None:
    assert severities("pymongo", dav) == ["error"]


def test_what_lies_in_the_source_is_the_projects_own() -> None:
    tree = source(files=(SourceFile("src/wsgidav/mongo.py", 1, 1.0),))
    assert severities("pymongo", tree=tree) == ["error"]


def test_a_folder_of_the_source_that_only_has_the_librarys_name_says_nothing() -> None:
    tree = source(files=(SourceFile("wsgidav/wsgidav.yaml", 1, 1.0), SourceFile("wsgidav/hooks.py", 1, 1.0)))
    assert severities("pymongo", tree=tree) == ["warning"]


def test_what_was_installed_into_a_folder_of_the_source_is_of_others() -> None:
    path = "packages/wsgidav/mongo.py"
    tree = source(files=(SourceFile(path, 1, 1.0),))
    copied = replace(tree, placements=(Placement(path, f"{SITE}/wsgidav/mongo.py", 0, 1),))
    assert severities("pymongo", tree=copied) == ["warning"]
    assert severities("pymongo", replace(DAV, source="/src"), tree=copied) == ["error"]
    with_own = replace(copied, files=(*copied.files, SourceFile("wsgidav/mongo.py", 1, 1.0)))
    assert severities("pymongo", tree=with_own) == ["error"]


INSTALLED = "RUN /bin/sh -c pip install --no-cache-dir 'wsgidav[pam]>=4' cheroot # buildkit"


def test_without_a_source_the_history_tells_what_was_installed_by_its_name() -> None:
    assert without_source(INSTALLED) == ["warning"]
    assert without_source("RUN /bin/sh -c apt-get -f update && uv pip install wsgidav") == ["warning"]


@pytest.mark.parametrize(
    "history",
    [
        "",
        "RUN /bin/sh -c pip install cheroot # buildkit",
        "RUN /bin/sh -c pip install -r requirements.txt # buildkit",
        "RUN /bin/sh -c pip install ./wsgidav-4.3-py3-none-any.whl # buildkit",
        "RUN /bin/sh -c pip install --no-index --find-links /wheels wsgidav # buildkit",
        "RUN /bin/sh -c pip install -i https://packages.example.com wsgidav # buildkit",
        "RUN |1 PIP_EXTRA_INDEX_URL=https://packages.example.com /bin/sh -c pip install wsgidav # buildkit",
        "RUN /bin/sh -c pip config set global.index-url https://packages.example.com && pip install wsgidav",
    ],
)
def test_without_a_source_it_may_be_the_projects_own_wheel(history: str) -> None:
    assert without_source(history) == ["error"]


def test_where_the_image_names_another_index_it_may_be_the_projects_own_wheel() -> None:
    assert without_source(INSTALLED, variables=("PATH", "PIP_INDEX_URL")) == ["error"]


def test_a_name_that_a_published_package_lost_itself_is_a_warning() -> None:
    lost = no_name("wsgidav")
    assert severities(failure=lost, cause="missing-name") == ["warning"]
    assert severities(failure=lost, cause="truncated") == ["error"]


CIRCLES = [
    ("ImportError", "cannot import name 'lock' from partially initialized module 'wsgidav.locks'"),
    ("AttributeError", "partially initialized module 'wsgidav.locks' has no attribute 'lock'"),
]


@pytest.mark.parametrize(("kind", "words"), CIRCLES)
def test_a_circle_of_a_published_package_is_a_warning_unless_a_start_loads_it(kind: str, words: str) -> None:
    failure = ImportFailure(kind, f"{words} (most likely due to a circular import)")
    own = replace(DAV, source="/app")
    assert severities(failure=failure, cause="circular") == ["warning"]
    assert severities(failure=failure, cause="circular", loaded=True) == ["error"]
    assert severities(failure=failure, cause="circular", dav=own) == ["error"]
    assert severities(failure=no_name("cheroot"), cause="missing-name") == ["error"]


def no_name(module: str) -> ImportFailure:
    return ImportFailure("ImportError", f"cannot import name 'lost' from '{module}' (unknown location)")


@pytest.mark.parametrize("cause", ["declared-not-installed", "stdlib-removed", "stdlib-not-built"])
def test_what_is_to_be_there_stays_an_error(cause: str) -> None:
    assert severities("pymongo", cause=cause) == ["error"]


@pytest.mark.parametrize(
    ("function", "causes", "loaded", "severity"),
    [
        ("make_app", [("SystemExit", "1", None)], False, "warning"),
        ("make_app", [("SystemExit", "1", None)], True, "error"),
        # It may say so that a package is missing.
        ("<module>", [("SystemExit", "1", None)], False, "error"),
        ("make_app", [("SystemExit", "2", None), ("ImportError", "No FastAPI", None)], False, "error"),
    ],
)
def test_a_part_that_runs_its_program_at_its_import(
    function: str, causes: list[tuple[str, str, None]], loaded: bool, severity: str
) -> None:
    """``isso.run``, which another server than the started one would load, ends without a configuration."""
    frame = Frame(f"{SITE}/wsgidav/__init__.py", 9, function, "wsgidav")
    failure = raised(*causes, frames=[frame])
    assert severities(failure=failure, outcome="exited", loaded=loaded) == [severity]


def test_what_a_start_loads_stays_an_error() -> None:
    assert severities("pymongo", loaded=True) == ["error"]
