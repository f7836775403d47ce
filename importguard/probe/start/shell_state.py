"""What a shell knows while a script is read: its variables, directory, arguments and functions."""

from __future__ import annotations

import os

DEEPEST_NESTING = 12
"""How deep ``${A:-${B}}`` and scripts that source scripts are followed: they can be endless."""


class Shell:
    """What a shell knows: variables and which are exported, its directory, its arguments (``$0`` first).

    Not ``decides``: each branch of a ``case`` is read, and each function, whether it is called or not.
    """

    def __init__(self, environ: dict[str, str], directory: str, arguments: list[str]) -> None:
        self.variables = dict(environ)
        self.exported = set(environ)
        self.exports_all = False  # after ``set -a``
        self.directory = directory
        self.arguments = arguments
        self.functions: dict[str, str] = {}
        self.decides = True
        self.nesting = 0

    def command_environment(self) -> dict[str, str]:
        """The environment that a command started now would have."""
        return {name: value for name, value in self.variables.items() if name in self.exported}

    def assign_variable(self, item: str, export: bool = False) -> None:
        """Carry out ``NAME=value``, or ``export NAME``."""
        name, equals, value = item.partition("=")
        if equals:
            self.variables[name] = value
        if export or self.exports_all:
            self.exported.add(name)

    def declare_variables(self, items: list[str], export: bool) -> None:
        """Carry out ``export``, ``local`` and the like."""
        for item in items:
            if not item.startswith("-"):
                self.assign_variable(item, export)

    def set_export_of_all(self, options: list[str]) -> None:
        """Carry out ``set -a`` and ``set -o allexport``, or the same with ``+``, among other options."""
        for at, option in enumerate(options):
            sign, letters = option[:1], option[1:]
            if option == "--":
                break
            if sign not in ("-", "+"):
                continue
            if "a" in letters or ("o" in letters and options[at + 1 : at + 2] == ["allexport"]):
                self.exports_all = sign == "-"

    def change_directory(self, target: str) -> None:
        """Carry out ``cd``."""
        self.directory = os.path.normpath(os.path.join(self.directory, target))
