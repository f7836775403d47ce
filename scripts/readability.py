"""Measure how the code reads: public names, what is untyped, and the lengths of functions and files.

    python scripts/readability.py

A public function's name begins with no underscore; methods count, tests do not. The goals are what well-read
projects of the same kind reach (deptry, import-linter, cibuildwheel). The exit code is 1 where a measure is
worse than its limit: what was reached once. Tighten a limit when the code gets better.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[1] / "importguard"


class Readability(NamedTuple):
    """The measures of some modules. ``one_word`` is the share of public functions named with one word."""

    names: int
    one_word: float
    mean_length: float
    any_per_thousand_lines: float
    longest_function: int
    longest_file: int


class ModuleCounts(NamedTuple):
    """What one module adds to the measures; ``untyped`` counts its ``Any``, lengths are in lines."""

    public_functions: tuple[str, ...]
    untyped: int
    lines: int
    longest_function: int


LIMITS = {
    "host": Readability(
        0, 0.18, mean_length=12.4, any_per_thousand_lines=7, longest_function=40, longest_file=325
    ),
    "probe": Readability(
        0, 0.16, mean_length=12, any_per_thousand_lines=7, longest_function=40, longest_file=375
    ),
}


def main() -> int:
    """Print the measures of the host's code and of the probe; give 1 where one is worse than its limit."""
    probe = sorted((PACKAGE / "probe").rglob("*.py"))
    host = sorted(set(PACKAGE.rglob("*.py")) - set(probe))
    print("Readability (goals: one-word names at most 25 %, mean length at least 12, Any at most 8)")
    worse = []
    for title, paths in (("host", host), ("probe", probe), ("all", [*host, *probe])):
        found = measure(paths)
        print(
            f"  {title:<6} {found.names:>5} public functions, {found.one_word:>4.0%} of one word, "
            f"mean length {found.mean_length:.1f}; Any {found.any_per_thousand_lines:.1f} a thousand lines; "
            f"at most {found.longest_function} lines a function, {found.longest_file} a file"
        )
        worse += exceeded_limits(title, found)
    print("".join(f"  too much: {text}\n" for text in worse), end="")
    return 1 if worse else 0


def exceeded_limits(title: str, found: Readability) -> list[str]:
    """Say which measures of a part of the code are worse than its limits."""
    limit = LIMITS.get(title)
    if limit is None:
        return []
    worse = {
        f"{found.one_word:.1%} of {title} names have one word, the limit is {limit.one_word:.0%}": (
            found.one_word > limit.one_word
        ),
        f"{title} names have {found.mean_length:.2f} characters, at least {limit.mean_length:g}": (
            found.mean_length < limit.mean_length
        ),
        f"{title} has {found.any_per_thousand_lines:.1f} Any a thousand lines, at most "
        f"{limit.any_per_thousand_lines:g}": found.any_per_thousand_lines > limit.any_per_thousand_lines,
        f"a function of {title} has {found.longest_function} lines, at most {limit.longest_function}": (
            found.longest_function > limit.longest_function
        ),
        f"a file of {title} has {found.longest_file} lines, at most {limit.longest_file}": (
            found.longest_file > limit.longest_file
        ),
    }
    return [text for text, is_worse in worse.items() if is_worse]


def measure(paths: list[Path]) -> Readability:
    """Read the modules at ``paths``."""
    counts = [count_in_module(path) for path in paths]
    names = [name for module in counts for name in module.public_functions]
    return Readability(
        len(names),
        sum("_" not in name for name in names) / len(names),
        sum(map(len, names)) / len(names),
        1000 * sum(module.untyped for module in counts) / sum(module.lines for module in counts),
        max(module.longest_function for module in counts),
        max(module.lines for module in counts),
    )


@cache  # each module counts for its part, and for all
def count_in_module(path: Path) -> ModuleCounts:
    """Read one module."""
    text = path.read_text("utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return ModuleCounts(
        tuple(function.name for function in functions if not function.name.startswith("_")),
        sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes),
        text.count("\n"),
        max([(function.end_lineno or 0) - function.lineno + 1 for function in functions], default=0),
    )


if __name__ == "__main__":
    sys.exit(main())
