"""The file that a start command's server logs to, which leaves the container's own log without its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Optional

_OPTIONS = frozenset(["--logfile", "--log-file", "--error-logfile", "--logto"])
"""Of celery, gunicorn, hypercorn and uWSGI. -f is another option elsewhere than in Celery."""
_CELERY_RUNS = frozenset(["worker", "beat", "multi"])
_NO_FILES = ("-", "/dev/", "/proc/")


def log_file_sentence(commands: Iterable[str]) -> str:
    """Say in which file the log is, and how to see it; empty where no command names one."""
    for command in commands:
        for part in re.split("[;&|]", command):
            found = _named_log_file(re.split(r"[\s'\"]+", part))
            if found is not None:
                option, path = found
                return (
                    f"It logs to {path} in the container ({option}): "
                    "without that option, its log would be here."
                )
    return ""


def _named_log_file(words: list[str]) -> Optional[tuple[str, str]]:
    """The option that names a file to log to, and that file."""
    is_celery = any(word.rpartition("/")[2] == "celery" for word in words)
    options = _OPTIONS | {"-f"} if is_celery and not _CELERY_RUNS.isdisjoint(words) else _OPTIONS
    for word, following in zip(words, [*words[1:], ""]):
        option, equals, value = word.partition("=")
        path = value if equals else following
        if option in options and path and not path.startswith(_NO_FILES):
            return option, path
    return None
