"""What parts of a published program lack that it does not require."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.builders import entry, evidence, failed, imported, no_module
from unit.diagnosis.world import SITE, clues, source

from importguard.checks import run_checks
from importguard.evidence.surroundings import Distribution
from importguard.judging.released_libraries import released_libraries_softening
from importguard.judging.softening import soften_findings
from importguard.judging.startup_impact import mark_startup_impact
from importguard.model import Diagnosis
from importguard.source.model import Source, SourceFile

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
    missing: str,
    dav: Distribution = DAV,
    loaded: bool = False,
    tree: Optional[Source] = OTHERS,
    cause: str = "not-declared",
) -> list[str]:
    name = "wsgidav.mongo"
    module = replace(failed(name, no_module(missing)), path=f"{SITE}/wsgidav/mongo.py")
    start = entry("wsgidav", "ok", reaches=["wsgidav", *([name] if loaded else [])])
    observed = replace(
        evidence(module, imported("wsgidav"), entrypoints=(start,)), clues=clues(distributions=(dav,))
    )
    marked = mark_startup_impact(run_checks(observed), observed)
    told = [replace(one, diagnosis=Diagnosis(cause, "", "", None, "likely")) for one in marked]
    softened, notes = soften_findings(told, [released_libraries_softening(observed, tree)])
    found = [one.severity.value for one in softened]
    assert bool(notes) is ("warning" in found)
    return found


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


def test_without_a_source_it_may_be_the_projects_own_wheel() -> None:
    assert severities("pymongo", tree=None) == ["error"]


@pytest.mark.parametrize("cause", ["declared-not-installed", "stdlib-removed", "stdlib-not-built"])
def test_what_is_to_be_there_stays_an_error(cause: str) -> None:
    assert severities("pymongo", cause=cause) == ["error"]


def test_what_a_start_loads_stays_an_error() -> None:
    assert severities("pymongo", loaded=True) == ["error"]
