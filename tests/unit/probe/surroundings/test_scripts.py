"""Which files are scripts that nothing in the application imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.scripts import unimported_scripts

SCRIPT = "import rich\nif __name__ == '__main__':\n    rich.print()\n"


def found(folder: Path, files: dict[str, str]) -> dict[str, bool]:
    modules = {}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        modules[name[: -len(".py")].replace("/", ".")] = str(path)
    told = unimported_scripts(modules, Budget(10))
    return {one["module"]: one["aside"] for one in told}


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
        "subprocess.run(['python', 'scripts/seed.py'])\n",
        "from .seed import run\n",
    ],
)
def test_what_another_file_imports_or_names_is_none(tmp_path: Path, mention: str) -> None:
    assert found(tmp_path, {"scripts/seed.py": SCRIPT, "shop.py": mention}) == {}


def test_tests_and_modules_that_only_lie_there_do_not_count(tmp_path: Path) -> None:
    files = {
        "scripts/seed.py": SCRIPT,
        "tests/test_seed.py": "from scripts import seed\n",
        "tools/search.py": "import rich\ndef parse():\n    return parser.parse_args()\n",
    }
    assert found(tmp_path, files) == {"scripts.seed": True}
