"""Programs of installed distributions that are no application themselves: they load one."""

from __future__ import annotations

import os

from importguard.probe.select.folder import Folder
from importguard.probe.start.start_command import is_dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.select.application_path import ApplicationPath
    from importguard.probe.select.targets import Target
    from importguard.probe.start.start_command import StartCommand

SERVERS_AND_TOOLS = frozenset(
    (
        "uvicorn gunicorn hypercorn daphne granian waitress celery flask fastapi fastapi_cli django "
        "streamlit shiny functions_framework awslambdaric rq rq_scheduler arq dramatiq huey taskiq sanic "
        "litestar kopf uwsgi mod_wsgi supervisor honcho circus watchfiles watchdog hupper ddtrace "
        "newrelic alembic pip pytest opentelemetry_instrumentation opentelemetry_distro uv poetry pdm "
        "hatch pipenv tox nox coverage debugpy aiohttp robyn blacksheep cherrypy bjoern meinheld twisted "
        "tornado eventlet gevent chainlit gradio panel bokeh voila jupyter jupyter_core jupyterlab "
        "notebook ipython ipykernel faust faust_streaming saq procrastinate nameko locust scrapy bentoml "
        "ray prefect dagster dagster_webserver dbt_core luigi ansible ansible_core aerich yoyo_migrations "
        "python_dotenv dotenv wheel setuptools virtualenv shiv pex gradio_client marimo solara nicegui "
        "reflex mkdocs sphinx twine build ruff mypy black invoke fabric uvloop socketify fastwsgi ipdb "
        "quart faststream fastmcp mcp scrapyd bottle cheroot pgqueuer streaq "
        "py_spy memray scalene viztracer sentry_cli awscli httpie pyinfra"
    ).split()
)
"""Distributions that load an application which is somewhere else: never one themselves."""


def is_known_tool(target: Target) -> bool:
    """Whether the distribution of a target is known to load other people's applications."""
    name = target.distribution.name if target.distribution else target.module.split(".")[0]
    return name.lower().replace("-", "_").replace(".", "_") in SERVERS_AND_TOOLS


def names_code(path: ApplicationPath, command: StartCommand) -> bool:
    """Whether an argument is a file or a folder with Python, or ``module:attribute``."""
    for word in command.argv[1:]:
        for text in (word, word.partition("=")[2]):
            if text and not text.startswith("-") and _is_code(path, command, str(text)):
                return True
    return False


def _is_code(path: ApplicationPath, command: StartCommand, text: str) -> bool:
    module, colon, attribute = text.partition(":")
    if colon and is_dotted(module) and is_dotted(attribute.split("(")[0]):
        return path.finder.locate_module(module) is None or not command.console
    file = command.resolve_path(text)
    if text.endswith(".py") and os.path.isfile(file):
        return True
    if "/" in text and os.path.isdir(file):
        return bool(Folder(file, []).modules)
    found = path.finder.locate_module(text) if is_dotted(text) else None
    return found is not None and bool(found.path) and not path.is_third_party(found, text)
