"""The names that a module binds, from its source."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from importguard.probe.code.bound_names import bound_names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a = b = 1\n(c, [d, *e]) = x\nf: int = 1\ng: int\nh += 1\n", "a b c d e f h"),
        ("def f(): inner = 1\nasync def g(): pass\nclass C:\n    x = 1\n", "f g C"),
        ("import os\nimport a.b\nimport c.d as e\nfrom f import g, h as i\n", "os a e g i"),
        ("if x:\n    a = 1\nelif y:\n    b = 1\nelse:\n    c = 1\n", "a b c"),
        ("try:\n    a = 1\nexcept E:\n    b = 1\nelse:\n    c = 1\nfinally:\n    d = 1\n", "a b c d"),
        (
            "for a in x:\n    b = 1\nwhile x:\n    c = 1\nwith x as d, y as (e, f):\n    g = 1\n",
            "a b c d e f g",
        ),
        ("a = 1\nimport b\ndel a, b\n", ""),
        ("__all__ = []\n__version__ = 1\n_private = 1\n", "_private"),
        ("a.b = 1\na[0] = 1\n", ""),
    ],
)
def test_names(tmp_path: Path, source: str, names: str) -> None:
    path = tmp_path / "a.py"
    path.write_text(source)
    bound = bound_names(str(path))
    assert set(bound.public_names) == set(names.split())
    assert bound.everything is True


@pytest.mark.skipif(sys.version_info < (3, 12), reason="statements of Python 3.12")
def test_newer_statements(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("type A = int\nmatch x:\n    case 1:\n        b = 1\n")
    assert set(bound_names(str(path)).public_names) == {"A", "b"}


@pytest.mark.parametrize(
    "source",
    [
        "from x import *\n",
        "globals()['a'] = 1\n",
        "def __getattr__(name): return 1\n",
        "import sys\nsys.modules[__name__] = object()\n",
        "exec('a = 1')\n",
        "no python\n",
        "\0",
        "(" * 500,
    ],
)
def test_more_may_be_bound(tmp_path: Path, source: str) -> None:
    path = tmp_path / "a.py"
    path.write_text(source)
    assert bound_names(str(path)).everything is False


def test_what_is_no_source(tmp_path: Path) -> None:
    assert bound_names("/absent.py").everything is False
    assert bound_names(str(tmp_path / "a.so")).everything is False


def test_a_definition_is_told_from_an_import(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("from b import C\nclass D: pass\n")
    bound = bound_names(str(path))
    assert (list(bound.defined), list(bound.imported)) == (["D"], ["C"])
