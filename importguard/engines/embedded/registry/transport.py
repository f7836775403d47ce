"""Send requests to registries and to what they redirect to: over TLS, or plainly to this machine only.

urllib3, which the Docker SDK brings, does the work. It follows no redirects here and sends nothing of its own
accord: requests, which stands on it, adds what a .netrc has for a host, whoever redirected there.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Optional
from urllib.parse import unquote_to_bytes, urljoin

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as NoAnswerInTime
from urllib3.util import parse_url

from importguard import __version__
from importguard.engines.embedded.registry.image_name import is_loopback
from importguard.engines.embedded.registry.retries import TransferError, read_header_number, seconds_to_wait

CERTIFICATES = (Path("/etc/docker/certs.d"), Path("/etc/containers/certs.d"))
"""Folders of the authorities that Docker, or Podman, trusts for a host: HOST/*.crt."""

SECONDS_TO_CONNECT = 10.0
SECONDS_OF_SILENCE = 30.0
_LEAST_SPEED = 1024
_MOST_REDIRECTS = 5
_CHUNK = 1 << 18
_REDIRECTS = (301, 302, 303, 307, 308)
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


class Answer:
    """The answer to a request, whose body is not read yet.

    ``is_elsewhere``: redirects led to another server than was asked, which is owed no credentials.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, host: str, is_elsewhere: bool) -> None:
        self.status = response.status
        self.is_elsewhere = is_elsewhere
        self.headers = response.headers
        self.host = host
        self._response = response

    def read_chunks(self) -> Iterator[bytes]:
        """The body. Raises TransferError where the connection breaks, or all but stands still."""
        began, count = time.monotonic(), 0
        while True:
            with _http_errors(self.host):
                chunk = self._response.read1(_CHUNK, decode_content=False)
            if not chunk:
                return
            yield chunk
            count += len(chunk)
            seconds = time.monotonic() - began
            if seconds > SECONDS_OF_SILENCE:
                if count < _LEAST_SPEED * seconds:
                    raise TransferError(f"{self.host} sends less than 1 KiB a second", temporary=True)
                began, count = time.monotonic(), 0

    def read_body(self, most: int) -> bytes:
        """The whole body. Raises TransferError where it is longer than ``most``, or is cut."""
        parts, size = [], 0
        for chunk in self.read_chunks():
            size += len(chunk)
            if size > most:
                raise TransferError(f"{self.host} sends more than {most >> 10} KiB for a document")
            parts.append(chunk)
        told = self.told_length()
        if told is not None and size < told:
            raise TransferError(f"{self.host} closed the connection", temporary=True)
        return b"".join(parts)

    def told_length(self) -> Optional[int]:
        """The length of the body that the headers tell; None where they tell none, or nonsense."""
        return read_header_number(self.headers.get("Content-Length", ""))

    def raise_if_temporary(self) -> None:
        """Raise TransferError for a status that may be another the next time."""
        if self.status in _TEMPORARY:
            wait = seconds_to_wait(self.headers.get("Retry-After"))
            reason = {429: "wants fewer requests (429)"}.get(self.status, f"answers {self.status}")
            raise TransferError(f"{self.host} {reason}", temporary=True, wait=wait)


class Transport:
    """The connections of one pull; its threads share them."""

    def __init__(self) -> None:
        self._pools: dict[_Address, urllib3.PoolManager] = {}
        self._lock = threading.Lock()
        self._answered: set[str] = set()

    @contextmanager
    def open_answer(
        self, url: str, headers: Mapping[str, str], body: Optional[bytes] = None
    ) -> Iterator[Answer]:
        """Send GET, or POST where there is a body; follow redirects, to other hosts without credentials.

        Raises TransferError where there is no answer, or a redirect that must not be followed.
        """
        headers = {"Accept-Encoding": "identity", "User-Agent": f"importguard/{__version__}", **headers}
        asked = _address_of(url)
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._send(url, headers, body)
            answer = Answer(response, _address_of(url).host, _address_of(url) != asked)
            try:
                target = answer.headers.get("Location") if answer.status in _REDIRECTS else None
                if target is None:
                    yield answer
                    return
            finally:
                response.close()
            next_url = followed_url(url, target)
            if _address_of(next_url) != _address_of(url):
                headers.pop("Authorization", None)
                body = None
            url = next_url
        raise TransferError(f"{answer.host} redirects more than {_MOST_REDIRECTS} times")

    def close(self) -> None:
        """Close every connection that is not in use."""
        for pool in self._pools.values():
            pool.clear()

    def _send(self, url: str, headers: Mapping[str, str], body: Optional[bytes]) -> urllib3.BaseHTTPResponse:
        host = _address_of(url).host
        method = "GET" if body is None else "POST"
        with _http_errors(host, answered_before=host in self._answered):
            response = self._pool_of(url).urlopen(
                method, url, headers=dict(headers), body=body, redirect=False, retries=False,
                preload_content=False, decode_content=False,
            )  # fmt: skip
        self._answered.add(host)
        return response

    def _pool_of(self, url: str) -> urllib3.PoolManager:
        with self._lock:
            address = _address_of(url)
            if address not in self._pools:
                self._pools[address] = _new_pool(address)
            return self._pools[address]


def followed_url(url: str, target: str) -> str:
    """The URL that ``url`` leads to, by a redirect or to a token server; ``target`` may be relative.

    Raises TransferError unless it has TLS, or leads from this machine to this machine.
    """
    try:
        joined = urljoin(url, target)
    except ValueError as error:
        raise TransferError("a server leads to what is no address") from error
    target_address, source = _address_of(joined), _address_of(url)
    if target_address.scheme == "https":
        return joined
    both_here = is_loopback(target_address.host) and is_loopback(source.host)
    if target_address.scheme != "http" or not both_here or source.scheme != "http":
        raise TransferError(f"{source.host} leads to {target_address.host} without TLS, which is refused")
    return joined


class _Address(NamedTuple):
    """A server. ``host`` has its port, where that is not the usual one."""

    scheme: str
    host: str


def _address_of(url: str) -> _Address:
    """The server that a URL leads to. Raises TransferError for what is no URL.

    By urllib3, which connects to it: ``https://one\\@two/`` is another server for Python's ``urlsplit``.
    """
    try:
        parts = parse_url(url)
    except LocationParseError as error:
        raise TransferError("a server leads to what is no address") from error
    if not parts.scheme or not parts.host:
        raise TransferError("a server leads to what is no address")
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return _Address(parts.scheme, parts.host + port)


def _new_pool(address: _Address) -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=SECONDS_TO_CONNECT, read=SECONDS_OF_SILENCE)
    options: dict[str, Any] = {"timeout": timeout, "maxsize": 8}
    if address.scheme == "https":
        options["ssl_context"] = _tls_context(address.host)
    told = None
    if not is_loopback(address.host) and not urllib.request.proxy_bypass(address.host):
        told = urllib.request.getproxies().get(address.scheme)
    if not told:
        return urllib3.PoolManager(**options)
    proxy = parse_url(told if "://" in told else f"http://{told}")
    if proxy.scheme not in ("http", "https"):
        raise TransferError(f"the proxy of HTTPS_PROXY is of the kind {proxy.scheme}, which is not supported")
    headers = {}
    if proxy.auth:
        headers["Proxy-Authorization"] = "Basic " + b64encode(unquote_to_bytes(proxy.auth)).decode()
    return urllib3.ProxyManager(proxy.url, proxy_headers=headers, **options)


def _tls_context(host: str) -> ssl.SSLContext:
    """What this machine trusts (SSL_CERT_FILE), and for this host what Docker or Podman was told to."""
    context = ssl.create_default_context()
    for folder in CERTIFICATES:
        for path in sorted((folder / host).glob("*.crt")):
            with suppress(OSError):
                context.load_verify_locations(path)
    return context


@contextmanager
def _http_errors(host: str, answered_before: bool = True) -> Iterator[None]:
    """Turn urllib3's errors, whose texts name addresses with their secrets, into TransferError."""
    try:
        yield
    except SSLError as error:
        if answered_before:
            raise TransferError(f"the connection to {host} broke (TLS)", temporary=True) from error
        if "certificate" in str(error).lower():
            raise TransferError(
                f"the certificate of {host} can't be verified. Where an authority of your own signed it, add "
                f"that to the system's, or as /etc/docker/certs.d/{host}/ca.crt"
            ) from error
        raise TransferError(
            f"{host} does not speak TLS, without which only a registry of this machine is asked"
        ) from error
    except ProxyError as error:
        # "Tunnel connection failed: 407 …": the rest would name the proxy, with its password.
        refusal = re.search(r"failed: (\d+)", str(error.original_error))
        raise TransferError(
            f"the proxy of HTTPS_PROXY does not lead to {host} ({refusal[1] if refusal else 'no answer'})"
        ) from error
    except (NewConnectionError, ConnectTimeoutError) as error:
        raise TransferError(
            f"{host} can't be reached ({_system_reason(error)}): check its name, the network and HTTPS_PROXY",
            temporary=answered_before,
        ) from error
    except (HTTPError, OSError) as error:
        raise TransferError(
            f"the connection to {host} broke ({_system_reason(error)})", temporary=True
        ) from error


def _system_reason(error: BaseException) -> str:
    """What the system says of a failed connection, else the kind of the error in words."""
    at: Optional[BaseException] = error
    while at is not None:
        if isinstance(at, OSError) and at.strerror:
            return at.strerror
        at = at.__cause__ or at.__context__
    if isinstance(error, NoAnswerInTime):
        return "no answer in time"
    return "closed too early" if isinstance(error, ProtocolError) else type(error).__name__
