"""Users and programs of an unpacked root."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Optional

import pytest

from importguard.engines.embedded.root_paths import ImageRoot, ImageUser
from importguard.errors import EngineError


@pytest.fixture
def root(tmp_path: Path) -> ImageRoot:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nbroken\nshop:x:1000:50::/home/shop:\n"
    )
    (tmp_path / "etc/group").write_text("root:x:0:\nstaff:x:50:\nwww:x:33:shop,other\n")
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python3.13").write_text("")
    (tmp_path / "usr/bin/python3.13").chmod(0o755)
    (tmp_path / "usr/bin/data").write_text("")
    (tmp_path / "usr/bin/python3").symlink_to("python3.13")
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "up").symlink_to("../../../../../../../../etc/passwd")
    (tmp_path / "host").symlink_to("/etc/hostname")
    (tmp_path / "loop").symlink_to("loop")
    return ImageRoot(tmp_path)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/bin/python3", "usr/bin/python3.13"),
        ("bin/../bin/python3", "usr/bin/python3.13"),
        ("/up", "etc/passwd"),
        ("/../../etc/passwd", "etc/passwd"),
        ("/host", None),
        ("/loop", None),
        ("/nowhere/x", None),
        ("/etc/passwd/x", None),
    ],
)
def test_links_stay_inside(root: ImageRoot, tmp_path: Path, path: str, found: Optional[str]) -> None:
    assert root.resolve_path(path) == (tmp_path / found if found else None)


@pytest.mark.parametrize(
    ("spec", "user"),
    [
        ("", ImageUser(0, 0, (), "/root")),
        ("shop", ImageUser(1000, 50, (33,), "/home/shop")),
        ("1000", ImageUser(1000, 50, (33,), "/home/shop")),
        ("shop:www", ImageUser(1000, 33, (), "/home/shop")),
        ("1000:7", ImageUser(1000, 7, (), "/home/shop")),
        ("4321", ImageUser(4321, 0, (), "/")),
    ],
)
def test_users(root: ImageRoot, spec: str, user: ImageUser) -> None:
    assert root.find_user(spec) == user


@pytest.mark.parametrize(("spec", "file"), [("nobody", "/etc/passwd"), ("shop:nobody", "/etc/group")])
def test_users_that_are_not_there(root: ImageRoot, spec: str, file: str) -> None:
    with pytest.raises(EngineError, match=file):
        root.find_user(spec)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("python3", "usr/bin/python3.13"),
        ("/bin/python3", "usr/bin/python3.13"),
        ("./python3", "usr/bin/python3.13"),
        ("data", None),
        ("nowhere", None),
        ("/usr", None),
    ],
)
def test_programs(root: ImageRoot, tmp_path: Path, name: str, found: Optional[str]) -> None:
    expected = tmp_path / found if found else None
    assert root.find_program(name, {"PATH": "/nowhere:/usr/bin"}, "/usr/bin") == expected


def test_a_folder_is_made_and_a_link_is_not_followed_outside(root: ImageRoot, tmp_path: Path) -> None:
    root.make_folders("/srv/app", 0o555)
    root.make_folders("/bin/x", 0o755)
    root.make_folders("/loop/x", 0o755)
    assert (tmp_path / "srv/app").stat().st_mode & 0o777 == 0o555
    assert (tmp_path / "usr/bin/x").is_dir()


def test_programs_by_their_paths_are_files_to_execute_and_links(root: ImageRoot) -> None:
    found = root.find_programs(re.compile(r"/usr/bin/(python3(\.\d+)?|data|p.*x)|/etc/.*"))
    assert sorted(found) == ["/usr/bin/python3", "/usr/bin/python3.13"]
