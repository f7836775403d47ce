"""Tracebacks that rich drew, from text as rich 15 writes it where no terminal is."""

from __future__ import annotations

from unit.builders import evidence

from importguard.evidence.imports import ImportFailure
from importguard.failures.logged import logged_failures
from importguard.failures.rich_tracebacks import with_plain_tracebacks

CHAIN = """╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /app/shop/a_rather_long_package_name/another_level_of_names/some_module_of_s │
│ ervices.py:3 in get                                                          │
│                                                                              │
│   1 def get():                                                               │
│   2 │   try:                                                                 │
│ ❱ 3 │   │   import shop.billing                                              │
│                                                                              │
│ ╭───────────────────────────────── locals ─────────────────────────────────╮ │
│ │ rich = <module 'rich' from                                               │ │
│ │        '/app/lib/rich/__init__.py'>                                      │ │
│ ╰──────────────────────────────────────────────────────────────────────────╯ │
╰──────────────────────────────────────────────────────────────────────────────╯
ModuleNotFoundError: No module named 'shop.billing'

The above exception was the direct cause of the following exception:

╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /app/main.py:6 in <module>                                                   │
│                                                                              │
│ ❱ 6 get()                                                                    │
╰──────────────────────────────────────────────────────────────────────────────╯
RuntimeError: Failed to set up the middleware with a long message that surely is
wrapped at eighty columns of the console
bye
"""
HANDLER = """[12/02/26 09:46:06] ERROR    ERROR:root:failed                        main.py:19
                             ╭─ Traceback (most recent call last) ──╮
                             │ /app/shop/main.py:18 in              │
                             │ <module>                             │
                             │                                      │
                             │ ❱ 18 import shop.billing.tax.rates.m │
                             ╰──────────────────────────────────────╯
                             ModuleNotFoundError: No module named
                             'shop.billing'
"""
SYNTAX_ERROR = """╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /app/main.py:12 in <module>                                                  │
╰──────────────────────────────────────────────────────────────────────────────╯
╭──────────────────────────────────────────────────────────────────────────────╮
│  /app/bad.py:1                                                               │
│ def x(:                                                                      │
│       ▲                                                                      │
╰──────────────────────────────────────────────────────────────────────────────╯
SyntaxError: invalid syntax
"""


def only(log: str) -> ImportFailure:
    (failure,) = logged_failures(log, evidence())
    return failure


def test_a_chain_is_read_like_a_plain_one() -> None:
    failure = only(CHAIN)
    long = "Failed to set up the middleware with a long message that surely is wrapped at eighty columns"
    assert (failure.type, failure.message) == ("RuntimeError", f"{long} of the console")
    assert failure.missing == "shop.billing"
    path = "/app/shop/a_rather_long_package_name/another_level_of_names/some_module_of_services.py"
    assert [(frame.path, frame.line, frame.function) for frame in failure.frames] == [(path, 3, "get")]


def test_one_in_a_column_of_a_handler() -> None:
    failure = only(HANDLER)
    assert (failure.missing, [frame.line for frame in failure.frames]) == ("shop.billing", [18])
    assert failure.frames[0].function == "<module>"


def test_a_syntax_error_has_its_place() -> None:
    failure = only(SYNTAX_ERROR)
    assert (failure.type, failure.message) == ("SyntaxError", "invalid syntax")
    places = [(frame.path, frame.line) for frame in failure.frames]
    assert places == [("/app/main.py", 12), ("/app/bad.py", 1)]


def test_colours_and_a_prefix_on_every_line() -> None:
    log = "".join(f"web-1 | \x1b[31m{line}\x1b[0m\n" for line in CHAIN.splitlines())
    assert only(log).missing == "shop.billing"


def test_a_log_that_ends_within_a_box() -> None:
    lines = CHAIN.splitlines()
    for length in range(1, len(lines)):
        with_plain_tracebacks(lines[:length])
    assert logged_failures("\n".join(lines[:5]), evidence()) == []


def test_other_lines_are_as_they_were() -> None:
    lines = ["starting", "╭── Tasks ──╮", "│ one       │", "╰───────────╯", ""]
    assert with_plain_tracebacks(lines) == lines
