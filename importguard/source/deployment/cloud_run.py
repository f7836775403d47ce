"""Read deployments to Cloud Run in pipelines and scripts: `gcloud run deploy`, the action deploy-cloudrun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from importguard.evidence.starts import HttpRequest
from importguard.source.command_words import split_command
from importguard.source.deployment.gcloud_commands import (
    deploying_command_lines,
    read_gcloud_options,
    read_probe_option,
)
from importguard.source.deployment.model import (
    PROBE_BELOW,
    Deployment,
    bytes_of,
    image_name,
    known_names,
    probe_seconds,
)
from importguard.source.model import Place
from importguard.source.yaml_nodes import Node

_CLOUD_RUN_PORT = 8080


def pipeline_deployments(node: Node, path: str, depth: int) -> Iterator[Deployment]:
    """``gcloud run deploy`` and the action deploy-cloudrun, wherever a pipeline's file has them."""
    if depth > 12:
        return
    words = [item.scalar_text for item in node]
    for index in range(len(words) - 1):
        if words[index : index + 2] == ["run", "deploy"]:
            yield _of_gcloud(words[index + 2 :], Place(path, node.line_number))
    given = node.value_at("with")
    if node.value_at("uses").scalar_text.startswith("google-github-actions/deploy-cloudrun"):
        flags = split_command(given.value_at("flags").scalar_text.replace("'", ""), comments=False)
        options = [
            given.value_at("service").scalar_text,
            "--image",
            given.value_at("image").scalar_text,
            *flags,
        ]
        yield _of_gcloud(options, Place(path, node.line_number))
    yield from script_deployments(node.scalar_text, path, node.text_line_number)
    for inner in (*(value for _, value in node.mapping_items()), *node):
        yield from pipeline_deployments(inner, path, depth + 1)


def script_deployments(text: str, path: str, first: int) -> Iterator[Deployment]:
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
        known_names(image_name(service), image_name(options.get("--image", ""))),
        True,
        port=number,
        http=(HttpRequest(path, below=PROBE_BELOW),) if path.startswith("/") and asks_port else (),
        seconds=probe_seconds(probe.get) if probe else None,
        has_command=bool(options.get("--command") or options.get("--args")),
        memory=bytes_of(options.get("--memory", "")),
    )
