"""Building through the Docker SDK, where there is no ``docker`` command: the daemon's classic builder."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from typing import Any, Optional

from importguard.config import Build, build_arguments
from importguard.engines.docker.connection import connect_to_docker
from importguard.engines.docker.plain_log import build_failure
from importguard.errors import ImageError
from importguard.progress import Progress

LIMITATION = (
    "No docker command was found: building with the daemon's classic builder, which knows no RUN --mount, no "
    "heredocs, no COPY --link and no build secrets. Install the Docker CLI with buildx for these."
)

_KEPT_LINES = 1000


def build_without_cli(build: Build, platform: Optional[str], progress: Progress) -> str:
    """Build; give the tag or the id. Raises ImageError for a build that failed, EngineError for no daemon."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    progress.show_notice(LIMITATION)
    client = connect_to_docker()
    try:
        events = client.build(
            path=build.context,
            dockerfile=os.path.abspath(build.dockerfile) if build.dockerfile else None,
            target=build.target,
            buildargs=dict(argument.split("=", 1) for argument in build_arguments(build)),
            tag=build.tag,
            platform=platform,
            rm=True,
            forcerm=True,
            decode=True,
        )
        built = _follow(events, build.context, progress)
        return build.tag or built
    except (DockerException, RequestException, OSError, TypeError) as error:
        reason = getattr(error, "explanation", None) or error
        raise ImageError(f"The image of {build.context} was not built: {reason}. {LIMITATION}") from error
    finally:
        client.close()


def _follow(events: Iterable[dict[str, Any]], context: str, progress: Progress) -> str:
    """Show the build's output; give the image's id."""
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    built = ""
    for event in events:
        for line in str(event.get("stream") or event.get("status") or "").splitlines():
            lines.append(line)
            progress.show_log_line(line)
        if "error" in event:
            raise ImageError(f"{build_failure(context, [*lines, str(event['error'])])}\n{LIMITATION}")
        built = (event.get("aux") or {}).get("ID") or built
    if not built:
        raise ImageError(f"{context} was built, but the daemon did not say as which image. Give it a --tag.")
    return built
