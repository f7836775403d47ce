"""Docstrings and comments that name a function or a class name one that there is."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "importguard"
# "see ``find_shortfalls``", and "# what discover_application() found"
REFERENCE = re.compile(r"\bsee\s+``([A-Za-z_][\w.]*)(?:\(\))?``", re.IGNORECASE)
CALL_IN_COMMENT = re.compile(r"#[^\n]*?(?<![.\w])([a-z]\w*)\(\)")


def names_of(tree: ast.AST) -> Iterator[str]:
    """Every name that a file defines or uses."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg


def test_what_is_named_exists() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    names_by_module: dict[str, set[str]] = {}
    for path, text in texts.items():
        names_by_module.setdefault(path.stem, set()).update(names_of(ast.parse(text)))
    names = set().union(dir(builtins), *names_by_module.values())
    known = {"", *names, *names_by_module}
    stale = []
    for path, text in texts.items():
        for reference in REFERENCE.findall(text):
            owner, _, name = reference.rpartition(".")  # a module, a class, or nothing
            if name not in names_by_module.get(owner, known) or not known.issuperset(owner.split(".")):
                stale.append((path.name, reference))
        stale += [(path.name, name) for name in CALL_IN_COMMENT.findall(text) if name not in names]
    assert stale == []
