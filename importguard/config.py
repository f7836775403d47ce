"""The settings of one run, as a frozen value. Where they come from is ``cli``'s business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Optional

from importguard.model import Severity


@dataclass(frozen=True)
class Build:
    """What ``--build`` asks for, in the words of ``docker build``."""

    context: str
    dockerfile: Optional[str] = None
    target: Optional[str] = None
    build_args: tuple[str, ...] = ()
    tag: Optional[str] = None


@dataclass(frozen=True)
class Config:
    """Everything that ``validate`` needs to know. Times in seconds, ``memory`` in bytes.

    ``name`` is what the image is called in a configuration that describes several.
    """

    name: Optional[str] = None
    images: tuple[str, ...] = ()
    build: Optional[Build] = None
    pull: str = "missing"
    platform: Optional[str] = None
    packages: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include_tests: bool = False
    env: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    setup: Optional[str] = None
    network: str = "none"
    timeout: float = 600.0
    module_timeout: float = 60.0
    memory: int = 4 * 1024**3
    jobs: int = 2
    python: Optional[str] = None
    exact: bool = False
    fail_on: str = "error"
    source: Optional[str] = None
    dockerfile: Optional[str] = None


@dataclass(frozen=True)
class Ignore:
    """Findings that are not to be shown: those that match all that is given. Globs match whole names.

    ``rule`` is a number. Past ``expires``, nothing is ignored any more.
    """

    reason: str
    rule: Optional[str] = None
    module: Optional[str] = None
    missing: Optional[str] = None
    expires: Optional[date] = None

    def __str__(self) -> str:
        """What it matches, in a few words."""
        named = (("module", self.module), ("missing", self.missing))
        return ", ".join([self.rule or "any rule", *(f"{name} {glob}" for name, glob in named if glob)])


@dataclass(frozen=True)
class Policy:
    """What is made of findings: by rule number, another severity or None for "off"; and what is ignored."""

    severities: Mapping[str, Optional[Severity]] = field(default_factory=dict)
    ignores: tuple[Ignore, ...] = ()
