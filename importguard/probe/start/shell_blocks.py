"""Which branch of an ``if``, loop or ``case`` of a shell script runs, as far as that is known."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.start.shell_state import Shell


class Block:
    """An ``if``, loop, ``case``, group or subshell that is open.

    ``value``: what a ``case`` over an argument compares: its other branches are not read. ``set_value`` is
    that, and ``test`` what a condition comes to, by what the image sets: one branch is ``sure`` to run, and
    one that does not run ``is_dead``; it is read all the same, since another start may set otherwise.
    ``is_undecided``: a branch above may have run. ``arguments`` are those of the shell before it, ``saved``
    its state to return to after a subshell or a dead branch. ``outer``: what is known of the list in which it
    stands. ``begin``: where it begins in the text, ``first_step``: how many commands are before it.
    ``values``: what the ``variable`` of a ``for`` still gets, ``body``: where what it repeats begins.
    """

    def __init__(self, kind: str, shell: Shell, outer: Conditions, begin: int, first_step: int) -> None:
        self.kind = kind
        self.arguments = list(shell.arguments)
        self.saved: Shell | None = None
        self.outer = outer
        self.begin = begin
        self.first_step = first_step
        self.value: str | None = None
        self.in_pattern = False
        self.in_condition = kind in ("if", "while", "until")
        self.matched = False
        self.runs = True
        self.set_value: str | None = None
        self.test: bool | None = None
        self.sure = kind in "({"
        self.is_dead = False
        self.is_undecided = False
        self.variable, self.values = "", list[str]()
        self.body = 0

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
        self.is_dead = False
        if word == "do":
            self.sure = bool(self.variable) or self.test is (self.kind == "while")
            self.is_dead = self.test is (self.kind == "until")
        elif word == "elif":
            self._pass_branch()
            self.test, self.sure = None, False
            self.is_dead = self.matched
        elif word == "then":
            self.sure = self.test is True and not self.is_undecided and not self.matched
            self.is_dead = self.test is False or self.matched
        else:
            self._pass_branch()
            self.sure = not self.matched and not self.is_undecided
            self.is_dead = self.matched

    def _pass_branch(self) -> None:
        """Note whether the branch that ends has run: then none below does."""
        self.matched = self.matched or (self.test is True and not self.is_undecided)
        self.is_undecided = self.is_undecided or self.test is None

    def end_branch(self) -> None:
        """The next is a pattern; its branch does not run until it has matched."""
        self.in_pattern = True
        self.runs, self.sure = self.value is None, False

    def begin_case_branch(self) -> None:
        """The patterns of a branch have been read."""
        self.in_pattern = False
        self.is_dead = self.set_value is not None and self.value is None and not self.sure


class Conditions:
    """What is known of a list of commands (``a && b || c``): whether the next one ``runs``, and ``status``.

    None stands for what is not known.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new list begins."""
        self.runs: bool | None = True
        self.status: bool | None = True
        self.is_alternative = False
        self.is_test = False
        self.is_negated = False

    def end_command(self, result: bool | None, is_test: bool) -> None:
        """A command of the list has ended with ``result``."""
        if self.is_negated:
            result = None if result is None else not result
        self.is_negated = False
        if self.runs is False:
            return
        self.is_test = is_test
        if self.runs:
            self.status = result
        else:
            decides = self.is_alternative  # of ``a || b``, b where it holds; of ``a && b``, where it fails
            self.status = result if result is decides else None

    def go_on(self, operator: str) -> None:
        """``&&`` or ``||``: whether the next command runs."""
        self.is_alternative = operator == "||"
        if operator == "&&":
            self.runs = self.status
        elif self.status and not self.is_test:
            self.runs = None  # a program is expected to work, and may fail
        else:
            self.runs = None if self.status is None else not self.status
