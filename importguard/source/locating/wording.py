"""One line of the report: what was taken for the source of an image, and why."""

from __future__ import annotations

from typing import Optional

from importguard.source.locating.build_choice import Choices
from importguard.source.locating.mapping import FolderMapping, TreeMatch
from importguard.source.locating.model import LEAST_AGREEMENT, BuildChoice

_MOST_NAMED = 4


def say_match(match: TreeMatch, is_named: bool) -> str:
    """Say how far the tree agrees: "Source: this folder, 412 of 415 files are the image's …".

    ``is_named`` says that the user chose the tree."""
    if not match.total:
        return "Source: the folder that was named." if is_named else "Source: this folder, by its Dockerfile."
    same = f", {_same(match)}" if match.comparable else ""
    first = match.mappings[0] if match.mappings else None
    moved = f"{_moved(match, first)}, " if first else ""
    return f"Source: {moved}{len(match.origins)} of {match.total} files found here{same}."


def _moved(match: TreeMatch, mapping: FolderMapping) -> str:
    """The folder and what it became; two of one name are no move of the folder above to the image's root."""
    folder, place = mapping.folder, mapping.place
    tops = {there[1:].partition("/")[0] for there in match.origins}
    if place == "/" and len(tops) == 1:
        name = next(iter(tops))
        folder, place = f"{folder}/{name}".lstrip("/"), f"/{name}"
    return f"{folder or '.'} → {place}"


def _same(match: TreeMatch) -> str:
    return "all the same" if match.same == match.comparable else f"{match.same} of them the same"


def say_no_match(match: Optional[TreeMatch]) -> str:
    """Why the working directory is not taken for the source."""
    if match is None or not match.total:
        return ""
    found = len(match.origins)
    same = f", {_same(match)}" if found and match.comparable else ""
    return f"Of the application's {match.total} files, {found} are in this folder{same}."


def say_choice(choices: Choices) -> str:
    """Say which Dockerfile was taken and why; name the candidates where that is not certain."""
    best = choices.likeliest_build
    if best is None:
        return _say_none(choices)
    context = best.context or "."
    text = f" Dockerfile: {best.dockerfile}, context {context} ({_why(best)})."
    if choices.rival_builds:
        text += f" {_named(choices.rival_builds)} may be it too: choose with -f DOCKERFILE."
    return text


def _why(choice: BuildChoice) -> str:
    reasons = []
    if choice.history:
        reasons.append(f"{choice.history:.0%} of its steps in the image's history")
    elif choice.configuration:
        reasons.append("the image's command and settings")
    if choice.files:
        reasons.append(f"it copies {choice.files:.0%} of these files there")
    if choice.sources < LEAST_AGREEMENT:
        reasons.append("most of its COPY sources are not there: is it built from elsewhere?")
    if choice.named_by:
        reasons.append(f"named by {choice.named_by}")
    return ", ".join(reasons) or "the only candidate"


def _say_none(choices: Choices) -> str:
    if not choices.ranked or (len(choices.ranked) == 1 and choices.ranked[0].usual):
        return ""
    return (
        f" Which Dockerfile made the image is not certain ({_named(choices.ranked)}): name it with "
        "-f DOCKERFILE."
    )


def _named(choices: tuple[BuildChoice, ...]) -> str:
    names = [choice.dockerfile for choice in choices]
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown
