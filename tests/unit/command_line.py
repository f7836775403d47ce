"""The command line with a check that sees what a test says instead of an image."""

from __future__ import annotations

import io
from typing import Any

import pytest
from unit.builders import IMAGE, entry, evidence, failed, imported, no_module

from importguard import validation
from importguard.cli import main as cli
from importguard.config import Config
from importguard.errors import ImageError
from importguard.report import Report

_VALIDATE = validation.validate_all
SOUND = evidence(imported("shop.main"), entrypoints=(entry("shop.main", "ok"),))
BROKEN = evidence(failed("shop.main", no_module("redis")))


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def replace_check(monkeypatch: pytest.MonkeyPatch, observed: Any) -> list[Config]:
    """Let every check see ``observed``, or raise it; the list holds the settings that it was given."""
    seen: list[Config] = []

    class Engine:
        def image(self, reference: str, **policy: Any) -> Any:
            if reference == "lost":
                raise ImageError("lost: there is no such image")
            return IMAGE

        def run(self, *arguments: Any) -> Any:
            raise AssertionError

        def close(self) -> None: ...

    def validate_all(configs: list[Config], progress: Any, **_: Any) -> Report:
        seen.extend(configs)
        if isinstance(observed, BaseException):
            raise observed
        plain = [Config(images=config.images or ("built",)) for config in configs]
        return _VALIDATE(plain, progress, engine=Engine(), inspector=lambda *_: observed)

    monkeypatch.setattr(validation, "validate_all", validate_all)
    return seen


def run(*arguments: str) -> int:
    """The exit code of the command line."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert isinstance(end.value.code, int)
    return end.value.code


def settings(checked: list[Config], *arguments: str) -> Config:
    """What a check without findings was given."""
    assert run("check", *arguments) == 0
    return checked[-1]
