"""What an ELF file says of itself: for which machine it is, and which libraries and symbol versions it needs.

Source: System V Application Binary Interface, chapters 4 and 5 ("ELF header", "Dynamic section"), and the
Linux Standard Base's "Symbol versioning". Only what is asked for is read, whatever the file's size.
"""

from __future__ import annotations

import os
import stat
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

MACHINES = {
    2: "sparc",
    3: "i686",
    8: "mips",
    20: "ppc",
    21: "ppc64le",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
"""``e_machine`` as ``platform.machine()`` writes it (gABI, figure 4-4, and the registry of machine names)."""

_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 1, 5, 10, 14, 15, 29
_VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_WEAK = 2
_MOST_HEADERS = 1000
_MOST_ENTRIES = 5000
_MOST_READ = 20000
_LONGEST_STRINGS = 16 << 20


class Elf:
    """The dynamic section of one file. ``needs`` are the (library, version) that it can't do without.

    ``is_module``: it has the function by which Python initialises an extension module (PEP 489).
    """

    def __init__(self) -> None:
        self.bits = 64
        self.machine: str | None = None
        self.interpreter = ""
        self.needed: list[str] = []
        self.soname = ""
        self.rpath: list[str] = []
        self.runpath: list[str] = []
        self.needs: list[tuple[str, str]] = []
        self.defines: set[str] = set()
        self.is_module = False
        self.truncated = False

    @property
    def loading_kind(self) -> tuple[int, str | None]:
        """What two files must have in common to be loaded into one process."""
        return self.bits, self.machine

    @property
    def c_library(self) -> str | None:
        """glibc or musl, by what it asks for; None where neither is told."""
        for name in [self.interpreter, *self.needed]:
            base = os.path.basename(name)
            if base.startswith(("ld-musl-", "libc.musl-")) or base == "libc.so":
                return "musl"
            if base.startswith("ld-linux") or base == "libc.so.6":
                return "glibc"
        return "glibc" if any(version.startswith("GLIBC_") for _, version in self.needs) else None


class _Reader:
    """Numbers and texts of one open file; raises ValueError where it ends too early."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.size = size
        self.order = "<"
        self.segments: list[tuple[int, int, int]] = []  # address, offset, bytes in the file
        self.strings = b""
        self.left = _MOST_READ

    def read_bytes_at(self, offset: int, count: int) -> bytes:
        if offset < 0 or count < 0 or offset + count > self.size:
            raise ValueError("the file ends too early")
        self.file.seek(offset)
        data = self.file.read(count)
        if len(data) < count:
            raise ValueError("the file ends too early")
        return data

    def read_numbers(self, layout: str, offset: int) -> tuple[int, ...]:
        self.left -= 1  # tables of a hostile file may lead in circles
        if self.left < 0:
            raise ValueError("more tables than any real file has")
        layout = self.order + layout
        return struct.unpack(layout, self.read_bytes_at(offset, struct.calcsize(layout)))

    def offset_of_address(self, address: int) -> int:
        """The offset in the file of an address in memory."""
        for start, offset, count in self.segments:
            if start <= address < start + count:
                return address - start + offset
        raise ValueError("an address lies outside of the file")

    def read_text_at(self, index: int) -> str:
        return text_at(self.strings, index) if index >= 0 else ""


def text_at(data: bytes, start: int) -> str:
    """The text from ``start`` to a NUL, decoded as file names are; at most 4096 bytes."""
    end = data.find(b"\0", start, start + 4096)
    return os.fsdecode(data[start : end if end >= 0 else start + 4096])


def read_elf(path: str) -> Elf | None:
    """The file at ``path``; None where it is no readable ELF file.

    ``truncated`` is set where it ends before what its headers promise; the rest is then what could be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with open(descriptor, "rb") as file:
        elf = Elf()
        try:
            reader = _Reader(file, os.fstat(descriptor).st_size)
            if reader.size < 4 or reader.read_bytes_at(0, 4) != b"\x7fELF":
                return None
            _read(reader, elf)
        except (ValueError, struct.error, OverflowError):
            elf.truncated = True
        except OSError:
            return None
    return elf


def _read(reader: _Reader, elf: Elf) -> None:
    wide, order = reader.read_bytes_at(4, 2)
    elf.bits = 64 if wide == 2 else 32
    reader.order = ">" if order == 2 else "<"
    machine, _, _, program = reader.read_numbers("HIQQ" if wide == 2 else "HIII", 18)
    elf.machine = MACHINES.get(machine, "machine %d" % machine)
    size, count = reader.read_numbers("HH", 54 if wide == 2 else 42)
    dynamic = None
    for index in range(min(count, _MOST_HEADERS)):
        kind, offset, address, length = _program_header(reader, program + index * size, wide == 2)
        if kind == _LOAD:
            reader.segments.append((address, offset, length))
            elf.truncated |= offset + length > reader.size
        elif kind == _DYNAMIC:
            dynamic = offset, length
        elif kind == _INTERPRETER:
            elf.interpreter = text_at(reader.read_bytes_at(offset, min(length, 4096)), 0)
    if dynamic is not None:
        _dynamic(reader, elf, *dynamic)


def _program_header(reader: _Reader, offset: int, wide: bool) -> tuple[int, int, int, int]:
    """(type, offset, address, bytes in the file) of one segment."""
    if wide:
        kind, _, start, address, _, length = reader.read_numbers("IIQQQQ", offset)
    else:
        kind, start, address, _, length = reader.read_numbers("IIIII", offset)
    return kind, start, address, length


def _dynamic(reader: _Reader, elf: Elf, offset: int, length: int) -> None:
    layout, step = ("qQ", 16) if elf.bits == 64 else ("iI", 8)
    entries: list[tuple[int, int]] = []
    data = reader.read_bytes_at(offset, min(length // step, _MOST_ENTRIES) * step)
    for tag, value in struct.iter_unpack(reader.order + layout, data):
        if tag == 0:
            break
        entries.append((tag & 0xFFFFFFFF, value))
    single = dict(entries)
    if _STRTAB not in single:
        return
    count = min(single.get(_STRSZ, 0), _LONGEST_STRINGS)
    reader.strings = reader.read_bytes_at(reader.offset_of_address(single[_STRTAB]), count)
    elf.is_module = b"\0PyInit_" in reader.strings
    elf.needed = [reader.read_text_at(value) for tag, value in entries if tag == _NEEDED]
    elf.soname = reader.read_text_at(single.get(_SONAME, -1))
    elf.rpath = _folders(reader.read_text_at(single.get(_RPATH, -1)))
    elf.runpath = _folders(reader.read_text_at(single.get(_RUNPATH, -1)))
    if _VERNEED in single:
        _needs(reader, elf, reader.offset_of_address(single[_VERNEED]), single.get(_VERNEEDNUM, 0))
    if _VERDEF in single:
        _defines(reader, elf, reader.offset_of_address(single[_VERDEF]), single.get(_VERDEFNUM, 0))


def _folders(text: str) -> list[str]:
    return text.split(":") if text else []


def _needs(reader: _Reader, elf: Elf, offset: int, count: int) -> None:
    for _ in range(min(count, _MOST_ENTRIES)):
        _, versions, library, inner, following = reader.read_numbers("HHIII", offset)
        place = offset + inner
        for _ in range(min(versions, _MOST_ENTRIES)):
            _, flags, _, name, step = reader.read_numbers("IHHII", place)
            if not flags & _WEAK:
                elf.needs.append((reader.read_text_at(library), reader.read_text_at(name)))
            place += step
        offset += following
        if not following or len(elf.needs) > _MOST_ENTRIES:
            return


def _defines(reader: _Reader, elf: Elf, offset: int, count: int) -> None:
    for _ in range(min(count, _MOST_ENTRIES)):
        inner, following = reader.read_numbers("II", offset + 12)
        (name,) = reader.read_numbers("I", offset + inner)
        elf.defines.add(reader.read_text_at(name))
        offset += following
        if not following:
            return
