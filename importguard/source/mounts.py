"""Read what production mounts over folders of the image: by compose files, Kubernetes manifests, VOLUME.

Sources: the Compose specification (volumes, tmpfs, configs, secrets), the Kubernetes API reference (Volume,
VolumeMount), the Dockerfile reference (VOLUME).
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Iterator
from typing import Optional

from importguard.source.deployment.compose_variables import with_default_values
from importguard.source.dockerfile.variables import Words, split_words
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.model import Mount, Place
from importguard.source.paths import relative_path
from importguard.source.production_files import COMPOSE_NAME, LARGEST, yaml_files
from importguard.source.yaml_nodes import Node, yaml_documents

_KINDS = {
    "emptyDir": "emptyDir",
    "configMap": "configMap",
    "secret": "secret",
    "persistentVolumeClaim": "pvc",
    "hostPath": "bind",
}
_MENTIONED = re.compile("olume|tmpfs|configs|secrets")
_POD = ((), ("template", "spec"), ("jobTemplate", "spec", "template", "spec"))


def read_mounts(root: str, dockerfile: Optional[Dockerfile], notes: list[str]) -> list[Mount]:
    """The mounts that the YAML files below ``root`` and the Dockerfile speak of, by file and line."""
    found: list[Mount] = []
    for path in yaml_files(root, notes):
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                text = stream.read(LARGEST)
            if not _MENTIONED.search(text):
                continue
            name = relative_path(path, root)
            read = _compose if COMPOSE_NAME.fullmatch(os.path.basename(path)) else _kubernetes
            lines = text.split("\n")
            for document in yaml_documents(text):
                found += read(document, name, lines, root)
        except ValueError:
            # A chart's template, mostly: no YAML before it is rendered.
            continue
        except OSError as error:
            notes.append(f"{path} can't be read: {error.strerror}")
    return found + (list(_volumes(dockerfile)) if dockerfile else [])


def _compose(document: Node, path: str, lines: list[str], root: str) -> Iterator[Mount]:
    for _, node in document.value_at("services").mapping_items():
        build = node.value_at("build")
        context = build.scalar_text or build.value_at("context").scalar_text
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), context)) if context else None
        image = with_default_values(node.value_at("image").scalar_text) or None
        for kind, target, origin, line in service_mounts(node):
            if kind == "bind":
                origin = posixpath.normpath(posixpath.join(posixpath.dirname(path), origin))
            where = Place(path, line, lines[line - 1].strip())
            yield Mount(where, kind, posixpath.normpath(target), origin, image, place)


def service_mounts(node: Node) -> Iterator[tuple[str, str, str, int]]:
    """Kind, target, origin and line of each mount of a service."""
    for volume in node.value_at("volumes"):
        if volume.scalar_text:
            found = _short(with_default_values(volume.scalar_text))
            if found:
                yield (*found, volume.line_number)
        elif volume.value_at("target"):
            kind = volume.value_at("type").scalar_text or "volume"
            kind = kind if kind in ("bind", "volume", "tmpfs") else "other"
            target, source = volume.value_at("target").scalar_text, volume.value_at("source").scalar_text
            yield kind, with_default_values(target), with_default_values(source), volume.line_number
    tmpfs = node.value_at("tmpfs")
    for one in [tmpfs] if tmpfs.scalar_text else tmpfs:
        yield "tmpfs", one.scalar_text.partition(":")[0], "", one.line_number
    for key, kind in (("configs", "configMap"), ("secrets", "secret")):
        for one in node.value_at(key):
            if one.value_at("target").scalar_text.startswith("/"):
                yield (
                    kind,
                    one.value_at("target").scalar_text,
                    one.value_at("source").scalar_text,
                    one.line_number,
                )


def _short(text: str) -> Optional[tuple[str, str, str]]:
    """``[SOURCE:]TARGET[:MODE]``; a drive letter of Windows is part of the source."""
    match = re.fullmatch(r"(?:((?:[A-Za-z]:[\\/])?[^:]*):)?(/[^:]*)(?::[\w,]+)?", text)
    if match is None:
        return None
    source, target = match[1] or "", match[2]
    is_path = source.startswith((".", "/", "~")) or re.match(r"[A-Za-z]:[\\/]", source) or "$" in source
    return ("bind" if is_path else "volume"), target, source


def _kubernetes(document: Node, path: str, lines: list[str], root: str) -> Iterator[Mount]:
    if not document.value_at("kind"):
        return
    items = (
        list(document.value_at("items")) if document.value_at("kind").scalar_text == "List" else [document]
    )
    for item in items:
        for keys in _POD:
            pod = item.value_at("spec", *keys)
            if pod.value_at("containers"):
                yield from _pod(pod, path, lines)
                break


def _pod(pod: Node, path: str, lines: list[str]) -> Iterator[Mount]:
    volumes = {volume.value_at("name").scalar_text: volume for volume in pod.value_at("volumes")}
    for containers in (pod.value_at("containers"), pod.value_at("initContainers")):
        for container in containers:
            for mount in container.value_at("volumeMounts"):
                target, line = (
                    mount.value_at("mountPath").scalar_text,
                    mount.value_at("mountPath").line_number,
                )
                if not target.startswith("/"):
                    continue
                kind, origin = _volume(volumes.get(mount.value_at("name").scalar_text))
                where = Place(path, line, lines[line - 1].strip())
                image = container.value_at("image").scalar_text or None
                yield Mount(where, kind, posixpath.normpath(target), origin, image)


def _volume(volume: Optional[Node]) -> tuple[str, str]:
    """The kind of a pod's volume, and the name of what is behind it."""
    for key, node in volume.mapping_items() if volume is not None else ():
        if key in _KINDS:
            names = (node.value_at(name).scalar_text for name in ("name", "secretName", "claimName", "path"))
            return _KINDS[key], next((name for name in names if name), "")
    # A StatefulSet's claims are no volumes of the pod.
    return ("pvc", "") if volume is None else ("other", volume.value_at("name").scalar_text)


def _volumes(dockerfile: Dockerfile) -> Iterator[Mount]:
    """The VOLUME lines of the stages that the image is made of."""
    lineage = dockerfile.lineage()
    for instruction in dockerfile.instructions:
        if instruction.keyword != "VOLUME" or instruction.stage not in lineage:
            continue
        stage = dockerfile.stages[instruction.stage]
        for word in _volume_words(instruction.text.partition(" ")[2].strip()):
            target = Words(stage.env).expand_word(word)
            if target.startswith("/"):
                place = Place(dockerfile.path, instruction.line, instruction.text)
                yield Mount(place, "dockerfile", posixpath.normpath(target))


def _volume_words(value: str) -> list[str]:
    if value.startswith("["):
        try:
            return [word for word in json.loads(value) if isinstance(word, str)]
        except (ValueError, TypeError):
            return []
    return split_words(value)
