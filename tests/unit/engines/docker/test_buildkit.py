"""BuildKit's progress as JSON: a stream of values, and what is made of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Optional

import pytest

from importguard.engines.docker.buildkit import BuildLog, failure_message, json_values
from importguard.progress import QuietProgress

ERROR = 'process "/bin/sh -c make" did not complete successfully: exit code: 7'
WORDS = f"Dockerfile:3\n--------------------\n   3 | >>> RUN make\n--------------------\nERROR: {ERROR}\n"


class Shown(QuietProgress):
    """Keeps what is shown."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.counts: list[tuple[int, int, str]] = []

    def show_log_line(self, text: str) -> None:
        self.lines.append(text)

    def show_count(self, done: int, total: int, text: str) -> None:
        self.counts.append((done, total, text))


def vertex(number: int, name: str, state: str = "", **more: Any) -> dict[str, Any]:
    times = {"started": ["started"], "completed": ["started", "completed"]}.get(state, [])
    stamps = dict.fromkeys(times, "2030-01-01T00:00:00Z")
    return {"vertexes": [{"digest": f"sha256:{number}", "name": name, **stamps, **more}]}


def log(number: int, data: bytes) -> dict[str, Any]:
    return {"logs": [{"vertex": f"sha256:{number}", "stream": 1, "data": base64.b64encode(data).decode()}]}


BUILD = [
    vertex(1, "[1/3] FROM base", "completed", cached=True),
    vertex(2, "[2/3] RUN other"),
    vertex(2, "[2/3] RUN other", "started"),
    log(2, b"of another step\n"),
    vertex(2, "[2/3] RUN other", "completed"),
    vertex(3, "[3/3] RUN make", "started"),
    log(3, b"beg"),
    log(3, b"un\n10 %\r50 %\rbroken"),
    vertex(3, "[3/3] RUN make", "completed", error=ERROR),
]


def chunks(text: str, longest: int = 4000) -> Iterator[str]:
    """As ``readline(longest)`` gives them."""
    for line in text.splitlines(keepends=True):
        yield from (line[at : at + longest] for at in range(0, len(line), longest))


def followed(text: str) -> tuple[BuildLog, Shown]:
    shown = Shown()
    build = BuildLog(shown)
    build.follow(chunks(text))
    return build, shown


def stream(events: list[dict[str, Any]], indent: Optional[int] = None) -> str:
    return "".join(json.dumps(event, indent=indent) + "\n" for event in events)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("longest", [7, 4000])
def test_values_on_one_line_and_over_several(indent: Optional[int], longest: int) -> None:
    text = "a warning\n" + stream(BUILD, indent) + WORDS
    found = list(json_values(chunks(text, longest)))
    assert [value for value in found if isinstance(value, dict)] == BUILD
    words = "".join(value for value in found if isinstance(value, str))
    assert words == ("a warning\n" + WORDS).replace("\n", "")


def test_values_without_a_newline_between() -> None:
    assert list(json_values(['{"a": 1}{"b":', ' {"c": "}"}} {"d": 2}'])) == [
        {"a": 1},
        {"b": {"c": "}"}},
        {"d": 2},
    ]


@pytest.mark.parametrize(
    "text", ["{ is no JSON }\nand more\n", "{'a': 1}\n", '{"a": 1\n', "{" * 100_000 + "}\n"]
)
def test_what_is_no_json_is_text(text: str) -> None:
    found = list(json_values(chunks(text)))
    assert "".join(str(value) for value in found) == text.replace("\n", "")


def test_endless_text_is_not_kept() -> None:
    build, shown = followed("x" * 50_000_000)
    assert len(build.failure("ctx")) < 2_000_000
    assert max(map(len, shown.lines)) < 10_000


def test_a_failure_names_the_step_with_its_own_lines_and_the_builders_words() -> None:
    message = followed(stream(BUILD, indent=2) + WORDS)[0].failure("ctx")
    assert message.split("\n") == [
        "The image of ctx was not built; the step that failed: [3/3] RUN make",
        "    begun",
        "    broken",
        "    Dockerfile:3",
        "    --------------------",
        "       3 | >>> RUN make",
        "    --------------------",
        f"    ERROR: {ERROR}",
        "Mend the step, then run again; `docker build ctx` shows the whole log.",
    ]


def test_a_failure_shows_the_last_lines() -> None:
    many = b"".join(b"line %d\n" % number for number in range(100))
    message = followed(stream([*BUILD[:-1], log(3, many), BUILD[-1]]))[0].failure("ctx")
    assert "line 79\n" not in message
    assert "line 80\n" in message
    assert f"ERROR: {ERROR}" in message, "where the builder said nothing in words"


def test_steps_that_were_only_stopped_are_not_the_cause() -> None:
    stopped = vertex(9, "[other 1/1] RUN slow", "completed", error="failed to solve: context canceled")
    assert "failed: [3/3] RUN make\n" in followed(stream([stopped, *BUILD]))[0].failure("ctx")


def test_a_failure_before_the_first_step() -> None:
    message = followed("ERROR: target stage nope could not be found\n")[0].failure("ctx")
    assert message.startswith(
        "The image of ctx was not built\n    ERROR: target stage nope could not be found\n"
    )


def test_progress_counts_steps_and_bytes() -> None:
    pulled = [
        {"statuses": [{"id": name, "vertex": "sha256:3", "current": current, "total": 20_000_000}]}
        for name, current in (("a", 5_000_000), ("b", 0), ("a", 20_000_000))
    ]
    shown = followed(stream([*BUILD[:6], *pulled]))[1]
    assert shown.counts == [
        (1, 2, "[2/3] RUN other"),
        (2, 3, "[3/3] RUN make"),
        (2, 3, "[3/3] RUN make  5.0 of 20.0 MB"),
        (2, 3, "[3/3] RUN make  5.0 of 40.0 MB"),
        (2, 3, "[3/3] RUN make  20.0 of 40.0 MB"),
    ]


def test_the_log_is_shown_line_by_line() -> None:
    warned = {"warnings": [{"short": base64.b64encode(b"FromAsCasing").decode()}]}
    assert followed(stream([*BUILD, warned]))[1].lines == [
        "#1 [1/3] FROM base",
        "#1 CACHED",
        "#2 [2/3] RUN other",
        "#2 of another step",
        "#3 [3/3] RUN make",
        "#3 begun",
        "#3 broken",
        f"#3 ERROR: {ERROR}",
        "WARNING: FromAsCasing",
    ]


@pytest.mark.parametrize(
    "event",
    [
        {"vertexes": None, "logs": 5, "statuses": [7, None]},
        {"vertexes": [{}], "logs": [{}], "statuses": [{"total": "x"}, {"total": 5, "current": "y"}]},
        {"logs": [{"data": "no base64!"}, {"data": 7}]},
        {"unknown": 1},
    ],
)
def test_unknown_events_stop_nothing(event: dict[str, Any]) -> None:
    assert "failed: [3/3] RUN make\n" in followed(stream([event, *BUILD]))[0].failure("ctx")


def test_bytes_that_are_no_text() -> None:
    lines = followed(stream([vertex(1, "RUN x"), log(1, b"\xff\x1b[31mred\n")]))[1].lines
    assert lines[-1] == "#1 \ufffd\x1b[31mred", "escaped where it is shown"


def test_a_daemon_that_does_not_answer_is_to_be_started() -> None:
    text = failure_message(
        "ctx", "", ["ERROR: Cannot connect to the Docker daemon at tcp://db:1. Is it running?"]
    )
    assert "Start it (Docker Desktop" in text
    assert "Mend the step" not in text
