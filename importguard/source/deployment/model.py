"""What a file says of one container, and how its names and sizes are read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Optional

from importguard.evidence.starts import HttpRequest
from importguard.source.model import Place
from importguard.source.yaml_nodes import Node

_QUANTITY = re.compile(r"(?i)(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_LEAST_SECONDS = 10
"""A probe that gives less is the platform's, whose machines are faster than those that check."""

PROBE_BELOW = 400
"""A probe succeeds with a status from 200 to 399: the Kubernetes API reference, HTTPGetAction."""


@dataclass(frozen=True)
class Deployment:
    """What a file says of one container. What it does not say is None or empty.

    ``names`` are the service's and the image's, without registry and tag; ``build`` is the build context's
    folder. ``http``, ``grpc`` and ``command`` are what production asks: over HTTP, for gRPC's own state of
    health, and by a command in the container.
    ``accepts``: it asks no more than that the port accepts. ``has_command``: the image's own is not the one
    that runs. ``memory`` in bytes. ``seconds``: for how long the platform lets it start.
    ``workdir`` is the directory in which it starts, in place of the image's WORKDIR.
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
    workdir: Optional[str] = None

    @property
    def is_silent(self) -> bool:
        """Whether it says nothing of how the container is started and asked."""
        nameless = replace(self, names=frozenset(), build=None, has_command=False, workdir=None)
        return nameless == Deployment(self.place)


def image_name(reference: str) -> str:
    """The last part of an image's reference, without tag and digest; empty where a variable is all of it."""
    name = reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return "" if set("${}<>") & set(name) else name


def known_names(*names: str) -> frozenset[str]:
    """Those of the names that are not empty."""
    return frozenset(name for name in names if name)


def absolute_folder(text: str) -> Optional[str]:
    """A path of the container; None for one that is not written out."""
    return posixpath.normpath(text) if text.startswith("/") and "$" not in text else None


def words_of(node: Node) -> tuple[str, ...]:
    return tuple(item.scalar_text for item in node)


def number_of(node: Node) -> Optional[int]:
    return int(node.scalar_text) if node.scalar_text.isdigit() else None


def bytes_of(text: str) -> Optional[int]:
    """``512Mi``, ``1Gi``, ``1G`` (Kubernetes) and ``512m``, ``1gb`` (compose, by 1024); None for others."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        return None
    # Kubernetes' M and G count by 1000 and compose's by 1024: the larger is taken, to alarm nobody in vain.
    return int(float(match[1]) * 1024 ** _POWERS[match[2].lower()]) or None


def probe_seconds(value_of: Callable[[str], Optional[str]]) -> float:
    """The time of a probe by its keys; their defaults are the Kubernetes API reference's (Probe)."""

    def number(key: str, default: int) -> int:
        text = value_of(key) or ""
        return int(text) if text.isdigit() else default

    last = number("failureThreshold", 3) * number("periodSeconds", 10)
    return float(max(number("initialDelaySeconds", 0) + last, _LEAST_SECONDS))
