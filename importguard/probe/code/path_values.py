"""The strings and paths that expressions give, as far as they are written out: literals, ``__file__``."""

from __future__ import annotations

import os

from importguard.probe.code.nodes import dotted_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.values import Node

_SAME = frozenset(
    "str abspath realpath normpath expanduser fspath resolve absolute as_posix Path PurePath PosixPath "
    "strip".split()
)
"""Calls that leave a path what it is, as far as it matters here."""


class PathValues:
    """``names`` are the strings and paths that are known by then, None where one is not known."""

    def __init__(self, path: str, directory: str) -> None:
        self.directory = directory
        self.names: dict[str, str | None] = {"__file__": path}

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
        if kind == "JoinedStr":
            return self._formatted(node)
        return None

    def _formatted(self, node: Node) -> str | None:
        """An f-string without a format or a conversion."""
        parts: list[str] = []
        for item in node.values:
            is_value = type(item).__name__ == "FormattedValue"
            if is_value and (item.format_spec is not None or item.conversion != -1):
                return None
            part = self.value_of_expression(item.value if is_value else item)
            if part is None:
                return None
            parts.append(part)
        return "".join(parts)

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
            if not hasattr(node.func, "value"):
                return None  # a function of the file's own that is called so
            values.insert(0, self.value_of_expression(node.func.value))
        if not values or any(value is None for value in values):
            return None
        known = [value for value in values if value is not None]
        if name == "dirname":
            return os.path.dirname(known[0])
        if name in ("join", "joinpath", "Path", "PurePath", "PosixPath"):
            return os.path.join(*known)
        return known[0] if name in _SAME else None
