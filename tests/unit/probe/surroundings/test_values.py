"""The types of what the probe tells of surroundings have the fields of what the host makes of it."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

import importguard
from importguard.evidence import surroundings

SOURCE = Path(importguard.__file__).parent / "probe" / "surroundings" / "values.py"
TYPES = {
    node.name: [field.target.id for field in node.body if isinstance(field, ast.AnnAssign)]  # type: ignore[union-attr]
    for node in ast.walk(ast.parse(SOURCE.read_text("utf-8")))
    if isinstance(node, ast.ClassDef)
}


@pytest.mark.parametrize("name", list(TYPES))
def test_each_type_has_the_fields_of_its_class(name: str) -> None:
    made = getattr(surroundings, name[: -len("Values")])
    assert TYPES[name] == [field.name for field in dataclasses.fields(made)]


def test_each_class_has_a_type() -> None:
    classes = {name for name, kind in vars(surroundings).items() if dataclasses.is_dataclass(kind)}
    assert {name[: -len("Values")] for name in TYPES} == classes - {"Clues"}
