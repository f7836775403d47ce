"""Read how production starts a container and asks whether it is well.

Sources: the Cloud Run YAML reference (Knative serving v1) and ``gcloud run deploy``, the Kubernetes API
reference (Container, Probe, ResourceRequirements), the Compose specification (healthcheck, mem_limit,
deploy.resources).
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Callable, Optional

from importguard.evidence.starts import HttpRequest
from importguard.source.compose_variables import (
    has_open_variable,
    unescaped_dollars,
    with_default_values,
)
from importguard.source.gcloud_commands import (
    deploying_command_lines,
    read_gcloud_options,
    read_probe_option,
)
from importguard.source.model import Place
from importguard.source.production_files import COMPOSE_NAME, deploying_files
from importguard.source.tree import relative_path
from importguard.source.yaml_nodes import LARGEST, Node, yaml_documents

_MENTIONED = re.compile(r"run\b.{0,40}\bdeploy\b|deploy-cloudrun|containers:|services:", re.DOTALL)
_MOST_TEXT = 8 << 20  # of all files together: parsing them may take a second for each MiB
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_POD = (("template", "spec"), (), ("jobTemplate", "spec", "template", "spec"))
_QUANTITY = re.compile(r"(?i)(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_CLOUD_RUN_PORT = 8080
_LEAST_SECONDS = 10
"""A probe that gives less is the platform's, whose machines are faster than those that check."""

_LEAST_PORT = 80  # a smaller number is a flag or a count
_PROBE_BELOW = 400
"""A probe succeeds with a status from 200 to 399: the Kubernetes API reference, HTTPGetAction."""


@dataclass(frozen=True)
class Deployment:
    """What a file says of one container. What it does not say is None or empty.

    ``names`` are the service's and the image's, without registry and tag; ``build`` is the build context's
    folder. ``http``, ``grpc`` and ``command`` are what production asks: over HTTP, for gRPC's own state of
    health, and by a command in the container.
    ``accepts``: it asks no more than that the port accepts. ``has_command``: the image's own is not the one
    that runs. ``memory`` in bytes. ``seconds``: for how long the platform lets it start.
    """

    place: Place
    names: frozenset[str] = frozenset()
    is_cloud_run: bool = False
    build: Optional[str] = None
    port: Optional[int] = None
    http: tuple[HttpRequest, ...] = ()
    command: tuple[str, ...] = ()
    grpc: bool = False
    accepts: bool = False
    has_command: bool = False
    memory: Optional[int] = None
    seconds: Optional[float] = None

    @property
    def is_silent(self) -> bool:
        """Whether it says nothing of how the container is started and asked."""
        nameless = replace(self, names=frozenset(), build=None, has_command=False)
        return nameless == Deployment(self.place)


def read_deployments(root: str) -> list[Deployment]:
    """The containers that the files below ``root`` deploy, in the order of the files."""
    found: list[Deployment] = []
    left = _MOST_TEXT
    for path in deploying_files(root):
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                text = stream.read(LARGEST)
        except OSError:
            continue
        if _MENTIONED.search(text) and len(text) <= left:
            left -= len(text)
            found += _of_file(text, relative_path(path, root))
    return found


def image_name(reference: str) -> str:
    """The last part of an image's reference, without tag and digest; empty where a variable is all of it."""
    name = reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return "" if set("${}<>") & set(name) else name


def _of_file(text: str, path: str) -> Iterator[Deployment]:
    if not path.endswith((".yaml", ".yml")):
        yield from _of_script(text, path, 1)
        return
    try:
        for document in yaml_documents(text):
            if COMPOSE_NAME.fullmatch(posixpath.basename(path)):
                yield from _of_compose(document, path)
            elif document.value_at("kind"):
                yield from _of_manifest(document, path)
            else:
                yield from _of_pipeline(document, path, 0)
    except ValueError:  # a template, mostly
        return


def _of_compose(document: Node, path: str) -> Iterator[Deployment]:
    services = document.value_at("services")
    for name, node in services.mapping_items():
        build = node.value_at("build")
        context = build.scalar_text or build.value_at("context").scalar_text
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), context)) if context else None
        limit = node.value_at("mem_limit") or node.value_at("deploy", "resources", "limits", "memory")
        yield Deployment(
            Place(path, services.line_number_of(name), f"{name}:"),
            _names(name, image_name(with_default_values(node.value_at("image").scalar_text))),
            build=folder,
            command=() if _names_own_port(node) else health_command(node),
            has_command=bool(node.value_at("command") or node.value_at("entrypoint")),
            memory=_bytes(with_default_values(limit.scalar_text)),
        )


def health_command(service: Node) -> tuple[str, ...]:
    """The command of a health check: a text is for the shell, a list begins with CMD, CMD-SHELL or NONE.

    None where a variable has no default: whoever runs the file knows what it asks.
    """
    test = service.value_at("healthcheck", "test")
    text = with_default_values(test.scalar_text)
    words = tuple(map(with_default_values, _words(test)))
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


def _of_manifest(document: Node, path: str) -> Iterator[Deployment]:
    """The containers of each pod."""
    items = (
        list(document.value_at("items")) if document.value_at("kind").scalar_text == "List" else [document]
    )
    for item in items:
        pod = next(
            (one for keys in _POD if (one := item.value_at("spec", *keys)).value_at("containers")), None
        )
        containers = list(pod.value_at("containers")) if pod else []
        is_cloud_run = item.value_at("apiVersion").scalar_text.startswith("serving.knative.dev/")
        for container in containers:
            names = {
                container.value_at("name").scalar_text,
                image_name(container.value_at("image").scalar_text),
            }
            names |= {item.value_at("metadata", "name").scalar_text} if len(containers) == 1 else set()
            yield _of_container(container, path, frozenset(names - {""}), is_cloud_run)


def _of_container(container: Node, path: str, names: frozenset[str], is_cloud_run: bool) -> Deployment:
    ports = {
        port.value_at("name").scalar_text: _number(port.value_at("containerPort"))
        for port in container.value_at("ports")
    }
    port = next(iter(ports.values()), None)
    probes = [probe for name in _PROBES if (probe := container.value_at(name))]
    asked = [request for probe in probes if (request := _probe_request(probe, port, ports))]
    commands = [words for probe in probes if (words := _words(probe.value_at("exec", "command")))]
    # A probe that opens the port is one, too, and of another port none that can be asked here.
    sockets = any(probe.value_at("tcpSocket") or probe.value_at("httpGet") for probe in probes)
    return Deployment(
        Place(path, container.line_number),
        names,
        is_cloud_run,
        port=port,
        http=tuple(dict.fromkeys(asked)),
        command=commands[0] if commands and not asked else (),
        grpc=any(_asks_grpc(probe.value_at("grpc"), port) for probe in probes),
        accepts=sockets and not asked,
        has_command=bool(container.value_at("command") or container.value_at("args")),
        memory=_bytes(container.value_at("resources", "limits", "memory").scalar_text),
        seconds=_seconds_to_start(container, is_cloud_run),
    )


def _asks_grpc(probe: Node, port: Optional[int]) -> bool:
    """Whether a probe asks the container's first port for the health of the whole server."""
    fits = port is None or _number(probe.value_at("port")) == port
    return bool(probe) and fits and not probe.value_at("service").scalar_text


def _probe_request(
    probe: Node, port: Optional[int], ports: dict[str, Optional[int]]
) -> Optional[HttpRequest]:
    """The request of a probe over HTTP, where it is one to the container's first port."""
    get = probe.value_at("httpGet")
    wanted = get.value_at("port")
    number = ports.get(wanted.scalar_text) or _number(wanted) or port
    if not get or port not in (None, number) or get.value_at("scheme").scalar_text.upper() == "HTTPS":
        return None
    headers = tuple(
        (one.value_at("name").scalar_text, one.value_at("value").scalar_text)
        for one in get.value_at("httpHeaders")
    )
    path = get.value_at("path").scalar_text or "/"
    return HttpRequest(path if path.startswith("/") else f"/{path}", below=_PROBE_BELOW, headers=headers)


def _of_pipeline(node: Node, path: str, depth: int) -> Iterator[Deployment]:
    """``gcloud run deploy`` and the action deploy-cloudrun, wherever a pipeline's file has them."""
    if depth > 12:
        return
    words = [item.scalar_text for item in node]
    for index in range(len(words) - 1):
        if words[index : index + 2] == ["run", "deploy"]:
            yield _of_gcloud(words[index + 2 :], Place(path, node.line_number))
    given = node.value_at("with")
    if node.value_at("uses").scalar_text.startswith("google-github-actions/deploy-cloudrun"):
        flags = shlex.split(given.value_at("flags").scalar_text.replace("'", ""))
        options = [
            given.value_at("service").scalar_text,
            "--image",
            given.value_at("image").scalar_text,
            *flags,
        ]
        yield _of_gcloud(options, Place(path, node.line_number))
    yield from _of_script(node.scalar_text, path, node.text_line_number)
    for inner in (*(value for _, value in node.mapping_items()), *node):
        yield from _of_pipeline(inner, path, depth + 1)


def _of_script(text: str, path: str, first: int) -> Iterator[Deployment]:
    """The command lines that deploy to Cloud Run. ``first`` is the line at which ``text`` begins."""
    for before, words in deploying_command_lines(text):
        yield _of_gcloud(words, Place(path, first + before, "gcloud run deploy"))


def _of_gcloud(words: Sequence[str], place: Place) -> Deployment:
    """What ``gcloud run deploy WORDS`` says."""
    service, options = read_gcloud_options(words)
    port = options.get("--port", "")
    number = int(port) if port.isdigit() else None
    probe = read_probe_option(options.get("--startup-probe", ""))
    path = probe.get("httpGet.path", "")
    asks_port = probe.get("httpGet.port") in (None, port or str(_CLOUD_RUN_PORT))
    return Deployment(
        place,
        _names(image_name(service), image_name(options.get("--image", ""))),
        True,
        port=number,
        http=(HttpRequest(path, below=_PROBE_BELOW),) if path.startswith("/") and asks_port else (),
        seconds=_probe_seconds(probe.get) if probe else None,
        has_command=bool(options.get("--command") or options.get("--args")),
        memory=_bytes(options.get("--memory", "")),
    )


def _seconds_to_start(container: Node, is_cloud_run: bool) -> Optional[float]:
    """How long a container may take: then its first probe that restarts it has failed often enough.

    Cloud Run asks for liveness only when the startup probe, which every service has, has passed
    (https://cloud.google.com/run/docs/configuring/healthchecks).
    """
    for name in ("startupProbe",) if is_cloud_run else ("startupProbe", "livenessProbe"):
        probe = container.value_at(name)
        if probe:
            return _probe_seconds(lambda key, given=probe: given.value_at(key).scalar_text)  # type: ignore[misc]
    return None


def _probe_seconds(value_of: Callable[[str], Optional[str]]) -> float:
    """The time of a probe by its keys; their defaults are the Kubernetes API reference's (Probe)."""

    def number(key: str, default: int) -> int:
        text = value_of(key) or ""
        return int(text) if text.isdigit() else default

    last = number("failureThreshold", 3) * number("periodSeconds", 10)
    return float(max(number("initialDelaySeconds", 0) + last, _LEAST_SECONDS))


def _names(*names: str) -> frozenset[str]:
    return frozenset(name for name in names if name)


def _words(node: Node) -> tuple[str, ...]:
    return tuple(item.scalar_text for item in node)


def _number(node: Node) -> Optional[int]:
    return int(node.scalar_text) if node.scalar_text.isdigit() else None


def _bytes(text: str) -> Optional[int]:
    """``512Mi``, ``1Gi``, ``1G`` (Kubernetes) and ``512m``, ``1gb`` (compose, by 1024); None for others."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return None
    # Kubernetes' M and G count by 1000 and compose's by 1024: the larger is taken, to alarm nobody in vain.
    return int(float(match[1]) * 1024 ** _POWERS[match[2].lower()]) or None
