"""Builds that a repository's own files describe."""

from __future__ import annotations

import posixpath
from pathlib import Path

import pytest

from importguard.source.locating.model import NamedBuild
from importguard.source.locating.named_builds import describes_builds, read_named_builds

COMPOSE = """\
services:
  web:
    image: shop
    build: ..
  worker:
    build:
      context: ../backend
      dockerfile: ../docker/worker.Dockerfile
      target: run
  remote:
    build: https://example.org/shop.git
"""
ACTIONS = """\
jobs:
  build:
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: backend
          file: docker/worker.Dockerfile
      - run: |
          docker buildx build --push -t x:$TAG \\
            --build-arg A=b -f docker/worker.Dockerfile .
"""
CLOUDBUILD = """\
steps:
- name: gcr.io/cloud-builders/docker
  args: ['build', '-t', 'x', '-f', 'docker/worker.Dockerfile', '.']
- name: gcr.io/kaniko-project/executor
  args: [--destination=x, --dockerfile=docker/worker.Dockerfile, --context=dir://backend]
"""
SKAFFOLD = """\
build:
  artifacts:
  - image: shop
    context: backend
    docker: {dockerfile: Dockerfile.app, target: run}
"""
BAKE = 'target "app" {\n  context = "backend"\n  dockerfile = "Dockerfile.app"\n}\n'
MAKEFILE = """\
image:
	docker build -t $(IMAGE) --target=run --file docker/worker.Dockerfile backend
	docker push x
"""
KNOWN = {"Dockerfile", "backend/Dockerfile.app", "docker/worker.Dockerfile", "deploy/compose.yaml", "backend"}
WORKER = "docker/worker.Dockerfile"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("deploy/compose.yaml", COMPOSE, [("", "Dockerfile", None), ("backend", WORKER, "run")]),
        (".github/workflows/ci.yml", ACTIONS, [("backend", WORKER, None), ("", WORKER, None)]),
        ("cloudbuild.yaml", CLOUDBUILD, [("", WORKER, None), ("backend", WORKER, None)]),
        ("skaffold.yaml", SKAFFOLD, [("backend", "backend/Dockerfile.app", "run")]),
        ("docker-bake.hcl", BAKE, [("backend", "backend/Dockerfile.app", None)]),
        ("Makefile", MAKEFILE, [("backend", WORKER, "run")]),
        (
            "scripts/build.sh",
            "docker build -f docker/worker.Dockerfile ..\ndocker build 'x\n",
            [("", WORKER, None)],
        ),
        ("scripts/build.sh", "docker build --pull -f ../docker/worker.Dockerfile ..", [("", WORKER, None)]),
        ("compose.yml", "services: {{ helm }}\n  build: .", []),
        ("compose.yml", "services: {a: {build: /abs}, b: {build: ../..}, c: {build: {context: gone}}}", []),
    ],
)
def test_what_is_read(tmp_path: Path, path: str, text: str, expected: list[tuple[str, str, object]]) -> None:
    (tmp_path / posixpath.dirname(path)).mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert describes_builds(path)
    found = list(read_named_builds(str(tmp_path), [path], KNOWN))
    assert [(one.context, one.dockerfile, one.target) for one in found] == expected
    assert all(one.place == path for one in found)


def test_the_name_that_the_image_gets(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("services: {a: {image: shop, build: .}}")
    found = list(read_named_builds(str(tmp_path), ["compose.yml"], KNOWN))
    assert found == [NamedBuild("compose.yml", "", "Dockerfile", None, "shop")]


@pytest.mark.parametrize("path", ["values.yaml", "src/shop/main.py", "a/b/c/d/e/compose.yml", "README.md"])
def test_what_is_not_read(path: str) -> None:
    assert not describes_builds(path)
