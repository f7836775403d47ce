"""Where the dynamic loader finds libraries: glibc's order and musl's, on files made by hand and real ones."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from unit.probe.surroundings.elf_files import AARCH64, elf

from importguard.probe.surroundings.libraries import Loader, read_cache

GLIBC, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"


def loader(tmp_path: Path, libc: str = GLIBC, cache: str = "/nowhere", **environ: str) -> Loader:
    program = elf(tmp_path / "bin" / "python", interpreter=libc)
    return Loader(str(program), environ, str(tmp_path), cache)


def test_what_is_needed_is_told_in_the_loader_s_order_and_through_all_libraries(tmp_path: Path) -> None:
    elf(tmp_path / "lib" / "a.so", "c.so", "lost1.so")
    elf(tmp_path / "lib" / "b.so", "lost2.so", "a.so")
    elf(tmp_path / "lib" / "c.so", "b.so")
    module = elf(tmp_path / "x.so", "a.so", "b.so")
    loaded = loader(tmp_path, LD_LIBRARY_PATH=str(tmp_path / "lib")).find_needed_libraries(str(module))
    assert loaded.needed == ["a.so", "b.so", "c.so", "lost1.so", "lost2.so"]
    assert loaded.missing == ["lost1.so", "lost2.so"]


def test_runpath_with_origin_is_the_file_s_own_alone(tmp_path: Path) -> None:
    elf(tmp_path / "pkg.libs" / "a.so", "b.so")
    elf(tmp_path / "pkg.libs" / "b.so")
    module = elf(tmp_path / "pkg" / "x.so", "a.so", runpath="$ORIGIN/../pkg.libs")
    assert loader(tmp_path).find_needed_libraries(str(module)).missing == ["b.so"]


def test_rpath_counts_for_what_is_loaded_through_it(tmp_path: Path) -> None:
    elf(tmp_path / "pkg.libs" / "a.so", "b.so")
    elf(tmp_path / "pkg.libs" / "b.so")
    module = elf(tmp_path / "pkg" / "x.so", "a.so", rpath="${ORIGIN}/../pkg.libs")
    assert loader(tmp_path).find_needed_libraries(str(module)).missing == []


def test_rpath_does_not_count_beside_runpath(tmp_path: Path) -> None:
    elf(tmp_path / "one" / "a.so")
    module = elf(tmp_path / "x.so", "a.so", rpath=str(tmp_path / "one"), runpath=str(tmp_path / "two"))
    assert loader(tmp_path).find_needed_libraries(str(module)).missing == ["a.so"]


def test_what_the_program_has_loaded_is_there(tmp_path: Path) -> None:
    elf(tmp_path / "own" / "a.so", soname="a.so.1")
    program = elf(tmp_path / "bin" / "python", "a.so", runpath="$ORIGIN/../own", interpreter=GLIBC)
    module = elf(tmp_path / "x.so", "a.so.1")
    assert Loader(str(program), {}, "/", "/nowhere").find_needed_libraries(str(module)).missing == []


def test_a_library_of_another_machine_is_passed_by(tmp_path: Path) -> None:
    elf(tmp_path / "one" / "a.so", machine=AARCH64)
    module = elf(tmp_path / "x.so", "a.so")
    paths = f"{tmp_path}/one"
    assert loader(tmp_path, LD_LIBRARY_PATH=paths).find_needed_libraries(str(module)).missing == ["a.so"]
    elf(tmp_path / "two" / "a.so")
    paths += f":{tmp_path}/two"
    assert loader(tmp_path, LD_LIBRARY_PATH=paths).find_needed_libraries(str(module)).missing == []


def test_a_link_that_leads_nowhere_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "a.so").symlink_to("a.so")
    module = elf(tmp_path / "x.so", "a.so")
    assert loader(tmp_path, LD_LIBRARY_PATH=".").find_needed_libraries(str(module)).missing == ["a.so"]


def test_versions_that_the_library_lacks(tmp_path: Path) -> None:
    elf(tmp_path / "libc.so.6", defines=["libc.so.6", "GLIBC_2.31"])
    elf(tmp_path / "plain.so")
    needs = {"libc.so.6": ["GLIBC_2.31", "GLIBC_2.38"], "plain.so": ["P_1"], "lost.so": ["L_1"]}
    module = elf(tmp_path / "x.so", "libc.so.6", "plain.so", "lost.so", needs=needs)
    loaded = loader(tmp_path, LD_LIBRARY_PATH=".").find_needed_libraries(str(module))
    assert loaded.versions == ["GLIBC_2.38"]
    assert loaded.missing == ["lost.so"]


def test_musl_is_its_own_libraries_and_knows_no_versions(tmp_path: Path) -> None:
    elf(tmp_path / "lib" / "a.so", "b.so", defines=["A_1"])
    elf(tmp_path / "lib" / "b.so")
    module = elf(
        tmp_path / "x.so",
        "libc.musl-x86_64.so.1",
        "libm.so.6",
        "a.so",
        runpath=str(tmp_path / "lib"),
        needs={"a.so": ["A_2"]},
    )
    made = loader(tmp_path, MUSL)
    assert made.libc == "musl"
    loaded = made.find_needed_libraries(str(module))
    assert (loaded.missing, loaded.versions) == ([], [])


def test_a_program_that_is_a_script_leaves_the_libc_to_the_system(tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\n")
    made = Loader(str(script), {}, "/", "/nowhere")
    assert made.libc == ("musl" if list(Path("/lib").glob("ld-musl-*")) else "glibc")


def cache(path: Path, entries: dict[str, str], before: bytes = b"") -> Path:
    strings, rows = b"", b""
    start = 48 + 24 * len(entries)
    for name, library in entries.items():
        key, value = start + len(strings), start + len(strings) + len(name) + 1
        strings += name.encode() + b"\0" + library.encode() + b"\0"
        rows += struct.pack("=iIIIQ", 0x303, key, value, 0, 0)
    head = b"glibc-ld.so.cache1.1" + struct.pack("=II", len(entries), len(strings)) + bytes(20)
    path.write_bytes(before + head + rows + strings)
    return path


@pytest.mark.parametrize("before", [b"", b"ld.so-1.7.0\0" + bytes(20)], ids=["new", "both formats"])
def test_the_cache(tmp_path: Path, before: bytes) -> None:
    library = elf(tmp_path / "deep" / "a.so")
    path = cache(tmp_path / "ld.so.cache", {"a.so": str(library), "b.so": "/b.so"}, before)
    assert read_cache(str(path)) == {"a.so": [str(library)], "b.so": ["/b.so"]}
    module = elf(tmp_path / "x.so", "a.so", "b.so")
    assert loader(tmp_path, cache=str(path)).find_needed_libraries(str(module)).missing == ["b.so"]


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"glibc-ld.so.cache1.1", b"glibc-ld.so.cache1.1" + b"\xff" * 60]
)
def test_a_cache_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ld.so.cache"
    path.write_bytes(content)
    assert set(read_cache(str(path))) <= {""}


@pytest.mark.skipif(sys.platform != "linux", reason="there is no ld.so on this system")
def test_the_modules_of_this_python_are_judged_as_ldd_judges_them() -> None:
    real = Loader(sys.executable, dict(os.environ), "/")
    modules = sorted(Path(sysconfig.get_path("platstdlib"), "lib-dynload").glob("*.so"))[:30]
    try:
        said = subprocess.run(["ldd", *modules], capture_output=True, text=True, check=False).stdout
    except OSError:
        pytest.skip("there is no ldd on this machine")
    lost = {line.split()[0] for line in said.splitlines() if "not found" in line}
    assert {name for module in modules for name in real.find_needed_libraries(str(module)).missing} == lost
