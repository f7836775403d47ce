"""Read the containers of a Kubernetes or Knative manifest.

Sources: the Kubernetes API reference (Container, Probe, ResourceRequirements), the Cloud Run YAML reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from importguard.evidence.starts import HttpRequest
from importguard.source.deployment.model import (
    PROBE_BELOW,
    Deployment,
    absolute_folder,
    bytes_of,
    image_name,
    number_of,
    probe_seconds,
    words_of,
)
from importguard.source.model import Place
from importguard.source.yaml_nodes import Node

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_POD = (("template", "spec"), (), ("jobTemplate", "spec", "template", "spec"))


def manifest_deployments(document: Node, path: str) -> Iterator[Deployment]:
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
        port.value_at("name").scalar_text: number_of(port.value_at("containerPort"))
        for port in container.value_at("ports")
    }
    port = next(iter(ports.values()), None)
    probes = [probe for name in _PROBES if (probe := container.value_at(name))]
    asked = [request for probe in probes if (request := _probe_request(probe, port, ports))]
    commands = [words for probe in probes if (words := words_of(probe.value_at("exec", "command")))]
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
        memory=bytes_of(container.value_at("resources", "limits", "memory").scalar_text),
        seconds=_seconds_to_start(container, is_cloud_run),
        workdir=absolute_folder(container.value_at("workingDir").scalar_text),
    )


def _asks_grpc(probe: Node, port: Optional[int]) -> bool:
    """Whether a probe asks the container's first port for the health of the whole server."""
    fits = port is None or number_of(probe.value_at("port")) == port
    return bool(probe) and fits and not probe.value_at("service").scalar_text


def _probe_request(
    probe: Node, port: Optional[int], ports: dict[str, Optional[int]]
) -> Optional[HttpRequest]:
    """The request of a probe over HTTP, where it is one to the container's first port."""
    get = probe.value_at("httpGet")
    wanted = get.value_at("port")
    number = ports.get(wanted.scalar_text) or number_of(wanted) or port
    if not get or port not in (None, number) or get.value_at("scheme").scalar_text.upper() == "HTTPS":
        return None
    headers = tuple(
        (one.value_at("name").scalar_text, one.value_at("value").scalar_text)
        for one in get.value_at("httpHeaders")
    )
    path = get.value_at("path").scalar_text or "/"
    return HttpRequest(path if path.startswith("/") else f"/{path}", below=PROBE_BELOW, headers=headers)


def _seconds_to_start(container: Node, is_cloud_run: bool) -> Optional[float]:
    """How long a container may take: then its first probe that restarts it has failed often enough.

    Cloud Run asks for liveness only when the startup probe, which every service has, has passed
    (https://cloud.google.com/run/docs/configuring/healthchecks).
    """
    for name in ("startupProbe",) if is_cloud_run else ("startupProbe", "livenessProbe"):
        probe = container.value_at(name)
        if probe:
            return probe_seconds(lambda key, given=probe: given.value_at(key).scalar_text)  # type: ignore[misc]
    return None
