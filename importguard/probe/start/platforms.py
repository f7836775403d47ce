"""Runtimes of platforms that call functions: how they are told which, and where they look for it."""

from __future__ import annotations

import os

from importguard.probe.start.start_command import Options, StartCommand

_LAMBDA_VARIABLES = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
"""Lambda sets them for every function (docs.aws.amazon.com, "Defined runtime environment variables"), and
``boto3.client("s3")`` at import, which is the usual place for it there, raises NoRegionError without."""


def _read_lambda(command: StartCommand, words: list[str]) -> None:
    """AWS Lambda's runtime: ``module.function`` below LAMBDA_TASK_ROOT; _HANDLER where none is given."""
    root = command.environ.get("LAMBDA_TASK_ROOT", command.directory)
    command.roots.append(root)
    handler = words[0] if words else command.environ.get("_HANDLER", "")
    module, _, attribute = handler.rpartition(".")
    if module:
        command.add_entry_point(module.replace("/", ".") + ":" + attribute)


def _read_lambda_entrypoint(command: StartCommand, words: list[str]) -> None:
    """The entry point of AWS' base images, whose ``/var/runtime/bootstrap.py`` has layers and its own folder
    on the import path too: boto3 lies there, and no application asks for it."""
    _read_lambda(command, words)
    command.environ = dict(_LAMBDA_VARIABLES, **command.environ)
    runtime = command.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime")
    command.platform_roots += ["/opt/python", *_layer_sites(), runtime]
    command.roots += [path for path in command.platform_roots if os.path.isdir(path)]


def _layer_sites() -> list[str]:
    try:
        versions = sorted(os.listdir("/opt/python/lib"))
    except OSError:
        return []
    return ["/opt/python/lib/%s/site-packages" % version for version in versions]


def _read_functions_framework(command: StartCommand, words: list[str]) -> None:
    """``--source`` and ``--target`` or their variables (functions_framework._cli)."""
    options = Options(words, frozenset(["--debug", "--help"]))
    load_function(command, options.last_value("--source"), options.last_value("--target"))


def load_function(command: StartCommand, source: str | None, target: str | None) -> None:
    """The function ``target`` of the file ``source`` (functions_framework.create_app)."""
    source = source or command.environ.get("FUNCTION_SOURCE") or "main.py"
    target = target or command.environ.get("FUNCTION_TARGET")
    path = os.path.realpath(command.resolve_path(source))
    command.roots.append(os.path.dirname(path))
    command.add_script(path, target)


def load_function_of_call(command: StartCommand, call: str) -> None:
    """As ``functions_framework:create_app("target", "source")``, by which gunicorn starts it, says."""
    words = call.replace("'", '"').split('"')[1::2]
    load_function(command, words[1] if len(words) > 1 else None, words[0] if words else None)


READERS = {
    "lambda-entrypoint.sh": _read_lambda_entrypoint,
    "awslambdaric": _read_lambda,
    "functions-framework": _read_functions_framework,
    "functions-framework-python": _read_functions_framework,
    "functions_framework": _read_functions_framework,
    "functions_framework_python": _read_functions_framework,
    "ff": _read_functions_framework,
}
