"""not-generated: a module that protoc writes from a ``.proto`` file, and that nobody wrote for the image.

The names are those of the Python plugins of protobuf and gRPC: ``shop.proto`` gives ``shop_pb2.py`` and
``shop_pb2_grpc.py``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Optional

from importguard.diagnosis.declared import names_for
from importguard.diagnosis.situation import CERTAIN, LIKELY, Situation, make_diagnosis
from importguard.diagnosis.tables.distribution_names import UNTOLD, from_table
from importguard.model import Diagnosis, Location
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME
from importguard.source.model import DataFile, Imported

_WRITTEN = re.compile(r"(?:.*\.)?([^.]+)_pb2(?:_grpc)?")


def proto_file_of(module: str) -> Optional[str]:
    """The file that protoc writes the module from: ``shop.proto`` of ``api.shop_pb2_grpc``."""
    match = _WRITTEN.fullmatch(module)
    return f"{match[1]}.proto" if match else None


def is_of_protoc(path: str) -> bool:
    """Whether protoc writes the file: what is changed in it is lost when it is written anew."""
    return proto_file_of(posixpath.splitext(posixpath.basename(path))[0]) is not None


def written_modules_of(package: str, imported: Iterable[Imported]) -> list[str]:
    """The modules of a top-level package that the code asks for and that are called as protoc calls what it
    writes."""
    return [
        target for one in imported if one.name == package for target in one.targets if proto_file_of(target)
    ]


def not_generated(case: Situation) -> Optional[Diagnosis]:
    """The module is called as protoc calls what it writes, and the source has no such file; or it is a
    package that is missing as a whole, and of which such a module is imported."""
    if case.index is None or case.rule not in (MISSING_MODULE, MISSING_NAME):
        return None
    # google.api.annotations_pb2 is a distribution's.
    if case.module_in_source is not None or not (case.is_own_module or "." not in case.missing):
        return None
    proto = proto_file_of(case.missing)
    if proto is None:
        return _of_whole_package(case)
    found = _proto_in_source(case.missing, case, proto)
    if found is not None:
        return _of_proto(case.missing, case, found)
    line = _line_of_protoc(case)
    return make_diagnosis(
        "not-generated",
        LIKELY,
        f"protoc writes it from a {proto}, and the source has neither.",
        f"bring {proto} into the source, and run protoc on it before or while the image is built",
        line or case.import_place,
    )


def _of_whole_package(case: Situation) -> Optional[Diagnosis]:
    """A package that holds only what protoc writes is in no repository that ignores such files."""
    for module in written_modules_of(case.missing, case.source.imported if case.source else ()):
        proto = _proto_in_source(module, case, proto_file_of(module) or "")
        if proto is not None and not _is_of_known_distribution(module, case):
            return _of_proto(module, case, proto)
    return None


def _is_of_known_distribution(module: str, case: Situation) -> bool:
    """Whether a distribution may bring it: copies of google/api/*.proto lie in many a source."""
    known = from_table(module) or names_for(case, module).known
    return bool(known) or module.partition(".")[0] in UNTOLD


def _of_proto(module: str, case: Situation, proto: DataFile) -> Diagnosis:
    folder, line = _folder_to_write_to(module, case), _line_of_protoc(case)
    written = f"protoc writes {'it' if module == case.missing else module} from {proto.path}"
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
        _remedy(module, case, proto, folder),
        below,
    )


def _proto_in_source(module: str, case: Situation, name: str) -> Optional[DataFile]:
    """The file that it is written from: the one whose folders are most like the module's packages."""
    packages = module.split(".")[:-1]
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


def _folder_to_write_to(module: str, case: Situation) -> str:
    """The folder of the image in which the import looks for the module."""
    package = module.rpartition(".")[0]
    resolution = case.clues.resolution_of(package) if package else None
    if resolution is not None and resolution.path:
        is_file = resolution.path.endswith(".py")
        return posixpath.dirname(resolution.path) if is_file else resolution.path
    root = case.evidence.import_path[0] if case.evidence.import_path else "."
    return posixpath.join(root, package.replace(".", "/")) if package else root


def _remedy(module: str, case: Situation, proto: DataFile, folder: str) -> str:
    """The line that generates it. ``-I`` says that the proto's folder is the module's package, as what protoc
    writes for gRPC imports the messages by that name (grpc.io, "Basics tutorial" of Python)."""
    packages = module.split(".")[:-1]
    common = _common_tail(proto.path, packages)
    path = proto.placement.destination if proto.placement else f"/{proto.path}"
    top, out = posixpath.dirname(path), folder
    for _ in range(common):
        top = posixpath.dirname(top)
    for _ in packages:
        out = posixpath.dirname(out)
    mapped = "/".join(packages[: len(packages) - common])
    install = "" if case.providing_distributions("grpc_tools") else "pip install grpcio-tools && "
    include = f"-I{mapped}={top}" if mapped else f"-I{top}"
    outputs = f"--python_out={out} --grpc_python_out={out}"
    run = f"RUN {install}python -m grpc_tools.protoc {include} {outputs} {path}"
    if proto.placement is None:
        return f"copy {proto.path} to {path}, and add '{run}' below that; or generate it before each build"
    return f"add '{run}' below the COPY of {proto.path}; or generate it before each build"


def _line_below(case: Situation, proto: DataFile) -> Optional[int]:
    """The COPY below which the line goes."""
    if proto.placement is not None:
        return proto.placement.line
    nearest = case.index.nearest_copy(proto.path) if case.index else None
    return nearest.line if nearest else None
