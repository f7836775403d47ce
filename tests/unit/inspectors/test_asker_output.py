"""What asks a service runs under the image's Python: nothing that it says ends the whole check."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from importguard.errors import InspectionError
from importguard.evidence.starts import Process
from importguard.inspectors.asker_output import Conversed, frames_taken

ANSWER = {"right": True, "status": 200, "error": "", "body": "ok", "headers": {}}
ASKED = {"path": "/", "headers": [["Host", "shop"]]}
SURROUNDINGS = {
    "event": "surroundings",
    "listeners": [["0.0.0.0", 80]],
    "ipv6_only": [8080],
    "unix": ["/run/x"],
    "connecting": [],
    "connected": [["db", 5432]],
    "processes": [[1, "python3", "S", ""]],
    "memory_peak": 9,
}


def taken(*events: object) -> tuple[list[str], Conversed]:
    lines = b"".join(b"s3 " + json.dumps(event).encode() + b"\n" for event in events)
    seen = Conversed()
    return list(frames_taken(iter([b"noise\n", lines[:7], lines[7:]]), "s3", seen, time.monotonic())), seen


def test_what_an_asker_says() -> None:
    kinds, seen = taken({"event": "http", "asked": ASKED, "answer": ANSWER}, SURROUNDINGS, {"event": "end"})
    assert kinds == ["http", "surroundings", "end"]
    assert [(asked.headers, answer.status) for asked, answer in seen.http] == [((("Host", "shop"),), 200)]
    assert seen.surroundings.processes == (Process(1, "python3", "S"),)
    assert (seen.memory_peak, seen.ended, seen.noise) == (9, True, b"noise\n")


def test_a_second_answer_takes_the_place_of_the_first() -> None:
    second = {"event": "http", "asked": ASKED, "answer": {**ANSWER, "right": False, "status": 500}}
    _, seen = taken({"event": "http", "asked": ASKED, "answer": ANSWER}, second)
    assert [(asked.path, answer.status) for asked, answer in seen.http] == [("/", 500)]


@pytest.mark.parametrize(
    "event",
    [
        {"x": 1},
        [],
        7,
        {"event": "listening", "port": "eighty"},
        {"event": "listening", "port": float("inf")},
        {"event": "given_up", "seconds": None},
        {"event": "http", "asked": ASKED, "answer": {**ANSWER, "status": "200"}},
        {"event": "http", "asked": {**ASKED, "path": 5}, "answer": ANSWER},
        {"event": "http", "asked": {**ASKED, "shell": "sh"}, "answer": ANSWER},
        {"event": "grpc", "answer": {**ANSWER, "headers": []}},
        {**SURROUNDINGS, "processes": [[1, 2, 3, 4]]},
        {**SURROUNDINGS, "listeners": [["0.0.0.0"]]},
        {**SURROUNDINGS, "memory_peak": {}},
    ],
)
def test_what_no_asker_says_is_told_as_such(event: Any) -> None:
    with pytest.raises(InspectionError, match="the image's own Python"):
        taken(event)


def test_a_frame_that_is_no_json() -> None:
    with pytest.raises(InspectionError, match="the image's own Python"):
        list(frames_taken(iter([b"s3 {\n"]), "s3", Conversed(), 0.0))
