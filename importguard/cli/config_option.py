"""``--config``: the file's settings become click's default_map, below the command line and environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import click

from importguard.cli.options import FORMATS
from importguard.errors import UsageError

if TYPE_CHECKING:
    from importguard.policy.configuration import Configuration
    from importguard.report import Report

OWN_FILE, PROJECT_FILE = "importguard.toml", "pyproject.toml"
_META = "importguard.policy.configuration"
NOT_IN_FILE = frozenset({"config", "help", "start", "write-baseline"})
"""Options that say where the settings are, or ask for something else: a file may not give them. There,
``start`` is a table."""
NOT_OF_AN_IMAGE = frozenset(
    {
        "all",
        "format",
        "output",
        "fail-on",
        "baseline",
        "baseline-accept",
        "logs",
        "quiet",
        "verbose",
        "no-color",
    }
)
"""Options that concern a run, so that an ``[[image]]`` can't have one of its own."""
PATHS = frozenset({"build", "file", "source", "env-file", "baseline", "logs", "cache-dir"})
"""Options that name a file or folder of this machine: in a configuration file, as seen from its folder."""


SHARED = frozenset({"include-tests", "fail-on", "baseline", "baseline-accept", "verbose", "no-color"})
"""Settings that ``importguard context`` takes from the file too: ``output`` is where check writes."""


def options_by_key(command: click.Command) -> dict[str, click.Option]:
    """The options that a configuration file may give, by their long names."""
    found = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            found[max(parameter.opts, key=len)[2:]] = parameter
    return {key: option for key, option in found.items() if key not in NOT_IN_FILE}


def option_value_kind(option: click.Option) -> str:
    """Name the type of value that the configuration file must hold for an option."""
    if option.is_flag:
        return "boolean"
    if option.multiple:
        return "list"
    if isinstance(option.type, click.IntRange):
        return "integer"
    return "quantity" if isinstance(option.type, click.types.FuncParamType) else "string"


def read_config_option(ctx: click.Context, value: Optional[str]) -> None:
    """Find, read and check the configuration file, and let click take defaults from it.

    The settings are those of ``check``. Another command takes what SHARED names, and the rules and ignores.
    """
    if ctx.resilient_parsing:
        return
    path = Path(value) if value else find_config_file(Path.cwd())
    if path is None:
        return
    from importguard.policy.configuration import load_configuration

    check = _command_of_settings(ctx)
    options = options_by_key(check)
    keys = {key: option_value_kind(option) for key, option in options.items()}
    image_keys = {key: value for key, value in keys.items() if key not in NOT_OF_AN_IMAGE}
    configuration = load_configuration(path, keys, image_keys)
    ctx.meta[_META] = configuration
    if ctx.command is check:
        ctx.default_map = dict(_defaults(ctx, configuration, configuration.settings))
        for image in configuration.images:
            image_defaults(ctx, configuration, image.settings)
    else:
        shared = {key: configuration.settings[key] for key in SHARED & set(configuration.settings)}
        ctx.default_map = dict(_defaults(ctx, configuration, shared))


def _command_of_settings(ctx: click.Context) -> click.Command:
    """``check``, beside which another command was called."""
    group = ctx.parent.command if ctx.parent else None
    found = group.get_command(ctx, "check") if isinstance(group, click.Group) else None
    return found or ctx.command


def find_config_file(folder: Path) -> Optional[Path]:
    """The nearest configuration file, from ``folder`` upward; a pyproject.toml without the table is none."""
    for parent in (folder, *folder.parents):
        if (parent / OWN_FILE).is_file():
            return parent / OWN_FILE
        if _has_table(parent / PROJECT_FILE):
            return parent / PROJECT_FILE
    return None


def _has_table(project: Path) -> bool:
    """Read only where it speaks of importguard: most projects' files do not, and reading TOML takes time."""
    try:
        if not project.is_file() or b"importguard" not in project.read_bytes():
            return False
    except OSError:
        pass  # what is wrong is said by who reads it
    from importguard.policy.configuration import has_table

    return has_table(project)


def loaded_configuration(ctx: click.Context) -> Optional[Configuration]:
    """The configuration that was read, None where there is no file."""
    return ctx.meta.get(_META)


def apply_loaded_policy(ctx: click.Context, report: Report, whole: bool) -> Report:
    """Set severities and ignore findings as the file says, if there is one. See ``apply_policy``."""
    file = loaded_configuration(ctx)
    if file is None:
        return report
    from datetime import date

    from importguard.policy.suppression import apply_policy

    return apply_policy(report, file.policy, date.today(), whole)


def image_defaults(
    ctx: click.Context, configuration: Configuration, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings of one image by parameter name, as click would have read them."""
    parameters = {option.name: option for option in options_by_key(ctx.command).values()}
    defaults = _defaults(ctx, configuration, settings)
    return {name: parameters[name].type_cast_value(ctx, value) for name, value in defaults}


def _defaults(
    ctx: click.Context, configuration: Configuration, settings: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """(parameter name, value) for click. Raises UsageError for a value that the option does not take."""
    options = options_by_key(ctx.command)
    folder = str(configuration.path.parent)
    for key, value in settings.items():
        # A number of seconds or bytes is read from text, as on the command line.
        plain = str(value) if option_value_kind(options[key]) == "quantity" else value
        plain = _resolved(key, plain, folder)
        try:
            options[key].type_cast_value(ctx, plain)
        except click.BadParameter as error:
            raise UsageError(f"{configuration.path}: {key}: {error.message}") from None
        yield str(options[key].name), plain


def _resolved(key: str, value: Any, folder: str) -> Any:
    if isinstance(value, list):
        return [_resolved(key, item, folder) for item in value]
    if key == "output":
        prefix, equals, file = value.partition("=")
        return f"{prefix}={_path(file, folder)}" if equals and prefix in FORMATS else _path(value, folder)
    return _path(value, folder) if key in PATHS else value


def _path(value: str, folder: str) -> str:
    """A path as seen from the working directory. A context that is no path (a URL) stays as it is."""
    if not value or value == "-" or "://" in value or value.startswith("git@") or os.path.isabs(value):
        return value
    path = os.path.join(folder, value)
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive of Windows
        return os.path.abspath(path)
