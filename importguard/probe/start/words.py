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


BUILT_INS = frozenset(
    "exit return wait break continue trap ulimit umask times jobs bg fg getopts read unset export set shift "
    "eval cd pushd popd dirs source local declare typeset readonly shopt let alias unalias hash type command "
    "builtin caller enable help history logout suspend disown mapfile readarray fc".split()
)
"""What a shell does itself (POSIX, Bash): no such program has to be in the image."""


def reads_profile(option: str) -> bool:
    """Whether a shell with this option reads files of its own first, as a login or interactive one does."""
    is_short = option[:1] == "-" and option[:2] != "--"
    return option in ("--login", "--rcfile", "--init-file") or (
        is_short and not {"l", "i"}.isdisjoint(option)
    )
