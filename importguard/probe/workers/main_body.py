"""The file that a start command has Python run, run as ``__main__``: who imports it by name runs it again.

``python3 app.py``, and ``from app import db`` in a module that it imports, make two modules of one file. What
is made twice (a metric, a table), or a circle of imports that the second one closes, fails there only. What
stands below ``if __name__ == "__main__"`` is the program itself: that is not run.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from importguard.probe.values import Node, ScriptValues

_MAIN = "__main__"
_ONLY_AST = 0x400  # PyCF_ONLY_AST; the module ``ast`` would load much else.


def run_script(name: str, script: ScriptValues, load: Callable[[str], object]) -> None:
    """Run the file of ``name`` as ``__main__``, or import it where its guard can't be cut off for sure.

    ``load`` imports a module. Raises what the file raises.
    """
    package = name.rpartition(".")[0] if script["as_module"] else ""
    if package:
        load(package)
    code = _body_without_program(script["path"])
    if code is None:
        load(name)
        return
    external: Any = sys.modules["_frozen_importlib_external"]
    module: Any = type(sys)(_MAIN)
    module.__file__ = script["path"]
    module.__builtins__ = sys.modules["builtins"]
    module.__loader__ = external.SourceFileLoader(_MAIN, script["path"])
    module.__package__ = package if script["as_module"] else None
    if script["as_module"]:
        module.__spec__ = external.spec_from_file_location(name, script["path"])
    sys.modules[_MAIN] = module
    exec(code, module.__dict__)
    if script["again"]:
        load(name)


def _body_without_program(path: str) -> Any:
    """The code of a file, but for its program; None where more than plain guards ask for ``__main__``."""
    try:
        with open(path, "rb") as file:
            tree: Node = compile(file.read(), path, "exec", _ONLY_AST, True)
        guards = [node for node in tree.body if type(node).__name__ == "If" and _is_guard(node.test)]
        if _mentions_of_main(tree) != len(guards):
            return None
        for node in guards:
            while len(node.body) > 1:
                node.body.pop()
            node.body[0] = _placeholder(node)
            node.orelse = []
        return compile(tree, path, "exec", 0, True)
    except Exception:
        return None  # Importing it tells what is wrong.


def _placeholder(node: Node) -> Node:
    """``pass``, at the place of the guard's first statement."""
    statement = compile("pass", "", "exec", _ONLY_AST, True).body[0]
    for field in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
        if hasattr(node.body[0], field):
            setattr(statement, field, getattr(node.body[0], field))
    return statement


def _is_guard(test: Node) -> bool:
    """Whether a condition is ``__name__ == "__main__"``."""
    if type(test).__name__ != "Compare" or [type(each).__name__ for each in test.ops] != ["Eq"]:
        return False
    sides = [test.left, test.comparators[0]]
    names = [getattr(side, "id", None) for side in sides]
    return "__name__" in names and _MAIN in [_constant(side) for side in sides]


def _constant(node: Node) -> object:
    return getattr(node, "value", getattr(node, "s", None))


def _mentions_of_main(node: Node) -> int:
    """How many strings of a tree are ``__main__``."""
    count = 0
    for field in node._fields:
        value = getattr(node, field, None)
        for part in value if type(value) is list else [value]:
            if hasattr(part, "_fields"):
                count += _mentions_of_main(part) + (_constant(part) == _MAIN)
    return count
