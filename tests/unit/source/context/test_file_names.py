"""The names that files have in the image, and what is left out under such a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.source.context.omissions import find_omissions
from importguard.source.model import Tree
from importguard.source.reader import read_source


def left_out(folder: Path, files: dict[str, str]) -> list[tuple[str, str | None]]:
    """The modules that are left out and imported, each with the COPY line that it needs."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    found = find_omissions(read_source(Tree(str(folder)), contents=False))
    return [(one.module, one.copy) for one in found.omissions]


@pytest.mark.parametrize(
    "lines",
    [
        "COPY api /backend/api\nWORKDIR /\n",
        "COPY api /backend/api\n",  # Docker's own WORKDIR is /
        "WORKDIR /srv\nCOPY api backend/api\n",
        "ENV PYTHONPATH=/opt\nWORKDIR /srv\nCOPY api /opt/backend/api\n",
        "WORKDIR /srv\nENV PYTHONPATH=lib\nCOPY api lib/backend/api\n",
        "WORKDIR /srv\nCOPY api lib/backend/api\nCMD cd lib && python -m backend.api.main\n",
        'WORKDIR /srv\nCOPY api lib/backend/api\nCMD ["uvicorn", "--app-dir=lib", "backend.api.main:app"]\n',
        'WORKDIR /srv\nCOPY run.py lib/\nCOPY api lib/backend/api\nCMD ["python", "lib/run.py"]\n',
    ],
)
@pytest.mark.parametrize("statement", ["from backend.core import db", "import backend.core.db"])
def test_the_folder_that_copy_writes_to_is_in_front_of_the_names(tmp_path, lines, statement):
    files = {"Dockerfile": f"FROM x\n{lines}", "run.py": "", "api/main.py": statement, "core/db.py": ""}
    ((module, copy),) = left_out(tmp_path, files)
    assert module == "backend.core.db"
    assert copy is not None
    assert copy.startswith("COPY core /")
    assert copy.endswith("/backend/core")


def test_a_folder_that_gets_another_name(tmp_path):
    files = {
        "Dockerfile": "FROM x\nWORKDIR /app\nCOPY src /app/shop\n",
        ".dockerignore": "**/lost.py\n",
        "src/main.py": "import shop.lost\nimport shop.there\n",
        "src/lost.py": "",
        "src/there.py": "",
    }
    assert left_out(tmp_path, files) == [("shop.lost", None)]


def test_relative_imports_leave_the_folder_that_is_copied(tmp_path):
    files = {
        "Dockerfile": "FROM x\nWORKDIR /\nCOPY api /backend/api\n",
        "api/main.py": "from ..core import db\n",
        "core/db.py": "",
    }
    assert left_out(tmp_path, files) == [("backend.core.db", "COPY core /backend/core")]


def test_what_the_started_file_adds_to_sys_path(tmp_path):
    add = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '../../..'))\n"
    files = {
        "Dockerfile": 'FROM x\nCOPY api /src/api\nWORKDIR /src/api\nCMD ["python3", "-m", "app.main"]\n',
        "api/app/main.py": f"{add}from src.core import db\n",
        "core/db.py": "",
    }
    assert left_out(tmp_path, files) == [("src.core.db", "COPY core /src/core")]


@pytest.mark.parametrize(
    "lines",
    [
        "COPY api /backend/api\nCOPY core /backend/core\n",
        "COPY api /backend/api\nCOPY other /backend/core\n",  # another folder under that name
        "COPY api /backend/api\nCOPY core/db.py /backend/core/\n",
    ],
)
def test_what_copy_brings_under_that_name_is_there(tmp_path, lines):
    files = {
        "Dockerfile": f"FROM x\nWORKDIR /\n{lines}",
        "api/main.py": "from backend.core import db\n",
        "core/db.py": "",
        "other/db.py": "",
    }
    assert left_out(tmp_path, files) == []


def test_a_left_out_folder_that_is_called_like_a_library(tmp_path):
    """It would be below the folder that COPY writes to, and so it is not what the import means."""
    files = {
        "Dockerfile": "FROM x\nWORKDIR /srv\nCOPY api /srv/backend/api\n",
        "api/main.py": "import clients.redis\n",
        "old/clients/redis.py": "",
    }
    assert left_out(tmp_path, files) == []
