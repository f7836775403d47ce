"""Which of production's containers an image is, and what its settings leave open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest
from unit.builders import evidence

from importguard.config import Build, Config, WorkingDirectory
from importguard.engines.base import Image
from importguard.evidence.imports import ModuleImport
from importguard.evidence.starts import HttpRequest, StartSettings
from importguard.inspectors.inspected import Inspected
from importguard.inspectors.production import matching_deployment, with_production
from importguard.source.deployment.model import Deployment
from importguard.source.model import Place

SHOP = Deployment(Place("service.yaml", 8), frozenset({"shop"}), True, port=9000)
WORKER = replace(SHOP, place=Place("worker.yaml", 3), has_command=True)


def inspected(reference: str = "shop:1", start: Optional[StartSettings] = None, **settings: Any) -> Inspected:
    config = Config(start=start or StartSettings(), **settings)
    return Inspected(reference, config, Image(reference, "sha256:1", "linux/amd64"))


@pytest.mark.parametrize("settings", [{}, {"name": "shop"}])
def test_an_image_is_found_by_its_name(settings: dict[str, str]) -> None:
    reference = "r.example/web:2" if settings else "r.example/shop:2"
    one = inspected(reference, **settings)
    assert matching_deployment(one, [WORKER, SHOP], "/", alone=False) == SHOP


def test_an_image_is_found_by_its_build_context(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    one = inspected("any:1", build=Build(str(tmp_path / "backend")))
    deployment = Deployment(Place("compose.yaml", 2), frozenset({"api"}), build="backend", memory=1)
    assert matching_deployment(one, [deployment], str(tmp_path), alone=False) == deployment


def test_a_guess_is_none() -> None:
    """Two that differ, another's, and one without a name that is not alone."""
    other = replace(SHOP, port=5000)
    nameless = replace(SHOP, names=frozenset())
    assert matching_deployment(inspected(), [SHOP, other], "/", alone=True) is None
    assert matching_deployment(inspected("web"), [SHOP], "/", alone=True) is None
    assert matching_deployment(inspected(), [nameless], "/", alone=False) is None
    assert matching_deployment(inspected(), [nameless], "/", alone=True) == nameless


def test_a_file_that_says_nothing_of_a_container_blocks_no_other() -> None:
    silent = Deployment(Place("compose.yaml", 3), frozenset({"shop"}), build=".")
    assert matching_deployment(inspected(), [silent, SHOP, silent], "/", alone=False) == SHOP


def test_a_command_of_ones_own_is_another_container(tmp_path: Path) -> None:
    """init writes web and worker, built from one folder: the worker is not asked what the web service is."""
    web = Deployment(Place("compose.yaml", 2), frozenset({"web"}), build=".", command=("curl", "/"))
    worker = Deployment(Place("compose.yaml", 5), frozenset({"worker"}), build=".", has_command=True, port=1)
    one = inspected("w:1", build=Build(str(tmp_path)), name="worker", commands=("celery -A a worker",))
    assert matching_deployment(one, [web, worker], str(tmp_path), alone=False) == worker
    assert matching_deployment(one, [web], str(tmp_path), alone=False) is None


def test_a_worker_is_asked_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {shop: {image: shop, mem_limit: 1g, healthcheck: {test: curl localhost}}}\n"
    )
    monkeypatch.chdir(tmp_path)
    (one,) = with_production([inspected(start=StartSettings(port="none"))])
    assert one.config.start == StartSettings(port="none", memory=1 << 30)


def test_files_complete_what_the_settings_leave_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "service.yaml").write_text(
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: shop}\nspec: {template: {spec: "
        "{containers: [{image: shop, ports: [{containerPort: 9000}], resources: {limits: {memory: 1Gi}}, "
        "startupProbe: {httpGet: {path: /ready}}}]}}}\n"
    )
    monkeypatch.chdir(tmp_path)
    (one,) = with_production([inspected()])
    request = HttpRequest("/ready", below=400)
    by_file = StartSettings("cloud-run", "9000", (request,), memory=1 << 30, production_seconds=30.0)
    assert one.config.start == by_file
    said = StartSettings("container", "80", (HttpRequest("/"),), memory=1, timeout=5.0)
    (one,) = with_production([inspected(start=said)])
    assert one.config.start == said


@pytest.mark.parametrize(("path", "folder"), [("/app/backend/manage.py", "/app/backend"), ("/srv/a.py", "/")])
def test_it_is_started_in_production_s_directory_where_the_image_has_that(path: str, folder: str) -> None:
    one = inspected(workdir=WorkingDirectory("/app/backend", "compose.yaml:3"))
    seen = evidence(ModuleImport("a", path, "imported"))
    (found,) = with_production([one._replace(evidence=seen)])
    assert found.image is not None
    assert found.image.workdir == folder
