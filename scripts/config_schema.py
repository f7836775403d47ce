"""Write importguard/schemas/config.schema.json from the options of ``check``; with --check, only compare.

JSON Schema draft-07: what the editors' TOML plug-ins know.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

# The options of this tree, not those of a wheel that was installed before they were changed.
sys.path.insert(0, str(Path(__file__).parents[1]))
from importguard.cli.config_option import NOT_OF_AN_IMAGE, option_value_kind, options_by_key
from importguard.cli.main import cli
from importguard.cli.start_settings import PLATFORMS

SCHEMA = Path(__file__).parents[1] / "importguard" / "schemas" / "config.schema.json"
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "quantity": {"type": ["string", "number"]},
    "list": {"type": "array", "items": {"type": "string"}},
}
_SEVERITIES = ["error", "warning", "note", "off"]


def text(description: str) -> dict[str, Any]:
    """A string that is not blank."""
    return {"description": description, "type": "string", "pattern": "\\S"}


def setting(option: click.Option) -> dict[str, Any]:
    """What the file may hold for an option."""
    help_ = (option.help or "").replace("With --build: ", "With build: ").replace(" Repeatable.", "")
    described = {"description": help_, **_TYPES[option_value_kind(option)]}
    if isinstance(option.type, click.Choice):
        described["enum"] = list(option.type.choices)
    if isinstance(option.type, click.IntRange) and option.type.min is not None:
        described["minimum"] = option.type.min
    return described


def paths(**more: dict[str, Any]) -> dict[str, Any]:
    """A list of paths, or of tables that hold a path, a status and ``more``."""
    path = {"type": "string", "pattern": "^/"}
    status = {"type": "integer", "minimum": 100, "maximum": 599}
    table = {"type": "object", "additionalProperties": False, "required": ["path"]}
    properties = {"path": path, "status": status, **more}
    return {"type": "array", "items": {"anyOf": [path, {**table, "properties": properties}]}}


def start() -> dict[str, Any]:
    """What ``[start]`` and ``[image.start]`` may hold."""
    quantity = _TYPES["quantity"]
    return {
        "description": "How the image is started and asked with --start.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "platform": {"description": "The contract that it is held to.", "enum": list(PLATFORMS)},
            "port": {
                "description": "The port that has to accept connections; none for a worker.",
                "anyOf": [{"const": "none"}, {"type": "integer", "minimum": 1, "maximum": 65535}],
            },
            "http": {
                "description": "What is asked for. Without a status, any below 500 is right.",
                **paths(body={"type": "string"}, assets={"type": "boolean"}),
            },
            "websocket": {
                "description": "WebSockets that can be opened, or are refused with a status.",
                **paths(protocol={"type": "string"}),
            },
            "grpc": {
                "description": "Whether grpc.health.v1.Health/Check has to say SERVING.",
                "type": "boolean",
            },
            "timeout": {"description": "Until everything is answered (default 60s).", **quantity},
            "settle": {"description": "After that time it is asked again (default 1s).", **quantity},
            "max-start-time": {"description": "The time in which it has to be ready.", **quantity},
            "memory": {"description": "What it may use (cloud-run: 512m unless given).", **quantity},
            "needs": {"description": "Images and services that have to be ready before.", **_TYPES["list"]},
        },
    }


def service() -> dict[str, Any]:
    """What a ``[[service]]`` may hold."""
    settings = start()["properties"]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "image"],
        "properties": {
            "name": text("What images that need it, and their variables, call it."),
            "image": text("The image that it is started from."),
            "env": {"description": "Its variables, K=V.", **_TYPES["list"]},
            "env-file": {"description": "Files of its variables, one K=V a line.", **_TYPES["list"]},
            "command": text("A command in place of the image's CMD."),
            "ready": text("A command in it that succeeds when it is ready; else its HEALTHCHECK, or a port."),
            **{key: settings[key] for key in ("port", "timeout", "memory")},
        },
    }


def rules() -> dict[str, Any]:
    """What ``[rules]`` may hold."""
    return {
        "description": "Severities of rules, by number or name; off turns a rule off.",
        "type": "object",
        "additionalProperties": {"enum": _SEVERITIES},
    }


def ignore() -> dict[str, Any]:
    """What an ``[[ignore]]`` may hold."""
    return {
        "rule": text("A rule, by its number or its name."),
        "module": text("A glob for every module that fails by it; for rules from IG104, for its module."),
        "missing": text("A glob for what is missing."),
        "reason": text("Why this may be ignored."),
        "expires": {
            "description": "The last day on which it is ignored.",
            "type": "string",
            "format": "date",
        },
    }


def image(settings: dict[str, Any]) -> dict[str, Any]:
    """What an ``[[image]]`` may hold; ``settings`` are the options."""
    return {
        "name": text("What reports call the image."),
        "reference": text("The image, where it exists and is not built."),
        "start": start(),
        **{key: value for key, value in settings.items() if key not in NOT_OF_AN_IMAGE},
    }


def schema() -> dict[str, Any]:
    """The whole schema."""
    options = options_by_key(cli.commands["check"])
    settings = {key: setting(option) for key, option in options.items()}
    table: dict[str, Any] = {"type": "object", "additionalProperties": False}
    named = [{"required": [key]} for key in ("rule", "module", "missing")]
    properties = {
        **settings,
        "start": start(),
        "service": {
            "description": "What images need and what is not checked itself, such as a database.",
            "type": "array",
            "items": service(),
        },
        "rules": rules(),
        "ignore": {
            "description": "Findings that are not to be shown.",
            "type": "array",
            "items": {**table, "required": ["reason"], "anyOf": named, "properties": ignore()},
        },
        "image": {
            "description": "The images of this repository, for importguard check --all.",
            "type": "array",
            "items": {
                **table,
                "required": ["name"],
                "not": {"required": ["reference", "build"]},
                "properties": image(settings),
            },
        },
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "importguard",
        "description": "importguard.toml, or [tool.importguard]. Paths are as seen from the file's folder.",
        **table,
        "properties": properties,
    }


def main() -> int:
    """Write, or compare; 1 where the file is not what it should be."""
    wanted = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if SCHEMA.read_text(encoding="utf-8") == wanted else 1
    SCHEMA.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
