"""What a file seems to import, told from its text: in time that grows no faster than the file."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from importguard.probe.code.late_imports import _STATEMENT
from importguard.probe.code.quick_scan import IMPORT_LINE, likely_imports

HOSTILE_LINES = [b"from " + b" " * 1999, b"from ." + b"." * 1999, b"lazy" + b" \t" * 1000]
HOSTILE_STATEMENTS = [b"\n import (a", b"\n from a import (b,", b"\n import \\", b"\n lazy import"]
HOSTILE_LISTS = [b"import (", b"import a,", b"import \\\n", b"from a import b,", b"import ( #"]

LIKELY = {
    b"import a; from b import c, d": [("a", ()), ("b", ("c", "d"))],
    b"from b import (\n a,  # noqa import\n c)": [("b", ("a", "c"))],
    b"# at import\n\nfrom b import (" + b"a, " * 200 + b"z)": [("b", ("a",) * 200 + ("z",))],
    b"import (never closed\nimport gone\n": [("gone", ())],
}


def times_slower_on_longer_text(scan: Callable[[bytes], object], text: bytes, times: int = 8) -> float:
    """How many times longer the scan of a text takes that is ``times`` as long."""

    def cpu_seconds(text: bytes) -> float:
        seconds = []
        for _ in range(3):
            start = time.process_time()
            scan(text)
            seconds.append(time.process_time() - start)
        return max(min(seconds), 1e-4)  # a clock's own step

    return cpu_seconds(text * times) / cpu_seconds(text)


@pytest.mark.parametrize("line", HOSTILE_LINES)
def test_a_line_takes_time_by_its_length(line: bytes) -> None:
    assert times_slower_on_longer_text(IMPORT_LINE.findall, line.ljust(6000, line[-1:])) < 24


@pytest.mark.parametrize("statement", HOSTILE_STATEMENTS)
def test_statements_that_do_not_end_take_time_by_their_number(statement: bytes) -> None:
    assert times_slower_on_longer_text(_STATEMENT.findall, statement * 2000) < 24


@pytest.mark.parametrize("part", HOSTILE_LISTS)
def test_imports_within_the_names_of_others_are_read_in_part(part: bytes) -> None:
    few, many = (sum(len(names) + 1 for _, names in likely_imports(part * n, "")) for n in (500, 4000))
    assert many <= 24 * max(few, 1)
    assert times_slower_on_longer_text(lambda text: list(likely_imports(text, "")), part * 500) < 24


@pytest.mark.parametrize("text", LIKELY)
def test_what_looks_like_an_import(text: bytes) -> None:
    assert set(LIKELY[text]) <= set(likely_imports(text, ""))
