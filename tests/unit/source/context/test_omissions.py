"""Which modules a build leaves out, and which of them the code that goes in imports."""

from __future__ import annotations

import ast
import time
from pathlib import Path
from typing import Any

import pytest

from importguard.source.context.omissions import Build, find_omissions
from importguard.source.model import Tree
from importguard.source.reader import read_source

SHOP = {
    "Dockerfile": "FROM x\nWORKDIR /app\nCOPY . .\n",
    "shop/__init__.py": "",
    "shop/main.py": "from shop.services import monitoring\n",
    "shop/services/__init__.py": "",
    "shop/services/monitoring/__init__.py": "",
    "shop/services/monitoring/metrics.py": "",
    "tests/test_main.py": "import shop.services.monitoring\n",
}


def build(folder: Path, files: dict[str, str], **more: Any) -> Build:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return find_omissions(read_source(Tree(str(folder)), contents=False), **more)


def missed(found: Build) -> list[tuple[str, Any, str, int]]:
    """Module, severity, the line to blame, the first import's line."""
    return [
        (
            one.module,
            one.severity,
            f"{one.left_out.place.path}:{one.left_out.place.line}" if one.left_out.place else "",
            one.imports[0].line,
        )
        for one in found.omissions
    ]


def test_a_package_that_dockerignore_leaves_out(tmp_path):
    found = build(tmp_path, {**SHOP, ".dockerignore": "*.md\n**/monitoring/\n"})
    assert missed(found) == [("shop.services.monitoring", "error", ".dockerignore:2", 1)]
    (one,) = found.omissions
    assert one.left_out.exception == "!shop/services/monitoring/"
    assert [site.path for site in one.imports] == ["shop/main.py"]
    assert (found.files, found.going_in, found.others, found.error_count) == (6, 4, (), 1)


def test_imports_in_tests_count_when_asked_for(tmp_path):
    files = {**SHOP, ".dockerignore": "**/monitoring/\n", "shop/main.py": ""}
    assert missed(build(tmp_path, files)) == []
    assert missed(build(tmp_path, files, include_tests=True)) == [
        ("shop.services.monitoring", "error", ".dockerignore:1", 1)
    ]


def test_what_nothing_imports_is_no_finding(tmp_path):
    found = build(tmp_path, {**SHOP, ".dockerignore": "tests\n"})
    assert found.omissions == ()
    assert [(one.path, one.cause) for one in found.others] == [("tests/test_main.py", "ignored")]


def test_what_no_copy_takes(tmp_path):
    files = {
        **SHOP,
        "Dockerfile": "FROM x\nCOPY shop/*.py /app/shop/\nCOPY shop/s*/__init__.py /app/shop/services/\n",
    }
    found = build(tmp_path, files)
    assert missed(found) == [("shop.services.monitoring", "error", "Dockerfile:3", 1)]
    assert found.omissions[0].left_out.cause == "not-copied"


@pytest.mark.parametrize(
    ("statement", "severity"),
    [
        ("import shop.lost", "error"),
        ("from shop import (  # why\n    main,\n    lost,\n)", "error"),
        ("from . import lost", "error"),
        ("from .lost import x", "error"),
        ("from ..shop.lost import x", None),
        ("x = 1; import shop.lost as y", "error"),
        ("if x: from shop import \\\n    lost", None),
        ("def f():\n    import shop.lost", "warning"),
        ("try:\n    import shop.lost\nexcept ImportError:\n    pass", None),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shop.lost", None),
        ("'''\nimport shop.lost\n'''", "nothing"),
        ("import lost", "nothing"),
        ("import other.lost", "nothing"),
        ("import shop.lost.\n", "nothing"),
    ],
)
def test_imports(tmp_path, statement, severity):
    files = {
        "Dockerfile": "FROM x\nCOPY . /app\n",
        ".dockerignore": "**/lost.py\n",
        "shop/__init__.py": "",
        "shop/main.py": statement + "\n",
        "shop/lost.py": "",
    }
    found = [one.severity for one in build(tmp_path, files).omissions]
    leaves_the_top = statement.startswith("from ..")
    assert found == ([] if severity == "nothing" or leaves_the_top else [severity])


def test_the_import_that_harms_is_shown_first(tmp_path):
    """One that is guarded comes after it, though its file comes before."""
    guarded = "try:\n    import shop.services.monitoring\nexcept ImportError:\n    pass\n"
    late = "\n\ndef go():\n    import shop.services.monitoring\n"
    files = {**SHOP, ".dockerignore": "**/monitoring/\n", "shop/main.py": late, "shop/api.py": guarded}
    (one,) = build(tmp_path, files).omissions
    assert (one.severity, [site.path for site in one.imports]) == ("warning", ["shop/main.py", "shop/api.py"])


def test_a_script_imports_what_lies_beside_it(tmp_path):
    files = {
        "Dockerfile": "FROM x\nCOPY . /app\n",
        ".dockerignore": "back/helpers.py\nback/shop\nback/json.py\n",
        "back/run.py": "import helpers, shop.a, json\n",
        "back/helpers.py": "",
        "back/shop/__init__.py": "",
        "back/json.py": "",
        "other/run.py": "import helpers\n",
    }
    assert {one.module for one in build(tmp_path, files).omissions} == {"helpers", "shop"}


def test_another_module_of_that_name_that_goes_in(tmp_path):
    files = {
        "Dockerfile": "FROM x\nCOPY . /app\n",
        ".dockerignore": "old\n",
        "src/shop/__init__.py": "import shop.api\n",
        "src/shop/api.py": "",
        "old/src/shop/__init__.py": "",
        "old/src/shop/api.py": "",
    }
    assert build(tmp_path, files).omissions == ()


def test_a_package_without_its_init_is_a_namespace(tmp_path):
    files = {**SHOP, ".dockerignore": "shop/services/monitoring/__init__.py\n"}
    assert build(tmp_path, files).omissions == ()


@pytest.mark.parametrize(
    "lines",
    [
        "FROM x AS b\nCOPY . /src\nRUN pip install /src\nFROM x\nCOPY --from=b /opt /opt\n",
        "FROM x AS b\nCOPY . /src\nRUN python -m build\nFROM x\nCOPY --from=b /src/dist /dist\n",
        "FROM x AS b\nCOPY . /src\nRUN cp -r /src/shop /out\nFROM x\nCOPY --from=b /out /app\n",
        "FROM x\nRUN --mount=type=bind,target=/src pip install /src\n",
        "FROM x\nCOPY . /src\nRUN mv /src/shop /app\n",
        "FROM x AS b\nCOPY . /src\nFROM b\n",
    ],
)
def test_what_may_arrive_another_way_is_not_said_to_be_left_out(tmp_path, lines):
    found = build(tmp_path, {**SHOP, "Dockerfile": lines})
    assert (found.omissions, found.others) == ((), ())


@pytest.mark.parametrize(
    ("requirements", "command", "missing"),
    [
        ("flask\n", "pip install -r requirements.txt", ["kit"]),
        ("flask\n", "apt-get install -y make wheel && pip install -r requirements.txt", ["kit"]),
        ("flask\n", "pip install -r requirements.txt && make -C libs", []),
        ("-r local.txt\n", "apt-get install -y make && pip install -r requirements.txt", []),
    ],
)
def test_a_stage_that_makes_a_distribution_of_what_it_gets(tmp_path, requirements, command, missing):
    files = {
        "requirements.txt": requirements,
        "local.txt": "./libs/kit\n",
        "libs/kit/src/kit/__init__.py": "",
        "shop/main.py": "import kit\n",
        "Dockerfile": f"FROM x AS b\nCOPY . .\nRUN {command}\nFROM x\nCOPY --from=b /venv /venv\n"
        "WORKDIR /app\nCOPY shop ./shop\n",
    }
    assert [omission.module for omission in build(tmp_path, files).omissions] == missing


KIT_PROJECT = {
    "module/pyproject.toml": '[project]\nname = "kit-tools"\n',
    "module/src/kit/__init__.py": "",
    "app/main.py": "import kit\n",
}


@pytest.mark.parametrize(
    ("requirements", "install", "missing"),
    [
        ({"requirements.txt": "kit>=3\n"}, "pip install -r requirements.txt", []),
        ({"requirements.txt": "Kit.Tools\n"}, "pip install -r requirements.txt", []),
        ({}, "pip install kit-tools==3", []),
        # No line installs it, or it is a folder of the source that the build does not get.
        ({"requirements.txt": "kit>=3\n"}, "pip install flask", ["kit"]),
        ({"requirements.txt": "-e ./module\n"}, "pip install -r requirements.txt", ["kit"]),
        (
            {
                "pyproject.toml": '[project]\nname = "root"\ndependencies = ["kit-tools"]\n'
                '[tool.uv.workspace]\nmembers = ["module"]\n'
            },
            "uv sync --frozen",
            ["kit"],
        ),
        (
            {
                "pyproject.toml": '[tool.poetry]\nname = "root"\n[tool.poetry.dependencies]\n'
                'kit-tools = {path = "module"}\n'
            },
            "poetry install --only main",
            ["kit"],
        ),
        (
            {
                "pyproject.toml": '[project]\nname = "root"\ndependencies = ["kit-tools"]\n'
                '[tool.uv.sources]\nkit-tools = {path = "module"}\n'
            },
            "uv sync --frozen",
            ["kit"],
        ),
        (
            {
                "pyproject.toml": '[project]\nname = "root"\ndependencies = ["kit-tools"]\n'
                '[tool.uv.sources]\nkit-tools = {git = "https://example.org/kit"}\n'
            },
            "uv sync --frozen",
            [],
        ),
        ({"requirements.txt": "kit @ file:///app/module\n"}, "pip install -r requirements.txt", ["kit"]),
    ],
)
def test_what_is_installed_from_an_index_is_not_missed(tmp_path, requirements, install, missing):
    """``ranking-challenge = ">=3.3"`` brings what ``module/`` of the same repository is the source of."""
    lines = f"FROM x\nWORKDIR /app\nCOPY *.toml *.txt ./\nRUN {install}\nCOPY app .\n"
    found = build(tmp_path, {**KIT_PROJECT, **requirements, "Dockerfile": lines})
    assert [omission.module for omission in found.omissions] == missing


def test_of_copies_that_are_as_near_the_one_that_brings_the_importer_is_named(tmp_path):
    files = {
        "shop/main.py": "import worker\n",
        "worker/__init__.py": "",
        "scripts/run.py": "",
        "Dockerfile": "FROM x\nWORKDIR /app\nCOPY shop shop\nCOPY scripts scripts\n",
    }
    assert missed(build(tmp_path, files)) == [("worker", "error", "Dockerfile:3", 1)]


def test_a_stage_that_is_not_used_brings_nothing(tmp_path):
    lines = "FROM x AS test\nCOPY . /app\nRUN python -m build\nFROM x\nCOPY shop/main.py /app/shop/\n"
    found = build(tmp_path, {**SHOP, "Dockerfile": lines})
    assert [one.module for one in found.omissions] == ["shop.services"]


def test_what_can_t_be_told_is_said(tmp_path):
    found = build(tmp_path, {**SHOP, "Dockerfile": "FROM x\nCOPY $WHAT /app\n"})
    assert found.omissions == ()
    assert found.notes == (
        "What Dockerfile:2 copies can't be told, so nothing is said of what no COPY takes.",
    )
    (tmp_path / "Dockerfile").unlink()
    found = find_omissions(read_source(Tree(str(tmp_path)), contents=False))
    assert found.notes == ("There is no Dockerfile: only what .dockerignore leaves out was looked at.",)


def test_files_that_are_no_python_are_no_errors(tmp_path):
    files = {
        **SHOP,
        ".dockerignore": "**/monitoring/\n",
        "shop/odd.py": "import shop.services.monitoring (\n\0",
    }
    assert [site.path for site in build(tmp_path, files).omissions[0].imports] == ["shop/main.py"]


def test_many_files_cost_less_than_parsing_them_twice(tmp_path):
    body = "import os\nfrom shop.p1 import m1\n\n\ndef f(x):\n    return x + 1\n" * 20
    files = {f"shop/p{number}/m{inner}.py": body for number in range(30) for inner in range(50)}
    files.update({f"shop/p{number}/__init__.py": "" for number in range(30)})
    for name, text in {
        **files,
        "Dockerfile": "FROM x\nCOPY . /app\n",
        ".dockerignore": "**/m7.py\n**/p3/\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    start = time.process_time()
    found = find_omissions(read_source(Tree(str(tmp_path)), contents=False))
    ours = time.process_time() - start
    start = time.process_time()
    for name in files:
        ast.parse((tmp_path / name).read_bytes())
    assert ours < 2 * (time.process_time() - start)
    assert (found.files, len(found.others)) == (1530, 80)


def test_namespace_packages_in_the_src_folders_of_a_workspace_and_on_the_path_that_the_image_sets(tmp_path):
    dockerfile = (
        "FROM x\nENV PYTHONPATH=/opt/lib\nWORKDIR /app\nCOPY packages packages\nCOPY common /opt/lib\n"
    )
    files = {
        "Dockerfile": dockerfile,
        ".dockerignore": "**/late.py\n",
        "packages/api/src/acme/api/main.py": "import acme.core.late\nimport shared.late\n",
        "packages/core/src/acme/core/late.py": "",
        "packages/core/src/acme/core/db.py": "",
        "common/shared/late.py": "",
        "common/shared/log.py": "",
    }
    assert missed(build(tmp_path, files)) == [
        ("acme.core.late", "error", ".dockerignore:1", 1),
        ("shared.late", "error", ".dockerignore:1", 2),
    ]


def test_the_copy_of_a_project_beside_others_goes_beside_them(tmp_path):
    files = {
        "Dockerfile": "FROM x\nWORKDIR /app\nCOPY packages/api /srv/packages/api\n",
        "packages/api/src/acme/api/main.py": "import acme.core.db\n",
        "packages/core/src/acme/core/db.py": "",
    }
    (one,) = build(tmp_path, files).omissions
    assert one.copy == "COPY packages/core/src/acme /srv/packages/core/src/acme"


LATE = {
    "Dockerfile": "FROM x\nWORKDIR /app\nCOPY pyproject.toml ./\nRUN pip install -e .\nCOPY shop shop\n",
    "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n[project]\nname = "shop"\n'
    '[project.scripts]\nserve = "shop.cli:main"\n',
    "shop/__init__.py": "",
    "shop/cli.py": "def main(): ...\n",
}


def test_a_console_script_does_not_find_what_is_copied_after_its_editable_install(tmp_path):
    files = {**LATE, "Dockerfile": LATE["Dockerfile"] + 'CMD ["serve", "--port", "80"]\n'}
    found = build(tmp_path, files)
    assert missed(found) == [("shop", "error", "Dockerfile:5", 6)]
    (one,) = found.omissions
    assert (one.left_out.cause, one.imports[0].scope) == ("copied-after-install", "start")
    assert found.notes == ()


@pytest.mark.parametrize("command", ['CMD ["python", "-m", "shop.cli"]', "CMD uvicorn shop.cli:main", ""])
def test_what_else_starts_may_find_it_in_its_working_directory(tmp_path, command):
    found = build(tmp_path, {**LATE, "Dockerfile": LATE["Dockerfile"] + command + "\n"})
    assert found.omissions == ()
    (note,) = found.notes
    assert "Put that COPY above line 4" in note
