"""Finding an image's source, Dockerfile, stage and context in repositories on the disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

import pytest
from unit.builders import evidence

from importguard.evidence.inspection import Evidence, ImageFacts
from importguard.evidence.surroundings import Clues, ImageFile, System
from importguard.source.locating.listing import is_dockerfile_name, list_repository
from importguard.source.locating.locate import locate_build, locate_source
from importguard.source.reader import read_source

BACKEND = """\
FROM python:3.13-slim AS build
WORKDIR /src
COPY backend/requirements.txt .
FROM python:3.13-slim AS run
WORKDIR /app
COPY --from=build /src /src
COPY backend/ .
COPY shared shared
CMD ["gunicorn", "shop.main:app"]
FROM run AS test
RUN pip install pytest
"""
WORKER = """\
FROM python:3.13-slim
WORKDIR /app
COPY worker/ .
CMD ["python", "-m", "shop.main"]
"""
HISTORY = (
    'CMD ["python3"]',
    "WORKDIR /app",
    "COPY /src /src # buildkit",
    "COPY backend/ . # buildkit",
    "COPY shared shared # buildkit",
    'CMD ["gunicorn" "shop.main:app"]',
)
FILES = {
    "backend/shop/__init__.py": "",
    "backend/shop/main.py": "import shared.log\n",
    "backend/shop/cart.py": "x = 1\n",
    "backend/requirements.txt": "gunicorn\n",
    "shared/log.py": "y = 1\n",
    "worker/shop/main.py": "z = 1\n",
    "docker/Dockerfile.backend": BACKEND,
    "docker/Dockerfile.worker": WORKER,
    ".dockerfiles/web.Dockerfile": "FROM node\nCOPY web .\n",
    "Dockerfile": 'FROM node\nWORKDIR /srv\nCOPY package.json .\nRUN npm ci\nCMD ["node", "server.js"]\n',
}
IN_IMAGE = {
    "/app/shop/__init__.py": "",
    "/app/shop/main.py": "import shared.log\n",
    "/app/shop/cart.py": "x = 1\n",
    "/app/shared/log.py": "y = 1\n",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def image(
    files: Mapping[str, str] = IN_IMAGE, history: tuple[str, ...] = HISTORY, **facts: object
) -> Evidence:
    found = tuple(
        ImageFile(path, size=len(text), text_digest=hashlib.sha256(text.encode()).hexdigest())
        for path, text in files.items()
    )
    return evidence(
        clues=Clues(System(), {}, (), files=found),
        image=ImageFacts(history=history, **facts),  # type: ignore[arg-type]
    )


def found(seen: Evidence, folder: Path) -> tuple[Optional[str], Optional[str], Optional[str]]:
    """Dockerfile and context relative to the root that was taken, and the stage."""
    tree = locate_source(seen, str(folder)).tree
    assert tree is not None
    assert tree.root == str(folder)
    relative = [
        os.path.relpath(path, tree.root) if path else path for path in (tree.dockerfile, tree.context)
    ]
    return relative[0], relative[1], tree.target


def test_a_dockerfile_of_a_subfolder_with_its_stage_and_context(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert found(image(), tmp_path) == ("docker/Dockerfile.backend", ".", "1")
    note = locate_source(image(), str(tmp_path)).note
    assert note == (
        "Source: backend → /app, 4 of 4 files found here, all the same. "
        "Dockerfile: docker/Dockerfile.backend, context . (100% of its steps in the image's history, "
        "it copies 100% of these files there)."
    )


def test_the_last_stage_where_the_history_goes_on(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    longer = (*HISTORY, "RUN /bin/sh -c pip install pytest # buildkit")
    assert found(image(history=longer), tmp_path)[2] is None


def test_a_history_that_was_squashed_leaves_the_configuration_and_the_files(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    seen = image(history=(), cmd=("python", "-m", "shop.main"), workdir="/app")
    assert found(seen, tmp_path)[0] == "docker/Dockerfile.backend", (
        "the files of the backend are in the image"
    )
    other = image({"/app/shop/main.py": "z = 1\n"}, (), cmd=("python", "-m", "shop.main"), workdir="/app")
    assert found(other, tmp_path) == ("docker/Dockerfile.worker", ".", None)


def test_the_context_is_the_folder_in_which_the_sources_exist(tmp_path: Path) -> None:
    dockerfile = "FROM x\nWORKDIR /app\nCOPY shop shop\nCOPY requirements.txt .\n"
    write(tmp_path, {**FILES, "docker/Dockerfile.backend": dockerfile})
    history = ("WORKDIR /app", "COPY shop shop # buildkit", "COPY requirements.txt . # buildkit")
    compose = (
        "services:\n  web:\n    build: {context: ../backend, dockerfile: ../docker/Dockerfile.backend}\n"
    )
    write(tmp_path, {"deploy/docker-compose.yml": compose})
    assert found(image(history=history), tmp_path) == ("docker/Dockerfile.backend", "backend", None)
    assert "named by deploy/docker-compose.yml" in locate_source(image(history=history), str(tmp_path)).note


def test_a_dockerfile_beside_its_service(tmp_path: Path) -> None:
    text = 'FROM x\nWORKDIR /app\nCOPY . .\nCMD ["python", "-m", "shop.main"]\n'
    write(tmp_path, {"backend/Dockerfile": text, "worker/Dockerfile": text})
    write(tmp_path, {name: text for name, text in FILES.items() if name.endswith(".py")})
    history = ("WORKDIR /app", "COPY . . # buildkit", 'CMD ["python" "-m" "shop.main"]')
    own = {path: text for path, text in IN_IMAGE.items() if "shared" not in path}
    assert found(image(own, history), tmp_path) == ("backend/Dockerfile", "backend", None)


def test_two_that_may_be_it_are_both_named(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "docker/Dockerfile.again": BACKEND})
    note = locate_source(image(), str(tmp_path)).note
    assert "Dockerfile: docker/Dockerfile.again, context ." in note
    assert note.endswith("docker/Dockerfile.backend may be it too: choose with -f DOCKERFILE.")


def test_no_dockerfile_that_the_image_speaks_against_is_taken(tmp_path: Path) -> None:
    write(
        tmp_path,
        {name: text for name, text in FILES.items() if "backend" not in name or name.endswith(".py")},
    )
    location = locate_source(image(), str(tmp_path))
    assert location.tree is not None
    assert location.tree.dockerfile == ""
    assert "Which Dockerfile made the image is not certain (" in location.note


def test_a_subfolder_of_a_repository(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / ".git").mkdir()
    tree = locate_source(image(), str(tmp_path / "backend")).tree
    assert tree is not None
    assert (tree.root, tree.context) == (str(tmp_path), str(tmp_path))


def test_a_folder_of_another_application_is_no_source(tmp_path: Path) -> None:
    write(tmp_path, {"shop/main.py": "print()\n", "other.py": ""})
    location = locate_source(image(), str(tmp_path))
    assert location.tree is None
    assert location.note == "Of the application's 4 files, 1 are in this folder, 0 of them the same."
    assert locate_source(evidence(), "/").tree is None, "a whole file system is no source"


def test_the_same_names_with_other_contents_need_the_history_of_the_dockerfile(tmp_path: Path) -> None:
    write(tmp_path, {"main.py": "another = 1\n", "Dockerfile": "FROM x\nWORKDIR /app\nCOPY . .\nRUN make\n"})
    there = {"/app/main.py": "import shop\n"}
    assert locate_source(image(there, ("WORKDIR /srv", "COPY src . # buildkit")), str(tmp_path)).tree is None
    history = ("WORKDIR /app", "COPY . . # buildkit", "RUN /bin/sh -c make # buildkit")
    assert locate_source(image(there, history), str(tmp_path)).tree is not None


def test_copies_of_the_source_are_as_good_as_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {**FILES, **{f"backup/{name}": text for name, text in FILES.items() if name.endswith(".py")}},
    )
    assert found(image(), tmp_path)[0] == "docker/Dockerfile.backend"
    assert "it copies 100% of these files" in locate_source(image(), str(tmp_path)).note


def test_a_named_dockerfile_gets_its_context_and_stage(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    tree = locate_build(image(), str(tmp_path), str(tmp_path / "docker/Dockerfile.backend")).tree
    assert tree is not None
    assert (tree.context, tree.target) == (str(tmp_path), "1")


def test_a_named_source_whose_dockerfile_lies_above_it(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / ".git").mkdir()
    source = str(tmp_path / "backend")
    for dockerfile in (None, str(tmp_path / "docker/Dockerfile.backend")):
        tree = locate_build(image(), source, dockerfile).tree
        assert tree is not None
        assert (tree.root, tree.context) == (source, str(tmp_path))
        assert tree.dockerfile == str(tmp_path / "docker/Dockerfile.backend")
        read = read_source(tree)
        assert read.context == ".."
        assert {one.path for one in read.placements} >= {"shop/main.py", "../shared/log.py"}


def test_a_named_source_without_a_trace_of_it_keeps_its_dockerfile(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": "FROM x\nCOPY . /srv\n", "other/Dockerfile": "FROM x\n"})
    tree = locate_build(evidence(), str(tmp_path)).tree
    assert tree is not None
    assert tree.dockerfile == str(tmp_path / "Dockerfile")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(
            (name, True)
            for name in ("Dockerfile", "Dockerfile.api", "api.Dockerfile", "backend.gcp.Dockerfile")
        ),
        *((name, True) for name in ("Containerfile", "dockerfile", "Dockerfile-dev", "Dockerfile_prod")),
        *(
            (name, False)
            for name in ("Dockerfile.dockerignore", "dockerfile.py", "Dockerfiles", "mydockerfile")
        ),
        *((name, False) for name in ("Dockerfile.bak", "Dockerfile.md", "Dockerfile.old", "Dockerfile~")),
        *((name, False) for name in ("Dockerfile.j2", "Dockerfile.template", "api.Dockerfile.in")),
    ],
)
def test_names_of_dockerfiles(name: str, expected: bool) -> None:
    assert is_dockerfile_name(name) is expected


def test_virtual_environments_and_caches_are_not_listed(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"env/pyvenv.cfg": "", "env/lib/a.py": "", "node_modules/b.py": "", ".venv/c.py": "", "d.py": "x"},
    )
    write(tmp_path, {"broken.Dockerfile": "RUN x\n", ".hidden/e.py": ""})
    listed = list_repository(str(tmp_path))
    assert dict(listed.python) == {"d.py": 1}
    assert listed.dockerfiles == {}


SERVICE = """\
FROM company/python
ARG SERVICE=worker
COPY services/${SERVICE}/ ./
COPY shared $APP_HOME/shared
CMD ["gunicorn", "shop.main:app"]
"""


def test_what_variables_stood_for_and_where_the_base_image_puts_relative_copies(tmp_path: Path) -> None:
    files = {f"services/{one}/shop/{name}.py": one for one in ("api", "worker") for name in ("main", "cart")}
    write(tmp_path, {**files, "shared/log.py": "y = 1\n", "docker/service.Dockerfile": SERVICE})
    history = (
        "WORKDIR /srv",
        "ARG SERVICE=worker",
        "COPY services/api/ ./ # buildkit",
        "COPY shared /opt/app/shared # buildkit",
        'CMD ["gunicorn" "shop.main:app"]',
    )
    there = {"/srv/shop/main.py": "api", "/srv/shop/cart.py": "api", "/opt/app/shared/log.py": "y = 1\n"}
    location = locate_source(image(there, history, workdir="/srv"), str(tmp_path))
    assert location.tree is not None
    assert "it copies 100% of these files there" in location.note
    source = read_source(location.tree)
    placed = {one.destination: one.path for one in source.placements}
    assert placed == {
        "/srv/shop/main.py": "services/api/shop/main.py",
        "/srv/shop/cart.py": "services/api/shop/cart.py",
        "/opt/app/shared/log.py": "shared/log.py",
    }


def test_an_image_with_none_of_the_applications_files_is_told_by_its_history(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert found(image({}), tmp_path) == ("docker/Dockerfile.backend", ".", "1")
    assert locate_source(image({}), str(tmp_path)).note.startswith("Source: this folder, by its Dockerfile. ")
    other = (*HISTORY[:3], "COPY web web # buildkit", "RUN /bin/sh -c npm ci # buildkit")
    assert locate_source(image({}, other), str(tmp_path)).tree is None
