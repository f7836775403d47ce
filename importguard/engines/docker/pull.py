"""Pulling an image, with the credentials of the user's Docker configuration, and saying why it failed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any, Optional

from importguard.errors import EngineError, ImageError, ImportguardError
from importguard.progress import Progress


def pull_image(client: Any, reference: str, platform: Optional[str], progress: Progress) -> None:
    """Pull ``reference``. Raises ImageError, or EngineError where the daemon was lost."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    progress.begin_phase(f"pulling {reference}" + (f" ({platform})" if platform else ""))
    try:
        # The SDK warns of a credential helper that is not installed, and then raises: once is enough.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            events = client.pull(reference, platform=platform, stream=True, decode=True)
        _follow(events, reference, progress)
    except APIError as error:
        raise pull_failure(reference, str(error.explanation or error), platform) from error
    except DockerException as error:
        raise pull_failure(reference, str(error), platform) from error
    except RequestException as error:
        raise EngineError(
            f"The connection to the Docker daemon was lost while it pulled {reference}: {error}. Try again."
        ) from error


def _follow(events: Iterator[dict[str, Any]], reference: str, progress: Progress) -> None:
    """Show the events of a pull; an error comes as one of them once the answer has begun."""
    layers: dict[str, tuple[int, int]] = {}
    for event in events:
        if "error" in event:
            detail = event.get("errorDetail") or {}
            raise pull_failure(reference, str(detail.get("message") or event["error"]), None)
        sizes = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and sizes.get("total"):
            layers[str(event.get("id"))] = (sizes["current"], sizes["total"])
            done = sum(current for current, _ in layers.values())
            total = sum(size for _, size in layers.values())
            progress.show_count(done, total, f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")


def pull_failure(reference: str, reason: str, platform: Optional[str]) -> ImportguardError:
    """Turn the daemon's or the SDK's reason into what happened and what to do next."""
    host = reference.partition("/")[0]  # Its port may look like a status: 127.0.0.1:44013.
    text = reason.lower().replace(host.lower() if ":" in host else reference.lower(), "")
    helper = re.search(r"docker-credential-[\w.-]+", reason)
    if helper and "not installed" in text:
        return ImageError(
            f"{reference} was not pulled: the Docker configuration names the credential helper {helper[0]}, "
            "which is not installed or not in PATH. Install it, or take it out of credsStore/credHelpers in "
            "~/.docker/config.json (DOCKER_CONFIG) and `docker login` again."
        )
    if "credentials store error" in text:
        return ImageError(f"{reference} was not pulled: the credential helper failed: {reason}")
    advice = _advice(text, reference, platform)
    return ImageError(f"{reference} was not pulled: {reason.strip()}. {advice}")


def _advice(text: str, reference: str, platform: Optional[str]) -> str:
    for signs, advice in _ADVICE:
        if any(sign in text for sign in signs):
            return advice.format(platform=platform or "this platform")
    return f"`docker pull {reference}` may say more."


_ADVICE = (
    (
        ("no matching manifest", "does not match the specified platform"),
        "The registry has no image for {platform}: choose one that it has with --platform.",
    ),
    (
        ("unauthorized", "authentication required", "no basic auth", "denied", "401"),
        "The registry refused the credentials, or asks for some: `docker login` to it with an account that "
        "may read this repository. If the image was only built locally, check the spelling of its name.",
    ),
    (
        ("not found", "manifest unknown", "does not exist"),
        "The registry has no such image: check the name and the tag, or build the image first.",
    ),
    (
        ("dial tcp", "no such host", "timeout", "connection refused", "tls", "https"),
        "The daemon could not reach the registry: check its name, the network, and the daemon's proxy and "
        "insecure-registries settings.",
    ),
)
"""What a registry's refusal contains, and what to do about it; tried in this order."""
