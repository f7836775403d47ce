"""Environment files (``.env``), as python-dotenv reads them."""

from __future__ import annotations

import re

from importguard.probe.files import read_text

_BINDING = re.compile(
    r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*"
    r"(?:'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"|([^\r\n]*))",
    re.MULTILINE | re.DOTALL,
)
"""``[export] NAME=value``; a quoted value may go on over several lines."""


def read_environment_file(path: str) -> dict[str, str]:
    """Return the variables of an environment file; none where there is no such file.

    References to other variables (``${NAME}``) stay as they are written.
    """
    variables = {}
    for binding in _BINDING.finditer(read_text(path) or ""):
        name, single, double, plain = binding.groups()
        quoted = double if single is None else single
        variables[name] = re.sub(r"(^|\s+)#.*", "", plain).strip() if quoted is None else quoted
    return variables
