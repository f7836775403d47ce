"""What production's own files say is what a service is started with and asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from scenarios.services import DOCKERFILE, SERVICE
from scenarios.support import Result, build, check

from importguard.source.deployment.model import image_name

CLOUD_RUN = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - image: registry.example/NAME:1
          ports: [{containerPort: 9000}]
          resources: {limits: {memory: 256Mi}}
          startupProbe: {httpGet: {path: /ready}}
"""
COMPOSE = """\
services:
  web:
    image: NAME
    healthcheck: {test: [CMD, python3, -c, "import sys; sys.exit('unwell')"]}
"""


@pytest.fixture(scope="module")
def service() -> str:
    return build("service", DOCKERFILE, {"shop": SERVICE / "shop"})


def test_a_service_of_cloud_run(service: str, tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(CLOUD_RUN.replace("NAME", image_name(service)))
    result = check(service, "--start", cwd=tmp_path)
    assert (result.code, result.findings) == (0, []), result.findings
    seen = result.image["start"]
    assert (seen["platform"], seen["port"]) == ("cloud-run", 9000)
    assert [one["request"] for one in seen["requests"]] == ["GET /ready"]
    assert any("service.yaml:8 says: platform cloud-run, port 9000" in note for note in result.image["notes"])


def test_a_limit_of_memory_is_held(service: str, tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(CLOUD_RUN.replace("NAME", image_name(service)))
    finding = check(service, "--start", "--command", "python3 -m shop.serve grows", cwd=tmp_path).finding(
        "IG506"
    )
    assert "256 MiB" in finding["diagnosis"]["explanation"]


def test_a_health_check_of_compose(service: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE.replace("NAME", image_name(service)))
    (tmp_path / "importguard.toml").write_text('[start]\ntimeout = "4s"\n')
    finding = check(service, "--start", cwd=tmp_path).finding("IG503")
    assert "unwell" in finding["message"]


def test_a_health_check_alone_says_that_a_worker_is_well(tmp_path: Path) -> None:
    """Nothing says that it has a port; where it has one that nobody reaches, it is no worker."""
    (tmp_path / "importguard.toml").write_text('[start]\ntimeout = "25s"\nsettle = "0.2s"\n')

    def start(mode: str, health: str) -> Result:
        lines = DOCKERFILE.replace("EXPOSE 8080", f"HEALTHCHECK CMD {health}").replace("well", mode)
        image = build(f"service-{mode}-{health}", lines, {"shop": SERVICE / "shop"})
        return check(image, "--start", cwd=tmp_path)

    with ThreadPoolExecutor(3) as pool:  # each takes at least the ten seconds after which a service is idle
        well, unwell, out_of_reach = pool.map(start, ("works", "works", "local"), ("true", "false", "true"))
    assert (well.code, well.findings) == (0, []), well.findings or well.image["error"]
    assert [request["request"] for request in well.image["start"]["requests"]] == ["HEALTHCHECK"]
    for broken in (unwell, out_of_reach):
        assert broken.code == 1, broken.findings or broken.image["error"]
        assert broken.finding("IG502")["breaks_startup"]


def test_a_program_without_a_guard(tmp_path: Path) -> None:
    """To import it is to run it, which does not end: its start shows that it runs."""
    code = (
        "import os, signal\nfrom http.server import HTTPServer, SimpleHTTPRequestHandler\n"
        "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n"
        "HTTPServer(('', 8080), SimpleHTTPRequestHandler).serve_forever()\n"
    )
    lines = 'FROM base\nWORKDIR /app\nCOPY main.py .\nCMD ["python3", "main.py"]\n'
    image = build("start-unguarded", lines, {"main.py": code})
    result = check(image, "--module-timeout", "4", "--start", cwd=tmp_path)
    assert (result.code, result.findings) == (0, []), result.findings


@pytest.mark.parametrize("command", [[], ["--command", "python3 main.py"]])
def test_the_working_directory_of_compose(command: list[str], tmp_path: Path) -> None:
    """Without a command of the user's it is where the modules are imported and the service is started."""
    code = (
        "import os, signal, core\nfrom http.server import HTTPServer, SimpleHTTPRequestHandler\n"
        "if __name__ == '__main__':\n    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n"
        "    HTTPServer(('', 8080), SimpleHTTPRequestHandler).serve_forever()\n"
    )
    lines = 'FROM base\nWORKDIR /app\nCOPY . .\nCMD ["python3", "main.py"]\n'
    image = build("start-workdir", lines, {"backend/main.py": code, "backend/core.py": ""})
    text = f"services:\n  web:\n    image: {image}\n    working_dir: /app/backend\n"
    (tmp_path / "compose.yaml").write_text(text)
    result = check(image, "--start", *command, cwd=tmp_path)
    assert result.code == bool(command), result.findings
    noted = "the working directory is /app/backend, as compose.yaml:2 says" in result.image["notes"]
    assert noted == (not command)
