"""The flow, with an engine and an inspector written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Optional

import pytest
from unit.builders import (
    IMAGE,
    ended,
    entry,
    evidence,
    failed,
    imported,
    no_module,
    raised,
    skipped,
    unchecked,
)

from importguard.config import Build, Config
from importguard.engines.base import Engine, Image, Limits, Run
from importguard.errors import EngineError, ImageError, InspectionError, UsageError
from importguard.evidence.imports import EntryPoint, Preparation
from importguard.evidence.inspection import Evidence
from importguard.judging.exit_codes import exit_code
from importguard.policy.model import Ignore, Policy
from importguard.progress import Progress, QuietProgress
from importguard.report import Report
from importguard.validation import Inspector, validate, validate_all


class Shelf:
    """An engine whose images are given."""

    def __init__(self, **errors: Exception) -> None:
        self.errors = errors
        self.closed = 0

    def image(self, reference: str, *, pull: str, platform: Optional[str]) -> Image:
        if reference in self.errors:
            raise self.errors[reference]
        return replace(IMAGE, reference=reference)

    def run(self, image: Image, command: Sequence[str], env: Sequence[str], limits: Limits) -> Run:
        raise AssertionError("the inspector is a fake")

    def check(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1


def seeing(observed: Evidence) -> Inspector:
    def inspect(
        engine: Engine, image: Image, config: Config, progress: Progress, meanwhile: object
    ) -> Evidence:
        return observed

    return inspect


def run(
    *references: str, observed: Optional[Evidence] = None, env: tuple[str, ...] = (), **errors: Exception
) -> Report:
    config = Config(images=references or ("shop",), env=env)
    inspector = seeing(observed or evidence(imported("shop.main"), entrypoints=(entry("shop.main", "ok"),)))
    return validate(config, QuietProgress(), engine=Shelf(**errors), inspector=inspector)


def test_a_sound_image_passes() -> None:
    report = run()
    (image,) = report.images
    assert (image.complete, image.error, image.findings, image.exit_code) == (True, None, (), 0)
    assert image.image.reference == "shop"
    assert exit_code(report, "error") == 0


def test_each_module_names_the_rule_that_it_breaks() -> None:
    (image,) = run(observed=evidence(imported("shop"), failed("shop.a", no_module("redis")))).images
    assert [(module.name, module.rule) for module in image.modules] == [("shop", None), ("shop.a", "IG101")]


def test_one_image_that_cannot_be_judged_does_not_stop_the_others() -> None:
    report = run("lost", "shop", lost=ImageError("lost: there is no such image"))
    assert [image.exit_code for image in report.images] == [3, 0]
    assert report.images[0].error == "lost: there is no such image"
    assert exit_code(report, "error") == 3


@pytest.mark.parametrize(
    ("error", "code"),
    [(EngineError("no engine"), 3), (ImageError("no image"), 3), (InspectionError("no Python"), 4)],
)
def test_an_error_owns_its_exit_code(error: Exception, code: int) -> None:
    assert exit_code(run("shop", shop=error), "never") == code


def test_an_unjudged_image_weighs_more_than_findings() -> None:
    broken = evidence(failed("shop.a", no_module("redis")))
    assert exit_code(run("shop", observed=broken), "error") == 1
    assert exit_code(run("shop", "lost", observed=broken, lost=ImageError("lost")), "error") == 3
    assert exit_code(run("shop", observed=replace(broken, complete=False)), "error") == 4


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_fail_on_governs_findings(fail_on: str, code: int) -> None:
    refused = raised(("ConnectionRefusedError", "[Errno 111] Connection refused", None))
    assert exit_code(run(observed=evidence(failed("shop.a", refused))), fail_on) == code


@pytest.mark.parametrize(
    ("entrypoints", "code"),
    [
        ((), 1),
        ((entry("shop.main", "ok"),), 0),
        ((entry("shop.a", "failed"),), 1),
        ((entry("shop.main", "failed", ["shop.main", "shop.a"]),), 1),
    ],
)
def test_only_what_breaks_startup_may_fail_the_step(entrypoints: tuple[EntryPoint, ...], code: int) -> None:
    modules = [failed("shop.a", no_module("redis")), imported("shop.main")]
    observed = evidence(*modules, entrypoints=entrypoints)
    if any(one.outcome == "failed" and one.module == "shop.main" for one in entrypoints):
        observed = evidence(modules[0], failed("shop.main", no_module("redis")), entrypoints=entrypoints)
    assert exit_code(run(observed=observed), "startup") == code


@pytest.mark.parametrize(
    ("outcome", "fail_on", "code"),
    [("failed", "error", 1), ("failed", "startup", 1), ("failed", "never", 4), ("unchecked", "error", 4)],
)
def test_what_breaks_startup_for_certain_counts_when_time_ran_out(
    outcome: str, fail_on: str, code: int
) -> None:
    late = {
        "complete": False,
        "error": "time ran out",
        "out_of_time": True,
        "entrypoints": (entry("shop.main", outcome, ["shop.a"]),),
    }
    broken = failed("shop.main", no_module("redis"), culprit="shop.a")
    modules = (broken,) if outcome == "failed" else (unchecked("shop.main"),)
    observed = evidence(*modules, failed("shop.a", no_module("redis")), unchecked("shop.b"), **late)
    assert exit_code(run(observed=observed), fail_on) == code
    second = "the second pass, in reverse order, broke off: time ran out"
    assert exit_code(run(observed=replace(observed, error=second)), fail_on) == code
    died = replace(observed, error="the probe died", out_of_time=False)
    assert exit_code(run(observed=died), fail_on) == 4


@pytest.mark.parametrize(
    ("worker", "prepared", "code"),
    [("failed", True, 1), ("failed", False, 4), ("ok", True, 4)],
)
def test_what_breaks_one_start_counts_where_another_lacks_its_environment(
    worker: str, prepared: bool, code: int
) -> None:
    unset = raised(("KeyError", "b'DATABASE_URL'", None))
    lost = failed("shop.worker", no_module("redis")) if worker == "failed" else imported("shop.worker")
    setup = Preparation("django.setup()", "imported" if prepared else "failed", None if prepared else unset)
    observed = evidence(
        failed("shop.main", unset),
        lost,
        entrypoints=(entry("shop.main", "failed"), entry("shop.worker", worker)),
        preparation=setup,
    )
    report = run(observed=observed)
    assert report.images[0].complete is False
    assert exit_code(report, "error") == code


def test_slow_modules_are_named_in_every_report() -> None:
    slow = [replace(imported(f"shop.m{n}"), seconds=5.0 + n) for n in range(8)]
    notes = run(observed=evidence(imported("shop"), *slow)).images[0].notes
    assert notes == (
        "Slow to import, more than 5 s: shop.m7 12.0 s, shop.m6 11.0 s, shop.m5 10.0 s, shop.m4 9.0 s, "
        "shop.m3 8.0 s and 2 more.",
    )
    hung = replace(ended("shop.a", "timed_out", "no end"), seconds=60.0)
    assert not any("Slow" in note for note in run(observed=evidence(hung, slow[0])).images[0].notes)


def test_where_the_time_went_is_said_when_it_ran_out() -> None:
    modules = [
        imported("shop"),
        replace(unchecked("shop.a"), seconds=3.0),
        replace(imported("shop.b"), seconds=1),
    ]
    observed = evidence(*modules, complete=False, error="time ran out", out_of_time=True)
    assert (
        "Most of the time went to shop.a 3.0 s (not finished), shop.b 1.0 s."
        in run(observed=observed).images[0].notes
    )


def test_a_command_that_is_not_there_is_refused_before_any_work() -> None:
    shelf = Shelf(shop=AssertionError("an image was asked for"))
    with pytest.raises(UsageError, match="there is no program 'pytst'"):
        validate_all((Config(images=("shop",)),), QuietProgress(), engine=shelf, journey=("pytst", "e2e"))


def test_a_start_command_with_an_open_quote_is_refused_before_any_work() -> None:
    config = Config(images=("shop",), commands=("shop # don't", "sh -c 'shop"))
    shelf: Any = Shelf(shop=AssertionError("an image was asked for"))
    with pytest.raises(UsageError, match=r"--command .* is no command: a quotation mark is not closed"):
        validate(config, QuietProgress(), engine=shelf)


def test_no_image_is_never_a_pass() -> None:
    assert exit_code(Report(()), "never") == 4


@pytest.mark.parametrize("config", [Config(), Config(images=("shop",), build=Build("."))])
def test_images_or_a_build(config: Config) -> None:
    with pytest.raises(UsageError):
        validate(config, QuietProgress(), engine=Shelf(), inspector=seeing(evidence()))


@pytest.mark.parametrize(
    ("error", "raised_again"),
    [(None, False), (ImageError("lost"), False), (UsageError("no name"), True), (KeyboardInterrupt(), True)],
)
def test_the_engine_is_closed_whatever_happens(error: Optional[Exception], raised_again: bool) -> None:
    shelf = Shelf(**({"lost": error} if error else {}))
    expected = pytest.raises(type(error)) if raised_again and error else nullcontext()
    config = Config(images=("lost", "shop"))
    with expected:
        validate(config, QuietProgress(), engine=shelf, inspector=seeing(evidence(imported("shop"))))
    assert shelf.closed == 1


def test_the_engine_that_docker_is_shows_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull takes minutes: it must be seen."""
    progress, made = QuietProgress(), []

    class Docker(Shelf):
        def __init__(self, progress: Progress) -> None:
            super().__init__()
            made.append((self, progress))

    monkeypatch.setattr("importguard.engines.docker.engine.DockerEngine", Docker)
    validate(Config(images=("shop",)), progress, inspector=seeing(evidence(imported("shop"))))
    ((engine, shown),) = made
    assert shown is progress
    assert engine.closed == 1


def test_what_is_left_out_is_counted() -> None:
    observed = evidence(imported("shop"), skipped("shop.tests", "tests"), skipped("shop.x", "excluded"))
    assert run(observed=observed).images[0].notes == (
        "Left out: 1 by --exclude, 1 in tests; --include-tests checks the tests too.",
    )


def test_values_of_the_environment_do_not_appear() -> None:
    failure = raised(("ValueError", "cannot parse 'postgres://u:secret@db/x' at /srv/shop", None))
    report = run(
        observed=evidence(failed("shop.a", failure)),
        env=("DATABASE_URL=postgres://u:secret@db/x", "HOME=/srv/shop"),
    )
    assert report.images[0].findings[0].message == (
        "ValueError: cannot parse '<value of DATABASE_URL>' at /srv/shop"
    )


def test_a_program_needs_no_progress_and_may_have_a_policy() -> None:
    broken = evidence(failed("shop.main", no_module("redis")))
    more: Any = {"engine": Shelf(), "inspector": seeing(broken)}
    (image,) = validate(Config(images=("shop",)), **more).images
    assert [one.missing for one in image.findings] == ["redis"]
    policy = Policy(ignores=(Ignore("only on the old servers", missing="redis"),))
    report = validate(Config(images=("shop",)), policy=policy, **more)
    assert ([*report.images[0].findings], exit_code(report, "error")) == ([], 0)
    assert report.images[0].suppressed[0].missing == "redis"
