"""Make archives of images, sound and hostile, from entries."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from importguard.engines.image_configuration import architecture_name

HERE = architecture_name(platform.machine())
Blobs = dict[str, bytes]


def entry(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, **fields: Any) -> bytes:
    """The header and content of one entry, in pax format."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    form = fields.pop("format", tarfile.PAX_FORMAT)
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(form, "utf-8", "surrogateescape") + data + b"\0" * (-len(data) % 512)


def folder(name: str, mode: int = 0o755, **fields: Any) -> bytes:
    return entry(name, kind=tarfile.DIRTYPE, mode=mode, **fields)


def symlink(name: str, target: str) -> bytes:
    return entry(name, kind=tarfile.SYMTYPE, linkname=target)


def hard_link(name: str, target: str) -> bytes:
    return entry(name, kind=tarfile.LNKTYPE, linkname=target)


def layer(*entries: bytes) -> bytes:
    return b"".join(entries) + b"\0" * 1024


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def add_blob(blobs: Blobs, data: bytes) -> str:
    named = digest(data)
    blobs["blobs/" + named.replace(":", "/")] = data
    return named


def add_image(
    blobs: Blobs,
    layers: Sequence[bytes],
    config: Optional[Mapping[str, Any]] = None,
    architecture: str = HERE,
    packed: Any = gzip.compress,
    diff_ids: Optional[Sequence[str]] = None,
) -> dict[str, Any]:
    """Add an image; give its descriptor."""
    configuration = {
        "os": "linux",
        "architecture": architecture,
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids or map(digest, layers))},
        "history": [{"created_by": "COPY . /app"}],
    }
    manifest = {
        "schemaVersion": 2,
        "config": {"digest": add_blob(blobs, json.dumps(configuration).encode())},
        "layers": [
            {"digest": add_blob(blobs, data), "size": len(data)} for data in (packed(data) for data in layers)
        ],
    }
    return {
        "digest": add_blob(blobs, json.dumps(manifest).encode()),
        "platform": {"os": "linux", "architecture": architecture},
    }


def layout(blobs: Blobs, descriptors: Sequence[Mapping[str, Any]]) -> Blobs:
    """The files of an OCI image layout."""
    index = json.dumps({"schemaVersion": 2, "manifests": list(descriptors)}).encode()
    return {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index, **blobs}


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def oci_archive(path: Path, *layers: bytes, **settings: Any) -> Path:
    """An OCI archive of one image."""
    blobs: Blobs = {}
    described = add_image(blobs, layers, **settings)
    return write_archive(path, layout(blobs, [described]))
