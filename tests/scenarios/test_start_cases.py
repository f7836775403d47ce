"""Starts that go wrong before, beside and after the server: migrations, other machines, killed checks."""

from __future__ import annotations

import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest
from scenarios.services import DOCKERFILE, SERVICE
from scenarios.support import build, check, command, docker, environment, importguard

MIGRATE = (
    "import os, socket\n\n\ndef main():\n"
    "    socket.create_connection((os.environ['DB_HOST'], 8080), 5).close()\n\n\n"
    "if __name__ == '__main__':\n    main()\n"
)
SYSTEM = """\
[[image]]
name = "web"
reference = "WEB"
env = ["DB_HOST=db"]
[image.start]
needs = [NEEDS]
settle = "0.5s"
[[service]]
name = "db"
image = "DB"
"""
NOT_ALIKE = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 183, 1) + bytes(40)
"""The header of a program for 64-bit ARM (elf.h: EM_AARCH64 is 183)."""


@pytest.fixture(scope="module")
def service() -> str:
    return build("service", DOCKERFILE, {"shop": SERVICE / "shop"})


@pytest.fixture(scope="module")
def migrating(service: str) -> str:
    """The service behind a migration that needs its database."""
    lines = (
        "FROM base\nCOPY migrate.py /app/shop/migrate.py\n"
        'CMD ["sh", "-c", "python3 -m shop.migrate && exec python3 -m shop.serve well"]\n'
    )
    return build("service-migrating", lines, {"migrate.py": MIGRATE}, base=service)


@pytest.mark.parametrize(("needs", "code"), [('"db"', 0), ("", 4)])
def test_a_migration_before_the_server(
    service: str, migrating: str, needs: str, code: int, tmp_path: Path
) -> None:
    """Without its database it ends for want of it: no pass, and no error of the image."""
    system = SYSTEM.replace("WEB", migrating).replace('DB"', f'{service}"').replace("NEEDS", needs)
    (tmp_path / "importguard.toml").write_text(system)
    result = check("--all", "--start", cwd=tmp_path)
    assert result.code == code, result.findings
    assert [finding["rule"] for finding in result.findings] == (["IG501"] if code else [])


def test_a_program_for_another_machine(service: str) -> None:
    lines = 'FROM scratch\nCOPY server /server\nCMD ["/server"]\n'
    image = build("service-foreign", lines, {"server": NOT_ALIKE})
    docker("run", "--rm", "--label", "importguard-test", "--network", "none", service, "true")
    result = importguard("check", image, service, "--start", "--pull", "never", "--format", "json")
    foreign = result.report["images"][0]
    assert result.code in (1, 3), foreign
    told = str(foreign["findings"]) + str(foreign["error"])
    assert "/server" in told


def left_by(pid: int) -> list[str]:
    label = ("--filter", f"label=importguard={pid}")
    return docker("ps", "-aq", *label).split() + docker("network", "ls", "-q", *label).split()


@pytest.mark.parametrize(
    ("mode", "settings", "seconds"),
    [
        ("well", "", 0.0),  # while modules are imported
        ("sleeps", "port = 1\n", 1.0),  # while it is started
        ("well", 'settle = "60s"\n', 5.0),  # while it settles
        ("deaf", 'settle = "0.1s"\n', 6.0),  # while it is stopped
    ],
)
def test_nothing_is_left_of_a_check_that_is_killed(
    service: str, mode: str, settings: str, seconds: float, tmp_path: Path
) -> None:
    (tmp_path / "importguard.toml").write_text(f"[start]\n{settings}")
    line = command(
        "check", service, "--start", "--pull", "never", "--command", f"python3 -m shop.serve {mode}"
    )
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(line, cwd=tmp_path, env=environment(), **quiet) as process:  # type: ignore[call-overload]
        ends = time.monotonic() + 60
        while not left_by(process.pid) and time.monotonic() < ends:
            time.sleep(0.05)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    ends = time.monotonic() + 60
    while left_by(process.pid) and time.monotonic() < ends:
        time.sleep(0.2)
    assert left_by(process.pid) == []


def test_a_worker_that_ends_long_after_its_start(service: str, tmp_path: Path) -> None:
    """As Celery does that imports its tasks late: it has to come to rest before it counts as up."""
    (tmp_path / "importguard.toml").write_text('[start]\nport = "none"\nsettle = "0.3s"\n')
    code = "sum(range(10**8)); raise SystemExit(3)"
    finding = check(service, "--start", "--command", f'python3 -c "{code}"', cwd=tmp_path).finding("IG501")
    assert "exit code 3 before it was ready" in finding["message"]
