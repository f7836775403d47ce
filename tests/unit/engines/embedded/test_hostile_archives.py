"""A corpus of hostile archives: each is refused with a clear message, and nothing is left of it anywhere."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.engines.embedded.archives import (
    add_blob,
    add_image,
    digest,
    entry,
    folder,
    hard_link,
    layer,
    layout,
    oci_archive,
    symlink,
    write_archive,
)

from importguard.engines.embedded import archive as archive_module
from importguard.engines.embedded import compression, engine, unpack
from importguard.engines.embedded.engine import EmbeddedEngine
from importguard.errors import ImageError

SMALL = unpack.UnpackLimits(size=1 << 20, entries=500)


def raw_header(name: bytes, kind: bytes = b"0", size: bytes = b"0" * 11, link: bytes = b"") -> bytes:
    """A header block, byte for byte, with a right checksum."""
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108], block[108:116], block[116:124] = b"0000755\0", b"0000000\0", b"0000000\0"
    block[124 : 124 + len(size)] = size
    block[136:148], block[148:156], block[156:157] = b"00000000000\0", b" " * 8, kind
    block[157 : 157 + len(link)] = link
    block[257:265] = b"ustar\00000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(*records: bytes, size: int = -1) -> bytes:
    data = b"".join(records)
    length = b"%011o" % (size if size >= 0 else len(data))
    return raw_header(b"pax", b"x", length) + data + b"\0" * (-len(data) % 512)


def record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(b"%d" % length) + len(key) + len(value) + 3 != length:
        length = len(b"%d" % length) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)


DEEP = "/".join(["d"] * 300)
OUTSIDE = "../../../../../../../../outside"

# Layers: what they hold, and a word of the message.
LAYERS: dict[str, tuple[list[bytes], str]] = {
    "traversal": ([layer(entry(OUTSIDE, b"x"))], "leads outside"),
    "traversal in the middle": ([layer(entry("a/../../outside", b"x"))], "leads outside"),
    "traversal that ends inside": ([layer(entry("a/../b", b"x"))], "leads outside"),
    "absolute, and traversal": ([layer(entry("/../tmp/outside", b"x"))], "leads outside"),
    "link, then an absolute name through it": (
        [layer(symlink("/a", "/tmp"), entry("/a/outside", b"x"))],
        "leads through",
    ),
    "only dots": ([layer(folder(".."))], "leads outside"),
    "folder outside": ([layer(folder("../outside"))], "leads outside"),
    "link, then a file through it": (
        [layer(symlink("a", "/tmp"), entry("a/outside", b"x"))],
        "leads through",
    ),
    "relative link, then through it": ([layer(symlink("a", "../.."), entry("a/outside"))], "leads through"),
    "link to a link, then through it": (
        [layer(symlink("a", "/"), symlink("b", "a"), entry("b/tmp/outside"))],
        "leads through",
    ),
    "link, then a folder through it": ([layer(symlink("a", "/tmp"), folder("a/outside"))], "leads through"),
    "link, then a link through it": ([layer(symlink("a", "/tmp"), symlink("a/b", "/"))], "leads through"),
    "link, then a hard link through it": (
        [layer(symlink("a", "/etc"), hard_link("b", "a/passwd"))],
        "no file of the image",
    ),
    "link of the layer below as a target": (
        [layer(symlink("a", "/etc")), layer(hard_link("b", "a/passwd"))],
        "no file of the image",
    ),
    "file as a folder": ([layer(entry("a"), entry("a/b"))], "leads through"),
    "hard link outside": ([layer(hard_link("a", "../../etc/passwd"))], "leads outside"),
    "hard link to the host's file": ([layer(hard_link("a", "/etc/passwd"))], "no file of the image"),
    "hard link to a folder": ([layer(folder("a"), hard_link("b", "a"))], "no file of the image"),
    "hard link to itself": ([layer(hard_link("a", "a"))], "to itself"),
    "hard link to the root": ([layer(hard_link("a", "/"))], "no file of the image"),
    "link to nowhere": ([layer(raw_header(b"a", b"2"))], "link to nowhere"),
    "whiteout of ..": ([layer(entry(".wh..."))], "removes what is no file"),
    "whiteout of .": ([layer(entry("a/.wh.."))], "removes what is no file"),
    "whiteout of nothing": ([layer(entry("a/.wh."))], "removes what is no file"),
    "whiteout outside": ([layer(entry("../.wh.outside"))], "leads outside"),
    "block device": ([layer(entry("sda", kind=tarfile.BLKTYPE, devmajor=8))], "is a device"),
    "character device": ([layer(entry("etc/mem", kind=tarfile.CHRTYPE, devmajor=1))], "is a device"),
    "an overlay's whiteout": ([layer(entry("a", kind=tarfile.CHRTYPE))], "is a device"),
    "a kind that is none": ([layer(raw_header(b"a", b"Z"))], "of a kind"),
    "too many entries": ([layer(*(entry(f"f{number}") for number in range(600)))], "more than 500 files"),
    "too many bytes": ([layer(entry("a", b"x" * (1 << 20)), entry("b", b"x"))], "1 MiB"),
    "too deep": ([layer(folder(DEEP))], "no name that a file can have"),
    "a part too long": ([layer(entry("x" * 300))], "can't be unpacked"),
    "a name too long": ([layer(entry("/".join(["x" * 100] * 50)))], "no name that a file can have"),
    "NUL in a name": ([layer(pax(record(b"path", b"a\0b")), raw_header(b"a"))], "no name that a file"),
    "PAX path outside": ([layer(pax(record(b"path", b"../x")), raw_header(b"a"))], "leads outside"),
    "GNU long name outside": (
        [layer(raw_header(b"L", b"L", b"%011o" % 5) + b"../x\0".ljust(512, b"\0"), raw_header(b"a"))],
        "leads outside",
    ),
    "PAX link outside": (
        [layer(pax(record(b"linkpath", b"../x")), raw_header(b"a", b"1", link=b"b"))],
        "leads outside",
    ),
    "PAX header without end": ([layer(pax(size=1 << 32), raw_header(b"a"))], "more than 1 MiB"),
    "PAX record without length": ([layer(pax(b"xx path=a\n"), raw_header(b"a"))], "is broken"),
    "PAX record longer than all": ([layer(pax(b"999 path=a\n"), raw_header(b"a"))], "is broken"),
    "PAX size that is no number": ([layer(pax(record(b"size", b"x")), raw_header(b"a"))], "no number"),
    "PAX size that is negative": ([layer(pax(record(b"size", b"-1")), raw_header(b"a"))], "no possible"),
    "negative size": ([layer(raw_header(b"a", size=b"\xff" * 12))], "negative size"),
    "GNU sparse": ([layer(raw_header(b"a", b"S"))], "sparse"),
    "PAX sparse": (
        [layer(pax(record(b"GNU.sparse.major", b"1")), raw_header(b"a"))],
        "sparse",
    ),
    "file cut off": ([layer(entry("a", b"x" * 5000))[:2000]], "ends in the middle"),
    "header cut off": ([entry("a")[:300]], "no tar archive"),
    "no tar at all": ([b"nothing of the kind" * 100], "no tar archive"),
    "wrong checksum": ([layer(entry("a").replace(b"ustar", b"rats\0"))], "no tar archive"),
}


def image_with(files: dict[str, bytes]) -> Callable[[Path], Path]:
    return lambda path: write_archive(path, files)


def _damaged(name: str, change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    """The files of a sound layout, with one that is changed: the layer, the manifest, the configuration."""
    blobs: dict[str, bytes] = {}
    described = add_image(blobs, [layer(entry("a", b"content" * 100))])
    manifest = json.loads(blobs["blobs/" + described["digest"].replace(":", "/")])
    named = {
        "layer": manifest["layers"][0]["digest"],
        "config": manifest["config"]["digest"],
        "manifest": described["digest"],
    }
    path = "blobs/" + named[name].replace(":", "/")
    blobs[path] = change(blobs[path])
    return layout(blobs, [described])


def _index_of(descriptor: object) -> dict[str, bytes]:
    return {"index.json": json.dumps({"manifests": [descriptor]}).encode()}


def _nested_indexes(depth: int) -> dict[str, bytes]:
    blobs: dict[str, bytes] = {}
    described: object = add_image(blobs, [layer(entry("a"))])
    for _ in range(depth):
        described = {"digest": add_blob(blobs, json.dumps({"manifests": [described]}).encode())}
    return layout(blobs, [described])  # type: ignore[list-item]


def _wrong_diff_id() -> dict[str, bytes]:
    blobs: dict[str, bytes] = {}
    return layout(blobs, [add_image(blobs, [layer(entry("a"))], diff_ids=[digest(b"else")])]) | blobs


def _too_few_diff_ids() -> dict[str, bytes]:
    blobs: dict[str, bytes] = {}
    described = add_image(blobs, [layer(entry("a")), layer()], diff_ids=[digest(b"else")])
    return layout(blobs, [described])


def _config_outside() -> dict[str, bytes]:
    return {"manifest.json": json.dumps([{"Config": "../../etc/passwd", "Layers": []}]).encode()}


ARCHIVES: dict[str, tuple[dict[str, bytes], str]] = {
    "layer with another digest": (_damaged("layer", lambda data: gzip.compress(b"else")), "digest|tar"),
    "layer cut off": (_damaged("layer", lambda data: data[:-30]), "damaged"),
    "layer with a tail": (_damaged("layer", lambda data: data + b"\0" * 100), "digest"),
    "layer that is no gzip inside": (_damaged("layer", lambda data: data[:10] + b"x" * 90), "damaged"),
    "layer with another diff_id": (_wrong_diff_id(), "digest"),
    "fewer diff_ids than layers": (_too_few_diff_ids(), "2 layers"),
    "manifest with another digest": (_damaged("manifest", lambda data: data + b" "), "another digest"),
    "configuration with another digest": (_damaged("config", lambda data: data + b" "), "another digest"),
    "digest with a path": (_index_of({"digest": "sha256:../../../../etc/passwd"}), "no digest"),
    "digest of no kind": (_index_of({"digest": "md5:" + "0" * 32}), "no digest"),
    "digest that is a number": (_index_of({"digest": 7}), "no digest"),
    "descriptor that is text": (_index_of("x"), "no digest"),
    "blob that is not there": (_index_of({"digest": digest(b"x")}), "lacks the file"),
    "indexes without end": (_nested_indexes(9), "without end"),
    "index that is no JSON": ({"index.json": b"{"}, "no JSON"),
    "index that is a list": ({"index.json": b"[]"}, "not what it should be"),
    "index nested too deep": ({"index.json": b"[" * 100_000}, "no JSON"),
    "index that is empty": ({"index.json": b"{}"}, "no image"),
    "configuration outside": (_config_outside(), "lacks the file"),
    "neither": ({"a": b""}, "neither an index.json"),
}


def leftovers(folder: Path) -> list[str]:
    """What is in the cache besides its own folders and locks."""
    return [str(path) for name in ("images", "work") for path in (folder / name).rglob("*")]


def refuse(source: Path, tmp_path: Path, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedEngine, "check", lambda self: None)
    monkeypatch.setattr(engine, "RootFolder", lambda path, name: unpack.RootFolder(path, name, SMALL))
    cache = tmp_path / "cache"
    made = EmbeddedEngine(cache=cache)
    with pytest.raises(ImageError, match=word) as raised:
        made.image(str(source), pull="never")
    made.close()
    assert str(raised.value).startswith(str(source))
    assert leftovers(cache) == []
    assert sorted(os.listdir(tmp_path)) == ["cache", source.name]
    assert not os.path.lexists("/tmp/outside")


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers, word = LAYERS[name]
    refuse(oci_archive(tmp_path / "image.tar", *layers), tmp_path, word, monkeypatch)


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, word = ARCHIVES[name]
    refuse(write_archive(tmp_path / "image.tar", files), tmp_path, word, monkeypatch)


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_REASONABLE", 1 << 19)
    monkeypatch.setattr(unpack, "USUAL_LIMITS", unpack.UnpackLimits())
    bomb = oci_archive(tmp_path / "image.tar", layer(entry("zeros", b"\0" * 900_000)))
    refuse(bomb, tmp_path, "grows more than 200 times", monkeypatch)


def test_a_document_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "LARGEST_DOCUMENT", 1000)
    source = write_archive(tmp_path / "image.tar", {"index.json": b" " * 2000})
    refuse(source, tmp_path, "more than", monkeypatch)


def test_a_link_that_leads_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "image.tar"
    with tarfile.open(source, "w") as archive:
        info = tarfile.TarInfo("index.json")
        info.type, info.linkname = tarfile.SYMTYPE, "index.json"
        archive.addfile(info)
    refuse(source, tmp_path, "lacks the file", monkeypatch)


def test_an_outer_archive_that_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = oci_archive(tmp_path / "image.tar", layer(entry("a", b"x" * 100_000)), packed=bytes)
    whole.write_bytes(whole.read_bytes()[:50_000])
    refuse(whole, tmp_path, "damaged|lacks", monkeypatch)


def test_what_is_no_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "image.tar"
    source.write_bytes(b"nothing of the kind" * 1000)
    refuse(source, tmp_path, "is no image archive", monkeypatch)


def test_a_folder_whose_blob_is_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "image"
    source.mkdir()
    (source / "index.json").symlink_to("/etc/passwd")
    refuse(source, tmp_path, "can't be read|neither", monkeypatch)


def test_the_corpus_has_its_size() -> None:
    assert len(LAYERS) + len(ARCHIVES) >= 60
