"""What files import, found without running them."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from importguard.probe.code.quick_scan import mentioned_modules
from importguard.probe.code.sites import (
    imported_modules,
    no_file,
    patched_names,
    read_sites,
    sites_of,
    sought_modules,
    static_reach,
)

Write = Callable[[dict[str, str]], dict[str, str]]


@pytest.fixture
def files(tmp_path: Path) -> Write:
    """Writes modules, given by path, and returns module → file."""

    def write(sources: dict[str, str]) -> dict[str, str]:
        found = {}
        for name, source in sources.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
            found[name[:-3].replace("/", ".").replace(".__init__", "")] = str(path)
        return found

    return write


MENTIONS = {
    "import a": {"a"},
    "import a.b as c": {"a.b"},
    "import a, b.c as d, e": {"a", "b.c", "e"},
    "    import indented": set(),
    "from a.b import c": {"a.b"},
    "from . import x": {"app.sub"},
    "from .y import x": {"app.sub.y"},
    "from ..y import x": {"app.y"},
    "from .. import x": {"app"},
    "from a import (\n    b,\n    c,\n)": {"a"},
    "lazy import a\nlazy from .b import c": {"a", "app.sub.b"},
    "important = 1\nfrom_here = 2": set(),
    "# import a\nx = 'import b'": set(),
    "try:\n    import a\nexcept ImportError:\n    from b import c": set(),
}


@pytest.mark.parametrize("source", MENTIONS)
def test_lines_that_seem_to_import(source: str, files: Write) -> None:
    found = files({"app/sub/mod.py": source})
    assert mentioned_modules("app.sub.mod", found["app.sub.mod"]) == MENTIONS[source]


def test_a_package_mentions_relative_to_itself(files: Write) -> None:
    found = files({"app/__init__.py": "from . import x\nfrom .y import z\n"})
    assert mentioned_modules("app", found["app"]) == {"app", "app.y"}


def test_a_file_that_cannot_be_read_mentions_nothing(tmp_path: Path) -> None:
    assert mentioned_modules("gone", str(tmp_path / "gone.py")) == set()


def test_what_cannot_be_read_or_parsed_has_no_sites(files: Write, tmp_path: Path) -> None:
    found = files({"broken.py": "import a\nimport\n"})
    (tmp_path / "binary.so").write_bytes(b"import a\n")
    assert read_sites("broken", found["broken"]) == []
    assert read_sites("gone", str(tmp_path / "gone.py")) == []
    assert read_sites("binary", str(tmp_path / "binary.so")) == []
    assert read_sites("namespace", None) == []


def test_unguarded_sites_run_whenever_their_module_does(files: Write) -> None:
    source = (
        "from .y import x\ntry:\n    import b\nexcept ImportError:\n    b = None\ndef f():\n    import c\n"
    )
    found = files({"app/mod.py": source})
    path = found["app.mod"]
    assert sites_of("app.mod", path) == [("app.mod", "app.y", ["x"], 1, "module", path)]


HEADS = {
    "import a\nfrom b import (\n    c,\n)\nx = 1\nif x:\n    import d\n": ["a", "b"],
    '"""Text.\n\nimport example\nmore text\n"""\nimport a\n': ["a"],
    'import a\nTEXT = """\nimport example\nmore text\n"""\n': ["a"],
    "import a\nx = (\n1)\nimport b\n# the end\n": ["a", "b"],
    "import a\nthis is no Python\n": ["a"],
    "import a\nthis is no Python\nimport b\n": [],
}


@pytest.mark.parametrize("source", HEADS)
def test_of_most_files_only_the_head_is_parsed(source: str, files: Write) -> None:
    path = files({"mod.py": source})["mod"]
    assert [target for _, target, *_ in sites_of("mod", path)] == HEADS[source]


def test_importing_a_name_runs_the_parents_and_may_run_a_submodule() -> None:
    files = dict.fromkeys(["a", "a.b", "a.b.c", "a.d"], "")
    assert imported_modules("a.b", ["c", "attribute"], files) == ["a", "a.b", "a.b.c"]
    assert imported_modules("elsewhere.b", ["c"], files) == []


def test_what_an_entry_reaches_by_imports_that_always_run(files: Write) -> None:
    found = files(
        {
            "app/__init__.py": "from app import early\n",
            "app/early.py": "",
            "app/main.py": "import app.one\nfrom app import two, name\nimport third_party\n",
            "app/one.py": "import app.main\n",  # a cycle
            "app/two.py": "def f():\n    import app.later\n",
            "app/later.py": "",
            "app/optional.py": "",
            "app/other.py": "import app.main\n",
        }
    )
    assert static_reach("app.main", found) == {"app", "app.early", "app.main", "app.one", "app.two"}
    assert static_reach("not_there", found) == set()


PATCHES = {
    "import json\njson.dumps = None\n": {".json"},
    "import a.b\nif a:\n    a.b.c = 1\n": {".b"},
    "import numpy as np\nnp.x: int = 1\n": {".np", ".numpy"},
    "from a import (\n    b,\n    c as d,\n)\nb.x = d.x = 1\n": {".b"},
    "from a import b, \\\n    c\nc.x = 1\n": {".c"},
    "from a import *\njson.dumps = 1\n": {".json"},
    "def f(tool):\n    tool.x = 1\n": set(),  # nothing that the file imports
    "import json\njson.dumps == 1\nself.json = 1\n": set(),
    "setattr(json, 'dumps', None)\n": {".json"},
    "vars(json)['dumps'] = None\n": {".json"},
    "json.__dict__['dumps'] = None\n": {".json"},
    "import app\napp.__path__.append('x')\n": {".app"},
    "import sys\nsys.modules['a.b'].x = 1\n": {".b", "_getframe"},
    "x = 1\ndef f():\n    global x\n    x = 2\n": {"mod"},
    "import os\nos.putenv('A', '1')\n": {"putenv"},
}


@pytest.mark.parametrize("source", PATCHES)
def test_names_of_modules_that_a_file_may_change(source: str, files: Write) -> None:
    assert patched_names("mod", files({"mod.py": source})["mod"]) == PATCHES[source]


SOUGHT = {
    "if 'a.b' in sys.modules:\n    pass\n": ["a.b"],
    "if 'a' in sys.modules or 'b' not in sys.modules:\n    pass\n": ["a", "b"],
    "def ask():\n    return 'a' in sys.modules\nask()\n": ["a"],
    "try:\n    sys.modules['a'].x\nexcept KeyError:\n    pass\n": ["a"],
    "same = sys.modules.get('a') is sys.modules['b'] == 1\n": ["a", "b"],
    "if any(name in sys.modules for name in NAMES):\n    sys.modules['a']\n": [],  # another way as well
    "frame = sys._getframe(1)\n": [],
}


@pytest.mark.parametrize("source", SOUGHT)
def test_modules_that_a_file_looks_for_among_those_that_are_loaded(source: str, files: Write) -> None:
    path = files({"mod.py": "import sys\n" + source})["mod"]
    assert sought_modules(path) == SOUGHT[source]
    assert "_getframe" in patched_names("mod", path)


@pytest.mark.parametrize(
    "source", ["sys.modules['a'] = 1\n", "def ask(name):\n    return name in sys.modules\n"]
)
def test_a_file_that_asks_for_no_module_by_its_name(source: str, files: Write) -> None:
    assert "_getframe" not in patched_names("mod", files({"mod.py": "import sys\n" + source})["mod"])


def test_a_module_of_a_package_that_is_not_there_is_no_file_either(files: Write) -> None:
    found = files({"shop/__init__.py": "", "shop/b.py": "", "shop/space/c.py": "", "plain.py": ""})
    absent = [
        name
        for name in ("shop.x", "shop.x.deep.y", "shop.space.c.d", "shop.b", "plain.x.y", "other.x.y")
        if no_file(name, found)
    ]
    assert absent == ["shop.x", "shop.x.deep.y"]
