"""The recipes of ``incidents/``: what to rebuild, on what, and what is expected of importguard.

A recipe is a TOML file:

    what = "one file of a package is copied"         # what broke, in a few words
    kind = "pip"                                     # what the image is made with
    repository = "OWNER/NAME"
    broken = "SHA"                                   # the commit before the fix
    fixed = "SHA"
    source = "https://…"                             # where it can be read about
    dockerfile = "Dockerfile"                        # and context, build_options: where they differ
    fixed_dockerfile = "api/Dockerfile"              # and fixed_context: where the fix moved them
    [expect]                                         # the finding: missing, or else module
    rule = "IG101"
    missing = "shop.models"
    cause = "not-copied"
    place = "Dockerfile:5"                           # the line to change
    [images]                                         # stand-ins for images: each a Dockerfile
    "python:3.9-slim" = "FROM python:3.11-slim"
    [[known]]                                        # what else is told; somebody read it, and found it true
    rule = "IG104"
    missing = "shop.settings"                        # or module
    true = "it needs a variable"

``fixed_exit`` and ``fixed_why`` say with what the check of the fixed image ends, where that is not 0, and
why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11
    import tomli as tomllib  # type: ignore[no-redef]

RECIPES = Path(__file__).parent / "incidents"


@dataclass(frozen=True)
class Known:
    """A finding on the broken or the fixed image that is true, and why."""

    rule: str
    true: str
    missing: Optional[str] = None
    module: Optional[str] = None

    def is_about(self, finding: Mapping[str, Any]) -> bool:
        return is_meant(self, finding)


@dataclass(frozen=True)
class Expectation:
    """The incident's finding: its rule, what is missing or which module fails, its cause, and where."""

    rule: str
    cause: str
    place: str
    missing: Optional[str] = None
    module: Optional[str] = None

    def is_about(self, finding: Mapping[str, Any]) -> bool:
        return is_meant(self, finding)


def is_meant(known: Known | Expectation, finding: Mapping[str, Any]) -> bool:
    """Whether a finding of the report is the one that a recipe speaks of."""
    wanted = known.missing or known.module
    return finding["rule"] == known.rule and wanted == finding["missing" if known.missing else "module"]


@dataclass(frozen=True)
class Recipe:
    """One incident. ``name`` is its file's."""

    name: str
    what: str
    kind: str
    repository: str
    broken: str
    fixed: str
    source: str
    expect: Expectation
    dockerfile: str = "Dockerfile"
    context: str = "."
    fixed_dockerfile: str = ""
    fixed_context: str = ""
    build_options: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    known: tuple[Known, ...] = ()
    fixed_exit: int = 0
    fixed_why: str = ""

    def build_of(self, which: str) -> tuple[str, str]:
        """The Dockerfile and the build context of the "broken" or the "fixed" commit."""
        if which == "broken":
            return self.dockerfile, self.context
        return self.fixed_dockerfile or self.dockerfile, self.fixed_context or self.context

    def is_known(self, finding: Mapping[str, Any]) -> bool:
        return any(known.is_about(finding) for known in self.known)


def read_recipe(file: Path) -> Recipe:
    """The recipe in a file; TypeError where a key is unknown, or lacks."""
    values = tomllib.loads(file.read_text("utf-8"))
    values["expect"] = Expectation(**values["expect"])
    values["known"] = tuple(Known(**known) for known in values.get("known", []))
    values["build_options"] = tuple(values.get("build_options", []))
    return Recipe(file.stem, **values)


def read_recipes() -> list[Recipe]:
    """Every recipe, by name."""
    return [read_recipe(file) for file in sorted(RECIPES.glob("*.toml"))]
