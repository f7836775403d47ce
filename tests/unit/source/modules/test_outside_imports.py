"""Which names a source tree imports from outside of it."""

from __future__ import annotations

from pathlib import Path

from importguard.source.modules.outside_imports import find_imported


def test_imported_names(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "'''\nimport not_this\n'''\n# import nor_this\n",
        "shop/a.py": "import os, yaml.nodes\nfrom . import b\nfrom shop import b\nimport b\n",
        "shop/b.py": "def f():\n    import late\ntry:\n    import guarded\nexcept ImportError:\n    pass\n",
        "shop/c.py": "import late\n",
        "shop/d.py": "import syntax_error (\n",
        "setup.py": "import setuptools\n",
        "tests/test_a.py": "import pytest\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = find_imported(str(tmp_path), [*files, "gone.py"])
    assert [(one.name, one.place.path, one.place.line, one.scope) for one in found] == [
        ("guarded", "shop/b.py", 4, "guarded"),
        ("late", "shop/c.py", 1, "module"),
        ("yaml", "shop/a.py", 1, "module"),
    ]
