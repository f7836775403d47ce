"""Syntax that only a newer Python knows, told by its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.surroundings.newer import newer_syntax
from importguard.probe.surroundings.questions import Questions


@pytest.mark.parametrize(
    ("source", "line", "message", "version"),
    [
        ("def f(x):\n    match x.kind:\n        case 1:\n            pass\n", 2, "invalid syntax", "3.10"),
        ("try:\n    pass\nexcept* ValueError:\n    pass\n", 3, "invalid syntax", "3.11"),
        ("type Pair[T] = tuple[T, T]\n", 1, "invalid syntax", "3.12"),
        ("class Box[T]:\n    pass\n", 1, "invalid syntax", "3.12"),
        ("async def get[T](x: T) -> T: ...\n", 1, "expected '('", "3.12"),
        ("class Box[T = int]:\n    pass\n", 1, "invalid syntax", "3.13"),
        ("y = f\"{x[\"a\"]}\"\n", 1, "f-string: unmatched '['", "3.12"),
        ("y = f\"{'\\n'.join(x)}\"\n", 1, "f-string expression part cannot include a backslash", "3.12"),
        ("with (\n    open('a') as a,\n    open('b') as b,\n):\n    pass\n", 2, "invalid syntax", "3.9"),
        ("if (n := 3):\n    pass\n", 1, "invalid syntax", "3.8"),
        ("def f(a, /, b):\n    pass\n", 1, "invalid syntax", "3.8"),
        ("x[*a]\n", 1, "invalid syntax", "3.11"),
        ("@buttons[0].clicked\ndef f(): ...\n", 1, "invalid syntax", "3.9"),
        ("x = t'{a}'\n", 1, "invalid syntax", "3.14"),
        ("try:\n    pass\nexcept OSError, ValueError:\n    pass\n", 3, "invalid syntax", "3.14"),
        ("lazy import json\n", 1, "invalid syntax", "3.15"),
    ],
)  # fmt: skip
def test_the_first_version_that_knows_it(
    tmp_path: Path, source: str, line: int, message: str, version: str
) -> None:
    path = tmp_path / "app.py"
    path.write_text(source)
    found = newer_syntax([(str(path), line, message)])
    assert [(one["line"], one["version"]) for one in found] == [(line, version)]


@pytest.mark.parametrize(
    "source",
    [
        "match = re.match(x):\n",
        "x = = 1\n",
        "print 'a'\n",
        "try:\n    pass\nexcept ValueError, error:\n    pass\n",
        "x = 'don't'\n",
        "class A(object:\n    pass\n",
        "with (open('a') as a:\n    pass\n",
        "y = f\"{x['a']\"\n",
    ],
)
def test_a_mistake_in_any_python(tmp_path: Path, source: str) -> None:
    path = tmp_path / "app.py"
    path.write_text(source)
    lines = source.count("\n")
    assert [newer_syntax([(str(path), line, "invalid syntax")]) for line in range(lines + 2)] == [[]] * (
        lines + 2
    )


def test_where_a_file_was_refused() -> None:
    failure = {
        "missing": None,
        "causes": [("SyntaxError", "invalid syntax (app.py, line 2)", None)],
        "frames": [("/app/main.py", 1, "<module>", "main"), ("/app/app.py", 2, "<module>", "")],
    }
    asked = Questions.questions_of([failure], {}, ())
    assert list(asked.refused_source) == [("/app/app.py", 2, "invalid syntax (app.py, line 2)")]
