"""Layers become one root, as an overlay of them would show it."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
from unit.engines.embedded.archives import entry, folder, hard_link, layer, symlink

from importguard.engines.embedded.permissions import Permissions, Viewer
from importguard.engines.embedded.removal import remove_tree
from importguard.engines.embedded.unpack import RootFolder


def unpacked(path: Path, *layers: bytes, viewer: Viewer = Viewer()) -> dict[str, str]:  # noqa: B008
    """The content of each file, the target of each link, and "/" for a folder."""
    root = RootFolder(str(path), "image")
    for data in layers:
        root.unpack_layer(io.BytesIO(data))
    root.grant_permissions(viewer)
    root.close()
    return tree(path)


def tree(path: Path) -> dict[str, str]:
    found = {}
    for item in sorted(path.rglob("*")):
        name = str(item.relative_to(path))
        if item.is_symlink():
            found[name] = f"-> {os.readlink(item)}"
        else:
            found[name] = "/" if item.is_dir() else item.read_text()
    return found


BELOW = layer(folder("a"), entry("a/one", b"1"), entry("a/two", b"2"), folder("a/in"), entry("a/in/x", b"x"))


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        (layer(entry("a/.wh.one")), "a a/in a/in/x a/two"),
        (layer(entry(".wh.a")), ""),
        (layer(entry("a/.wh..wh..opq"), entry("a/new")), "a a/new"),
        (layer(entry("a/new"), entry("a/.wh..wh..opq")), "a a/new"),
        (layer(entry("a/in/y"), entry("a/.wh..wh..opq")), "a a/in a/in/y"),
        (layer(folder("a/in"), entry("a/in/y"), entry("a/.wh.in")), "a a/in a/in/y a/one a/two"),
        (layer(entry("a")), "a"),
        (layer(symlink("a", "b")), "a"),
        (
            layer(entry("a/.wh.none"), entry("no/.wh.x"), entry("no/.wh..wh..opq")),
            "a a/in a/in/x a/one a/two",
        ),
        (layer(entry("a/.wh..wh.plnk"), entry("a/.wh..wh.aufs")), "a a/in a/in/x a/one a/two"),
        (layer(entry("a/in", b"file")), "a a/in a/one a/two"),
    ],
)
def test_layers_hide_what_is_below(tmp_path: Path, above: bytes, expected: str) -> None:
    assert sorted(unpacked(tmp_path, BELOW, above)) == expected.split()


def test_the_last_layer_wins(tmp_path: Path) -> None:
    found = unpacked(tmp_path, BELOW, layer(entry("a/one", b"new"), symlink("a/two", "one")))
    assert (found["a/one"], found["a/two"]) == ("new", "-> one")


def test_a_folder_takes_the_place_of_a_link_of_a_layer_below(tmp_path: Path) -> None:
    """As in an overlay: the link of the layer below is hidden, and not followed."""
    target = tmp_path / "outside"
    target.mkdir()
    root = tmp_path / "root"
    root.mkdir()
    found = unpacked(root, layer(symlink("bin", str(target))), layer(entry("bin/tool", b"t")))
    assert found == {"bin": "/", "bin/tool": "t"}
    assert list(target.iterdir()) == []


def test_names_and_kinds(tmp_path: Path) -> None:
    long = "/".join(["x" * 90] * 4)
    entries = [
        folder("./"),
        folder("/"),
        entry("./dot/file", b"1"),
        entry(long, b"long"),
        entry("gnu" * 60, b"gnu", format=tarfile.GNU_FORMAT),
        entry("name-\udcff", b"odd"),
        symlink("absolute", "/etc/passwd"),
        hard_link("hard", "dot/file"),
        hard_link("slash", "/dot/file"),
        entry("dot/file-2", b"first"),
        entry("dot/file-2", b"last"),
        entry("dev/null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3),
        entry("pipe", kind=tarfile.FIFOTYPE),
    ]
    root = RootFolder(str(tmp_path), "image")
    root.unpack_layer(io.BytesIO(layer(*entries)))
    root.close()
    assert (tmp_path / long).read_text() == "long"
    assert (tmp_path / ("gnu" * 60)).read_text() == "gnu"
    assert (tmp_path / "name-\udcff").read_text() == "odd"
    assert os.readlink(tmp_path / "absolute") == "/etc/passwd"
    assert (tmp_path / "hard").samefile(tmp_path / "dot/file")
    assert (tmp_path / "slash").samefile(tmp_path / "dot/file")
    assert (tmp_path / "dot/file-2").read_text() == "last"
    assert not (tmp_path / "dev").exists()
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_leading_slash_is_the_image_s_root(tmp_path: Path) -> None:
    """Buildpacks and Nix write all names so; a layer above may name the same files without it."""
    below = layer(folder("/"), folder("/nix"), entry("/nix/a.py", b"1"), hard_link("/b", "/nix/a.py"))
    above = layer(entry("nix/.wh.a.py"), symlink("/nix/c", "/b"))
    found = unpacked(tmp_path, below, above)
    assert found == {"nix": "/", "nix/c": "-> /b", "b": "1"}


def test_a_file_that_replaces_one_end_of_a_hard_link_leaves_the_other(tmp_path: Path) -> None:
    found = unpacked(tmp_path, layer(entry("a", b"1"), hard_link("b", "a")), layer(entry("a", b"2")))
    assert found == {"a": "2", "b": "1"}


def test_times_and_modes_are_the_layer_s(tmp_path: Path) -> None:
    """An interpreter compares a module's time with its .pyc; set-user-ID is a danger to this machine."""
    unpacked(
        tmp_path, layer(folder("a", 0o500, mtime=5), entry("a/su", b"", mode=0o6755, mtime=1_600_000_000))
    )
    status = (tmp_path / "a/su").stat()
    assert (status.st_mtime, stat.S_IMODE(status.st_mode)) == (1_600_000_000, 0o755)
    assert (tmp_path / "a").stat().st_mtime == 5


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "viewer", "own"),
    [
        (0o600, 1000, 1000, Viewer(), 6),
        (0o000, 1000, 1000, Viewer(), 6),
        (0o001, 1000, 1000, Viewer(), 7),
        (0o640, 1000, 1000, Viewer(1000, (1000,)), 6),
        (0o604, 1000, 0, Viewer(1000, (1000,)), 6),
        (0o600, 0, 0, Viewer(1000, (1000,)), 0),
        (0o750, 0, 50, Viewer(1000, (1000, 50)), 5),
        (0o755, 0, 0, Viewer(1000, (1000,)), 5),
        (0o070, 1000, 1000, Viewer(1000, (1000,)), 0),
    ],
)
def test_the_owner_s_bits_are_what_production_grants(
    mode: int, uid: int, gid: int, viewer: Viewer, own: int
) -> None:
    assert viewer.mode_of(Permissions(False, mode, uid, gid)) >> 6 == own


def test_permissions_for_a_user_who_is_not_root(tmp_path: Path) -> None:
    layers = [
        folder("private", 0o700),
        entry("private/file", b"x", mode=0o600),
        folder("app", 0o755, uid=1000),
        entry("app/own", b"x", mode=0o600, uid=1000),
        hard_link("app/also", "app/own"),
        entry("app/secret", b"x", mode=0o600),
        hard_link("app/still-secret", "app/secret"),
    ]
    root = RootFolder(str(tmp_path), "image")
    root.unpack_layer(io.BytesIO(layer(*layers)))
    root.unpack_layer(io.BytesIO(layer(entry("app/.wh.secret", b""))))
    root.grant_permissions(Viewer(1000, (1000,)))
    root.close()
    modes = {
        path: stat.S_IMODE((tmp_path / path).stat().st_mode) >> 6
        for path in ("private", "app", "app/own", "app/still-secret")
    }
    assert modes == {"private": 0, "app": 7, "app/own": 6, "app/still-secret": 0}
    assert stat.S_IMODE(tmp_path.stat().st_mode) >> 6 == 5
    remove_tree(tmp_path)
    assert not tmp_path.exists()


def test_mount_points_are_folders_whatever_the_image_has(tmp_path: Path) -> None:
    root = RootFolder(str(tmp_path), "image")
    root.unpack_layer(io.BytesIO(layer(symlink("proc", "/oldroot/tmp"), entry("dev", b"x"), folder("sys"))))
    for name in (b"proc", b"dev", b"sys"):
        root.make_mount_point(name)
    root.grant_permissions(Viewer())
    root.close()
    assert tree(tmp_path) == {"proc": "/", "dev": "/", "sys": "/"}


def test_removal_follows_nothing(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kept").write_text("")
    (tmp_path / "tree/in").mkdir(parents=True)
    (tmp_path / "tree/in/link").symlink_to(tmp_path / "outside")
    (tmp_path / "tree/in").chmod(0o000)
    remove_tree(tmp_path / "tree")
    remove_tree(tmp_path / "never")
    assert tree(tmp_path) == {"outside": "/", "outside/kept": ""}
