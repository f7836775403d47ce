"""Read a build's plain text: BuildKit's before rawjson, and the classic builder's."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence

from importguard.engines.docker.buildkit import LAST_LINES, failure_message
from importguard.progress import Progress

_KEPT_LINES = 5000


class PlainLog:
    """Follows a build that writes plain text: shows its lines, and keeps what an error message needs."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)

    def follow(self, chunks: Iterable[str]) -> None:
        """Read the build's output to its end."""
        for chunk in chunks:
            self._lines.append(chunk.rstrip("\n"))
            self._progress.show_log_line(chunk.rstrip("\n"))

    def failure(self, context: str) -> str:
        """As ``build_failure``."""
        return build_failure(context, list(self._lines))


def build_failure(context: str, lines: Sequence[str]) -> str:
    """Say which step failed, with its last lines and, from BuildKit, the place in the Dockerfile."""
    failed = next((match for line in lines if (match := re.match(r"#(\d+) ERROR", line))), None)
    if failed is None:
        # The classic builder, or BuildKit before the first step.
        steps = [number for number, line in enumerate(lines) if line.startswith("Step ")]
        step = lines[steps[-1]] if steps else ""
        log = lines[steps[-1] + 1 :] if steps else lines
        shown = [line for line in log if line.strip() and not re.match(r"#\d+ ", line)][-LAST_LINES:]
    else:
        prefix = f"#{failed[1]} "
        step = next((line[3:].rstrip(":") for line in lines if line.startswith(" > ")), "")
        own = [line[len(prefix) :] for line in lines if line.startswith(prefix)]
        log = [line for line in own if not line.startswith(("[", "ERROR"))]
        shown = [*log[-LAST_LINES:], *_after_logs(lines)]
    return failure_message(context, step, shown)


def _after_logs(lines: Sequence[str]) -> list[str]:
    """Give what BuildKit prints last: the excerpt of the Dockerfile and the error."""
    rules = [number for number, line in enumerate(lines) if line == "------"]
    return list(lines[rules[-1] + 1 :]) if rules else list(lines[-1:])
