"""Real servers with sound applications: each is well, and what breaks one is named."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import ANY

import pytest
from scenarios.packaged import with_files
from scenarios.services import start_by_each
from scenarios.support import check

WEB = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute


async def index(request):
    return PlainTextResponse("hello")


async def late(request):
    from shop.recommendations import best
    return PlainTextResponse(best())


async def chat(socket):
    await socket.accept()
    await socket.send_text("hi")
    async for text in socket.iter_text():
        await socket.send_text(text)


app = Starlette(routes=[Route("/", index), Route("/late", late), WebSocketRoute("/ws", chat)])
"""
LIFESPAN = """
from contextlib import asynccontextmanager
from starlette.applications import Starlette


@asynccontextmanager
async def lifespan(app):
    from shop.recommendations import best
    yield


app = Starlette(lifespan=lifespan)
"""
GRPC = """
import sys
from concurrent import futures
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(2))
    if sys.argv[1] != "NONE":
        servicer = health.HealthServicer()
        servicer.set("", health_pb2.HealthCheckResponse.ServingStatus.Value(sys.argv[1]))
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    server.add_insecure_port("0.0.0.0:8080")
    server.start()
    server.wait_for_termination()
"""
SUPERVISED = """
[supervisord]
nodaemon=true
user=root
[program:web]
command=python3 -m gunicorn --bind 0.0.0.0:8080 shop.wsgi:app
[program:worker]
command=sh -c "exit 1"
"""
FILES = {
    "shop/__init__.py": "",
    "shop/web.py": WEB,
    "shop/lifespan.py": LIFESPAN,
    "shop/wsgi.py": "def app(environ, start_response):\n"
    "    start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [b'hello']\n",
    "shop/remote.py": GRPC,
    "supervisord.conf": SUPERVISED,
    "sound.conf": SUPERVISED.replace('"exit 1"', '"exec sleep 3600"'),
    "project/__init__.py": "",
    "project/settings.py": "SECRET_KEY = 'x'\nALLOWED_HOSTS = ['shop.example']\n"
    "ROOT_URLCONF = 'project.urls'\nSECURE_SSL_REDIRECT = True\n"
    "MIDDLEWARE = ['django.middleware.security.SecurityMiddleware']\n",
    "project/urls.py": "from django.http import HttpResponse\nfrom django.urls import path\n"
    "urlpatterns = [path('', lambda request: HttpResponse('hello'))]\n",
    "project/wsgi.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'project.settings')\n"
    "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
}
SETTLE = 'settle = "0.5s"\n'


@pytest.fixture(scope="module")
def servers(server_packages: str) -> str:
    """Small applications beside the servers; supervisord is root, as in most images that have one."""
    return with_files(server_packages, "servers", FILES, "USER root")


WELL = {
    "uvicorn shop.web:app --host :: --port 8080 --reload": "",
    "uvicorn shop.web:app --host 0.0.0.0 --port 8080 --workers 2": 'websocket = ["/ws"]\n',
    "supervisor.supervisord -c sound.conf": "",
    "gunicorn --bind :8080 project.wsgi": 'platform = "cloud-run"\n',
    "hypercorn --bind 0.0.0.0:8080 shop.web:app": 'platform = "cloud-run"\n',
}


def test_a_sound_application_is_well(servers: str, tmp_path: Path) -> None:
    for result in start_by_each(servers, WELL, tmp_path, common=SETTLE):
        assert (result.code, result.not_late()) == (0, []), result.findings or result.image["error"]


@pytest.mark.parametrize(
    ("command", "rule", "words"),
    [
        ("uvicorn shop.web:app --port 8080", "IG502", "127.0.0.1:8080"),
        ("uvicorn shop.lifespan:app --host 0.0.0.0 --port 8080", "IG501", "exit code 3"),
    ],
)
def test_what_is_wrong_is_named(servers: str, command: str, rule: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "importguard.toml").write_text('[start]\nport = 8080\ntimeout = "20s"\n')
    result = check(servers, "--start", "--command", f"python3 -m {command}", cwd=tmp_path)
    finding = result.finding(rule)
    assert words in finding["message"] + (finding["diagnosis"] or {}).get("explanation", "")


def test_a_server_that_speaks_tls(servers: str, tmp_path: Path) -> None:
    """A real one closes the connection without a word."""
    (tmp_path / "importguard.toml").write_text('[start]\nport = 8080\ntimeout = "8s"\n')
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=shop -keyout /tmp/key -out /tmp/cert"
    serve = "exec python3 -m gunicorn -b :8080 --keyfile /tmp/key --certfile /tmp/cert shop.wsgi:app"
    result = check(servers, "--start", "--command", f"sh -c '{made} && {serve}'", cwd=tmp_path)
    assert result.finding("IG503")["diagnosis"]["cause"] == "tls"


def test_a_view_that_imports_what_is_not_there(servers: str, tmp_path: Path) -> None:
    (tmp_path / "importguard.toml").write_text('[start]\nhttp = ["/late"]\n')
    command = "python3 -m uvicorn shop.web:app --host 0.0.0.0 --port 8080"
    finding = check(servers, "--start", "--command", command, cwd=tmp_path).finding("IG503")
    assert finding["missing"] == "shop.recommendations"
    assert finding["location"] == {"path": "shop/web.py", "line": 12}


@pytest.mark.parametrize(
    ("state", "words"),
    [("SERVING", None), ("NOT_SERVING", "NOT_SERVING"), ("NONE", "grpc-status 12 (UNIMPLEMENTED")],
)
def test_a_service_of_grpc(servers: str, state: str, words: str | None, tmp_path: Path) -> None:
    timing = f'timeout = "{5 if words else 20}s"\n{SETTLE}'
    (tmp_path / "importguard.toml").write_text(f"[start]\nport = 8080\ngrpc = true\n{timing}")
    result = check(servers, "--start", "--command", f"python3 -m shop.remote {state}", cwd=tmp_path)
    if words is None:
        # It hears no SIGTERM as the first process of a container: grpcio waits, and does not handle it.
        assert {finding["rule"] for finding in result.not_late()} <= {"IG507"}
        assert result.image["start"]["requests"] == [
            {"request": "gRPC health", "status": 1, "right": True, "seconds": ANY}
        ]
    else:
        assert words in result.finding("IG503")["message"]


def test_a_program_of_supervisord_that_flaps(servers: str, tmp_path: Path) -> None:
    (tmp_path / "importguard.toml").write_text('[start]\nport = 8080\nsettle = "8s"\n')
    command = "python3 -m supervisor.supervisord -c supervisord.conf"
    finding = check(servers, "--start", "--command", command, cwd=tmp_path).finding("IG501")
    assert (finding["module"], finding["severity"]) == ("worker", "error")
    assert "exit status 1" in finding["message"]
