"""One repository at one host, by the API of https://github.com/opencontainers/distribution-spec."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable, Optional

from importguard.engines.embedded.image_documents import INDEX_TYPES, LARGEST_DOCUMENT, MANIFEST_TYPES
from importguard.engines.embedded.registry.credentials import Credentials
from importguard.engines.embedded.registry.image_name import RegistryName, is_loopback
from importguard.engines.embedded.registry.login import RegistryLogin
from importguard.engines.embedded.registry.retries import TransferError, Waits, keep_trying
from importguard.engines.embedded.registry.transport import Answer, Transport
from importguard.terminal import printable_line

_LARGEST_ERROR = 1 << 16
_LONGEST_MESSAGE = 200


class RegistryEndpoint:
    """Reads manifests and blobs. Every method raises TransferError, with a reason that names the host."""

    def __init__(
        self,
        name: RegistryName,
        find: Callable[[], Optional[Credentials]],
        transport: Transport,
        waits: Waits,
    ) -> None:
        self._name = name
        self._transport = transport
        self._waits = waits
        self._login = RegistryLogin(name, find, transport)
        self._base = ""

    def read_manifest(self, version: str) -> bytes:
        """The manifest or index of a tag or digest."""
        headers = {"Accept": ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))}
        return self._read(f"manifests/{version}", headers)

    def read_blob(self, digest: str) -> bytes:
        """A small blob."""
        return self._read(f"blobs/{digest}", {})

    @contextmanager
    def open_blob(self, digest: str, offset: int = 0) -> Iterator[Answer]:
        """Open a blob, from ``offset`` on if the server can do that (status 206). It is asked once."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        with self._opened(f"blobs/{digest}", headers) as answer:
            yield answer

    def _read(self, path: str, headers: dict[str, str]) -> bytes:
        def ask() -> bytes:
            with self._opened(path, headers) as answer:
                data = answer.read_body(LARGEST_DOCUMENT)
            told = answer.headers.get("Docker-Content-Digest", "")
            if told.startswith("sha256:") and told != "sha256:" + hashlib.sha256(data).hexdigest():
                raise TransferError(f"{answer.host} sends another manifest than it says", temporary=True)
            return data

        return keep_trying(ask, self._waits)

    @contextmanager
    def _opened(self, path: str, headers: dict[str, str]) -> Iterator[Answer]:
        """An answer with what was asked for; the registry's challenge is answered on the way."""
        url = f"{self._base_url()}/v2/{self._name.repository}/{path}"
        for last in (False, True):
            sent = self._login.header
            proof = {"Authorization": sent} if sent else {}
            with self._transport.open_answer(url, {**headers, **proof}) as answer:
                if answer.status == 401 and not last and not answer.is_elsewhere:
                    challenges = answer.headers.getlist("WWW-Authenticate")
                else:
                    self._raise_for_status(answer)
                    yield answer
                    return
            self._login.answer_challenge(url, challenges, sent, self._waits)

    def _raise_for_status(self, answer: Answer) -> None:
        if answer.status in (200, 206):
            return
        answer.raise_if_temporary()
        if answer.status == 401 and answer.is_elsewhere:
            raise TransferError(
                f"{answer.host}, to which {self._name.host} leads, wants a login of its own (401): "
                "credentials go to the registry and its token server only"
            )
        if answer.status == 401:
            raise TransferError(self._login.refusal())
        said = self._message_of(answer)
        host, repository = self._name.host, self._name.repository
        if answer.status == 403:
            raise TransferError(
                f"{answer.host} does not let this account read {repository} (403){said}: "
                f"`docker login {host}` with one that may"
            )
        if answer.status == 404:
            raise TransferError(
                f"{answer.host} has no such image (404){said}: check the name and the tag, or push it first"
            )
        raise TransferError(f"{answer.host} answers {answer.status}{said}")

    def _message_of(self, answer: Answer) -> str:
        """What the registry says of its refusal, in the form of the specification; "" for nothing."""
        try:
            first = json.loads(answer.read_body(_LARGEST_ERROR))["errors"][0]
            text = str(first.get("message") or first.get("code") or "")
        except (TransferError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return ""
        text = printable_line(self._login.hide_secrets(text))[:_LONGEST_MESSAGE].strip()
        return f", “{text}”" if text else ""

    def _base_url(self) -> str:
        """HTTPS; on this machine plain HTTP, but where only TLS is spoken."""
        if not self._base:
            host = self._name.api_host
            plain = is_loopback(host) and self._speaks_plain_http(f"http://{host}/v2/")
            self._base = f"{'http' if plain else 'https'}://{host}"
        return self._base

    def _speaks_plain_http(self, url: str) -> bool:
        """Whether a server of this machine does. One that wants TLS answers 400, or not in HTTP at all."""
        try:
            with self._transport.open_answer(url, {}) as answer:
                return answer.status != 400
        except TransferError:
            return False
