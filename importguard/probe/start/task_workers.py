"""Workers of task queues, and other programs that wait for work: how their arguments name what they load."""

from __future__ import annotations

import os

from importguard.probe.files import read_text
from importguard.probe.start.named_parts import load_celery_parts
from importguard.probe.start.start_command import Options, StartCommand, is_dotted, load_path
from importguard.probe.start.toml import read_toml


def _read_celery(command: StartCommand, words: list[str]) -> None:
    """``-A`` can stand before or after the sub-command. Which attribute it is, is looked up later."""
    target = command.environ.get("CELERY_APP", "")
    for at, item in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if item in ("-A", "--app"):
            target = following
        elif item.startswith(("--app=", "-A")):
            target = item[6:] if item.startswith("--app=") else item[2:].lstrip("=")
        elif item == "--workdir" or item.startswith("--workdir="):
            command.directory = command.resolve_path(item[10:] or following)
    command.roots.append(command.directory)
    load_celery_parts(command, words)
    if target:
        command.add_entry_point(target)


def _load_dotted(command: StartCommand, dotted: str) -> None:
    """An entry point of the form ``module.attribute``."""
    module, dot, attribute = dotted.replace(":", ".").rpartition(".")
    if dot:
        command.add_entry_point("%s:%s" % (module, attribute))
    else:
        command.notes.append("%r of the start command names no attribute of a module" % dotted)


_RQ_FLAGS = frozenset("-b --burst --with-scheduler -v --verbose -q --quiet --help --version".split())


def _read_rq(command: StartCommand, words: list[str]) -> None:
    """``rq worker``: its settings and classes; its jobs name what else it loads, when they come (rq.cli).

    ``rq cron FILE`` loads that, or the module of that name (rq.cron).
    """
    options = Options(words, _RQ_FLAGS)
    paths = options.values.get("-P", []) + options.values.get("--path", [])
    command.roots += [command.resolve_path(path) for path in paths or [""]]
    settings = options.last_value("-c", "--config") or command.environ.get("RQ_CONFIG")
    if settings:
        command.add_entry_point(settings)
    for file in options.rest[1:2] if options.rest[:1] == ["cron"] else []:
        if file.endswith(".py"):
            command.load_file(command.resolve_path(file), None)
        else:
            command.add_entry_point(file)
    for names in (
        ("-w", "--worker-class"),
        ("-j", "--job-class"),
        ("--queue-class",),
        ("--connection-class",),
        ("--exception-handler",),
        ("-S", "--serializer"),
    ):
        module, _, attribute = (options.last_value(*names) or "").rpartition(".")
        if module:
            command.workers.append((module, attribute))


_ARQ_FLAGS = frozenset("--burst --no-burst --check --watch-use-polling -v --verbose --version --help".split())


def _read_arq(command: StartCommand, words: list[str]) -> None:
    """``arq MODULE.SETTINGS`` (arq.cli)."""
    command.roots.append(command.directory)
    for target in Options(words, _ARQ_FLAGS).rest[:1]:
        _load_dotted(command, target)


_DRAMATIQ_LISTS = frozenset(["-Q", "--queues", "-P", "--path"])
_DRAMATIQ_FLAGS = frozenset(
    "-v --verbose -h --help --version --use-spawn --watch-use-polling --skip-logging".split()
)


def _read_dramatiq(command: StartCommand, words: list[str]) -> None:
    """``dramatiq MODULE[:BROKER] [MODULE …]``; some options take all words up to the next (dramatiq.cli)."""
    targets, paths = [], []
    option = ""
    for item in words:
        if item.startswith("-"):
            option = "" if "=" in item or item in _DRAMATIQ_FLAGS else item
        elif option:
            paths += [item] if option in ("-P", "--path") else []
            option = option if option in _DRAMATIQ_LISTS else ""
        else:
            targets.append(item)
    command.roots += [command.resolve_path(path) for path in paths or [""]]
    for target in targets:
        command.add_entry_point(target)


_HUEY_FLAGS = frozenset(
    "-v --verbose -q --quiet -S --simple -C --disable-health-check -n --no-periodic".split()
)


def _read_huey(command: StartCommand, words: list[str]) -> None:
    """``huey_consumer MODULE.HUEY`` (huey.bin.huey_consumer)."""
    command.roots.append(command.directory)
    options = Options(words, _HUEY_FLAGS)
    if options.last_value("-k", "--worker-type") in ("greenlet", "gevent"):
        command.workers.append(("gevent", None))
    for target in options.rest[:1]:
        _load_dotted(command, target)


_TASKIQ_FLAGS = frozenset(
    "-fsd --fs-discover --no-configure-logging --reload -r --do-not-use-gitignore --no-parse "
    "--no-propagate-errors --hardkill --use-process-pool --skip-first-run --help -h".split()
)


def _read_taskiq(command: StartCommand, words: list[str]) -> None:
    """``taskiq worker|scheduler MODULE:NAME [MODULE …]`` (taskiq.cli)."""
    words = [item for item in words if item not in _TASKIQ_FLAGS]
    options = Options(words[1:], _TASKIQ_FLAGS)
    command.roots.append(command.resolve_path(options.last_value("-d", "--app-dir") or ""))
    if words[:1] in (["worker"], ["scheduler"]):
        for target in options.rest:
            command.add_entry_point(target)


_FASTSTREAM_FLAGS = frozenset("-r --reload -f --factory --help -v --version".split())


def _read_faststream(command: StartCommand, words: list[str]) -> None:
    """``faststream run MODULE:NAME [--app-dir FOLDER]`` (faststream._internal.cli.main.run)."""
    options = Options(words[1:], _FASTSTREAM_FLAGS)
    command.roots.append(command.resolve_path(options.last_value("--app-dir") or ""))
    if words[:1] == ["run"]:
        for target in options.rest[:1]:
            command.add_entry_point(target)


def _read_luigi(command: StartCommand, words: list[str]) -> None:
    """``luigi --module MODULE TASK``, by the import path alone (luigi.cmdline_parser); luigid loads none."""
    module = Options(words, frozenset(["--local-scheduler", "--no-lock", "--help"])).last_value("--module")
    if module and command.tool == "luigi":
        command.add_entry_point(module)


def _read_scrapy(command: StartCommand, words: list[str]) -> None:
    """scrapy loads the settings module of its project for every command (scrapy.utils.project).

    It is that of SCRAPY_SETTINGS_MODULE, else of the nearest ``scrapy.cfg``, whose folder is put on the
    import path. scrapyd loads it for each job, and starts without it. A crawl loads what that names.
    """
    from importguard.probe.start.process_managers import read_sections
    from importguard.probe.start.scrapy_settings import named_components

    folder = command.directory
    while not os.path.isfile(os.path.join(folder, "scrapy.cfg")) and folder != "/":
        folder = os.path.dirname(folder)
    project = dict(read_sections(os.path.join(folder, "scrapy.cfg"))).get("settings", {})
    name = command.environ.get("SCRAPY_PROJECT", "default")
    settings = command.environ.get("SCRAPY_SETTINGS_MODULE") or project.get(name)
    if project:
        command.roots.append(folder)
    if settings and command.tool == "scrapy":
        command.add_entry_point(settings)
    if settings and words[:1] in (["crawl"], ["runspider"]):
        command.workers += named_components(os.path.join(folder, settings.replace(".", "/") + ".py"))


_KOPF_FLAGS = frozenset(
    "-v --verbose -d --debug -q --quiet -A --all-namespaces --standalone --dev --help --version".split()
)


def _read_kopf(command: StartCommand, words: list[str]) -> None:
    """``kopf run [-m MODULE] [FILE …]`` (kopf.cli, kopf.on.preload)."""
    if words[:1] != ["run"]:
        return
    options = Options(words[1:], _KOPF_FLAGS)
    for path in options.rest:
        load_path(command, path, climb=False)
    command.own_roots.append(command.directory)
    for module in options.values.get("-m", []) + options.values.get("--module", []):
        command.add_entry_point(module)


def _read_by_option(command: StartCommand, words: list[str]) -> None:
    """faust, procrastinate: ``--app``/``-A``/``-a`` with ``module:name`` or ``module.name``."""
    dotted = command.tool == "procrastinate"
    target = command.environ.get("PROCRASTINATE_APP" if dotted else "FAUST_APP", "")
    for at, item in enumerate(words):
        if item in ("-A", "-a", "--app") and at + 1 < len(words):
            target = words[at + 1]
        elif item.startswith("--app="):
            target = item[6:]
    command.roots.append(command.directory)
    if target and dotted:
        _load_dotted(command, target)
    elif target:
        command.add_entry_point(target, "app")


def _read_saq(command: StartCommand, words: list[str]) -> None:
    """``saq MODULE.SETTINGS`` (saq.__main__)."""
    command.roots.append(command.directory)
    rest = Options(words, frozenset(["--quiet", "-q", "--verbose", "-v", "--web", "--check", "--help"])).rest
    for target in rest[:1]:
        if is_dotted(target):
            _load_dotted(command, target)


_ALEMBIC_RUNS = frozenset(["upgrade", "downgrade", "current", "stamp", "check", "revision"])


def _read_alembic(command: StartCommand, words: list[str]) -> None:
    """``alembic [-c FILE] upgrade head`` runs the env.py of its ``script_location`` (alembic.config)."""
    from importguard.probe.start.process_managers import read_sections

    options = Options(
        words, frozenset(["--raiseerr", "-q", "--quiet", "--sql", "--autogenerate", "--version"])
    )
    path = command.resolve_path(
        options.last_value("-c", "--config") or command.environ.get("ALEMBIC_CONFIG") or "alembic.ini"
    )
    name = options.last_value("-n", "--name") or "alembic"
    settings = dict(read_sections(path)).get(name, {})
    for folder in settings.get("prepend_sys_path", "").replace(":", " ").split():
        command.roots.append(command.resolve_path(folder.replace("%(here)s", os.path.dirname(path))))
    location = settings.get("script_location", "").replace("%(here)s", os.path.dirname(path))
    if location and ":" not in location and not _ALEMBIC_RUNS.isdisjoint(options.rest):
        command.main_file = command.resolve_path(location + "/env.py")


_DAGSTER_FLAGS = frozenset(
    "--help --version --verbose -v --lazy-load-user-code --heartbeat --inject-env-vars-from-instance "
    "--read-only --use-ssl --empty-working-directory --use-legacy-code-server-behavior --no-verbose".split()
)


def _read_dagster(command: StartCommand, words: list[str]) -> None:
    """``dagster api grpc|code-server start|dev``, dagster-webserver and dagster-daemon: ``-m``, ``-f``, else
    the workspace's file, else pyproject.toml (dagster._cli.workspace.cli_target)."""
    options = Options(words, _DAGSTER_FLAGS)
    command.directory = command.resolve_path(options.last_value("-d", "--working-directory") or "")
    command.roots.append(command.directory)
    attribute = options.last_value("-a", "--attribute")
    modules = options.values.get("-m", []) + options.values.get("--module-name", [])
    files = options.values.get("-f", []) + options.values.get("--python-file", [])
    workspace = command.resolve_path(options.last_value("-w", "--workspace") or "workspace.yaml")
    if not modules and not files and _load_workspace(command, workspace):
        return
    if not modules and not files:
        project = read_toml(command.resolve_path("pyproject.toml"), "tool.dagster")
        modules = [str(project["module_name"])] if "module_name" in project else []
    for module in modules:
        command.add_entry_point(module, attribute)
    for path in files:
        command.load_file(command.resolve_path(path), attribute)


def _load_workspace(command: StartCommand, path: str) -> bool:
    """Load the code locations of a ``workspace.yaml``, in its short and its long form; whether it has any."""
    folder = os.path.dirname(path)  # what its files are relative to
    locations: list[dict[str, str]] = []
    for line in (read_text(path) or "").split("\n"):
        text = line.split("#")[0].strip()
        if text.startswith("-"):
            locations.append({})
        key, _, value = text.strip(" -").partition(":")
        if locations and value.strip():
            locations[-1][key.strip()] = value.strip(" \"'")
    for location in locations:
        module = location.get("module_name") or location.get("python_module")
        file = location.get("relative_path") or location.get("python_file")
        if module:
            command.add_entry_point(module, location.get("attribute"))
        elif file:
            command.load_file(os.path.join(folder, file), location.get("attribute"))
    return bool(locations)


_AIRFLOW_RUNS = frozenset(
    "webserver api-server scheduler triggerer dag-processor standalone worker celery edge kerberos".split()
)


def _read_airflow(command: StartCommand, words: list[str]) -> None:
    """``airflow scheduler``, ``airflow celery worker`` …: its DAGs, its plugins and its local settings.

    airflow.settings.prepare_syspath_*: DAGs are files of the DAGs' folder, which is on the import path with
    ``config`` and ``plugins`` of AIRFLOW_HOME. A DAG that fails is told in the web interface; a broken
    ``airflow_local_settings`` ends every start.
    """
    if _AIRFLOW_RUNS.isdisjoint(words[:1]):
        return
    home = command.environ.get("AIRFLOW_HOME") or command.environ.get("HOME", "/root") + "/airflow"
    home = command.resolve_path(home)
    dags, plugins = (_airflow_folder(command, home, name) for name in ("dags", "plugins"))
    roots = [dags, home + "/config", plugins]
    command.roots += roots
    if any(os.path.isfile(root + "/airflow_local_settings.py") for root in roots):
        command.add_entry_point("airflow_local_settings")


def _airflow_folder(command: StartCommand, home: str, name: str) -> str:
    """The folder of the DAGs or plugins: by a variable, by ``airflow.cfg``, or below AIRFLOW_HOME."""
    from importguard.probe.start.process_managers import read_sections

    given = command.environ.get("AIRFLOW__CORE__%s_FOLDER" % name.upper())
    if not given:
        settings = command.environ.get("AIRFLOW_CONFIG") or home + "/airflow.cfg"
        given = dict(read_sections(command.resolve_path(settings))).get("core", {}).get(name + "_folder")
    given = (given or "{AIRFLOW_HOME}/" + name).replace("{AIRFLOW_HOME}", home).replace("$AIRFLOW_HOME", home)
    return command.resolve_path(given)


READERS = {
    "airflow": _read_airflow,
    "dagster": _read_dagster,
    "dagster-webserver": _read_dagster,
    "dagster-daemon": _read_dagster,
    "alembic": _read_alembic,
    "celery": _read_celery,
    "rq": _read_rq,
    "rqworker": _read_rq,
    "arq": _read_arq,
    "dramatiq": _read_dramatiq,
    "huey_consumer": _read_huey,
    "huey_consumer.py": _read_huey,
    "taskiq": _read_taskiq,
    "faststream": _read_faststream,
    "luigi": _read_luigi,
    "luigid": _read_luigi,
    "scrapy": _read_scrapy,
    "scrapyd": _read_scrapy,
    "kopf": _read_kopf,
    "faust": _read_by_option,
    "procrastinate": _read_by_option,
    "saq": _read_saq,
}
