"""The installed package against the source tree: a wheel without the probe fails only at an image."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "importguard"
SHIPPED = sorted(
    path.relative_to(SOURCE).as_posix()
    for path in SOURCE.rglob("*")
    if path.suffix in {".py", ".json", ".yml"} or path.name == "py.typed"
)


@pytest.mark.parametrize("name", SHIPPED)
def test_file_is_installed_as_it_is(name):
    assert (files("importguard") / name).read_bytes() == (SOURCE / name).read_bytes()


def test_the_probe_and_the_schema_are_among_them():
    assert {
        "probe/supervisor.py",
        "schemas/report.schema.json",
        "cli/templates/github.yml",
        "py.typed",
    } <= set(SHIPPED)


def test_nothing_says_to_install_it_by_its_name():
    """No index has it under its name, and whoever takes that name there would be installed."""
    root = SOURCE.parent
    texts = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.yml"), *root.glob("*.md"), *root.glob("examples/*.y*ml")]
    for path in [*texts, root / "action.yml", root / "Dockerfile"]:
        named = re.search(r"pip install [^\n]*(?<![/\w-])importguard\b(?!/)", path.read_text("utf-8"))
        assert named is None, f"{path}: {named}"
