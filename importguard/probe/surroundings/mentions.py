"""Where the application's files write the name of a module that something else imports by it.

``INSTALLED_APPS = ["corsheaders"]``: the traceback ends in ``importlib.import_module``, and the line to mend
is that of the settings. Read from the sources, without running them.
"""

from __future__ import annotations

import re

from importguard.probe.code.imports import parse_module
from importguard.probe.code.nodes import constant_text
from importguard.probe.files import printable_path, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.values import MentionValues
    from importguard.probe.values import Node

_READ = 4 << 20
_MOST = 20


def find_mentions(names: Iterable[str], paths: Iterable[str], budget: Budget) -> list[MentionValues]:
    """``clues.Mention`` of each string in these files that is one of ``names``, or begins so."""
    wanted = sorted(names)
    if not wanted:
        return []
    pattern = re.compile(b"['\"](?:%s)['\".:]" % b"|".join(re.escape(name.encode()) for name in wanted))
    found: list[MentionValues] = []
    for path in sorted(paths):
        if budget.is_spent("the names of modules in strings") or len(found) >= _MOST * len(wanted):
            break
        source = read_bytes(path, _READ) if path.endswith(".py") else None
        if source is None or pattern.search(source) is None:
            continue
        try:
            body = parse_module(source, path).body
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            continue
        for setting, node in _strings(body):
            name = next((name for name in wanted if _names(constant_text(node) or "", name)), None)
            if name is not None:
                found.append(
                    {"name": name, "path": printable_path(path), "line": node.lineno, "setting": setting}
                )
    return found


def _names(text: str, name: str) -> bool:
    return text == name or text.startswith((name + ".", name + ":"))


def _strings(body: list[Node]) -> Iterator[tuple[str, Node]]:
    """(name that the statement assigns to, string) of each string; the name is empty elsewhere."""
    for statement in body:
        setting = _assigned_name(statement)
        waiting = [statement]
        while waiting:
            node = waiting.pop()
            if type(node).__name__ in ("Constant", "Str"):
                yield setting, node
                continue
            for field in getattr(node, "_fields", ()):
                value = getattr(node, field, None)
                waiting += value if type(value) is list else [value]


def _assigned_name(statement: Node) -> str:
    """``INSTALLED_APPS`` of ``INSTALLED_APPS += [...]`` and ``INSTALLED_APPS.append(...)``."""
    kind = type(statement).__name__
    if kind == "Assign":
        target = statement.targets[0]
    elif kind in ("AugAssign", "AnnAssign"):
        target = statement.target
    elif kind == "Expr" and type(statement.value).__name__ == "Call":
        target = getattr(statement.value.func, "value", None)
    else:
        return ""
    name = getattr(target, "id", None) or getattr(target, "attr", None)
    return printable_path(name) if type(name) is str else ""
