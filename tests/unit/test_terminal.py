"""Text that a terminal may get."""

from __future__ import annotations

import pytest

from importguard.terminal import escape_lines, printable_line


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


def test_a_tab_in_what_is_quoted_is_shown_as_a_space() -> None:
    """What libpq says has a second line that begins with one."""
    said = 'connection to "db" failed: Connection refused\n\tIs the server running on that host?\n'
    assert escape_lines(said).split("\n")[1] == " Is the server running on that host?"
