"""``make run``: the lines of shell that a target of a Makefile stands for (GNU make's manual)."""

from __future__ import annotations

import os
import re

from importguard.probe.files import read_text
from importguard.probe.start.words import is_assignment, quote_word

_FILES = ("GNUmakefile", "makefile", "Makefile")
_DEEPEST = 8
_LONGEST = 10000
_MOST_READ = 1000000
_VALUES = frozenset("-f --file --makefile -C --directory -I -o -W".split())
_VARIABLE = re.compile(r"^(?:export[ \t]+)?([\w.-]+)[ \t]*(::?:?=|\?=|\+=|!=|=)[ \t]*(.*)$")
_EXPORT = re.compile(r"^export(?:[ \t]+([^=:]*))?$")
_RULE = re.compile(r"^([^\s:=#][^:=#]*?)[ \t]*::?(?![=:])[ \t]*([^;=]*?)(?:;(.*))?$")
_OPEN = re.compile(r"(?m)^ *(?:ifn?eq|ifn?def|-?include|sinclude|define)\b")
_UNREAD = re.compile(
    r"(?m)^ *(?:(?:unexport|override|undefine|private)\b|\.(?:ONESHELL|EXPORT_ALL_VARIABLES|RECIPEPREFIX)\b"
    r"|[^\s:=#][^:=#\n]*::?[ \t]*(?:(?:export|override|private)[ \t]+)*[\w.-]+[ \t]*(?:::?:?|[?+!])?=)"
)
"""What changes how lines run, or what a variable is for one target alone."""
_SET_AT_THE_START = ("HOME", "HOSTNAME", "SHELL")
_REFERENCE = re.compile(r"\$(?:\$|\((\w+)\)|\{(\w+)\}|\([^()]*\)|\{[^{}]*\}|([@<^*?]))")


def make_script(words: list[str], environ: dict[str, str], directory: str) -> tuple[str, str] | None:
    """(directory, script) of a ``make`` command, each line in a shell of its own; None without a rule.

    A Makefile with conditions or includes is not read: they may change what its variables are. Nor is one
    that exports what only running a command would tell.
    """
    given: dict[str, str] = {}
    start = directory
    targets: list[str] = []
    file = ""
    at = 1
    while at < len(words):
        option, equals, value = words[at].partition("=")
        if option in _VALUES and not equals:
            at += 1
            value = words[at] if at < len(words) else ""
        elif option[:2] in ("-C", "-f") and len(option) > 2:
            option, value = option[:2], option[2:]
        if option in ("-C", "--directory"):
            directory = os.path.join(directory, value)
        elif option in ("-f", "--file", "--makefile"):
            file = value
        elif is_assignment(words[at]):
            given[option] = value
        elif not option.startswith("-"):
            targets.append(words[at])
        at += 1
    present = [name for name in _FILES if os.path.isfile(os.path.join(directory, name))]
    text = read_text(os.path.join(directory, file or (present or _FILES)[0])) or ""
    if _OPEN.search(text) or _UNREAD.search(text.replace("\\\n", " ")):
        return None
    folders = {"CURDIR": os.path.realpath(directory), "PWD": os.path.normpath(start)}
    makefile = _Makefile(text, {**environ, **folders}, given)
    exports, lines = makefile.exports(), makefile.lines_of_targets(targets or makefile.first)
    if not lines or makefile.is_unread:
        return None
    return directory, "\n".join(exports + ["( %s\n)" % line for line in lines])


class _Makefile:
    """The variables and rules of one file; ``first`` is its default goal.

    ``simple`` variables were expanded when they were assigned, each ``$`` in them doubled again; what
    ``unclear`` ones are, only a command or a function would tell. ``is_unread``: it says more than is read.
    """

    def __init__(self, text: str, environ: dict[str, str], given: dict[str, str]) -> None:
        self.variables = {**environ, "MAKE": "make", **given}
        self.environ, self.given = environ, given
        self.assigned: list[str] = [*given]
        self.exported: list[str] = [*given]
        self.exports_all = self.is_unread = self.is_unclear = False
        self.simple: set[str] = set()
        self.unclear: set[str] = set()
        self.left_to_read = _MOST_READ
        self.rules: dict[str, tuple[list[str], list[str]]] = {}
        self.first: list[str] = []
        current: list[str] = []
        for line in text.replace("\\\n", " ").split("\n"):
            if line.startswith("\t"):
                self._add_recipe(current, line)
            elif line.strip() and not line.lstrip().startswith("#"):
                current = self._read_line(line.lstrip(" "), current)

    def _read_line(self, line: str, current: list[str]) -> list[str]:
        """Take in a variable or a rule; returns the targets that the recipe below belongs to."""
        variable = _VARIABLE.match(line)
        if variable:
            self._assign(*variable.groups())
            self.exported += [variable.group(1)] if line.startswith("export") else []
            return current
        if re.match(r"export(?:[ \t]|$)", line):
            self._export(line.split(" #")[0].strip())
            return current
        rule = _RULE.match(line)
        if rule is None:
            return current
        targets, needed = self.expand(rule.group(1)).split(), self.expand(rule.group(2)).split()
        for target in targets:
            known, _ = self.rules.setdefault(target, ([], []))
            known += [name for name in needed if name != "|"]
        if not self.first and targets and not targets[0].startswith("."):
            self.first = targets[:1]
        if rule.group(3):
            self._add_recipe(targets, rule.group(3))
        return targets

    def _export(self, line: str) -> None:
        """``export NAME …``, or ``export`` alone for all variables."""
        found = _EXPORT.match(line)
        names, is_clear = self._expand_clearly(found.group(1) or "" if found else "")
        self.is_unread = self.is_unread or not found or not is_clear
        self.exports_all = self.exports_all or line == "export"
        for name in names.split():
            self.exported.append(name)
            if name not in self.variables:
                self.variables[name] = ""
                self.assigned.append(name)

    def _assign(self, name: str, operator: str, value: str) -> None:
        value = value.split(" #")[0].strip()
        if name in self.given or (operator == "?=" and name in self.variables):
            return
        before = self.variables.get(name, "") + " " if operator == "+=" and name in self.variables else ""
        is_simple = operator.endswith(":=") or (operator == "+=" and name in self.simple)
        if operator != "+=":
            self.unclear.discard(name)
            self.simple.discard(name)
        if operator == "!=":
            value = "$(shell %s)" % value
            self.unclear.add(name)
        if is_simple:
            value, is_clear = self._expand_clearly(value)
            value = value.replace("$", "$$")
            self.simple.add(name)
            self.unclear.update([] if is_clear else [name])
        self.variables[name] = before + value
        self.assigned.append(name)

    def _add_recipe(self, targets: list[str], line: str) -> None:
        for target in targets:
            if target in self.rules:
                self.rules[target][1].append(line.strip().lstrip("@-+ "))

    def exports(self) -> list[str]:
        """The lines of shell that set the variables which its commands get: also those that it got itself."""
        lines: list[str] = []
        for name in dict.fromkeys(self.assigned):
            is_passed_on = (self.exports_all or name in self.environ) and name not in ("SHELL", "CURDIR")
            if name.isidentifier() and (is_passed_on or name in self.exported):
                value, is_clear = self._expand_clearly(self.variables[name])
                self.is_unread = self.is_unread or not is_clear or name in self.unclear
                lines.append("export %s=%s" % (name, quote_word(value)))
        return lines

    def lines_of_targets(self, targets: list[str]) -> list[str]:
        """The recipes of these targets, after those of what they need; none where one has no rule."""
        seen: set[str] = set()
        lines = [self._lines_of(target, seen, _DEEPEST) for target in targets]
        known = all(target in self.rules for target in targets)
        return [self.expand(line) for part in lines for line in part if line] if known else []

    def _lines_of(self, target: str, seen: set[str], depth: int) -> list[str]:
        if target in seen or target not in self.rules or depth == 0:
            return []
        seen.add(target)
        needed, recipe = self.rules[target]
        return [line for name in needed for line in self._lines_of(name, seen, depth - 1)] + recipe

    def _expand_clearly(self, text: str) -> tuple[str, bool]:
        """Text with its variables, and whether nothing in it takes a function or a command to know."""
        self.is_unclear = False
        return self.expand(text), not self.is_unclear

    def expand(self, text: str, depth: int = _DEEPEST) -> str:
        """Text with its variables; ``$(shell …)`` and other functions give nothing."""
        self.left_to_read -= len(text)
        if depth < 0 or self.left_to_read < 0:
            self.is_unread = True
            return ""
        self.is_unclear = self.is_unclear or "$" in _REFERENCE.sub("", text)

        def value_of(match: re.Match[str]) -> str:
            if match.group(0) == "$$":
                return "$"
            name = match.group(1) or match.group(2) or ""
            if name not in self.variables:
                is_own = not name or name.startswith("MAKE") or name in _SET_AT_THE_START
                self.is_unclear = self.is_unclear or is_own
                return ""
            self.is_unclear = self.is_unclear or name in self.unclear
            return self.expand(self.variables[name], depth - 1)

        expanded = _REFERENCE.sub(value_of, text)
        self.is_unread = self.is_unread or len(expanded) > _LONGEST
        return expanded[:_LONGEST]
