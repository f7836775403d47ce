"""Images with real packages from an index, and applications on top of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenarios.support import SITE, build, pip_install

SERVERS = (
    "fastapi",
    "uvicorn[standard]",
    "flask",
    "gunicorn",
    "hypercorn",
    "daphne",
    "django>=4.2,<6",
    "aiohttp",
    "celery",
    "grpcio-health-checking",
    "supervisor",
)
"""Those of all tests that start servers: one installation, and one layer."""


def with_packages(folder: Path, name: str, *packages: str) -> str:
    """An image with these packages; skips where they cannot be had."""
    try:
        pip_install(folder, *packages)
    except RuntimeError as error:
        pytest.skip(f"the packages cannot be installed: {error}")
    lines = (
        f"FROM base\nRUN --mount=type=bind,source=packages,target=/packages cp -r /packages/. {SITE}/\n"
        "WORKDIR /app\nUSER 1234\n"
    )
    return build(name, lines, {"packages": folder})


def with_files(image: str, name: str, files: dict[str, str], *lines: str) -> str:
    """The same with an application's files in /app, and further lines of the Dockerfile."""
    tree = {f"app/{path}": text for path, text in files.items()}
    return build(f"start-{name}", "\n".join(("FROM base", "COPY app /app", *lines, "")), tree, base=image)
