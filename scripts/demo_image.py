"""Makes an OCI archive of the demo's application with the Python of this machine: no engine is needed.

Usage: demo_image.py CONTEXT PACKAGES ARCHIVE

The archive has what the Dockerfile of CONTEXT would give it: an interpreter with its standard library and the
shared libraries that it needs, the packages of requirements.txt (PACKAGES is a folder of ``pip install
--target``) in a virtual environment, and of the application what .dockerignore lets in.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Callable

from importguard.source.dockerfile.dockerignore import Ignore, read_patterns

ENVIRONMENT = "/opt/venv"
SITE = f"{ENVIRONMENT}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
LEFT_OUT = {
    *("test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3"),
    *("__pycache__", "site-packages", "dist-packages"),
}
CONFIGURATION = {
    "Env": [f"PATH={ENVIRONMENT}/bin:/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED=1"],
    "WorkingDir": "/app",
    "ExposedPorts": {"8080/tcp": {}},
    "Cmd": ["sh", "-c", "exec uvicorn netra_backend.app.main:app --host 0.0.0.0 --port ${PORT:-8080}"],
}
UVICORN = f"#!{ENVIRONMENT}/bin/python3\nfrom uvicorn.main import main\nmain()\n"
INTERPRETER, APPLICATION = "COPY python /", "COPY netra_backend/ netra_backend/"
TYPES = "application/vnd.oci.image"


def shared_libraries(programs: list[Path]) -> set[str]:
    """The shared libraries that programs need, with the loader, by ldd(1)."""
    done = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False)
    return {word for word in done.stdout.split() if word.startswith("/") and not word.endswith(":")}


def only_runtime(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out of the standard library tests and what is linked with, not run."""
    name = Path(member.name).name
    return None if name in LEFT_OUT or name.startswith("config-") or name.endswith(".a") else member


def add_entry(layer: tarfile.TarFile, name: str, text: str = "", mode: int = 0o644, **fields: Any) -> None:
    """Add a file of that text, or what the fields of its header say."""
    member = tarfile.TarInfo(name.lstrip("/"))
    member.mode, member.size = mode, len(text)
    for field, value in fields.items():
        setattr(member, field, value)
    layer.addfile(member, io.BytesIO(text.encode()))


def add_interpreter(layer: tarfile.TarFile, packages: Path) -> None:
    """Add this Python where it lies on this machine, and a virtual environment of it with the packages."""
    program, standard = Path(os.path.realpath(sys.executable)), Path(sysconfig.get_path("stdlib"))
    programs = [program, Path("/bin/sh"), *standard.glob("lib-dynload/*.so"), *packages.rglob("*.so")]
    for file in {str(program), "/bin/sh", *shared_libraries(programs)}:
        layer.add(os.path.realpath(file), file)
    for path in standard.iterdir():
        layer.add(path, filter=only_runtime)
    layer.add(packages, SITE)
    add_entry(layer, f"{ENVIRONMENT}/pyvenv.cfg", f"home = {program.parent}\n")
    add_entry(layer, f"{ENVIRONMENT}/bin/python3", type=tarfile.SYMTYPE, linkname=str(program))
    add_entry(layer, f"{ENVIRONMENT}/bin/uvicorn", UVICORN, 0o755)
    add_entry(layer, "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    add_entry(layer, "/tmp", mode=0o1777, type=tarfile.DIRTYPE)


def add_application(layer: tarfile.TarFile, context: Path) -> None:
    """Add what the Dockerfile copies, but for what .dockerignore keeps out of the build."""
    ignore = Ignore(read_patterns((context / ".dockerignore").read_text("utf-8")))
    for path in sorted((context / "netra_backend").rglob("*")):
        name = path.relative_to(context).as_posix()
        if path.is_file() and ignore.excluding_pattern(name) is None:
            layer.add(path, f"/app/{name}")


def write_archive(path: Path, layers: dict[str, Callable[[tarfile.TarFile], None]]) -> None:
    """Write an OCI image layout as one tar file (OCI image-spec, image-layout.md)."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(path, "w") as archive:

        def add_blob(data: Path, kind: str) -> dict[str, Any]:
            with data.open("rb") as stream:
                digest = hashlib.sha256()
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
            archive.add(data, f"blobs/sha256/{digest.hexdigest()}")
            size = data.stat().st_size
            return {"mediaType": f"{TYPES}.{kind}", "digest": f"sha256:{digest.hexdigest()}", "size": size}

        def add_document(document: dict[str, Any], kind: str) -> dict[str, Any]:
            data = Path(folder, kind)
            data.write_text(json.dumps(document))
            return add_blob(data, kind)

        described = []
        for number, fill in enumerate(layers.values()):
            data = Path(folder, f"layer{number}")
            with tarfile.open(data, "w") as layer:
                fill(layer)
            described.append(add_blob(data, "layer.v1.tar"))
        diffs = {"type": "layers", "diff_ids": [layer["digest"] for layer in described]}
        configuration = {
            "os": "linux",
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "config": CONFIGURATION,
            "rootfs": diffs,
            "history": [{"created_by": step} for step in layers],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{TYPES}.manifest.v1+json",
            "config": add_document(configuration, "config.v1+json"),
            "layers": described,
        }
        index = {"schemaVersion": 2, "manifests": [add_document(manifest, "manifest.v1+json")]}
        for name, document in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
            add_entry(archive, name, json.dumps(document))


def main() -> None:
    context, packages, archive = map(Path, sys.argv[1:])
    write_archive(
        archive,
        {
            INTERPRETER: lambda layer: add_interpreter(layer, packages),
            APPLICATION: lambda layer: add_application(layer, context),
        },
    )


if __name__ == "__main__":
    main()
