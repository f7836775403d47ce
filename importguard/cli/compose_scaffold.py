"""Propose ``[[image]]`` and ``[[service]]`` with how they are started, from a repository's compose file.

What a compose file says follows the Compose specification: build, image, command, environment, env_file,
working_dir, ports, expose, healthcheck, depends_on, profiles.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from importguard.cli.compose_environment import chosen_values, service_variables, variable_files
from importguard.cli.compose_files import compose_file
from importguard.source.deployment.compose_services import health_command
from importguard.source.deployment.compose_variables import (
    unescaped_dollars,
    with_default_values,
    with_values,
)
from importguard.source.mounts import service_mounts
from importguard.source.yaml_nodes import Node

_COMPLETED = "service_completed_successfully"
_WORKER = re.compile(
    r"\b(?:celery\b.*\s(?:worker|beat)|rq(?:worker|\s+worker|\s+scheduler)|dramatiq|arq|huey_consumer(?:\.py)?"
    r"|taskiq\s+(?:worker|scheduler)|faust\b.*\sworker|procrastinate\b.*\sworker|saq|qcluster|db_worker)\b"
)
"""Commands of workers, which have no port: what waits for one (``depends_on``) often wants an order alone."""

_REQUEST = re.compile(
    r"(?:https?://|\b(?:curl|wget)\s(?:[^|;&]*\s)?)"
    r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?(/[^\s\"'|;]*)?"
)


@dataclass(frozen=True)
class ComposeService:
    """A service as the file has it. ``needs`` are those that it depends on; ``once``: it runs to its end.

    ``context`` is the folder that it is built from, with slashes, None where it is not. ``env_files`` are
    there, ``ports`` are the container's own, ``health`` is the command of its health check. ``mounts_code``:
    a folder of the repository stands in the place of one of the image.
    """

    name: str
    image: str = ""
    context: Optional[str] = None
    dockerfile: str = "Dockerfile"
    target: str = ""
    command: str = ""
    env: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    health: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    once: bool = False
    mounts_code: bool = False

    @property
    def build_file(self) -> str:
        """The Dockerfile's path in the repository; empty where none is built, or what runs is no service."""
        if self.context is None or self.once:
            return ""
        return posixpath.normpath(posixpath.join(self.context, self.dockerfile))


def read_compose(root: Path) -> tuple[str, list[ComposeService]]:
    """The compose file of ``root`` and its services; no name and none where there is nothing to read."""
    chosen = compose_file(root)
    if chosen is None:
        return "", []
    path, document = chosen
    return path, list(_services(document, str(root), posixpath.dirname(path)))


def _services(document: Node, root: str, folder: str) -> Iterator[ComposeService]:
    """The services of a file in ``folder``, from which its paths go out."""
    nodes = dict(document.value_at("services").mapping_items())
    once = {
        name
        for node in nodes.values()
        for name, how in node.value_at("depends_on").mapping_items()
        if how.value_at("condition").scalar_text == _COMPLETED
    }
    # Where nothing is built without a profile, they do not set tools apart, but choose what a machine runs.
    usual = {name for name, node in nodes.items() if not node.value_at("profiles")}
    started = usual if any(nodes[name].value_at("build") for name in usual) else nodes.keys()
    values = chosen_values([nodes[name] for name in started])
    for name, node in nodes.items():
        if name not in started:
            continue
        build, context = node.value_at("build"), _build_context(node, root, folder)
        yield ComposeService(
            name,
            with_default_values(node.value_at("image").scalar_text),
            posixpath.normpath(posixpath.join(folder, context)) if context else None,
            build.value_at("dockerfile").scalar_text or "Dockerfile",
            build.value_at("target").scalar_text,
            _command(node, values),
            tuple(service_variables(node.value_at("environment"), values)),
            tuple(variable_files(node, root, folder)),
            tuple(_ports(node)),
            _health(node),
            (*_texts(node.value_at("depends_on")), *_keys(node.value_at("depends_on"))),
            name in once,
            _mounts_code(node),
        )


def _build_context(node: Node, root: str, folder: str) -> str:
    """The folder that a service is built from, from that of the file; empty where it is not built.

    Files for users name the image that the repository publishes, as ``milesmcc/shynet:latest`` of shynet:
    one of an account that is called like the repository is built from its Dockerfile.
    """
    build = node.value_at("build")
    if build:
        return build.scalar_text or build.value_at("context").scalar_text or "."
    account, _, name = with_default_values(node.value_at("image").scalar_text).rpartition("/")
    is_own = bool(account) and re.split("[:@]", name)[0].lower() == Path(root).name.lower()
    return "." if is_own and not folder and Path(root, "Dockerfile").is_file() else ""


def _texts(node: Node) -> list[str]:
    """A text, or a list of texts or of mappings with a path."""
    return [
        one.scalar_text or one.value_at("path").scalar_text for one in ([node] if node.scalar_text else node)
    ]


def _keys(node: Node) -> list[str]:
    return [name for name, _ in node.mapping_items()]


def _command(service: Node, values: Mapping[str, str]) -> str:
    """Its command, in its working directory: ``check --command`` runs one in the image's WORKDIR."""
    node, folder = service.value_at("command"), service.value_at("working_dir").scalar_text
    text = node.scalar_text.strip() or shlex.join(item.scalar_text for item in node)
    if text and folder:
        text = shlex.join(["sh", "-c", f"cd {shlex.quote(folder)} && exec {text}"])
    return unescaped_dollars(with_values(with_default_values(text), values))


def _health(service: Node) -> tuple[str, ...]:
    """The command of its health check, but for one that the file mounts: it is not in the image."""
    command = health_command(service)
    mounted = [target.rstrip("/") for kind, target, *_ in service_mounts(service) if kind == "bind"]
    is_mounted = any(
        f"{word}/".startswith(f"{target}/") for word in " ".join(command).split() for target in mounted
    )
    return () if is_mounted else command


def _mounts_code(service: Node) -> bool:
    return any(
        kind == "bind" and (origin in (".", "..") or origin.startswith(("./", "../")))
        for kind, _, origin, _ in service_mounts(service)
    )


def _ports(node: Node) -> Iterator[int]:
    """``[[IP:]HOST:]CONTAINER[/PROTOCOL]`` of ports, their long form, and expose."""
    for port in node.value_at("ports"):
        text = (
            port.value_at("target").scalar_text
            or with_default_values(port.scalar_text).partition("/")[0].rpartition(":")[2]
        )
        if text.isdigit():
            yield int(text)
    for port in node.value_at("expose"):
        if port.scalar_text.isdigit():
            yield int(port.scalar_text)


def compose_tables(services: Sequence[ComposeService], python: Collection[str]) -> str:
    """The tables of importguard.toml for what the services are built from and need.

    ``python`` are the names of those whose image has a Python: what has none cannot be checked without
    ``--start``, and is written as a comment. What runs once (a migration) is no service to start.
    """
    built = [service for service in services if service.context is not None and not service.once]
    proposed = [service for service in built if service.name in python]
    known = {service.name for service in proposed}
    needed = {name for service in proposed for name in service.needs}
    only_needed = [
        service
        for service in services
        if service.context is None and service.name in needed and not service.once
    ]
    known |= {service.name for service in only_needed}
    tables = [_image(service, known, needed) for service in proposed]
    tables += [_commented(_image(service, known, needed)) for service in built if service.name not in known]
    tables += [_service(service) for service in only_needed]
    left_out = sorted(needed & {service.name for service in services if service.once})
    tables += [
        f"# {name} runs once and ends in the compose file: it is not started here.\n" for name in left_out
    ]
    return "\n".join(tables)


def _image(one: ComposeService, known: set[str], needed: set[str]) -> str:
    lines = ["[[image]]", f"name = {quoted_toml(one.name)}", f"build = {quoted_toml(one.context or '.')}"]
    lines += [] if one.dockerfile == "Dockerfile" else [f"file = {quoted_toml(one.build_file)}"]
    lines += [f"target = {quoted_toml(one.target)}"] if one.target else []
    lines += [f"command = [{quoted_toml(one.command)}]"] if one.command else []
    lines += _variables(one)
    lines += ["[image.start]"]
    # A command of its own and no port: a worker, unless others reach it.
    is_worker = bool(one.command) and not one.ports and one.name not in needed
    is_worker = is_worker or (not one.ports and _WORKER.search(one.command) is not None)
    lines += ['port = "none"'] if is_worker else [f"port = {port}" for port in one.ports[:1]]
    request = _REQUEST.search(" ".join(one.health))
    lines += [f"http = [{quoted_toml(request[1] or '/')}]"] if request and not is_worker else []
    needs = [name for name in one.needs if name in known]
    lines += [f"needs = [{', '.join(map(quoted_toml, needs))}]"] if needs else []
    return "\n".join(lines) + "\n"


def _service(one: ComposeService) -> str:
    lines = [
        "[[service]]",
        f"name = {quoted_toml(one.name)}",
        f"image = {quoted_toml(one.image)}",
        *_variables(one),
    ]
    lines += [f"command = {quoted_toml(one.command)}"] if one.command else []
    lines += [f"ready = {quoted_toml(shlex.join(one.health))}"] if one.health else []
    return "\n".join(lines) + "\n"


def _variables(one: ComposeService) -> list[str]:
    lines = [f"env = [{', '.join(map(quoted_toml, one.env))}]"] if one.env else []
    files = ", ".join(map(quoted_toml, one.env_files))
    return lines + ([f"env-file = [{files}]"] if files else [])


def _commented(table: str) -> str:
    head = "# No Python in it: it is only started and asked, by importguard check --start.\n"
    return head + "".join(f"# {line}\n" for line in table.splitlines())


def quoted_toml(text: str) -> str:
    """A string of TOML; JSON's escapes are among its own."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
