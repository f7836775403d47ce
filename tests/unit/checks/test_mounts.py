"""IG404: mounts of compose files and manifests over modules of the image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import pytest
from unit.builders import ModuleImport, evidence, failed, imported, no_module
from unit.diagnosis.world import source

from importguard.checks.mounts import check_hiding_mounts
from importguard.model import Finding, Location, Severity
from importguard.source.model import Mount, Place

PLUGINS = ("shop/plugins/__init__.py", "shop/plugins/mail.py")


def mount(kind: str = "emptyDir", target: str = "/app/shop/plugins", origin: str = "", **more: Any) -> Mount:
    place = Place("deploy.yaml", 12, "- mountPath: /app/shop/plugins")
    return replace(Mount(place, kind, target, origin), **more)


def found(*mounts: Mount, modules: Optional[tuple[ModuleImport, ...]] = None) -> list[Finding]:
    copied = {path: f"/app/{path}" for path in PLUGINS}
    given = modules or (imported("shop.main"), imported("shop.plugins.mail"))
    return check_hiding_mounts(evidence(*given), source(*PLUGINS, copied=copied, mounts=mounts))


@pytest.mark.parametrize(
    ("kind", "confidence"),
    [("emptyDir", "likely"), ("tmpfs", "likely"), ("volume", "possible"), ("pvc", "likely")],
)
def test_what_hides_modules_names_both_lines(kind: str, confidence: str) -> None:
    (finding,) = found(mount(kind, build="."))
    assert (finding.rule.id, finding.module, finding.severity) == (
        "IG404",
        "shop.plugins.mail",
        Severity.WARNING,
    )
    assert finding.diagnosis is not None
    assert finding.diagnosis.cause == "hidden-by-mount"
    assert finding.diagnosis.location == Location("deploy.yaml", 12)
    assert "Dockerfile:4 copies" in finding.diagnosis.explanation
    assert finding.diagnosis.confidence == confidence
    # The module imports here: it is not said to fail.
    assert finding.affected == ()


@pytest.mark.parametrize(
    "other",
    [
        mount(target="/app/shop/plug"),
        mount(target="/data"),
        mount(target="/app/shop/plugins/mail.py"),
        mount("dockerfile"),
        mount("other"),
        mount(build="worker"),
        mount("bind", origin="/srv/plugins"),
        mount("bind", origin="../plugins"),
        mount("bind", "/app", "."),
        mount("bind", "/app/shop", "shop"),
    ],
    ids=lambda one: f"{one.kind} {one.origin} {one.target} {one.build}",
)
def test_what_hides_nothing_or_cannot_be_told(other: Mount) -> None:
    assert found(other) == []


def test_the_same_mount_of_several_services_is_one_finding() -> None:
    """The one that is of this image for certain is shown first, the lines of the others after it."""
    mounts = [
        mount("bind", origin="other", place=Place("compose.yaml", line, "- ./other:/app"), build=build)
        for line, build in ((4, None), (7, "."), (10, "."))
    ]
    (finding,) = found(*mounts)
    assert finding.location == Location("compose.yaml", 7)
    assert finding.diagnosis is not None
    assert finding.diagnosis.confidence == "likely"
    assert finding.diagnosis.explanation.endswith(" The same mount is at compose.yaml:4, compose.yaml:10.")
    assert len(found(*mounts, mount("bind", origin="another"))) == 2


def test_a_folder_of_the_source_that_lacks_them() -> None:
    (finding,) = found(mount("bind", "/app/shop/plugins", "local-plugins"))
    assert "the folder local-plugins" in finding.message


def test_a_module_that_does_not_import_has_a_finding_already() -> None:
    assert found(mount(), modules=(failed("shop.plugins.mail", no_module("redis")),)) == []
