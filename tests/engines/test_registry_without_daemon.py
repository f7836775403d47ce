"""The embedded engine and Debian's registry: passwords, tokens, an index, and Docker's own reports."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import local_registry
import pytest
from engines.conftest import BASE, docker
from engines.test_registry import AUTH, PASSWORD, USER, auth, configure
from local_registry import need

from importguard.engines.embedded.engine import EmbeddedEngine
from importguard.errors import ImageError

NAME = "team/shop"
DOCKERFILE = f"""
FROM {BASE}
WORKDIR /srv
RUN mkdir shop && touch shop/__init__.py \\
    && echo 'import shop.settings' > shop/main.py \\
    && echo 'import left_out' > shop/worker.py \\
    && echo 'import os; os._exit(3)' > shop/dies.py
RUN echo 'DEBUG = False' > shop/settings.py
ENV COLOUR=blue
USER 1234
CMD ["python3", "-m", "shop.main"]
"""
TOKEN_AUTH = (
    "auth: {{token: {{realm: '{realm}', service: test, issuer: importguard-test, "
    "rootcertbundle: {folder}/issuer.crt}}}}\n"
)
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(scope="module")
def storage(docker_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder that registries serve an image from, and the name by which Docker has that image."""
    folder = tmp_path_factory.mktemp("storage")
    local = f"importguard-test-registry-{uuid.uuid4().hex[:8]}"
    docker("build", "-q", "-t", local, "-", stdin=DOCKERFILE)
    with local_registry.registry(folder) as host:
        docker("tag", local, f"{host}/{NAME}:1")
        docker("push", "-q", f"{host}/{NAME}:1")
        docker("image", "rm", f"{host}/{NAME}:1")
        put_index(host)
    yield folder, local
    docker("image", "rm", "-f", local)


def put_index(host: str) -> None:
    """Under the tag ``many``: the image, and for another platform what is not even there."""
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    with urlopen(Request(f"http://{host}/v2/{NAME}/manifests/1", headers=accept), timeout=10) as answer:
        manifest, kind = answer.read(), answer.headers["Content-Type"]
    config = json.loads(manifest)["config"]["digest"]
    with urlopen(f"http://{host}/v2/{NAME}/blobs/{config}", timeout=10) as answer:
        architecture = json.load(answer)["architecture"]
    descriptor = {
        "mediaType": kind,
        "size": len(manifest),
        "digest": "sha256:" + hashlib.sha256(manifest).hexdigest(),
        "platform": {"os": "linux", "architecture": architecture},
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor]}
    request = Request(
        f"http://{host}/v2/{NAME}/manifests/many",
        data=json.dumps(index).encode(),
        headers={"Content-Type": INDEX},
        method="PUT",
    )
    urlopen(request, timeout=10).close()


@pytest.fixture
def with_password(storage: tuple[Path, str]) -> Iterator[str]:
    """A registry that asks for a password."""
    need("htpasswd")
    folder, _ = storage
    line = ["htpasswd", "-Bbn", USER, PASSWORD]
    (folder / "htpasswd").write_text(subprocess.run(line, capture_output=True, text=True, check=True).stdout)
    with local_registry.registry(folder, AUTH.format(folder=folder)) as host:
        yield host


class TokenServer(ThreadingHTTPServer):
    """Gives who knows the password a token for what they ask, signed by ``issuer.key``."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), TokenHandler)
        self.folder = folder
        self.realm = f"http://127.0.0.1:{self.server_address[1]}/token"
        self.scopes: list[str] = []
        line = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=issuer",
            "-days",
            "2",
        ]
        files = ["-keyout", "issuer.key", "-out", "issuer.crt"]
        subprocess.run([*line, *files], cwd=folder, capture_output=True, check=True)

    def token_for(self, scope: str) -> str:
        """https://distribution.github.io/distribution/spec/auth/jwt/."""
        certificate = (self.folder / "issuer.crt").read_text()
        header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(certificate.splitlines()[1:-1])]}
        kind, name, actions = scope.split(":")
        now = int(time.time())
        claims = {
            "iss": "importguard-test",
            "sub": USER,
            "aud": "test",
            "exp": now + 60,
            "nbf": now - 10,
            "iat": now,
            "jti": uuid.uuid4().hex,
            "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
        }
        signed = ".".join(unpadded(json.dumps(part).encode()) for part in (header, claims))
        line = ["openssl", "dgst", "-sha256", "-sign", str(self.folder / "issuer.key")]
        signature = subprocess.run(line, input=signed.encode(), capture_output=True, check=True).stdout
        return f"{signed}.{unpadded(signature)}"


class TokenHandler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_GET(self) -> None:
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (scope,) = parse_qs(urlsplit(self.path).query)["scope"]
        self.server.scopes.append(scope)
        right = self.headers["Authorization"] == f"Basic {expected}"
        self.send_response(200 if right else 401)
        self.end_headers()
        if right:
            self.wfile.write(json.dumps({"token": self.server.token_for(scope)}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@contextmanager
def token_server(folder: Path) -> Iterator[TokenServer]:
    with TokenServer(folder) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's Docker configuration, empty."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def report_on(reference: str, folder: Path, cache: Path, *more: str) -> dict[str, Any]:
    """The report on an image, without its name and what took how long."""
    line = [sys.executable, "-m", "importguard", "check", reference, "--cache-dir", str(cache), *more]
    output = ["--format", "json"]
    done = subprocess.run(
        [*line, *output], cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 1, done.stderr
    (image,) = json.loads(done.stdout)["images"]
    assert image["error"] is None
    image["image"].pop("reference")
    image["summary"].pop("seconds")
    for module in image["modules"]:
        module.pop("seconds")
    image["modules"].sort(key=lambda module: str(module["name"]))
    assert isinstance(image, dict)
    return image


def test_the_report_is_that_of_docker(
    storage: tuple[Path, str], with_password: str, config: Path, cache: Path
) -> None:
    configure(config, auth(with_password, PASSWORD))
    expected = report_on(f"docker:{storage[1]}", config, cache)
    assert {finding["rule"] for finding in expected["findings"]} == {"IG101", "IG106"}
    name = f"{with_password}/{NAME}:1"
    for reference in ([f"registry:{name}"], [name, "--engine", "embedded"]):
        report = report_on(reference[0], config, cache, *reference[1:])
        (note,) = [note for note in report["notes"] if note not in expected["notes"]]
        assert note.startswith("The embedded engine shows all files as those of 1234:")
        report["notes"].remove(note)
        assert report == expected


def test_no_password(with_password: str, config: Path, cache: Path) -> None:
    with pytest.raises(ImageError, match=rf"asks for credentials \(401\): `docker login {with_password}`"):
        pulled(f"registry:{with_password}/{NAME}:1", cache)


def test_a_wrong_password(with_password: str, config: Path, cache: Path) -> None:
    configure(config, auth(with_password, "wrong-horse"))
    with pytest.raises(ImageError, match=r"refuses the credentials") as raised:
        pulled(f"registry:{with_password}/{NAME}:1", cache)
    assert "horse" not in str(raised.value)


def test_an_image_that_is_not_there(with_password: str, config: Path, cache: Path) -> None:
    configure(config, auth(with_password, PASSWORD))
    with pytest.raises(ImageError, match=r"no such image \(404\), “manifest unknown”"):
        pulled(f"registry:{with_password}/{NAME}:2", cache)


def test_an_index(with_password: str, config: Path, cache: Path) -> None:
    configure(config, auth(with_password, PASSWORD))
    assert pulled(f"registry:{with_password}/{NAME}:many", cache).endswith("USER 1234")
    with pytest.raises(ImageError, match=r"no image for linux/s390x, but for linux/"):
        pulled(f"registry:{with_password}/{NAME}:many", cache, "linux/s390x")


def test_a_token(storage: tuple[Path, str], config: Path, tmp_path: Path) -> None:
    folder, _ = storage
    with token_server(folder) as server:
        settings = TOKEN_AUTH.format(realm=server.realm, folder=folder)
        with local_registry.registry(folder, settings) as host:
            with pytest.raises(ImageError, match=r"asks for credentials \(401\)"):
                pulled(f"registry:{host}/{NAME}:1", tmp_path / "cache")
            configure(config, auth(host, PASSWORD))
            assert pulled(f"registry:{host}/{NAME}:1", tmp_path / "cache").endswith("USER 1234")
    assert set(server.scopes) == {f"repository:{NAME}:pull"}
    assert len(server.scopes) == 2, "one token is for all layers"


def pulled(reference: str, cache: Path, platform: Any = None) -> str:
    """Pull an image and give the last line of its history."""
    engine = EmbeddedEngine(cache=cache)
    try:
        image = engine.image(reference, pull="missing", platform=platform)
        assert (image.user, "COLOUR=blue" in image.env) == ("1234", True)
        return next(line for line in reversed(engine.history(image)) if "USER" in line)
    finally:
        engine.close()
