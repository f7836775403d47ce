"""The sandbox without one: its command line, its refusals, its filter of system calls."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from importguard.engines.embedded import sandbox
from importguard.engines.embedded.root_paths import ImageUser
from importguard.engines.embedded.sandbox import (
    find_bubblewrap,
    own_namespaces,
    sandbox_arguments,
    sandbox_failure,
)
from importguard.engines.embedded.seccomp import system_call_filter
from importguard.errors import EngineError

USER = ImageUser(1000, 50, (), "/home/shop")


def test_nothing_of_this_machine_is_mounted(tmp_path: Path) -> None:
    arguments = sandbox_arguments(tmp_path, own_namespaces(USER), "/app", {"A": "b c"})
    bound = [arguments[at + 1] for at, word in enumerate(arguments) if "bind" in str(word)]
    assert "/proc/sys" in bound
    assert all(path.startswith("/proc/") for path in bound)
    assert arguments[arguments.index("--setenv") :][:3] == ["--setenv", "A", "b c"]
    for needed in ("--unshare-user", "--unshare-net", "--unshare-pid", "--disable-userns", "--clearenv"):
        assert needed in arguments
    assert arguments[arguments.index("--cap-drop") + 1] == "ALL"


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("bwrap: No permissions to create a new namespace", "seccomp=unconfined"),
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "--engine docker"),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths=unconfined"),
        ("bwrap: Can't make overlay mount on /newroot/: Invalid argument", "--cache-dir"),
        ("", "does not say why"),
    ],
)
def test_a_refusal_says_what_to_do(said: str, advice: str) -> None:
    assert advice in str(sandbox_failure(said))


def test_without_bubblewrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"no bwrap in PATH.*apt-get install bubblewrap"):
        find_bubblewrap()


@pytest.mark.parametrize(
    ("version", "fits"), [("bubblewrap 0.8.0", False), ("", False), ("bubblewrap 0.11.0", True)]
)
def test_its_version(monkeypatch: pytest.MonkeyPatch, version: str, fits: bool) -> None:
    def answer(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, version, "")

    monkeypatch.setattr(sandbox.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(sandbox.subprocess, "run", answer)
    if fits:
        assert find_bubblewrap() == "/usr/bin/bwrap"
    else:
        with pytest.raises(EngineError, match="Install bubblewrap"):
            find_bubblewrap()


def verdict(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What the kernel would make of a system call."""
    data = {4: architecture, 0: number, **{16 + 8 * at: value for at, value in enumerate(arguments)}}
    instructions, loaded, at = list(struct.iter_unpack("=HBBI", program)), 0, 0
    while True:
        code, if_so, if_not, value = instructions[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            loaded = data[value]
        else:
            at += if_so if (loaded == value if code == 0x15 else loaded >= value) else if_not


@pytest.mark.parametrize(
    ("machine", "audit", "keyctl", "read"), [("x86_64", 0xC000003E, 250, 0), ("aarch64", 0xC00000B7, 219, 63)]
)
def test_the_filter(machine: str, audit: int, keyctl: int, read: int) -> None:
    program = system_call_filter(machine, 1000, 50)
    assert program is not None
    assert verdict(program, audit, read) == 0x7FFF0000
    assert verdict(program, audit, keyctl) == 0x00050001
    assert verdict(program, audit, 425) == 0x00050001
    assert verdict(program, audit, 0x40000000 + read) == 0x00050026
    assert verdict(program, 0x40000003, read) == 0x00050026


@pytest.mark.parametrize(
    ("machine", "audit", "setgid", "fchownat"),
    [("x86_64", 0xC000003E, 106, 260), ("aarch64", 0xC00000B7, 144, 54)],
)
def test_the_filter_refuses_other_users(machine: str, audit: int, setgid: int, fchownat: int) -> None:
    """The kernel would say that their numbers are invalid, which could be any mistake."""
    program = system_call_filter(machine, 1000, 50)
    assert program is not None
    assert verdict(program, audit, setgid, 50) == 0x7FFF0000
    assert verdict(program, audit, setgid, 1000) == 0x00050001
    assert verdict(program, audit, fchownat, 3, 0, 1000, 0xFFFFFFFF, 0) == 0x7FFF0000
    assert verdict(program, audit, fchownat, 3, 0, 1000, 33, 0) == 0x00050001


def test_no_filter_for_a_machine_that_is_not_known() -> None:
    assert system_call_filter("riscv64", 0, 0) is None
