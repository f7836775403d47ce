"""Which findings another build mends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.reports import DIAGNOSIS, finding

from importguard.diagnosis.parts import CODE, IMAGE, UNPROVEN, part_of
from importguard.model import Finding


def of(rule: str, cause: str, **changes: Any) -> Finding:
    return finding(rule, diagnosis=replace(DIAGNOSIS, cause=cause), **changes)


@pytest.mark.parametrize("cause", ["ignored", "not-copied", "stale-image", "not-declared", "unknown"])
def test_what_is_absent_is_the_image_s(cause: str) -> None:
    assert part_of(of("IG101", cause)) == IMAGE


@pytest.mark.parametrize("cause", ["not-in-source", "removed-or-renamed", "circular", "case-mismatch"])
def test_what_exists_nowhere_is_the_code_s(cause: str) -> None:
    assert part_of(of("IG101", cause)) == CODE


def test_a_limit_of_memory_need_not_be_the_image_s() -> None:
    assert part_of(of("IG107", "out-of-memory")) == UNPROVEN


def test_what_the_start_command_alone_names_wrongly_is_the_image_s() -> None:
    assert part_of(of("IG101", "not-in-source", location=None, chain=())) == IMAGE


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("IG103", IMAGE),
        ("IG104", UNPROVEN),
        ("IG105", CODE),
        ("IG106", UNPROVEN),
        ("IG107", IMAGE),
        ("IG108", UNPROVEN),
    ],
)
def test_without_a_cause_the_rule_tells(rule: str, part: str) -> None:
    assert part_of(finding(rule, diagnosis=None, missing=None)) == part


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ("NameError: name 'csrf' is not defined", CODE),
        ("AttributeError: partially initialized module 'shop' has no attribute 'x'", CODE),
        (
            "AttributeError: module 'x' has no attribute 'y' "
            "(consider renaming 'x.py' if it has the same name as a library you intended to import)",
            CODE,
        ),
        ("AttributeError: 'Honcho' object has no attribute 'apps'", UNPROVEN),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'prompts.json'", UNPROVEN),
    ],
)
def test_an_exception_is_the_code_s_where_it_can_only_fail(message: str, part: str) -> None:
    assert part_of(finding("IG104", diagnosis=None, missing=None, message=message)) == part


def test_what_an_installed_distribution_lacks_or_raises_is_the_image_s() -> None:
    assert part_of(of("IG102", "missing-name", missing="shop.models.Order")) == CODE
    assert part_of(of("IG102", "missing-name", missing="pydantic.BaseSettings")) == IMAGE
    assert part_of(of("IG102", "unknown", missing="pydantic.BaseSettings")) == IMAGE
    raised = {"missing": None, "module": "psycopg.pq", "affected": ("scripts.migrate",)}
    assert part_of(of("IG104", "unknown", **raised)) == IMAGE


def test_a_name_that_a_file_of_the_application_lacks_is_the_code_s_in_a_flat_one_too() -> None:
    flat = {"module": "bot", "missing": "api.Client", "affected": ("bot", "views.buttons")}
    said = "cannot import name 'Client' from 'api' ({}/api.py)"
    assert part_of(of("IG102", "missing-name", message=said.format("/app"), **flat)) == CODE
    site = "/usr/local/lib/python3.13/site-packages"
    assert part_of(of("IG102", "missing-name", message=said.format(site), **flat)) == IMAGE
    assert part_of(of("IG102", "ignored", message=said.format("/app"), **flat)) == IMAGE
