"""Starts that go wrong before, beside and after the server: migrations, other machines, killed checks."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import pytest
from local_registry import need
from scenarios.services import DOCKERFILE, SERVICE
from scenarios.support import archive_of, build, check, command, docker, environment, importguard

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


def killed_when(image: str, mode: str, words: str, seconds: float, folder: Path, *journey: str) -> int:
    """Kill a check ``seconds`` after a container of it runs whose command has ``words`` in it; its pid."""
    run = ("--command", f"python3 -m shop.serve {mode}", *(("--", *journey) if journey else ()))
    line = command("check", image, "--start", "--pull", "never", *run)
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(line, cwd=folder, env=environment(), **quiet) as process:  # type: ignore[call-overload]
        label = ("--filter", f"label=importguard={process.pid}")
        ends = time.monotonic() + 60
        while words not in docker("ps", "--no-trunc", "--format", "{{.Command}}", *label):
            assert time.monotonic() < ends, f"{mode} was never seen"
            time.sleep(0.02)
        time.sleep(seconds)
        assert process.poll() is None, "it had ended before it was killed"
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    return process.pid


def is_gone(is_left: Callable[[], object]) -> bool:
    """Whether nothing is left soon."""
    ends = time.monotonic() + 60
    while is_left() and time.monotonic() < ends:
        time.sleep(0.2)
    return not is_left()


PHASES = {
    "import check": ("well", "", "marshal", 0.0),
    "start": ("sleeps", "port = 1\n", "shop.serve", 0.0),
    "waiting for the port": ("sleeps", "port = 1\n", "conversation", 1.0),
    "settling": ("well", 'settle = "60s"\n', "conversation", 2.0),
    "stopping": ("deaf", 'settle = "0.1s"\n', "shop.serve", 3.0),
}


@pytest.mark.parametrize("phase", list(PHASES))
def test_nothing_is_left_of_a_check_that_is_killed(service: str, phase: str, tmp_path: Path) -> None:
    mode, settings, words, seconds = PHASES[phase]
    (tmp_path / "importguard.toml").write_text(f"[start]\n{settings}")
    pid = killed_when(service, mode, words, seconds, tmp_path)
    assert is_gone(lambda: left_by(pid)), left_by(pid)


def test_nothing_is_left_of_a_command_that_is_killed_with_its_check(service: str, tmp_path: Path) -> None:
    """Neither the services, nor the two networks, nor the command and what it started."""
    lives = tmp_path / "lives"
    inner = f"import time\nwhile True:\n    open({str(lives)!r}, 'w').close(); time.sleep(0.1)\n"
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {inner!r}])\n"
    pid = killed_when(service, "well", "listens", 3.0, tmp_path, sys.executable, "-c", code)
    assert lives.exists(), "the command was not running"
    assert is_gone(lambda: left_by(pid)), left_by(pid)

    def is_alive() -> bool:
        lives.unlink(missing_ok=True)
        time.sleep(1)
        return lives.exists()

    assert is_gone(is_alive)


def test_a_worker_that_ends_long_after_its_start(service: str, tmp_path: Path) -> None:
    """As Celery does that imports its tasks late: it has to come to rest before it counts as up."""
    (tmp_path / "importguard.toml").write_text('[start]\nport = "none"\nsettle = "0.3s"\n')
    code = "sum(range(10**8)); raise SystemExit(3)"
    finding = check(service, "--start", "--command", f'python3 -c "{code}"', cwd=tmp_path).finding("IG501")
    assert "exit code 3 before it was ready" in finding["message"]


ASK = "import os, urllib.request as r; print('answered', r.urlopen(os.environ['WEB_URL'], timeout=20).status)"


@pytest.mark.parametrize("needs", ['"db"', ""])
def test_a_system_of_archives_needs_no_daemon(
    service: str, migrating: str, needs: str, tmp_path: Path
) -> None:
    """The same on the embedded engine, with a command that reaches it from this machine."""
    need("bwrap")
    web, database = (
        archive_of(docker("image", "inspect", "-f", "{{.Id}}", one)) for one in (migrating, service)
    )
    system = SYSTEM.replace("WEB", web).replace('DB"', f'{database}"').replace("NEEDS", needs)
    (tmp_path / "importguard.toml").write_text(system)
    options = ("check", "--all", "--start", "--format", "json", "--cache-dir", str(tmp_path / "cache"))
    result = importguard(*options, "--", sys.executable, "-c", ASK, cwd=tmp_path)
    if needs:
        assert (result.code, "answered 200" in result.err) == (0, True), result.said
    else:
        assert result.code == 4
        assert [finding["rule"] for finding in result.findings] == ["IG501"]
    assert not list((tmp_path / "cache" / "work").iterdir())


def test_a_service_that_changes_its_user_is_not_judged_without_a_daemon(service: str) -> None:
    need("bwrap")
    run = "python3 -c 'import os; os.setgroups([]); os.setuid(33); import shop.serve'"
    archive = archive_of(docker("image", "inspect", "-f", "{{.Id}}", service))
    result = importguard("check", archive, "--start", "--format", "json", "--command", run)
    assert (result.code, result.findings) == (4, [])
    assert "changes its user" in result.image["error"]
    assert "--engine docker" in result.image["error"]
