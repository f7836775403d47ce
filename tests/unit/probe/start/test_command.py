"""From start commands to what they load. Programs stand in a folder that is PATH; nothing is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from importguard.probe.start.command import parse_arguments, parse_text

TOOLS = [
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "daphne",
    "streamlit",
    "shiny",
    "locust",
    "bokeh",
    "panel",
    "celery",
    "flask",
    "fastapi",
    "django-admin",
    "granian",
]


class Image:
    """A folder that holds ``bin`` with a Python and console scripts, and the working directory ``app``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = root / "app"
        self.bin = root / "bin"
        self.app.mkdir()
        self.bin.mkdir()
        self.python = self.program("python3", "\x7fELF")
        for tool in TOOLS:
            self.program(tool, f"#!{self.python}\nimport sys\nfrom {tool.replace('-', '_')} import main\n")
        self.environ = {"PATH": str(self.bin), "HOME": str(root / "home")}

    def program(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def write(self, name: str, text: str = "") -> Path:
        path = self.app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def parse(self, command, **environ):
        environ = {**self.environ, **environ}
        parse = parse_text if isinstance(command, str) else parse_arguments
        return parse(command, environ, str(self.app))

    def main(self, command, **environ):
        return self.parse(command, **environ)[-1]


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


@pytest.mark.parametrize(
    ("command", "entries"),
    [
        ("uvicorn a.main:app --port 80 --reload", [("a.main", "app")]),
        ("uvicorn --factory --host 0.0.0.0 a:make.it", [("a", "make.it")]),
        ("uvicorn --workers=2 --proxy-headers a:app", [("a", "app")]),
        ("gunicorn a.wsgi", [("a.wsgi", "application")]),
        ("gunicorn -w 4 -b :80 -k gevent --preload a.wsgi:app", [("a.wsgi", "app")]),
        ("gunicorn -w4 'a:create(\"x\")'", [("a", "create")]),
        ("hypercorn --bind :80 a:app", [("a", "app")]),
        ("hypercorn asgi:a:app -b 0.0.0.0:80", [("a", "app")]),
        ("hypercorn -k uvloop --reload -w 4 a", [("a", "app")]),
        ("hypercorn -c file:conf.py --access-log - 'wsgi:a:make(1)'", [("a", "make")]),
        ("daphne -b 0.0.0.0 -p 80 a.asgi:application", [("a.asgi", "application")]),
        ("daphne --access-log - --proxy-headers a:app.inner", [("a", "app.inner")]),
        ("streamlit run --server.port 8501 --server.headless=true main.py -- x.py", [("main", None)]),
        ("streamlit run", [("streamlit_app", None)]),
        ("python3 -m streamlit run pages/home.py", [("home", None)]),
        ("streamlit run my-app.py", [("my-app", None)]),
        ("streamlit run https://example.org/app.py", []),
        ("streamlit hello", []),
        ("shiny run --host 0.0.0.0 --reload shop/web.py", [("web", "app")]),
        ("shiny run", [("app", "app")]),
        ("shiny run --factory shop.web:make", [("shop.web", "make")]),
        ("shiny create", []),
        ("locust --headless -f load/a.py,b.py -u 10", [("a", None), ("b", None)]),
        ("locust", [("locustfile", None)]),
        ("locust --worker -f -", []),
        ("bokeh serve --port 5006 a.py load/b.py", [("a", None), ("b", None)]),
        ("panel serve src", []),
        ("panel convert a.py", []),
        ("granian --interface asgi a:app", [("a", "app")]),
        ("celery -A a worker -l info", [("a", None)]),
        ("celery worker --app=a.tasks:queue", [("a.tasks", "queue")]),
        ("flask --app a run", [("a", None)]),
        ("flask --app a:create_app('x') run", [("a", "create_app")]),
        ("fastapi run --entrypoint a:app", [("a", "app")]),
        ("python3 -m a.b --flag", [("a.b", None)]),
        ("python3 -um uvicorn a:app", [("a", "app")]),
        ("python3 -m gunicorn a", [("a", "application")]),
        ("python3 -m flask --app a:app run", [("a", "app")]),
        ("python3 -m debugpy --listen 0.0.0.0:5678 --wait-for-client -m uvicorn a:app", [("a", "app")]),
        ("python3 -m coverage run --source x -m a", [("a", None)]),
        ("python3 main.py", [("main", None)]),
        ("python3 -OO -W error -X dev sub/main.py x", [("main", None)]),
        ("python3 my-script.py", [("my-script", None)]),
        ("python3 -c 'import a'", []),
        ("python3 -m awslambdaric a.handler", [("a", "handler")]),
    ],
)
def test_what_is_loaded(image, command, entries):
    found = image.main(command)
    assert found.recognised
    assert found.entries == entries


@pytest.mark.parametrize(
    ("command", "roots"),
    [
        ("uvicorn a:app", ["."]),
        ("uvicorn --app-dir src a:app", ["src"]),
        ("gunicorn a", ["."]),
        ("gunicorn --chdir src a", ["src", "."]),
        ("gunicorn --chdir src --pythonpath lib,../x a", ["x", "src/lib", "src", "."]),
        ("hypercorn src/x:app", ["src"]),
        ("hypercorn a.b:app", ["."]),
        ("daphne a.b:app", ["."]),
        ("streamlit run src/x.py", ["src"]),
        ("streamlit run src", ["src"]),
        ("shiny run --app-dir src x.py", ["src"]),
        ("shiny run --app-dir src x:app", ["src"]),
        ("locust -f load/a.py", ["load", "."]),
        ("bokeh serve a.py load/b.py", [".", "load"]),
        ("celery --workdir src -A a worker", ["src"]),
        ("python3 -m uvicorn --app-dir src a:app", ["src", "."]),
        ("python3 main.py", ["."]),
        ("python3 sub/main.py", ["sub"]),
        ("python3 -m a", ["."]),
        ("cd sub && python3 main.py", ["sub"]),
        ("django-admin check --pythonpath src", ["src"]),
    ],
)
def test_import_path(image, command, roots):
    image.write("src/x", "")
    found = image.main(command)
    assert [os.path.relpath(root, image.app) for root in found.roots + found.own_roots] == roots


@pytest.mark.parametrize(
    "wrapper",
    [
        "exec",
        "env A=b",
        "/usr/bin/env -u X A=b",
        "tini --",
        "tini -g -e 143 --",
        "/usr/bin/dumb-init",
        "dumb-init --rewrite 15:2 --",
        "gosu app:app",
        "su-exec 1000",
        "nice -n 5",
        "timeout -k 5 --signal TERM 30",
        "stdbuf -o L",
        "opentelemetry-instrument --traces_exporter console --service_name=x",
        "ddtrace-run",
        "newrelic-admin run-program",
        "poetry run",
        "uv run --no-sync --extra web",
        "pipenv run",
        "conda run --no-capture-output -n x",
        "sh -c 'exec \"$@\"' sh",
        "bash -euo pipefail -c 'exec \"$@\"' --",
        "wait-for-it db:5432 --",
        "wait-for-it db:5432 -t 30 -- tini -- env X=y",
        "/init",
        "X=1 Y=2",
        "python3 manage.py migrate && exec",
        "sleep 1; nohup",
    ],
)
def test_wrappers(image, wrapper):
    found = image.main(wrapper + " uvicorn a:app")
    assert found.entries == [("a", "app")]
    assert found.executable == str(image.python)


def test_python_run_by_new_relic(image):
    assert image.main("newrelic-admin run-python main.py").entries == [("main", None)]


def test_shell_form_of_cmd(image):
    found = image.main(
        ["/bin/sh", "-c", "exec gunicorn -k uvicorn.workers.UvicornWorker --bind :${PORT:-80} a:app"]
    )
    assert found.entries == [("a", "app")]
    assert found.workers == [("uvicorn.workers", "UvicornWorker")]
    assert found.text == "gunicorn -k uvicorn.workers.UvicornWorker --bind :${PORT:-80} a:app"


def test_all_commands_of_a_list_and_the_main_one_last(image):
    image.write("manage.py")
    found = image.parse("python3 manage.py migrate --noinput && exec gunicorn a.wsgi")
    assert [(item.tool, item.secondary) for item in found] == [("django", True), ("gunicorn", False)]
    assert found[0].manage == str(image.app / "manage.py")


def test_several_processes_and_a_proxy(image):
    found = image.parse("celery -A a worker & uvicorn b:app & nginx -g 'daemon off;'")
    assert [item.entries for item in found] == [[("a", None)], [("b", "app")]]


ENTRYPOINT = """#!/bin/sh
set -e
python3 manage.py migrate
if [ "$1" = "worker" ]; then
    shift
    exec celery -A proj worker "$@"
fi
exec "$@"
"""


def test_entrypoint_script_that_ends_in_its_arguments(image):
    image.write("entrypoint.sh", ENTRYPOINT).chmod(0o755)
    image.write("manage.py")
    found = image.parse(["./entrypoint.sh", "uvicorn", "a:app"])
    assert [item.tool for item in found] == ["django", "celery", "uvicorn"]
    assert found[-1].entries == [("a", "app")]
    assert [item.secondary for item in found] == [True, True, False]
    assert found[-1].text == "uvicorn a:app"


def test_the_arguments_of_an_entrypoint_script_show_no_value(image):
    image.environ["TOKEN"] = "s3cret"
    image.write("run.sh", '#!/bin/sh\nset -- "$@" --token $TOKEN\nexec "$@"\n').chmod(0o755)
    (found,) = image.parse(["./run.sh", "uvicorn", "a:app"])
    assert found.text == "uvicorn a:app --token $TOKEN"
    assert found.argv[-1] == "s3cret"


def test_entrypoint_script_that_names_the_command(image):
    image.write("run.sh", "#!/usr/bin/env bash\nexport PYTHONPATH=/srv\ncd src\nexec uvicorn $APP_MODULE\n")
    (image.app / "run.sh").chmod(0o755)
    image.program("bash", "\x7fELF")
    found = image.main(["/bin/sh", "run.sh"], APP_MODULE="a.b:app")
    assert found.entries == [("a.b", "app")]
    assert found.environ["PYTHONPATH"] == "/srv"
    assert found.directory == str(image.app / "src")


def test_entrypoint_script_that_calls_itself(image):
    image.write("run.sh", "exec ./run.sh\n").chmod(0o755)
    assert not image.main(["sh", "run.sh"]).recognised


def test_entrypoint_script_that_calls_itself_many_times(image):
    image.write("run.sh", "./run.sh $1\n" * 500).chmod(0o755)
    assert not image.main(["sh", "run.sh"]).recognised


def test_entrypoint_that_is_no_text(image):
    image.program("launcher", "\x7fELF\0\0")
    assert image.main(["launcher", "--config", "x", "python3", "-m", "a"]).entries == [("a", None)]
    assert not image.main(["launcher", "serve"]).recognised


def test_unknown_commands(image):
    found = image.main(["nginx", "-g", "daemon off;"])
    assert (found.recognised, found.missing_program) == (False, "nginx")
    assert found.text == "nginx -g 'daemon off;'"
    assert image.parse([]) == []


def test_console_script(image):
    image.program(
        "serve",
        f"#!{image.python}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom acme.cli import Main\n"
        "if __name__ == '__main__':\n    sys.argv[0] = re.sub(r'x', '', sys.argv[0])\n"
        "    sys.exit(Main.run())\n",
    )
    found = image.main(["serve", "--port", "80"])
    assert found.entries == [("acme.cli", "Main.run")]
    assert found.executable == str(image.python)
    assert "serve, #!" in found.why
    assert found.own_roots == []


def test_console_script_with_a_long_path(image):
    image.program(
        "serve",
        f"#!/bin/sh\n'''exec' \"{image.python}\" \"$0\" \"$@\"\n' '''\nfrom acme.cli import main\n"
        "import sys\nsys.exit(main())\n",
    )
    found = image.main(["serve"])
    assert found.executable == str(image.python)
    assert found.entries == [("acme.cli", "main")]


def test_a_program_that_nix_has_wrapped(image):
    """A script sets variables and runs the renamed program, which is still known by its name."""
    wrapped = image.program(
        ".gunicorn-wrapped", f"#!{image.python}\nimport sys;import site\nfrom gunicorn import main\n"
    )
    image.program("gunicorn", f'#! /bin/bash -e\nexport SHOP=\'1\'\nexec -a "$0" "{wrapped}"  "$@" \n')
    found = image.main(["gunicorn", "shop.wsgi:app"])
    assert (found.tool, found.entries) == ("gunicorn", [("shop.wsgi", "app")])
    assert (found.script, found.environ["SHOP"]) == (str(wrapped), "1")


def test_console_script_of_an_old_installer(image):
    image.program(
        "serve",
        f"#!{image.python}\n__requires__ = 'acme==1.0'\nfrom pkg_resources import load_entry_point\n"
        "import sys\nsys.exit(load_entry_point('acme==1.0', 'console_scripts', 'serve')())\n",
    )
    assert image.main(["serve"]).tool == "serve"


def test_console_script_whose_python_is_gone(image):
    path = image.program("serve", "#!/build/.venv/bin/python\nfrom acme.cli import main\nmain()\n")
    found = image.main(["serve"])
    assert found.executable is None
    assert found.dead_script == str(path)


def test_flags_of_the_interpreter_line(image):
    image.program("serve", f"#!{image.python} -sP\nfrom acme.cli import main\nmain()\n")
    assert image.main(["serve"]).flags == ["-s", "-P"]
    image.program("serve2", "#!/usr/bin/env -S python3 -u -I\nfrom acme.cli import main\nmain()\n")
    found = image.main(["serve2"])
    assert found.executable == str(image.python)
    assert "-I" in found.flags


def test_flags_of_the_command(image):
    found = image.main(["python3", "-OOEW", "error", "-Xdev", "--check-hash-based-pycs", "never", "-m", "a"])
    assert found.flags == ["-O", "-O", "-E", "-W", "error", "-X", "dev", "--check-hash-based-pycs", "never"]


@pytest.mark.parametrize("name", ["python3", "python", "python3.13", "python3.13t", "pypy3", "pypy3.10"])
def test_names_of_interpreters(image, name):
    image.program(name, "\x7fELF")
    assert image.main([name, "-m", "a"]).executable == str(image.bin / name)


def test_environment_of_a_project_manager(image):
    image.write(".venv/pyvenv.cfg")
    python = image.write(".venv/bin/python")
    python.chmod(0o755)
    found = image.main("uv run python -m a")
    assert found.executable == str(python)
    assert image.main("uv run main.py").executable == str(python)
    assert image.main("uv run -m a").entries == [("a", None)]


def test_flask_by_environment_and_default(image):
    assert image.main("flask run", FLASK_APP="a.web:make()").entries == [("a.web", "make")]
    image.write("app.py")
    assert image.main("flask run").entries == [("app", None)]
    image.write("wsgi.py")
    assert image.main("flask run").entries == [("wsgi", None)]


def test_flask_by_path_starts_above_the_package(image):
    image.write("src/pkg/__init__.py")
    image.write("src/pkg/web.py")
    found = image.main("flask --app src/pkg/web.py run")
    assert found.entries == [("pkg.web", None)]
    assert found.roots[0] == str(image.app / "src")


def test_fastapi_finds_its_file(image):
    image.write("app/__init__.py")
    image.write("app/main.py")
    for command in ("fastapi run", "fastapi run app/main.py", "fastapi dev app --port 80"):
        found = image.main(command)
        assert found.entries == [("app.main", "instance of fastapi:FastAPI")], command
        assert found.roots == [str(image.app)]
    assert image.main("fastapi run --app api app/main.py").entries == [("app.main", "api")]


def test_gunicorn_reads_its_configuration(image):
    image.write("src/x")
    image.write("gunicorn.conf.py", 'import os\nwsgi_app = "a.wsgi:app"\nchdir = "src"  # x\nworkers = 4\n')
    found = image.main("gunicorn")
    assert found.entries == [("a.wsgi", "app")]
    assert found.directory == str(image.app / "src")
    image.write("conf/g.py", "worker_class = 'uvicorn.workers.UvicornWorker'\n")
    found = image.main("gunicorn -c conf/g.py b", GUNICORN_CMD_ARGS="--chdir=src -w 2")
    assert found.entries == [("b", "application")]
    assert found.workers == [("uvicorn.workers", "UvicornWorker")]
    assert found.directory == str(image.app / "src")


def test_django(image):
    image.write("manage.py")
    found = image.main("python3 manage.py runserver --settings=a.settings")
    assert found.settings == "a.settings"
    assert found.own_roots == [str(image.app)]
    image.write("admin.py", "from django.core.management import execute_from_command_line\n")
    assert image.main("python3 admin.py check").manage == str(image.app / "admin.py")


def test_a_target_that_is_no_module_name(image):
    found = image.main("uvicorn src/main:app")
    assert found.entries == []
    assert found.notes == ["'src/main:app' of the start command is not the name of a module"]


def test_hypercorn_takes_a_path(image):
    image.write("src/main.py")
    assert image.main("hypercorn src/main.py:app").entries == [("main", "app")]
    assert image.main("hypercorn src/main:app").entries == [("main", "app")]
    assert image.main("hypercorn -k trio a:app").workers == [("trio", None)]


def test_streamlit_says_what_it_cannot_follow(image):
    assert "fetched when it is started" in image.main("streamlit run https://example.org/app.py").notes[0]
    assert "no name to import it by" in image.main("streamlit run my.app.py").notes[0]
    assert "runs no script" in image.main("streamlit hello").notes[0]


SETTINGS = """
import multiprocessing
workers = multiprocessing.cpu_count()
chdir = 'src'
pythonpath: str = "lib"
wsgi_app = "shop." "wsgi:app"
worker_class = "uvicorn.workers.UvicornWorker"
"""


@pytest.mark.parametrize("option", ["-c conf/prod.py", "--config=conf/prod.py", "-c file:conf/prod.py"])
def test_gunicorns_configuration_file(image, option):
    image.write("conf/prod.py", SETTINGS)
    found = image.main(f"gunicorn {option}")
    assert found.entries == [("shop.wsgi", "app")]
    assert found.workers == [("uvicorn.workers", "UvicornWorker")]
    assert [os.path.relpath(root, image.app) for root in found.roots] == ["src/lib", "src", "."]
    assert found.notes == []


def test_gunicorns_default_configuration_file(image):
    image.write("gunicorn.conf.py", SETTINGS)
    assert image.main("gunicorn").entries == [("shop.wsgi", "app")]
    assert image.main("gunicorn", GUNICORN_CMD_ARGS="-c other.py").entries == []


def test_what_is_given_to_gunicorn_wins_over_its_file(image):
    image.write("gunicorn.conf.py", SETTINGS + "wsgi_app = find()\nchdir = find()\n")
    found = image.main("gunicorn --chdir other -k gthread shop.other:app")
    assert found.entries == [("shop.other", "app")]
    assert found.workers == []
    assert [os.path.relpath(root, image.app) for root in found.roots] == ["other/lib", "other", "."]
    assert found.notes == []


@pytest.mark.parametrize(
    "text",
    [
        "wsgi_app = f'{x}:app'",
        "wsgi_app = 'a' + b",
        "wsgi_app = os.environ.get('APP', 'a:app')",
        "wsgi_app, x = 'a:app', 1",
        "if debug:\n    wsgi_app = 'b:app'",
        "try:\n    import x\nexcept ImportError:\n    wsgi_app = 'b:app'",
        "for wsgi_app in names: pass",
        "from conf import wsgi_app",
        "from conf import *",
        "def wsgi_app(): pass",
        "wsgi_app += 'x'",
        "del wsgi_app",
    ],
)
def test_what_gunicorns_file_computes_is_not_followed(image, text):
    image.write("gunicorn.conf.py", f"wsgi_app = 'first:app'\n{text}\n")
    found = image.main("gunicorn")
    assert found.entries == []
    assert any(
        "wsgi_app in ./gunicorn.conf.py is not written out as a string" in note for note in found.notes
    )


@pytest.mark.parametrize(
    "text",
    ["def post_fork(server, worker):\n    wsgi_app = 'x'", "if x:\n    y = wsgi_app", "wsgi_app = None"],
)
def test_what_does_not_set_it_changes_nothing(image, text):
    image.write("gunicorn.conf.py", f"wsgi_app = 'first:app'\n{text}\nwsgi_app = 'a:app'\n")
    found = image.main("gunicorn")
    assert (found.entries, found.notes) == ([("a", "app")], [])


@pytest.mark.parametrize("text", ["wsgi_app = (", "\0", "x = " + "-" * 100_000 + "1", "(" * 5000])
def test_a_hostile_configuration_file_is_a_note(image, text):
    image.write("gunicorn.conf.py", text)
    assert "no Python to be read" in image.main("gunicorn a").notes[0]
    assert image.main("gunicorn a").entries == [("a", "application")]


def test_a_configuration_file_that_is_not_there_is_known(image):
    assert image.main("gunicorn -c conf.py a").missing_file == "conf.py"
    assert image.main("gunicorn a").missing_file is None


def test_a_configuration_module_is_imported_at_start(image):
    image.write("conf/web.py", "wsgi_app = 'a:app'\n")
    found = image.main("gunicorn -c python:conf.web")
    assert (found.entries, found.workers) == ([("a", "app")], [("conf.web", None)])


def test_worker_classes_that_need_more_than_gunicorn(image):
    assert image.main("gunicorn -k gevent a").workers == [("gunicorn.workers.ggevent", "GeventWorker")]
    assert image.main("gunicorn -k sync a").workers == []


def test_a_program_that_only_a_command_would_name_is_not_called_missing(tmp_path: Path) -> None:
    (found,) = parse_arguments(["sh", "-c", "exec $(find / -name tool) x"], {"PATH": "/bin"}, str(tmp_path))
    assert found.missing_program is None


@pytest.mark.parametrize(
    "text", ["sh -c 'exit 126'", "exit 1", "sh -c wait", "ulimit -n 4096", "bash -c 'shopt -s x'"]
)
def test_what_a_shell_does_itself_is_no_missing_program(image, text):
    found = image.main(text)
    assert found.missing_program is None
    assert image.main("sh -c 'nginx'").missing_program == "nginx"


def test_a_loop_over_modules_starts_each_of_them(image):
    image.write("a.py")  # and no b.py
    found = image.parse(["bash", "-c", "for s in a b; do python3 -m $s & done; wait"])
    assert [(command.runs, command.entries) for command in found] == [
        ("a", [("a", None)]),
        ("b", [("b", None)]),
    ]
    assert not any(command.secondary for command in found)


def test_a_loop_over_the_same_module_starts_it_once(image):
    found = image.parse(["bash", "-c", "for s in 1 2; do python3 -m a & done; wait"])
    assert [command.runs for command in found] == ["a"]
