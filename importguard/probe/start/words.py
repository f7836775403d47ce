"""The words of a start command, as they are and as they were written."""

from __future__ import annotations

from importguard.probe.files import printable_path


class Word(str):
    """A word after expansion. ``raw`` is how it was written: a variable's value is never shown.

    Not ``is_known``: what it is depends on a variable that is not set, or on what a command says.
    """

    raw = ""
    is_known = False


def spelled_word(value: str, raw: str, is_known: bool = False) -> Word:
    """A word with its spelling."""
    made = Word(value)
    made.raw, made.is_known = raw, is_known
    return made


def spelled_command(words: list[str]) -> str:
    """A command as it was written, on one line, without the values of variables."""
    return printable_path(" ".join(as_written(words).split()))


def as_written(words: list[str]) -> str:
    """The text of words, each as it stands in its script, or as a shell would need it."""
    parts = [item.raw if isinstance(item, Word) else quote_word(item) for item in words]
    return " ".join(part for part in parts if part)


def quote_word(value: str) -> str:
    """A word as a shell would need it written."""
    plain = value.isascii() and all(char.isalnum() or char in "_@%+=:,./-" for char in value)
    return value if value and plain else "'" + value.replace("'", "'\"'\"'") + "'"


def is_assignment(text: str) -> bool:
    """Whether a word has the form ``NAME=value``."""
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isidentifier()
