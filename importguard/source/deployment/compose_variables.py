"""Variables in a compose file (Compose specification, "Interpolation"): their defaults are what is known."""

from __future__ import annotations

import re

_ESCAPED = "$$"
_WITH_DEFAULT = re.compile(r"(?<!\$)((?:\$\$)*)\$\{\w+:?-([^{}]*)\}")
_VARIABLE = re.compile(r"\$(?:\{\w+|\w)")


def with_default_values(text: str) -> str:
    """The text with the defaults of its variables, innermost first; ``$$`` and other variables stay."""
    filled = _WITH_DEFAULT.sub(r"\1\2", text)
    return filled if filled == text else with_default_values(filled)


def has_open_variable(text: str) -> bool:
    """Whether a variable is left whose value only the machine knows that runs the file."""
    return _VARIABLE.search(text.replace(_ESCAPED, "")) is not None


def unescaped_dollars(text: str) -> str:
    """Compose writes ``$$`` for one ``$``."""
    return text.replace(_ESCAPED, "$")
