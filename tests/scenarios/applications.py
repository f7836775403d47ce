"""Small applications that many images hold."""

from __future__ import annotations

from scenarios.support import Result

APP = {
    "app/__init__.py": "",
    "app/main.py": "from app import settings\napp = settings.NAME\n",
    "app/settings.py": "NAME = 'app'\n",
    "app/broken.py": "import not_there_xyz\n",
}
"""Three modules that import and one that does not."""

OUTCOMES = {"app": "imported", "app.main": "imported", "app.settings": "imported", "app.broken": "failed"}


def under(folder: str, files: dict[str, str]) -> dict[str, str]:
    """The same files in a folder of the build context."""
    return {f"{folder}/{name}": text for name, text in files.items()}


def assert_judged(result: Result, extra: tuple[str, ...] = ()) -> None:
    """The application APP was judged: all of it, and of nothing else but ``extra``."""
    assert result.code == 1, f"exit code {result.code}\n{result.out}\n{result.err}"
    assert {
        entry["name"]: entry["outcome"] for entry in result.image["modules"] if entry["name"] not in extra
    } == OUTCOMES
    assert result.causes == {("IG101", "not_there_xyz")}
    assert result.image["complete"] is True
    assert result.image["error"] is None


SERVER = {
    # As real servers do: they import what they are told and call it.
    "uvicorn/__init__.py": "def main():\n    raise SystemExit('a server was started')\n",
    "uvicorn/__main__.py": "import uvicorn\nuvicorn.main()\n",
    "uvicorn/workers.py": "class UvicornWorker:\n    pass\n",
    "gunicorn/__init__.py": "",
    "gunicorn/app/__init__.py": "",
    "gunicorn/app/wsgiapp.py": "def run():\n    raise SystemExit('a server was started')\n",
    "hypercorn/__init__.py": "",
    "hypercorn/__main__.py": "def main():\n    raise SystemExit('a server was started')\n",
    "daphne/__init__.py": "",
    "daphne/cli.py": "class CommandLineInterface:\n"
    "    def entrypoint():\n        raise SystemExit('a server was started')\n",
    "streamlit/__init__.py": "def title(text):\n    pass\n",
    "streamlit/web/__init__.py": "",
    "streamlit/web/cli.py": "def main():\n    raise SystemExit('a server was started')\n",
    "celery/__init__.py": "class Celery:\n    def __init__(self, name):\n        self.name = name\n",
    "celery/__main__.py": "def main():\n    raise SystemExit('a worker was started')\n",
    "flask/__init__.py": "class Flask:\n    def __init__(self, name):\n        self.name = name\n",
    "flask/cli.py": "def main():\n    raise SystemExit('a server was started')\n",
}
SCRIPTS = {
    "uvicorn": "from uvicorn import main",
    "gunicorn": "from gunicorn.app.wsgiapp import run as main",
    "hypercorn": "from hypercorn.__main__ import main",
    "daphne": "from daphne.cli import CommandLineInterface\nmain = CommandLineInterface.entrypoint",
    "streamlit": "from streamlit.web.cli import main",
    "celery": "from celery.__main__ import main",
    "flask": "from flask.cli import main",
}
ENTRY_POINTS = {
    "uvicorn": "uvicorn:main",
    "gunicorn": "gunicorn.app.wsgiapp:run",
    "hypercorn": "hypercorn.__main__:main",
    "daphne": "daphne.cli:CommandLineInterface.entrypoint",
    "streamlit": "streamlit.web.cli:main",
    "celery": "celery.__main__:main",
    "flask": "flask.cli:main",
}


def script(body: str, python: str = "/usr/bin/env python3", call: str = "main") -> str:
    """A console script as pip writes it."""
    return (
        f"#!{python}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\n{body}\nif __name__ == '__main__':\n"
        f"    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit({call}())\n"
    )


def distribution(name: str, files: dict[str, str], more: dict[str, str]) -> dict[str, str]:
    """An installed distribution: its files, and the ``.dist-info`` that installers write.

    ``more`` holds further files of the ``.dist-info``, such as ``direct_url.json``.
    """
    info = f"{name}-1.0.dist-info"
    records = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/INSTALLER": "pip\n",
        f"{info}/top_level.txt": "".join(sorted({path.split("/")[0].split(".")[0] + "\n" for path in files})),
        **{f"{info}/{path}": text for path, text in more.items()},
    }
    everything = {**files, **records}
    lines = [f"{path},," for path in everything] + [f"{info}/RECORD,,"]
    return {**everything, f"{info}/RECORD": "\n".join(lines) + "\n"}


def servers() -> dict[str, str]:
    """Fake servers, installed as distributions, with their console scripts in ``bin``."""
    tree: dict[str, str] = {}
    for name in SCRIPTS:
        files = {path: text for path, text in SERVER.items() if path.startswith(name + "/")}
        point = f"[console_scripts]\n{name} = {ENTRY_POINTS[name]}\n"
        tree.update(under("site", distribution(name, files, {"entry_points.txt": point})))
        tree[f"bin/{name}"] = script(SCRIPTS[name])
    return tree
