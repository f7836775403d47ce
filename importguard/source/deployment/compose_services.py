"""Read the services of a compose file (Compose specification: healthcheck, mem_limit, deploy.resources)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from importguard.source.deployment.compose_variables import (
    has_open_variable,
    unescaped_dollars,
    with_default_values,
)
from importguard.source.deployment.model import (
    Deployment,
    absolute_folder,
    bytes_of,
    image_name,
    known_names,
    words_of,
)
from importguard.source.model import Place
from importguard.source.yaml_nodes import Node

_LEAST_PORT = 80  # a smaller number is a flag or a count


def compose_deployments(document: Node, path: str) -> Iterator[Deployment]:
    services = document.value_at("services")
    for name, node in services.mapping_items():
        build = node.value_at("build")
        context = build.scalar_text or build.value_at("context").scalar_text
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), context)) if context else None
        limit = node.value_at("mem_limit") or node.value_at("deploy", "resources", "limits", "memory")
        yield Deployment(
            Place(path, services.line_number_of(name), f"{name}:"),
            known_names(name, image_name(with_default_values(node.value_at("image").scalar_text))),
            build=folder,
            command=() if _names_own_port(node) else health_command(node),
            has_command=bool(node.value_at("command") or node.value_at("entrypoint")),
            memory=bytes_of(with_default_values(limit.scalar_text)),
            workdir=absolute_folder(with_default_values(node.value_at("working_dir").scalar_text)),
        )


def health_command(service: Node) -> tuple[str, ...]:
    """The command of a health check: a text is for the shell, a list begins with CMD, CMD-SHELL or NONE.

    None where a variable has no default: whoever runs the file knows what it asks.
    """
    test = service.value_at("healthcheck", "test")
    text = with_default_values(test.scalar_text)
    words = tuple(map(with_default_values, words_of(test)))
    if has_open_variable(" ".join((text, *words))):
        return ()
    if service.value_at("healthcheck", "disable").scalar_text == "true" or words[:1] == ("NONE",):
        return ()
    if text or words[:1] == ("CMD-SHELL",):
        return ("/bin/sh", "-c", unescaped_dollars(text or " ".join(words[1:])))
    return tuple(map(unescaped_dollars, words[1:]))


def _names_own_port(service: Node) -> bool:
    """Whether a health check asks a port that the file's environment sets: the start is without that."""
    environment = service.value_at("environment")
    values = [value.scalar_text for _, value in environment.mapping_items()]
    values += [item.scalar_text.partition("=")[2] for item in environment]
    values = [with_default_values(value) for value in values]
    ports = [value for value in values if value.isdigit() and int(value) >= _LEAST_PORT]
    text = " ".join(health_command(service))
    return any(re.search(rf"[:\s=]{port}\b", text) for port in ports)
