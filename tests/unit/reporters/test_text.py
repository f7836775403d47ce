"""The report for people."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
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
    skipped,
)

from importguard.config import Config
from importguard.errors import ImageError
from importguard.evidence.imports import Preparation
from importguard.evidence.inspection import Evidence
from importguard.model import Diagnosis, Location
from importguard.progress import QuietProgress
from importguard.report import Report
from importguard.reporters.text import render
from importguard.rules.source import SOURCE_LACKS
from importguard.terminal import escape_text, fit_encoding
from importguard.validation import validate


class Engine:
    def image(self, reference: str, **options: Any) -> Any:
        if reference == "lost":
            raise ImageError("lost: there is no such image. Check its name")
        return replace(IMAGE, reference=reference)

    def run(self, *arguments: Any) -> Any:
        raise AssertionError

    def close(self) -> None: ...


def report(observed: Evidence, *images: str) -> Report:
    config = Config(images=images or ("shop:1.4",))
    return validate(config, QuietProgress(), engine=Engine(), inspector=lambda *_: observed)


def broken() -> Evidence:
    way = [frame("shop.main", 2), frame("shop.core.factory", 9), frame("shop.core.monitor", 4)]
    return evidence(
        *(imported(f"shop.m{number}") for number in range(5)),
        *(failed(f"shop.r{number}", no_module("redis", frame(f"shop.r{number}", 1))) for number in range(9)),
        failed("shop.core.monitor", no_module("redis", way[-1])),
        failed("shop.main", no_module("redis", *way), culprit="shop.core.monitor"),
        entrypoints=(entry("shop.main", "failed"),),
        sites=(site("shop.main", "stripe", 7),),
    )


def test_a_passing_report_is_short_and_says_what_was_checked() -> None:
    observed = evidence(
        imported("shop"),
        imported("shop.a"),
        skipped("shop.tests", "tests"),
        entrypoints=(entry("shop", "ok"),),
    )
    assert render(report(observed)) == (
        "importguard  shop:1.4  (sha256:0123456789ab, linux/amd64, CPython 3.13.5, user\n"
        "  root)\n"
        "\n"
        "✓ All 2 modules import.\n"
        "  What starts it can be loaded: uvicorn shop:app.\n"
        "\n"
        "2 imported · 1 skipped · 1.2 s\n"
        "Left out: 1 in tests; --include-tests checks the tests too.\n"
    )


def test_a_failing_report() -> None:
    text = render(report(broken()), width=100)
    assert "✗ 11 of 16 modules do not import, from 1 cause.\n" in text
    assert "1 more missing module is behind them and would fail next." in text
    assert "2 findings break startup (uvicorn shop.main:app)." in text
    assert re.search(r"^1\. IG101 missing-module  redis +breaks startup · 11 modules$", text, re.M)
    assert "   imported at shop/core/monitor.py:4\n" in text
    assert "   shop.main → …core.factory → …core.monitor\n" in text
    assert re.search(
        r"^2\. IG101 missing-module  stripe +breaks startup · would fail next · 1 module$", text, re.M
    )
    assert "5 imported · 11 failed · 1.2 s\n" in text


def diagnosed(*lines: int) -> Report:
    """Two findings, by .dockerignore's lines."""
    found = report(broken())
    (image,) = found.images
    findings = [
        replace(
            finding,
            diagnosis=Diagnosis(
                "ignored",
                "The source has it.",
                "add the line below it",
                Location(".dockerignore", line),
                "likely",
                "**/x/",
                f"!{finding.missing}/",
                ("on the disk: x",),
            ),
        )
        for finding, line in zip(image.findings, lines)
    ]
    return Report((replace(image, findings=tuple(findings)),))


def test_the_cause_comes_first() -> None:
    lines = render(diagnosed(22, 22), width=100).splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("1. "))
    assert lines[first + 1 : first + 5] == [
        "   cause: ignored (likely) at .dockerignore:22",
        "   The source has it.",
        "   try: add the line below it",
        "   No module named 'redis'",
    ]
    assert "evidence: on the disk: x" in render(diagnosed(22, 22), verbose=True)
    assert "evidence:" not in render(diagnosed(22, 22))


def test_each_line_to_change_is_named_once() -> None:
    text = render(diagnosed(22, 22))
    assert (
        "Lines to change:\n"
        ".dockerignore:22  **/x/\n"
        "   ignored: redis, stripe\n"
        "   add: !redis/\n"
        "   add: !stripe/\n"
    ) in text
    two = render(diagnosed(22, 23))
    assert ".dockerignore:22  **/x/\n   ignored: redis\n" in two
    assert ".dockerignore:23  **/x/\n   ignored: stripe\n" in two
    (image,) = diagnosed(22, 22).images
    rename = [replace(one, diagnosis=replace(one.diagnosis, change=None)) for one in image.findings]
    # There is nothing to add.
    assert "Lines to change" not in render(Report((replace(image, findings=tuple(rename)),)))
    # One finding says it itself.
    assert "Lines to change" not in render(diagnosed(22))


def test_long_lists_are_cut_with_a_count_and_verbose_shows_all() -> None:
    cut = render(report(broken()))
    assert "… and 6 more" in cut
    assert "shop.r8" not in cut
    assert "shop.r8" in render(report(broken()), verbose=True)


def many(number: int) -> Report:
    """An image with that many findings, every second one in the code."""
    failures = [no_module("lib"), raised(("ValueError", "two\nlines " + "of words " * 30, None))]
    modules = [imported("shop"), *(failed(f"shop.m{n}", failures[n % 2]) for n in range(number))]
    found = report(evidence(*modules, entrypoints=(entry("shop", "ok"),)))
    (image,) = found.images
    first = image.findings[0]
    others = [replace(first, missing=f"lib{n}") for n in range(number // 2)]
    return Report((replace(image, findings=(*others, *image.findings[1:])),))


def test_a_report_of_many_findings_fits_a_few_pages_and_names_each() -> None:
    lines = render(many(78), width=110).splitlines()
    assert len(lines) <= 120
    numbers = [line.split(".")[0] for line in lines if re.match(r"\d+\. IG", line)]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert len(numbers) == 78
    assert re.search(
        r"^40\. IG104  shop\.m1 · import-raises · not loaded at startup  shop/", "\n".join(lines), re.M
    )
    whole = render(many(78), width=110, verbose=True)
    assert len(whole.splitlines()) > 300
    assert "-v shows all" not in whole


def test_more_findings_than_fit_are_counted() -> None:
    text = render(many(400), width=110)
    assert len(text.splitlines()) <= 120
    assert re.search(r"^… and \d+ more findings; -v shows all$", text, re.M)


@pytest.mark.parametrize("number", [60, 78, 100])
def test_those_that_stand_between_others_are_counted_with_their_empty_lines(number: int) -> None:
    (image,) = many(number).images
    mixed = [replace(one, loaded_at_startup=at % 2 == 0) for at, one in enumerate(image.findings)]
    assert len(render(Report((replace(image, findings=tuple(mixed)),)), width=110).splitlines()) <= 120


def test_few_findings_are_shown_in_full() -> None:
    assert len(re.findall(r"^\d\. IG\d+ \S+  ", render(many(6), width=110), re.M)) == 6


def test_what_is_wrong_with_the_image_is_apart_from_what_is_wrong_with_the_code() -> None:
    lines = render(many(4), width=110).splitlines()
    image = lines.index("The image is wrong: left out, not copied or not installed (2 findings)")
    code = lines.index("The image, its environment or the code is wrong: not proven which (2 findings)")
    assert image < lines.index(next(line for line in lines if line.startswith("2. IG101"))) < code
    assert code < lines.index(next(line for line in lines if line.startswith("3. IG104")))


def test_a_finding_takes_twelve_lines() -> None:
    (image,) = report(broken()).images
    told = Diagnosis("ignored", "why " * 200, "do " * 60, Location("x", 1), "certain")
    finding = replace(image.findings[0], message="word\n" * 40, diagnosis=told)
    (line,) = (render(Report((replace(image, findings=(finding,)),)), width=width) for width in (80,))
    block = line.split("\n\n")[3].splitlines()
    assert len(block) == 12
    assert "   word" in block
    assert block[-1] == "   imported at shop/core/monitor.py:4"
    assert sum("-v shows all" in one for one in block) == 1


def test_a_place_is_named_once() -> None:
    (image,) = report(broken()).images
    why = (
        "'**/x/' at .dockerignore:22 keeps it out of what shop.core.monitor (shop/core/monitor.py:4) imports."
    )
    told = Diagnosis("ignored", why, "narrow it", Location(".dockerignore", 22), "certain")
    text = render(Report((replace(image, findings=(replace(image.findings[0], diagnosis=told),)),)))
    assert text.count(".dockerignore:22") == 1
    assert "cause: ignored at .dockerignore:22" in text
    assert text.count("shop/core/monitor.py:4") == 1


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = evidence(failed("shop." + "x" * 300, raised(("ValueError", "y" * 500, None))))
    for observed in (broken(), long):
        assert max(map(len, render(report(observed), width=width).splitlines())) <= width


def test_colours_only_where_wanted() -> None:
    assert "\x1b" not in render(report(broken()))
    assert "\x1b[1;31m✗" in render(report(broken()), color=True)


def test_nothing_from_an_image_reaches_the_terminal_raw() -> None:
    hostile = "\x1b[2J\x9b\u202e\u2028\ud800\r\x00"
    observed = evidence(
        failed("shop.a" + hostile, raised(("ValueError", hostile + "\n✓ All fine", None))),
        ended("shop.b", "exited", "exit code 0", output=hostile),
        entrypoints=(entry("shop.a" + hostile, "failed"),),
        notes=(hostile,),
        details=(hostile,),
    )
    text = render(report(observed), color=False, verbose=True)
    assert not set(text) & set(hostile.replace("[2J", ""))
    assert not re.search(r"^✓", text, re.M)


def test_escape() -> None:
    assert escape_text("a\nb\x1b[1m\u202e\U000e0041é") == "a\\nb\\x1b[1m\\u202e\\U000e0041é"


def test_an_image_that_could_not_be_checked_says_what_to_do() -> None:
    text = render(report(broken(), "lost"))
    assert "! This image could not be checked: lost: there is no such image. Check its name" in text
    assert "imported ·" not in text


def test_several_images_end_with_an_overview() -> None:
    lines = render(report(broken(), "shop:1.4", "lost")).splitlines()
    assert lines[-2:] == ["✗ shop:1.4: 2 findings", "! lost: not checked"]


def test_what_keeps_it_from_starting_is_said_first() -> None:
    observed = evidence(
        imported("shop"), imported("shop.a"), entrypoints=(entry("shop", "missing_attribute"),)
    )
    text = render(report(observed))
    assert "✗ 1 finding breaks startup (uvicorn shop:app).\n  All 2 modules import.\n" in text
    prepared = evidence(
        imported("shop"), preparation=Preparation("django.setup()", "failed", no_module("cors"))
    )
    assert "✗ 1 finding breaks startup.\n  The module imports.\n" in render(report(prepared))
    assert "django.setup() failed, so the modules were judged without it." in render(report(prepared))


def test_an_image_without_a_name_is_called_by_its_id() -> None:
    text = render(report(evidence(imported("shop")), IMAGE.id))
    assert text.startswith("importguard  sha256:0123456789ab  (linux/amd64, ")


def test_singular() -> None:
    text = render(report(evidence(failed("shop", no_module("redis")))))
    assert "✗ 1 of 1 module does not import, from 1 cause." in text
    assert "The module imports." in render(report(evidence(imported("shop"))))


def test_drift_is_no_cause_of_a_failed_import() -> None:
    judged = report(evidence(failed("shop", no_module("redis"))))
    image = judged.images[0]
    drift = replace(image.findings[0], rule=SOURCE_LACKS, breaks_startup=False)
    both = replace(judged, images=(replace(image, findings=(*image.findings, drift)),))
    assert "1 of 1 module does not import, from 1 cause." in render(both)


def test_an_incomplete_check_says_why_and_is_no_success() -> None:
    observed = evidence(imported("shop"), complete=False, error="the probe died")
    text = render(report(observed))
    assert "! The check is not complete: the probe died" in text
    assert "✓" not in text


def test_a_narrow_encoding_gets_plain_characters() -> None:
    assert fit_encoding("✗ a → b · …", "ascii") == "x a -> b - ..."
    assert fit_encoding("ж", "latin-1") == "\\u0436"
    assert fit_encoding("✗ →", "utf-8") == "✗ →"
