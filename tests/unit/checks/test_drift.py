"""IG401 to IG403: the modules of the source against those of the image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.builders import evidence, failed, imported, no_module
from unit.diagnosis.world import clues

from importguard.checks.drift import check_source_drift
from importguard.evidence.imports import ImportFailure
from importguard.evidence.inspection import ImageFacts
from importguard.evidence.surroundings import ImageFile
from importguard.model import Finding, Severity
from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.dockerfile.placement import place_files
from importguard.source.model import Git, GitIgnored, Place, Source, SourceFile

BUILT = "2026-03-01T12:00:00.123456789Z"
AT = 1772366400.0  # the same moment


def drift(
    here: dict[str, str],
    there: dict[str, str],
    runs: str = "",
    modified: float = 0.0,
    created: str = BUILT,
    **more: Any,
) -> list[Finding]:
    """``here``: path to content in the source; ``there``: the same in /app of the image."""
    dockerfile = parse_dockerfile(f"FROM x\nWORKDIR /app\nCOPY . .\n{runs}", "Dockerfile")
    source = Source(
        "/src",
        dockerfile=dockerfile,
        files=tuple(SourceFile(path, 1, text, modified) for path, text in here.items()),
        placements=place_files(dockerfile, here),
        git=more.pop("git", None),
    )
    files = tuple(ImageFile(f"/app/{path}", text_digest=text) for path, text in there.items())
    modules = [imported("shop"), *more.pop("modules", [imported("shop.api")])]
    known = clues(files=files, **more)
    observed = evidence(*modules, clues=known, image=ImageFacts(created=created))
    return check_source_drift(observed, source)


def said(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.rule.id, one.message) for one in found]


SHOP = {"shop/__init__.py": "1", "shop/api.py": "2"}


def test_the_same_is_no_finding():
    assert drift(SHOP, SHOP) == []


def test_missing_different_and_only_in_the_image():
    found = drift(
        {**SHOP, "shop/new.py": "3"}, {"shop/__init__.py": "1", "shop/api.py": "x", "shop/old.py": "4"}
    )
    assert said(found) == [
        ("IG401", "1 module of the source is not in the image: shop/new.py"),
        ("IG402", "1 module differs from the source: shop/api.py"),
        ("IG403", "1 module of the image is not in the source: /app/shop/old.py"),
    ]
    assert {one.severity for one in found} == {Severity.WARNING}
    assert {one.module for one in found} == {"shop"}
    assert [one.diagnosis.cause for one in found if one.diagnosis] == ["stale-image"] * 3


def test_what_an_import_missed_has_a_finding_already():
    missed = failed("shop.api", no_module("shop.new"))
    assert drift({**SHOP, "shop/new/a.py": "3", "shop/new/__init__.py": ""}, SHOP, modules=[missed]) == []


@pytest.mark.parametrize("name", ["new", "Name"])
def test_so_has_the_submodule_of_a_missing_name_and_the_body_of_its_package(name: str):
    error = ImportFailure("ImportError", f"cannot import name '{name}' from 'shop' (unknown location)")
    here = {**SHOP, "shop/new.py": "3", "shop/late.py": "4"}
    found = drift(here, {"shop/api.py": "2"}, modules=[failed("shop.api", error)])
    files = "shop/late.py" if name == "new" else "shop/new.py, shop/late.py"
    verb = "module of the source is" if name == "new" else "modules of the source are"
    number = 1 + files.count(",")
    assert said(found) == [("IG401", f"{number} {verb} not in the image: {files}")]


def test_many_modules_are_one_finding():
    many = {f"shop/m{number}.py": "1" for number in range(5)}
    (found,) = drift({**SHOP, **many}, {**SHOP, **dict.fromkeys(many, "2")})
    assert found.message == "5 modules differ from the source: shop/m0.py, shop/m1.py, shop/m2.py and 2 more"


@pytest.mark.parametrize(
    ("after", "created", "age", "confidence"),
    [
        (3 * 3600 + 5, BUILT, "; the newest was changed 3 hours after the image was built", "likely"),
        (86400, BUILT, "; the newest was changed 1 day after the image was built", "likely"),
        (30, BUILT, "", "possible"),
        (-5000, BUILT, "", "possible"),
        (5000, "1970-01-01T00:00:00Z", "", "possible"),
        (5000, "0001-01-01T00:00:00Z", "", "possible"),
        (5000, "", "", "possible"),
    ],
)
def test_times_only_support_it(after, created, age, confidence):
    (found,) = drift(SHOP, {**SHOP, "shop/api.py": "x"}, modified=AT + after, created=created)
    assert found.message == "1 module differs from the source: shop/api.py" + age
    assert found.diagnosis is not None
    assert found.diagnosis.confidence == confidence


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({}, {"shop/_version.py": "1"}),
        ({}, {"shop/api_pb2.py": "1"}),
        ({"shop/_version.py": "1"}, {"shop/_version.py": "2"}),
        ({"shop/tests/test_api.py": "1"}, {}),
        ({"other/a.py": "1"}, {}),
        ({}, {"elsewhere/a.py": "1"}),
    ],
)
def test_what_builds_write_and_what_is_not_checked_is_left_out(here, there):
    assert drift({**SHOP, **here}, {**SHOP, **there}) == []


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("shop/my-tool/x.py", {}),  # no import can write it
        ("shop/memory.py", {"shop/memory/__init__.py": "1"}),  # the package goes before it
    ],
)
def test_what_no_import_would_load_is_not_missing(path: str, there: dict[str, str]):
    here = {**SHOP, **there, path: "3"}
    assert drift(here, {**SHOP, **there}) == []


def test_what_was_installed_as_well_is_loaded_from_there():
    installed = replace(imported("shop.new"), path="/usr/lib/python3/site-packages/shop/new.py")
    assert drift({**SHOP, "shop/new.py": "3"}, SHOP, modules=[installed]) == []


def test_what_a_run_speaks_of_is_left_out():
    runs = "RUN rm -r shop/demo && sed -i s/a/b/ shop/api.py && generate > shop/made.py\n"
    here = {**SHOP, "shop/demo/a.py": "1"}
    assert drift(here, {"shop/__init__.py": "1", "shop/api.py": "x", "shop/made.py": "1"}, runs) == []


@pytest.mark.parametrize(
    ("run", "count"),
    [
        ("apt-get install libpq5 && rm -rf /var/lib/apt/lists/*", 1),
        ("chown -R app /app && python -m shop.api --library=/usr/lib/shop", 1),
        ("rm -r shop/library other/lib.old", 1),
        ("make -C shop/lib", 0),
        ("make -C /app/shop/lib/", 0),
        ("make -C $HOME/shop/lib", 0),
        ("cd shop && make -C ./lib", 0),
        ("protoc --python_out=shop/lib api.proto", 0),
        ("cp templates/*.py shop/lib/", 0),
        ("touch shop/{lib,api}/util.py", 0),
        ("sed -i s/a/b/ shop/lib/*.py", 0),
        ("<<EOF\ncd shop\nmake -C lib\nEOF", 0),
    ],
)
def test_a_run_speaks_of_whole_names(run: str, count: int):
    here = {**SHOP, "shop/lib/__init__.py": "1", "shop/lib/util.py": "1"}
    there = {**here, "shop/lib/util.py": "2"}
    assert len(drift(here, there, f"RUN {run}\n")) == count


def test_what_git_ignores_may_be_written_by_the_build():
    git = Git("0", ignored=(GitIgnored("shop/made.py", Place(".gitignore", 1, "made.py")),))
    assert drift(SHOP, {**SHOP, "shop/made.py": "1"}, git=git) == []


def test_a_list_that_was_cut_proves_no_absence():
    notes = ("only the first 30000 files of the application were read",)
    assert drift({**SHOP, "shop/new.py": "1"}, SHOP, notes=notes) == []


def test_another_application_is_not_compared():
    assert drift({"shop/x.py": "1"}, {"shop/y.py": "2"}) == []


def test_nothing_without_a_source():
    assert check_source_drift(evidence(clues=clues()), None) == []
    assert check_source_drift(evidence(), Source("/src")) == []
