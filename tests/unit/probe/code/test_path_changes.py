"""Changes of ``sys.path`` that are read from a file's text."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.code.path_changes import read_path_changes


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("sys.path.insert(0, '/etc')", ["/etc"], []),
        ("sys.path.insert(0, os.path.dirname(__file__))", ["pkg"], []),
        ("sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))", [""], []),
        ("sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir, 'lib'))", ["lib"], []),
        ("sys.path.insert(0, str(Path(__file__).parent))", ["pkg"], []),
        ("sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))", ["lib"], []),
        ("sys.path.insert(0, (pathlib.Path(__file__).parent.parent / 'lib').as_posix())", ["lib"], []),
        ("ROOT: Path = Path(__file__).parent.parent\nsys.path.append(str(ROOT))", [], [""]),
        (
            "LIB = ROOT = os.getcwd()\nROOT = os.getcwd()\nsys.path.extend([ROOT + '/lib', ROOT])",
            [],
            ["lib", ""],
        ),
        ("sys.path[:0] = ['lib', 'pkg']", ["lib", "pkg"], []),
        ("sys.path += ['lib']", [], ["lib"]),
        ("sys.path.insert(0, 'lib')\nsys.path.insert(0, 'pkg')", ["pkg", "lib"], []),
        ("if 'lib' not in sys.path:\n    sys.path.insert(0, 'lib')", ["lib"], []),
        ("try:\n    import x\nexcept ImportError:\n    pass\nelse:\n    sys.path.append('lib')", [], ["lib"]),
        ("site.addsitedir('lib') or sys.path", [], []),
        ("sys.path\nsite.addsitedir('lib')", [], ["lib"]),
        ("functools.reduce(lambda k, p: site.addsitedir(p, k), ['lib', 'none'], set())", [], ["lib"]),
        ("functools.reduce(lambda k, p: addsitedir(k), ['lib'], set())", [], []),
        ("functools.reduce(addsitedir, ['lib'], set())", [], []),
        ("sys.path.insert(0, 'gone')", [], []),
        ("sys.path.insert(0, find())", [], []),
        ("sys.path.insert(0, os.environ['LIB'])", [], []),
        ("def late():\n    sys.path.insert(0, 'lib')", [], []),
        (
            "def main():\n    os.environ['DJANGO_SETTINGS_MODULE'] = 'x'\n    sys.path.append('lib')",
            [],
            ["lib"],
        ),
        ("sys.path.insert(0, Path(__file__).parents[-1])", [], []),
        ("sys.path.insert(", [], []),
    ],
)
def test_changes(tmp_path: Path, text: str, first: list[str], last: list[str]) -> None:
    for folder in ("pkg", "lib"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "pkg" / "main.py"
    file.write_text(text + "\n")

    def whole(folders: list[str]) -> list[str]:
        return [folder if folder.startswith("/") else str(tmp_path / folder) for folder in folders]

    assert read_path_changes(str(file), str(tmp_path)) == (whole(first), whole(last))
