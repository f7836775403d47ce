"""What stands behind ``--``: images, as everywhere, or with ``--start`` the user's own test."""

from __future__ import annotations

import pytest

from importguard.cli.check import check
from importguard.cli.journey_command import journey_of
from importguard.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "images", "journey"),
    [
        (["--", "shop", "auth"], ("shop", "auth"), ()),
        (["shop", "--", "auth"], ("shop", "auth"), ()),
        (["shop", "--start", "--", "pytest", "-x", "--", "e2e"], ("shop",), ("pytest", "-x", "--", "e2e")),
        (["--start", "shop"], ("shop",), ()),
    ],
)
def test_what_stands_behind_the_dashes(
    arguments: list[str], images: tuple[str, ...], journey: tuple[str, ...]
) -> None:
    context = check.make_context("check", arguments)
    assert context.params["images"] == images
    assert journey_of(context, context.params["start"]) == journey


def test_a_command_is_asked_for_where_there_is_none() -> None:
    context = check.make_context("check", ["shop", "--start", "--"])
    with pytest.raises(UsageError, match="give a command behind --"):
        journey_of(context, True)
