"""Which variables a failing statement looks up, from its source."""

from __future__ import annotations

import pytest

from importguard.probe.lookups import unset_lookups


def found(source: str, line: int = 0, message: str = "", **environ: str) -> list[list[object]]:
    """At the last line, unless another is given."""
    return unset_lookups(source.encode(), line or source.rstrip().count("\n") + 1, message, environ)


@pytest.mark.parametrize(
    "expression",
    [
        "int(os.getenv('PORT'))",
        "int(getenv('PORT'))",
        "int(os.environ.get('PORT'))",
        "int(environ.get('PORT', None))",
        "int(os.getenv('PORT', default=''))",
        "POOLS[os.environ['PORT']]",
        "int((os.getenv('PORT') or '').strip())",
        "f'{os.getenv(\"PORT\") + 1}'",
    ],
)
def test_a_lookup_in_the_statement(expression: str) -> None:
    assert found(f"import os\nx = {expression}\n") == [["PORT", False]]
    assert found(f"import os\nx = {expression}\n", PORT="80") == []
    assert found(f"import os\nx = {expression}\n", PORT="") == [["PORT", False]]


@pytest.mark.parametrize(
    "source", ["x = int(os.getenv('PORT', 'none'))", "x = int(os.getenv('PORT', DEFAULT))", "x = 1 / 0"]
)
def test_a_default_is_the_statements_own_affair(source: str) -> None:
    assert found(source) == []


def test_lookups_of_other_statements_do_not_count() -> None:
    assert found("import os\nx = os.getenv('PORT')\ny = 1 / 0\n") == []
    assert found("import os\ndef f():\n    return os.getenv('PORT')\nf().x\n") == []


@pytest.mark.parametrize(
    ("guard", "alone"),
    [
        ("if not os.environ.get('KEY'):", True),
        ("if 'KEY' not in os.environ:", True),
        ("if os.getenv('KEY') is None:", True),
        ("if os.getenv('KEY', '').lower() != 'yes':", True),
        ("if not ready() and not os.getenv('KEY'):", False),
        ("if ready(os.getenv('KEY')):", False),
    ],
)
def test_the_condition_under_which_it_raises(guard: str, alone: bool) -> None:
    assert found(f"import os\n{guard}\n    raise RuntimeError('no')\n") == [["KEY", alone]]


def test_conditions_around_the_nearest_one_and_around_a_function_do_not_count() -> None:
    outer = "if not os.getenv('KEY'):\n    if broken():\n        raise RuntimeError\n"
    assert found(outer) == []
    assert found("if not os.getenv('KEY'):\n    def f():\n        raise RuntimeError\n    f()\n", 3) == []


def test_branches_and_blocks() -> None:
    source = (
        "try:\n    pass\nexcept ValueError:\n    pass\nelse:\n    if os.getenv('KEY'):\n        pass\n"
        "    else:\n        raise RuntimeError\nfinally:\n    pass\n"
    )
    assert found(source, 9) == [["KEY", True]]
    assert found("with a:\n    assert os.getenv('KEY'), 'no'\n") == [["KEY", True]]
    assert found("for name in x:\n    while y:\n        int(os.getenv('KEY'))\n") == [["KEY", False]]


def test_names_that_were_assigned_from_lookups() -> None:
    source = "import os\nURL = os.getenv('DB_URL')\nclass Config:\n    KEY = os.environ.get('API_KEY')\n"
    assert found(source + "connect(URL)\n") == [["DB_URL", False]]
    assert found(source + "connect(Config.KEY)\n") == [["API_KEY", False]]
    assert found(source + "if not URL:\n    raise RuntimeError\n") == [["DB_URL", True]]
    assert found(source + "URL = other()\nconnect(URL)\n") == []


def test_a_name_that_is_worked_out_is_taken_from_the_message() -> None:
    source = (
        "import os\ndef need(name):\n    if not os.environ.get(name):\n        raise RuntimeError(name)\n"
    )
    assert found(source, message="API_KEY is not set") == [["API_KEY", True]]
    assert found(source, message="API_KEY is not set", API_KEY="x") == []
    assert found(source, message="it is not set") == []


def test_a_statement_of_several_lines() -> None:
    assert found("import os\nx = connect(\n    1,\n    os.getenv('URL'),\n)\ny = 1\n", 4) == [["URL", False]]


@pytest.mark.parametrize("source", ["x = 1 +", "\0", "(" * 5000, ""])
def test_source_that_cannot_be_read(source: str) -> None:
    assert found(source) == []


def test_match() -> None:
    source = "match x:\n    case 1:\n        pass\n    case _:\n        int(os.getenv('KEY'))\n"
    try:
        compile(source, "x", "exec")
    except SyntaxError:
        pytest.skip("this Python has no match statement")
    assert found(source) == [["KEY", False]]
