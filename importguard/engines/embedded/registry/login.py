"""Answer what a registry asks of who wants to read: a password (RFC 7617), or a token of a token server.

The token server's part is https://distribution.github.io/distribution/spec/auth/token/ and, for identity
tokens, /auth/oauth/.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Sequence
from typing import Callable, Optional
from urllib.parse import urlencode

from importguard.engines.embedded.registry.credentials import Credentials
from importguard.engines.embedded.registry.image_name import RegistryName
from importguard.engines.embedded.registry.retries import TransferError, Waits, keep_trying
from importguard.engines.embedded.registry.transport import Answer, Transport, followed_url

_LARGEST_ANSWER = 1 << 20
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class RegistryLogin:
    """What proves to one registry who reads one repository. The threads of a pull share it.

    Credentials are looked up when the registry asks for some, and not before.
    """

    def __init__(
        self, name: RegistryName, find: Callable[[], Optional[Credentials]], transport: Transport
    ) -> None:
        self._name = name
        self._find = find
        self._transport = transport
        self._lock = threading.Lock()
        self._header = ""
        self._credentials: Optional[Credentials] = None
        self._looked_up = False
        self._secrets: set[str] = set()

    @property
    def header(self) -> str:
        """The value of ``Authorization``; "" as long as nothing was asked for."""
        return self._header

    def answer_challenge(self, url: str, challenges: Sequence[str], sent: str, waits: Waits) -> None:
        """Get what the registry asks for in the answer 401 to ``url``, where ``sent`` was not enough.

        Raises TransferError where that can't be had.
        """
        with self._lock:
            if self._header != sent:
                return  # Another thread got it meanwhile.
            bearer = _parameters_of("Bearer", challenges)
            credentials = self._known_credentials()
            if bearer.get("realm"):
                self._header = self._keep_secret("Bearer ", self._token(url, bearer, credentials, waits))
            elif credentials is not None and credentials.user:
                self._header = self._basic(credentials)
            if self._header == sent:
                raise TransferError(self.refusal())

    def hide_secrets(self, text: str) -> str:
        """Give a text that came from a server, without what it may repeat of the credentials."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def refusal(self) -> str:
        """Say that the registry wants other credentials, or some, and what to do."""
        host = self._name.host
        said = "refuses the credentials" if self._credentials is not None else "asks for credentials"
        return (
            f"{host} {said} (401): `docker login {host}` (without Docker, `skopeo login {host}`) with an "
            f"account that may read {self._name.repository}, or check the spelling of the name"
        )

    def _known_credentials(self) -> Optional[Credentials]:
        if not self._looked_up:
            self._credentials, self._looked_up = self._find(), True
            if self._credentials is not None:
                kept = self._credentials
                self._secrets |= {kept.password, kept.identity_token, kept.registry_token} - {""}
        return self._credentials

    def _token(
        self, url: str, bearer: dict[str, str], credentials: Optional[Credentials], waits: Waits
    ) -> str:
        """A token to pull, and nothing more, whatever the registry would have us ask for."""
        if credentials is not None and credentials.registry_token:
            return credentials.registry_token
        realm = followed_url(url, bearer["realm"])
        fields = {"service": bearer.get("service", ""), "scope": f"repository:{self._name.repository}:pull"}
        headers, body = {}, None
        if credentials is not None and credentials.identity_token:
            grant = {"grant_type": "refresh_token", "client_id": "importguard"}
            body = urlencode({**fields, **grant, "refresh_token": credentials.identity_token}).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        else:
            realm += ("&" if "?" in realm else "?") + urlencode(fields)
            if credentials is not None:
                headers["Authorization"] = self._basic(credentials)

        def ask() -> str:
            with self._transport.open_answer(realm, headers, body) as answer:
                return self._token_of_answer(answer)

        return keep_trying(ask, waits)

    def _token_of_answer(self, answer: Answer) -> str:
        answer.raise_if_temporary()
        if answer.status in (400, 401, 403):
            raise TransferError(self.refusal())
        if answer.status != 200:
            raise TransferError(f"its token server, {answer.host}, answers {answer.status}")
        try:
            told = json.loads(answer.read_body(_LARGEST_ANSWER))
            token = told.get("token") or told.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise TransferError(f"its token server, {answer.host}, gives no token")
        return token

    def _basic(self, credentials: Credentials) -> str:
        pair = f"{credentials.user}:{credentials.password}".encode()
        return self._keep_secret("Basic ", base64.b64encode(pair).decode())

    def _keep_secret(self, kind: str, secret: str) -> str:
        self._secrets.add(secret)
        return kind + secret


def _parameters_of(scheme: str, challenges: Sequence[str]) -> dict[str, str]:
    """The parameters of a scheme's challenge (RFC 9110, section 11.6.1); {} where it is not asked for."""
    for challenge in challenges:
        match = re.search(rf"(?:^|[\s,]){scheme}\s+(.*)", challenge, re.IGNORECASE | re.DOTALL)
        if match is not None:
            parameters: dict[str, str] = {}
            for key, quoted, plain in _PARAMETER.findall(match[1]):
                parameters.setdefault(key.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
            return parameters
    return {}
