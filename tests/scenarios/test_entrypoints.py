"""Start commands: which interpreter, import path and target each one means, and what breaks startup."""

from __future__ import annotations

from typing import Optional

import pytest
from scenarios.applications import servers, under
from scenarios.support import SITE, Result, build, check

APP = {
    "shop/__init__.py": "",
    "shop/web.py": "from shop import broken\napp = application = 1\n\n\ndef create_app():\n    return app\n",
    "shop/fine.py": "app = application = celery = 1\n\n\ndef create_app():\n    return app\n",
    "shop/broken.py": "import not_there_xyz\n",
    "shop/__main__.py": "import shop.fine\n",
    "shop/unused.py": "import not_there_unused\n",
    "manage.py": "import os, sys\nif __name__ == '__main__':\n    import shop.fine\n",
    "run.py": "import shop.web\n",
    "dashboard.py": "import streamlit\nimport shop.web\nstreamlit.title('Shop')\n",
    "conf/web.py": "import os\nbind = os.environ.get('BIND')\nwsgi_app = 'shop.web:app'\n",
    "conf/fine.py": "chdir = '/srv'\nwsgi_app = 'shop.fine'\n",
    "conf/worker.py": "worker_class = 'not_there_worker.Worker'\nwsgi_app = 'shop.fine:app'\n",
}
LINES = (
    f"FROM base\nCOPY site /site\nRUN cp -r /site/. {SITE}/ && rm -rf /site\nCOPY bin /usr/local/bin\n"
    "RUN chmod +x /usr/local/bin/*\nCOPY tree /srv\nCOPY entrypoint.sh /entrypoint.sh\n"
    "RUN chmod +x /entrypoint.sh\nENV PORT=8000\nWORKDIR /srv\n"
)
WRAPPER = '#!/bin/sh\nset -e\necho "starting"\nexec uvicorn shop.web:app --port "${PORT:-8080}"\n'


@pytest.fixture(scope="module")
def image() -> str:
    return build("entrypoints", LINES, {**servers(), **under("tree", APP), "entrypoint.sh": WRAPPER})


def started(image: str, *commands: str) -> Result:
    """Check the image as if it were started so."""
    options = [part for command in commands for part in ("--command", command)]
    return check(image, *options, engine="embedded")


BREAKING = [
    "uvicorn shop.web:app",
    "uvicorn shop.web:app --host 0.0.0.0 --port 8000 --workers 4",
    "uvicorn --factory shop.web:create_app",
    "gunicorn shop.web",
    "gunicorn shop.web:app -w 4 -b 0.0.0.0:8000",
    "gunicorn -k uvicorn.workers.UvicornWorker shop.web:app",
    "gunicorn 'shop.web:create_app()'",
    "gunicorn -c conf/web.py",
    "hypercorn shop.web:app --bind 0.0.0.0:8000",
    "daphne -b 0.0.0.0 -p 8000 shop.web:application",
    "streamlit run dashboard.py --server.port 8000",
    "celery -A shop.web worker",
    "celery --app shop.web:app beat",
    "flask --app shop.web run",
    "python3 -m uvicorn shop.web:app",
    "python3 -m shop.web",
    "python3 run.py",
    "python3 /srv/run.py",
]
WRAPPED = [
    'sh -c "exec uvicorn shop.web:app --port ${PORT:-8080}"',
    "/bin/sh -c 'sleep 0 && exec gunicorn shop.web:app'",
    "/entrypoint.sh",
    "env DEBUG=1 uvicorn shop.web:app",
]


def outcomes(result: Result) -> dict[str, str]:
    """What became of each start command: of all that it loads, the worst."""
    entries = sorted(result.image["entrypoints"], key=lambda entry: entry["outcome"] != "ok")
    return {entry["command"]: entry["outcome"] for entry in entries}


def test_a_missing_module_on_the_way_of_each(image: str) -> None:
    result = started(image, *BREAKING)
    assert outcomes(result) == dict.fromkeys(BREAKING, "failed")
    assert result.code == 1


@pytest.mark.parametrize("command", WRAPPED)
def test_a_missing_module_on_the_way_of_a_wrapped_command(image: str, command: str) -> None:
    result = started(image, command)
    assert result.finding("IG101", "not_there_xyz")["breaks_startup"] is True, result.image["entrypoints"]
    assert result.finding("IG101", "not_there_unused")["breaks_startup"] is False
    assert result.findings[0]["missing"] == "not_there_xyz", "what breaks startup comes first"
    assert result.code == 1


WORKING = [
    "uvicorn shop.fine:app",
    "gunicorn shop.fine",
    "gunicorn --config conf/fine.py",
    "celery -A shop.fine worker",
    "python3 -m shop",
    "python3 manage.py runserver",
    "gunicorn --chdir /srv shop.fine:app",
    "uvicorn --app-dir /srv shop.fine:app",
]


def test_nothing_on_the_way_of_any(image: str) -> None:
    result = started(image, *WORKING)
    assert outcomes(result) == dict.fromkeys(WORKING, "ok")
    assert [finding["breaks_startup"] for finding in result.findings] == [False, False]
    assert result.code == 1


LACKING = ["gunicorn shop.fine:nothing", "uvicorn shop.fine:app.nothing", "gunicorn 'shop.fine:nothing()'"]


def test_attributes_that_are_not_there(image: str) -> None:
    result = started(image, *LACKING)
    assert outcomes(result) == dict.fromkeys(LACKING, "missing_attribute")
    findings = [finding for finding in result.findings if finding["rule"] == "IG109"]
    assert {(finding["severity"], finding["breaks_startup"]) for finding in findings} == {("error", True)}
    assert all("nothing" in finding["message"] for finding in findings)
    assert result.code == 1


def test_worker_class_that_is_not_there(image: str) -> None:
    result = started(image, "gunicorn -k uvicorn.workers.NoSuchWorker shop.fine:app")
    assert any(finding["breaks_startup"] for finding in result.findings)
    assert result.code == 1
    absent = started(image, "gunicorn -k not_there_worker.Worker shop.fine:app")
    assert absent.finding("IG101", "not_there_worker")["breaks_startup"] is True
    in_the_file = started(image, "gunicorn -c conf/worker.py")
    assert in_the_file.finding("IG101", "not_there_worker")["breaks_startup"] is True


def test_several_commands(image: str) -> None:
    """Web and worker: a finding breaks startup where it breaks any of them."""
    result = started(image, "uvicorn shop.fine:app", "celery -A shop.web worker")
    assert len(result.image["entrypoints"]) == 2
    assert result.finding("IG101", "not_there_xyz")["breaks_startup"] is True


def test_target_that_is_not_in_the_image(image: str) -> None:
    result = started(image, "uvicorn shop.not_there_target:app")
    assert result.code in (1, 4)
    assert "shop.not_there_target" in result.out


@pytest.mark.parametrize("command", ["uvicorn shop.web:app", "python3 -m uvicorn shop.web:app"])
def test_a_server_without_what_it_imports_itself_does_not_start(command: str) -> None:
    files = {
        "site/uvicorn/__init__.py": "",
        "site/uvicorn/main.py": "import not_there_click\ndef main(): pass\n",
        "site/uvicorn/__main__.py": "from uvicorn.main import main\nmain()\n",
        "site/uvicorn-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: uvicorn\nVersion: 1.0\n",
        "site/uvicorn-1.0.dist-info/entry_points.txt": "[console_scripts]\nuvicorn = uvicorn.main:main\n",
        "bin/uvicorn": "#!/usr/bin/python3\nimport sys\nfrom uvicorn.main import main\nsys.exit(main())\n",
        "tree/shop/web.py": "app = None\n",
    }
    lines = (
        f"FROM base\nCOPY site /site\nRUN cp -r /site/. {SITE}/\nCOPY bin /usr/local/bin\nCOPY tree /srv\n"
    )
    lines += "RUN chmod +x /usr/local/bin/uvicorn\nWORKDIR /srv\n"
    result = started(build("server-lacks", lines, files), command)
    assert [(one["missing"], one["breaks_startup"]) for one in result.findings] == [("not_there_click", True)]


def test_target_among_what_was_left_out(image: str) -> None:
    """A target that is not among the selected modules is no verdict."""
    result = check(
        image,
        "--command",
        "uvicorn shop.fine:app",
        "--exclude",
        "shop.fine",
        "--exclude",
        "shop.web",
        "--exclude",
        "shop.broken",
        "--exclude",
        "shop.unused",
    )
    assert result.code == 4


def test_command_that_is_not_recognised(image: str) -> None:
    result = started(image, "sleep 100")
    assert {finding["breaks_startup"] for finding in result.findings} == {None}


def test_script_in_a_folder(image: str) -> None:
    """``python path/to/main.py`` puts the script's folder on the import path, not WORKDIR."""
    files = {"deep/tool/main.py": "import helper\n", "deep/tool/helper.py": "import not_there_xyz\n"}
    lines = 'FROM base\nCOPY tree /srv\nWORKDIR /srv\nCMD ["python3", "deep/tool/main.py"]\n'
    result = check(build("script-folder", lines, under("tree", files)))
    assert result.image["import_path"][0] == "/srv/deep/tool"
    assert result.outcome("helper") == "failed"
    assert result.finding("IG101", "not_there_xyz")["breaks_startup"] is True


def test_app_dir(image: str) -> None:
    lines = (
        LINES.replace("WORKDIR /srv", "WORKDIR /") + 'CMD ["uvicorn", "--app-dir", "srv", "shop.web:app"]\n'
    )
    result = check(build("app-dir", lines, {**servers(), **under("tree", APP), "entrypoint.sh": WRAPPER}))
    assert result.image["import_path"][0] == "/srv"
    assert result.finding("IG101", "not_there_xyz")["breaks_startup"] is True


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("exec", 'CMD ["uvicorn", "shop.web:app"]\n'),
        ("shell", "CMD uvicorn shop.web:app --port $PORT\n"),
        ("entrypoint", 'ENTRYPOINT ["uvicorn"]\nCMD ["shop.web:app"]\n'),
        ("wrapper", 'ENTRYPOINT ["/entrypoint.sh"]\n'),
        ("exec-arguments", 'ENTRYPOINT ["/usr/bin/env"]\nCMD ["uvicorn", "shop.web:app"]\n'),
    ],
)
def test_from_the_image(image: str, name: str, ending: str) -> None:
    result = check(build(f"start-{name}", f"FROM base\n{ending}", base=image))
    assert result.finding("IG101", "not_there_xyz")["breaks_startup"] is True, result.image["entrypoints"]


CELERY = """\
import importlib


class Celery:
    backend = None
    loader = property(lambda self: self)
    transport = property(lambda self: importlib.import_module(self.broker))

    def __init__(self, include, broker):
        self.include = include
        self.broker = broker

    def import_default_modules(self):
        for name in self.include:
            importlib.import_module(name)

    def connection_for_write(self):
        return self
"""


@pytest.mark.parametrize(
    ("include", "broker", "missing"),
    [
        ("shop.jobs", "json", None),
        ("shop.jobs", "redis_xyz", "redis_xyz"),
        ("shop.broken", "json", "shop.gone"),
        ("shop.absent", "json", "shop.absent"),
    ],
)
def test_a_worker_loads_what_its_application_names(include: str, broker: str, missing: Optional[str]) -> None:
    files = {
        "celery/__init__.py": CELERY,
        "shop/__init__.py": "",
        "shop/jobs.py": "",
        "shop/broken.py": "import shop.gone\n" if include == "shop.broken" else "",
        "shop/work.py": f"from celery import Celery\napp = Celery(['{include}'], '{broker}')\n",
    }
    lines = f"FROM base\nCOPY celery /celery\nRUN mv /celery {SITE}/\nCOPY shop /srv/shop\nWORKDIR /srv\n"
    image = build(f"celery-{include}-{broker}", lines, files)
    result = started(image, "python3 -m celery -A shop.work worker")
    assert result.code == (1 if missing else 0), result.findings
    if missing:
        finding = result.finding("IG101", missing)
        assert finding["breaks_startup"] is True
        assert not any("celery" in step["importer"] for step in finding["chain"])


PAGES = {
    "registry.py": "PAGES = None\n\n\ndef add(name):\n    PAGES.append(name)\n",
    "app.py": "import registry\nregistry.PAGES = []\n__import__('pages.home')\n",
    "pages/home.py": "import registry\n\nregistry.add(__name__)\n",
}
WORKER = {"work.py": "__import__('pages.home')\n"}


def test_what_the_start_prepares_and_imports_is_only_warned_of() -> None:
    """Dash's pages raise on their own; so they do for a command that does not prepare them."""
    lines = "FROM base\nCOPY . /srv\nWORKDIR /srv\n"
    result = started(build("pages", lines, PAGES), "python3 app.py")
    assert (result.code, [finding["severity"] for finding in result.findings]) == (0, ["warning"])
    result = started(
        build("pages-and-worker", lines, {**PAGES, **WORKER}), "python3 app.py", "python3 work.py"
    )
    assert (result.code, result.findings[0]["breaks_startup"]) == (1, True)
