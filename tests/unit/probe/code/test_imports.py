"""Import statements found in a module's source, and in which scope each of them runs."""

from __future__ import annotations

import ast
import sys
from textwrap import dedent

import pytest

from importguard.probe.code.imports import ONLY_AST, import_sites, may_bind, may_bind_unseen, parse_module


def sites(source: str, module: str = "app.mod", is_package: bool = False) -> list[tuple[object, ...]]:
    return list(import_sites(parse_module(dedent(source), "x.py"), module, is_package))


SCOPES = {
    "import x": "module",
    "def f():\n    import x": "function",
    "async def f():\n    import x": "function",
    "class C:\n    import x": "module",
    "class C:\n    def f(self):\n        import x": "function",
    "if A:\n    import x": "guarded",
    "if A:\n    pass\nelse:\n    import x": "guarded",
    "if A:\n    pass\nelif B:\n    import x": "guarded",
    "if TYPE_CHECKING:\n    import x": "type_checking",
    "if typing.TYPE_CHECKING:\n    import x": "type_checking",
    "if TYPE_CHECKING:\n    pass\nelse:\n    import x": "guarded",
    "if TYPE_CHECKING:\n    if A:\n        import x": "type_checking",
    "for i in y:\n    import x": "guarded",
    "for i in y:\n    pass\nelse:\n    import x": "guarded",
    "while A:\n    import x": "guarded",
    "with suppress(ImportError):\n    import x": "guarded",
    "async def f():\n    async with a:\n        import x": "function",
    "def f():\n    if A:\n        import x": "function",
    "def f():\n    if sys.platform == 'win32':\n        import x": "guarded",
    "def f():\n    if os.name == 'nt':\n        pass\n    else:\n        import x": "guarded",
    "def f():\n    if importlib.util.find_spec('x'):\n        import x": "guarded",
    "def f():\n    if cls.name == 'a':\n        import x": "function",
    "def f():\n    try:\n        import x\n    except ImportError:\n        pass": "guarded",
    "def f():\n    try:\n        import x\n    except KeyError:\n        pass": "function",
    "def f():\n    with suppress(ImportError):\n        import x": "guarded",
    "def f():\n    with contextlib.suppress(ImportError):\n        import x": "guarded",
    "try:\n    import x\nexcept ImportError:\n    pass": "guarded",
    "try:\n    import x\nexcept ModuleNotFoundError:\n    pass": "guarded",
    "try:\n    import x\nexcept builtins.ImportError:\n    pass": "guarded",
    "try:\n    import x\nexcept (KeyError, ImportError):\n    pass": "guarded",
    "try:\n    import x\nexcept Exception:\n    pass": "guarded",
    "try:\n    import x\nexcept:\n    pass": "guarded",
    "try:\n    import x\nexcept KeyError:\n    pass": "module",
    "try:\n    import x\nfinally:\n    pass": "module",
    "try:\n    pass\nexcept KeyError:\n    import x": "guarded",
    "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import x": "guarded",
    "try:\n    pass\nexcept KeyError:\n    pass\nelse:\n    import x": "module",
    "try:\n    pass\nexcept ImportError:\n    pass\nfinally:\n    import x": "module",
}


@pytest.mark.parametrize("source", SCOPES)
def test_the_scope_of_an_import(source: str) -> None:
    line = source.split("\n").index(next(row for row in source.split("\n") if "import x" in row)) + 1
    assert sites(source) == [("x", (), line, SCOPES[source])]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="match came with Python 3.10")
def test_a_case_may_not_run() -> None:
    assert sites("match a:\n    case 1:\n        import x\n    case _:\n        import y") == [
        ("x", (), 3, "guarded"),
        ("y", (), 5, "guarded"),
    ]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="except* came with Python 3.11")
def test_except_star_guards_too() -> None:
    assert sites("try:\n    import x\nexcept* ImportError:\n    pass") == [("x", (), 2, "guarded")]


def test_a_lazy_import_says_so_whatever_is_around_it() -> None:
    tree = parse_module("import a\nfrom b import c\n", "x.py")
    for node in tree.body:
        node.is_lazy = 1  # PEP 810; only Python 3.15 and later parse the keyword
    assert import_sites(tree, "m", False) == [("a", (), 1, "lazy"), ("b", ("c",), 2, "lazy")]


def test_one_statement_may_import_several() -> None:
    assert sites("import a, b.c as d; from e import f, g as h\nfrom i import *") == [
        ("a", (), 1, "module"),
        ("b.c", (), 1, "module"),
        ("e", ("f", "g"), 1, "module"),
        ("i", ("*",), 2, "module"),
    ]


RELATIVE = {
    ("from . import x", "app.mod", False): "app",
    ("from .y import x", "app.mod", False): "app.y",
    ("from . import x", "app.mod", True): "app.mod",
    ("from .y import x", "app.mod", True): "app.mod.y",
    ("from .. import x", "app.a.b", False): "app",
    ("from ..y import x", "app.a.b", False): "app.y",
    ("from ..y.z import x", "app.a.b", True): "app.a.y.z",
    ("from .y import x", "app", True): "app.y",
}


@pytest.mark.parametrize("given", RELATIVE, ids=lambda given: "{} in {}".format(*given))
def test_a_relative_import(given: tuple[str, str, bool]) -> None:
    assert sites(*given) == [(RELATIVE[given], ("x",), 1, "module")]


@pytest.mark.parametrize(("source", "module"), [("from . import x", "mod"), ("from ... import x", "app.mod")])
def test_an_import_that_leaves_the_top_has_no_target(source: str, module: str) -> None:
    assert sites(source + "\nimport after", module) == [("after", (), 2, "module")]


def test_the_flag_is_the_interpreter_s_own() -> None:
    assert ast.PyCF_ONLY_AST == ONLY_AST


def test_what_does_not_parse_is_said_so() -> None:
    with pytest.raises(SyntaxError):
        parse_module("import", "x.py")
    with pytest.raises((SyntaxError, ValueError)):
        parse_module(b"import x\0", "x.py")


def test_source_in_another_encoding() -> None:
    tree = parse_module("# coding: latin-1\nimport caf\xe9".encode("latin-1"), "x.py")
    assert import_sites(tree, "m", False) == [("caf\xe9", (), 2, "module")]


BINDS_LIST = (
    "List = 1",
    "from typing import List",
    "from typing import Sequence as List",
    "from typing import *",
    "import List.of",
    "from .List import other",  # of a package: its submodule
    "def f():\n    global List\n    List = 1",
    "class List: ...",
    "for List in (): ...",
    "try: ...\nexcept E as List: ...",
    "def f(List): ...",
    "del List",
    "(List := 1)",
)
READS_LIST = (
    "x: List[str]",
    "def f() -> List[str]: ...",
    "import typing\nx = typing.List",
    "__all__ = ['List']",
    "f(List=1)",
    "import of.List",
)


@pytest.mark.parametrize("source", BINDS_LIST)
def test_a_statement_that_may_give_a_name_a_value(source: str) -> None:
    assert may_bind(parse_module(source, "x.py"), "List")


@pytest.mark.parametrize("source", READS_LIST)
def test_a_statement_that_only_reads_a_name(source: str) -> None:
    assert not may_bind(parse_module(source, "x.py"), "List")


BINDS_UNSEEN = [
    "globals()['List'] = 1",
    "def fill():\n    globals().update(names)",
    "namespace = globals",
    "vars()[name] = 1",
    "locals()[name] = 1",
    "class C:\n    locals()['x'] = 1",
    "exec(text)",
    "builtins.exec(text)",
    "sys._getframe(1).f_globals['List'] = 1",
    "def __getattr__(name):\n    return 1",
    "if lazy:\n    def __getattr__(name):\n        return 1",
    "__getattr__ = attach(__name__)",
    "__getattr__, __dir__, __all__ = attach(__name__)",
    "def install():\n    global __getattr__\n    __getattr__ = find",
    "from lazy import __getattr__",
    "from lazy import find as __getattr__",
    "setattr(module, '__getattr__', find)",
    "sys.modules[__name__] = Lazy()",
    "setattr(sys.modules[__name__], name, 1)",
    "sys.modules.get(__name__).name = 1",
    "this = sys.modules",
    "from sys import modules",
]
BINDS_NOTHING_UNSEEN = [
    "def f():\n    return 'x' in locals()",
    "loaded = 'numpy' in sys.modules",
    "def f():\n    snapshot = dict(sys.modules.items())",
    "names = sorted(sys.modules.keys())",
    "class Lazy:\n    def __getattr__(self, name):\n        return 1",
    "class Lazy:\n    __getattr__ = find",
    "x = object.__getattr__",
    "List = 1",
]


@pytest.mark.parametrize("source", BINDS_UNSEEN)
def test_code_that_may_give_its_module_names_that_no_statement_shows(source: str) -> None:
    assert may_bind_unseen(parse_module(source, "x.py"))


@pytest.mark.parametrize("source", BINDS_NOTHING_UNSEEN)
def test_code_that_gives_its_module_no_names_unseen(source: str) -> None:
    assert not may_bind_unseen(parse_module(source, "x.py"))
