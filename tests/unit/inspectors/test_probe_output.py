"""The probe's frames, found in one stream with whatever else was printed."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from unit.builders import IMAGE

from importguard.engines.base import Exit
from importguard.errors import InspectionError, NothingToImportError
from importguard.evidence.imports import Cause, Frame, VariableLookup
from importguard.evidence.inspection import Evidence
from importguard.inspectors import probe_output
from importguard.inspectors.probe_output import ProbeStream, image_facts
from importguard.progress import QuietProgress

SECRET = "the-secret"
DISCOVERY = {
    "event": "discovery",
    "interpreter": {"executable": "/usr/bin/python3", "version": "3.13.5", "implementation": "CPython"},
    "search_path": ["/app"],
    "modules": [["app", "/app/app/__init__.py"], ["app.main", "/app/app/main.py"]],
    "skipped": [["app.tests", "/app/app/tests.py", "tests"]],
    "notes": ["a note"],
    "details": ["a detail"],
}
FAILURE = {
    "type": "RuntimeError",
    "message": "set-up failed",
    "missing": "redis",
    "frames": [["/app/app/main.py", 3, "<module>", "app.main"]],
    "causes": [["RuntimeError", "set-up failed", None], ["ModuleNotFoundError", "No module", "redis"]],
    "lookups": [["PORT", True]],
}
PREPARATION = {"event": "preparation", "description": "django.setup()", "outcome": "failed", "detail": ""}
END = {"event": "end", "complete": True, "error": None}


def module(name: str, outcome: str = "imported", **values: Any) -> dict[str, Any]:
    given = {"failure": None, "detail": "", "seconds": 0.5, "culprit": None, "output": "", **values}
    return {"event": "module", "name": name, "outcome": outcome, **given}


def frame(event: Any, secret: str = SECRET) -> bytes:
    return f"\n{secret} {json.dumps(event)}\n".encode()


SYSTEM = {"distribution": "debian", "libc": "glibc"}
WHOLE = [DISCOVERY, module("app"), module("app.main"), END]


def observe(*chunks: bytes) -> ProbeStream:
    def stream() -> Iterator[bytes]:
        yield from chunks

    seen = ProbeStream(SECRET, QuietProgress())
    seen.read_output(stream())
    return seen


def evidence(*events: Any) -> Evidence:
    return observe(*(frame(event) for event in events)).build_evidence(Exit(0))


def outcomes(found: Evidence) -> dict[str, str]:
    return {item.name: item.outcome for item in found.modules}


ALL = {"app": "imported", "app.main": "imported", "app.tests": "skipped"}


def test_everything_that_was_said() -> None:
    found = evidence(
        DISCOVERY,
        {**PREPARATION, "failure": FAILURE},
        module("app"),
        module(
            "app.main",
            "failed",
            failure=FAILURE,
            culprit="app.main",
            output="printed",
            detail="detail",
            frames=[["/app/app/main.py", 4, "<module>", "app.main"]],
        ),
        {
            "event": "entrypoint",
            "command": "uvicorn app.main:app",
            "target": "app.main:app",
            "module": "app.main",
            "attribute": "app",
            "outcome": "failed",
            "reaches": ["app", "app.main"],
        },
        {"event": "sites", "sites": [["app.main", "x.y", ["z"], 7, "module", "/app/app/main.py"]]},
        END,
    )
    assert (found.complete, found.error) == (True, None)
    assert (found.executable, found.version) == ("/usr/bin/python3", "3.13.5")
    assert found.implementation == "CPython"
    assert (found.import_path, found.notes, found.details) == (("/app",), ("a note",), ("a detail",))
    _, main, tests = found.modules
    assert (main.path, main.outcome, main.culprit) == ("/app/app/main.py", "failed", "app.main")
    assert (main.detail, main.output, main.seconds) == ("detail", "printed", 0.5)
    assert main.failure is not None
    assert (main.failure.type, main.failure.message) == ("RuntimeError", "set-up failed")
    assert main.failure.missing == "redis"
    assert main.failure.frames == (Frame("/app/app/main.py", 3, "<module>", "app.main"),)
    assert main.failure.causes[1] == Cause("ModuleNotFoundError", "No module", "redis")
    assert main.failure.lookups == (VariableLookup("PORT", alone=True),)
    assert main.frames == (Frame("/app/app/main.py", 4, "<module>", "app.main"),)
    assert (tests.outcome, tests.detail) == ("skipped", "tests")
    assert found.preparation is not None
    assert (found.preparation.outcome, found.preparation.failure) == ("failed", main.failure)
    (entry,) = found.entrypoints
    assert (entry.target, entry.attribute, entry.outcome) == ("app.main:app", "app", "failed")
    assert entry.reaches == ("app", "app.main")
    (site,) = found.sites
    assert (site.module, site.target, site.names, site.line) == ("app.main", "x.y", ("z",), 7)
    assert site.resolves is False


@pytest.mark.parametrize(
    ("outcome", "others", "told"), [("ok", [], 0), ("failed", [], 1), ("ok", ["server.x"], 1)]
)
def test_the_module_of_the_server_is_told_where_it_fails(outcome: str, others: list[str], told: int) -> None:
    """Or where other modules of its package are checked: it is the application then."""
    entry = {
        "event": "entrypoint",
        "command": "server app.main:app",
        "target": "server.main",
        "module": "server.main",
        "attribute": None,
        "outcome": outcome,
        "reaches": [],
        "is_program": True,
    }
    names = ["server.main", *others]
    found = evidence(DISCOVERY, module("app"), module("app.main"), *map(module, names), entry, END)
    assert [name for name in names if name in outcomes(found)] == names * told
    assert len(found.entrypoints) == told


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_frames_are_found_however_they_are_cut(size: int) -> None:
    data = b"".join(map(frame, WHOLE))
    seen = observe(*(data[index : index + size] for index in range(0, len(data), size)))
    found = seen.build_evidence(Exit(0))
    assert (outcomes(found), found.complete) == (ALL, True)


def test_frames_are_found_amid_noise() -> None:
    noise = [b"no newline at the end", b"\xff\xfe\0\n\n", b"the-secret", b"x" * 5000, b"\n{}"]
    chunks = [part for event, text in zip(WHOLE, noise) for part in (text, frame(event))]
    assert outcomes(observe(*chunks).build_evidence(Exit(0))) == ALL


def test_a_frame_that_noise_has_torn_is_no_verdict() -> None:
    torn = frame(module("app.main"))
    half = len(torn) // 2
    seen = observe(*map(frame, WHOLE[:2]), torn[:half], b"\nprinted\n", torn[half:], frame(END))
    found = seen.build_evidence(Exit(0))
    assert outcomes(found)["app.main"] == "unchecked"
    assert not found.complete
    assert "app.main" in (found.error or "")


def test_noise_inside_a_frame_is_no_verdict() -> None:
    torn = frame(module("app.main")).replace(b"imported", b"impor\0ted")
    found = observe(*map(frame, WHOLE[:2]), torn, frame(END)).build_evidence(Exit(0))
    assert (outcomes(found)["app.main"], found.complete) == ("unchecked", False)


@pytest.mark.parametrize(
    "garbage",
    [
        frame(module("app.main"), secret="another"),
        frame(module("app.main"), secret=SECRET + "-worker"),
        frame(module("app.main")).replace(b"\n", b" "),
        f"\n{SECRET}{json.dumps(module('app.main'))}\n".encode(),
        frame([1, 2]),
        frame(None),
        frame("app.main"),
        frame({"event": "module", "name": "app.main", "outcome": "imported"}),
        frame({"name": "app.main"}),
        frame({"event": ["module"]}),
        f"\n{SECRET} \n".encode(),
        f"\n{SECRET} {'[' * 100}\n".encode(),
    ],
)
def test_garbage_is_no_verdict(garbage: bytes) -> None:
    found = observe(*map(frame, WHOLE[:2]), garbage, frame(END)).build_evidence(Exit(0))
    assert outcomes(found)["app.main"] == "unchecked"
    assert not found.complete


def test_verdicts_without_an_end_are_incomplete() -> None:
    found = observe(*map(frame, WHOLE[:-1])).build_evidence(Exit(137, out_of_memory=True))
    assert outcomes(found) == ALL
    assert not found.complete
    assert "--memory" in (found.error or "")
    late = observe(*map(frame, WHOLE[:-1])).build_evidence(Exit(137, timed_out=True))
    assert (found.out_of_time, late.out_of_time, late.complete) == (False, True, False)


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Exit(1), "exit code 1"),
        (Exit(137, out_of_memory=True), "--memory"),
        (Exit(137, too_many_processes=True), "more processes than a check may have"),
        (Exit(137, timed_out=True), "--timeout"),
        (None, "without a verdict"),
    ],
)
def test_nothing_at_all_is_an_error(ended: Any, said: str) -> None:
    with pytest.raises(InspectionError, match=said):
        observe(b"").build_evidence(ended)
    with pytest.raises(InspectionError, match=said):
        observe(frame(DISCOVERY)).build_evidence(ended)


def test_the_last_words_are_told() -> None:
    with pytest.raises(InspectionError, match="standard library is \\\\xff gone"):
        observe(b"Fatal error\n\n", b"the standard library is \xff gone").build_evidence(Exit(1))


def test_what_discovery_found_wrong_is_told() -> None:
    with pytest.raises(InspectionError, match="nothing to import in /app"):
        evidence(DISCOVERY, {"event": "end", "complete": False, "error": "nothing to import in /app"})


def test_nothing_to_import_is_an_error_of_its_own() -> None:
    why = "nothing to import: no application modules in /app (empty); name packages with -p"
    with pytest.raises(NothingToImportError, match="in /app"):
        evidence({**DISCOVERY, "error": why}, {"event": "end", "complete": False, "error": why})


def test_modules_that_were_not_checked_make_it_incomplete() -> None:
    found = evidence(*WHOLE[:2], END)
    assert (outcomes(found)["app.main"], found.complete) == ("unchecked", False)
    late = {"event": "end", "complete": False, "error": "time ran out", "out_of_time": True}
    found = evidence(*WHOLE[:2], module("app.main", "unchecked", detail="time ran out"), late)
    assert (outcomes(found)["app.main"], found.complete, found.error) == ("unchecked", False, "time ran out")
    assert found.out_of_time


def test_an_end_that_says_incomplete_without_a_reason_is_believed() -> None:
    found = evidence(*WHOLE[:-1], {"event": "end", "complete": False, "error": None})
    assert not found.complete


def test_a_python_that_is_too_old() -> None:
    seen = observe(frame({"event": "too_old", "version": "3.6", "executable": "/usr/bin/python3"}))
    assert seen.too_old == "/usr/bin/python3 is 3.6"


def test_endless_noise_is_not_kept() -> None:
    tracemalloc.start()
    try:
        seen = observe(*[b"x" * 100_000] * 50)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert len(seen.noise) <= probe_output.LONGEST_NOISE


def test_a_frame_too_long_is_cut_and_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_output, "LONGEST_FRAME", 1000)
    whole = frame(module("app.main", output="x" * 3000))
    chunks = [whole[index : index + 100] for index in range(0, len(whole), 100)]
    found = observe(*map(frame, WHOLE[:2]), *chunks, frame(END)).build_evidence(Exit(0))
    assert (outcomes(found)["app.main"], found.complete) == ("unchecked", False)


def test_modules_are_in_the_order_of_their_names() -> None:
    """Verdicts come as they become final, which is another order in each run."""
    found = evidence(DISCOVERY, module("app.main"), module("app"), END)
    assert list(outcomes(found)) == ["app", "app.main", "app.tests"]


def test_progress_counts_the_verdicts() -> None:
    class Counting(QuietProgress):
        def __init__(self) -> None:
            self.said: list[tuple[int, int, str]] = []

        def show_count(self, done: int, total: int, text: str) -> None:
            self.said.append((done, total, text))

    progress = Counting()
    ProbeStream(SECRET, progress).read_output(iter_of(*map(frame, WHOLE)))
    assert progress.said == [(1, 2, "app"), (2, 2, "app.main")]


def test_of_modules_that_were_not_asked_for_no_verdict_is_missing() -> None:
    asked = ProbeStream(SECRET, QuietProgress(), ["app.main"])
    asked.read_output(iter_of(*map(frame, [DISCOVERY, module("app.main"), END])))
    found = asked.build_evidence(Exit(0))
    assert (outcomes(found), found.complete) == ({"app.main": "imported", "app.tests": "skipped"}, True)


def iter_of(*chunks: bytes) -> Iterator[bytes]:
    yield from chunks


def test_clues_come_in_pieces_and_a_torn_one_is_lost_alone() -> None:
    def piece(kind: str, values: Any) -> dict[str, Any]:
        return {"event": "clues", "kind": kind, "values": values}

    pieces = [
        piece("system", [SYSTEM]),
        piece("sys_path", ["/app"]),
        piece("nonsense", [1]),
        piece("files", 3),
    ]
    torn = frame(piece("sys_path", ["/lost"]))[:-10] + b"printed\n"
    seen = observe(*map(frame, WHOLE[:-1]), *map(frame, pieces), torn, frame(END))
    clues = seen.build_evidence(Exit(0)).clues
    assert clues is not None
    assert (clues.system.distribution, clues.sys_path, clues.files) == ("debian", ("/app",), ())


def test_no_clues_where_none_were_asked_for() -> None:
    assert observe(*map(frame, WHOLE)).build_evidence(Exit(0)).clues is None


def test_the_images_variables_are_known_by_name_and_the_empty_ones_as_such() -> None:
    facts = image_facts(replace(IMAGE, env=("PORT=", "HOST=0.0.0.0", "PYTHONPATH=/lib")))
    assert facts.environment == ("HOST", "PORT", "PYTHONPATH")
    assert (facts.empty_variables, facts.python_path) == (("PORT",), "/lib")
