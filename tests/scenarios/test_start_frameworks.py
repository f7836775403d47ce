"""Small applications of each usual framework, with the real packages: well, or named."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenarios.packaged import with_files, with_packages
from scenarios.services import start_by_each
from scenarios.support import check

SOUND = {
    "shop/__init__.py": "",
    "shop/api.py": (
        "from fastapi import FastAPI, WebSocket\n\napp = FastAPI()\n\n\n"
        "@app.get('/api/version')\ndef version() -> dict[str, str]:\n    return {'version': '1'}\n\n\n"
        "@app.websocket('/ws')\nasync def chat(socket: WebSocket):\n"
        "    await socket.accept()\n    await socket.send_text(await socket.receive_text())\n"
    ),
    "shop/pages.py": (
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n"
        "@app.get('/')\ndef index():\n    return 'hello'\n"
    ),
    "shop/plain.py": (
        "from aiohttp import web\n\n\nasync def index(request):\n    return web.Response(text='hello')\n\n\n"
        "def create(arguments=None):\n    app = web.Application()\n    app.router.add_get('/', index)\n"
        "    return app\n\n\nif __name__ == '__main__':\n    web.run_app(create())\n"
    ),
    "shop/tasks.py": (
        "from celery import Celery\n\napp = Celery('shop', broker='memory://')\n\n\n"
        "@app.task\ndef bill():\n    from shop.not_there_xyz import send\n    send()\n"
    ),
    "project/__init__.py": "",
    "project/settings.py": (
        "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['*']\nROOT_URLCONF = 'project.urls'\n"
        "INSTALLED_APPS = ['daphne']\nASGI_APPLICATION = 'project.asgi.application'\n"
    ),
    "project/urls.py": (
        "from django.http import HttpResponse\nfrom django.urls import path\n"
        "urlpatterns = [path('', lambda request: HttpResponse('hello'))]\n"
    ),
    "project/asgi.py": (
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'project.settings')\n"
        "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"
    ),
}
BROKEN = {
    "shop/__init__.py": "",
    "shop/lost.py": "from celery import Celery\n\nimport not_there_xyz\n\napp = Celery('shop', broker='memory://')\n",
    "shop/broken.py": "import not_there_xyz\n\n\ndef app(environ, start_response):\n    return []\n",
    "shop/looping.py": (
        "import logging\nimport sys\nimport time\n\ntry:\n    from shop.absent import settings\n"
        "except ImportError:\n    logging.exception('no settings')\n    time.sleep(0.5)\n    sys.exit(1)\n"
        "\n\ndef app(environ, start_response):\n    return []\n"
    ),
    "shop/stuck.py": (
        "import time\n\n\ndef wait_for_migrations():\n    while True:\n        time.sleep(1)\n\n\n"
        "def create():\n    wait_for_migrations()\n"
    ),
}
MARKET = {
    "market/__init__.py": (
        "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n"
        "    app.config['PAGE'] = 20\n    with app.app_context():\n        from market import views\n"
        "        app.register_blueprint(views.pages)\n    return app\n"
    ),
    "market/views.py": (
        "from flask import Blueprint, current_app\n\nPAGE = current_app.config['PAGE']\n"
        "pages = Blueprint('pages', __name__)\n"
    ),
    "market/export.py": "from flask import current_app\n\nPAGE = current_app.config['PAGE']\n",
    "market/jobs.py": "from market import export\n\n\ndef run():\n    return export.PAGE\n",
}
"""Three of these modules need the context of the application when they are imported."""
LACKS = "\n\ndef load():\n    from market.prices import PRICES\n    return PRICES\n\n\nPRICES = load()\n"

FRONTS = {
    "front.py": "import streamlit as st\n\nst.title('Shop')\nst.write('hello')\n",
    "core/web.py": "from shiny import App, ui\n\napp = App(ui.page_fluid('hello'), None)\n",
    "app.py": "from shiny.express import ui\n\nui.page_opts(title='Shop')\n'hello'\n",
}
"""An Express app refuses to be imported: only shiny runs it."""

SETTLE = 'settle = "0.5s"\n'


@pytest.fixture(scope="module")
def sound(server_packages: str) -> str:
    return with_files(server_packages, "sound", SOUND)


@pytest.fixture(scope="module")
def broken(server_packages: str) -> str:
    return with_files(server_packages, "broken", BROKEN)


WELL = {
    "uvicorn shop.api:app --host 0.0.0.0 --port 8080": (
        'http = [{ path = "/api/version", status = 200, body = "version" }]\nwebsocket = ["/ws"]\n'
    ),
    "gunicorn --bind 0.0.0.0:8080 --workers 2 --threads 4 shop.pages:app": 'platform = "cloud-run"\n',
    "daphne -b 0.0.0.0 -p 8080 project.asgi:application": "",
    "shop.plain": "",
    "aiohttp.web -H 0.0.0.0 -P 8080 shop.plain:create": "",
    "celery -A shop.tasks worker --concurrency 2": 'port = "none"\n',
    "celery -A shop.tasks worker --pool solo": 'port = "none"\n',
    "celery -A shop.tasks beat -s /tmp/beat": 'port = "none"\n',
}


def test_a_sound_application_is_well(sound: str, tmp_path: Path) -> None:
    for result in start_by_each(sound, WELL, tmp_path, common=SETTLE):
        assert (result.code, result.not_late()) == (0, []), result.findings or result.image["error"]


def test_what_needs_the_context_of_an_application_is_judged_in_it(server_packages: str) -> None:
    image = with_files(server_packages, "context", MARKET)
    result = check(image, "--command", "python3 -m gunicorn 'market:create_app()'")
    assert [(one["rule"], one["severity"]) for one in result.findings] == [("IG104", "warning")] * 2
    assert (result.code, "market.export, market.jobs, market.views" in result.out) == (0, True)


@pytest.mark.parametrize("module", ["views", "export"])
def test_what_is_missing_behind_the_context_is_the_finding(server_packages: str, module: str) -> None:
    path = f"market/{module}.py"
    image = with_files(server_packages, f"context-{module}", {**MARKET, path: MARKET[path] + LACKS})
    result = check(image, "--command", "python3 -m gunicorn 'market:create_app()'")
    assert result.code == 1
    assert result.finding("IG101", "market.prices")["module"] == f"market.{module}"


def test_the_server_of_flask_hears_no_signal(sound: str, tmp_path: Path) -> None:
    """It is the first process of its container, and has no handler."""
    command = "python3 -m flask --app shop.pages run --host 0.0.0.0 --port 8080"
    result = check(sound, "--start", "--command", command, cwd=tmp_path)
    assert (result.code, [one["rule"] for one in result.not_late()]) == (0, ["IG507"])


def test_what_the_start_loads_is_checked_with_a_package(sound: str, tmp_path: Path) -> None:
    """Nobody would name gunicorn's worker class among the packages to check."""
    (tmp_path / "importguard.toml").write_text('[start]\nwebsocket = ["/ws"]\n')
    command = "python3 -m gunicorn -k uvicorn.workers.UvicornWorker -b :8080 shop.api:app"
    result = check(sound, "--start", "-p", "shop", "--command", command, cwd=tmp_path)
    assert (result.code, result.not_late()) == (0, []), result.image["error"]


KILLED = {
    "gunicorn -b :8080 shop.broken:app": ("IG501", "not_there_xyz", "exit code 3"),
    "gunicorn -b :8080 shop.looping:app": ("IG503", "shop.absent", "no whole answer"),
    "uvicorn shop.broken:app --host :: --port 8080 --reload": ("IG502", "not_there_xyz", "port 8080"),
    "uvicorn shop.broken:app --host :: --port 8080 --workers 2": ("IG502", "not_there_xyz", "port 8080"),
    "celery -A shop.lost worker": ("IG501", "not_there_xyz", "exit code"),
}


def test_what_kills_workers_is_told_by_their_log(broken: str, tmp_path: Path) -> None:
    ports = {command: '"none"' if command.startswith("celery") else "8080" for command in KILLED}
    settings = {command: f'port = {port}\ntimeout = "20s"\n' for command, port in ports.items()}
    results = start_by_each(broken, settings, tmp_path, "--start-anyway")
    for (command, (rule, missing, words)), result in zip(KILLED.items(), results):
        told = [(finding, symptom) for finding in result.findings for symptom in finding["symptoms"]]
        assert [symptom["rule"] for _, symptom in told] == [rule], result.findings or result.image["error"]
        ((finding, symptom),) = told
        assert finding["rule"] == ("IG106" if "looping" in command else "IG101"), result.findings
        assert (missing in finding["message"], words in symptom["message"]) == (True, True), finding


def test_where_a_worker_of_gunicorn_waits(broken: str, tmp_path: Path) -> None:
    """The first process is the master, which waits for its workers in code of gunicorn's."""
    (tmp_path / "importguard.toml").write_text('[start]\nport = 8080\ntimeout = "5s"\n')
    command = "python3 -m gunicorn -b :8080 shop.stuck:create()"
    finding = check(broken, "--start", "--command", command, "-p", "shop.stuck", cwd=tmp_path).finding(
        "IG503"
    )
    assert finding["location"] == {"path": "shop/stuck.py", "line": 6}, finding


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> str:
    packages = with_packages(tmp_path_factory.mktemp("fronts"), "start-fronts", "streamlit", "shiny")
    return with_files(packages, "front", FRONTS)


SCRIPTS = {
    "streamlit run front.py --server.port 8080 --server.address 0.0.0.0": 'http = ["/", "/_stcore/health"]\n',
    "shiny run --host 0.0.0.0 --port 8080": 'websocket = ["/websocket/"]\n',
    "shiny run --host 0.0.0.0 --port 8080 core/web.py": 'websocket = ["/websocket/"]\n',
}


def test_a_script_that_a_framework_runs(fronts: str, tmp_path: Path) -> None:
    for result in start_by_each(fronts, SCRIPTS, tmp_path, common=SETTLE):
        assert (result.code, result.findings) == (0, []), result.findings or result.image["error"]
        assert not any("not understood" in note for note in result.image["notes"])
