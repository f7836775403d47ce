"""Imports inside functions whose target is not in the image, told from source alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.code.late_imports import LateImports
from importguard.probe.select.finder import Finder
from importguard.probe.select.selection import Selection

FILES = {
    "app/__init__.py": "",
    "app/full/__init__.py": "from .one import *\n",
    "app/full/one.py": "",
    "app/moved/__init__.py": "__path__.append('/elsewhere')\n",
    "app/named/__init__.py": "name = 1\n",
    "app/native.cpython-313-x86_64-linux-gnu.so": "",
}

IMPORTS = {
    "import gone": ["gone"],
    "import gone.sub as g, json": ["gone.sub"],
    "from gone import a, b": ["gone"],
    "from app import missing": ["app.missing"],
    "from app.missing import name": ["app.missing"],
    "from .missing import name": ["app.missing"],
    "from . import (\n        native,\n        missing,\n    )": ["app.missing"],
    "from app.named import name, other": ["app.named.other"],
    "from app.named import *": [],
    "from app.full import any_name": [],  # a star may bind it
    "from app.moved import any_name": [],
    "import app.moved.any_name": [],
    "from app import native, named": [],
    "import json": [],
    "try:\n        import gone\n    except ImportError:\n        pass": [],
    "if sys.platform == 'win32':\n        import gone": [],
    "x = 'import gone'": [],
    "# import gone": [],
    "return\n    import gone": ["gone"],
}


GUARDED_ELSEWHERE = [
    "import sys\ndef f():\n    sys.path.insert(0, '/plugins')\n    import gone\n",
    "from importlib.util import find_spec\nHAS = find_spec('gone')\ndef f():\n    import gone\n",
    "try:\n    import gone\nexcept ImportError:\n    gone = None\ndef f():\n    from gone import a\n",
    "import app.named\napp.named.late = 1\ndef f():\n    from app.named import late\n",
]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str | None]:
    """Module → path of the application's files."""
    found: dict[str, str | None] = {}
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        if name.endswith(".py"):
            found[name[:-3].replace("/", ".").replace(".__init__", "")] = str(path)
    return found


def late(source: str, files: dict[str, str | None], tmp_path: Path) -> list[tuple[str, int, str]]:
    path = tmp_path / "app" / "user.py"
    path.write_text(source, "utf-8")
    imports = LateImports(["app.user"], {**files, "app.user": str(path)})
    found = imports.absent({"gone"}.intersection)
    assert all((site[0], site[2], site[5]) == ("app.user", [], str(path)) for site in found)
    return [(target, line, scope) for _, target, _, line, scope, _ in found]


@pytest.mark.parametrize("statement", IMPORTS)
def test_what_functions_import_and_the_image_lacks(
    statement: str, files: dict[str, str | None], tmp_path: Path
) -> None:
    source = f"def function():\n    {statement}\n"
    found = late(source, files, tmp_path)
    assert [target for target, _, _ in found] == IMPORTS[statement]
    assert {scope for _, _, scope in found} <= {"function"}


@pytest.mark.parametrize("source", GUARDED_ELSEWHERE)
def test_what_the_file_guards_or_sets_elsewhere(
    source: str, files: dict[str, str | None], tmp_path: Path
) -> None:
    assert late(source, files, tmp_path) == []


def test_imports_at_the_top_level_are_not_late(files: dict[str, str | None], tmp_path: Path) -> None:
    source = "import gone\nclass C:\n    import gone\n"
    source += "    def f(self):\n        import gone\n"
    assert late(source, files, tmp_path) == [("gone", 5, "function")]


def test_nothing_is_looked_for_where_nothing_is_imported_late(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import gone\n", "utf-8")
    files = {"a": str(tmp_path / "a.py"), "b": None, "c": str(tmp_path / "gone.py"), "d": "/native.so"}
    assert LateImports(files, files).absent(lambda names: pytest.fail(f"asked for {names}")) == []


LIBRARY = {
    "lib/__init__.py": "from .core import kept\n",
    "lib/core.py": "def kept(): ...\nfirst, second = 1, 2\nfrom os import (\n    path,\n)\n",
    "lib/lazy.py": "def __getattr__(name): ...\n",
    "single.py": "x = 1\n",
}
DOUBTFUL = {
    "from lib import kept, core": [],
    "from lib import lost": [("lib", ["lost"])],
    "from lib.core import kept, first, second, path": [],
    "from lib.core import kept, lost, gone": [("lib.core", ["lost"]), ("lib.core", ["gone"])],
    "from lib.core import *": [],
    "from lib.lazy import lost": [],
    "import lib.gone.deep": [("lib.gone.deep", [])],
    "from lib.gone import name": [("lib.gone", [])],
    "from single import x": [],
    "import single.gone": [],
    "import unknown.gone": [],
    "from app.full.one import lost": [("app.full.one", ["lost"])],
    "from app.named import lost": [],  # of a package, that it is absent is told without trying it
    "try:\n        from lib import lost\n    except ImportError:\n        pass": [],
    "if sys.version_info < (3, 8):\n        from lib import lost": [],
    "if lib.VERSION < (3, 8):\n        from lib import lost": [],
}


@pytest.mark.parametrize("statement", DOUBTFUL)
def test_what_seems_to_lack_what_functions_ask_of_it(
    statement: str, files: dict[str, str | None], tmp_path: Path
) -> None:
    for name, text in LIBRARY.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    user = tmp_path / "app" / "user.py"
    user.write_text(f"def function():\n    {statement}\n", "utf-8")
    finder = Finder([str(tmp_path / "site")], Selection([".py"], False, []))
    found = LateImports(["app.user"], {**files, "app.user": str(user)}).doubtful(finder.locate_module)
    assert [site[1:3] for site in found] == DOUBTFUL[statement]


def test_what_is_set_from_outside_is_not_asked_for_in_vain(
    files: dict[str, str | None], tmp_path: Path
) -> None:
    user = tmp_path / "app" / "user.py"
    user.write_text(
        "from app.full import one\none.late = 1\ndef f():\n    from app.full.one import late\n", "utf-8"
    )
    assert LateImports(["app.user"], {**files, "app.user": str(user)}).doubtful(lambda name: None) == []
