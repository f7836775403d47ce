"""The file that a start command's server logs to, which leaves the container's own log without its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FILE = r"""(?:\s+|=)(?!-(?:\s|$))(?!/dev/|/proc/)([^\s'";&|]+)"""
# Celery, gunicorn, hypercorn and uWSGI; -f is another option elsewhere.
_OPTION = re.compile(rf"(?<!\S)(--(?:logfile|log-file|error-logfile|logto)){_FILE}")
_CELERY = re.compile(rf"\bcelery\b.*\s(?:worker|beat|multi)\b[^;&|]*?\s(-f){_FILE}")


def log_file_sentence(commands: Iterable[str]) -> str:
    """Say in which file the log is, and how to see it; empty where no command names one."""
    for command in commands:
        match = _OPTION.search(command) or _CELERY.search(command)
        if match is not None:
            option, path = match.groups()
            return (
                f"It logs to {path} in the container ({option}): without that option, its log would be here."
            )
    return ""
