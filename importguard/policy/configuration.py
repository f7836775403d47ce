"""The configuration file: importguard.toml, or [tool.importguard] in pyproject.toml.

What is wrong in it is an error with the file, the key and the nearest right name: a setting that is misspelt
must not be one that is silently not there.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Optional

from importguard.errors import UsageError
from importguard.model import Severity
from importguard.policy.model import Ignore, Policy
from importguard.rules import find_rule

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT_FILE = "pyproject.toml"
_IGNORE = {"rule": "string", "module": "string", "missing": "string", "reason": "string", "expires": "date"}
_SEVERITIES = ("error", "warning", "note", "off")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "quantity": (str, int, float),
    "date": (date, str),
    "table": (dict,),
}
_WORDS = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    "quantity": 'a number, or a string such as "90s" or "512m"',
    "date": "a date such as 2030-12-31",
    "table": "a table",
    "list": "a list of strings",
    "tables": "a list of tables",
}
_TABLES = {"rules": "table", "ignore": "tables", "image": "tables", "start": "table", "service": "tables"}
_VARIABLES = ("env", "build-arg")
Keys = Mapping[str, str]


@dataclass(frozen=True)
class ImageSettings:
    """One ``[[image]]``: its name, the reference of an image that exists already, and settings of its own.

    ``start`` is its ``[image.start]``.
    """

    name: str
    reference: Optional[str]
    settings: Mapping[str, Any]
    start: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Configuration:
    """A configuration file that was read. ``settings`` are keyed by the long names of options."""

    path: Path
    settings: Mapping[str, Any]
    policy: Policy
    images: tuple[ImageSettings, ...]
    start: Mapping[str, Any] = field(default_factory=dict)
    services: tuple[Mapping[str, Any], ...] = ()


def has_table(project: Path) -> bool:
    """Whether a pyproject.toml configures importguard. Raises UsageError for one that can't be read."""
    return "importguard" in _tool(_read(project), project)


def load_configuration(path: Path, keys: Keys, image_keys: Keys) -> Configuration:
    """Read and check a configuration file.

    ``keys`` are the options of the whole run by their long names, with their kind: string, boolean, integer,
    quantity, list (of strings); ``image_keys`` those that an ``[[image]]`` may have. Raises UsageError.
    """
    document = _document(path)
    table = _Table(path, "", document)
    table.check_keys({**keys, **_TABLES})
    settings = {key: value for key, value in document.items() if key in keys}
    images = tuple(_image(item, image_keys) for item in table.array_of_tables("image"))
    _unique(table, [image.name for image in images])
    start, services = document.get("start", {}), tuple(document.get("service", ()))
    return Configuration(path, settings, _policy(table), images, start, services)


def read_policy(path: Path) -> Policy:
    """The severities and ignores of a configuration file. Raises UsageError for what is wrong in them."""
    return _policy(_Table(path, "", _document(path)))


def _document(path: Path) -> dict[str, Any]:
    """The settings of the file: all of it, or its table in a pyproject.toml."""
    document = _read(path)
    if path.name != PROJECT_FILE:
        if "importguard" in _tool(document, path):
            raise UsageError(
                f"{path}: only {PROJECT_FILE} has [tool.importguard]: leave 'tool.importguard' out"
            )
        return document
    tool = _tool(document, path)
    if "importguard" not in tool:
        raise UsageError(f"{path} has no table [tool.importguard]")
    found: dict[str, Any] = tool["importguard"]
    return found


def _policy(table: _Table) -> Policy:
    return Policy(
        _severities(_Table(table.path, "rules", table.values.get("rules", {}))),
        tuple(_ignore(item) for item in table.array_of_tables("ignore")),
    )


@dataclass(frozen=True)
class _Table:
    """A table of the file, with the words to blame it by."""

    path: Path
    name: str
    values: Any

    def usage_error(self, text: str, key: str = "") -> UsageError:
        where = ".".join(part for part in (self.name, key) if part)
        return UsageError(f"{self.path}: {where}: {text}" if where else f"{self.path}: {text}")

    def check_keys(self, kinds: Keys) -> None:
        """Raise UsageError for the first key that is not known, and for the first value of a wrong type."""
        if not isinstance(self.values, dict):
            raise self.usage_error("this must be a table")
        for key, value in self.values.items():
            if key not in kinds:
                raise self.usage_error(f"there is no such setting{_near(key, kinds)}", key)
            if not _fits(value, kinds[key]):
                raise self.usage_error(f"this must be {_WORDS[kinds[key]]}{_contrast(key, value)}", key)

    def array_of_tables(self, key: str) -> list[_Table]:
        return [
            _Table(self.path, f"{key} {number}", item)
            for number, item in enumerate(self.values.get(key, []), 1)
        ]


def _read(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows begin a file with a byte order mark, which TOML's parser refuses.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from error


def _tool(document: dict[str, Any], path: Path) -> dict[str, Any]:
    tool = document.get("tool", {})
    if not isinstance(tool, dict):
        raise UsageError(f"{path}: tool: this must be a table")
    return tool


def _fits(value: Any, kind: str) -> bool:
    if kind == "list":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == "tables":
        return isinstance(value, list) and all(isinstance(item, dict) for item in value)
    # To Python, true is a number, and a point in time is a day.
    if isinstance(value, (bool, datetime)):
        return kind == "boolean" and isinstance(value, bool)
    return isinstance(value, _TYPES[kind])


def _contrast(key: str, value: Any) -> str:
    """What was given instead. The values of variables are secrets, and errors are kept in the logs of CI."""
    return f': {key} = ["NAME=value"]' if key in _VARIABLES else f", not {_shown(value)}"


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _near(wrong: str, right: Iterable[str]) -> str:
    found = difflib.get_close_matches(wrong.lower().replace("_", "-"), list(right), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _rule(name: str, table: _Table, key: str) -> str:
    """The number of a rule that is given by its number or its name."""
    try:
        return find_rule(name).id
    except UsageError as error:
        raise table.usage_error(str(error), key) from None


def _severities(table: _Table) -> dict[str, Optional[Severity]]:
    found: dict[str, Optional[Severity]] = {}
    for name, value in table.values.items():
        number = _rule(name, table, "")
        if value not in _SEVERITIES:
            raise table.usage_error(f"this must be error, warning, note or off, not {_shown(value)}", name)
        if number in found:
            raise table.usage_error(f"{number} is set twice, by its number and by its name", name)
        found[number] = None if value == "off" else Severity(value)
    return found


def _ignore(table: _Table) -> Ignore:
    table.check_keys(_IGNORE)
    values = table.values
    if not str(values.get("reason", "")).strip():
        raise table.usage_error("a reason is required: say why this may be ignored", "reason")
    if not {"rule", "module", "missing"} & set(values):
        raise table.usage_error("this would ignore everything: give at least one of rule, module, missing")
    rule = _rule(values["rule"], table, "rule") if "rule" in values else None
    return Ignore(
        values["reason"], rule, values.get("module"), values.get("missing"), _expires(values, table)
    )


def _expires(values: Mapping[str, Any], table: _Table) -> Optional[date]:
    value = values.get("expires")
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise table.usage_error(f"this must be {_WORDS['date']}, not {_shown(value)}", "expires") from None


def _image(table: _Table, keys: Keys) -> ImageSettings:
    table.check_keys({**keys, "name": "string", "reference": "string", "start": "table"})
    values = dict(table.values)
    start = values.pop("start", {})
    name, reference = values.pop("name", ""), values.pop("reference", None)
    if not name.strip():
        raise table.usage_error("a name is required: what reports call the image", "name")
    if reference is not None and (not reference.strip() or "build" in values):
        raise table.usage_error("give either build, or the reference of an image that exists", "reference")
    return ImageSettings(name, reference, values, start)


def _unique(table: _Table, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise table.usage_error(f"{names.count(name)} images are called {name!r}", "image")
