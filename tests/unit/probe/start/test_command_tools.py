"""What tools load by their arguments: servers, workers, platforms, process managers, wrappers."""

# ruff: noqa: F401, F811
from __future__ import annotations

import os

import pytest
from unit.probe.start.test_command import Image, image

WORKSPACE = """load_from:
  - python_module: a.jobs
  - python_module:
      module_name: a.more
      attribute: defs
  - python_file: flows.py  # last
"""


@pytest.mark.parametrize(
    ("command", "entries"),
    [
        ("sanic a.server:app --host 0.0.0.0 --workers 2", [("a.server", "app")]),
        ("sanic a.server.create --factory", [("a.server", "create")]),
        ("litestar --app a.web:app run --host 0.0.0.0", [("a.web", "app")]),
        ("uwsgi --http :80 --module a.wsgi:app --master -p 4", [("a.wsgi", "app")]),
        ("uwsgi --http-socket=:80 -w a.wsgi", [("a.wsgi", "application")]),
        ("uwsgi --wsgi-file app.py --callable web", [("app", "web")]),
        ("uwsgi --wsgi-file shop/wsgi.py", [("shop.wsgi", "application")]),
        ("mod_wsgi-express start-server shop/wsgi.py", [("shop.wsgi", "application")]),
        ("uwsgi --ini uwsgi.ini", [("shop.wsgi", "app")]),
        ("uwsgi uwsgi.ini", [("shop.wsgi", "app")]),
        ("mod_wsgi-express start-server wsgi.py --port 80 --processes 2", [("wsgi", "application")]),
        ("mod_wsgi-express start-server --application-type module a.wsgi", [("a.wsgi", "application")]),
        ("rq worker -c settings --url redis://x high low", [("settings", None)]),
        ("rq worker high", []),
        ("arq a.worker.WorkerSettings", [("a.worker", "WorkerSettings")]),
        ("dramatiq a.tasks b:broker -p 2 -Q high low --path lib -v", [("a.tasks", None), ("b", "broker")]),
        ("huey_consumer.py a.tasks.huey -w 4 -k process", [("a.tasks", "huey")]),
        ("huey_consumer a.huey -v", [("a", "huey")]),
        ("taskiq worker a.tkq:broker a.tasks -fsd --workers 2", [("a.tkq", "broker"), ("a.tasks", None)]),
        ("taskiq scheduler a.tkq:scheduler --skip-first-run", [("a.tkq", "scheduler")]),
        ("quart --app a.web:make run -h 0.0.0.0", [("a.web", "make")]),
        ("faststream run a.stream:app --workers 2", [("a.stream", "app")]),
        ("faststream run -f a.stream:make --app-dir src", [("a.stream", "make")]),
        ("marimo run book.py --host 0.0.0.0 -p 80", [("book", None)]),
        ("mcp run server.py:mcp -t sse", [("server", "mcp")]),
        ("fastmcp run --no-banner src/server.py --transport http", [("server", None)]),
        ("fastmcp run -m a.server", [("a.server", None)]),
        ("luigi --module a.tasks Report --local-scheduler", [("a.tasks", None)]),
        ("python3 -m luigi --module=a.tasks Report", [("a.tasks", None)]),
        ("luigid --port 80", []),
        ("scrapy crawl prices", [("a.settings", None)]),
        ("scrapyd", []),
        ("kopf run handlers.py --verbose -n default", [("handlers", None)]),
        ("kopf run -m a.handlers -A", [("a.handlers", None)]),
        ("faust -A a.app worker -l info", [("a.app", "app")]),
        ("procrastinate --app=a.queue.app worker", [("a.queue", "app")]),
        ("saq a.settings --workers 2", [("a", "settings")]),
        ("chainlit run ui.py -h", [("ui", None)]),
        ("functions-framework --target handler --port 80", [("main", "handler")]),
        ("functions-framework-python --source=src/fn.py --target=go", [("fn", "go")]),
        ("python3 -m functions_framework --target go", [("main", "go")]),
        ('gunicorn -b :80 \'functions_framework:create_app("go", "src/fn.py")\'', [("fn", "go")]),
        ("awslambdaric a.b.handler", [("a.b", "handler")]),
        ("aws-lambda-rie /usr/bin/env python3 -m awslambdaric src/app.go", [("src.app", "go")]),
        ("dagster api grpc -h 0.0.0.0 -p 4266 -m a.flows", [("a.flows", None)]),
        ("dagster code-server start -f src/defs.py -a defs -p 4000", [("src.defs", "defs")]),
        ("dagster dev -h 0.0.0.0", [("a.jobs", None), ("a.more", "defs"), ("flows", None)]),
        ("dagster-webserver -w none.yaml -p 80", [("a.project", None)]),
        ("python3 -m arq a.WorkerSettings", [("a", "WorkerSettings")]),
        ("bottle -b 0.0.0.0:80 --debug a.web:app", [("a.web", "app")]),
        ("python3 -m bottle -s gunicorn a.web", [("a.web", None)]),
        ("cheroot --bind 0.0.0.0:80 a.web", [("a.web", "application")]),
        (
            "nameko run --config c.yml a.one a.two:Service --backdoor-port 3",
            [("a.one", None), ("a.two", "Service")],
        ),
        ("robyn src/server.py --workers 2", [("server", None)]),
        ("pgq run a.worker:create --batch-size 5", [("a.worker", "create")]),
        ("pgq install", []),
        ("streaq run -w 2 a.queue:worker", [("a.queue", "worker")]),
        ("streaq a.queue.worker", [("a.queue", "worker")]),
        ("twistd -n web --port 80 --wsgi a.web.app", [("a.web", "app")]),
        ("twistd --nodaemon -y a.tac --pidfile=", []),
        ("python3 -m tornado.autoreload --until-success -m a.server", [("a.server", None)]),
    ],
)
def test_what_tools_load(image: Image, command: str, entries: list[object]) -> None:
    image.write("uwsgi.ini", "[uwsgi]\n; x\nmodule = $(APP)\nchdir = %dsrc\npythonpath = lib\n")
    image.write("workspace.yaml", WORKSPACE)
    image.write("scrapy.cfg", "[settings]\ndefault = a.settings\nother = b.settings\n")
    image.write("pyproject.toml", '[tool.dagster]\nmodule_name = "a.project"\n')
    found = image.main(command, APP="shop.wsgi:app")
    assert found.recognised
    assert found.entries == entries


@pytest.mark.parametrize(
    ("command", "roots"),
    [
        ("functions-framework --source src/fn.py --target go", ["src"]),
        ("uwsgi --pythonpath lib --chdir src -w a", ["src/lib", "src", "."]),
        ("dramatiq a --path lib x -p 2", ["lib", "x"]),
        ("kopf run src/handlers.py", ["src", "."]),
        ("rq worker -P lib high", ["lib"]),
        ("mcp run src/server.py", ["src"]),
        ("faststream run a:app --app-dir src", ["src"]),
        ("luigi --module a.tasks Report", []),
        ("cheroot a.web", []),
        ("python3 -m cheroot a.web", ["."]),
        ("robyn src/server.py", ["src"]),
        ("nameko run a.one", ["."]),
        ("taskiq worker --app-dir src a:broker", ["src"]),
    ],
)
def test_import_path_of_tools(image: Image, command: str, roots: list[str]) -> None:
    found = image.main(command)
    assert [os.path.relpath(root, image.app) for root in found.roots + found.own_roots] == roots


@pytest.mark.parametrize(
    ("command", "environ", "roots"),
    [
        ("airflow scheduler", {}, ["home/dags", "home/config", "home/plugins"]),
        ("airflow celery worker -q high", {}, ["home/dags", "home/config", "home/plugins"]),
        (
            "python3 -m airflow standalone",
            {"AIRFLOW__CORE__DAGS_FOLDER": "flows"},
            ["flows", "home/config", "home/plugins"],
        ),
        (
            "airflow webserver -p 80",
            {"AIRFLOW_CONFIG": "airflow.cfg"},
            ["home/d", "home/config", "home/plugins"],
        ),
        ("airflow db migrate", {}, []),
    ],
)
def test_what_airflow_loads(image: Image, command: str, environ: dict[str, str], roots: list[str]) -> None:
    """Its DAGs and plugins are the application; its own local settings end every start that they fail."""
    image.write("home/config/airflow_local_settings.py")
    image.write("airflow.cfg", "[core]\ndags_folder = {AIRFLOW_HOME}/d\n")
    found = image.main(command, AIRFLOW_HOME=str(image.app / "home"), **environ)
    assert found.recognised
    assert [os.path.relpath(root, image.app) for root in found.roots] == roots
    assert found.entries == ([("airflow_local_settings", None)] if roots else [])


LAMBDA = '#!/bin/sh\nif [ -z "$X" ]; then\n  exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap\nfi\n'


def test_the_entrypoint_of_lambdas_image(image: Image) -> None:
    """Its own script is not followed: it starts a runtime that asks a server what to load."""
    path = image.program("lambda-entrypoint.sh", LAMBDA)
    found = image.main([str(path), "app.handler"], LAMBDA_TASK_ROOT=str(image.app))
    assert found.entries == [("app", "handler")]
    assert found.roots == [str(image.app)]
    assert image.main([str(path)], _HANDLER="lib/fn.go").entries == [("lib.fn", "go")]


def test_the_folder_of_lambdas_runtime_is_on_the_import_path(image: Image) -> None:
    """boto3 lies there, and the runtime's own modules are none of the application's."""
    path = image.program("lambda-entrypoint.sh", LAMBDA)
    image.write("runtime/bootstrap.py")
    runtime = str(image.app / "runtime")
    found = image.main(
        [str(path), "app.handler"], LAMBDA_TASK_ROOT=str(image.app), LAMBDA_RUNTIME_DIR=runtime
    )
    assert found.roots == [str(image.app), runtime]
    assert runtime in found.platform_roots
    assert found.environ["AWS_DEFAULT_REGION"]


def test_fastapi_by_its_project_file(image: Image) -> None:
    image.write("pyproject.toml", '[project]\nname = "x"\n[tool.fastapi]\nentrypoint = "shop.web:app"\n')
    image.write("main.py")
    assert image.main("fastapi run").entries == [("shop.web", "app")]
    assert image.main("fastapi run main.py").entries == [("main", "instance of fastapi:FastAPI")]


def test_flask_by_its_environment_files(image: Image) -> None:
    image.write(".flaskenv", "# x\nexport FLASK_APP='shop.web:make'\nFLASK_DEBUG=0\n")
    assert image.main("flask run").entries == [("shop.web", "make")]
    image.write(".env", "FLASK_APP=other\n")
    assert image.main("flask run").entries == [("other", None)]
    assert image.main("flask run", FLASK_APP="third").entries == [("third", None)]


def test_quart_by_its_environment_file_and_default(image: Image) -> None:
    image.write("app.py")
    assert image.main("quart run").entries == [("app", None)]
    image.write(".quartenv", "QUART_APP=shop.web:make\n")
    assert image.main("quart run").entries == [("shop.web", "make")]
    assert image.main("quart run", QUART_APP="other", FLASK_APP="x").entries == [("other", None)]


SCRAPY_SETTINGS = """
ITEM_PIPELINES = {"a.pipelines.Store": 300, "a.old.Gone": None, LOCAL: 1, "function": 2}
EXTENSIONS = {"a.ext.stats.Stats": 10, Found: 20}
SPIDER_MIDDLEWARES = {"a.middlewares.Retry": 1}
if DEBUG:
    SPIDER_MIDDLEWARES = {}
DOWNLOADER_MIDDLEWARES = find()
"""


def test_a_crawl_loads_what_scrapys_settings_name(image: Image) -> None:
    image.write("scrapy.cfg", "[settings]\ndefault = a.settings\n")
    image.write("a/settings.py", SCRAPY_SETTINGS)
    components = [("a.pipelines", "Store"), ("a.ext.stats", "Stats")]
    assert image.main("scrapy crawl prices").workers == components
    assert image.main("scrapy version").workers == []
    image.write("a/settings.py", "ITEM_PIPELINES = {")
    assert image.main("scrapy crawl prices").workers == []


def test_scrapy_by_its_variables(image: Image) -> None:
    image.write("scrapy.cfg", "[settings]\ndefault = a.settings\nother = b.settings\n")
    assert image.main("scrapy crawl x", SCRAPY_PROJECT="other").entries == [("b.settings", None)]
    assert image.main("scrapy crawl x", SCRAPY_SETTINGS_MODULE="c").entries == [("c", None)]


def test_mcp_may_be_the_subcommand_of_another_program(image: Image) -> None:
    image.program("mytool", "\x7fELF")
    assert not image.main("mytool mcp").recognised


def test_litestar_finds_its_file(image: Image) -> None:
    """As litestar 2.25: the folder must be called like the file, and ``shop/app.py`` is not found."""
    image.write("shop/app.py", "from litestar import Litestar\n")
    assert image.main("litestar run").entries == [("app", None)]
    image.write("application/web.py", "from litestar import Litestar\napp = Litestar([])\n")
    found = image.main("litestar run")
    assert (found.entries, found.called) == ([("application.web", None)], [])
    image.write("app/__init__.py", "from litestar import Litestar\n")
    assert image.main("litestar run").entries == [("app", None)]


def test_litestar_reads_its_environment_file_first(image: Image) -> None:
    image.write(".env", "LITESTAR_APP=server:app\n")
    found = image.main("litestar run")
    assert (found.entries, found.dotenv) == ([("server", "app")], {"LITESTAR_APP": "server:app"})
    assert image.main("litestar run", LITESTAR_APP="web:app").entries == [("web", "app")]
    image.write("app.py", "from litestar import Litestar\n")
    assert image.main("litestar run").entries == [("app", None)]
    image.write("server.py", "from litestar import Litestar\n")
    assert image.main("litestar run").entries == [("server", "app")]
    image.write(".env", "PORT=80\n")
    assert image.main("litestar run").entries == [("app", None)]


def test_litestar_calls_the_function_that_makes_its_application(image: Image) -> None:
    image.write("app.py", "from litestar import Litestar\ndef create_app():\n    return Litestar([])\n")
    assert image.main("litestar run").called == [("app", "create_app")]
    assert image.main("litestar --app shop.web:make run").called == [("shop.web", "make")]


def test_fastapi_without_a_file_to_run_lacks_its_module(image: Image) -> None:
    image.write("server.py", "from fastapi import FastAPI\n")
    assert image.main("fastapi run").entries == [("main", "instance of fastapi:FastAPI")]


def test_a_plugin_of_twistd_loads_the_module_of_its_service(image: Image) -> None:
    image.write(
        "lib/twisted/plugins/shop_plugin.py",
        "from twisted.application.service import ServiceMaker\n"
        "shop = ServiceMaker(\n    'Shop', 'shop.tap', 'sells', 'shop'\n)\n",
    )
    path = str(image.app / "lib")
    assert image.main("twistd -n shop --port 80", PYTHONPATH=path).entries == [("shop.tap", "makeService")]
    assert image.main("twistd -n web", PYTHONPATH=path).entries == []
    assert image.main("twistd -n shop").entries == []


def test_rq_loads_serializers_and_the_files_of_cron(image: Image) -> None:
    found = image.main("rq worker -S shop.codec.Codec high")
    assert (found.entries, found.workers) == ([], [("shop.codec", "Codec")])
    assert image.main("rq worker --serializer json").workers == []
    assert image.main("rq cron shop/cron.py").entries == [("shop.cron", None)]
    assert image.main("rq cron shop.cron -u redis://x").entries == [("shop.cron", None)]


@pytest.mark.parametrize("option", ["-H venv", "--home=venv", "--virtualenv venv", "--ini u.ini"])
def test_uwsgi_has_the_environment_that_it_is_given(image: Image, option: str) -> None:
    image.write("u.ini", "[uwsgi]\nvenv = %d/venv\n")
    python = image.write("venv/bin/python", "\x7fELF")
    python.chmod(0o755)
    program = image.program("uwsgi", "\x7fELF")
    assert image.main(f"uwsgi {option} -w a").executable == str(python)
    program.write_text(f"#!{image.python}\nfrom pyuwsgi import run\n")
    assert image.main(f"uwsgi {option} -w a").executable == str(image.python)


@pytest.mark.parametrize("command", ["uwsgi --gevent 10 -w a", "uwsgi --ini u.ini", "uwsgi --gevent=10 -w a"])
def test_uwsgi_needs_the_module_of_its_loop(image: Image, command: str) -> None:
    image.write("u.ini", "[uwsgi]\nmodule = a\ngevent = 10\n")
    assert image.main(command).workers == [("gevent", None)]
    assert image.main("uwsgi -w a").workers == []


@pytest.mark.parametrize(
    ("command", "entries"),
    [
        ("xargs -I{} python3 jobs/{}.py", []),
        ("xargs -I % uvicorn %:app", []),
        ("parallel python3 {}.py ::: a b", []),
        ("xargs uvicorn a:app", [("a", "app")]),
    ],
)
def test_words_that_a_program_fills_in_are_no_modules(image: Image, command: str, entries: list) -> None:
    assert image.main(command).entries == entries


PASTE = """[DEFAULT]
debug = false
[app:shop]
use = call:shop.web:main
filter-with = logged
[app:other]
paste.app_factory = shop.other:make
[filter:logged]
use = call:shop.filters:logged
[pipeline:main]
pipeline = logged egg:Paste#gzip shop
[composite:all]
use = egg:Paste#urlmap
/ = shop
/other = other
[server:main]
use = egg:waitress#main
[server:own]
paste.server_factory = shop.server:serve
"""


@pytest.mark.parametrize(
    ("command", "modules", "workers"),
    [
        ("pserve p.ini", ["shop.web"], ["shop.filters"]),
        ("pserve --reload p.ini#other port=80", ["shop.other"], []),
        ("pserve -n all --server-name own p.ini", ["shop.web", "shop.other"], ["shop.server"]),
        ("pserve p.ini#gone", [], []),
    ],
)
def test_pserve_loads_what_its_file_names(image: Image, command: str, modules: list, workers: list) -> None:
    image.write("p.ini", PASTE)
    found = image.main(command)
    assert [module for module, _ in found.entries] == [module for module, _ in found.called] == modules
    assert set(workers) <= {module for module, _ in found.workers}
    server = ("waitress", ("paste.server_factory",), "main")
    assert (server in found.factories) is ("own" not in command)
    assert found.roots == found.own_roots == []
    assert image.main("pserve gone.ini").missing_file == str(image.app / "gone.ini")


PROCFILE = "# x\nweb: gunicorn a.wsgi:app\nworker: cd jobs && celery -A b worker\nrelease: python3 -m c\n"


@pytest.mark.parametrize(
    ("command", "entries"),
    [
        ("honcho start", ["a.wsgi", "b", "c"]),
        ("honcho start web worker", ["a.wsgi", "b"]),
        ("honcho -f Procfile.dev start", ["d"]),
        ("hivemind", ["a.wsgi", "b", "c"]),
        ("honcho run python3 -m x", []),
    ],
)
def test_procfiles(image: Image, command: str, entries: list[str]) -> None:
    image.write("Procfile", PROCFILE)
    image.write("Procfile.dev", "web: uvicorn d:app\n")
    found = [module for item in image.parse(command) for module, _ in item.entries]
    assert found == entries or command.startswith("honcho run")


def test_services_of_runit(image: Image) -> None:
    image.write("service/web/run", "#!/bin/sh\ncd /srv\nexec chpst -u app uvicorn a:app 2>&1\n").chmod(0o755)
    image.write("service/jobs/run", "#!/bin/sh\nexec setuidgid app celery -A b worker\n").chmod(0o755)
    found = image.parse(f"runsvdir -P {image.app}/service")
    assert [item.entries for item in found] == [[("b", None)], [("a", "app")]]
    assert [item.secondary for item in found] == [False, False]


def test_a_script_of_execline(image: Image) -> None:
    text = (
        "#!/command/execlineb -P\nwith-contenv\n# x\ns6-setuidgid app\ncd src\nfdmove -c 2 1\nuvicorn a:app\n"
    )
    image.write("services/web/run", text).chmod(0o755)
    found = image.main("s6-svscan services/")
    assert found.entries == [("a", "app")]
    assert found.directory == str(image.app / "src")


def test_what_goes_on_in_the_background_is_no_less_important(image: Image) -> None:
    found = image.parse("python3 -m migrate && celery -A a worker & uvicorn b:app & wait")
    assert [(item.entries[0][0], item.secondary) for item in found] == [
        ("migrate", True),
        ("a", False),
        ("b", False),
    ]


@pytest.mark.parametrize(
    "wrapper",
    [
        "doppler run --",
        "dotenv -f .env run --",
        "chamber exec shop --",
        "watchfiles --ignore-paths x",
        "watchmedo auto-restart -d . -p '*.py' --",
        "with-contenv s6-setuidgid app",
        "chpst -u app -e ./env",
        "pdm run",
        "hatch run",
        "hatch run prod:",
        "some-unknown-thing --x 1 --",
    ],
)
def test_more_wrappers(image: Image, wrapper: str) -> None:
    for name in ("watchfiles", "watchmedo"):
        image.program(name, f"#!{image.python}\nfrom {name} import main\nmain()\n")
    started = "uvicorn a:app"
    command = f"{wrapper} '{started}'" if wrapper.startswith("watchfiles") else f"{wrapper} {started}"
    assert image.main(command.replace(": ", ":")).entries == [("a", "app")]


def test_a_wrapper_in_python_is_loaded(image: Image) -> None:
    assert image.main("ddtrace-run uvicorn a:app").workers == [("ddtrace", None)]
    assert image.main("newrelic-admin run-program uvicorn a:app").workers == [("newrelic", None)]


@pytest.mark.parametrize("manager", ["poetry", "pdm", "hatch", "pipenv", "rye"])
def test_scripts_of_a_project(image: Image, manager: str) -> None:
    tables = {
        "poetry": '[tool.poetry.scripts]\nserve = "shop.cli:main"\n',
        "pdm": '[tool.pdm.scripts]\nserve = {call = "shop.cli:main()"}\nweb = "uvicorn a:app"\n',
        "hatch": '[tool.hatch.envs.default.scripts]\nweb = "uvicorn a:app {args}"\n',
        "pipenv": '[scripts]\nweb = "uvicorn a:app"\n',
        "rye": '[tool.rye.scripts]\nweb = { cmd = "uvicorn a:app" }\n',
    }
    image.write("Pipfile" if manager == "pipenv" else "pyproject.toml", tables[manager])
    if "serve" in tables[manager]:
        assert image.main(f"{manager} run serve").code == "from shop.cli import main"
    if "web" in tables[manager]:
        assert image.main(f"{manager} run web --port 80").entries == [("a", "app")]


@pytest.mark.parametrize(
    ("command", "environ", "parts"),
    [
        ("uvicorn a:app --loop uvloop --http=httptools", {}, [("uvloop", None), ("httptools", None)]),
        ("uvicorn a:app --loop auto --http h11 --ws none", {}, []),
        ("uvicorn a:app --ws websockets-sansio", {}, [("websockets", None)]),
        ("uvicorn a:app --loop shop.loops:make", {}, [("shop.loops", "make")]),
        ("uvicorn a:app", {"UVICORN_LOOP": "uvloop"}, [("uvloop", None)]),
        ("granian a:app --loop uvloop --env-files .env", {}, [("uvloop", None), ("dotenv", None)]),
        ("gunicorn a --logger-class shop.logs.Logger", {}, [("shop.logs", "Logger")]),
        ("gunicorn a -c logger.py", {}, [("shop.logs", "Logger")]),
        ("gunicorn a -c class.py", {}, []),
        ("celery -A a worker -B -P gevent -S state", {}, [("gevent", None)]),
        ("celery -A a worker --pool=prefork", {}, []),
        ("celery -A a beat --scheduler redbeat.RedBeatScheduler", {}, [("redbeat", "RedBeatScheduler")]),
        ("celery -A a beat -S django", {}, [("django_celery_beat.schedulers", "DatabaseScheduler")]),
        ("huey_consumer a.h -k greenlet", {}, [("gevent", None)]),
        ("huey_consumer a.h -k thread", {}, []),
    ],
)
def test_parts_that_options_name(image: Image, command: str, environ: dict[str, str], parts: list) -> None:
    """The server imports its event loop, its pool, its logger when it starts, before the application."""
    image.write("logger.py", 'logger_class = "shop.logs.Logger"\n')
    image.write("class.py", "class Logger: pass\nlogger_class = Logger\n")
    found = image.main(command, **environ)
    assert found.workers == parts
    assert found.notes == []


JSON_LOG = """{"version": 1, "formatters": {"j": {"()": "jsonlog.json.Formatter"}, "u": {"format": "x"}},
"handlers": {"h": {"class": "logging.StreamHandler"}, "r": {"class": "logging.handlers.RotatingFileHandler"},
"o": {"class": "shop.logs.Handler.Inner", "formatter": "j"}}}"""
YAML_LOG = """formatters:
  j: {(): x}
  k:
    (): jsonlog.json.Formatter # why
handlers:
  h:
    class : 'shop.H'
"""
INI_LOG = """[formatters]
keys=j
[formatter_j]
class=jsonlog.json.Formatter
[handlers]
keys=a,b
[handler_a]
class=handlers.RotatingFileHandler
[handler_b]
class=StreamHandler
[handler_unused]
class=shop.H
"""


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("uvicorn a:app --log-config log.json", [("jsonlog.json", "Formatter"), ("shop.logs", "Handler")]),
        (
            "uvicorn a:app --log-config log.yaml",
            [("yaml", None), ("jsonlog.json", "Formatter"), ("shop", "H")],
        ),
        ("uvicorn a:app --log-config log.ini", [("jsonlog.json", "Formatter")]),
        ("gunicorn a --log-config log.ini", [("jsonlog.json", "Formatter")]),
        ("gunicorn a --log-config-json log.json", [("jsonlog.json", "Formatter"), ("shop.logs", "Handler")]),
        ("granian a:app --log-config log.json", [("jsonlog.json", "Formatter"), ("shop.logs", "Handler")]),
        ("hypercorn a:app --log-config log.ini", [("jsonlog.json", "Formatter")]),
        (
            "hypercorn a:app --log-config json:log.json",
            [("jsonlog.json", "Formatter"), ("shop.logs", "Handler")],
        ),
        ("uvicorn a:app --log-config broken.json", []),
    ],
)
def test_classes_that_logging_settings_name(image: Image, command: str, parts: list) -> None:
    image.write("log.json", JSON_LOG)
    image.write("log.yaml", YAML_LOG)
    image.write("log.ini", INI_LOG)
    image.write("broken.json", "{")
    found = image.main(command)
    assert found.workers == parts
    assert found.missing_file is None


def test_logging_settings_that_are_not_there(image: Image) -> None:
    """The server ends: it is as a configuration file that is missing."""
    assert image.main("uvicorn a:app --log-config log.json").missing_file == "log.json"
