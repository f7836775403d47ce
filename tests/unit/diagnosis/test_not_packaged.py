"""A module of the source that the distribution of its own project lacks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.diagnosis.world import (
    SITE,
    candidate,
    clues,
    dist,
    dockerfile_of,
    in_image,
    lacking,
    needs,
    only,
    pip,
    source,
    where,
)

from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Distribution
from importguard.source.model import Place, Source

KIT = ("libs/kit/src/kit/__init__.py", "libs/kit/src/kit/mail/client.py")
PACKAGING = (
    Place("pyproject.toml", 1, "[tool.setuptools]"),
    Place("libs/kit/pyproject.toml", 9, "[tool.setuptools.packages.find]"),
)


def tree(*files: str, line: int = 9) -> Source:
    """``COPY . .`` at line 4, and ``pip install ./libs/kit`` behind it."""
    install = pip(line, locals=("/app/libs/kit",), files=())
    copied = {path: f"/app/{path}" for path in files}
    found = source(*files, copied=copied, dockerfile=dockerfile_of(installs=[install]))
    return replace(found, packaging=PACKAGING)


def seen(library: Distribution) -> Evidence:
    """``shop.main`` lacks ``kit.mail``, which lies in the folder that ``kit`` was installed from."""
    lies = candidate("kit.mail", "/app/libs/kit/src/kit/mail", "/app/libs/kit/src")
    found = lacking("kit.mail", clues=clues(candidates=(lies,), distributions=(library,)))
    kit = ModuleImport("kit", f"{SITE}/kit/__init__.py", "imported")
    return replace(found, modules=(*found.modules, kit))


COPY_OF_KIT = dist("kit", source="/app/libs/kit")


def test_a_package_without_init_is_not_in_the_distribution() -> None:
    found = only(seen(COPY_OF_KIT), tree(*KIT))
    assert where(found) == ("not-packaged", ("libs/kit/pyproject.toml", 9))
    assert "kit, which was installed from /app/libs/kit, does not" in found.explanation
    assert "add libs/kit/src/kit/mail/__init__.py" in found.remedy


def test_a_package_that_the_project_does_not_name() -> None:
    found = only(seen(COPY_OF_KIT), tree(*KIT, "libs/kit/src/kit/mail/__init__.py"))
    assert where(found) == ("not-packaged", ("libs/kit/pyproject.toml", 9))
    assert found.remedy == "name it among the packages at libs/kit/pyproject.toml:9"


@pytest.mark.parametrize(
    ("library", "line", "cause"),
    [
        (COPY_OF_KIT, 3, "copied-after-install"),
        (dist("kit", source="/app/libs/kit", editable=True), 9, "copied-elsewhere"),
        (dist("kit", source="https://example.org/kit.git"), 9, "copied-elsewhere"),
        (dist("kit"), 9, "copied-elsewhere"),
    ],
)
def test_what_was_not_installed_from_there_is_another_cause(
    library: Distribution, line: int, cause: str
) -> None:
    assert only(seen(library), tree(*KIT, line=line)).cause == cause


def test_a_folder_that_pip_finds_in_a_requirements_file_counts_too() -> None:
    """``./libs/kit`` in requirements.txt: no RUN line names the folder."""
    found = tree(*KIT)
    docker = dockerfile_of(installs=[pip(9)])
    found = replace(found, dockerfile=docker, requirements=(needs("kit", 1, url="./libs/kit"),))
    assert only(seen(COPY_OF_KIT), found).cause == "not-packaged"


def test_without_a_source_the_folder_that_was_installed_is_looked_at() -> None:
    found = only(seen(COPY_OF_KIT))
    assert (found.cause, found.confidence) == ("not-packaged", "possible")
    assert "The image has it at /app/libs/kit/src/kit/mail" in found.explanation
    assert "PYTHONPATH" not in found.remedy
    assert only(seen(dist("kit", source="/elsewhere"))).cause == "copied-elsewhere"


def test_a_module_that_the_source_got_after_the_image_was_built_is_no_packaging_mistake() -> None:
    image = in_image("shop/util.py", digest="older")
    found = seen(COPY_OF_KIT)
    assert found.clues is not None
    newer = replace(found, clues=replace(found.clues, candidates=(), files=image))
    assert only(newer, tree(*KIT)).cause == "stale-image"
    assert only(newer, tree(*KIT), built=True).cause == "not-packaged"
    held = replace(found, clues=replace(found.clues, files=image))
    assert only(held, tree(*KIT)).cause == "not-packaged"
