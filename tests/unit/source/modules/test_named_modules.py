"""What a start command and Django's settings name."""

from __future__ import annotations

import pytest

from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.modules.named_modules import installed_apps, started_modules, started_scripts


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('CMD ["python", "-m", "shop.main", "run.py"]', ["shop.main"]),
        ('CMD ["gunicorn", "-k", "uvicorn.workers.UvicornWorker", "shop.app:create()"]', ["shop.app"]),
        ("CMD uvicorn shop.main:app --port ${PORT:-80}", ["shop.main"]),
        ("CMD python -m gunicorn shop.wsgi:application", ["shop.wsgi"]),
        ("CMD exec python3.11 -u src/run.py --fast", ["/app/src/run.py"]),
        ('ENTRYPOINT ["python"]\nCMD ["/srv/run.py"]', ["/srv/run.py"]),
        ('CMD ["./start.sh"]', []),
        ("CMD python a.py && python -m b", ["/app/a.py", "b"]),
        ("CMD 'torn", []),
        ("RUN python x.py", []),
    ],
)
def test_a_start_command(command: str, expected: list[str]) -> None:
    dockerfile = parse_dockerfile(f"FROM x\nWORKDIR /app\n{command}\n", "Dockerfile")
    assert [one.module or one.script for one in started_modules(dockerfile)] == expected


@pytest.mark.parametrize(
    ("command", "project", "expected"),
    [
        ('CMD ["shop", "serve"]', {"project": {"scripts": {"shop": "shop.cli:main"}}}, ["shop.cli"]),
        ('CMD ["uv", "run", "shop"]', {"project": {"scripts": {"shop": "shop.cli:main"}}}, ["shop.cli"]),
        ('CMD ["gunicorn", "shop"]', {"project": {"scripts": {"shop": "shop.cli:main"}}}, []),
        ('CMD ["shop"]', {"project": {"scripts": ["shop"]}, "tool": {"poetry": 1}}, []),
    ],
)
def test_the_project_s_own_scripts(command: str, project: dict[str, object], expected: list[str]) -> None:
    dockerfile = parse_dockerfile(f"FROM x\n{command}\n", "Dockerfile")
    assert [one.module for one in started_scripts(dockerfile, project)] == expected


def test_the_apps_of_settings() -> None:
    text = b"X = ['a.b']\nINSTALLED_APPS: list = ['shop.cart',\n 'not a name']\nINSTALLED_APPS += ['late']\n"
    assert [(one.module, one.line) for one in installed_apps(text)] == [("shop.cart", 2), ("late", 4)]
    assert installed_apps(b"INSTALLED_APPS = [") == []
    assert installed_apps(b"") == []
