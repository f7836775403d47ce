"""An image of a registry, sound and hostile: what arrives is unpacked, what is wrong leaves nothing."""

from __future__ import annotations

import email.utils
import gzip
import json
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from unit.engines.embedded.archives import HERE, add_blob, add_image, digest
from unit.engines.embedded.registry.conftest import BODY, LAYERS
from unit.engines.embedded.registry.fake_registry import (
    Behaviour,
    FakeRegistry,
    cut_after,
    drop_connection,
    endless,
    redirect,
    served,
    status,
)

from importguard.engines.embedded import image_documents, unpack
from importguard.engines.embedded.registry import downloads, registry_image, retries, transport
from importguard.errors import ImageError

Pull = Callable[..., Path]


def blob_of_layer(registry: FakeRegistry, number: int = 0) -> str:
    """The digest of a layer, by which the registry is told what to do for it."""
    layers: list[dict[str, str]] = json.loads(registry.files["/v2/team/app/manifests/1"])["layers"]
    return layers[number]["digest"]


def nothing_is_left(tmp_path: Path) -> None:
    assert list((tmp_path / "cache/images").iterdir()) == []
    assert list((tmp_path / "cache/work").iterdir()) == []


def test_an_image(registry: FakeRegistry, pull: Pull) -> None:
    root = pull(registry.reference)
    assert (root / "app/data").read_bytes() == BODY
    assert sorted(path.name for path in (root / "app").iterdir()) == ["b.py", "data", "main.py"]


def test_an_image_that_is_there_is_not_downloaded(registry: FakeRegistry, pull: Pull) -> None:
    pull(registry.reference)
    registry.asked.clear()
    pull(registry.reference)
    assert [request.path.split("/")[-2] for request in registry.asked] == ["v2", "manifests", "blobs"]


def test_by_digest(registry: FakeRegistry, pull: Pull) -> None:
    named = digest(registry.files["/v2/team/app/manifests/1"])
    assert (pull(f"registry:{registry.host}/team/app@{named}") / "app/main.py").exists()
    assert (pull(f"registry:{registry.host}/team/app:9@{named}") / "app/main.py").exists()
    assert len(registry.asked_for("manifests")) == 2
    with pytest.raises(ImageError, match="404"):
        pull(f"registry:{registry.host}/team/app@sha256:{'0' * 64}")


def test_a_name_on_the_embedded_engine(registry: FakeRegistry, pull: Pull) -> None:
    assert (pull(f"{registry.host}/team/app:1") / "app/main.py").exists()


@pytest.mark.parametrize("name", ["missing.tar", "app", "team/app:1"])
def test_a_name_without_a_host_is_not_looked_for_at_docker_hub(pull: Pull, name: str) -> None:
    with pytest.raises(ImageError, match=f"no file {name}.*registry:docker.io/{name}"):
        pull(name)


@pytest.mark.parametrize("number", ["\xb2", "9" * 5000])
def test_headers_that_are_no_numbers(registry: FakeRegistry, pull: Pull, number: str) -> None:
    """``²`` is a digit for ``isdigit``, and ``int`` refuses the other one, too."""
    for name in ("1", blob_of_layer(registry)):
        registry.planned[name] = [status(503, {"Retry-After": number}), served]
    span = {"Content-Range": f"bytes {number}-"}
    registry.planned[blob_of_layer(registry)].insert(1, cut_after(1000))
    registry.planned[blob_of_layer(registry)].insert(2, status(206, span, b"x"))
    with pytest.raises(ImageError, match="another part of a layer"):
        pull(registry.reference)


@pytest.mark.parametrize("policy", ["never"])
def test_a_registry_is_not_asked_where_that_is_forbidden(
    registry: FakeRegistry, pull: Pull, policy: str
) -> None:
    with pytest.raises(ImageError, match="--pull never"):
        pull(registry.reference, policy=policy)
    assert registry.asked == []


def add_index(registry: FakeRegistry, *architectures: str, **more: Any) -> None:
    blobs: dict[str, bytes] = {}
    described = [add_image(blobs, LAYERS, architecture=each) for each in architectures]
    unknown = {"digest": add_blob(blobs, b"{}"), "platform": {"os": "unknown", "architecture": "unknown"}}
    registry.add_blobs(blobs)
    registry.put_tag(json.dumps({"schemaVersion": 2, "manifests": [*described, unknown], **more}).encode())


@pytest.mark.parametrize("platform", [None, "linux/s390x"])
def test_an_index(registry: FakeRegistry, pull: Pull, platform: Any) -> None:
    add_index(registry, HERE, "s390x")
    assert (pull(registry.reference, platform) / "app/main.py").exists()
    with pytest.raises(ImageError, match=r"no image for linux/arm/v6, but for .*s390x.*--platform"):
        pull(registry.reference, "linux/arm/v6")


def test_a_platform_that_the_only_image_has_not(registry: FakeRegistry, pull: Pull) -> None:
    with pytest.raises(ImageError, match=rf"no image for linux/s390x, but for linux/{HERE}"):
        pull(registry.reference, "linux/s390x")


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_what_is_temporary_is_tried_again(registry: FakeRegistry, pull: Pull, code: int) -> None:
    registry.planned = {
        "1": [status(code, {"Retry-After": "0"}), status(code), served],
        blob_of_layer(registry): [status(code), drop_connection, served],
    }
    assert (pull(registry.reference) / "app/data").read_bytes() == BODY


def test_what_stays_so_is_told(registry: FakeRegistry, pull: Pull, tmp_path: Path) -> None:
    registry.planned = {blob_of_layer(registry): [status(500)]}
    with pytest.raises(ImageError, match=r"was not pulled: .*answers 500 \(tried 5 times\)"):
        pull(registry.reference)
    nothing_is_left(tmp_path)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after(registry: FakeRegistry, pull: Pull, form: str) -> None:
    date = email.utils.formatdate(time.time() + 2, usegmt=True)
    registry.planned["1"] = [status(429, {"Retry-After": "1" if form == "seconds" else date}), served]
    began = time.monotonic()
    pull(registry.reference)
    assert 0.9 < time.monotonic() - began < 10


def test_a_wait_that_is_too_long_is_a_refusal(registry: FakeRegistry, pull: Pull) -> None:
    registry.planned["1"] = [status(429, {"Retry-After": "3600"})]
    with pytest.raises(ImageError, match=r"fewer requests \(429\); it asks to wait 3600 s"):
        pull(registry.reference)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("number", [0, 1])
def test_a_connection_that_is_cut(registry: FakeRegistry, pull: Pull, ranges: bool, number: int) -> None:
    registry.ranges = ranges
    layer = blob_of_layer(registry, number)
    registry.planned = {layer: [cut_after(100), cut_after(50), cut_after(0), served]}
    assert (pull(registry.reference) / "app/data").read_bytes() == BODY
    begins = [request.headers.get("Range") for request in registry.asked_for(layer)]
    assert begins[:2] == [None, "bytes=100-"]


def test_a_connection_that_is_cut_again_and_again(registry: FakeRegistry, pull: Pull, tmp_path: Path) -> None:
    registry.planned = {blob_of_layer(registry): [cut_after(100)]}
    with pytest.raises(ImageError, match=r"broke \(closed too early\) \(tried 5 times\)"):
        pull(registry.reference)
    nothing_is_left(tmp_path)


def test_attempts_begin_anew_after_progress(
    registry: FakeRegistry, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_WORTH_TRYING_ON", 1000)
    registry.planned = {blob_of_layer(registry): [cut_after(20_000)] * 12 + [served]}
    assert (pull(registry.reference) / "app/data").read_bytes() == BODY


def test_another_part_than_was_asked_for(registry: FakeRegistry, pull: Pull, tmp_path: Path) -> None:
    wrong = status(206, {"Content-Range": "bytes 90000-90001/90002"}, b"xx")
    registry.planned = {blob_of_layer(registry): [cut_after(100), wrong]}
    with pytest.raises(ImageError, match="another part"):
        pull(registry.reference)
    nothing_is_left(tmp_path)


def damaged(data: bytes) -> bytes:
    return data[:-30] + bytes(byte ^ 1 for byte in data[-30:])


WRONG_LAYERS: dict[str, tuple[Callable[[bytes], Behaviour], str]] = {
    "wrong digest": (lambda data: status(200, {}, damaged(data)), "not what its digest"),
    "wrong after a cut": (
        lambda data: status(206, {"Content-Range": "bytes 0-9/9"}, damaged(data)),
        "digest",
    ),
    "another size": (lambda data: status(200, {}, data + b"x"), "bytes for a layer that has"),
    "endless": (lambda data: endless(b"x" * 10_000), "more bytes for a layer that has"),
    "404": (lambda data: status(404), r"no such image \(404\)"),
    "403": (lambda data: status(403), r"not let this account read team/app \(403\).*docker login"),
    "no such status": (lambda data: status(418), "answers 418"),
}


@pytest.mark.parametrize("name", WRONG_LAYERS)
def test_wrong_layers(registry: FakeRegistry, pull: Pull, tmp_path: Path, name: str) -> None:
    make, message = WRONG_LAYERS[name]
    layer = blob_of_layer(registry)
    registry.planned = {layer: [make(registry.blob(layer))]}
    with pytest.raises(ImageError, match=rf"(?s)was not pulled: .*{message}") as raised:
        pull(registry.reference)
    assert raised.value.exit_code == 3
    nothing_is_left(tmp_path)


def test_a_layer_that_trickles(
    registry: FakeRegistry, pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SECONDS_OF_SILENCE", 0.2)
    monkeypatch.setattr(retries, "PAUSES", (0.01,))
    registry.planned = {blob_of_layer(registry): [endless(b"x", pause=0.05)]}
    with pytest.raises(ImageError, match="less than 1 KiB a second"):
        pull(registry.reference)
    nothing_is_left(tmp_path)


def test_a_server_that_says_nothing(
    registry: FakeRegistry, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SECONDS_OF_SILENCE", 0.2)
    monkeypatch.setattr(retries, "PAUSES", (0.01,))
    registry.planned["1"] = [lambda handler: time.sleep(1)]
    with pytest.raises(ImageError, match="no answer in time"):
        pull(registry.reference)


def changed_manifest(**fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda manifest: {**manifest, **fields}


def sized(size: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda manifest: {**manifest, "layers": [{**each, "size": size} for each in manifest["layers"]]}


WRONG_MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no JSON": (lambda manifest: "{", "no JSON"),
    "nested without end": (lambda manifest: "[" * 100_000, "no JSON"),
    "a list": (lambda manifest: [], "not what it should be"),
    "no configuration": (changed_manifest(config=None), "names a file by None"),
    "a configuration elsewhere": (changed_manifest(config={"digest": "sha256:../../x"}), "no digest"),
    "no layers": (changed_manifest(layers=[]), "has 0 layers"),
    "layers without a size": (
        lambda m: {**m, "layers": [{"digest": d["digest"]} for d in m["layers"]]},
        "large",
    ),
    "layers of a negative size": (sized(-5), "no number of bytes"),
    "layers of a size in words": (sized("big"), "no number of bytes"),
    "layers larger than any": (sized(1 << 50), "more than any image"),
    "layers that are smaller": (sized(10), "bytes for a layer that has 10"),
    "schema 1": (changed_manifest(schemaVersion=1), "schema 1"),
}


@pytest.mark.parametrize("name", WRONG_MANIFESTS)
def test_wrong_manifests(registry: FakeRegistry, pull: Pull, tmp_path: Path, name: str) -> None:
    change, message = WRONG_MANIFESTS[name]
    made = change(json.loads(registry.files["/v2/team/app/manifests/1"]))
    registry.put_tag((made if isinstance(made, str) else json.dumps(made)).encode())
    with pytest.raises(ImageError, match=message):
        pull(registry.reference)
    nothing_is_left(tmp_path)


def test_a_manifest_without_an_end(registry: FakeRegistry, pull: Pull) -> None:
    registry.planned["1"] = [endless(b" " * 100_000)]
    with pytest.raises(ImageError, match="more than 8192 KiB"):
        pull(registry.reference)


def test_a_manifest_that_is_cut(registry: FakeRegistry, pull: Pull) -> None:
    registry.planned["1"] = [cut_after(10), served]
    assert (pull(registry.reference) / "app/main.py").exists()


def test_a_manifest_of_another_digest(registry: FakeRegistry, pull: Pull) -> None:
    named = digest(registry.files["/v2/team/app/manifests/1"])
    registry.planned[named] = [status(200, {}, b"{}")]
    with pytest.raises(ImageError, match="has another digest"):
        pull(f"registry:{registry.host}/team/app@{named}")


def test_a_configuration_of_another_digest(registry: FakeRegistry, pull: Pull) -> None:
    named = json.loads(registry.files["/v2/team/app/manifests/1"])["config"]["digest"]
    registry.planned[named] = [status(200, {}, b"{}")]
    with pytest.raises(ImageError, match="has another digest"):
        pull(registry.reference)


def test_a_manifest_that_points_at_itself(registry: FakeRegistry, pull: Pull) -> None:
    """A server may say so of any digest, and is found out by it."""
    named = "sha256:" + "7" * 64
    index = json.dumps({"manifests": [{"digest": named}]}).encode()
    registry.put_tag(index)
    registry.planned[named] = [status(200, {}, index)]
    with pytest.raises(ImageError, match="has another digest"):
        pull(registry.reference)


def test_an_index_of_the_same_indexes_again_and_again(
    registry: FakeRegistry, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 entries that lead to the same 30, and so on, are 810,000."""
    monkeypatch.setattr(image_documents, "_MOST_MANIFESTS", 100)
    data = registry.files["/v2/team/app/manifests/1"]
    for _ in range(4):
        blobs: dict[str, bytes] = {}
        described = {"digest": add_blob(blobs, data)}
        registry.add_blobs(blobs)
        data = json.dumps({"manifests": [described] * 30}).encode()
    registry.put_tag(data)
    with pytest.raises(ImageError, match="too many images"):
        pull(registry.reference)
    assert len(registry.asked) < 110


@pytest.mark.parametrize("size", ["entries", "bytes"])
def test_the_limits_of_unpacking_hold(
    registry: FakeRegistry, pull: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    small = unpack.UnpackLimits(**({"entries": 1} if size == "entries" else {"size": 1000}))
    if size == "bytes":
        monkeypatch.setattr(registry_image, "USUAL_LIMITS", small)
    else:
        monkeypatch.setattr(
            "importguard.engines.embedded.engine.RootFolder",
            lambda path, name: unpack.RootFolder(path, name, small),
        )
    with pytest.raises(ImageError, match=r"more than (1 files|any image)"):
        pull(registry.reference)
    nothing_is_left(tmp_path)


def test_a_body_that_is_compressed_for_the_way_is_no_bomb(registry: FakeRegistry, pull: Pull) -> None:
    bomb = gzip.compress(b" " * (20 << 20))
    registry.planned["1"] = [status(200, {"Content-Encoding": "gzip"}, bomb)]
    with pytest.raises(ImageError, match="no JSON"):
        pull(registry.reference)


def test_layers_come_side_by_side(registry: FakeRegistry, pull: Pull) -> None:
    both = threading.Barrier(2, timeout=10)

    def wait_for_the_other(handler: Any) -> None:
        both.wait()
        served(handler)

    registry.planned = {blob_of_layer(registry, number): [wait_for_the_other] for number in (0, 1)}
    assert (pull(registry.reference) / "app/main.py").exists()


def test_redirects_to_itself_without_end(registry: FakeRegistry, pull: Pull) -> None:
    layer = blob_of_layer(registry)
    registry.planned = {layer: [redirect(f"/v2/team/app/blobs/{layer}")]}
    with pytest.raises(ImageError, match="redirects more than 5 times"):
        pull(registry.reference)


@pytest.mark.parametrize(
    "target",
    ["http://registry.example.org/x", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://[x/", "//:x"],
)
def test_redirects_that_are_refused(registry: FakeRegistry, pull: Pull, target: str) -> None:
    registry.planned = {blob_of_layer(registry): [redirect(target)]}
    with pytest.raises(ImageError, match=r"without TLS|no address"):
        pull(registry.reference)


def test_a_registry_that_is_not_there(registry: FakeRegistry, pull: Pull) -> None:
    with pytest.raises(ImageError, match=r"127.0.0.1:1 can't be reached \(Connection refused\)"):
        pull("registry:127.0.0.1:1/team/app:1")


def test_what_a_registry_says_is_one_line_of_text(registry: FakeRegistry, pull: Pull) -> None:
    said = "\x1b[31mred\x07\n::error::" + "x" * 5000
    registry.planned["1"] = [status(403, {}, json.dumps({"errors": [{"message": said}]}).encode())]
    with pytest.raises(ImageError, match=r"“red :.{0,3}:error") as raised:
        pull(registry.reference)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500
