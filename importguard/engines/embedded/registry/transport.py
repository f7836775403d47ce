"""Send requests to registries and to what they redirect to: over TLS, or plainly to this machine only.

urllib3, which the Docker SDK brings, does the work. It follows no redirects here and sends nothing of its own
accord: requests, which stands on it, adds what a .netrc has for a host, whoever redirected there.
"""

from __future__ import annotations

import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Optional
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, SSLError
from urllib3.exceptions import TimeoutError as NoAnswerInTime

from importguard import __version__
from importguard.engines.embedded.registry.image_name import is_loopback
from importguard.engines.embedded.registry.retries import TransferError, seconds_to_wait

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
    """The answer to a request, whose body is not read yet."""

    def __init__(self, response: urllib3.BaseHTTPResponse, host: str) -> None:
        self.status = response.status
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
        told = self.headers.get("Content-Length", "")
        if told.isdigit() and size < int(told):
            raise TransferError(f"{self.host} closed the connection", temporary=True)
        return b"".join(parts)

    def raise_if_temporary(self) -> None:
        """Raise TransferError for a status that may be another the next time."""
        if self.status in _TEMPORARY:
            wait = seconds_to_wait(self.headers.get("Retry-After"))
            reason = {429: "wants fewer requests (429)"}.get(self.status, f"answers {self.status}")
            raise TransferError(f"{self.host} {reason}", temporary=True, wait=wait)


class Transport:
    """The connections of one pull; its threads share them."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, str], urllib3.PoolManager] = {}
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
        for _ in range(_MOST_REDIRECTS + 1):
            answer, response = self._send(url, headers, body)
            try:
                target = answer.headers.get("Location") if answer.status in _REDIRECTS else None
                if target is None:
                    yield answer
                    return
            finally:
                response.close()
            next_url = _joined(url, target)
            refuse_plain_http(next_url, url)
            if _origin(next_url) != _origin(url):
                headers.pop("Authorization", None)
                body = None
            url = next_url
        raise TransferError(f"{answer.host} redirects more than {_MOST_REDIRECTS} times")

    def close(self) -> None:
        """Close every connection that is not in use."""
        for pool in self._pools.values():
            pool.clear()

    def _send(
        self, url: str, headers: Mapping[str, str], body: Optional[bytes]
    ) -> tuple[Answer, urllib3.BaseHTTPResponse]:
        host = urlsplit(url).netloc.rpartition("@")[2]
        method = "GET" if body is None else "POST"
        with _http_errors(host, answered_before=host in self._answered):
            response = self._pool_of(url).urlopen(
                method, url, headers=dict(headers), body=body, redirect=False, retries=False,
                preload_content=False, decode_content=False,
            )  # fmt: skip
        self._answered.add(host)
        return Answer(response, host), response

    def _pool_of(self, url: str) -> urllib3.PoolManager:
        with self._lock:
            origin = _origin(url)
            if origin not in self._pools:
                self._pools[origin] = _new_pool(*origin)
            return self._pools[origin]


def refuse_plain_http(url: str, named_by: str) -> None:
    """Raise TransferError unless ``url`` has TLS, or leads from this machine to this machine."""
    target = urlsplit(url)
    if target.scheme == "https" and target.hostname:
        return
    both_here = is_loopback(target.netloc) and is_loopback(urlsplit(named_by).netloc)
    if target.scheme != "http" or not both_here or urlsplit(named_by).scheme != "http":
        raise TransferError(
            f"{urlsplit(named_by).hostname} leads to {target.hostname} without TLS, which is refused"
        )


def _new_pool(scheme: str, host: str) -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=SECONDS_TO_CONNECT, read=SECONDS_OF_SILENCE)
    options: dict[str, Any] = {"timeout": timeout, "maxsize": 8}
    if scheme == "https":
        options["ssl_context"] = _tls_context(host)
    proxy = None
    if not is_loopback(host) and not urllib.request.proxy_bypass(host):
        proxy = urllib.request.getproxies().get(scheme)
    if not proxy:
        return urllib3.PoolManager(**options)
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    user_and_password = urllib3.util.parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=user_and_password) if user_and_password else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)


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
    except NewConnectionError as error:
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


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    host = parts.hostname or ""
    bare = f"[{host}]" if ":" in host else host
    return parts.scheme, f"{bare}:{port}" if parts.port else bare


def _joined(url: str, target: str) -> str:
    """The address of a redirect. Raises TransferError for what is none."""
    try:
        joined = urljoin(url, target)
        _origin(joined)
    except ValueError as error:
        raise TransferError(f"{urlsplit(url).hostname} redirects to what is no address") from error
    return joined
