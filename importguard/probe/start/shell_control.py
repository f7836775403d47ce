"""The blocks and lists around the commands of a shell script: whether a command is sure to run."""

from __future__ import annotations

import re

from importguard.probe.start.shell_blocks import Block, Conditions
from importguard.probe.start.shell_words import WordReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.start.shell_state import Shell
    from importguard.probe.start.words import Word

OPENING_WORDS = frozenset(["if", "case", "for", "while", "until", "select"])
CLOSING_WORDS = frozenset(["fi", "esac", "done"])
OTHER_WORDS = frozenset(
    ["then", "else", "elif", "do", "{", "}", "!", "time", "command", "builtin", "function"]
)
_GLOB = re.compile(r"[*?\[]")
_MOST_REPEATS = 100
_BRANCHES = frozenset(["then", "else", "elif", "do"])


class Step:
    """One command that a script would start: its words, and what it would be started with.

    ``background``: the script goes on at once, as after ``&``. ``is_dead``: as the image is started, it does
    not run. ``stdin``: the here-document that it reads. ``has_unknown_path``: PATH may have more in it.
    """

    def __init__(
        self,
        words: list[str],
        environ: dict[str, str],
        directory: str,
        conditional: bool,
        background: bool = False,
    ) -> None:
        self.background = background
        self.words = words
        self.environ = environ
        self.directory = directory
        self.conditional = conditional
        self.is_dead = self.has_unknown_path = False
        self.stdin: str | None = None


class ControlFlow(WordReader):
    """Follows the blocks that open and close in a text, and the ``&&``, ``||`` and ``&`` between commands."""

    def __init__(self, text: str, shell: Shell, found: list[Step]) -> None:
        super().__init__(text, shell)
        self.found = found
        self.blocks: list[Block] = []
        self.closed: Block | None = None  # the one that has just ended
        self.conditions = Conditions()
        self.has_returned = False
        self.has_command = False  # since the last separator

    def pass_on_conditions(self, sign: str, count: int) -> None:
        """Note what the command that ``sign`` ends, behind ``count`` steps, makes of those that follow."""
        closed, self.closed = self.closed, None
        if closed and sign == "&":
            for step in self.found[closed.first_step :]:
                step.background = True
        if sign in ("&&", "||"):
            self.conditions.go_on(sign)
            for step in self.found[count:] if sign == "||" else []:
                step.conditional = True  # the start goes on without it
        elif sign == "(":
            self.open_block("(")
            self.blocks[-1].saved = self.shell.copy()
        elif sign == ")":
            self._close_group("(")
        elif sign != "|" and self.has_command:
            self._end_list()
        self.has_command = False

    def _end_list(self) -> None:
        if self.blocks and self.blocks[-1].in_condition:
            self.blocks[-1].test = self.conditions.status
        self.conditions.begin()

    def open_block(self, kind: str) -> None:
        """Open an ``if``, loop, ``case`` or group: what stands before it is a condition of all in it."""
        self.blocks.append(Block(kind, self.shell, self.conditions, self.at, len(self.found)))
        self.conditions = Conditions()

    def _close_group(self, sign: str) -> None:
        if self.blocks and self.blocks[-1].kind == sign:
            self._close()

    def begin_for(self, words: list[Word]) -> None:
        """``for NAME in VALUE …``, or ``for NAME`` over the arguments; repeated where these are known."""
        block, name = self.blocks[-1], words[1] if words[1:] else ""
        values: list[str] = list(words[3:]) if words[2:3] == ["in"] else self.shell.arguments[1:]
        is_known = all(word.is_known and not _GLOB.search(word) for word in words[3:])
        if not values or not is_known or not self.shell.decides or block.kind != "for":
            self.shell.forget_variable(name)
            return
        block.variable, block.values, block.sure = name, values, True
        self._take_next_value(block)

    def _take_next_value(self, block: Block) -> bool:
        """Give the variable of a ``for`` its next value; whether it has one."""
        self.shell.repeats += 1
        if not block.values or self.shell.repeats > _MOST_REPEATS:
            return False
        self.shell.assign_variable("%s=%s" % (block.variable, block.values.pop(0)), is_sure=self.is_sure())
        return True

    def _close(self) -> None:
        """The innermost block ends: a subshell and a branch that does not run have changed nothing.

        Of one that may run, ``set -- tool "$@"`` before bare options stays, and ``shift`` does not.
        """
        if self.blocks[-1].variable and self._take_next_value(self.blocks[-1]):
            self.at, self.conditions = self.blocks[-1].body, Conditions()
            return
        block = self.blocks.pop()
        if block.variable:
            self.shell.forget_variable(block.variable)
        self.leave_branch(block)
        kept = self.shell.arguments[1:] and not self.shell.arguments[1].startswith("-")
        is_sure = block.sure or block.value is not None
        if not is_sure and block.arguments[1:] and not block.arguments[1].startswith("-") and kept:
            self.shell.arguments = block.arguments
        self.conditions, self.closed = block.outer, block
        self.conditions.end_command(None if self.is_in_condition() else True, is_test=False)
        if block.kind == "while" and block.sure and len(self.shell.arguments) < len(block.arguments):
            self.at, self.closed = block.begin, None  # it reads the arguments one by one
            self.open_block("while")

    def leave_branch(self, block: Block) -> None:
        """Undo what a branch that does not run, or a subshell, has changed."""
        if block.saved is not None:
            self.shell.take_back(block.saved)
            block.saved = None

    def save_where_dead(self, block: Block) -> None:
        """Keep the shell as it is, to be given back behind a branch that does not run."""
        if block.is_dead:
            block.saved = self.shell.copy()

    def is_in_condition(self) -> bool:
        """Whether the command stands behind ``if``, ``while`` or ``until``, which ask for its result."""
        outer = [block for block in self.blocks if block.kind not in "({"]
        return bool(outer) and outer[-1].in_condition

    def carry_out_reserved_word(self, word: str) -> None:
        """``then``, ``fi``, ``{``, ``!`` …: open, change or close the block that they belong to."""
        if word == "!":
            self.conditions.is_negated = not self.conditions.is_negated
        elif word == "{":
            self.open_block(word)
        elif word == "}":
            self._close_group("{")
        elif self.blocks and word in _BRANCHES:
            self.leave_branch(self.blocks[-1])
            self.blocks[-1].begin_branch(word)
            self.blocks[-1].body = self.at
            self.save_where_dead(self.blocks[-1])
        elif self.blocks and word in CLOSING_WORDS:
            self._close()

    def is_conditional(self) -> bool:
        """Whether the command may not run."""
        is_in_branch = any(
            block.outer.runs is not True or (block.value is None and not block.sure) for block in self.blocks
        )
        has_ended = self.shell.has_ended or self.has_returned
        return is_in_branch or has_ended or self.conditions.runs is not True

    def is_dead(self) -> bool:
        """Whether the command does not run, as the image is started."""
        is_in_branch = any(block.is_dead or block.outer.runs is False for block in self.blocks)
        return is_in_branch or self.conditions.runs is False or self.shell.has_ended

    def is_sure(self) -> bool:
        """Whether the command runs, whatever the text is read for."""
        return not (self.is_conditional() or self.shell.in_doubt)
