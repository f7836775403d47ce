"""Which branch of an ``if``, loop or ``case`` of a shell script runs, as far as that is known."""

from __future__ import annotations


class Block:
    """An ``if``, loop or ``case`` that is open. Of a ``case`` over an argument it is known which branch runs.

    ``arguments`` are those of the shell before it, ``value`` what a ``case`` compares, where it is known.
    ``set_value`` is that, and ``test`` what a condition comes to, by the variables that the image sets: where
    those are not changed, one branch is ``sure`` to run. The others are read all the same.
    """

    def __init__(self, kind: str, arguments: list[str]) -> None:
        self.kind = kind
        self.arguments = arguments
        self.value: str | None = None
        self.in_pattern = False
        self.in_condition = kind in ("if", "while", "until")
        self.matched = False
        self.runs = True
        self.set_value: str | None = None
        self.test: bool | None = None
        self.sure = False

    def take_pattern(self, pattern: str) -> None:
        """Take in one pattern of a branch: the first branch that has the value runs."""
        import fnmatch

        if self.matched:
            return
        if self.value is not None and fnmatch.fnmatchcase(self.value, pattern):
            self.matched = self.runs = True
        elif self.set_value is not None and fnmatch.fnmatchcase(self.set_value, pattern):
            self.matched = self.sure = True

    def begin_branch(self, word: str) -> None:
        """``then``, ``else`` or ``elif``: the first branch whose condition holds runs; ``do`` of a loop."""
        self.in_condition = word == "elif"
        if word == "do":
            self.sure = self.test is (self.kind == "while")
        elif word == "elif":
            self.matched = self.matched or self.test is not False
            self.test, self.sure = None, False
        elif word == "then":
            self.sure = self.test is True and not self.matched
        else:
            self.sure = self.test is False and not self.matched

    def end_branch(self) -> None:
        """The next is a pattern; its branch does not run until it has matched."""
        self.in_pattern = True
        self.runs, self.sure = self.value is None, False
