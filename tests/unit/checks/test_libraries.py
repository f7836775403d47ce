"""IG103 as a warning, of what nothing imports."""

from __future__ import annotations

from unit.builders import evidence, failed, frame, imported, raised

from importguard.checks import run_checks
from importguard.checks.libraries import check_shared_libraries
from importguard.diagnosis.causes import diagnose_findings
from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Clues, Extension, System
from importguard.model import Severity

SITE = "/usr/lib/python3/dist-packages"
DRIVER = Extension("psycopg2._psycopg", f"{SITE}/psycopg2/_psycopg.so", not_found=("libpq.so.5",))


def lacking(*modules: ModuleImport) -> Evidence:
    clues = Clues(System("debian"), {}, (), unloaded=(DRIVER,))
    return evidence(imported("shop"), *modules, clues=clues)


def test_a_library_that_nothing_asked_for_is_a_warning() -> None:
    (found,) = diagnose_findings(run_checks(lacking()), lacking(), None)
    assert (found.rule.id, found.severity, found.missing) == ("IG103", Severity.WARNING, "libpq.so.5")
    assert found.message.startswith("'import psycopg2' would fail: libpq.so.5: ")
    assert found.diagnosis is not None
    assert found.diagnosis.cause == "missing-shared-library"
    assert "libpq5" in found.diagnosis.remedy


def test_what_a_failed_import_says_is_not_said_twice() -> None:
    message = "libpq.so.5: cannot open shared object file: No such file or directory"
    failure = raised(("ImportError", message, None), frames=[frame("shop.db", 1)])
    assert check_shared_libraries(lacking(failed("shop.db", failure))) == []
    assert len(run_checks(lacking(failed("shop.db", failure)))) == 1


def test_without_clues_nothing_is_said() -> None:
    assert check_shared_libraries(evidence(imported("shop"))) == []
