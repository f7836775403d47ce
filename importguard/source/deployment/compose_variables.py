"""Variables in a compose file (Compose specification, "Interpolation"): their defaults are what is known."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ESCAPED = "$$"
_WITH_DEFAULT = re.compile(r"(?<!\$)((?:\$\$)*)\$\{(\w+):?-([^{}]*)\}")
_VARIABLE = re.compile(r"\$(?:\{\w+|\w)")
_REQUIRED = re.compile(r"(?<!\$)((?:\$\$)*)\$(?:\{(\w+)(?::?\?[^{}]*)?\}|([A-Za-z_]\w*))")


def with_default_values(text: str) -> str:
    """The text with the defaults of its variables, innermost first; ``$$`` and other variables stay."""
    filled = _WITH_DEFAULT.sub(r"\1\3", text)
    return filled if filled == text else with_default_values(filled)


def has_open_variable(text: str) -> bool:
    """Whether a variable is left whose value only the machine knows that runs the file."""
    return _VARIABLE.search(text.replace(_ESCAPED, "")) is not None


def open_variables(text: str) -> set[str]:
    """The names of the variables that have no default there."""
    return {found[2] or found[3] for found in _REQUIRED.finditer(with_default_values(text))}


def default_values(text: str) -> dict[str, str]:
    """The defaults that it gives variables, where it gives each the same everywhere and no other variable."""
    found = {(match[2], match[3]) for match in _WITH_DEFAULT.finditer(text)}
    names = [name for name, _ in found]
    return {name: value for name, value in found if names.count(name) == 1 and "$" not in value}


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text with these variables' values in the place of those that have no default."""

    def value_of(found: re.Match[str]) -> str:
        name = found[2] or found[3]
        return found[1] + values[name] if name in values else found[0]

    return _REQUIRED.sub(value_of, text)


def unescaped_dollars(text: str) -> str:
    """Compose writes ``$$`` for one ``$``."""
    return text.replace(_ESCAPED, "$")
