"""Which files are scripts that nothing in the application imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.unimported_scripts import unimported_scripts

SCRIPT = "import rich\nif __name__ == '__main__':\n    rich.print()\n"


def found(folder: Path, files: dict[str, str], marked: bool = True) -> dict[str, bool]:
    modules = {}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        modules[name[: -len(".py")].replace("/", ".")] = str(path)
    told = unimported_scripts(modules, Budget(10))
    return {one["module"]: one["aside"] for one in told if one["marked"] is marked}


def test_a_file_at_the_top_that_nothing_imports_may_be_one(tmp_path: Path) -> None:
    files = {"version.py": "import git\n", "main.py": "import shop\n", "shop/late.py": "", "shop.py": ""}
    assert found(tmp_path, files, marked=False) == {"version": False, "main": False}
    assert found(tmp_path, files) == {}


@pytest.mark.parametrize(
    "text",
    [SCRIPT, "#!/usr/bin/env python3\nimport rich\n", "args = parser.parse_args()\n", "name = sys.argv[1]\n"],
)
def test_what_reads_like_a_script(tmp_path: Path, text: str) -> None:
    files = {"scripts/seed.py": text, "train.py": text, "main.py": "import shop\n", "shop/__init__.py": ""}
    assert found(tmp_path, files) == {"scripts.seed": True, "train": False}


@pytest.mark.parametrize(
    "mention",
    [
        "from scripts import seed\n",
        "from scripts import (\n    other,\n    seed,\n)\n",
        "def late():\n    import scripts.seed\n",
        "task = 'scripts.seed:run'\n",
        "def late():\n    subprocess.run(['python', 'scripts/seed.py'])\n",
        "from .seed import run\n",
        "from scripts import (\n    fetch as f,\n    seed,\n)\n",
        "from scripts import (  # the jobs\n    fetch,  # first\n    seed)\n",
        "from scripts import fetch, \\\n    seed\n",
        "try: from scripts import seed\nexcept ImportError: pass\n",
        "from scripts import *\n",
        "import_module('.seed', 'scripts')\n",
    ],
)
def test_what_another_file_imports_or_names_is_none(tmp_path: Path, mention: str) -> None:
    assert found(tmp_path, {"scripts/seed.py": SCRIPT, "shop.py": mention}) == {}


def test_an_application_whose_name_speaks_of_tests_imports_it(tmp_path: Path) -> None:
    late = "def go():\n    from scripts import seed\n"
    files = {"scripts/seed.py": SCRIPT, "lab_tests/__init__.py": "", "lab_tests/views.py": late}
    assert found(tmp_path, files) == {}


def test_inside_a_package_none_lies_aside(tmp_path: Path) -> None:
    files = {"shop/__init__.py": "", "shop/contrib/pay.py": SCRIPT, "backend/scripts/seed.py": SCRIPT}
    modules = found(tmp_path, files)
    assert modules == {"backend.scripts.seed": True, "shop.contrib.pay": True}
    names = {"shop": "shop/__init__.py", "shop.contrib.pay": "shop/contrib/pay.py"}
    told = unimported_scripts({name: str(tmp_path / path) for name, path in names.items()}, Budget(10))
    marks = {"aside": False, "vendored": False, "marked": True, "works": False}
    assert told == [{"module": "shop.contrib.pay", **marks}]


@pytest.mark.parametrize(
    ("mention", "vendored"),
    [
        ("from shop._vendor import pint\n", True),
        ("from shop._vendor.pint.plots import draw\n", False),
        ("def late():\n    from shop._vendor.pint import plots\n", False),
        ("name = 'shop._vendor.pint.plots'\n", False),
    ],
)
def test_a_part_of_a_copied_library_that_only_the_copy_imports(
    tmp_path: Path, mention: str, vendored: bool
) -> None:
    files = {
        "shop/__init__.py": mention,
        "shop/_vendor/__init__.py": "",
        "shop/_vendor/pint/__init__.py": "def draw():\n    from .plots import draw\n",
        "shop/_vendor/pint/plots.py": "import matplotlib\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    modules = {name[: -len(".py")].replace("/", "."): str(tmp_path / name) for name in files}
    modules = {name.rpartition(".__init__")[0] or name: path for name, path in modules.items()}
    told = {one["module"]: one["vendored"] for one in unimported_scripts(modules, Budget(10))}
    assert told.get("shop._vendor.pint.plots", False) is vendored


def test_a_package_for_vendors_is_no_copied_library(tmp_path: Path) -> None:
    """Celery finds ``shop.vendors.tasks`` by its name alone."""
    assert found(tmp_path, {"shop/__init__.py": "", "shop/vendors/tasks.py": "import stripe\n"}) == {}


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("from main import app\nif bad():\n    raise ValueError('not here')\nsubprocess.run(c)\n", True),
        ("with open('api.json', 'wt') as file:\n    file.write(text)\n", True),
        ("os.chdir('../frontend')\nos.system('npm run generate')\n", True),
        ("DEBUG = open('flags').read()\nif not KEY:\n    raise ValueError('KEY')\n", False),
        ("PATH = shutil.which('ffmpeg')\n", False),
        ("def build():\n    subprocess.run(c)\nbuild()\n", False),
        ("subprocess.run(c\n", False),
    ],
)
def test_a_file_that_is_but_a_piece_of_work(tmp_path: Path, text: str, works: bool) -> None:
    for name, content in {"main.py": "", "generate.py": text, "__init__.py": text}.items():
        (tmp_path / name).write_text(content)
    modules = {name: str(tmp_path / f"{name}.py") for name in ("main", "generate")}
    modules = {**modules, "api.generate": modules["generate"], "api": str(tmp_path / "__init__.py")}
    told = {one["module"]: one for one in unimported_scripts(modules, Budget(10))}
    assert (told["generate"]["works"], told["generate"]["marked"]) == (works, works)
    assert ("api.generate" in told, "api" in told) == (works, False)


def test_tests_and_modules_that_only_lie_there_do_not_count(tmp_path: Path) -> None:
    files = {
        "scripts/seed.py": SCRIPT,
        "tests/test_seed.py": "from scripts import seed\n",
        "tools/search.py": "import rich\ndef parse():\n    return parser.parse_args()\n",
    }
    assert found(tmp_path, files) == {"scripts.seed": True}
