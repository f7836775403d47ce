"""Which variables a failing statement looks up, from its source."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional

import pytest

from importguard.probe.code.lookups import Lookups

Found = Callable[..., list[tuple[str, bool]]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """What is found in the module ``app.mod``, at its last line unless another is given."""

    def find(
        source: str, line: int = 0, message: str = "", others: Optional[dict[str, str]] = None, **environ: str
    ) -> list[tuple[str, bool]]:
        files: dict[str, Optional[str]] = {}
        for name, text in {"app.mod": source, **(others or {})}.items():
            path = tmp_path / f"{name}.py"
            path.write_text(text)
            files[name] = str(path)
        at = line or source.rstrip().count("\n") + 1
        return Lookups(files, environ).unset_variables_at("app.mod", at, message)

    return find


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
def test_a_lookup_in_the_statement(found: Found, expression: str) -> None:
    assert found(f"import os\nx = {expression}\n") == [("PORT", False)]
    assert found(f"import os\nx = {expression}\n", PORT="80") == []
    assert found(f"import os\nx = {expression}\n", PORT="") == [("PORT", False)]


@pytest.mark.parametrize(
    "expression",
    [
        "env('PORT')",
        "env.int('PORT')",
        "get_env().get('PORT')",
        "self._env.get('PORT')",
    ],
)
def test_a_lookup_by_the_applications_own_function(found: Found, expression: str) -> None:
    assert found(f"if not {expression}:\n    raise ValueError('no port')\n")[0][0] == "PORT"


@pytest.mark.parametrize(
    "expression", ["envelope('PORT')", "env('port')", "data.get('PORT')", "inventory['PORT']"]
)
def test_what_only_looks_like_a_lookup(found: Found, expression: str) -> None:
    assert found(f"if not {expression}:\n    raise ValueError('no port')\n") == []


def test_a_variable_that_the_message_names_and_a_module_of_the_traceback_looks_up(tmp_path: Path) -> None:
    path = tmp_path / "conf.py"
    path.write_text(
        "class Conf:\n    JWT_SECRET_KEY = get_env().get('JWT_SECRET_KEY')\n    OTHER = env('OTHER')\n"
    )
    message = "JWT_SECRET_KEY is required in PRODUCTION"
    lookups = Lookups({"app.conf": str(path)}, {})
    assert lookups.unset_variables_named(["app.main", "app.conf"], message) == [("JWT_SECRET_KEY", False)]
    assert lookups.unset_variables_named(["app.main"], message) == []
    assert (
        Lookups({"app.conf": str(path)}, {"JWT_SECRET_KEY": "x"}).unset_variables_named(["app.conf"], message)
        == []
    )


@pytest.mark.parametrize(
    "source", ["x = int(os.getenv('PORT', 'none'))", "x = int(os.getenv('PORT', DEFAULT))", "x = 1 / 0"]
)
def test_a_default_is_the_statements_own_affair(found: Found, source: str) -> None:
    assert found(source) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("x = os.getenv('HOSTS').open(',')", ["HOSTS"]),
        ("x = URL.open()", ["URL"]),
        ("x = find('cache').open(os.getenv('MODE'))", []),
        ("x = find('cache').open(URL)", []),
        ("x = connect(os.getenv('HOST'))", ["HOST"]),
    ],
)
def test_it_is_the_variable_that_lacks_the_attribute(
    found: Found, statement: str, expected: list[str]
) -> None:
    message = "'NoneType' object has no attribute 'open'"
    lookups = found(f"URL = os.getenv('URL')\n{statement}\n", message=message)
    assert [name for name, _ in lookups] == expected


def test_lookups_of_other_statements_do_not_count(found: Found) -> None:
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
def test_the_condition_under_which_it_raises(found: Found, guard: str, alone: bool) -> None:
    assert found(f"import os\n{guard}\n    raise RuntimeError('no')\n") == [("KEY", alone)]


@pytest.mark.parametrize("end", ["sys.exit(1)", "exit('no key')", "quit()"])
def test_the_condition_under_which_it_exits(found: Found, end: str) -> None:
    assert found(f"if not os.getenv('KEY'):\n    print('no key')\n    {end}\n") == [("KEY", True)]
    assert found(f"try:\n    load(os.getenv('KEY'))\nexcept OSError:\n    {end}\n") == []


def test_all_conditions_around_it_count_but_those_around_its_function(found: Found) -> None:
    outer = "if not os.getenv('KEY'):\n    if broken():\n        raise RuntimeError\n"
    assert found(outer) == [("KEY", False)]
    assert found("if not os.getenv('KEY'):\n    def f():\n        raise RuntimeError\n    f()\n", 3) == []


def test_branches_and_blocks(found: Found) -> None:
    source = (
        "try:\n    pass\nexcept ValueError:\n    pass\nelse:\n    if os.getenv('KEY'):\n        pass\n"
        "    else:\n        raise RuntimeError\nfinally:\n    pass\n"
    )
    assert found(source, 9) == [("KEY", True)]
    assert found("with a:\n    assert os.getenv('KEY'), 'no'\n") == [("KEY", True)]
    assert found("for name in x:\n    while y:\n        int(os.getenv('KEY'))\n") == [("KEY", False)]


def test_names_that_were_assigned_from_lookups(found: Found) -> None:
    source = "import os\nURL = os.getenv('DB_URL')\nclass Config:\n    KEY = os.environ.get('API_KEY')\n"
    assert found(source + "connect(URL)\n") == [("DB_URL", False)]
    assert found(source + "connect(Config.KEY)\n") == [("API_KEY", False)]
    assert found(source + "if not URL:\n    raise RuntimeError\n") == [("DB_URL", True)]
    assert found(source + "URL = other()\nconnect(URL)\n") == []


def test_a_name_that_is_worked_out_is_taken_from_the_message(found: Found) -> None:
    source = (
        "import os\ndef need(name):\n    if not os.environ.get(name):\n        raise RuntimeError(name)\n"
    )
    assert found(source, message="API_KEY is not set") == [("API_KEY", True)]
    assert found(source, message="API_KEY is not set", API_KEY="x") == []
    assert found(source, message="it is not set") == []


def test_a_statement_of_several_lines(found: Found) -> None:
    assert found("import os\nx = connect(\n    1,\n    os.getenv('URL'),\n)\ny = 1\n", 4) == [("URL", False)]


@pytest.mark.parametrize("source", ["x = 1 +", "\0", "(" * 5000, ""])
def test_source_that_cannot_be_read(found: Found, source: str) -> None:
    assert found(source) == []


def test_match(found: Found) -> None:
    source = "match x:\n    case 1:\n        pass\n    case _:\n        int(os.getenv('KEY'))\n"
    try:
        compile(source, "x", "exec")
    except SyntaxError:
        pytest.skip("this Python has no match statement")
    assert found(source) == [("KEY", False)]


def test_parameters_and_other_functions_names_do_not_count(found: Found) -> None:
    source = "def other():\n    value = os.getenv('KEY')\n\n\ndef need(value):\n"
    assert found(source + "    if not value:\n        raise RuntimeError\n") == []
    assert found("value = os.getenv('KEY')\n" + source + "    if not value:\n        raise X\n") == []
    inner = "def need():\n    value = os.getenv('KEY')\n    if not value:\n        raise RuntimeError\n"
    assert found(inner) == [("KEY", True)]


CONFIG = "import os\nURL = os.getenv('DB_URL')\n\n\nclass Settings:\n    KEY = os.getenv('API_KEY')\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from app.config import URL\nconnect(URL)\n", [("DB_URL", False)]),
        ("from .config import URL as url\nconnect(url)\n", [("DB_URL", False)]),
        ("from app.config import *\nconnect(URL)\n", [("DB_URL", False)]),
        ("from app import config\nconnect(config.URL)\n", [("DB_URL", False)]),
        ("import app.config as settings\nconnect(settings.URL)\n", [("DB_URL", False)]),
        ("from .config import Settings\nconnect(Settings.KEY)\n", [("API_KEY", False)]),
        ("from .config import settings\nconnect(settings.KEY)\n", [("API_KEY", False)]),
        ("from .config import URL\nif not URL:\n    raise RuntimeError\n", [("DB_URL", True)]),
        ("from .config import s\nif not s.KEY:\n    raise RuntimeError\n", [("API_KEY", False)]),
        ("from .config import URL\nURL = 'x'\nconnect(URL)\n", []),
        ("from .gone import URL\nconnect(URL)\n", []),
        ("from ....config import URL\nconnect(URL)\n", []),
    ],
)
def test_names_that_come_from_another_module(
    found: Found, source: str, expected: list[tuple[str, bool]]
) -> None:
    assert found(source, others={"app.config": CONFIG}) == expected


@pytest.mark.parametrize(
    "source",
    [
        "if not has_cuda():\n    if not os.getenv('ALLOW_CPU'):\n        raise RuntimeError('no CUDA')\n",
        "try:\n    load()\nexcept OSError:\n    if not os.getenv('ALLOW_CPU'):\n        raise\n",
        "def check():\n    if which('tool'):\n        return\n    assert os.getenv('ALLOW_CPU')\n",
        "while waiting():\n    assert os.getenv('ALLOW_CPU')\n",
    ],
)
def test_a_way_out_by_a_variable_is_not_the_cause(found: Found, source: str) -> None:
    """Something else went wrong before: a variable would only have excused it."""
    assert found(source) == [("ALLOW_CPU", False)]


BOT = (
    "class Bot:\n"
    "    def __init__(self, token, name='bot'):\n"
    "        if ':' not in token:\n"
    "            raise ValueError('no colon')\n\n\n"
    "def number(text):\n"
    "    return int(text)\n\n\n"
    "def both(text, mode):\n"
    "    return number(text)\n\n\n"
)


@pytest.mark.parametrize(
    ("call", "lines", "expected"),
    [
        ("Bot(os.getenv('TOKEN', ''))", [4], [("TOKEN", True)]),
        ("Bot(token=os.getenv('TOKEN') or '')", [4], [("TOKEN", True)]),
        ("Bot('a', name=os.getenv('TOKEN'))", [4], []),
        ("Bot(os.getenv('TOKEN') or 'a')", [4], []),
        ("Other(os.getenv('TOKEN'))", [4], []),
        ("Bot(*os.getenv('TOKEN'))", [4], []),
        ("number(os.environ.get('PORT'))", [8], [("PORT", False)]),
        ("number(PORT)", [8], [("PORT", False)]),
        ("both(os.getenv('PORT'), os.getenv('MODE'))", [8, 12], [("PORT", False)]),
    ],
)
def test_a_value_that_the_callers_pass_on(
    tmp_path: Path, call: str, lines: list[int], expected: list[tuple[str, bool]]
) -> None:
    path = tmp_path / "bot.py"
    path.write_text(f"{BOT}PORT = os.getenv('PORT')\nx = {call}\n")
    first, *others = [("bot", line) for line in (*lines, BOT.count("\n") + 2)]
    lookups = Lookups({"bot": str(path)}, {})
    assert lookups.unset_variables_at(*first, "", tuple(others)) == expected
    assert lookups.unset_variables_at(*first, "", (("library", 1), *others)) == []
