"""What fails only in code that another image of the repository runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.builders import entry, evidence, failed, imported, no_module
from unit.diagnosis.world import clues, dockerfile_of, needs, pip, source

from importguard.checks import run_checks
from importguard.evidence.imports import EntryPoint
from importguard.judging.other_images import other_images_softening
from importguard.judging.softening import soften_findings
from importguard.judging.startup_impact import mark_startup_impact
from importguard.source.model import Project

BOT = "shop/bot/pyproject.toml"
MEMBER = needs("py-cord", 11, BOT, projects=(Project("bot", BOT),))
SYNC = dockerfile_of(installs=[pip(9, tool="uv", files=("pyproject.toml",), members=("api",))])


@pytest.mark.parametrize(
    ("changes", "start", "told"),
    [
        ({"dockerfiles": ("Dockerfile", "shop/bot/Dockerfile")}, ["shop"], "warning"),
        ({"requirements": [MEMBER], "dockerfile": SYNC}, ["shop"], "warning"),
        # What the start command loads of that folder says that it is this image's, too.
        ({"dockerfiles": ("Dockerfile", "shop/bot/Dockerfile")}, ["shop", "shop.bot"], "error"),
        ({"dockerfiles": ("Dockerfile", "shop/Dockerfile")}, ["shop"], "error"),
        # A function outside of the folder imports from it: a request may need it.
        (
            {
                "dockerfiles": ("Dockerfile", "shop/bot/Dockerfile"),
                "joined_folders": frozenset({"shop/bot"}),
            },
            ["shop"],
            "error",
        ),
        ({"dockerfiles": ("Dockerfile",)}, ["shop"], "error"),
        ({"requirements": [MEMBER]}, ["shop"], "error"),
    ],
)
def test_code_of_another_image_is_only_warned_of(
    changes: dict[str, object], start: list[str], told: str
) -> None:
    command: EntryPoint = entry("shop", "ok", reaches=start)
    modules = [
        replace(imported(name), path=f"/app/{name.replace('.', '/')}/__init__.py")
        for name in ("shop", "shop.bot")
    ]
    broken = replace(failed("shop.bot.app", no_module("discord")), path="/app/shop/bot/app.py")
    observed = replace(evidence(*modules, broken, entrypoints=(command,)), clues=clues())
    paths = ("shop/bot/__init__.py", "shop/bot/app.py")
    tree = source(*paths, copied={path: f"/app/{path}" for path in paths}, **changes)  # type: ignore[arg-type]
    marked = mark_startup_impact(run_checks(observed), observed)
    softened, notes = soften_findings(marked, [other_images_softening(observed, tree)])
    assert [one.severity.value for one in softened] == [told]
    assert bool(notes) is (told == "warning")
