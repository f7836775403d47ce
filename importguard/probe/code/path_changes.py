"""What a file adds to ``sys.path`` when it runs, as far as it is written out: literals, ``__file__``.

``sys.path.insert(0, str(Path(__file__).parent))`` and its kind decide by which names files are imported.
"""

from __future__ import annotations

import os

from importguard.probe.code.imports import child_nodes, parse_module
from importguard.probe.code.nodes import dotted_name
from importguard.probe.files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from importguard.probe.values import Node

    Names = dict[str, "str | None"]

_LONGEST = 512 * 1024
_BLOCKS = ("body", "orelse", "finalbody")
_SAME = frozenset(
    "str abspath realpath normpath expanduser fspath resolve absolute as_posix Path PurePath PosixPath "
    "strip".split()
)
"""Calls that leave a path what it is, as far as it matters here."""


def read_path_changes(path: str, directory: str) -> tuple[list[str], list[str]]:
    """(folders that the file puts first, in the order that they then have; those that it adds at the end)."""
    return path_changes_in(read_text(path, _LONGEST) or "", path, directory, os.path.isdir)


def path_changes_in(
    text: str, path: str, directory: str, is_folder: Callable[[str], bool]
) -> tuple[list[str], list[str]]:
    """The same of a file by its text; ``is_folder`` says whether a folder is there to be added."""
    if "sys.path" not in text and "addsitedir" not in text and "path.insert" not in text:
        return [], []
    try:
        tree = parse_module(text, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [], []
    reader = _Reader(path, directory, is_folder)
    reader.read_statements(tree.body)
    return reader.first, reader.last


class _Reader:
    """Follows the statements of a module; ``names`` are the strings and paths that are known by then."""

    def __init__(self, path: str, directory: str, is_folder: Callable[[str], bool]) -> None:
        self.directory = directory
        self.is_folder = is_folder
        self.names: Names = {"__file__": path}
        self.first: list[str] = []
        self.last: list[str] = []

    def read_statements(self, body: list[Node]) -> None:
        """Take in statements; what stands below a condition is taken to run."""
        for node in body:
            kind = type(node).__name__
            if kind == "Assign" and len(node.targets) == 1:
                self._assign(node.targets[0], node.value)
            elif kind == "AnnAssign" and node.value is not None:
                self._assign(node.target, node.value)
            elif kind == "AugAssign" and dotted_name(node.target) == "sys.path":
                self.last += self._each(node.value)
            elif kind == "Expr" and type(node.value).__name__ == "Call":
                self._call(node.value)
            elif kind in ("If", "Try", "With", "TryStar"):
                for field in _BLOCKS:
                    self.read_statements(getattr(node, field, []))
            elif kind == "FunctionDef" and _names_settings(node):
                self.read_statements(node.body)

    def _assign(self, target: Node, value: Node) -> None:
        kind = type(target).__name__
        if kind == "Name":
            self.names[target.id] = self.value_of_expression(value)
        elif kind == "Subscript" and dotted_name(target.value) == "sys.path":
            self.first[:0] = self._each(value)

    def _call(self, call: Node) -> None:
        name = dotted_name(call.func)
        if name in ("sys.path.insert", "path.insert") and len(call.args) == 2:
            folder = self._folder(call.args[1])
            # Behind the first entry it is before site-packages all the same.
            self.first[:0] = [folder] if folder else []
        elif name in ("sys.path.append", "site.addsitedir") and call.args:
            folder = self._folder(call.args[0])
            self.last += [folder] if folder else []
        elif name == "sys.path.extend" and call.args:
            self.last += self._each(call.args[0])

    def _each(self, node: Node) -> list[str]:
        """The folders of a list that is written out."""
        return [folder for item in getattr(node, "elts", []) for folder in [self._folder(item)] if folder]

    def _folder(self, node: Node) -> str | None:
        value = self.value_of_expression(node)
        if value is None:
            return None
        path = os.path.normpath(os.path.join(self.directory, value))
        return path if self.is_folder(path) else None

    def value_of_expression(self, node: Node) -> str | None:
        """A string or a path that an expression gives; None where it is not known."""
        kind = type(node).__name__
        if kind in ("Constant", "Str"):
            constant = getattr(node, "value", getattr(node, "s", None))
            return constant if isinstance(constant, str) else None
        if kind == "Name":
            return self.names.get(node.id)
        if kind == "Attribute":
            return self._attribute(node)
        if kind == "Subscript":
            return self._parents(node)
        if kind == "BinOp":
            return self._joined(node)
        if kind == "Call":
            return self._result(node)
        return None

    def _attribute(self, node: Node) -> str | None:
        if node.attr in ("pardir", "curdir"):
            return ".." if node.attr == "pardir" else "."
        value = self.value_of_expression(node.value) if node.attr == "parent" else None
        return os.path.dirname(os.path.normpath(value)) if value is not None else None

    def _parents(self, node: Node) -> str | None:
        """``Path(__file__).parents[2]``."""
        if getattr(node.value, "attr", "") != "parents":
            return None
        index = getattr(node.slice, "value", node.slice)  # Python 3.8's Index
        number = getattr(index, "value", getattr(index, "n", index))
        value = self.value_of_expression(node.value.value)
        if not isinstance(number, int) or value is None or number < 0:
            return None
        for _ in range(min(number, 50) + 1):
            value = os.path.dirname(os.path.normpath(value))
        return value

    def _joined(self, node: Node) -> str | None:
        left, right = self.value_of_expression(node.left), self.value_of_expression(node.right)
        operator = type(node.op).__name__
        if left is None or right is None or operator not in ("Div", "Add"):
            return None
        return os.path.join(left, right) if operator == "Div" else left + right

    def _result(self, node: Node) -> str | None:
        name = dotted_name(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")
        values = [self.value_of_expression(arg) for arg in node.args]
        if name in ("getcwd", "cwd") and not values:
            return self.directory
        if name in ("resolve", "absolute", "as_posix", "joinpath", "strip"):
            values.insert(0, self.value_of_expression(node.func.value))
        if not values or any(value is None for value in values):
            return None
        known = [value for value in values if value is not None]
        if name == "dirname":
            return os.path.dirname(known[0])
        if name in ("join", "joinpath", "Path", "PurePath", "PosixPath"):
            return os.path.join(*known)
        return known[0] if name in _SAME else None


def _names_settings(function: Node) -> bool:
    """Whether it sets Django's settings, as the ``main()`` of a manage.py: what it does comes before them."""
    nodes = [function]
    while nodes:
        node = nodes.pop()
        if getattr(node, "value", getattr(node, "s", None)) == "DJANGO_SETTINGS_MODULE":
            return True
        nodes.extend(child_nodes(node))
    return False
