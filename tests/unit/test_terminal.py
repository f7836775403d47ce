"""Text that a terminal may get."""

from __future__ import annotations

import pytest

from importguard.terminal import printable_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("over\rwritten\x08\x00", "overwritten"),
        ("two\nlines\tand a tab \n", "two lines and a tab"),
        ("right\u202eleft \udcff", "rightleft"),
        ("\x9b31mC1", "31mC1"),
        ("  indented", "  indented"),
        ("a\u2028b\u200bc\xadd\ufeffe\U000e0041f", "abcdef"),
        ("##\u3164[section]", "##\\[section]"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable_line(text) == shown
