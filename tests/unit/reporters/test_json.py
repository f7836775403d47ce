"""The JSON report against its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
from unit.builders import (
    IMAGE,
    ended,
    entry,
    evidence,
    failed,
    frame,
    imported,
    no_module,
    raised,
    site,
    unchecked,
)

import importguard
from importguard.config import Config
from importguard.errors import ImageError
from importguard.progress import QuietProgress
from importguard.report import Report
from importguard.reporters.json import render
from importguard.rules import RULES
from importguard.validation import validate

SCHEMA = json.loads(
    Path(importguard.__file__).with_name("schemas").joinpath("report.schema.json").read_text()
)


class Engine:
    def image(self, reference: str, **options: Any) -> Any:
        if reference == "lost":
            raise ImageError("lost: there is no such image")
        return IMAGE

    def run(self, *arguments: Any) -> Any:
        raise AssertionError

    def close(self) -> None: ...


def report(*modules: Any, **changes: Any) -> Report:
    return validate(
        Config(images=("shop:1.4", "lost")),
        QuietProgress(),
        engine=Engine(),
        inspector=lambda *_: evidence(*modules, **changes),
    )


def everything() -> Report:
    unset = raised(("KeyError", "'DATABASE_URL'", None), frames=[frame("os", 1, "__getitem__")])
    return report(
        imported("shop"),
        failed("shop.main", no_module("redis", frame("shop.main", 2), frame("shop.a", 3))),
        failed("shop.conf", unset),
        ended("shop.b", "crashed", "signal SIGSEGV"),
        unchecked("shop.c"),
        entrypoints=(entry("shop.main", "failed"),),
        sites=(site("shop.main", "stripe"),),
    )


def started() -> Report:
    """The same, where a start showed what the first cause does."""
    whole = everything()
    first, *rest = whole.images[0].findings
    told = replace(first, symptoms=(replace(first, rule=RULES["IG501"], module="python3 -m shop"),))
    return replace(whole, images=(replace(whole.images[0], findings=(told, *rest)), *whole.images[1:]))


def test_it_matches_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(render(started())), SCHEMA, jsonschema.Draft202012Validator)


def test_the_schema_describes_every_field() -> None:
    _same_fields(json.loads(render(started())), SCHEMA)


def _same_fields(value: Any, schema: dict[str, Any]) -> None:
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, dict):
        assert set(value) == set(schema["properties"])
        assert set(value) == set(schema["required"])
        for name, inner in value.items():
            _same_fields(inner, schema["properties"][name])
    elif isinstance(value, list):
        for inner in value:
            _same_fields(inner, schema["items"])


def test_counts() -> None:
    summary = json.loads(render(everything()))["images"][0]["summary"]
    assert summary == {
        "modules": 5,
        "imported": 1,
        "failed": 3,
        "skipped": 0,
        "unchecked": 1,
        "causes": 4,
        "errors": 3,
        "warnings": 1,
        "suppressed": 0,
        "seconds": 1.25,
    }


def test_an_image_that_could_not_be_checked_is_in_the_report() -> None:
    lost = json.loads(render(everything()))["images"][1]
    assert lost["image"] == {"name": None, "reference": "lost", "id": None, "platform": None}
    assert lost["error"] == "lost: there is no such image"
    assert lost["complete"] is False


def test_hostile_text_stays_valid_unicode_and_ascii() -> None:
    text = render(report(failed("shop.\udcff", raised(("ValueError", "\x1b[2J\u202e \ud800 é\n", None)))))
    assert text.isascii()
    finding = json.loads(text)["images"][0]["findings"][0]
    assert finding["module"] == "shop.\\udcff"
    assert finding["message"] == "ValueError: \x1b[2J\u202e \\ud800 é\n"
