"""What code loads that runs as ``__main__``, which no import can run: read from its statements."""

from __future__ import annotations

import re

from importguard.probe.imports import import_sites, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SERVED = re.compile(
    r"\b(?:uvicorn|hypercorn)\.run\(\s*(?:app\s*=\s*)?[\"']([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)[\"']"
)
_LONGEST = 512 * 1024


def loaded_by(text: str, package: str, whole: bool) -> list[tuple[str, str | None, bool]]:
    """(module, name in it or None, True) of the unguarded imports; with False what ``uvicorn.run`` is told.

    ``package`` is what relative imports start from. Not ``whole``: only what stands below
    ``if __name__ == "__main__"`` is looked at, since the rest runs when the file is imported.
    """
    found: list[tuple[str, str | None, bool]] = []
    try:
        tree = parse(text[:_LONGEST], "__main__")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    blocks = [node.body for node in tree.body if type(node).__name__ == "If" and _is_main(node.test)]
    body = (tree.body if whole else []) + [node for block in blocks for node in block]
    tree.body = body
    for target, names, _, scope in import_sites(
        tree, package + ".__main__" if package else "__main__", False
    ):
        if scope == "module":
            found += [(target, name, True) for name in names if name != "*"] or [(target, None, True)]
    for served in _SERVED.findall(text):
        module, _, attribute = served.partition(":")
        found.append((module, attribute, False))
    return list(dict.fromkeys(found))


def _is_main(test: Any) -> bool:
    """Whether a condition is ``__name__ == "__main__"``."""
    left = getattr(test, "left", None)
    right = (getattr(test, "comparators", None) or [None])[0]
    values = [getattr(side, "value", getattr(side, "s", None)) for side in (left, right)]
    return "__name__" in (getattr(left, "id", ""), getattr(right, "id", "")) and "__main__" in values
