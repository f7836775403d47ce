"""The commands by name, each loaded when it is first asked for: --version and --help load none of them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import click

from importguard.errors import ImportguardError

SUMMARIES = {
    "cache": "List or remove unpacked images.",
    "check": "Check that every module imports.",
    "context": "Say which modules a build would leave out.",
    "explain": "Say what a rule means and how to mend it.",
    "init": "Write a starting configuration and a CI file.",
    "rules": "List the rules.",
}
_MODULES = {"explain": "rules"}


class Commands(MutableMapping[str, click.Command]):
    """A command lies in the module of its name, or in that of ``_MODULES``."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            if name not in SUMMARIES:
                raise KeyError(name)
            from importlib import import_module

            module = import_module(f"importguard.cli.{_MODULES.get(name, name)}")
            self._loaded[name] = getattr(module, name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)


class LazyGroup(click.Group):
    """A group whose help lists the commands without loading them."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Of a broken pipe click would make exit code 1, which means findings."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ImportguardError(
                f"no verdict: what reads the report, or what importguard has started, is gone ({error})"
            ) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands in click's form."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))
