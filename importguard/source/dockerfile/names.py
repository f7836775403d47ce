"""What Dockerfiles are called."""

from __future__ import annotations

import re

_DOCKERFILE = re.compile(r"(?i)(.+[._-])?(dockerfile|containerfile)([._-].+)?")
# Documentation, programs, copies that editors and merges leave, and templates of Dockerfiles.
_NO_DOCKERFILE = re.compile(
    r"(?i).*\.(dockerignore|md|rst|txt|html|py|pyc|sh|ya?ml|json|lock"
    r"|orig|bak|old|save|swp|rej|patch|diff|j2|jinja2?|tmpl|tpl|template|erb|in)"
)


def is_dockerfile_name(name: str) -> bool:
    """Whether a file is called as a Dockerfile: Dockerfile.backend, backend.Dockerfile, Containerfile …"""
    return bool(_DOCKERFILE.fullmatch(name)) and not _NO_DOCKERFILE.fullmatch(name)
