"""A script run as ``__main__``, without its program."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from importguard.probe.workers.main_body import run_script

GUARD = "if __name__ == '__main__':\n    raise SystemExit\n    print()\nelse:\n    print('imported')\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    main = sys.modules["__main__"]
    yield tmp_path
    sys.modules["__main__"] = main
    for name in ("the_script", "the_package", "the_package.the_script"):
        sys.modules.pop(name, None)


def run(path: Path, name: str = "the_script", **more: bool) -> Any:
    path.parent.mkdir(exist_ok=True)
    run_script(name, {"path": str(path), "as_module": False, "again": False, **more}, importlib.import_module)
    return sys.modules["__main__"]


def test_its_body_runs_without_its_program(folder: Path) -> None:
    path = folder / "the_script.py"
    path.write_text("name, file = __name__, __file__\n" + GUARD + "last = 1\n")
    main = run(path)
    assert (main.name, main.file, main.last) == ("__main__", str(path), 1)
    assert (main.__package__, main.__spec__) == (None, None)
    assert "the_script" not in sys.modules


def test_lines_stay_where_they_were(folder: Path) -> None:
    path = folder / "the_script.py"
    path.write_text(GUARD + "import sys\nline = sys._getframe().f_lineno\n")
    assert run(path).line == GUARD.count("\n") + 2


def test_a_module_that_runs_knows_its_package(folder: Path) -> None:
    path = folder / "the_package" / "the_script.py"
    path.parent.mkdir()
    (path.parent / "__init__.py").touch()
    path.write_text("from . import __name__ as PARENT\nSPEC = __spec__.name\n" + GUARD)
    main = run(path, "the_package.the_script", as_module=True)
    assert (main.PARENT, main.SPEC) == ("the_package", "the_package.the_script")


def test_what_its_program_imports_by_its_name_runs_again(folder: Path) -> None:
    path = folder / "the_script.py"
    path.write_text("NAME = __name__\n" + GUARD)
    assert run(path, again=True).NAME == "__main__"
    assert sys.modules["the_script"].NAME == "the_script"


@pytest.mark.parametrize(
    "guard",
    [
        "if __name__ == '__main__' and NAME:\n    raise SystemExit\n",
        "def go(name='__main__'):\n    if __name__ == name:\n        raise SystemExit\ngo()\n",
        "if not __name__ != '__main__':\n    raise SystemExit\n",
    ],
)
def test_a_program_that_cannot_be_cut_off_is_not_run(folder: Path, guard: str) -> None:
    path = folder / "the_script.py"
    path.write_text("NAME = __name__\n" + guard)
    run(path)
    assert sys.modules["the_script"].NAME == "the_script"


def test_what_is_no_python_fails_as_its_import_does(folder: Path) -> None:
    path = folder / "the_script.py"
    path.write_text("import\n")
    with pytest.raises(SyntaxError):
        run(path)
