"""Credentials: where they come from, to whom they are sent, and that nobody else sees them."""

from __future__ import annotations

import base64
import json
import stat
import time
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from unit.engines.embedded.registry.conftest import login
from unit.engines.embedded.registry.fake_registry import (
    BASIC,
    PASSWORD,
    USER,
    FakeRegistry,
    bearer_challenge,
    drop_connection,
    fake_registry,
    redirect,
    served,
    status,
    tokens,
)
from unit.engines.embedded.registry.test_pulling import Pull, blob_of_layer, nothing_is_left

from importguard.engines.embedded.registry import credentials
from importguard.errors import ImageError

TOKEN = "token-of-this-run"
Configure = Callable[[Any], None]


@pytest.fixture
def private(registry: FakeRegistry) -> FakeRegistry:
    """The registry, which now asks for a password."""
    registry.needs = {BASIC}
    return registry


@pytest.fixture
def with_tokens(registry: FakeRegistry, other: FakeRegistry) -> FakeRegistry:
    """The registry, which now asks for a token of the other server."""
    registry.needs = {f"Bearer {TOKEN}"}
    registry.challenge = bearer_challenge(f"http://{other.host}/token?a=b")
    other.planned["/token"] = list(tokens({"token": TOKEN}))
    return registry


def test_nothing_is_sent_that_was_not_asked_for(
    registry: FakeRegistry, pull: Pull, configure: Configure
) -> None:
    configure({"credsStore": "not-there", **login(registry.host)})
    pull(registry.reference)
    assert not any("Authorization" in request.headers for request in registry.asked)


@pytest.mark.parametrize("key", ["{}", "http://{}", "https://{}/v2/", "{}/team", "{}/team/app"])
def test_a_password(private: FakeRegistry, pull: Pull, configure: Configure, key: str) -> None:
    configure(login(key.format(private.host)))
    assert (pull(private.reference) / "app/main.py").exists()
    assert "Authorization" not in private.asked[0].headers


def test_a_password_written_out(private: FakeRegistry, pull: Pull, configure: Configure) -> None:
    configure({"auths": {private.host: {"username": USER, "password": PASSWORD}}})
    assert (pull(private.reference) / "app/main.py").exists()


@pytest.mark.parametrize("where", ["REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"])
def test_what_podman_and_skopeo_write(
    private: FakeRegistry, pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = tmp_path / "run/containers/auth.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(login(private.host)))
    if where == "REGISTRY_AUTH_FILE":
        monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
        monkeypatch.setenv(where, str(path))
    assert (pull(private.reference) / "app/main.py").exists()


@pytest.mark.parametrize("name", ["team", "app/te"])
def test_another_repository_has_other_credentials(
    private: FakeRegistry, pull: Pull, configure: Configure, name: str
) -> None:
    configure(login(f"{private.host}/{name}/other"))
    with pytest.raises(ImageError, match="asks for credentials"):
        pull(private.reference)


def test_no_credentials(private: FakeRegistry, pull: Pull, tmp_path: Path) -> None:
    message = rf"asks for credentials \(401\): `docker login {private.host}`"
    with pytest.raises(ImageError, match=message) as raised:
        pull(private.reference)
    assert raised.value.exit_code == 3
    nothing_is_left(tmp_path)


def test_wrong_credentials(private: FakeRegistry, pull: Pull, configure: Configure) -> None:
    configure(login(private.host, "wrong-horse"))
    with pytest.raises(ImageError, match=r"refuses the credentials \(401\).*docker login") as raised:
        pull(private.reference)
    assert "horse" not in str(raised.value)


def test_what_a_registry_repeats_is_not_shown(
    private: FakeRegistry, pull: Pull, configure: Configure
) -> None:
    configure(login(private.host))
    said = f"user {USER} with {PASSWORD} ({BASIC}) may not"
    private.planned["1"] = [status(403, {}, json.dumps({"errors": [{"message": said}]}).encode())]
    with pytest.raises(ImageError, match=r"\(403\), “user reader with \*\*\* \(Basic \*\*\*\) may not”"):
        pull(private.reference)


@pytest.mark.parametrize("may_enter", [True, False])
def test_a_configuration_that_may_not_be_read(
    private: FakeRegistry, pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may_enter: bool
) -> None:
    """/run/containers is root's: what an ordinary user may not enter holds nothing for him."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(credentials.Path, "read_bytes", refuse)
    monkeypatch.setattr(credentials.os, "access", lambda path, mode: may_enter)
    message = r"config.json can't be read: Permission denied" if may_enter else "asks for credentials"
    with pytest.raises(ImageError, match=message):
        pull(private.reference)


BROKEN: dict[str, Any] = {
    "no JSON": f'{{"auths": {{"{PASSWORD}"',
    "no base64": {"auths": {"HOST": {"auth": f"{PASSWORD}!"}}},
    "no colon": {"auths": {"HOST": {"auth": base64.b64encode(PASSWORD.encode()).decode()}}},
    "no text": {"auths": {"HOST": {"auth": base64.b64encode(b"\xff:\xff").decode()}}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration(private: FakeRegistry, pull: Pull, configure: Configure, name: str) -> None:
    broken = BROKEN[name]
    if isinstance(broken, dict):
        broken = {"auths": {private.host: broken["auths"]["HOST"]}}
    configure(broken)
    with pytest.raises(ImageError, match=r"config\.json (are broken|can't be read)") as raised:
        pull(private.reference)
    assert "horse" not in str(raised.value)


@pytest.mark.parametrize("configuration", [[], {"auths": []}, {"auths": {"HOST": 7}}, {"credHelpers": 1}])
def test_a_configuration_of_another_form(
    private: FakeRegistry, pull: Pull, configure: Configure, configuration: Any
) -> None:
    configure(configuration)
    with pytest.raises(ImageError, match="asks for credentials"):
        pull(private.reference)


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install a credential helper that is this shell script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def install(script: str) -> None:
        path = folder / "docker-credential-mine"
        path.write_text(f'#!/bin/sh\nread -r host\necho "$1 $host" >> {folder}/asked\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return install


def printed(user: str = USER, secret: str = PASSWORD) -> str:
    return f"echo '{json.dumps({'ServerURL': '', 'Username': user, 'Secret': secret})}'"


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_helper(
    private: FakeRegistry, pull: Pull, configure: Configure, helper: Any, tmp_path: Path, key: str
) -> None:
    helper(printed())
    configure({key: "mine" if key == "credsStore" else {private.host: "mine"}, "auths": {private.host: {}}})
    assert (pull(private.reference) / "app/main.py").exists()
    assert (tmp_path / "bin/asked").read_text() == f"get {private.host}\n"


FAILING_HELPERS = {
    "fails": (
        f"echo '{PASSWORD}'; exit 3",
        r"failed with exit code 3.*Try it: echo 127.0.0.1:\d+ \| docker-cred",
    ),
    "hangs": ("sleep 60", "gave no answer in 1 s"),
    "hangs behind a child": ("(sleep 60) & exec sleep 60", "gave no answer"),
    "prints no JSON": (f"echo 'password {PASSWORD}'", "gave no credentials"),
    "prints a list": (f"echo '[\"{PASSWORD}\"]'", "gave no credentials"),
    "prints half": (f'echo \'{{"Secret": "{PASSWORD}"}}\'', "gave no credentials"),
}


@pytest.mark.parametrize("name", FAILING_HELPERS)
def test_a_helper_that_fails(
    private: FakeRegistry, pull: Pull, configure: Configure, helper: Any, name: str
) -> None:
    script, message = FAILING_HELPERS[name]
    helper(script)
    configure({"credsStore": "mine"})
    began = time.monotonic()
    with pytest.raises(ImageError, match=message) as raised:
        pull(private.reference)
    assert time.monotonic() - began < 20
    assert "horse" not in str(raised.value)


@pytest.mark.parametrize(
    "script", ["echo 'credentials not found in native keychain'; exit 1", printed("", "")]
)
def test_a_helper_that_has_none(
    private: FakeRegistry, pull: Pull, configure: Configure, helper: Any, script: str
) -> None:
    helper(script)
    configure({"credsStore": "mine", **login(private.host)})
    assert (pull(private.reference) / "app/main.py").exists()


@pytest.mark.parametrize("name", ["not-there", "../../bin/sh", "a b", ""])
def test_a_helper_that_is_not_installed(
    private: FakeRegistry, pull: Pull, configure: Configure, name: str
) -> None:
    configure({"credHelpers": {private.host: name}})
    with pytest.raises(ImageError, match="not installed or not in PATH" if name else "asks for credentials"):
        pull(private.reference)


def test_a_token(with_tokens: FakeRegistry, other: FakeRegistry, pull: Pull, configure: Configure) -> None:
    """Whatever the registry would have us ask for, the token is one to pull this repository."""
    configure(login(with_tokens.host))
    assert (pull(with_tokens.reference) / "app/main.py").exists()
    (asked,) = other.asked
    query = {"a": ["b"], "service": ["fake, really"], "scope": ["repository:team/app:pull"]}
    assert parse_qs(urlsplit(asked.path).query) == query
    assert asked.headers["Authorization"] == BASIC
    assert not any(request.headers.get("Authorization") == BASIC for request in with_tokens.asked)


def test_a_token_without_a_password(with_tokens: FakeRegistry, other: FakeRegistry, pull: Pull) -> None:
    assert (pull(with_tokens.reference) / "app/main.py").exists()
    assert "Authorization" not in other.asked[0].headers


def test_a_token_for_an_identity_token(
    with_tokens: FakeRegistry, other: FakeRegistry, pull: Pull, configure: Configure, helper: Any
) -> None:
    helper(printed("<token>", "identity"))
    configure({"credsStore": "mine"})
    other.planned["/token"] = list(tokens({"access_token": TOKEN}))
    assert (pull(with_tokens.reference) / "app/main.py").exists()
    form = parse_qs(other.asked[0].body.decode())
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["identity"])
    assert form["scope"] == ["repository:team/app:pull"]


def test_a_token_of_the_configuration(with_tokens: FakeRegistry, pull: Pull, configure: Configure) -> None:
    configure({"auths": {with_tokens.host: {"registrytoken": TOKEN}}})
    assert (pull(with_tokens.reference) / "app/main.py").exists()


def test_a_token_that_expires_in_the_middle(
    with_tokens: FakeRegistry, other: FakeRegistry, pull: Pull
) -> None:
    """Layers are asked for with a token that is no longer valid: each thread goes on with a new one."""
    other.planned["/token"] = list(tokens({"token": TOKEN}, {"token": "second"}))

    def expire(handler: Any) -> None:
        with_tokens.needs = {"Bearer second"}
        handler.give(401, with_tokens.challenge, b"")

    with_tokens.planned = {blob_of_layer(with_tokens): [expire, served]}
    assert (pull(with_tokens.reference) / "app/main.py").exists()
    assert len(other.asked) == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (status(401), r"asks for credentials \(401\)"),
        (status(403), r"asks for credentials \(401\)"),
        (status(404), "its token server, .* answers 404"),
        (status(200, {}, b"{}"), "gives no token"),
        (status(200, {}, b"["), "gives no token"),
        (status(200, {}, b'{"token": "a\\r\\nX-Evil: 1"}'), "gives no token"),
        (status(503), r"answers 503 \(tried 5 times\)"),
        (redirect("http://registry.example.org/"), "without TLS"),
    ],
)
def test_a_token_server_that_gives_none(
    with_tokens: FakeRegistry, other: FakeRegistry, pull: Pull, answer: Any, message: str
) -> None:
    other.planned["/token"] = [answer]
    with pytest.raises(ImageError, match=message):
        pull(with_tokens.reference)


def test_a_token_that_the_registry_refuses(
    with_tokens: FakeRegistry, other: FakeRegistry, pull: Pull, configure: Configure
) -> None:
    configure(login(with_tokens.host))
    other.planned["/token"] = list(tokens({"token": "another"}))
    with pytest.raises(ImageError, match=r"refuses the credentials \(401\)") as raised:
        pull(with_tokens.reference)
    assert "another" not in str(raised.value)


@pytest.mark.parametrize(
    "realm", ["http://registry.example.org/token", "ftp://127.0.0.1/", "file:///etc/passwd"]
)
def test_a_token_server_without_tls(
    with_tokens: FakeRegistry, pull: Pull, configure: Configure, realm: str
) -> None:
    configure(login(with_tokens.host))
    with_tokens.challenge = bearer_challenge(realm)
    with pytest.raises(ImageError, match=r"without TLS|no address"):
        pull(with_tokens.reference)


@pytest.mark.parametrize("kind", ["password", "token"])
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_credentials_do_not_follow_to_another_host(
    registry: FakeRegistry, other: FakeRegistry, pull: Pull, configure: Configure, kind: str, code: int
) -> None:
    """Another port is another server; and what comes back to the registry comes without them, too."""
    configure(login(registry.host))
    registry.needs = {BASIC} if kind == "password" else {f"Bearer {TOKEN}"}
    if kind == "token":
        registry.challenge = bearer_challenge(f"http://{registry.host}/token")
        registry.planned["/token"] = list(tokens({"token": TOKEN}))
        registry.needs |= {BASIC}
    layer = blob_of_layer(registry)
    other.files["/there"] = registry.blob(layer)
    registry.planned[layer] = [redirect(f"http://{other.host}/there?signature=secret", code)]
    assert (pull(registry.reference) / "app/main.py").exists()
    (asked,) = other.asked
    assert not {"Authorization", "Cookie"} & set(asked.headers)


def test_another_host_gets_no_login(
    registry: FakeRegistry, other: FakeRegistry, pull: Pull, configure: Configure
) -> None:
    """The host that has the layers asks for one, at a token server of its own."""
    configure(login(registry.host))
    registry.needs = {BASIC}
    other.needs = {"Bearer of-its-own"}
    with fake_registry() as thief:
        other.challenge = bearer_challenge(f"http://{thief.host}/token")
        registry.planned[blob_of_layer(registry)] = [redirect(f"http://{other.host}/there")]
        with pytest.raises(ImageError, match=f"{other.host}, to which {registry.host} leads, wants a login"):
            pull(registry.reference)
        assert thief.asked == []
    assert not any("Authorization" in asked.headers for asked in other.asked)


def test_an_address_that_is_read_in_two_ways(
    registry: FakeRegistry, other: FakeRegistry, pull: Pull, configure: Configure
) -> None:
    """For some readers of URLs, this is the registry itself, and for others the other server."""
    configure(login(registry.host))
    registry.needs = {BASIC}
    layer = blob_of_layer(registry)
    other.files["/x"] = registry.blob(layer)
    for between in ("\\@", "%5C@", "#@", "?@", "/@", "\t@", " @"):
        registry.planned[layer] = [redirect(f"http://{other.host}{between}{registry.host}/x")]
        with pytest.raises(ImageError):
            pull(registry.reference)
    assert not any("Authorization" in request.headers for request in other.asked)


def test_addresses_of_redirects_are_not_shown(
    registry: FakeRegistry, other: FakeRegistry, pull: Pull
) -> None:
    """They hold signatures, by which anyone can read the layer."""
    target = f"http://user:{PASSWORD}@{other.host}/there?signature=very-secret"
    for planned in (status(403), status(500), drop_connection):
        other.planned["/there"] = [planned]
        registry.planned[blob_of_layer(registry)] = [redirect(target)]
        with pytest.raises(ImageError, match=other.host) as raised:
            pull(registry.reference)
        assert "secret" not in str(raised.value)
        assert "horse" not in str(raised.value)
