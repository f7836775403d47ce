"""``make run``: the lines of shell that a target of a Makefile stands for (GNU make's manual)."""

from __future__ import annotations

import os
import re

from importguard.probe.files import read_text
from importguard.probe.start.words import is_assignment, quote_word

_FILES = ("GNUmakefile", "makefile", "Makefile")
_DEEPEST = 8
_LONGEST = 10000
_VALUES = frozenset("-f --file --makefile -C --directory -I -o -W".split())
_VARIABLE = re.compile(r"^(?:export[ \t]+)?([\w.-]+)[ \t]*(::?:?=|\?=|\+=|=)[ \t]*(.*)$")
_RULE = re.compile(r"^([^\s:=#][^:=#]*?)[ \t]*::?(?![=:])[ \t]*([^;=]*?)(?:;(.*))?$")
_OPEN = re.compile(r"(?m)^ *(?:ifn?eq|ifn?def|-?include|sinclude|define)\b")
_REFERENCE = re.compile(r"\$(?:\$|\((\w+)\)|\{(\w+)\}|\([^()]*\)|\{[^{}]*\}|([@<^*?]))")


def make_script(words: list[str], environ: dict[str, str], directory: str) -> tuple[str, str] | None:
    """(directory, script) of a ``make`` command, each line in a shell of its own; None without a rule.

    A Makefile with conditions or includes is not read: they may change what its variables are.
    """
    given: dict[str, str] = {}
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
    if _OPEN.search(text):
        return None
    makefile = _Makefile(text, environ, given)
    lines = makefile.lines_of_targets(targets or makefile.first)
    script = makefile.exports() + ["( %s\n)" % line for line in lines]
    return (directory, "\n".join(script)) if lines else None


class _Makefile:
    """The variables and rules of one file; ``first`` is its default goal."""

    def __init__(self, text: str, environ: dict[str, str], given: dict[str, str]) -> None:
        self.variables = {**environ, "MAKE": "make", **given}
        self.given = given
        self.exported: list[str] = [*given]
        self.rules: dict[str, tuple[list[str], list[str]]] = {}
        self.first: list[str] = []
        current: list[str] = []
        for line in text.replace("\\\n", " ").split("\n"):
            if line.startswith("\t"):
                self._add_recipe(current, line)
            elif line.strip() and not line.startswith("#"):
                current = self._read_line(line, current)

    def _read_line(self, line: str, current: list[str]) -> list[str]:
        """Take in a variable or a rule; returns the targets that the recipe below belongs to."""
        variable = _VARIABLE.match(line)
        if variable:
            self._assign(*variable.groups())
            self.exported += [variable.group(1)] if line.startswith("export") else []
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

    def _assign(self, name: str, operator: str, value: str) -> None:
        value = value.split(" #")[0].strip()
        if name in self.given or (operator == "?=" and name in self.variables):
            return
        before = self.variables.get(name, "") + " " if operator == "+=" else ""
        self.variables[name] = before + value

    def _add_recipe(self, targets: list[str], line: str) -> None:
        for target in targets:
            if target in self.rules:
                self.rules[target][1].append(line.strip().lstrip("@-+ "))

    def exports(self) -> list[str]:
        """The lines of shell that set the variables which its commands get."""
        known = {name: self.expand(self.variables[name]) for name in self.exported}
        return ["export %s=%s" % (name, quote_word(value)) for name, value in known.items()]

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

    def expand(self, text: str, depth: int = _DEEPEST) -> str:
        """Text with its variables; ``$(shell …)`` and other functions give nothing."""

        def value_of(match: re.Match[str]) -> str:
            if match.group(0) == "$$":
                return "$"
            name = match.group(1) or match.group(2) or ""
            value = self.variables.get(name, "")
            return self.expand(value, depth - 1) if depth and len(value) < _LONGEST else ""

        return _REFERENCE.sub(value_of, text)[:_LONGEST]
