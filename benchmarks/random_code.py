"""Writes small random applications: what real ones do while they are imported, mixed by a seed.

Every application is one package, ``shop``. A module binds ``EARLY``, ``early`` and ``Early`` at its top, and
``LATE``, ``late`` and ``Late`` at its end: in a circular import it matters who comes first. Between them
stand snippets: imports of other modules in every way that code writes them, state that one module leaves
and another needs (``random_state.py``), and failures.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from random_state import HOLDER, STATE, snippets

TOP = "shop"
PACKAGES = ("core", "web", "jobs", "core.db", "web.api", "jobs.mail")
WORDS = (
    *(
        "users",
        "items",
        "orders",
        "carts",
        "prices",
        "stock",
        "taxes",
        "pages",
        "forms",
        "views",
        "menus",
        "feeds",
    ),
    *(
        "hooks",
        "rules",
        "tasks",
        "queue",
        "cache",
        "locks",
        "files",
        "mails",
        "texts",
        "dates",
        "geo",
        "money",
    ),
    *("media", "search", "graph", "audit", "legal", "staff", "plans"),
)
EARLY = """\
EARLY = 1
def early(function=None):
    return function
class Early:
    value = 1
"""
LATE = """\
LATE = 2
def late(function=None):
    return function
class Late(Early):
    value = 2
"""

IMPORTS = 4 * snippets(
    """
import {target}
---
from {target} import {name} as {alias}
---
from {parent} import {child}
"""
)
IMPORTS += snippets(
    """
import {target} as {alias}
{alias}.{name}
---
from {target} import early as {alias}, Early
---
from {parent} import {child} as {alias}
{alias}.{name}
---
from {parent} import {child} as {alias}
class Of{alias}({alias}.{kind}):
    pass
---
from {target} import {kind} as Base{alias}
class Of{alias}(Base{alias}):
    pass
---
from {target} import *
---
import {target}
@{target}.{call}
def decorated{alias}():
    pass
---
import {target}
def annotated{alias}(x: {target}.{kind}) -> {target}.{kind}: ...
---
import {target}
def with_default{alias}(x={target}.{name}): ...
---
import {target}
VALUES{alias} = [{target}.{name} for _ in range(2)]
---
def reach{alias}():
    from {target} import {name}
    return {name}
---
def reach{alias}():
    from {target} import {name}
    return {name}
reach{alias}()
---
from {target} import load
load()
---
import importlib
{alias} = importlib.import_module('{target}')
{alias}.{name}
---
import importlib
for part in ('{target}', '{other}'):
    importlib.import_module(part)
---
__import__('{target}')
---
exec('import {target}')
---
import {target}, sys
sys.modules['{target}'].{name}
---
import {parent}
{parent}.{child}
---
import {target}
with_lambda{alias} = (lambda: {target}.{name})()
---
import {target}
if hasattr({target}, '{name}'):
    import {other}
---
import {target}
class Meta{alias}(type):
    def __new__(cls, *rest):
        {target}.{name}
        return super().__new__(cls, *rest)
class Made{alias}(metaclass=Meta{alias}):
    pass
---
class Hooked{alias}:
    def __init_subclass__(cls):
        import {target}
        {target}.{name}
class Sub{alias}(Hooked{alias}):
    pass
---
import {target}
match {target}.EARLY:
    case 1:
        import {other}
    case _:
        import absent_by_match
---
import {target} as temporary
del temporary
---
import {target}, importlib
importlib.reload({target})
---
from __future__ import annotations
import {target}
def quoted{alias}(x: {target}.Nowhere): ...
---
TYPE_CHECKING = False
if TYPE_CHECKING:
    from {target} import Nowhere
---
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import absent_types
"""
)
GUARDED = snippets(
    """
try:
    import absent_{number}
except ImportError:
    absent_{number} = None
---
try:
    import absent_{number}
except ImportError:
    import {target}
---
try:
    from {target} import {name} as {alias}
except ImportError:
    {alias} = None
---
try:
    from {target} import Nowhere
except ImportError:
    from {target} import {name}
---
try:
    import {target}
except Exception:
    pass
---
try:
    import {target}
except ImportError:
    FLAG{alias} = False
else:
    FLAG{alias} = True
---
try:
    import {target}
except ImportError:
    pass
from {target} import {name}
---
try:
    import {target}
except ImportError as error:
    raise RuntimeError('set-up failed') from error
---
try:
    import {target}
except (ImportError, AttributeError):
    import {other}
finally:
    DONE{alias} = True
---
import contextlib
with contextlib.suppress(ImportError, AttributeError):
    from {target} import {name}
---
import importlib.util
if importlib.util.find_spec('absent_{number}'):
    import absent_{number}
---
import importlib.util
if importlib.util.find_spec('{target}'):
    import {target}
---
import sys
if '{target}' in sys.modules:
    sys.modules['{target}'].{name}
---
import sys
if '{target}' not in sys.modules:
    import {other}
---
import os
if os.environ.get('SHOP_UNSET'):
    import absent_{number}
else:
    import {target}
---
import sys
if sys.version_info < (3, 7):
    import absent_{number}
"""
)
FAILURES = snippets(
    """
import absent_{number}
---
import absent_{number}
---
from absent_{number}.sub import name
---
from {target} import Nowhere
---
import {target}
{target}.Nowhere
---
raise RuntimeError('broken {number}')
---
{{}}['{number}']
---
import {top}.absent_{number}
---
from {parent} import absent_{number}
---
import sys
sys.exit({number})
---
def f(:
"""
)
OF_PACKAGES = snippets(
    """
from .{child} import EARLY as from_{child}
---
from . import {child}
---
from .{child} import *
---
import importlib
def __getattr__(name):
    if name == '{child}':
        return importlib.import_module('.{child}', __name__)
    raise AttributeError(name)
---
try:
    from .{child} import LATE as from_{child}
except ImportError:
    from_{child} = None
---
from .{child} import LATE as from_{child}
__all__ = ['from_{child}', '{child}']
"""
)


@dataclass(frozen=True)
class Application:
    """An application's files by path, the commands that start it and the modules that these load first."""

    seed: int
    files: dict[str, str]
    commands: tuple[str, ...]
    entries: tuple[str, ...]


class Writer:
    """Writes one application."""

    def __init__(self, seed: int, modules: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        chosen = self.random.sample(PACKAGES[:3], 2) + self.random.sample(PACKAGES[3:], 1)
        packages = {TOP}
        for name in chosen:
            parts = name.split(".")
            packages.update(".".join([TOP, *parts[:count]]) for count in range(1, len(parts) + 1))
        self.packages = sorted(packages)
        words = self.random.sample(WORDS, modules - len(packages) - 1)
        self.modules = [f"{self.random.choice(self.packages)}.{word}" for word in words]
        self.modules.append(f"{TOP}.state")
        # The share of imports that may lead back, of snippets about state and of those that fail.
        self.back = self.random.choice((0.0, 0.03, 0.08, 0.15))
        self.state = self.random.choice((0.0, 0.0, 0.1, 0.2))
        self.failing = self.random.choice((0.0, 0.02, 0.04))

    def application(self) -> Application:
        """The whole application."""
        files = {self.path(name): self.body(rank, name) for rank, name in enumerate(self.modules)}
        files[f"{TOP}/state.py"] = HOLDER
        for package in self.packages:
            files[package.replace(".", "/") + "/__init__.py"] = self.package_body(package)
        entries = tuple(self.random.sample(self.modules[len(self.modules) // 2 :], 2))
        commands = tuple(f"python3 -m {name}" for name in entries)
        return Application(self.seed, files, commands, entries)

    def path(self, module: str) -> str:
        return module.replace(".", "/") + ".py"

    def body(self, rank: int, name: str) -> str:
        """The source of a module: what it imports ranks below it, but for the share that leads back."""
        inner = [self.snippet(rank) for _ in range(self.random.choice((0, 1, 1, 2, 2, 3)))]
        load = self.fill("def load():\n    import {target}\n    return {target}.{name}", rank)
        early = self.random.random() < 0.8
        parts = [*([EARLY] if early else []), *inner, *([] if early else [EARLY]), load, LATE]
        future = [part for part in parts if part.startswith("from __future__")]
        lines = ["from __future__ import annotations\n"] if future else []
        return "".join(
            lines
            + [part.replace("from __future__ import annotations\n", "").rstrip() + "\n" for part in parts]
        )

    def package_body(self, package: str) -> str:
        """The source of a package: most are empty, some bring children."""
        children = [name for name in self.modules if name.rpartition(".")[0] == package]
        plain = not children or self.random.random() < (0.9 if package == TOP else 0.6)
        text = "" if plain else self.random.choice(OF_PACKAGES)
        child = self.random.choice(children).rpartition(".")[2] if children else ""
        return EARLY + text.format(child=child) + "\n" + LATE

    def snippet(self, rank: int) -> str:
        """One thing that a body does."""
        chance = self.random.random()
        if chance < self.failing:
            return self.fill(self.random.choice(FAILURES), rank)
        if chance < self.failing + self.state:
            kind = self.random.choice(STATE)
            return self.fill("\n".join(self.random.choices(kind, k=self.random.choice((1, 1, 2)))), rank)
        return self.fill(self.random.choice(GUARDED if self.random.random() < 0.25 else IMPORTS), rank)

    def fill(self, text: str, rank: int) -> str:
        """A snippet's text with names of this application in it."""
        target, other = self.target(rank), self.target(rank)
        parent, _, child = target.rpartition(".")
        late = self.random.random() < 0.3
        return text.format(
            target=target,
            other=other,
            parent=parent,
            child=child,
            top=TOP,
            name="LATE" if late else "EARLY",
            call="late" if late else "early",
            kind="Late" if late else "Early",
            alias=self.random.choice("abcdefgh"),
            number=self.random.randrange(5),
        )

    def target(self, rank: int) -> str:
        """A module to import, that ranks below, or any."""
        if rank == 0 or self.random.random() < self.back:
            return self.random.choice(self.modules)
        return self.modules[self.random.randrange(rank)]


def write(seed: int, modules: int = 30) -> Application:
    """The application of a seed."""
    return Writer(seed, modules).application()
