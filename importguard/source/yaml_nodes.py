"""YAML with its lines: nodes of a document as they are written, aliases resolved, nothing constructed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

import yaml

_DEEPEST_MERGE = 5
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser, where PyYAML was built with it, takes a tenth of the time."""


class Node:
    """A node of a document. What is asked of a node of another kind is empty, never an error."""

    def __init__(self, node: Optional[yaml.Node]) -> None:
        self._node = node

    @property
    def line_number(self) -> int:
        """Its line, from 1."""
        return int(self._node.start_mark.line) + 1 if self._node is not None else 0

    @property
    def text_line_number(self) -> int:
        """The line at which its text begins, from 1: that of a block scalar is below the ``|``."""
        is_block = isinstance(self._node, yaml.ScalarNode) and self._node.style in ("|", ">")
        return self.line_number + is_block

    def line_number_of(self, key: str) -> int:
        """The line of a key of a mapping, from 1."""
        keys = [name for name, _ in self._node.value] if isinstance(self._node, yaml.MappingNode) else []
        lines = [int(name.start_mark.line) + 1 for name in keys if name.value == key]
        return lines[-1] if lines else self.line_number

    @property
    def scalar_text(self) -> str:
        """The text of a scalar."""
        return str(self._node.value) if isinstance(self._node, yaml.ScalarNode) else ""

    @property
    def is_null(self) -> bool:
        """Whether it is written as no value: ``NAME:``, ``~``, ``null``."""
        return self._node is not None and self._node.tag == "tag:yaml.org,2002:null"

    def __bool__(self) -> bool:
        return self._node is not None

    def value_at(self, *keys: str) -> Node:
        """The value below keys of mappings; a later key of the same name wins, merge keys count last."""
        node = self._node
        for key in keys:
            node = _items(node, 0).get(key)
        return Node(node)

    def mapping_items(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of a mapping, those of merge keys after its own."""
        for name, value in _items(self._node, 0).items():
            yield name, Node(value)

    def __iter__(self) -> Iterator[Node]:
        """The elements of a sequence."""
        if isinstance(self._node, yaml.SequenceNode):
            yield from map(Node, self._node.value)


def _items(node: Optional[yaml.Node], depth: int) -> dict[str, yaml.Node]:
    """A mapping's keys and values; a later key of the same name wins, and those of merge keys count last."""
    if not isinstance(node, yaml.MappingNode) or depth > _DEEPEST_MERGE:
        return {}
    found: dict[str, yaml.Node] = {}
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value == "<<":
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
        elif isinstance(key, yaml.ScalarNode):
            found[str(key.value)] = value
    for other in merged:
        for name, value in _items(other, depth + 1).items():
            found.setdefault(name, value)
    return found


def yaml_documents(text: str) -> Iterator[Node]:
    """The documents of a file. Raises ValueError where it is no YAML, as templates often are not."""
    try:
        for node in yaml.compose_all(text, Loader=_LOADER):
            yield Node(node)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error
