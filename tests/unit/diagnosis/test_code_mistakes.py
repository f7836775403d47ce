"""The code itself is to blame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import pytest
from unit.builders import entry, failed, frame, imported, raised
from unit.diagnosis.world import (
    SITE,
    clues,
    dist,
    dockerfile_of,
    lacking,
    needs,
    observed,
    only,
    raising,
    resolves,
    source,
    where,
)

from importguard.checks import run_checks
from importguard.diagnosis.causes import diagnose_findings
from importguard.evidence.imports import Frame, ImportFailure
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import BrokenFile, ModuleNames
from importguard.source.dockerfile_model import Instruction

LIKELY = "most likely due to a circular import"
QUEUE = resolves("queue", "module", "/app/queue.py", hidden=("/usr/local/lib/python3.13/queue.py",))


def test_shadowed_by_a_name_an_attribute_and_a_submodule() -> None:
    held = clues(resolutions=(QUEUE,))
    name = raising(
        "ImportError", "cannot import name 'Queue' from 'queue' (/app/queue.py)", name="queue", clues=held
    )
    attribute = raising("AttributeError", "module 'queue' has no attribute 'Queue'", clues=held)
    submodule = lacking("queue.x", message="No module named 'queue.x'; 'queue' is not a package", clues=held)
    for seen in (name, attribute, submodule):
        found = only(seen, source("queue.py", copied={"queue.py": "/app/queue.py"}))
        assert where(found) == ("shadowed", ("queue.py", None))
        assert "/usr/local/lib/python3.13/queue.py" in found.explanation
        assert found.remedy == "rename queue.py"


def test_an_empty_file_that_hides_another_is_no_broken_one() -> None:
    held = clues(resolutions=(QUEUE,), broken=(BrokenFile("/app/queue.py", "empty"),))
    message = "cannot import name 'Queue' from 'queue' (/app/queue.py)"
    assert only(raising("ImportError", message, name="queue", clues=held)).cause == "shadowed"


def test_shadowed_third_party_by_installed_and_by_declared() -> None:
    redis = resolves("redis", "module", "/app/redis.py")
    message = f"cannot import name 'Redis' from partially initialized module 'redis' ({LIKELY})"
    installed = clues(resolutions=(redis,), distributions=(dist("redis", "5.0"),))
    found = only(raising("ImportError", message, name="redis", clues=installed), source())
    assert found.cause == "shadowed"
    assert f"redis 5.0's 'redis' ({SITE}/redis)" in found.explanation
    declared = only(
        raising("ImportError", message, name="redis", clues=clues(resolutions=(redis,))),
        source(requirements=[needs("redis")]),
    )
    assert declared.cause == "shadowed"


def test_the_library_itself_hides_nothing() -> None:
    own = resolves("queue", "module", "/usr/local/lib/python3.13/queue.py")
    seen = raising(
        "ImportError",
        "cannot import name 'Quee' from 'queue' (/x)",
        name="queue",
        clues=clues(resolutions=(own,)),
    )
    assert only(seen).cause != "shadowed"
    mine = resolves("settings", "module", "/app/settings.py")
    seen = raising(
        "ImportError",
        "cannot import name 'x' from 'settings' (/x)",
        name="settings",
        clues=clues(resolutions=(mine,)),
    )
    assert only(seen).cause != "shadowed"


def test_not_a_package() -> None:
    message = "No module named 'shop.util.text'; 'shop.util' is not a package"
    alone = clues(resolutions=(resolves("shop.util", "module", "/app/shop/util.py"),))
    found = only(lacking("shop.util.text", message=message, line=8, clues=alone), source())
    assert where(found) == ("not-a-package", ("shop/main.py", 8))
    assert "shop/util.py" in found.explanation
    hiding = resolves("shop.util", "module", "/app/shop/util.py", hidden=("/app/shop/util",))
    found = only(lacking("shop.util.text", message=message, clues=clues(resolutions=(hiding,))), source())
    assert where(found) == ("not-a-package", ("shop/util.py", None))
    assert "It hides the folder /app/shop/util" in found.explanation


def test_a_folder_that_hides_the_module() -> None:
    hidden = resolves("shop.util", "package", "/app/shop/util/__init__.py", hidden=("/app/shop/util.py",))
    seen = raising(
        "ImportError",
        "cannot import name 'text' from 'shop.util' (/app/shop/util/__init__.py)",
        name="shop.util",
        clues=clues(resolutions=(hidden,)),
    )
    found = only(seen, source())
    assert where(found) == ("not-a-package", ("shop/util.py", None))
    assert "shop/util hides the module shop/util.py" in found.explanation


PARTIAL = f"cannot import name 'B' from partially initialized module 'shop.b' ({LIKELY})"
WAY = [frame("shop.main", 1), frame("shop.b", 2), frame("shop.a", 3)]


def circle(kind: str = "ImportError", message: str = PARTIAL, **changes: Any) -> Evidence:
    failure = raised((kind, message, "shop.b"), frames=WAY)
    others = [imported("shop.a"), imported("shop.b")]
    return observed(*others, failed("shop.main", failure, culprit="shop.a"), **changes)


def test_circular_tells_the_whole_cycle() -> None:
    found = only(circle(), source())
    assert where(found) == ("circular", ("shop/a.py", 3))
    assert "shop.b (shop/b.py:2) → shop.a (shop/a.py:3) → shop.b" in found.explanation
    assert found.evidence == (
        "shop.b imports shop.a at shop/b.py:2",
        "shop.a imports shop.b at shop/a.py:3",
    )


def test_a_circle_that_fails_from_each_of_its_modules_is_one_finding() -> None:
    def asking(module: str, name: str, *way: Frame) -> ImportFailure:
        message = f"cannot import name '{name}' from partially initialized module '{module}' ({LIKELY})"
        return raised(("ImportError", message, module), frames=way)

    seen = observed(
        failed("shop.a", asking("shop.a", "A", frame("shop.a", 1), frame("shop.b", 2)), culprit="shop.b"),
        failed("shop.b", asking("shop.b", "B", frame("shop.b", 2), frame("shop.a", 1)), culprit="shop.a"),
        failed("shop.c", asking("shop.c", "C", frame("shop.c", 1), frame("shop.d", 2)), culprit="shop.d"),
    )
    found = diagnose_findings(run_checks(seen), seen, source())
    assert [(one.missing, one.affected) for one in found] == [
        ("shop.a.A", ("shop.a", "shop.b")),
        ("shop.c.C", ("shop.c",)),
    ]
    assert found[0].diagnosis is not None
    assert "'shop.b.B' fails in the same way" in found[0].diagnosis.explanation


@pytest.mark.parametrize("kind", ["library", "third-party module"])
def test_circular_in_the_words_of_python_3_13(kind: str) -> None:
    message = (
        "cannot import name 'B' from 'shop.b' (consider renaming '/app/shop/b.py' if it has the same name as "
        f"a {kind} you intended to import)"
    )
    found = only(circle("ImportError", message), source())
    assert where(found) == ("circular", ("shop/a.py", 3))


@pytest.mark.parametrize("file", ["", " from '/app/shop/b.py'"])
def test_circular_by_attribute(file: str) -> None:
    message = (
        f"partially initialized module 'shop.b'{file} has no attribute 'B' "
        "(most likely due to a circular import)"
    )
    found = only(circle("AttributeError", message), source())
    assert found.cause == "circular"
    assert "shop.b (shop/b.py:2) → shop.a (shop/a.py:3) → shop.b" in found.explanation


def test_a_name_that_is_never_bound_is_not_the_circles_fault() -> None:
    names = ModuleNames("shop.b", "/app/shop/b.py", ("Bee", "other"))
    found = only(circle(clues=clues(names=(names,))), source())
    assert found.cause == "missing-name"
    bound = ModuleNames("shop.b", "/app/shop/b.py", ("B",))
    found = only(circle(clues=clues(names=(bound,))), source())
    assert found.cause == "circular"


def lacks_name(**known):
    names = ModuleNames("shop.util", "/app/shop/util.py", **known)
    message = "cannot import name 'slugify' from 'shop.util' (/app/shop/util.py)"
    return raising("ImportError", message, name="shop.util", line=6, clues=clues(names=(names,)))


def test_missing_name_says_where_it_is_now_or_the_nearest() -> None:
    moved = only(lacks_name(elsewhere=("shop.text.slugify",), names=("slugifi",)), source())
    assert where(moved) == ("missing-name", ("shop/main.py", 6))
    assert "it is shop.text.slugify now" in moved.remedy
    typo = only(lacks_name(names=("slugifi", "other")), source())
    assert "did you mean 'slugifi'?" in typo.remedy
    assert typo.confidence == "certain"
    assert only(lacks_name(names=("other",), everything=False), source()).confidence == "likely"


def test_missing_name_of_a_distribution_names_the_versions() -> None:
    held = clues(distributions=(dist("pydantic", "2.5"),))
    seen = raising(
        "ImportError", "cannot import name 'BaseSettings' from 'pydantic' (/x)", name="pydantic", clues=held
    )
    found = only(seen, source(requirements=[needs("pydantic", 4, specifier=">=2")]))
    assert found.cause == "missing-name"
    assert "pydantic 2.5 is installed" in found.explanation
    assert "requirements.txt:4 declares pydantic>=2" in found.explanation


def test_the_start_commands_attribute() -> None:
    names = ModuleNames("shop.main", "/app/shop/main.py", ("application",))
    seen = observed(
        imported("shop.main"),
        entrypoints=(entry("shop.main", "missing_attribute"),),
        clues=clues(names=(names,)),
    )
    found = only(seen, source())
    assert found.cause == "missing-name"
    assert "'application'" not in found.explanation


@pytest.mark.parametrize(
    ("command", "imported_at", "place", "path"),
    [
        ("uwsgi --ini uwsgi.ini", None, "uwsgi.ini", "uwsgi.ini"),
        ("gunicorn -c python-conf/prod.py", None, "python-conf/prod.py", "python-conf/prod.py"),
        ("gunicorn", None, "gunicorn.conf.py", "gunicorn.conf.py"),
        ("python -m shop", ("/app/shop/__main__.py", 3), "shop/__main__.py:3", "shop/__main__.py"),
        ("uvicorn shop.main:app", None, "the start command at Dockerfile:9", "Dockerfile"),
        ("gunicorn --reload shop.main", None, "the start command at Dockerfile:9", "Dockerfile"),
        ("some-server", None, "the configuration that the start command reads", None),
    ],
)
def test_the_place_where_a_start_command_names_what_is_not_there(
    command: str, imported_at: Optional[tuple[str, int]], place: str, path: Optional[str]
) -> None:
    names = ModuleNames("shop.main", "/app/shop/main.py", ("apple",))
    lost = replace(entry("shop.main", "missing_attribute"), command=command, imported_at=imported_at)
    seen = observed(imported("shop.main"), entrypoints=(lost,), clues=clues(names=(names,)))
    commands = (Instruction("CMD", '["uvicorn", "shop.main:app"]', 9, 0),)
    found = only(seen, source(dockerfile=replace(dockerfile_of(), instructions=commands)))
    assert found.remedy == f"did you mean 'apple'? Correct {place}"
    assert (found.location.path if found.location else None) == path


def test_a_module_without_any_object_of_the_class_that_its_server_looks_for() -> None:
    lost = entry("shop.main", "missing_attribute", attribute="instance of fastapi:FastAPI")
    seen = observed(imported("shop.main"), entrypoints=(lost,))
    found = only(seen, source())
    assert found.cause == "missing-name"
    assert found.explanation == "The module 'shop.main' imports, and binds no instance of fastapi:FastAPI."


def test_what_a_start_command_loads_may_be_a_file_that_was_not_copied() -> None:
    seen = lacking("locustfile", importer="locustfile", entrypoints=(entry("locustfile", "failed"),))
    assert only(seen).remedy.startswith("copy it into the image if it is a file of yours, or else install")
    assert only(lacking("locustfile")).remedy.startswith("install locustfile")


def test_nothing_known_is_unknown_and_says_what_was_looked_at() -> None:
    seen = raising("ImportError", "cannot import name 'x' from 'y' (/x)", name="y")
    found = only(seen, source())
    assert found.cause == "unknown"
    assert "Dockerfile" in found.explanation
    assert found.evidence


@pytest.mark.parametrize("editable", [False, True])
def test_a_distribution_of_the_projects_own_has_no_version_to_pin(editable: bool) -> None:
    held = clues(distributions=(dist("shared", "0.1", editable=editable),))
    message = "cannot import name 'Base' from 'shared' (/x)"
    seen = raising("ImportError", message, name="shared", clues=held)
    declared = [] if editable else [needs("shared", url="libs/shared")]
    tree = source(requirements=declared)
    assert only(seen, tree).remedy == "correct shop/main.py:3, or bind the name in 'shared'"


def of_library(kind: str, message: str, *own: Frame, name: Optional[str] = None, **changes: Any) -> Evidence:
    """A statement of flask fails; ``own`` are the application's frames that lead there."""
    inside = Frame(f"{SITE}/flask/app.py", 9, "<module>", "flask.app")
    held = clues(distributions=(dist("flask", "2.2"), *changes.pop("distributions", ())), **changes)
    return raising(kind, message, name=name, clues=held, frames=[*own, inside])


@pytest.mark.parametrize("own", [(), (frame("shop.main", 3),)])
def test_a_library_is_not_to_be_corrected(own: tuple[Frame, ...]) -> None:
    names = ModuleNames("flask.globals", f"{SITE}/flask/globals.py", ("request",))
    message = "cannot import name 'requst' from 'flask.globals' (/x)"
    moved = only(of_library("ImportError", message, *own, name="flask.globals", names=(names,)), source())
    assert moved.remedy == "change the version of flask 2.2, whose own code asks for it"
    removed = "module 'inspect' has no attribute 'getargspec'"
    found = only(of_library("AttributeError", removed, *own), source())
    assert found.remedy.startswith("change the version of flask 2.2, whose own code asks for it, or an older")


def test_a_name_that_a_library_asks_of_the_application_is_to_be_corrected_there() -> None:
    names = ModuleNames("shop.util", "/app/shop/util.py", ("slugify",))
    message = "cannot import name 'slugfy' from 'shop.util' (/app/shop/util.py)"
    seen = of_library("ImportError", message, frame("shop.main", 3), name="shop.util", names=(names,))
    assert only(seen, source()).remedy == "did you mean 'slugify'? Correct shop/main.py:3"
