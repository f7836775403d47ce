"""From the repository's folder, with no option: the Dockerfile and context of an image are found."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from scenarios.support import BASE, PREFIX, SITE, docker, importguard

pytestmark = pytest.mark.usefixtures("docker_engine")

IMAGE = PREFIX + "locating"
FILES = {
    "Dockerfile": "FROM node\nWORKDIR /srv\nCOPY package.json .\nRUN npm ci\n",
    "deploy/docker/backend.Dockerfile": f"""\
FROM {BASE} AS run
WORKDIR /app
COPY backend/ .
COPY libs/ ./libs
ENV PYTHONPATH=/app:/app/libs
CMD ["python3", "-m", "shop.main"]
FROM run AS test
RUN false
""",
    "deploy/docker/worker.Dockerfile": f"""\
FROM {BASE}
WORKDIR /app
COPY worker/ .
CMD ["python3", "-m", "shop.main"]
""",
    "deploy/build.sh": "docker build -f deploy/docker/backend.Dockerfile --target run .\n",
    ".dockerignore": "*.md\n**/monitoring/\n",
    "backend/shop/__init__.py": "",
    "backend/shop/main.py": "import shop.monitoring\n",
    "backend/shop/monitoring/__init__.py": "",
    "backend/build/lib/shop/main.py": "import shop.monitoring\n",
    "libs/uvicorn_worker.py": "x = 1\n",
    "worker/shop/main.py": "print()\n",
}


def test_a_line_of_dockerignore_is_named_in_a_repository_of_several_images(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    line = ["docker", "build", "-q", "-t", IMAGE, "--target", "run"]
    line += ["-f", "deploy/docker/backend.Dockerfile", "."]
    subprocess.run(line, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    result = importguard("check", IMAGE, "--pull", "never", "--format", "json", cwd=tmp_path)
    docker("image", "rm", IMAGE)
    found = result.finding("IG101", "shop.monitoring")
    assert found["diagnosis"]["cause"] == "ignored"
    assert found["diagnosis"]["location"] == {"path": ".dockerignore", "line": 2}
    assert not [one for one in result.findings if one["rule"].startswith("IG4")]
    (note,) = [note for note in result.image["notes"] if note.startswith("Source:")]
    assert "Dockerfile: deploy/docker/backend.Dockerfile, context . (100% of" in note


THIRD_PARTY = f"""\
FROM {BASE}
WORKDIR /srv
RUN mkdir -p {SITE}/gunicorn {SITE}/uvicorn && touch {SITE}/gunicorn/__init__.py {SITE}/uvicorn/__init__.py \\
 && touch {SITE}/gunicorn/__main__.py && echo "class UvicornWorker: pass" > {SITE}/uvicorn/workers.py
COPY src .
CMD ["python3", "-m", "gunicorn", "main:app", "-k", "uvicorn.workers.UvicornWorker"]
"""
BESIDE = {
    "Dockerfile": THIRD_PARTY,
    ".dockerignore": "**/data.py\n",
    "src/main.py": "import svc.data\napp = None\n",
    "src/svc/__init__.py": "",
    "src/svc/data.py": "",
    "src/svc/tests.py": "x = 1\n",
    "src/svc/tests/__init__.py": "",
    "src/svc/my-tool/x.py": "x = 1\n",
}


def test_third_party_names_and_files_that_no_import_can_load_lose_no_source(tmp_path: Path) -> None:
    for name, text in BESIDE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    line = ["docker", "build", "-q", "-t", IMAGE, "--network", "none", "."]
    subprocess.run(line, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    result = importguard("check", IMAGE, "--pull", "never", "--format", "json", cwd=tmp_path)
    docker("image", "rm", IMAGE)
    (found,) = result.findings
    assert (found["rule"], found["missing"], found["diagnosis"]["cause"]) == ("IG101", "svc.data", "ignored")
    assert found["breaks_startup"] is True
