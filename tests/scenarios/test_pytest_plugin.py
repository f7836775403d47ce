"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from scenarios.services import DOCKERFILE, SERVICE
from scenarios.support import build, check, environment

CONFIGURATION = """
[[image]]
name = "shop"
reference = "IMAGE"
command = ["python3 -m shop.serve MODE"]
[image.start]
settle = "0.2s"
timeout = "20s"
"""
TESTS = """
import urllib.request

def test_the_shop_answers(importguard_services):
    shop = importguard_services["shop"]
    assert urllib.request.urlopen(shop.url).read() == b"hello"
    assert "GET / HTTP/1.1" in shop.logs()
    assert shop.ws_url.startswith("ws://127.0.0.1:")
"""


@pytest.fixture(scope="module")
def service() -> str:
    """A sound service."""
    return build("service", DOCKERFILE, {"shop": SERVICE / "shop"})


def run_pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of pytest in a folder; it finds the plugin as it finds any that is installed."""
    if not any(one.value == "importguard.pytest_plugin" for one in entry_points(group="pytest11")):
        pytest.skip("importguard is installed without its entry point")
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", *arguments]
    done = subprocess.run(
        line, cwd=folder, env=environment(), capture_output=True, text=True, timeout=180, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_modules_are_tests(service: str, tmp_path: Path) -> None:
    code, said = run_pytest(tmp_path, "--importguard", service)
    assert (code, "2 passed" in said) == (0, True), said
    assert "shop.serve PASSED" in said


def test_a_module_that_does_not_import_fails_by_its_cause(tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/broken.py": "import not_there_xyz\n", "app/tests/test_a.py": ""}
    image = build("plugin-broken", "FROM base\nCOPY app /srv/app\nWORKDIR /srv\n", files)
    code, said = run_pytest(tmp_path, "--importguard", image)
    assert code == 1
    assert "app.broken FAILED" in said
    assert "IG101 missing-module: not_there_xyz" in said
    assert "runtest" not in said, "no traceback of the plugin"
    assert "1 failed, 1 passed, 1 skipped" in said, said


def test_workers_of_xdist_share_one_check(service: str, tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    code, said = run_pytest(tmp_path, "-n", "3", "--importguard", service)
    assert (code, "2 passed" in said) == (0, True), said
    (tmp_path / "importguard.toml").write_text('fail-on = "nothing"\n')
    code, said = run_pytest(tmp_path, "-n", "2", "--importguard", service)
    assert (code, said.count(f"--importguard {service}: ")) == (4, 1), said


def test_what_the_baseline_knows_and_what_need_not_fail_is_skipped(tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/broken.py": "import not_there_xyz\n"}
    image = build("plugin-known", "FROM base\nCOPY app /srv/app\nWORKDIR /srv\n", files)
    (tmp_path / "importguard.toml").write_text('fail-on = "never"\n')
    code, said = run_pytest(tmp_path, "--importguard", image)
    assert (code, "1 passed, 1 skipped" in said) == (0, True), said
    check(image, "--write-baseline", "known.json", cwd=tmp_path)
    (tmp_path / "importguard.toml").write_text('baseline = "known.json"\n')
    code, said = run_pytest(tmp_path, "--importguard", image)
    assert (code, "1 passed, 1 skipped" in said) == (0, True), said


def test_an_image_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    code, said = run_pytest(tmp_path, "--importguard", "importguard-test-nowhere:1")
    assert (code, "the check is complete FAILED" in said) == (1, True), said


@pytest.mark.parametrize(
    ("mode", "code", "words"), [("well", 0, "1 passed"), ("local", 1, "not ready: shop")]
)
def test_services_are_a_fixture(service: str, mode: str, code: int, words: str, tmp_path: Path) -> None:
    settings = CONFIGURATION.replace("IMAGE", service).replace("MODE", mode)
    port = "" if mode == "well" else "port = 8080\n"
    (tmp_path / "importguard.toml").write_text(settings + port)
    (tmp_path / "test_shop.py").write_text(TESTS)
    ended, said = run_pytest(tmp_path)
    assert (ended, words in said) == (code, True), said


def test_without_the_option_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\ndef test_nothing():\n    assert 'importguard.validation' not in sys.modules\n"
        "    assert 'docker' not in sys.modules\n"
    )
    code, said = run_pytest(tmp_path)
    assert code == 0, said
