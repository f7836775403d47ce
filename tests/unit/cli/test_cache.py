"""``importguard cache``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from importguard.cli.main import main
from importguard.engines.embedded.cache import ImageCache, Unpacked


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, list[str]]:
    with pytest.raises(SystemExit) as ended:
        main(["cache", *arguments])
    return ended.value.code, capsys.readouterr().out.splitlines()


def test_list_prune_and_clear(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, reference in enumerate(("shop:1", "old\x1b[31m")):
        with ImageCache(tmp_path).hold_image(
            f"sha256:{number:064d}", reference, lambda _: Unpacked(3 << 20, 1)
        ):
            pass
    os.utime(tmp_path / "locks" / f"{1:064d}", (1, 1))
    folder = ("--cache-dir", str(tmp_path))
    code, lines = run(capsys, "list", *folder)
    assert code == 0
    assert [line.split()[1:3] for line in lines] == [["3.0", "MiB"]] * 2
    assert lines[0].endswith("today  shop:1")
    assert lines[1].endswith("days ago  old")
    assert run(capsys, "prune", "--keep", "7m", *folder) == (0, [])
    assert run(capsys, "prune", "--keep", "6m", *folder) == (0, [])
    assert [line.split()[-1] for line in run(capsys, "prune", "--keep", "3m", *folder)[1]] == ["old"]
    assert [line.split()[-1] for line in run(capsys, "prune", "--keep", "0", *folder)[1]] == ["shop:1"]
    assert run(capsys, "clear", *folder) == (0, [])
    assert run(capsys, "list", *folder) == (0, [])
