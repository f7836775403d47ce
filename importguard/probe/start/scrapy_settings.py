"""The classes that Scrapy's settings name, which a crawl loads before its first request."""

from __future__ import annotations

from importguard.probe.code.imports import parse_module
from importguard.probe.files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.values import Node

_COMPONENTS = frozenset("ITEM_PIPELINES EXTENSIONS DOWNLOADER_MIDDLEWARES SPIDER_MIDDLEWARES".split())
"""Each is a dictionary of a class, or its dotted name, to its order, or to None where it is off."""


def named_components(path: str) -> list[tuple[str, str]]:
    """(module, class) of each component that a settings file names, as far as it is written out.

    A setting that the file speaks of twice may be changed there: its components are left out.
    """
    try:
        tree = parse_module(read_text(path) or "", path)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    from ast import walk

    names = [getattr(node, "id", "") for node in walk(tree)]
    found = []
    for statement in tree.body:
        targets = getattr(statement, "targets", [])
        name = getattr(targets[0], "id", "") if len(targets) == 1 else ""
        if name in _COMPONENTS and names.count(name) == 1:
            found += [dotted.rpartition(".") for dotted in _enabled_names(statement.value)]
    return [(module, attribute) for module, _, attribute in found if module]


def _enabled_names(value: Node) -> list[str]:
    """The strings among the keys of a dictionary that is written out, but for those whose value is None."""
    from ast import literal_eval

    found = []
    for key, order in zip(getattr(value, "keys", []), getattr(value, "values", [])):
        try:
            dotted, is_off = literal_eval(key), getattr(order, "value", order) is None
        except (ValueError, TypeError, SyntaxError, RecursionError):
            continue
        if isinstance(dotted, str) and not is_off:
            found.append(dotted)
    return found
