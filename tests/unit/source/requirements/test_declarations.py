"""What the files of a project declare, each requirement with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Optional

import pytest

from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.model import Requirement, Tree
from importguard.source.reader import read_source
from importguard.source.requirements.declarations import read_requirements
from importguard.source.requirements.install_files import with_source_paths
from importguard.source.requirements.installing import install_reads
from importguard.source.requirements.lock_files import read_lock

Row = tuple[str, str, str, Optional[str], int]


def declared(folder: Path, files: dict[str, str]) -> list[Requirement]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    notes: list[str] = []
    found = read_requirements(str(folder), ["."], [], notes)
    assert notes == []
    return found


def rows(folder: Path, name: str, text: str) -> list[Row]:
    """Name, specifier, kind, group, line."""
    return [
        (one.name, one.specifier, one.kind, one.group, one.place.line)
        for one in declared(folder, {name: text})
    ]


def test_a_requirement_file(tmp_path):
    text = (
        "# comment\n--index-url https://x\nFlask_Login ==1.0 # why\n\n"
        "a[x,y]>=1,<2; python_version < '3.9' \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
        "-e git+https://example.org/b.git@v1#egg=b\nc @ https://example.org/c.zip\n"
        "https://example.org/d_e-1.2-py3-none-any.whl\n./local\n-e .\nnot a requirement\n"
    )
    found = declared(tmp_path, {"requirements.txt": text})
    assert [(one.name, one.place.line) for one in found] == [
        ("flask-login", 3),
        ("a", 5),
        ("b", 8),
        ("c", 9),
        ("d-e", 10),
    ]
    first, second, third, fourth, fifth = found
    assert (first.specifier, first.place.text, first.kind) == ("==1.0", "Flask_Login ==1.0", "main")
    assert second.specifier == "<2,>=1"
    assert second.marker == 'python_version < "3.9"'
    assert third.editable
    assert fourth.url == "https://example.org/c.zip"
    assert fifth.specifier == "==1.2"


def test_files_that_include_others(tmp_path):
    found = declared(
        tmp_path,
        {
            "requirements.txt": "-r requirements/base.txt\n-c constraints.txt\na\n",
            "requirements/base.txt": "b\n-r ../requirements.txt\n",
            "requirements/dev.txt": "-r base.txt\nc\n",
            "constraints.txt": "d==1\n",
        },
    )
    said = [(one.name, one.kind, one.group, tuple((p.path, p.line) for p in one.via)) for one in found]
    assert ("b", "main", None, (("requirements.txt", 1),)) in said
    assert ("b", "main", None, ()) in said
    assert ("b", "group", "dev", (("requirements/dev.txt", 1),)) in said
    assert ("c", "group", "dev", ()) in said
    assert ("d", "constraint", None, (("requirements.txt", 2),)) in said
    assert ("d", "constraint", None, ()) in said


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("requirements.txt", None),
        ("requirements-dev.txt", "dev"),
        ("dev-requirements.txt", "dev"),
        ("requirements_test.txt", "test"),
        ("requirements-prod.txt", None),
        ("requirements.in", None),
        ("requirements/docs.txt", "docs"),
        ("requirements/production.txt", None),
        ("requirements-developer-portal.txt", None),
    ],
)
def test_a_file_s_name_tells_its_group(tmp_path, name, group):
    assert rows(tmp_path, name, "a\n") == [("a", "", "group" if group else "main", group, 1)]


def test_other_text_files_are_no_requirements(tmp_path):
    assert declared(tmp_path, {"robots.txt": "a\n", "notes.in": "a\n"}) == []


def test_pyproject(tmp_path):
    text = (
        '[project]\nname = "shop"\ndependencies = [\n  "a>=1",\n  "b; python_version < \'3.9\'",\n]\n'
        '[project.optional-dependencies]\nweb = ["c", "a>=1"]\n'
        '[dependency-groups]\ndev = [\n  {include-group = "web"},\n  "d",\n]\n'
    )
    assert rows(tmp_path, "pyproject.toml", text) == [
        ("a", ">=1", "main", None, 4),
        ("b", "", "main", None, 5),
        ("c", "", "extra", "web", 8),
        ("a", ">=1", "extra", "web", 8),
        ("d", "", "group", "dev", 12),
    ]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ('[tool.uv.sources]\nMy_lib = { path = "libs/my" }\n', ("libs/my", False)),
        ('[tool.uv.sources]\nmy-lib = { path = "libs/my", editable = true }\n', ("libs/my", True)),
        (
            '[tool.uv.sources]\nmy-lib = { git = "https://example.org/my" }\n',
            ("https://example.org/my", False),
        ),
        ("[tool.uv.sources]\nmy-lib = { workspace = true }\n", (None, True)),
        ('[tool.uv.sources]\nmy-lib = { index = "torch" }\n', (None, False)),
        ('[tool.uv.sources]\nmy-lib = [{ path = "a", marker = "x" }, { index = "torch" }]\n', (None, False)),
        ('[tool.poetry.dependencies]\nmy-lib = { path = "libs/my", develop = true }\n', ("libs/my", True)),
        ('[tool.poetry.dependencies]\nmy-lib = { extras = ["x"] }\n', (None, False)),
    ],
)
def test_where_a_tool_takes_a_listed_requirement_from(tmp_path, sources, expected):
    text = '[project]\ndependencies = ["my-lib>=2", "flask"]\n' + sources
    ours, flask, *_ = declared(tmp_path, {"pyproject.toml": text})
    assert (ours.url, ours.editable) == expected
    assert (flask.url, flask.editable) == (None, False)


def test_poetry(tmp_path):
    text = (
        '[tool.poetry.dependencies]\npython = "^3.11"\na = "^1.2.3"\n'
        'B_b = {version = "~2.1", extras = ["x"]}\n'
        'c = {git = "https://example.org/c.git"}\nd = {version = "*", optional = true}\ne = "1.0"\n'
        'f = [{version = "<2", python = "<3.9"}, {version = ">=2", python = ">=3.9"}]\ng = "^0.3"\n'
        '[tool.poetry.extras]\nweb = ["d"]\n'
        '[tool.poetry.group.test.dependencies]\nh = ">=1"\n[tool.poetry.dev-dependencies]\ni = "*"\n'
    )
    assert rows(tmp_path, "pyproject.toml", text) == [
        ("a", "<2,>=1.2.3", "main", None, 3),
        ("b-b", "<2.2,>=2.1", "main", None, 4),
        ("c", "", "main", None, 5),
        ("d", "", "extra", "web", 6),
        ("e", "==1.0", "main", None, 7),
        ("f", "<2", "main", None, 8),
        ("f", ">=2", "main", None, 8),
        ("g", "<0.4,>=0.3", "main", None, 9),
        ("i", "", "group", "dev", 15),
        ("h", ">=1", "group", "test", 13),
    ]
    found = declared(tmp_path, {"pyproject.toml": text})
    assert [one.marker for one in found if one.name == "f"] == [
        'python_version < "3.9"',
        'python_version >= "3.9"',
    ]
    assert next(one.url for one in found if one.name == "c") == "https://example.org/c.git"


def test_setup_cfg(tmp_path):
    text = (
        "[options]\ninstall_requires =\n    a>=1  # why\n    # no\n    b; python_version < '3'\n"
        "[options.extras_require]\ntest = c\n"
    )
    assert rows(tmp_path, "setup.cfg", text) == [
        ("a", ">=1", "main", None, 3),
        ("b", "", "main", None, 5),
        ("c", "", "extra", "test", 7),
    ]


def test_setup_py_as_far_as_it_is_literal(tmp_path):
    text = (
        "from setuptools import setup\nBASE = ['a>=1']\nMORE = open('x').readlines()\n"
        "setup(\n    install_requires=BASE + [\n        'b',\n    ] + MORE,\n"
        "    extras_require={'x': ['c']},\n)\n"
    )
    assert rows(tmp_path, "setup.py", text) == [
        ("a", ">=1", "main", None, 2),
        ("b", "", "main", None, 6),
        ("c", "", "extra", "x", 8),
    ]


def test_pipfile_and_its_lock(tmp_path):
    text = '[packages]\na = "*"\nb = {version = "==1", extras = ["x"]}\n[dev-packages]\nc = ">=2"\n'
    text += '[docs]\nd = "*"\n'
    assert rows(tmp_path, "Pipfile", text) == [
        ("a", "", "main", None, 2),
        ("b", "==1", "main", None, 3),
        ("c", ">=2", "group", "dev", 5),
        ("d", "", "group", "docs", 7),
    ]
    lock = {
        "_meta": {},
        "default": {"a": {"version": "==1", "markers": "python_version >= '3.8'"}},
        "develop": {"a": {"version": "==2"}},
    }
    (tmp_path / "Pipfile").unlink()
    assert rows(tmp_path, "Pipfile.lock", json.dumps(lock, indent=4)) == [
        ("a", "==1", "lock", None, 4),
        ("a", "==2", "lock", "dev", 10),
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "uv.lock",
            'version = 1\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "x" }\n'
            '[[package]]\nname = "shop"\nversion = "0"\nsource = { editable = "." }\n',
            [("a", "==1.0", "lock", None, 3), ("shop", "==0", "lock", None, 7)],
        ),
        (
            "poetry.lock",
            '[[package]]\nname = "a"\nversion = "1"\ngroups = ["main", "dev"]\n'
            "markers = \"os_name == 'nt'\"\n"
            '[[package]]\nname = "b"\nversion = "2"\ncategory = "dev"\n',
            [("a", "==1", "lock", None, 2), ("b", "==2", "lock", "dev", 7)],
        ),
        (
            "pylock.web.toml",
            'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\n[[packages]]\nname = "b"\n',
            [("a", "==1", "lock", None, 3), ("b", "", "lock", None, 6)],
        ),
    ],
)
def test_locks(tmp_path, name, text, expected):
    assert rows(tmp_path, name, text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project\n"),
        ("setup.py", "setup(\n"),
        ("Pipfile.lock", "[]"),
        ("setup.cfg", "a\n"),
    ],
)
def test_what_can_t_be_read_is_noted(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    notes: list[str] = []
    assert read_requirements(str(tmp_path), ["."], ["nothing.txt"], notes) == []
    assert sorted(note.split(" ")[0] for note in notes) == sorted([name, "nothing.txt"])


def test_odd_values_are_no_errors(tmp_path):
    odd = "project = 1\ntool = {poetry = {dependencies = [1], extras = 3}}\n[dependency-groups]\na = 3\n"
    assert declared(tmp_path, {"pyproject.toml": odd, "uv.lock": "package = 3\n"}) == []


def test_the_files_of_an_install_are_those_of_the_source(tmp_path):
    files = {
        "deploy/Dockerfile": (
            "FROM x\nWORKDIR /src\nCOPY back/reqs/ reqs/\nCOPY back/all*.txt ./\n"
            "COPY back/limits.txt /tmp/l.txt\n"
            "RUN pip install -r reqs/base.txt -r all.txt -r /other.txt -c /tmp/l.txt\n"
        ),
        "back/reqs/base.txt": "a\n",
        "back/all.txt": "b\n",
        "back/limits.txt": "c\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    source = read_source(Tree(str(tmp_path), dockerfile=str(tmp_path / "deploy/Dockerfile")))
    assert source.dockerfile is not None
    (install,) = source.dockerfile.installs
    assert install.files == ("back/reqs/base.txt", "back/all.txt", "/other.txt")
    assert {one.name for one in source.requirements} == {"a", "b"}


ENVIRONMENT = """\
name: shop
channels: [conda-forge]
dependencies:
  - python=3.11
  - conda-forge::pandas=1.5.3=py311_0
  - lxml>=4.9
  - numpy==1.26.4
  - scipy
  - pip:
      - dash==2.9
      - -r extra.txt
"""


def test_a_conda_environment(tmp_path):
    (tmp_path / "environment.yml").write_text(ENVIRONMENT)
    (tmp_path / "environment-dev.yml").write_text("dependencies:\n  - pytest\n")
    found = read_requirements(str(tmp_path), ["."], [], [])
    assert {(one.name, one.specifier, one.kind, one.place.line) for one in found} == {
        ("pandas", "==1.5.3.*", "conda", 5),
        ("lxml", ">=4.9", "conda", 6),
        ("numpy", "==1.26.4", "conda", 7),
        ("scipy", "", "conda", 8),
        ("dash", "==2.9", "main", 10),
        ("pytest", "", "group", 2),
    }


@pytest.mark.parametrize(
    ("spec", "specifier"),
    [
        ("numpy 1.8*", "==1.8.*"),
        ("numpy 1.8.*", "==1.8.*"),
        ("numpy=1.8", "==1.8.*"),
        ("numpy ==1.8=py_0", "==1.8"),
        ("numpy 1.8 py_0", "==1.8"),
        ("numpy>=1.8,<2", "<2,>=1.8"),
        ("numpy", ""),
    ],
)
def test_how_conda_writes_versions(tmp_path, spec, specifier):
    (tmp_path / "environment.yml").write_text(f"dependencies:\n  - {spec}\n")
    (found,) = read_requirements(str(tmp_path), ["."], [], [])
    assert (found.name, found.specifier) == ("numpy", specifier)


def test_other_yaml_is_no_environment(tmp_path):
    (tmp_path / "compose.yml").write_text(ENVIRONMENT)
    (tmp_path / "conda.yaml").write_text("- a\n- {b: [c]}\n")
    assert read_requirements(str(tmp_path), ["."], [], []) == []


def _workspace(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "root"\ndependencies = ["rich"]\n[tool.uv.workspace]\n'
        'members = ["apps/*", "libs/core"]\nexclude = ["apps/old"]\n'
    )
    for folder, needs in (("apps/api", '"core", "fastapi"'), ("apps/old", '"x"'), ("libs/core", '"attrs"')):
        (tmp_path / folder).mkdir(parents=True)
        name = folder.rpartition("/")[2]
        (tmp_path / folder / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\ndependencies = [{needs}]\n'
        )
    return read_requirements(str(tmp_path), ["."], [], [])


def test_the_members_of_a_workspace(tmp_path):
    found = {one.name: [project.name for project in one.projects] for one in _workspace(tmp_path)}
    assert found == {"rich": ["root"], "core": ["api"], "fastapi": ["api"], "attrs": ["api", "core"]}


@pytest.mark.parametrize(
    ("command", "installed"),
    [
        ("uv sync", {"rich"}),
        ("uv sync --package api", {"core", "fastapi", "attrs"}),
        ("uv sync --all-packages", {"rich", "core", "fastapi", "attrs"}),
        ("uv sync --project libs/core", {"attrs"}),
    ],
)
def test_what_an_install_of_a_workspace_brings(tmp_path, command, installed):
    requirements = _workspace(tmp_path)
    text = f"FROM python\nWORKDIR /app\nCOPY . .\nRUN {command}\n"
    dockerfile = with_source_paths(parse_dockerfile(text, "Dockerfile"), str(tmp_path))
    (install,) = dockerfile.installs
    assert {one.name for one in requirements if install_reads(install, one)} == installed


@pytest.mark.parametrize(
    ("command", "files"),
    [
        ("pip-sync", ["requirements.txt"]),
        ("pip-sync deps/base.txt", ["deps/base.txt"]),
    ],
)
def test_the_files_that_pip_sync_reads(tmp_path, command, files):
    for name in ("requirements.txt", "deps/base.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    text = f"FROM python\nWORKDIR /app\nCOPY . .\nRUN {command}\n"
    (install,) = with_source_paths(parse_dockerfile(text, "Dockerfile"), str(tmp_path)).installs
    assert sorted(install.files) == files


@pytest.mark.parametrize(
    ("name", "dependencies"),
    [
        ("uv.lock", 'dependencies = [{ name = "botocore" }, { name = "s3transfer" }]\n'),
        ("pdm.lock", 'dependencies = ["botocore<2,>=1.3", "s3transfer; os_name == \'posix\'"]\n'),
        ("poetry.lock", '[package.dependencies]\nbotocore = ">=1.3"\nS3transfer = "*"\n'),
    ],
)
def test_what_a_locked_distribution_requires(name: str, dependencies: str) -> None:
    text = f'[[package]]\nname = "boto3"\nversion = "1.4"\n{dependencies}'
    (found,) = read_lock(text, name)
    assert found.requires == {"botocore", "s3transfer"}
