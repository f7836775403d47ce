"""What a shell knows while a script is read: its variables, directory, arguments and functions."""

from __future__ import annotations

import os

DEEPEST_NESTING = 12
"""How deep ``${A:-${B}}`` and scripts that source scripts are followed: they can be endless."""


class Shell:
    """What a shell knows: variables and which are exported, its directory, its arguments (``$0`` first).

    ``arrays`` are Bash's, by name and subscript. ``unsure``: variables that were set where it is not known
    whether that runs. ``has_ended``: an ``exec`` or ``exit`` that is sure to run has been read. Not
    ``decides``: each branch of a ``case`` is read, and each function, whether it is called or not.
    ``has_unknown_path``: what cannot be read, such as a profile, may have put more programs in PATH.
    """

    def __init__(self, environ: dict[str, str], directory: str, arguments: list[str]) -> None:
        self.variables = dict(environ)
        self.exported = set(environ)
        self.exports_all = False  # after ``set -a``
        self.directory = directory
        self.arguments = arguments
        self.arrays: dict[str, dict[str, str]] = {}
        self.unsure: set[str] = set()
        self.functions: dict[str, str] = {}
        self.has_ended = False
        self.in_doubt = False  # whether what is read runs at all
        self.decides = True
        self.has_unknown_path = False
        self.nesting = 0
        self.repeats = 0  # of the bodies of loops, which may lie in one another

    def command_environment(self) -> dict[str, str]:
        """The environment that a command started now would have."""
        return {name: value for name, value in self.variables.items() if name in self.exported}

    def copy(self) -> Shell:
        """The same state, apart: that of a subshell, or of before a branch that does not run."""
        made = Shell(self.variables, self.directory, list(self.arguments))
        made.take_back(self)
        made.decides, made.nesting = self.decides, self.nesting
        made.has_unknown_path = self.has_unknown_path
        return made

    def take_back(self, before: Shell) -> None:
        """Return to the state ``before``."""
        self.variables, self.exported = dict(before.variables), set(before.exported)
        self.exports_all, self.directory = before.exports_all, before.directory
        self.arguments, self.unsure = list(before.arguments), set(before.unsure)
        self.arrays = {name: dict(array) for name, array in before.arrays.items()}
        self.functions, self.has_ended = dict(before.functions), before.has_ended
        self.in_doubt = before.in_doubt

    def is_known(self, name: str) -> bool:
        """Whether a variable has the value that it has in production, as the image is."""
        value = self.variables.get(name)
        return value is not None and name not in self.unsure and "$(" not in value and "`" not in value

    def knows_path(self, environ: dict[str, str]) -> bool:
        """Whether a command finds its programs in the PATH of ``environ``, and nowhere else."""
        path = environ.get("PATH", "")
        return not (self.has_unknown_path or "PATH" in self.unsure or "$" in path or "`" in path)

    def assign_variable(self, item: str, export: bool = False, is_sure: bool = True) -> None:
        """Carry out ``NAME=value``, or ``export NAME``."""
        name, equals, value = item.partition("=")
        if equals and name.endswith("+"):
            name = name[:-1]
            value = self.variables.get(name, "") + value
        if equals:
            self.variables[name] = value
            self.unsure.discard(name)
            if not is_sure:
                self.unsure.add(name)
        if export or self.exports_all:
            self.exported.add(name)

    def forget_variable(self, name: str) -> None:
        """Note that a variable has a value that is not known, as a loop's or that of ``read``."""
        self.variables.pop(name, None)

    def assign_array(self, name: str, values: list[str], is_more: bool) -> None:
        """Carry out ``NAME=(values)``, or ``NAME+=(values)``; a value can have its subscript before it."""
        array = self.arrays.get(name, {}) if is_more else {}
        for value in values:
            subscript, equals, rest = value.partition("]=")
            if value.startswith("[") and equals:
                array[subscript[1:]] = rest
            else:
                array[str(len(array))] = value
        self.arrays[name] = array

    def declare_variables(self, items: list[str], export: bool, is_sure: bool = True) -> None:
        """Carry out ``export``, ``local`` and the like."""
        for item in items:
            if not item.startswith("-"):
                self.assign_variable(item, export, is_sure)

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
