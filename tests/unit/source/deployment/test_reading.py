"""What production's files say of a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.evidence.starts import HttpRequest
from importguard.source.deployment.model import Deployment, image_name
from importguard.source.deployment.reading import read_deployments

KNATIVE = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - image: europe-docker.pkg.dev/project/shop/web:4f2a
          ports: [{containerPort: 9000}]
          resources: {limits: {memory: 1Gi}}
          startupProbe:
            httpGet: {path: /ready}
"""
KUBERNETES = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
        - name: web
          image: shop/web
          ports: [{name: http, containerPort: 8000}, {name: admin, containerPort: 9090}]
          readinessProbe:
            httpGet: {path: ready, port: http, httpHeaders: [{name: Host, value: shop.example}]}
          livenessProbe:
            httpGet: {path: /alive, port: admin}
        - name: proxy
          image: envoy:1
          args: [--verbose]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  template:
    spec:
      containers:
        - image: shop/worker
          command: [celery]
          livenessProbe: {exec: {command: [celery, status]}}
"""
COMPOSE = """\
services:
  web:
    build: {context: ../backend}
    mem_limit: 256m
    healthcheck:
      test: ["CMD-SHELL", "curl -f http://localhost:8000/$$PATH || exit 1"]
  worker:
    build: ../backend
    command: celery
  other:
    image: other:${TAG}
    environment: [PORT=5000]
    healthcheck: {test: curl localhost:5000}
"""
WORKFLOW = """\
jobs:
  deploy:
    steps:
      - uses: google-github-actions/deploy-cloudrun@v2
        with: {service: shop, image: 'gcr.io/p/shop:1', flags: --memory=2Gi --port=8000}
      - run: |
          echo now
          gcloud run deploy other \\
            --image $IMAGE --memory 512Mi && echo done
"""
CLOUD_BUILD = """\
steps:
  - name: gcr.io/google.com/cloudsdktool/cloud-sdk
    entrypoint: gcloud
    args: [run, deploy, shop, --image, 'gcr.io/$PROJECT_ID/shop:$SHA', --region, europe-west1]
"""


def read(root: Path, path: str, text: str) -> list[Deployment]:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return read_deployments(str(root))


def test_a_service_of_cloud_run(tmp_path: Path) -> None:
    (one,) = read(tmp_path, "service.yaml", KNATIVE)
    assert (one.is_cloud_run, one.names, one.port, one.memory) == (True, {"shop", "web"}, 9000, 1 << 30)
    assert one.http == (HttpRequest("/ready", below=400),)
    assert (one.place.path, one.place.line) == ("service.yaml", 8)


def test_a_pod_of_kubernetes(tmp_path: Path) -> None:
    """A probe of another port is not asked of this one, and a companion has an image of its own."""
    web, proxy, worker = read(tmp_path, "deploy/api.yaml", KUBERNETES)
    assert (web.is_cloud_run, web.names, web.port) == (False, {"web"}, 8000)
    assert web.http == (HttpRequest("/ready", below=400, headers=(("Host", "shop.example"),)),)
    assert proxy.has_command
    assert (worker.names, worker.command) == ({"worker"}, ("celery", "status"))


def test_a_probe_that_only_opens_the_port(tmp_path: Path) -> None:
    text = KNATIVE.replace("httpGet: {path: /ready}", "tcpSocket: {port: 9000}")
    (one,) = read(tmp_path, "service.yaml", text)
    assert (one.http, one.accepts) == ((), True)


def test_compose(tmp_path: Path) -> None:
    web, worker, other = read(tmp_path, "deploy/compose.yaml", COMPOSE)
    assert (web.build, web.memory, web.has_command) == ("backend", 256 << 20, False)
    assert web.command == ("/bin/sh", "-c", "curl -f http://localhost:8000/$PATH || exit 1")
    assert worker.has_command
    assert (other.names, other.command) == ({"other"}, ())


def test_a_number_of_the_environment_that_is_no_port(tmp_path: Path) -> None:
    text = (
        "services:\n  web:\n    image: web\n    environment: {DEBUG: '0', PYTHONUNBUFFERED: '1'}\n"
        "    healthcheck: {test: [CMD, curl, 'http://127.0.0.1:8080/h']}\n"
    )
    (web,) = read(tmp_path, "compose.yaml", text)
    assert web.command == ("curl", "http://127.0.0.1:8080/h")


@pytest.mark.parametrize(
    ("probe", "asked"),
    [("port: 9000", True), ("port: 9090", False), ("port: 9000, service: ready", False)],
)
def test_a_probe_of_grpc(tmp_path: Path, probe: str, asked: bool) -> None:
    text = KNATIVE.replace("httpGet: {path: /ready}", f"grpc: {{{probe}}}")
    (one,) = read(tmp_path, "service.yaml", text)
    assert one.grpc is asked


def test_a_variable_of_a_health_check_is_its_default(tmp_path: Path) -> None:
    """As Compose replaces it, in a list as in a text; where it has none, nobody knows what is asked."""
    text = (
        "services:\n  web: {image: 'shop/${NAME:-web}:1', healthcheck: {test: [CMD, curl, "
        "'http://localhost:${PORT:-${OTHER:-8000}}/$$h']}}\n"
        "  api:\n    # before it\n    image: api\n    healthcheck: {test: 'curl localhost:${PORT}'}\n"
        "  own: {environment: ['PORT=${P:-8000}'], healthcheck: {test: 'curl localhost:${P:-8000}'}}\n"
    )
    web, api, own = read(tmp_path, "compose.yaml", text)
    assert (web.names, web.command) == ({"web"}, ("curl", "http://localhost:8000/$h"))
    assert [one.command for one in (api, own)] == [(), ()]
    assert [one.place.line for one in (web, api, own)] == [2, 3, 7]


@pytest.mark.parametrize(
    ("probe", "seconds"),
    [
        ("startupProbe: {tcpSocket: {port: 9000}, failureThreshold: 12, initialDelaySeconds: 5}", 125),
        ("livenessProbe: {httpGet: {path: /}, periodSeconds: 20}", None),
        ("readinessProbe: {httpGet: {path: /}}", None),
    ],
)
def test_how_long_a_container_may_take_to_start(tmp_path: Path, probe: str, seconds: float | None) -> None:
    """Liveness is asked for, on Cloud Run, when it has started."""
    text = KNATIVE[: KNATIVE.index("startupProbe")] + probe + "\n"
    (one,) = read(tmp_path, "service.yaml", text)
    assert one.seconds == seconds


@pytest.mark.parametrize(
    ("probe", "seconds"),
    [
        ("livenessProbe: {httpGet: {path: /}, periodSeconds: 20}", 60),
        ("livenessProbe: {httpGet: {path: /}, periodSeconds: 1, failureThreshold: 1}", 10),
        ("readinessProbe: {httpGet: {path: /}}", None),
    ],
)
def test_how_long_kubernetes_lets_a_container_start(
    tmp_path: Path, probe: str, seconds: float | None
) -> None:
    """A probe that only takes it out of the traffic lets it start for ever."""
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\n"
        f"spec: {{template: {{spec: {{containers: [{{name: web, image: shop, {probe}}}]}}}}}}\n"
    )
    (one,) = read(tmp_path, "deployment.yaml", text)
    assert one.seconds == seconds


def test_the_startup_probe_of_a_command(tmp_path: Path) -> None:
    probe = "httpGet.path=/ready,failureThreshold=4,periodSeconds=15"
    (one,) = read(tmp_path, "deploy.sh", f"gcloud run deploy shop --startup-probe={probe}\n")
    assert (one.http, one.seconds) == ((HttpRequest("/ready", below=400),), 60)


def test_each_command_has_its_own_line(tmp_path: Path) -> None:
    """Continued lines count, comments do not move what is below them, and a block begins below its key."""
    block = "steps:\n  - run: |\n      # first\n      gcloud run deploy a \\\n        --port 1000\n"
    block += "      gcloud run deploy b --port 1001\n  - run: gcloud run deploy c --port 1002\n"
    found = read(tmp_path, ".github/workflows/deploy.yml", block)
    assert [(one.port, one.place.line) for one in found] == [(1000, 4), (1001, 6), (1002, 7)]


def test_options_without_a_value_and_comments(tmp_path: Path) -> None:
    text = (
        "# gcloud run deploy old --port 99\ngcloud run deploy -q --allow-unauthenticated shop --port=8000\n"
    )
    (one,) = read(tmp_path, "deploy.sh", text)
    assert (one.names, one.port) == ({"shop"}, 8000)


@pytest.mark.parametrize("path", [".github/workflows/deploy.yml"])
def test_the_lines_of_a_pipeline(tmp_path: Path, path: str) -> None:
    action, command = read(tmp_path, path, WORKFLOW)
    assert (action.is_cloud_run, action.names, action.port, action.memory) == (True, {"shop"}, 8000, 2 << 30)
    assert (command.names, command.memory) == ({"other"}, 512 << 20)


def test_cloud_build(tmp_path: Path) -> None:
    (one,) = read(tmp_path, "cloudbuild.yaml", CLOUD_BUILD)
    assert (one.is_cloud_run, one.names, one.memory) == (True, {"shop"}, None)


def test_a_folder_without_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}").mkdir()
        (tmp_path / f"{number:02}" / "deploy.sh").write_text("gcloud run deploy shop\n")
    monkeypatch.setattr("importguard.source.production_files.most_entries", lambda root: 40)
    assert len(read_deployments(str(tmp_path))) == 10


def test_a_makefile(tmp_path: Path) -> None:
    text = "deploy:\n\tgcloud beta run deploy $(NAME) \\\n\t\t--source . --port 5000\n"
    (one,) = read(tmp_path, "Makefile", text)
    assert (one.is_cloud_run, one.port, one.names, one.place.line) == (True, 5000, frozenset(), 2)


@pytest.mark.parametrize("text", ["{{ if .Values.web }}\ncontainers:\n", "services: [1, 2", "kind: List\n"])
def test_what_is_no_manifest_says_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, "chart/templates/web.yaml", text) == []


@pytest.mark.parametrize(
    ("reference", "name"),
    [("shop", "shop"), ("r.example:5000/a/shop:1", "shop"), ("shop@sha256:ab", "shop"), ("$IMAGE", "")],
)
def test_the_name_of_an_image(reference: str, name: str) -> None:
    assert image_name(reference) == name


def test_an_open_quote_in_the_flags_of_a_deployment_is_read_over(tmp_path: Path) -> None:
    text = WORKFLOW.replace("--memory=2Gi --port=8000", """'--memory=2Gi --set-env-vars="A=b'""")
    first, _ = read(tmp_path, ".github/workflows/deploy.yml", text)
    assert first.memory == 2 * 1024**3
