"""TLS, authorities of one's own, and proxies."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.engines.embedded.registry.conftest import LAYERS
from unit.engines.embedded.registry.fake_registry import FakeRegistry, fake_registry
from unit.engines.embedded.registry.test_pulling import Pull

from importguard.errors import ImageError

FAR = "registry.example.org"


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[FakeRegistry]:
    """A registry with TLS, whose certificate, for two names, is its own authority: ``ca.crt``."""
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command, to make a certificate")
    names = f"subjectAltName=IP:127.0.0.1,DNS:{FAR}"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-keyout", "key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test", "-addext", names],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.crt", tmp_path / "key")
    with fake_registry() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.add_image(*LAYERS)
        yield server


def trust(tmp_path: Path, host: str) -> None:
    """What an owner does for Docker."""
    folder = tmp_path / "certs.d" / host
    folder.mkdir(parents=True)
    shutil.copy(tmp_path / "ca.crt", folder)


def test_an_authority_of_ones_own(secure: FakeRegistry, pull: Pull, tmp_path: Path) -> None:
    with pytest.raises(
        ImageError, match=rf"certificate of {secure.host} can't be verified.*certs.d/{secure.host}"
    ):
        pull(secure.reference)
    trust(tmp_path, secure.host)
    assert (pull(secure.reference) / "app/main.py").exists()


def test_an_authority_holds_for_its_host_only(secure: FakeRegistry, pull: Pull, tmp_path: Path) -> None:
    trust(tmp_path, "other.example.org")
    with pytest.raises(ImageError, match=r"can't be verified"):
        pull(secure.reference)


class Proxy(threading.Thread):
    """An HTTP proxy, whose every tunnel ends at one address."""

    def __init__(self, target: str) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._target = target.split(":")
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[str] = []

    def run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.asked.append(head.decode())
            server = socket.create_connection((self._target[0], int(self._target[1])))
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.copy_bytes, args=(source, sink), daemon=True).start()

    def copy_bytes(self, source: socket.socket, sink: socket.socket) -> None:
        with source, sink:
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def test_a_proxy(secure: FakeRegistry, pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY with credentials; the registry's name is resolved by the proxy."""
    trust(tmp_path, FAR)
    proxy = Proxy(secure.host)
    proxy.start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss@{proxy.address}")
    assert (pull(f"registry:{FAR}/team/app:1") / "app/main.py").exists()
    expected = base64.b64encode(b"me:p@ss").decode()
    assert proxy.asked[0].startswith(f"CONNECT {FAR}:443 ")
    assert f"Basic {expected}" in proxy.asked[0]
    proxy.close()


def test_no_proxy_for_this_machine(
    registry: FakeRegistry, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (pull(registry.reference) / "app/main.py").exists()


def test_a_proxy_that_is_not_there(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@127.0.0.1:1")
    with pytest.raises(
        ImageError, match=rf"proxy of HTTPS_PROXY does not lead to {FAR} \(no answer\)"
    ) as raised:
        pull(f"registry:{FAR}/team/app:1")
    assert "secret" not in str(raised.value)


def test_a_proxy_that_refuses(registry: FakeRegistry, pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no proxy answers CONNECT with 501."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@{registry.host}")
    with pytest.raises(ImageError, match=rf"does not lead to {FAR} \(501\)"):
        pull(f"registry:{FAR}/team/app:1")


def test_a_proxy_of_another_kind(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(ImageError, match="of the kind socks5"):
        pull(f"registry:{FAR}/team/app:1")
