"""The builds of a repository, each with the folder that it is built from."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.source.locating.builds import find_builds

COPIES_ALL = "FROM python\nWORKDIR /app\nCOPY . .\n"


@pytest.mark.parametrize(
    ("command", "context"),
    [
        ('ENTRYPOINT ["/venv/bin/python3", "fetch.py"]\n', "jobs/fetch"),
        ('CMD ["python", "-m", "fetch"]\n', "jobs/fetch"),
        ("CMD python main.py\n", "."),
        ("CMD python -m shop.web\n", "."),
        ("CMD cron\n", "jobs/fetch"),
    ],
)
def test_copy_all_is_built_where_what_it_starts_lies(tmp_path: Path, command: str, context: str) -> None:
    files = {"jobs/fetch/Dockerfile": COPIES_ALL + command, "jobs/fetch/fetch.py": "", "main.py": ""}
    for name, text in {**files, "shop/__init__.py": "", "shop/web.py": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tree,) = find_builds(str(tmp_path)).trees
    assert Path(tree.context) == tmp_path / context
