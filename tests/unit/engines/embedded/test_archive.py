"""What an archive holds, in each of its forms."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable

import pytest
from unit.engines.embedded.archives import (
    HERE,
    Blobs,
    add_blob,
    add_image,
    digest,
    entry,
    layer,
    layout,
    oci_archive,
    write_archive,
)

from importguard.engines.embedded.archive import opened_archive
from importguard.engines.embedded.engine import EmbeddedEngine
from importguard.errors import ImageError

PACKERS = [gzip.compress, bytes]
if sys.version_info >= (3, 14):
    from compression import zstd

    PACKERS.append(zstd.compress)
elif find_spec("backports"):
    from backports import zstd

    PACKERS.append(zstd.compress)

LAYER = layer(entry("app/main.py", b"x = 1\n"))
OTHER = "s390x"


@pytest.fixture(autouse=True)
def without_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedEngine, "check", lambda self: None)


def engine(tmp_path: Path) -> EmbeddedEngine:
    return EmbeddedEngine(cache=tmp_path / "cache")


def docker_archive(path: Path, tags: tuple[str, ...] = ("shop:1",)) -> Path:
    """What kaniko writes, and Docker before version 25."""
    config = json.dumps(
        {"os": "linux", "architecture": HERE, "rootfs": {"diff_ids": [digest(LAYER)]}}
    ).encode()
    name = digest(config)[7:] + ".json"
    manifest = [{"Config": name, "RepoTags": list(tags), "Layers": ["0.tar.gz"]}]
    files = {"manifest.json": json.dumps(manifest).encode(), name: config, "0.tar.gz": gzip.compress(LAYER)}
    return write_archive(path, files)


@pytest.mark.parametrize("packed", PACKERS)
def test_layers_however_they_are_packed(tmp_path: Path, packed: Callable[[bytes], bytes]) -> None:
    source = oci_archive(tmp_path / "a.tar", LAYER, packed=packed)
    made = engine(tmp_path)
    made.image(f"oci-archive:{source}", pull="never")
    (found,) = (tmp_path / "cache/images").glob("*/root/app/main.py")
    assert found.read_text() == "x = 1\n"
    made.close()


def test_the_configuration(tmp_path: Path) -> None:
    config = {"Entrypoint": ["python3"], "Cmd": ["-m", "shop"], "Env": ["A=1"]}
    source = oci_archive(tmp_path / "a.tar", LAYER, config={**config, "WorkingDir": "/app", "User": "7"})
    made = engine(tmp_path)
    image = made.image(str(source), pull="never")
    assert (image.entrypoint, image.cmd, image.env) == (("python3",), ("-m", "shop"), ("A=1",))
    assert (image.workdir, image.user, image.platform) == ("/app", "7", f"linux/{HERE}")
    assert made.history(image) == ("COPY . /app",)
    made.close()


@pytest.mark.parametrize("name", ["a.tar", "shop"])
def test_what_docker_saved(tmp_path: Path, name: str) -> None:
    source = docker_archive(tmp_path / name)
    made = engine(tmp_path)
    assert made.image(f"docker-archive:{source}:shop:1", pull="never").platform == f"linux/{HERE}"
    with pytest.raises(ImageError, match=r"no image named shop:2, but shop:1\."):
        made.image(f"docker-archive:{source}:shop:2", pull="never")
    made.close()


def test_a_name_without_a_tag_is_the_latest(tmp_path: Path) -> None:
    source = docker_archive(tmp_path / "a.tar", tags=("localhost/web/shop:latest",))
    for name in ("latest", "shop", "web/shop", "localhost/web/shop", "shop:latest"):
        with opened_archive(source, name, "a", tmp_path) as archive:
            assert archive.choose_image(None).image.platform == f"linux/{HERE}"
    for name in ("op", "op:latest", "web"):
        with (
            opened_archive(source, name, "a", tmp_path) as archive,
            pytest.raises(ImageError, match="but loc"),
        ):
            archive.choose_image(None)


def test_a_configuration_that_is_not_what_its_name_says(tmp_path: Path) -> None:
    name = "0" * 64 + ".json"
    files = {"manifest.json": json.dumps([{"Config": name, "Layers": []}]).encode(), name: b"{}"}
    with pytest.raises(ImageError, match="another digest"):
        engine(tmp_path).image(str(write_archive(tmp_path / "a.tar", files)), pull="never")


def test_an_archive_that_is_compressed_as_a_whole(tmp_path: Path) -> None:
    source = oci_archive(tmp_path / "a.tar", LAYER)
    source.write_bytes(gzip.compress(source.read_bytes()))
    made = engine(tmp_path)
    assert made.image(str(source), pull="never").platform == f"linux/{HERE}"
    made.close()
    assert list((tmp_path / "cache/work").iterdir()) == []


def test_an_archive_that_comes_through_a_pipe(tmp_path: Path) -> None:
    source, pipe = oci_archive(tmp_path / "a.tar", LAYER), tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(source.read_bytes()))
    writer.start()
    made = engine(tmp_path)
    assert made.image(f"oci-archive:{pipe}", pull="never").platform == f"linux/{HERE}"
    writer.join()
    made.close()
    assert list((tmp_path / "cache/work").iterdir()) == []


def test_a_cache_that_takes_no_file(tmp_path: Path) -> None:
    """Only what has to be uncompressed first needs one."""
    source, gone = oci_archive(tmp_path / "a.tar", LAYER), tmp_path / "gone"
    with opened_archive(source, "", "a", gone) as archive:
        assert archive.choose_image(None).image.platform == f"linux/{HERE}"
    packed = tmp_path / "a.tar.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    with pytest.raises(ImageError, match="can't be written to the cache: No such file"):
        opened_archive(packed, "", "a", gone).__enter__()


@pytest.mark.parametrize(("packed", "program"), [(bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_an_archive_that_is_compressed_in_another_way(
    tmp_path: Path, packed: Callable[[bytes], bytes], program: str
) -> None:
    source = oci_archive(tmp_path / "a.tar", LAYER)
    source.write_bytes(packed(source.read_bytes()))
    with pytest.raises(ImageError, match=f"compressed with {program}. Uncompress it first: {program} -dk"):
        engine(tmp_path).image(str(source), pull="never")


def test_a_folder(tmp_path: Path) -> None:
    blobs: Blobs = {}
    for name, data in layout(blobs, [add_image(blobs, [LAYER])]).items():
        path = tmp_path / "layout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    made = engine(tmp_path)
    assert made.image(f"oci-dir:{tmp_path / 'layout'}", pull="never").platform == f"linux/{HERE}"
    made.close()


@pytest.mark.parametrize("is_index", [False, True])
def test_a_folder_of_digests(tmp_path: Path, is_index: bool) -> None:
    """What skopeo writes to ``dir:``, and ``podman save --format docker-dir``."""
    blobs: Blobs = {}
    described = add_image(blobs, [LAYER])
    files = {name.rpartition("/")[2]: data for name, data in blobs.items()}
    manifest = files.pop(described["digest"][7:])
    if is_index:
        files[described["digest"][7:] + ".manifest.json"] = manifest
        manifest = json.dumps({"schemaVersion": 2, "manifests": [described]}).encode()
    for name, data in {**files, "manifest.json": manifest, "version": b"1.1"}.items():
        (tmp_path / name).write_bytes(data)
    made = engine(tmp_path)
    assert made.image(f"dir:{tmp_path}", pull="never").platform == f"linux/{HERE}"
    with pytest.raises(ImageError, match="which has no name: leave out :shop"):
        made.image(f"dir:{tmp_path}:shop", pull="never")
    made.close()


def several(path: Path, tags: bool = False) -> Path:
    """An index of an index, as buildx writes it: two platforms and an attestation."""
    blobs: Blobs = {}
    mine, other = add_image(blobs, [LAYER]), add_image(blobs, [LAYER], architecture=OTHER)
    unknown = {"digest": add_blob(blobs, b"{}"), "platform": {"os": "unknown", "architecture": "unknown"}}
    if tags:
        for described, tag in ((mine, "one"), (other, "two")):
            described["annotations"] = {"org.opencontainers.image.ref.name": tag}
        return write_archive(path, layout(blobs, [mine, other]))
    nested = {"digest": add_blob(blobs, json.dumps({"manifests": [mine, other, unknown]}).encode())}
    return write_archive(path, layout(blobs, [nested]))


@pytest.mark.parametrize(
    ("platform", "expected"), [(None, HERE), (f"linux/{OTHER}", OTHER), (OTHER, OTHER), (HERE, HERE)]
)
def test_the_platform(tmp_path: Path, platform: Any, expected: str) -> None:
    with opened_archive(several(tmp_path / "a.tar"), "", "a", tmp_path) as archive:
        assert archive.choose_image(platform).image.platform == f"linux/{expected}"


def test_a_platform_that_is_not_there(tmp_path: Path) -> None:
    expected = pytest.raises(ImageError, match=r"no image for linux/arm/v6, but for .*--platform")
    with opened_archive(several(tmp_path / "a.tar"), "", "a", tmp_path) as archive, expected:
        archive.choose_image("linux/arm/v6")


@pytest.mark.parametrize(("tag", "expected"), [("one", HERE), ("two", OTHER)])
def test_the_tag(tmp_path: Path, tag: str, expected: str) -> None:
    with opened_archive(several(tmp_path / "a.tar", tags=True), tag, "a", tmp_path) as archive:
        assert archive.choose_image(None).image.platform == f"linux/{expected}"


def test_several_of_one_platform(tmp_path: Path) -> None:
    blobs: Blobs = {}
    described = [add_image(blobs, [LAYER], config={"User": str(number)}) for number in range(2)]
    source = write_archive(tmp_path / "a.tar", layout(blobs, described))
    with opened_archive(source, "", "a", tmp_path) as archive, pytest.raises(ImageError, match="by its tag"):
        archive.choose_image(None)
    unnamed = pytest.raises(ImageError, match="and its images have no names")
    with opened_archive(source, "c", "a", tmp_path) as archive, unnamed:
        archive.choose_image(None)
    for number, image in enumerate(described):
        image["annotations"] = {"org.opencontainers.image.ref.name": f"v{number}"}
    source = write_archive(tmp_path / "b.tar", layout(blobs, described))
    for tag, message in (("", r"2 images .*: v0, v1\. Name one"), ("v2", r"named v2, but v0, v1\.")):
        with opened_archive(source, tag, "a", tmp_path) as archive, pytest.raises(ImageError, match=message):
            archive.choose_image(None)


def test_only_one_of_another_platform_is_given_all_the_same(tmp_path: Path) -> None:
    source = oci_archive(tmp_path / "a.tar", LAYER, architecture=OTHER)
    with opened_archive(source, "", "a", tmp_path) as archive:
        assert archive.choose_image(None).image.platform == f"linux/{OTHER}"
