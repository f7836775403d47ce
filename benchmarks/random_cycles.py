"""Small random applications in which nearly every module is a member of several cycles.

What a cycle does depends on which member is imported first, on what has failed before, and on what is already
in ``sys.modules``: there, remembering what an import did is hardest to do right.
"""

from __future__ import annotations

import random

from random_code import Application

STATEMENTS = (
    "import {target}",
    "from {target} import NAME_{target}",
    "import {target}\n{target}.NAME_{target}",
    "try:\n    import {target}\nexcept {error}:\n    {otherwise}",
    "try:\n    from {target} import NAME_{target}\nexcept {error}:\n    {otherwise}",
    "import {target}\ntry:\n    {target}.NAME_{target}\nexcept AttributeError:\n    pass",
    "import sys\nif '{target}' in sys.modules:\n    import {other}",
)
WEIGHTS = (30, 25, 8, 10, 10, 10, 7)
ABSENT = 0.08  # how many modules import something that is not there


def write_cycles(seed: int) -> Application:
    """Four to eight modules; the same ones for the same seed."""
    chance = random.Random(seed)
    names = [f"a{number}" for number in range(chance.randint(4, 8))]
    files = {f"{name}.py": _body(name, names, chance) for name in names}
    return Application(seed, files, (), ())


def _body(name: str, names: list[str], chance: random.Random) -> str:
    others = [each for each in names if each != name]
    lines = []
    for statement in chance.choices(STATEMENTS, WEIGHTS, k=chance.randint(1, 4)):
        other = chance.choice(names)
        lines.append(
            statement.format(
                target=chance.choice(others),
                other=other,
                error=chance.choice(("ImportError", "Exception")),
                otherwise=chance.choice(("pass", f"import {other}")),
            )
        )
    lines.insert(chance.randint(0, len(lines)), f"NAME_{name} = 1")
    if chance.random() < ABSENT:
        lines.insert(chance.randint(0, len(lines)), f"import absent_{name}")
    return "\n".join(lines) + "\n"
