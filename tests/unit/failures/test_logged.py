"""Tracebacks in logs, from text as servers write it."""

from __future__ import annotations

import json
from typing import Optional

import pytest
from unit.builders import evidence, imported

from importguard.evidence.imports import ImportFailure, ModuleImport
from importguard.evidence.starts import Ending, ServiceStart, StartSettings
from importguard.failures.logged import ending_failure, logged_failures
from importguard.failures.root_cause import root_cause
from importguard.failures.service import logged_finding
from importguard.model import Location, Outcome
from importguard.rules.start import START_EXITS

SEEN = evidence(imported("shop.main"), imported("shop.middleware"))
CHAIN = """Traceback (most recent call last):
  File "/app/shop/middleware.py", line 10, in install
    from shop.monitoring import metrics
ModuleNotFoundError: No module named 'shop.monitoring'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/shop/main.py", line 4, in <module>
    install()
    ~~~~~~~^^
  File "/app/shop/middleware.py", line 12, in install
    raise RuntimeError("Failed to set up the middleware") from error
RuntimeError: Failed to set up the middleware
"""


STRUCTURED = [
    {
        "exc_type": "RuntimeError",
        "exc_value": "Failed to set up the middleware",
        "is_cause": False,
        "frames": [
            {"filename": "/app/shop/main.py", "lineno": 4, "name": "<module>"},
            {"filename": "/app/shop/middleware.py", "lineno": 12, "name": "install", "locals": {"a": "1"}},
        ],
    },
    {
        "exc_type": "ModuleNotFoundError",
        "exc_value": "No module named 'shop.monitoring'",
        "is_cause": True,
        "frames": [{"filename": "/app/shop/middleware.py", "lineno": 10, "name": "install"}],
    },
]
"""What structlog's dict_tracebacks makes of it (structlog.tracebacks.Trace)."""


def only(log: str) -> ImportFailure:
    (failure,) = logged_failures(log, SEEN)
    return failure


def test_a_chain_is_told_outermost_first_with_the_frames_that_lead_to_what_decides() -> None:
    failure = only(f"starting\n{CHAIN}bye\n")
    assert (failure.type, failure.missing) == ("RuntimeError", "shop.monitoring")
    assert [cause.type for cause in failure.causes] == ["RuntimeError", "ModuleNotFoundError"]
    assert [(frame.module, frame.line, frame.function) for frame in failure.frames] == [
        ("shop.main", 4, "<module>"),
        ("shop.middleware", 10, "install"),
    ]


DRIVER = """Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/sqlalchemy/engine/base.py", line 1967, in _execute
    self.dialect.do_execute(cursor)
  File "/usr/lib/python3/dist-packages/psycopg/cursor.py", line 117, in execute
    raise ex
psycopg.errors.UndefinedTable: relation "messages" does not exist

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/starlette/routing.py", line 694, in lifespan
    async with self.lifespan_context(app):
  File "/app/shop/main.py", line 13, in lifespan
    count()
  File "/usr/lib/python3/dist-packages/sqlalchemy/engine/base.py", line 1967, in _execute
    self.dialect.do_execute(cursor)
  File "/usr/lib/python3/dist-packages/sqlalchemy/engine/base.py", line 2355, in _handle
    raise wrapped from error
sqlalchemy.exc.ProgrammingError: relation "messages" does not exist
"""


def test_an_error_that_a_library_raises_again_has_the_applications_line() -> None:
    start = ServiceStart("uvicorn", StartSettings(), ending=Ending(3), log=DRIVER)
    finding = logged_finding(START_EXITS, "uvicorn", "It ended.", start, SEEN)
    assert finding.location == Location("shop/main.py", 13)
    assert [frame.line for frame in only(DRIVER).frames] == [694, 13, 1967, 117]


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({"severity": "ERROR", "message": f"startup failed\n{CHAIN}"}),
        json.dumps({"level": "error", "exc_info": CHAIN}),
        json.dumps({"error": {"stack": [CHAIN]}}),
        "web-1 | " + json.dumps({"exc_info": CHAIN}),
        json.dumps({"message": json.dumps({"exc_info": CHAIN})}),
        json.dumps({"event": "failed", "exception": STRUCTURED}),
        "level=error event=failed exc_info=" + json.dumps(CHAIN) + " logger=shop",
        "event='failed' exception=" + repr(CHAIN),
        CHAIN.rstrip().replace("\n", "\\n"),
    ],
)
def test_a_whole_traceback_in_a_line(line: str) -> None:
    """Of JSON, of structlog's list of frames, and of key=value."""
    failure = only(f"starting\n{line}\nbye\n")
    assert (failure.type, failure.missing) == ("RuntimeError", "shop.monitoring")
    assert [(frame.path, frame.line) for frame in failure.frames] == [
        ("/app/shop/main.py", 4),
        ("/app/shop/middleware.py", 10),
    ]


@pytest.mark.parametrize(
    "line",
    [
        '{"exception": [{"exc_type": "X", "frames": [1, {}, {"lineno": "?"}]}]}',
        '{"exception": [{"exc_type": 5, "frames": {}}]}',
        '{"a": "Traceback (most recent call last):',
        "x = 'Traceback (most recent call last):\\n",
        '"exc_type"',
    ],
)
def test_a_line_that_only_resembles_one(line: str) -> None:
    assert not [one for one in logged_failures(line, SEEN) if one.missing]


def test_a_traceback_of_loguru() -> None:
    log = CHAIN.replace('  File "/app/shop/main.py"', '> File "/app/shop/main.py"').replace(
        "\nModuleNotFoundError", "\n    │   └ <module 'shop'>\n\nModuleNotFoundError"
    )
    assert only(log).missing == "shop.monitoring"


def test_a_script_that_a_shell_starts_by_its_place() -> None:
    """``./manage.py`` is that file of the application, whatever stands in the log."""
    log = CHAIN.replace('"/app/shop/main.py"', '"/app/./shop/main.py"')
    assert only(log).frames[0].path == "/app/shop/main.py"


def test_an_error_that_a_library_raises_again_with_its_words_is_told_once() -> None:
    """Django has an OperationalError of its own for that of each driver."""
    log = (
        'Traceback (most recent call last):\n  File "/app/shop/main.py", line 4, in connect\n'
        "psycopg2.OperationalError: no server\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        'Traceback (most recent call last):\n  File "/app/shop/main.py", line 9, in <module>\n'
        "django.db.utils.OperationalError: no server\n"
    )
    told = root_cause(ModuleImport("shop", None, Outcome.FAILED, failure=only(log))).message
    assert told == "OperationalError: no server"


@pytest.mark.parametrize("prefix", ["ERROR:    ", "2026-11-29 02:00:00 [7] ", "web-1 | "])
def test_a_heading_behind_a_level_or_a_time(prefix: str) -> None:
    assert only(prefix + CHAIN).missing == "shop.monitoring"


def test_a_prefix_on_every_line() -> None:
    log = "".join(f"web-1 | {line}\n" for line in CHAIN.splitlines())
    failure = only(log)
    assert (failure.missing, len(failure.causes)) == ("shop.monitoring", 2)


def test_two_tracebacks_that_have_nothing_to_do_with_each_other() -> None:
    simple = 'Traceback (most recent call last):\n  File "/app/x.py", line 1, in f\n    g()\nKeyError: 1\n'
    assert [failure.type for failure in logged_failures(simple + "later\n" + simple, SEEN)] == [
        "KeyError"
    ] * 2


def test_a_message_of_several_lines() -> None:
    log = (
        'Traceback (most recent call last):\n  File "/app/x.py", line 1, in <module>\n    Settings()\n'
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\n"
        "dsn\n  Field required [type=missing, input_value={}]\n"
    )
    failure = only(log)
    assert failure.type == "pydantic_core._pydantic_core.ValidationError"


def test_a_traceback_that_was_cut_is_none() -> None:
    assert (
        logged_failures('Traceback (most recent call last):\n  File "/app/x.py", line 1, in f\n', SEEN) == []
    )


def test_how_a_server_gives_up_is_not_the_reason() -> None:
    giving_up = (
        'Traceback (most recent call last):\n  File "/usr/lib/gunicorn/arbiter.py", line 1, in run\n    x\n'
        "gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>\n"
    )
    start = ServiceStart("gunicorn shop", StartSettings(), log=f"{CHAIN}\n[1] shutting down\n{giving_up}")
    failure = ending_failure(start, SEEN)
    assert failure is not None
    assert failure.missing == "shop.monitoring"


@pytest.mark.parametrize(
    ("log", "code", "missing"),
    [
        ("starting\nfatal: ModuleNotFoundError(\"No module named 'shop.bot'\")\n", 3, "shop.bot"),
        ("fatal: No module named 'shop.bot'\nshutting down\n", 3, None),
        ("fatal: No module named 'shop.bot'\n", 0, None),
        ("fatal: No module named 'shop.bot'\n", None, None),
    ],
)
def test_the_last_line_of_a_failed_service(log: str, code: Optional[int], missing: Optional[str]) -> None:
    ending = Ending(code) if code is not None else None
    failure = ending_failure(ServiceStart("x", StartSettings(), log=log, ending=ending), SEEN)
    assert (failure.missing if failure else None) == missing


def test_a_log_without_a_traceback() -> None:
    assert ending_failure(ServiceStart("x", StartSettings(), log="ready\n"), SEEN) is None


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("<frozen os>", "os"),
        ("/usr/local/lib/python3.11/os.py", "os"),
        ("/opt/venv/lib/python3.13/site-packages/redis/client.py", "redis.client"),
        ("/usr/lib/python3/dist-packages/yaml/__init__.py", "yaml"),
        ("/app/shop/late.py", "shop.late"),
        ("/srv/elsewhere.py", ""),
    ],
)
def test_the_module_of_a_frame(path: str, module: str) -> None:
    log = f'Traceback (most recent call last):\n  File "{path}", line 1, in f\n    g()\nKeyError: 1\n'
    assert [frame.module for frame in only(log).frames] == [module]


def test_a_module_that_is_found_at_the_second_try_is_not_missing() -> None:
    log = (
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3/dist-packages/huey/utils.py", line 41, in load_class\n'
        "    __import__(path)\n"
        "ModuleNotFoundError: No module named 'shop'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3/dist-packages/huey/utils.py", line 46, in load_class\n'
        "    __import__(path)\n"
        '  File "/app/shop/main.py", line 3, in <module>\n'
        "    open('/srv/queue', 'w')\n"
        "PermissionError: [Errno 13] Permission denied: '/srv/queue'\n"
    )
    (failure,) = logged_failures(log, evidence(imported("shop.main")))
    assert (failure.type, failure.missing, len(failure.causes)) == ("PermissionError", None, 1)
    assert failure.frames[-1].module == "shop.main"


@pytest.mark.parametrize(
    ("path", "is_found"), [("/srv/later/tasks.py", True), ("/srv/later/other.py", False)]
)
def test_a_module_is_known_by_its_file_where_another_folder_is_on_the_path(path: str, is_found: bool) -> None:
    """The check may know it by another name. What ran before the first try proves nothing."""
    log = (
        "Traceback (most recent call last):\n"
        '  File "/srv/main.py", line 4, in <module>\n    import tasks\n'
        "ModuleNotFoundError: No module named 'tasks'\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/srv/tasks/tasks.py", line 1, in <module>\n    import main\n'
        '  File "/srv/main.py", line 7, in <module>\n    import tasks\n'
        f'  File "{path}", line 1, in <module>\n    1 / 0\n'
        "ZeroDivisionError: division by zero\n"
    )
    (failure,) = logged_failures(log, evidence(imported("main")))
    assert failure.missing == (None if is_found else "tasks")
