"""The name of an image in a registry, as https://github.com/distribution/reference reads it."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from importguard.engines.references import has_registry_host
from importguard.errors import ImageError

_HUB = "docker.io"
_NAME = re.compile(
    r"(?:(?P<host>(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?)/)?"
    r"(?P<repository>[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?\Z",
    re.ASCII,
)
_SETTINGS = (Path("/etc/docker/daemon.json"), Path("~/.config/docker/daemon.json"))


class RegistryName(NamedTuple):
    """Where an image lies. ``version`` is its digest, or the tag where the name has no digest."""

    host: str
    repository: str
    version: str

    @property
    def api_host(self) -> str:
        """The host, with its port, that serves the registry."""
        return "registry-1.docker.io" if self.host == _HUB else self.host


def parse_registry_name(reference: str) -> RegistryName:
    """Read ``[registry:][HOST/]NAME[:TAG][@DIGEST]``; without a host, it is Docker Hub's.

    Raises ImageError for what is no name.
    """
    text = reference[len("registry:") :] if reference.startswith("registry:") else reference
    match = _NAME.match(text if has_registry_host(text) else f"{_HUB}/{text}")
    if match is None:
        raise ImageError(
            f"{reference} is no name of an image in a registry, and no file: names are written in lower "
            "case, as HOST/NAME:TAG or HOST/NAME@sha256:…"
        )
    host, repository = match["host"], match["repository"]
    if host in (_HUB, f"index.{_HUB}"):
        host = _HUB
        repository = repository if "/" in repository else f"library/{repository}"
    return RegistryName(host, repository, match["digest"] or match["tag"] or "latest")


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine, which no network lies between."""
    try:
        bare = urlsplit(f"//{host}").hostname or ""
        return bare == "localhost" or ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def mirrors_of_hub(name: RegistryName) -> list[str]:
    """The hosts that are asked before Docker Hub: ``registry-mirrors`` of Docker's daemon.json.

    That one key of JSON is what Docker itself reads, for Docker Hub only. The registries.conf of Podman would
    be read wrongly unless it was read whole: prefixes, wildcards, short names, a folder of additions.
    Mirrors without TLS are left out.
    """
    if name.host != _HUB:
        return []
    for path in _SETTINGS:
        try:
            settings = json.loads(path.expanduser().read_bytes())
        except (OSError, ValueError, RuntimeError):
            continue
        urls = settings.get("registry-mirrors") if isinstance(settings, dict) else None
        if isinstance(urls, list):
            hosts = [re.fullmatch(r"(https?)://([^/?#@]+)/?", str(url)) for url in urls]
            return [match[2] for match in hosts if match and (match[1] == "https" or is_loopback(match[2]))]
    return []
