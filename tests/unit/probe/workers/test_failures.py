"""Exceptions as plain data: which one of a chain decides, and exceptions that lie, raise or are enormous."""

from __future__ import annotations

import builtins
import importlib
import json
import marshal
import os
import sys
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from importguard.probe.workers.failures import (
    LONGEST_TEXT,
    MOST_FRAMES,
    MOST_LINKS,
    PROBE_FILE,
    chain,
    describe,
)


def missing(name: Optional[str]) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


def linked(error: BaseException, *, cause: Any = None, context: Any = None) -> BaseException:
    error.__cause__, error.__context__ = cause, context
    return error


def caught(action: Callable[[], object]) -> BaseException:
    try:
        action()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def running(source: str, path: str, **names: Any) -> Callable[[], None]:
    """What runs ``source`` as the body of the module at ``path``."""
    return lambda: exec(compile(source, path, "exec"), {"__name__": path[:-3], **names})


def frames(error: BaseException) -> list[tuple[str, int, str, str]]:
    """The frames that ``describe`` gives, those of this file left out."""
    return [frame for frame in describe(error)[3] if frame[0] != __file__]


def test_a_module_that_is_missing() -> None:
    error = caught(running("\n\nimport not_there_at_all", "one.py"))
    kind, message, name, _, causes = describe(error)
    assert (kind, message, name) == (
        "ModuleNotFoundError",
        "No module named 'not_there_at_all'",
        "not_there_at_all",
    )
    assert causes == [(kind, message, name)]
    assert frames(error) == [("one.py", 3, "<module>", "one")]


def test_an_import_error_deeper_in_the_chain_decides() -> None:
    inner = missing("redis")
    error = linked(RuntimeError("set-up failed"), cause=linked(ValueError("bad"), context=inner))
    kind, message, name, _, causes = describe(error)
    assert (kind, message, name) == ("RuntimeError", "set-up failed", "redis")
    assert [cause[0] for cause in causes] == ["RuntimeError", "ValueError", "ModuleNotFoundError"]
    assert [cause[2] for cause in causes] == [None, None, "redis"]


def test_a_cause_comes_before_a_context() -> None:
    error = linked(RuntimeError(), cause=missing("the_cause"), context=missing("the_context"))
    assert describe(error)[2] == "the_cause"
    assert [cause[2] for cause in describe(error)[4]] == [None, "the_cause", "the_context"]


def test_what_lies_behind_a_cause_comes_before_the_context() -> None:
    behind = linked(ValueError(), context=missing("behind_the_cause"))
    error = linked(RuntimeError(), cause=behind, context=missing("the_context"))
    assert describe(error)[2] == "behind_the_cause"


def test_a_module_that_is_missing_decides_over_an_import_error_further_out() -> None:
    error = linked(ImportError("cannot import name 'x' from 'y'", name="y"), context=missing("z"))
    assert describe(error)[2] == "z"


def test_an_import_error_names_no_missing_module() -> None:
    error = ImportError("cannot import name 'x' from 'y'", name="y")
    kind, _, name, _, causes = describe(error)
    assert (kind, name, causes[0][2]) == ("ImportError", None, "y")


def test_the_first_that_has_a_name_counts() -> None:
    for nameless in (ModuleNotFoundError("install our extras: pip install app[all]"), missing("")):
        assert describe(nameless)[2] is None
        assert describe(linked(nameless, context=missing("numpy")))[2] == "numpy"


def test_the_frames_lead_to_the_exception_that_decides() -> None:
    def importer() -> None:
        try:
            running("import not_there_at_all", "inner.py")()
        except ImportError as error:
            raise RuntimeError("wrapped") from error

    error = caught(running("\nimporter()", "outer.py", importer=importer))
    assert describe(error)[0] == "RuntimeError"
    assert frames(error) == [("outer.py", 2, "<module>", "outer"), ("inner.py", 1, "<module>", "inner")]


def test_frames_of_the_import_system_and_of_the_probe_are_left_out() -> None:
    nested = {"inner": running("import importlib\nimportlib.import_module('not_there_at_all')", "inner.py")}
    error = caught(running("inner()", PROBE_FILE, **nested))
    paths = [frame[0] for frame in describe(error)[3]]
    assert "inner.py" in paths
    assert not [path for path in paths if path == PROBE_FILE or path.startswith("<frozen importlib")]


def test_a_syntax_error_ends_in_the_line_that_does_not_parse() -> None:
    error = caught(lambda: compile("x = 1\ny = = 2\n", "/app/broken.py", "exec"))
    assert describe(error)[0] == "SyntaxError"
    assert describe(error)[3][-1] == ("/app/broken.py", 2, "<module>", "")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_the_members_of_a_group_are_looked_into_after_its_cause() -> None:
    group = vars(builtins)["ExceptionGroup"](
        "two", [ValueError("x"), linked(KeyError("y"), context=missing("member"))]
    )
    assert describe(group)[2] == "member"
    assert [cause[0] for cause in describe(group)[4]] == [
        "ExceptionGroup",
        "ValueError",
        "KeyError",
        "ModuleNotFoundError",
    ]
    assert describe(linked(group, cause=missing("cause")))[2] == "cause"


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__context__ = second
    second.__cause__ = first
    assert chain(first) == [first, second]


def test_a_long_chain_is_cut() -> None:
    error: BaseException = missing("too_far_away")
    for number in range(MOST_LINKS + 5):
        error = linked(ValueError(str(number)), cause=error)
    assert len(chain(error)) == MOST_LINKS
    assert describe(error)[2] is None


def test_deep_frames_keep_both_ends() -> None:
    source = "def down(n):\n    down(n - 1) if n else not_bound\n\ndown(200)\n"
    error = caught(running(source, "deep.py"))
    found = describe(error)[3]
    assert len(found) == MOST_FRAMES
    assert ("deep.py", 4, "<module>", "deep") in found[:5]
    assert found[-1] == ("deep.py", 2, "down", "deep")


def test_a_huge_message_is_cut() -> None:
    message = describe(ValueError("x" * 10_000_000))[1]
    assert message.startswith("x" * LONGEST_TEXT + " [")
    assert message.endswith("... 10000000 characters]")
    assert len(message) < LONGEST_TEXT + 50


class Raises(Exception):
    def __str__(self) -> str:
        raise SystemExit("from __str__")


class NoText(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class Sly(str):
    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        return "sly"


class LiesAboutItsClass(Exception):
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise RuntimeError("no class for you")


class LiesAboutItsLinks(ModuleNotFoundError):
    __cause__ = 5  # type: ignore[assignment]
    __context__ = "context"  # type: ignore[assignment]
    exceptions = ("a", None, 7)
    name = 12  # type: ignore[assignment]


class RaisesForEverything(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise KeyboardInterrupt(name)


class NamesOfAnotherKind(Exception):
    pass


NamesOfAnotherKind.__module__ = 5  # type: ignore[assignment]
NamesOfAnotherKind.__qualname__ = "Kind\ud800\x1b[31m"


class LiesAboutItsTraceback(Exception):
    __traceback__ = "not one"  # type: ignore[assignment]


# Classes with their message: pytest itself would stumble over the exceptions.
HOSTILE = [
    (Raises, "", "<unprintable: SystemExit>"),
    (NoText, "", "<unprintable: TypeError>"),
    (ValueError, Sly("x" * 5000), "sly"),
    (LiesAboutItsClass, "class", "class"),
    (LiesAboutItsLinks, "links", "links"),
    (RaisesForEverything, "all", "all"),
    (NamesOfAnotherKind, "kind", "kind"),
    (LiesAboutItsTraceback, "traceback", "traceback"),
]


@pytest.mark.parametrize(("kind", "argument", "message"), HOSTILE)
def test_a_hostile_exception_is_described_in_plain_values(
    kind: type[Exception], argument: str, message: str
) -> None:
    plain = describe(kind(argument))
    assert plain[1] == message
    assert plain[0].endswith(kind.__qualname__)
    assert marshal.loads(marshal.dumps(plain, 2)) == plain
    json.dumps(plain).encode("ascii")


@pytest.mark.parametrize("kind", [kind for kind, _, _ in HOSTILE])
def test_a_hostile_exception_hides_no_missing_module(kind: type[BaseException]) -> None:
    def fail() -> None:
        try:
            import not_there_at_all  # noqa: F401
        except ImportError:
            raise kind from None

    assert describe(caught(fail))[2] == "not_there_at_all"


def test_a_namespace_that_lies_is_not_asked() -> None:
    class Namespace(dict):  # type: ignore[type-arg]
        def get(self, *_: object) -> object:
            raise SystemExit("asked")

    space = Namespace(__name__=["no", "text"])
    error = caught(lambda: exec(compile("1 / 0", "app.py", "exec"), space))
    assert describe(error)[3][-1] == ("app.py", 1, "<module>", "['no', 'text']")


def test_an_exit_decides_by_itself() -> None:
    """What was being handled is no cause: the code chose to leave."""
    source = "try:\n    import not_there_at_all\nexcept ImportError:\n    raise SystemExit(3)\n"
    error = caught(running(source, "one.py"))
    kind, message, name, _, causes = describe(error)
    assert (kind, message, name) == ("SystemExit", "3", None)
    assert [cause[0] for cause in causes] == ["SystemExit", "ModuleNotFoundError"]
    assert frames(error) == [("one.py", 4, "<module>", "one")]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable folder; what is imported from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def test_a_file_that_cannot_be_read_is_the_place(package: Path) -> None:
    broken, user = package / "unreadable_xyz.py", package / "user_xyz.py"
    broken.symlink_to("/proc/self/mem")  # opens, but nothing can be read at its beginning
    user.write_text("\nimport unreadable_xyz\n")
    if not os.path.exists("/proc/self/mem"):
        pytest.skip("no /proc")
    error = caught(lambda: importlib.import_module("user_xyz"))
    assert describe(error)[0] == "OSError"
    assert frames(error)[-2:] == [
        (str(user), 2, "<module>", "user_xyz"),
        (str(broken), 0, "<module>", "unreadable_xyz"),
    ]


def test_a_syntax_error_has_one_place(package: Path) -> None:
    broken = package / "syntax_xyz.py"
    broken.write_text("\n\nx = (\n")
    error = caught(lambda: importlib.import_module("syntax_xyz"))
    places = [frame for frame in frames(error) if frame[0] == str(broken)]
    assert [(path, function) for path, _, function, _ in places] == [(str(broken), "<module>")]
    assert places[0][1] > 0


def test_a_module_that_is_found_at_the_second_try_is_not_missing(package: Path) -> None:
    """As huey's consumer imports the application: once more, with the working directory on the path."""
    (package / "later").mkdir()
    (package / "later" / "second_try_xyz.py").write_text("raise ValueError('bad')\n")
    source = (
        "try:\n    import second_try_xyz\nexcept ImportError:\n"
        "    sys.path.insert(0, later)\n    import second_try_xyz\n"
    )
    error = caught(running(source, "first.py", sys=sys, later=str(package / "later")))
    kind, message, lacks, lead, causes = describe(error)
    assert (kind, message, lacks, len(causes)) == ("ValueError", "bad", None, 1)
    assert lead[-1][3] == "second_try_xyz"


def test_a_module_that_is_missing_for_one_of_a_like_name() -> None:
    source = "try:\n    import shop_xyz\nexcept ImportError:\n    raise ValueError('bad')\n"
    assert describe(caught(running(source, "shop_xyzzy.py")))[2] == "shop_xyz"
