"""The words of command lines that files of the repository hold."""

from __future__ import annotations

import shlex


def split_command(text: str, comments: bool = True) -> list[str]:
    """The words as a shell divides them, without its comments; where a quote is open, what spaces divide."""
    try:
        return shlex.split(text, comments=comments)
    except ValueError:
        return text.split()
