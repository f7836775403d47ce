"""``importguard check --all --start -- COMMAND``: the user's own command against the started services."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from scenarios.services import DOCKERFILE, SERVICE
from scenarios.support import Result, build, check, importguard

SYSTEM = """
[[image]]
name = "shop-front"
reference = "IMAGE"
command = ["python3 -m shop.serve MODE"]
[image.start]
settle = "0.2s"
timeout = "20s"
needs = ["db"]
[[service]]
name = "db"
image = "IMAGE"
command = "python3 -m shop.serve well"
"""
ASK = """
import os, sys, urllib.request
assert os.environ["SHOP_FRONT_WS_URL"].startswith("ws://127.0.0.1:")
print("asked:", urllib.request.urlopen(os.environ["SHOP_FRONT_URL"]).read().decode())
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def service() -> str:
    """What these systems are made of."""
    return build("service", DOCKERFILE, {"shop": SERVICE / "shop"})


def travel(image: str, folder: Path, code: int, *options: str, mode: str = "well", ask: str = ASK) -> Result:
    """Start the system and run a command that asks it and exits with ``code``."""
    (folder / "importguard.toml").write_text(SYSTEM.replace("IMAGE", image).replace("MODE", mode))
    line = ("check", "--all", "--start", "--pull", "never", "--format", "json", *options)
    return importguard(*line, "--", sys.executable, "-c", ask, str(code), cwd=folder)


def test_the_command_reaches_the_services_from_this_machine(service: str, tmp_path: Path) -> None:
    result = travel(service, tmp_path, 0)
    assert (result.code, result.findings) == (0, []), result.findings
    assert "asked: hello" in result.err


def test_a_service_that_is_reached_from_this_machine_has_no_way_out(service: str, tmp_path: Path) -> None:
    """It says so at once, as without a command: its own network has no way out at all."""
    result = travel(service, tmp_path, 0, mode="outside")
    assert (result.code, result.findings) == (0, []), result.findings


def test_its_exit_code_is_a_finding(service: str, tmp_path: Path) -> None:
    result = travel(service, tmp_path, 3, "--logs", "logs")
    assert result.code == 1
    finding = result.finding("IG510")
    assert "ended with exit code 3" in finding["message"]
    assert "asked: hello" in finding["message"]
    assert "shop-front: " in finding["message"]
    assert '"GET / HTTP/1.1" 200' in (tmp_path / "logs" / "shop-front.log").read_text()
    assert (tmp_path / "logs" / "db.log").is_file()


def test_it_is_not_run_against_what_is_not_ready(service: str, tmp_path: Path) -> None:
    result = travel(service, tmp_path, 0, mode="local")
    assert (result.code, [one["rule"] for one in result.findings]) == (1, ["IG502"])
    assert "asked" not in result.err


def test_a_command_that_is_not_there(service: str, tmp_path: Path) -> None:
    (tmp_path / "importguard.toml").write_text(SYSTEM.replace("IMAGE", service).replace("MODE", "well"))
    line = ("check", "--all", "--start", "--pull", "never", "--format", "json", "--", "no-such-command")
    result = importguard(*line, cwd=tmp_path)
    assert (result.code, "there is no program 'no-such-command'" in result.err) == (2, True)


def test_a_command_that_does_not_end_in_time(service: str, tmp_path: Path) -> None:
    result = travel(service, tmp_path, 0, "--timeout", "20s", ask="import time; time.sleep(600)")
    finding = result.finding("IG510")
    assert (result.code, "did not end within 20 s" in finding["message"]) == (1, True)
    assert "--timeout" in finding["diagnosis"]["remedy"]


def test_a_command_is_asked_for_where_there_is_none(service: str) -> None:
    result = importguard("check", service, "--start", "--")
    assert (result.code, "--start has started" in result.err) == (2, True)


def test_without_start_images_stand_behind_the_dashes(service: str) -> None:
    assert importguard("check", "--pull", "never", "--", service).code == 0


def test_a_request_that_makes_an_import_fail(service: str) -> None:
    result = check(service, "--start", "--command", "python3 -m shop.serve limps")
    finding = result.finding("IG509")
    assert (result.code, finding["severity"], finding["missing"]) == (0, "warning", "shop.recommendations")
    assert finding["location"]["path"] == "shop/serve.py"
