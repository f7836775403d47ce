"""Compare the instructions of a Dockerfile with the history of an image.

Source: what BuildKit writes (its dispatch.go: "RUN /bin/sh -c … # buildkit", "COPY src dst # buildkit"), and
what the classic builder does ("/bin/sh -c #(nop) CMD […]"), which kaniko and buildah imitate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Optional

from importguard.source.dockerfile_model import Dockerfile, Instruction

# What another Dockerfile of the same repository seldom has too counts more.
_WEIGHTS = {"RUN": 2.0, "CMD": 2.0, "ENTRYPOINT": 2.0, "COPY": 2.0, "ADD": 2.0, "LABEL": 1.5, "ENV": 1.5}
_LEAST_WEIGHT = 0.5
_NOT_IN_HISTORY = frozenset(("FROM", "ARG", "ONBUILD", "SHELL"))
_NOP = re.compile(r"^/bin/sh -c #\(nop\)\s*")
_SHELL = re.compile(r"^(?:\|\d+ .*?)?(?:/\S+/)?(?:ba|da|a|z)?sh (?:-\S+ )*?(?:-o \S+ )*-\w*c ", re.DOTALL)
_ARGUMENTS = re.compile(r"^\|\d+ (?:[A-Za-z_]\w*=\S* )*")
_KEYWORD = re.compile(r"([A-Z]+)(?:\s+(.*))?", re.DOTALL)
_FLAGS = re.compile(r"^(?:--[\w-]+(?:=\S*)?\s+)+")
_CHECKSUM = re.compile(r"^(?:(?:file|dir|multi):\w+ )+(?=in )")
_HEREDOC = re.compile(r"<<-?[\"']?\w+[\"']?")
_QUOTES = re.compile(r"[\"'\\]")
_SPACE = re.compile(r"\s+")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))")
_LONGEST = 2000


@dataclass(frozen=True)
class Step:
    """One instruction in a form that both sides share.

    ``pattern`` is set where variables may stand for anything: a group for each of ``variables``.
    """

    keyword: str
    text: str
    pattern: Optional[str] = None
    variables: tuple[str, ...] = ()

    @property
    def comparison_weight(self) -> float:
        """The weight of the step in the comparison."""
        return _WEIGHTS.get(self.keyword, _LEAST_WEIGHT)

    def agrees_with_step(self, other: Step) -> bool:
        """Whether ``other``, a step of an image's history, may come from this instruction."""
        if self.keyword != other.keyword:
            return False
        if self.text == other.text:
            return True
        if self.keyword in ("COPY", "ADD") and other.text.startswith("in "):  # the classic builder
            return _ends_alike(self.text, other.text[3:])
        if self.keyword == "WORKDIR":
            return other.text.endswith("/" + self.text.strip("./")) if not self.pattern else True
        return self.pattern is not None and re.fullmatch(self.pattern, other.text) is not None


def _ends_alike(copy: str, destination: str) -> bool:
    """Whether a COPY's destination is this absolute one, as far as one line tells."""
    written = copy.rpartition(" ")[2].strip("./")
    return destination.strip("/").endswith(written)


def history_steps(history: Sequence[str]) -> list[Step]:
    """The steps of an image's history, the oldest first."""
    steps = (_history_step(entry) for entry in history)
    return [step for step in steps if step is not None]


def _history_step(entry: str) -> Optional[Step]:
    text = entry.removesuffix(" # buildkit").strip()
    nop = _NOP.match(text)
    text = text[nop.end() :] if nop else text
    match = _KEYWORD.match(text)
    if match is None or (match[1] not in _NORMALIZED and match[1] != "RUN" and not nop):
        # The classic builder writes a RUN as the bare command.
        return Step("RUN", _run_text(text)) if text and not nop else None
    keyword, value = match[1], match[2] or ""
    if keyword in _NOT_IN_HISTORY:
        return None
    if keyword == "RUN":
        return Step("RUN", _run_text(value))
    value = _CHECKSUM.sub("", _FLAGS.sub("", value))
    return Step(keyword, _plain(keyword, value))


def dockerfile_steps(dockerfile: Dockerfile, stage: int) -> list[Step]:
    """The steps that a stage and those that it is FROM leave in the history of an image."""
    lineage = dockerfile.lineage(stage)
    found = []
    for instruction in dockerfile.instructions:
        if instruction.stage in lineage and instruction.keyword not in _NOT_IN_HISTORY:
            found.append(_instruction_step(instruction))
    return found


def _instruction_step(instruction: Instruction) -> Step:
    keyword = instruction.keyword
    value = _FLAGS.sub("", instruction.text.partition(" ")[2].strip()) if " " in instruction.text else ""
    if keyword == "RUN":
        words = _json(value)
        # BuildKit hands a heredoc that is the whole command to the shell as its text.
        script = instruction.heredoc if _HEREDOC.fullmatch(value) else value
        return Step("RUN", _run_text(" ".join(words) if words else script))
    if keyword in ("CMD", "ENTRYPOINT") and _json(value) is None:
        return Step(keyword, _plain(keyword, f"[/bin/sh -c {value}]"))
    text = _plain(keyword, value)
    # A builder replaces variables everywhere but in RUN, CMD and ENTRYPOINT.
    names = tuple(match[1] or match[2] for match in _VARIABLE.finditer(text))
    if not names or keyword in ("CMD", "ENTRYPOINT"):
        return Step(keyword, text)
    parts = _VARIABLE.sub("\0", text).split("\0")
    return Step(keyword, text, "(.*?)".join(re.escape(part) for part in parts), names)


def _json(value: str) -> Optional[list[str]]:
    if not value.startswith("["):
        return None
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def _run_text(text: str) -> str:
    text = _ARGUMENTS.sub("", text)
    text = _SHELL.sub("", text)
    return _SPACE.sub(" ", text).strip()[:_LONGEST]


def _plain(keyword: str, value: str) -> str:
    """``value`` without what builders write differently: quotes, commas of lists, spaces."""
    if keyword in ("CMD", "ENTRYPOINT", "VOLUME", "COPY", "ADD"):
        words = _json(value)
        value = " ".join(words) if words is not None else value.strip("[]")
    if keyword == "EXPOSE":
        return " ".join(sorted(set(re.findall(r"\d+", value))))
    if keyword == "HEALTHCHECK":
        return ""
    if keyword in ("ENV", "LABEL") and "=" not in value.split(" ", 1)[0]:
        value = value.replace(" ", "=", 1)
    text = _SPACE.sub(" ", _QUOTES.sub("", value)).strip()
    if keyword in ("CMD", "ENTRYPOINT"):
        return _SHELL.sub("", text)  # SHELL sets another one
    return text.rstrip("/") if keyword in ("COPY", "ADD", "WORKDIR") else text


_NORMALIZED = frozenset(
    ("CMD", "ENTRYPOINT", "COPY", "ADD", "ENV", "LABEL", "WORKDIR", "USER", "EXPOSE", "VOLUME", "HEALTHCHECK")
    + ("STOPSIGNAL", "MAINTAINER", "ARG", "ONBUILD", "SHELL")
)


def history_agreement(steps: Sequence[Step], history: Sequence[Step]) -> float:
    """Compare the end of ``history`` with what ``steps`` leave, from 0 (nothing) to 1 (all).

    What the base image did stands before; a step that was added or changed since costs its own part.
    """
    pairs = _longest_common(steps, history)
    if not pairs:
        return 0.0
    tail = history[min(there for _, there in pairs) :]
    common = sum(steps[here].comparison_weight for here, _ in pairs)
    return (
        2
        * common
        / (sum(step.comparison_weight for step in steps) + sum(step.comparison_weight for step in tail))
    )


def arguments_of(steps: Sequence[Step], history: Sequence[Step]) -> tuple[str, ...]:
    """The build arguments (``K=V``) that the history shows: what builders wrote where a variable stands."""
    values: dict[str, set[str]] = {}
    for here, there in _longest_common(steps, history):
        match = re.fullmatch(steps[here].pattern or "", history[there].text)
        for name, value in zip(steps[here].variables, match.groups() if match else ()):
            values.setdefault(name, set()).add(value)
    return tuple(f"{name}={next(iter(found))}" for name, found in sorted(values.items()) if len(found) == 1)


def _longest_common(steps: Sequence[Step], history: Sequence[Step]) -> list[tuple[int, int]]:
    """The heaviest common subsequence, as pairs of indexes."""

    @cache
    def alike(here: int, there: int) -> bool:
        return steps[here].agrees_with_step(history[there])

    width = len(history) + 1
    best = [[0.0] * width for _ in range(len(steps) + 1)]
    for here in range(len(steps) - 1, -1, -1):
        for there in range(len(history) - 1, -1, -1):
            taken = best[here + 1][there + 1] + steps[here].comparison_weight if alike(here, there) else 0.0
            best[here][there] = max(taken, best[here + 1][there], best[here][there + 1])
    pairs, here, there = [], 0, 0
    while here < len(steps) and there < len(history):
        if best[here][there] == best[here][there + 1]:
            there += 1  # the latest of equal steps: the base image's come first
        elif (
            alike(here, there)
            and best[here][there] == best[here + 1][there + 1] + steps[here].comparison_weight
        ):
            pairs.append((here, there))
            here, there = here + 1, there + 1
        else:
            here += 1
    return pairs
