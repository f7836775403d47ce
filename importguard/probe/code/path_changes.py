"""What a file adds to ``sys.path`` when it runs, as far as it is written out: literals, ``__file__``.

``sys.path.insert(0, str(Path(__file__).parent))`` and its kind decide by which names files are imported.
"""

from __future__ import annotations

import os

from importguard.probe.code.imports import child_nodes, parse_module
from importguard.probe.code.nodes import dotted_name
from importguard.probe.code.path_values import PathValues
from importguard.probe.files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from importguard.probe.values import Node

_LONGEST = 512 * 1024
_BLOCKS = ("body", "orelse", "finalbody")


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


class _Reader(PathValues):
    """Follows the statements of a module."""

    def __init__(self, path: str, directory: str, is_folder: Callable[[str], bool]) -> None:
        super().__init__(path, directory)
        self.is_folder = is_folder
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
        elif name == "functools.reduce" and len(call.args) > 1:
            # Nix writes reduce(lambda k, p: site.addsitedir(p, k), ["/nix/store/…", …], …) into each script.
            body = getattr(call.args[0], "body", None)
            if dotted_name(getattr(body, "func", None)) == "site.addsitedir":
                self.last += self._each(call.args[1])

    def _each(self, node: Node) -> list[str]:
        """The folders of a list that is written out."""
        return [folder for item in getattr(node, "elts", []) for folder in [self._folder(item)] if folder]

    def _folder(self, node: Node) -> str | None:
        value = self.value_of_expression(node)
        if value is None:
            return None
        path = os.path.normpath(os.path.join(self.directory, value))
        return path if self.is_folder(path) else None


def _names_settings(function: Node) -> bool:
    """Whether it sets Django's settings, as the ``main()`` of a manage.py: what it does comes before them."""
    nodes = [function]
    while nodes:
        node = nodes.pop()
        if getattr(node, "value", getattr(node, "s", None)) == "DJANGO_SETTINGS_MODULE":
            return True
        nodes.extend(child_nodes(node))
    return False
