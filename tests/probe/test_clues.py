"""What the probe tells of the surroundings of failures, under every Python of this machine."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest
from probe.conftest import pythons, run_probe

from importguard.config import Config
from importguard.evidence.surroundings import Clues
from importguard.inspectors.surroundings import Gathered

Tree = Callable[[dict[str, str]], Path]
EVERY = pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])

FAILING = {
    "shop/__init__.py": "",
    "shop/cart.py": "from shop.models import Basket\n",
    "shop/models.py": "class Bag:\n    pass\n",
    "shop/old.py": "class Basket:\n    pass\n",
    "shop/pay.py": "import payments.stripe\n",
    "shop/merge.py": "A = 1\n<<<<<<< HEAD\nB = 1\n=======\nB = 2\n>>>>>>> main\n",
    "lib/payments/__init__.py": "",
    "lib/payments/stripe.py": "",
    "colorsys.py": "",
}


def clues(events: list[dict[str, Any]]) -> Clues:
    gathered = Gathered()
    for event in events:
        if event["event"] == "clues":
            gathered.take_clue_values(event["kind"], event["values"])
    found = gathered.build_clues()
    assert found is not None
    assert gathered.left_out == 0
    return found


@EVERY
def test_what_lies_around_failures(python: str, tree: Tree) -> None:
    root = tree(FAILING)
    found = clues(run_probe(root, python)[1])
    version = ".".join(Path(os.path.realpath(python)).name[len("python") :].split(".")[:2])
    assert found.markers["python_version"] == version
    assert found.markers["sys_platform"] == "linux"
    assert len(found.markers) == 11
    assert found.sys_path[0] == str(root)
    assert ("asyncore" in found.stdlib) is (version in ("3.10", "3.11"))
    assert found.system.libc in ("glibc", "musl")
    assert found.system.uid == os.getuid()
    assert ("payments", f"{root}/lib") in [(one.module, one.root) for one in found.candidates]
    models = found.resolution_of("shop.models")
    assert models is not None
    assert (models.kind, models.path) == ("module", f"{root}/shop/models.py")
    names = {one.module: one for one in found.names}
    assert (names["shop.models"].names, names["shop.models"].elsewhere) == (("Bag",), ("shop.old.Basket",))
    assert [(one.kind, one.line) for one in found.broken] == [("merge-markers", 2)]
    assert found.unreadable == ()
    assert [note for note in found.notes if "could not" in note] == []
    shadow = found.resolution_of("colorsys")
    assert shadow is not None
    assert [Path(path).name for path in shadow.hidden] == ["colorsys.py"]


def test_files_with_their_digests(tree: Tree) -> None:
    root = tree({"a.py": "import not_there\n", "b.py": ""})
    (root / "b.py").write_bytes(b"x = 1\r\ny = 2\r\n")
    files = {one.path: one for one in clues(run_probe(root, pythons()[0])[1]).files}
    assert set(files) == {f"{root}/a.py", f"{root}/b.py"}
    b = files[f"{root}/b.py"]
    assert b.text_digest == hashlib.sha256(b"x = 1\ny = 2\n").hexdigest()
    assert (b.kind, b.size) == ("file", 14)
    a = files[f"{root}/a.py"]
    assert a.text_digest is not None


def test_files_that_no_import_can_load_are_in_the_image_too(tree: Tree) -> None:
    names = ["a.py", "memory/__init__.py", "memory.py", "my-tool/x.py"]
    root = tree(
        {**dict.fromkeys(names, ""), "a.py": "import not_there\n", "venv/pyvenv.cfg": "", "venv/y.py": ""}
    )
    files = {one.path for one in clues(run_probe(root, pythons()[0])[1]).files}
    assert files == {f"{root}/{name}" for name in names}


def test_nothing_is_told_of_a_sound_application(tree: Tree) -> None:
    _, events = run_probe(tree({"a.py": ""}), pythons()[-1])
    assert [event for event in events if event["event"] == "clues"] == []


def test_a_sound_application_is_compared_with_its_source(tree: Tree) -> None:
    root = tree({"a.py": ""})
    _, events = run_probe(root, pythons()[-1], replace(Config(), source="."))
    assert [one.path for one in clues(events).files] == [f"{root}/a.py"]
    kinds = {event["kind"] for event in events if event["event"] == "clues"}
    assert kinds <= {"system", "markers", "stdlib", "sys_path", "files", "distributions"}


def test_files_that_are_traps(tree: Tree) -> None:
    root = tree({"a.py": "import fifo\nimport not_there.deep\n", "b.py": "import loop.deep\n"})
    os.mkfifo(root / "not_there.py")
    (root / "loop").symlink_to(root)
    (root / "broken.py").symlink_to("nowhere")
    os.mkdir(os.fsencode(root) + b"/\xff")
    (root / "huge.py").write_bytes(b"")
    os.truncate(root / "huge.py", 1 << 33)
    (root / "huge.py").unlink()
    found = clues(run_probe(root, pythons()[-1])[1])
    assert not [note for note in found.notes if "could not be gathered" in note]
    assert {one.module for one in found.candidates if one.root.startswith(str(root))} == set()
