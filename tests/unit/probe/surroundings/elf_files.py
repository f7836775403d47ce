"""ELF files made by hand: shared objects without any code, with the needs that a test gives them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

X86_64, AARCH64 = 62, 183
STACK = 0x6474E551  # without it, a loader takes the stack to be executable
NEEDED, STRTAB, STRSZ, SONAME, RPATH, RUNPATH = 1, 5, 10, 14, 15, 29
VERDEF, VERDEFNUM, VERNEED, VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF


class Strings:
    """A string table; ``at`` gives the place of a text in it."""

    def __init__(self) -> None:
        self.data = b"\0"

    def at(self, text: str) -> int:
        place = len(self.data)
        self.data += text.encode() + b"\0"
        return place


def elf(
    path: Path,
    *needed: str,
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    needs: Mapping[str, Sequence[str]] | None = None,
    weak: bool = False,
    defines: Sequence[str] = (),
    machine: int = X86_64,
    wide: bool = True,
    big: bool = False,
    interpreter: str = "",
    symbol: str = "",
) -> Path:
    """Write an ELF file; ``needs`` are versions by library. One segment holds the whole file at address 0."""
    order = ">" if big else "<"
    strings = Strings()
    tags = [(NEEDED, strings.at(name)) for name in needed]
    for tag, text in ((SONAME, soname), (RPATH, rpath), (RUNPATH, runpath)):
        tags += [(tag, strings.at(text))] if text else []
    strings.at(symbol)
    needs = needs or {}
    verneed, verdef = _needs(order, strings, needs, weak), _defines(order, strings, defines)
    program_size = (56 if wide else 32) * 4
    start = (64 if wide else 52) + program_size
    places = {}
    body = b""
    for name, data in (
        ("strings", strings.data),
        ("verneed", verneed),
        ("verdef", verdef),
        ("interpreter", interpreter.encode() + b"\0"),
    ):
        places[name] = start + len(body)
        body += data + b"\0" * (-len(data) % 8)
    tags += [(STRTAB, places["strings"]), (STRSZ, len(strings.data))]
    tags += [(VERNEED, places["verneed"]), (VERNEEDNUM, len(needs))] if needs else []
    tags += [(VERDEF, places["verdef"]), (VERDEFNUM, len(defines))] if defines else []
    dynamic = b"".join(struct.pack(order + ("qQ" if wide else "iI"), *tag) for tag in [*tags, (0, 0)])
    places["dynamic"] = start + len(body)
    size = start + len(body) + len(dynamic)
    segments = [(1, 0, size), (2, places["dynamic"], len(dynamic))]
    segments.append((3, places["interpreter"], len(interpreter) + 1) if interpreter else (0, 0, 0))
    segments.append((STACK, 0, 0))
    head = _header(order, wide, machine) + b"".join(_segment(order, wide, *one) for one in segments)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + body + dynamic)
    return path


def _header(order: str, wide: bool, machine: int) -> bytes:
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if order == ">" else 1, 1]) + bytes(9)
    if wide:
        rest = struct.pack(order + "HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 4, 0, 0, 0)
    else:
        rest = struct.pack(order + "HHIIIIIHHHHHH", 3, machine, 1, 0, 52, 0, 0, 52, 32, 4, 0, 0, 0)
    return ident + rest


def _segment(order: str, wide: bool, kind: int, offset: int, size: int) -> bytes:
    if wide:
        return struct.pack(order + "IIQQQQQQ", kind, 6, offset, offset, offset, size, size, 8)
    return struct.pack(order + "IIIIIIII", kind, offset, offset, offset, size, size, 6, 4)


def _needs(order: str, strings: Strings, needs: Mapping[str, Sequence[str]], weak: bool) -> bytes:
    data = b""
    for index, (library, versions) in enumerate(needs.items()):
        length = 16 + 16 * len(versions)
        following = length if index + 1 < len(needs) else 0
        data += struct.pack(order + "HHIII", 1, len(versions), strings.at(library), 16, following)
        for number, version in enumerate(versions):
            step = 16 if number + 1 < len(versions) else 0
            data += struct.pack(order + "IHHII", 0, 2 if weak else 0, 2, strings.at(version), step)
    return data


def _defines(order: str, strings: Strings, defines: Sequence[str]) -> bytes:
    data = b""
    for index, version in enumerate(defines):
        following = 28 if index + 1 < len(defines) else 0
        data += struct.pack(order + "HHHHIII", 1, 0, index + 1, 1, 0, 20, following)
        data += struct.pack(order + "II", strings.at(version), 0)
    return data
