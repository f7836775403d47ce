"""What ELF files say, made by hand and the system's own; damaged ones say less, and never raise."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from unit.probe.surroundings.elf_files import AARCH64, elf

from importguard.probe.surroundings.elf import read_elf

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="this system's libraries are no ELF files")


@pytest.mark.parametrize("wide", [True, False], ids=["64", "32"])
@pytest.mark.parametrize("big", [False, True], ids=["little", "big"])
def test_everything_that_is_read(tmp_path: Path, wide: bool, big: bool) -> None:
    path = elf(
        tmp_path / "x.so",
        "libGL.so.1",
        "libc.so.6",
        soname="x.so.1",
        rpath="/a:/b",
        runpath="$ORIGIN/../x.libs",
        needs={"libc.so.6": ["GLIBC_2.38", "GLIBC_2.4"], "libGL.so.1": ["GL_1"]},
        defines=["x.so.1", "X_1"],
        machine=AARCH64,
        wide=wide,
        big=big,
        interpreter="/lib/ld-linux-aarch64.so.1",
        symbol="PyInit_x",
    )
    read = read_elf(str(path))
    assert read is not None
    assert (read.bits, read.machine) == (64 if wide else 32, "aarch64")
    assert read.needed == ["libGL.so.1", "libc.so.6"]
    assert (read.soname, read.rpath, read.runpath) == ("x.so.1", ["/a", "/b"], ["$ORIGIN/../x.libs"])
    assert read.needs == [
        ("libc.so.6", "GLIBC_2.38"),
        ("libc.so.6", "GLIBC_2.4"),
        ("libGL.so.1", "GL_1"),
    ]
    assert read.defines == {"x.so.1", "X_1"}
    assert (read.interpreter, read.c_library) == ("/lib/ld-linux-aarch64.so.1", "glibc")
    assert (read.is_module, read.truncated) == (True, False)


def test_versions_that_it_can_do_without(tmp_path: Path) -> None:
    read = read_elf(str(elf(tmp_path / "x.so", needs={"libc.so.6": ["GLIBC_2.99"]}, weak=True)))
    assert read is not None
    assert (read.needs, read.is_module) == ([], False)


@pytest.mark.parametrize(
    ("needed", "libc"),
    [
        ("libc.so.6", "glibc"),
        ("libc.musl-x86_64.so.1", "musl"),
        ("libc.so", "musl"),
        ("libm.so.6", None),
        ("ld-linux.so.2", "glibc"),
    ],
)
def test_the_libc_by_what_is_needed(tmp_path: Path, needed: str, libc: str) -> None:
    read = read_elf(str(elf(tmp_path / "x.so", needed)))
    assert read is not None
    assert read.c_library == libc


@pytest.mark.parametrize("content", [b"", b"\x7fEL", b"#!/bin/sh\n", b"version https://git-lfs"])
def test_what_is_no_elf_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.so"
    path.write_bytes(content)
    assert read_elf(str(path)) is None
    assert read_elf(str(tmp_path)) is None
    assert read_elf(str(tmp_path / "absent")) is None


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.so")
    assert read_elf(str(tmp_path / "x.so")) is None


def test_a_file_that_was_cut(tmp_path: Path) -> None:
    path = elf(tmp_path / "x.so", "libGL.so.1", needs={"libGL.so.1": ["GL_1"]})
    whole = path.read_bytes()
    for length in range(4, len(whole)):
        path.write_bytes(whole[:length])
        read = read_elf(str(path))
        assert read is not None
        assert read.truncated is True


def test_a_file_with_any_bytes_is_read_without_an_error(tmp_path: Path) -> None:
    chance = random.Random(7)
    path = elf(
        tmp_path / "x.so", "libGL.so.1", needs={"libGL.so.1": ["GL_1"]}, defines=["A", "B"], interpreter="/ld"
    )
    whole = path.read_bytes()
    for _ in range(800):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(4, len(data))] = chance.choice(
                (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
            )
        path.write_bytes(data)
        assert read_elf(str(path)) is not None


@LINUX
def test_a_module_of_this_python_is_read_as_readelf_reads_it() -> None:
    folder = Path(sysconfig.get_path("platstdlib"), "lib-dynload")
    modules = sorted(folder.glob("*.so"))[:20] or [Path(os.path.realpath(sys.executable))]
    for module in modules:
        try:
            said = subprocess.run(
                ["readelf", "-dW", module], capture_output=True, text=True, check=True
            ).stdout
        except OSError:
            pytest.skip("there is no readelf on this machine")
        needed = [line.split("[")[1].rstrip("]") for line in said.splitlines() if "(NEEDED)" in line]
        read = read_elf(str(module))
        assert read is not None
        assert (read.needed, read.truncated) == (needed, False)
        assert read.machine == os.uname().machine
