"""The variables that a compose file gives its services, as far as the file and its neighbours tell them."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Optional

from importguard.cli.options import read_environment
from importguard.errors import UsageError
from importguard.source.deployment.compose_variables import (
    default_values,
    has_open_variable,
    open_variables,
    unescaped_dollars,
    with_default_values,
    with_values,
)
from importguard.source.yaml_nodes import Node

_CHOSEN = "importguard"
_SERVER = re.compile(
    r"postgres|postgis|pgvector|timescale|cockroach|mysql|mariadb|percona|mongo|redis|valkey|keydb|rabbitmq"
    r"|minio|clickhouse"
)
_ACCOUNT = re.compile(r"(?i)(?:user|username|pass|password|pwd|db|database|db_?name)$")
_EXAMPLES = ("example", "sample", "template", "dist")


def chosen_values(nodes: Sequence[Node]) -> dict[str, str]:
    """Values for the variables without a default that name a server's accounts, passwords and databases.

    Such a server is started for the check alone, so that any value is right if all services have the same.
    None where a service takes a file of variables: that may hold other values for the server.
    """
    if any(node.value_at("env_file") for node in nodes):
        return {}
    text = "\n".join(text for node in nodes if _is_server(node) for text in _texts_with_variables(node))
    known = {**dict.fromkeys(open_variables(text), _CHOSEN), **default_values(text)}
    return {name: value for name, value in known.items() if _ACCOUNT.search(name)}


def _is_server(node: Node) -> bool:
    image = with_default_values(node.value_at("image").scalar_text)
    return not node.value_at("build") and _SERVER.search(posixpath.basename(image)) is not None


def _texts_with_variables(node: Node) -> Iterator[str]:
    """What may hold variables; a name alone has the value of the machine's variable of that name."""
    for name, value in _pairs(node.value_at("environment")):
        yield f"${{{name}}}" if value is None and name else value or ""
    for key in ("command", "entrypoint"):
        yield node.value_at(key).scalar_text
        yield from (word.scalar_text for word in node.value_at(key))


def service_variables(node: Node, values: Mapping[str, str]) -> Iterator[str]:
    """``NAME=value``; a name alone, which passes its value on, for one whose value is not known."""
    for name, given in _pairs(node):
        if not name:
            continue
        if given is None:
            yield f"{name}={values[name]}" if name in values else name
            continue
        filled = with_values(with_default_values(given), values)
        yield name if has_open_variable(filled) else f"{name}={unescaped_dollars(filled)}"


def _pairs(node: Node) -> Iterator[tuple[str, Optional[str]]]:
    """(name, value) of a mapping or a list; no value: the variable is passed on."""
    for name, value in node.mapping_items():
        yield name, None if value.is_null else value.scalar_text
    for item in node:
        name, equals, text = item.scalar_text.partition("=")
        yield name, text if equals else None


def variable_files(node: Node, root: str, folder: str = "") -> list[str]:
    """The files of variables that are there, or the examples that stand in the repository for them.

    The paths go out from ``folder``, that of the compose file.

    A server's variables without a default are those of ``.env``, which Compose reads by itself. An example
    that ``env-file`` can't read is left out.
    """
    given = node.value_at("env_file")
    written = [one.scalar_text or one.value_at("path").scalar_text for one in given] or [given.scalar_text]
    paths = [with_default_values(path) for path in written]
    if not any(paths) and _is_server(node) and any(map(open_variables, _texts_with_variables(node))):
        paths = [".env"]
    found = []
    for path in [posixpath.normpath(posixpath.join(folder, path)) for path in paths if path]:
        beside, name = posixpath.split(path)
        names = [name, *(f"{name}{sign}{word}" for word in _EXAMPLES for sign in ".-_")]
        if name == ".env":
            names += [
                example
                for word in _EXAMPLES
                for example in (f"env.{word}", f"{word}.env", f"{word.upper()}.env")
            ]
        there = [one for one in (posixpath.join(beside, name) for name in names) if _is_file(root, one)]
        found += [one for one in there if one == path or _is_readable(os.path.join(root, one))][:1]
    return found


def _is_file(root: str, path: str) -> bool:
    return os.path.isfile(os.path.join(root, path))


def _is_readable(path: str) -> bool:
    try:
        read_environment((), [path], {})
    except UsageError:
        return False
    return True
