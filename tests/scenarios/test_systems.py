"""Several services that are started together: needs, services that are not checked, HEALTHCHECKs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenarios.services import DOCKERFILE, SERVICE
from scenarios.support import Result, build, check, importguard

BACKEND = """
[[image]]
name = "backend"
reference = "{image}"
command = ["python3 -m shop.serve calls"]
[image.start]
needs = ["auth", "db"]
settle = "0.2s"
timeout = "20s"
"""
AUTH = """
[[image]]
name = "auth"
reference = "{image}"
command = ["python3 -m shop.serve {mode}"]
[image.start]
platform = "{platform}"
settle = "0.2s"
timeout = "20s"
"""
DATABASE = """
[[service]]
name = "db"
image = "{image}"
env = ["PORT=5432"]
command = "python3 -m shop.serve well"
timeout = "20s"
"""


@pytest.fixture(scope="module")
def service() -> str:
    """What every part of these systems is made of."""
    return build("service", DOCKERFILE, {"shop": SERVICE / "shop"})


def write(folder: Path, *tables: str, **values: str) -> None:
    """Write the configuration."""
    text = "".join(tables)
    for name, value in {"mode": "well", "platform": "container", **values}.items():
        text = text.replace("{" + name + "}", value)
    (folder / "importguard.toml").write_text(text)


def check_all(folder: Path, *tables: str, **values: str) -> Result:
    """Check and start what the tables describe."""
    write(folder, *tables, **values)
    return importguard("check", "--all", "--start", "--pull", "never", "--format", "json", cwd=folder)


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    return {image["image"]["name"]: image for image in result.report["images"]}


def test_each_is_there_before_what_needs_it(service: str, tmp_path: Path) -> None:
    result = check_all(tmp_path, BACKEND, AUTH, DATABASE, image=service)
    images = by_name(result)
    assert result.code == 0, images
    assert list(images) == ["backend", "auth"], "in the order of the file, however they were started"
    assert images["backend"]["start"]["requests"][0]["status"] == 200


def test_what_needs_one_that_is_not_ready_says_so(service: str, tmp_path: Path) -> None:
    result = check_all(tmp_path, BACKEND, AUTH, DATABASE, image=service, mode="local", platform="cloud-run")
    images = by_name(result)
    assert result.code == 1
    assert [one["rule"] for one in images["auth"]["findings"]] == ["IG502"]
    assert images["backend"]["findings"] == []
    assert images["backend"]["start"]["skipped"] == "it needs auth, which is not ready"


@pytest.mark.parametrize(
    ("ready", "words"),
    [
        (
            "python3 -c 'raise SystemExit(\"no cluster\")'",
            "it is not ready in time. Its last words: no cluster",
        ),
        ("pg_isready", "it is not ready in time"),
    ],
)
def test_a_service_that_is_never_ready(service: str, ready: str, words: str, tmp_path: Path) -> None:
    database = DATABASE.replace('"20s"', '"2s"') + f'ready = """{ready}"""\n'
    result = check_all(tmp_path, BACKEND, AUTH, database, image=service)
    assert result.code == 4
    assert f"it needs db: {words}" in by_name(result)["backend"]["error"]
    assert by_name(result)["auth"]["error"] is None


def test_a_service_says_itself_when_it_is_ready(service: str, tmp_path: Path) -> None:
    ready = 'ready = "python3 -c \'import socket; socket.create_connection(("127.0.0.1", 5432))\'"\n'
    ready = ready.replace('= "', "= '''").replace("'\"\n", "'\n'''\n")
    result = check_all(tmp_path, BACKEND, AUTH, DATABASE + ready, image=service)
    assert result.code == 0, by_name(result)


def test_a_service_that_ends(service: str, tmp_path: Path) -> None:
    database = DATABASE.replace("serve well", "serve exits-0") + 'ready = "false"\n'
    result = check_all(tmp_path, BACKEND, AUTH, database, image=service)
    assert (result.code, "ended with exit code 0" in by_name(result)["backend"]["error"]) == (4, True)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ((BACKEND, AUTH), "image 'backend' needs 'db', which is not described"),
        ((BACKEND, AUTH + 'needs = ["backend"]\n', DATABASE), "backend needs auth needs backend"),
        ((AUTH, DATABASE + "color = 1\n"), "service 1.color: there is no such setting"),
        ((AUTH, DATABASE.replace('name = "db"', "")), "service 1.name: this is required"),
    ],
)
def test_what_cannot_be_started_in_any_order(
    service: str, tables: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    result = check_all(tmp_path, *tables, image=service)
    assert (result.code, words in result.err) == (2, True), result.err


def test_one_alone_is_no_pass_without_what_it_needs(service: str, tmp_path: Path) -> None:
    image = build("backend", f"FROM {service}\n", base=service)
    write(tmp_path, BACKEND.replace("{image}", image), AUTH, DATABASE, image=service)
    result = check(image, "--start", cwd=tmp_path)
    assert (result.code, "it needs auth, which is not part of this run" in result.image["error"]) == (4, True)


def test_there_is_no_way_out(service: str, tmp_path: Path) -> None:
    result = check(service, "--start", "--command", "python3 -m shop.serve outside")
    assert (result.code, result.image["start"]["requests"][0]["status"]) == (0, 200)


@pytest.mark.parametrize(("mode", "code"), [("well", 0), ("unavailable", 1), ("raises", 1)])
def test_the_healthcheck_of_the_image(mode: str, code: int, tmp_path: Path) -> None:
    ask = "import urllib.request; urllib.request.urlopen('http://localhost:8080/')"
    lines = DOCKERFILE.replace('"well"', f'"{mode}"') + f'HEALTHCHECK CMD ["python3", "-c", "{ask}"]\n'
    image = build(f"service-health-{mode}", lines, {"shop": SERVICE / "shop"})
    seconds = 6 if code else 20
    (tmp_path / "importguard.toml").write_text(f'[start]\ntimeout = "{seconds}s"\nsettle = "0.2s"\n')
    result = check(image, "--start", cwd=tmp_path)
    assert result.code == code
    assert [one["request"] for one in result.image["start"]["requests"]] == ["HEALTHCHECK"]
    assert [one["module"] for one in result.findings] == ["HEALTHCHECK"] * code
    missing = "shop.gone_module" if mode == "raises" else None
    assert [one["missing"] for one in result.findings] == [missing] * code
