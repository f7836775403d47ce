"""The server's own module is told of only where it fails."""

from __future__ import annotations

from dataclasses import replace

from unit.builders import entry, evidence, failed, imported, no_module

from importguard.evidence.imports import EntryPoint
from importguard.failures.application import sound_programs
from importguard.judging.completeness import find_shortfalls

SERVER = EntryPoint("uvicorn shop:app", "uvicorn.main", "uvicorn.main", None, "ok", is_program=True)


def test_a_server_that_was_imported_well_is_no_module_of_the_application() -> None:
    modules = (imported("shop"), imported("uvicorn.main"))
    assert sound_programs(evidence(*modules, entrypoints=(entry("shop", "ok"), SERVER))) == {"uvicorn.main"}


def test_a_server_that_fails_or_is_checked_itself_is_told() -> None:
    broken = replace(SERVER, outcome="failed")
    assert not sound_programs(evidence(failed("uvicorn.main", no_module("click")), entrypoints=(broken,)))
    modules = (imported("uvicorn.config"), imported("uvicorn.main"))
    assert not sound_programs(evidence(*modules, entrypoints=(SERVER,)))


def test_a_server_alone_is_nothing_that_was_checked() -> None:
    (why,) = find_shortfalls([], evidence(imported("uvicorn.main"), entrypoints=(SERVER,)))
    assert "nothing was imported" in why
