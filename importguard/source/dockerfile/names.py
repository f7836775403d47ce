"""What Dockerfiles are called."""

from __future__ import annotations

import re

_DOCKERFILE = re.compile(r"(?i)(.+[._-])?(dockerfile|containerfile)([._-].+)?")
_NO_DOCKERFILE = re.compile(r"(?i).*\.(dockerignore|md|rst|py|pyc|sh|ya?ml|json|lock|html|orig|bak|swp)")


def is_dockerfile_name(name: str) -> bool:
    """Whether a file is called as a Dockerfile: Dockerfile.backend, backend.Dockerfile, Containerfile …"""
    return bool(_DOCKERFILE.fullmatch(name)) and not _NO_DOCKERFILE.fullmatch(name)
