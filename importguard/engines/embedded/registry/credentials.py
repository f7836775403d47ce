"""The user's credentials for a registry: the Docker configuration, or what Podman and skopeo write.

    config.json  {"auths": {HOST: {"auth": BASE64}}, "credHelpers": {HOST: NAME}, "credsStore": NAME}

A helper is the program docker-credential-NAME: ``get`` reads a host from standard input and prints JSON
(https://github.com/docker/docker-credential-helpers). The Docker SDK reads the same, but waits for a helper
for ever, and one broken entry of another registry makes it fail.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from importguard.engines.embedded.registry.image_name import RegistryName
from importguard.errors import ImageError

HELPER_SECONDS = 60.0
"""How long a helper may take; those of clouds ask a server for a token."""

_HUB_KEY = "https://index.docker.io/v1/"


@dataclass(frozen=True)
class Credentials:
    """A user with a password, or one of two kinds of tokens instead."""

    user: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)


def find_credentials(name: RegistryName) -> Optional[Credentials]:
    """The credentials for the registry of ``name``; None where there are none.

    Raises ImageError where a helper fails, or where a file can't be read.
    """
    for path in _configuration_files():
        configuration = _read_configuration(path)
        if configuration is not None:
            found = _credentials_of(configuration, name, path)
            if found is not None:
                return found
    return None


def _configuration_files() -> Iterator[Path]:
    """Docker's, then those of containers-auth.json(5), which machines without Docker have."""
    with suppress(RuntimeError):  # there is no home
        yield Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    if os.environ.get("REGISTRY_AUTH_FILE"):
        yield Path(os.environ["REGISTRY_AUTH_FILE"])
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    yield Path(runtime) / "containers/auth.json"
    yield Path(f"/run/containers/{os.getuid()}/auth.json")


def _read_configuration(path: Path) -> Optional[dict[str, Any]]:
    try:
        configuration = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        if not os.access(path.parent, os.X_OK):
            return None  # Such as /run/containers, which is root's: there may be no such file.
        raise ImageError(f"The credentials in {path} can't be read: {error.strerror}.") from error
    except (OSError, ValueError, RecursionError):
        # Not from the error: its text may quote the file.
        raise ImageError(f"The credentials in {path} can't be read: it is no JSON. Log in again.") from None
    return configuration if isinstance(configuration, dict) else None


def _credentials_of(configuration: dict[str, Any], name: RegistryName, path: Path) -> Optional[Credentials]:
    key = _HUB_KEY if name.host == "docker.io" else name.host
    helpers = configuration.get("credHelpers")
    helper = helpers.get(name.host) or helpers.get(key) if isinstance(helpers, dict) else None
    helper = helper or configuration.get("credsStore")
    if helper:
        found = ask_credential_helper(str(helper), key, path)
        if found is not None:
            return found
    entries = configuration.get("auths")
    for entry in _entries_of(entries, name) if isinstance(entries, dict) else ():
        found = _credentials_of_entry(entry, name, path)
        if found is not None:
            return found
    return None


def _entries_of(entries: dict[str, Any], name: RegistryName) -> Iterator[dict[str, Any]]:
    """The entries of a registry, the most special first: ``HOST/GROUP/NAME`` before ``HOST``."""
    parts = [name.host, *name.repository.split("/")]
    wanted = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    if name.host == "docker.io":
        wanted.append("index.docker.io")
    for host in wanted:
        for key, entry in entries.items():
            # Docker has written whole addresses, such as https://HOST/v2/.
            plain = key.partition("://")[2].partition("/")[0] if "://" in key else key
            if plain == host and isinstance(entry, dict):
                yield entry


def _credentials_of_entry(entry: dict[str, Any], name: RegistryName, path: Path) -> Optional[Credentials]:
    if entry.get("registrytoken"):
        return Credentials(registry_token=str(entry["registrytoken"]))
    if entry.get("identitytoken"):
        return Credentials(identity_token=str(entry["identitytoken"]))
    if entry.get("username") and "password" in entry:
        return Credentials(str(entry["username"]), str(entry["password"]))
    if not entry.get("auth"):
        return None  # A helper has them.
    try:
        user, colon, password = base64.b64decode(str(entry["auth"]), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if not colon:
        raise ImageError(
            f"The credentials for {name.host} in {path} are broken. `docker login {name.host}` again."
        ) from None
    return Credentials(user, password.rstrip("\0"))


def ask_credential_helper(helper: str, key: str, path: Path) -> Optional[Credentials]:
    """Ask a helper for the credentials of ``key``; None where it has none.

    Raises ImageError where it fails. What it printed is not shown: it may hold a secret.
    """
    program = f"docker-credential-{helper}"
    found = shutil.which(program) if re.fullmatch(r"[\w.-]+", helper) else None
    if found is None:
        raise ImageError(
            f"{path} names the credential helper {program}, which is not installed or not in PATH. Install "
            "it, or take it out of credsStore and credHelpers there and log in again."
        )
    status, output = _run_helper(found, key)
    advice = f"Try it: echo {key} | {program} get"
    if status is None:
        raise ImageError(
            f"The credential helper {program} gave no answer in {HELPER_SECONDS:.0f} s. {advice}"
        )
    if status != 0:
        # The protocol has no better sign; docker and podman look for the same words.
        if b"credentials not found" in output:
            return None
        raise ImageError(f"The credential helper {program} failed with exit code {status}. {advice}")
    try:
        answer = json.loads(output)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        raise ImageError(f"The credential helper {program} gave no credentials. {advice}") from None
    if not user and not secret:
        return None
    return Credentials(identity_token=secret) if user == "<token>" else Credentials(user, secret)


def _run_helper(program: str, key: str) -> tuple[Optional[int], bytes]:
    """Run a helper; give its exit code, or None where it took too long, and what it printed."""
    try:
        with subprocess.Popen(
            [program, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(key.encode(), timeout=HELPER_SECONDS)
            except BaseException as error:
                # With all that it started: a child may hold its output open.
                os.killpg(process.pid, signal.SIGKILL)
                if not isinstance(error, subprocess.TimeoutExpired):
                    raise
                return None, b""
            return process.returncode, output
    except OSError as error:
        raise ImageError(f"The credential helper {program} can't be started: {error.strerror}.") from error
