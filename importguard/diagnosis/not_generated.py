"""not-generated: a module that protoc writes from a ``.proto`` file, and that nobody wrote for the image.

The names are those of the Python plugins of protobuf and gRPC: ``shop.proto`` gives ``shop_pb2.py`` and
``shop_pb2_grpc.py``.
"""

from __future__ import annotations

import posixpath
import re
from typing import Optional

from importguard.diagnosis.situation import CERTAIN, LIKELY, Situation, make_diagnosis
from importguard.model import Diagnosis, Location
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME
from importguard.source.model import DataFile

_WRITTEN = re.compile(r"(?:.*\.)?([^.]+)_pb2(?:_grpc)?")


def proto_file_of(module: str) -> Optional[str]:
    """The file that protoc writes the module from: ``shop.proto`` of ``api.shop_pb2_grpc``."""
    match = _WRITTEN.fullmatch(module)
    return f"{match[1]}.proto" if match else None


def is_of_protoc(path: str) -> bool:
    """Whether protoc writes the file: what is changed in it is lost when it is written anew."""
    return proto_file_of(posixpath.splitext(posixpath.basename(path))[0]) is not None


def not_generated(case: Situation) -> Optional[Diagnosis]:
    """The module is called as protoc calls what it writes, and the source has no such file."""
    proto = proto_file_of(case.missing)
    if proto is None or case.index is None or case.rule not in (MISSING_MODULE, MISSING_NAME):
        return None
    # google.api.annotations_pb2 is a distribution's.
    if case.module_in_source is not None or not (case.is_own_module or "." not in case.missing):
        return None
    found, line = _proto_in_source(case, proto), _line_of_protoc(case)
    if found is not None:
        return _of_proto(case, found, line)
    return make_diagnosis(
        "not-generated",
        LIKELY,
        f"protoc writes it from a {proto}, and the source has neither.",
        f"bring {proto} into the source, and run protoc on it before or while the image is built",
        line or case.import_place,
    )


def _of_proto(case: Situation, proto: DataFile, line: Optional[Location]) -> Diagnosis:
    folder, written = _folder_to_write_to(case), f"protoc writes it from {proto.path}"
    if line is not None:
        where = f"{line.path}:{line.line}"
        return make_diagnosis(
            "not-generated",
            CERTAIN,
            f"{written}, and {where}, which runs protoc, does not put it here.",
            f"have {where} write it into {folder}, or copy it there from the stage that it is written in",
            line,
        )
    dockerfile = case.source.dockerfile if case.source else None
    below = Location(dockerfile.path, _line_below(case, proto)) if dockerfile else case.import_place
    return make_diagnosis(
        "not-generated",
        CERTAIN,
        f"{written}: the source does not have it, and no line of the Dockerfile names protoc.",
        _remedy(case, proto, folder),
        below,
    )


def _proto_in_source(case: Situation, name: str) -> Optional[DataFile]:
    """The file that it is written from: the one whose folders are most like the module's packages."""
    packages = case.missing.split(".")[:-1]
    files = case.source.data_files if case.source else ()
    named = [one for one in files if posixpath.basename(one.path) == name]
    return max(named, key=lambda one: (_common_tail(one.path, packages), -one.path.count("/")), default=None)


def _common_tail(path: str, packages: list[str]) -> int:
    """How many of the innermost folders of the file are the innermost packages of the module."""
    count = 0
    for folder, package in zip(reversed(path.split("/")[:-1]), reversed(packages)):
        if folder != package:
            break
        count += 1
    return count


def _line_of_protoc(case: Situation) -> Optional[Location]:
    dockerfile = case.source.dockerfile if case.source else None
    lines = dockerfile.instructions if dockerfile else ()
    found = next((one for one in lines if one.keyword == "RUN" and "protoc" in one.text + one.heredoc), None)
    return Location(dockerfile.path, found.line) if dockerfile and found else None


def _folder_to_write_to(case: Situation) -> str:
    """The folder of the image in which the import looks for the module."""
    package = case.missing.rpartition(".")[0]
    resolution = case.clues.resolution_of(package) if package else None
    if resolution is not None and resolution.path:
        is_file = resolution.path.endswith(".py")
        return posixpath.dirname(resolution.path) if is_file else resolution.path
    root = case.evidence.import_path[0] if case.evidence.import_path else "."
    return posixpath.join(root, package.replace(".", "/")) if package else root


def _remedy(case: Situation, proto: DataFile, folder: str) -> str:
    """The line that generates it: ``-I`` names the folder from which the proto's path is the module's."""
    packages = case.missing.split(".")[:-1]
    common = _common_tail(proto.path, packages)
    path = proto.placement.destination if proto.placement else f"/{proto.path}"
    top, out = posixpath.dirname(path), folder
    for _ in range(common):
        top, out = posixpath.dirname(top), posixpath.dirname(out)
    install = "" if case.providing_distributions("grpc_tools") else "pip install grpcio-tools && "
    outputs = f"--python_out={out} --grpc_python_out={out}"
    run = f"RUN {install}python -m grpc_tools.protoc -I{top} {outputs} {path}"
    if proto.placement is None:
        return f"copy {proto.path} to {path}, and add '{run}' below that; or generate it before each build"
    return f"add '{run}' below the COPY of {proto.path}; or generate it before each build"


def _line_below(case: Situation, proto: DataFile) -> Optional[int]:
    """The COPY below which the line goes."""
    if proto.placement is not None:
        return proto.placement.line
    nearest = case.index.nearest_copy(proto.path) if case.index else None
    return nearest.line if nearest else None
