"""What protoc writes, and nobody wrote for the image."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.builders import failed, frame, no_module
from unit.diagnosis.world import (
    candidate,
    clues,
    dist,
    dockerfile_of,
    lacking,
    needs,
    observed,
    only,
    resolves,
    source,
    where,
)

from importguard.diagnosis.not_generated import is_of_protoc, proto_file_of
from importguard.evidence.imports import ModuleImport
from importguard.evidence.surroundings import Distribution
from importguard.source.dockerfile_model import Instruction
from importguard.source.model import DataFile, Imported, Place, Placement, Source

PROTOC = "python -m grpc_tools.protoc"


def tree(*protos: str, run: str = "", placed: bool = True) -> Source:
    """A source with .proto files that line 4 of its Dockerfile copies; ``run`` is line 9."""
    files = tuple(
        DataFile(path, placement=Placement(path, f"/app/{path}", 0, 4) if placed else None) for path in protos
    )
    lines = (Instruction("RUN", run, 9, 0),) if run else ()
    return source(data_files=files, dockerfile=replace(dockerfile_of(), instructions=lines))


@pytest.mark.parametrize(
    ("missing", "proto", "command"),
    [
        ("shop.cart_pb2", "proto/cart.proto", "-Ishop=/app/proto --python_out=/app --"),
        ("shop.cart_pb2_grpc", "cart.proto", "-Ishop=/app --python_out=/app --"),
        ("shop.cart_pb2", "proto/shop/cart.proto", "-I/app/proto --python_out=/app --"),
        ("cart_pb2", "protos/cart.proto", "-I/app/protos --python_out=/app --"),
    ],
)
def test_the_line_that_writes_it_from_the_file_that_the_source_has(
    missing: str, proto: str, command: str
) -> None:
    found = only(lacking(missing), tree("elsewhere/other.proto", proto))
    assert (*where(found), found.confidence) == ("not-generated", ("Dockerfile", 4), "certain")
    assert proto in found.explanation
    assert f"pip install grpcio-tools && {PROTOC} {command}" in found.remedy


@pytest.mark.parametrize(
    ("package", "target", "proto", "cause"),
    [
        ("generated", "generated.cart_pb2_grpc", "proto/cart.proto", "not-generated"),
        ("generated", "generated.v1.cart_pb2", "proto/v1/cart.proto", "not-generated"),
        ("generated", "generated.cart_pb2", "proto/order.proto", "not-declared"),
        ("generated", "generated.cart", "proto/cart.proto", "not-declared"),
        # What a distribution is known to bring is not written here, whatever copies of its files lie about.
        ("google", "google.api.annotations_pb2", "third_party/google/api/annotations.proto", "not-declared"),
    ],
)
def test_a_package_that_is_missing_as_a_whole(package: str, target: str, proto: str, cause: str) -> None:
    asked = Imported(package, Place("shop/main.py", 3), "module", (package, target))
    world = replace(tree(proto), imported=(asked,), requirements=(needs("grpcio"),))
    found = only(lacking(package, clues=clues(distributions=(dist("grpcio"),))), world)
    assert found.cause == cause
    if cause == "not-generated":
        assert f"protoc writes {target} from {proto}" in found.explanation
        assert "-Igenerated=/app/proto --python_out=/app --grpc" in found.remedy


def test_the_tools_are_not_installed_twice() -> None:
    tools = Distribution("grpcio-tools", "1.0", "/site", ("grpc_tools",))
    package = resolves("shop", "package", "/srv/shop/__init__.py")
    image = clues(distributions=(tools,), resolutions=(package,))
    found = only(lacking("shop.cart_pb2", clues=image), tree("cart.proto"))
    assert f"'RUN {PROTOC} -Ishop=/app --python_out=/srv " in found.remedy


def test_a_file_that_no_copy_takes_is_copied_too() -> None:
    found = only(lacking("shop.cart_pb2"), tree("proto/cart.proto", placed=False))
    assert found.remedy.startswith("copy proto/cart.proto to /proto/cart.proto, and add 'RUN ")


def test_the_line_that_runs_protoc_is_the_one_to_change() -> None:
    found = only(lacking("shop.cart_pb2"), tree("cart.proto", run=f"RUN {PROTOC} --python_out=/tmp *.proto"))
    assert where(found) == ("not-generated", ("Dockerfile", 9))
    assert found.remedy.startswith("have Dockerfile:9 write it into /app/shop")


def test_what_has_no_proto_is_said_to_be_generated_and_is_no_distribution() -> None:
    found = only(lacking("cart_pb2"), tree())
    assert (found.cause, found.confidence) == ("not-generated", "likely")
    assert "cart.proto" in found.remedy


@pytest.mark.parametrize(
    ("missing", "cause"),
    [("google.api.annotations_pb2", "not-declared"), ("shop.pb2", "not-in-source")],
)
def test_what_is_no_file_of_the_applications_protoc_has_another_cause(missing: str, cause: str) -> None:
    assert only(lacking(missing), tree("annotations.proto", "pb2.proto")).cause == cause


@pytest.mark.parametrize(("importer", "edits"), [("shop.cart_pb2_grpc", False), ("shop.main", True)])
def test_a_line_that_protoc_writes_is_not_to_be_edited(importer: str, edits: bool) -> None:
    known = clues(candidates=(candidate("cart_pb2", "/app/shop/cart_pb2.py", "/app/shop"),))
    written = ModuleImport("shop.cart_pb2", "/app/shop/cart_pb2.py", "imported")
    broken = failed(importer, no_module("cart_pb2", frame(importer, 3)))
    found = only(observed(broken, written, clues=known), tree("cart.proto"))
    assert (found.cause, "or import it as" in found.remedy) == ("copied-elsewhere", edits)


def test_names_that_protoc_gives() -> None:
    assert proto_file_of("api.v1.cart_pb2_grpc") == proto_file_of("cart_pb2") == "cart.proto"
    assert proto_file_of("api.pb2") is None
    assert is_of_protoc("gen/cart_pb2_grpc.py")
    assert not is_of_protoc("gen/cart.py")
