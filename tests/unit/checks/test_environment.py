"""IG104 is a warning only on evidence of the environment."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.builders import ended, evidence, failed, frame, raised

from importguard.checks.imports import check_module_imports
from importguard.evidence.imports import Frame, ImportFailure, VariableLookup
from importguard.evidence.inspection import ImageFacts
from importguard.model import Finding, Severity

ENVIRON = Frame("<frozen os>", 685, "__getitem__", "os")
SETTINGS = Frame("/lib/pydantic_settings/main.py", 80, "__init__", "pydantic_settings.main")
INVALID = (
    "2 validation errors for Settings\n"
    "database_url\n  Field required [type=missing]\n"
    "key\n  Field required [type=missing]"
)


def judged(failure: ImportFailure) -> Finding:
    return check_module_imports(evidence(failed("shop.conf", failure)))[0]


def failure(kind: str, message: str, *frames: Frame) -> ImportFailure:
    return raised((kind, message, None), frames=(frame("shop.conf", 3), *frames))


@pytest.mark.parametrize(
    ("observed", "remedy"),
    [
        (failure("KeyError", "'DATABASE_URL'", ENVIRON), "--env DATABASE_URL=…"),
        (failure("pydantic_core.ValidationError", INVALID, SETTINGS), "--env DATABASE_URL=… --env KEY=…"),
        (
            failure(
                "decouple.UndefinedValueError",
                "SECRET_KEY not found. Declare it as envvar or define a default",
            ),
            "--env SECRET_KEY=…",
        ),
        (failure("environs.EnvError", 'Environment variable "SHOP_KEY" not set'), "--env SHOP_KEY=…"),
        (
            failure("django.core.exceptions.ImproperlyConfigured", "Set the SECRET_KEY environment variable"),
            "--env SECRET_KEY=…",
        ),
        (failure("RuntimeError", "environment variable API_TOKEN is required"), "--env API_TOKEN=…"),
        (
            raised(
                ("shop.ConfigError", "missing setting", None),
                ("KeyError", "'TOKEN'", None),
                ("KeyError", "b'TOKEN'", None),
                frames=[frame("shop.conf", 3)],
            ),
            "--env TOKEN=…",
        ),
        (
            failure(
                "google.auth.exceptions.DefaultCredentialsError", "Your default credentials were not found."
            ),
            "--env GOOGLE_APPLICATION_CREDENTIALS=…",
        ),
        (
            failure("botocore.exceptions.NoRegionError", "You must specify a region."),
            "--env AWS_DEFAULT_REGION=…",
        ),
        (
            failure("botocore.exceptions.NoCredentialsError", "Unable to locate credentials"),
            "--env AWS_ACCESS_KEY_ID=… --env AWS_SECRET_ACCESS_KEY=…",
        ),
        (
            raised(
                ("RuntimeError", "no configuration", None),
                ("pydantic_core._pydantic_core.ValidationError", INVALID, None),
                frames=[frame("shop.conf", 3)],
            ),
            "--env DATABASE_URL=… --env KEY=…",
        ),
        (
            failure(
                "django.core.exceptions.ImproperlyConfigured",
                "Requested setting INSTALLED_APPS, but settings are not configured. You must either define "
                "the environment variable DJANGO_SETTINGS_MODULE or call settings.configure()",
            ),
            "--env DJANGO_SETTINGS_MODULE=…",
        ),
        (
            failure(
                "openai.OpenAIError",
                "Missing credentials. Please pass an `api_key`, or set the `OPENAI_API_KEY` or "
                "`OPENAI_ADMIN_KEY` environment variable.",
            ),
            "--env OPENAI_API_KEY=…",
        ),
        (
            raised(
                (
                    "RuntimeError",
                    "Check your environment variables. Set VAULT_ENV=dev for development.",
                    None,
                ),
                ("shop.ConfigurationError", "SECRET_KEY is required (minimum 32 characters)", None),
                frames=[frame("shop.conf", 3)],
            ),
            "--env SECRET_KEY=…",
        ),
    ],
)
def test_a_variable_is_named(observed: ImportFailure, remedy: str) -> None:
    finding = judged(observed)
    assert finding.severity is Severity.WARNING
    assert finding.diagnosis is not None
    assert (finding.diagnosis.cause, finding.diagnosis.remedy) == ("environment", remedy)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("ConnectionRefusedError", "[Errno 111] Connection refused"),
        ("socket.gaierror", "[Errno -3] Temporary failure in name resolution"),
        ("sqlalchemy.exc.OperationalError", '(psycopg2) could not connect to server: "db"'),
        ("redis.exceptions.ConnectionError", "Error -2 connecting to redis:6379. Name or service not known."),
        ("OSError", "[Errno 101] Network is unreachable"),
        (
            "django.db.utils.OperationalError",
            'connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory',
        ),
        (
            "OperationalError",
            "(2002, \"Can't connect to local MySQL server through socket '/run/my.sock' (2)\")",
        ),
        (
            "redis.exceptions.ConnectionError",
            "Error 2 connecting to unix socket: /run/redis.sock. No such file or directory.",
        ),
    ],
)
def test_a_server_that_cannot_be_reached(kind: str, message: str) -> None:
    assert judged(failure(kind, message)).severity is Severity.WARNING


LEFT = ("SystemExit", "1", None)
REFUSED = ("redis.exceptions.ConnectionError", "Error 111 connecting to db:6379. Connection refused.", None)


@pytest.mark.parametrize(
    ("handled", "lookups", "remedy"),
    [
        ([REFUSED], (), "connect when the program starts"),
        ([("KeyError", "'TOKEN'", None), ("KeyError", "b'TOKEN'", None)], (), "--env TOKEN=…"),
        ([], (VariableLookup("TOKEN", True),), "--env TOKEN=…"),
        ([], (VariableLookup("TOKEN", False),), None),
        ([("ValueError", "wrong", None)], (), None),
        ([REFUSED, ("ModuleNotFoundError", "No module named 'redis'", "redis")], (), None),
    ],
)
def test_an_exit_for_want_of_the_environment(
    handled: list[tuple[str, str, Optional[str]]], lookups: tuple[VariableLookup, ...], remedy: Optional[str]
) -> None:
    observed = replace(raised(LEFT, *handled, frames=[frame("shop.conf", 3)]), lookups=lookups)
    item = replace(ended("shop.conf", "exited", "sys.exit(1)"), failure=observed)
    (finding,) = check_module_imports(evidence(item))
    assert (finding.rule.id, finding.severity) == ("IG106", Severity.WARNING if remedy else Severity.ERROR)
    assert (finding.diagnosis.remedy if finding.diagnosis else "").startswith(remedy or "")


NONE = "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"


@pytest.mark.parametrize(
    ("kind", "message", "alone", "warns"),
    [
        ("TypeError", NONE, False, True),
        ("AttributeError", "'NoneType' object has no attribute 'split'", False, True),
        ("ValueError", "invalid literal for int() with base 10: ''", False, True),
        ("sqlalchemy.exc.ArgumentError", "Expected string or URL object, got None", False, True),
        ("RuntimeError", "PORT is not set", False, True),
        ("RuntimeError", "no settings", True, True),
        ("AssertionError", "", True, True),
        ("RuntimeError", "no settings", False, False),
        ("RuntimeError", "AIRPORT is closed", False, False),
        ("NameError", "name 'undefined' is not defined", True, False),
        ("ValueError", 'it\'s "quoted"', False, False),
    ],
)
def test_a_variable_that_the_statement_looks_up(kind: str, message: str, alone: bool, warns: bool) -> None:
    observed = replace(failure(kind, message), lookups=(VariableLookup("PORT", alone),))
    finding = judged(observed)
    assert finding.severity is (Severity.WARNING if warns else Severity.ERROR)
    assert (finding.diagnosis.remedy if finding.diagnosis else None) == ("--env PORT=…" if warns else None)


def test_a_variable_that_the_image_sets_to_nothing() -> None:
    observed = failure("ValueError", "invalid literal for int() with base 10: ''")
    lookups = (VariableLookup("PORT"), VariableLookup("TTL"))
    item = failed("shop.conf", replace(observed, lookups=lookups))
    told = [
        check_module_imports(evidence(item, image=ImageFacts(empty_variables=empty)))[0].diagnosis
        for empty in ((), ("PORT",), ("PORT", "TTL"))
    ]
    assert [one.explanation for one in told if one] == [
        "The import needs PORT, TTL, which the image does not set.",
        "The import needs TTL, which the image does not set, and PORT, which the image sets to ''.",
        "The import needs PORT, TTL, which the image sets to ''.",
    ]


@pytest.mark.parametrize(("message", "warns"), [("supabase_url is required", True), ("no supabase", False)])
def test_a_parameter_that_is_called_like_the_variable(message: str, warns: bool) -> None:
    observed = failure("supabase.SupabaseException", message)
    finding = judged(replace(observed, lookups=(VariableLookup("SUPABASE_URL", False),)))
    assert (finding.diagnosis is not None) is warns


@pytest.mark.parametrize(
    ("kind", "message", "warns"),
    [
        ("ValueError", "Token must contain a colon", True),
        ("aiogram.utils.token.TokenValidationError", "Token is invalid!", True),
        ("ValueError", "Tokenizer not found", False),
        ("TypeError", "__init__() got an unexpected keyword argument 'token'", False),
        ("AttributeError", "'Bot' object has no attribute 'token'", False),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/app/token'", False),
    ],
)
def test_a_library_that_refuses_the_value_of_an_unset_variable(kind: str, message: str, warns: bool) -> None:
    observed = replace(failure(kind, message), lookups=(VariableLookup("BOT_TOKEN", False),))
    finding = judged(observed)
    assert (finding.diagnosis.remedy if finding.diagnosis else None) == (
        "--env BOT_TOKEN=…" if warns else None
    )


@pytest.mark.parametrize(
    ("kind", "message", "last"),
    [
        ("KeyError", "'DATABASE_URL'", None),
        ("ValueError", "invalid literal for int()", None),
        ("pydantic_core.ValidationError", INVALID, None),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/app/config.yml'", None),
        ("RuntimeError", "SECRET is wrong", ENVIRON),
    ],
)
def test_without_evidence_it_is_an_error(kind: str, message: str, last: Optional[Frame]) -> None:
    finding = judged(failure(kind, message, *([last] if last else [])))
    assert (finding.severity, finding.diagnosis) == (Severity.ERROR, None)


SETUID = failure("PermissionError", "[Errno 1] Operation not permitted")
CHOWN = failure("subprocess.CalledProcessError", "Command 'chown' returned non-zero exit status 1.")
SYSTEM = failure("FileNotFoundError", "[Errno 2] No such file or directory: '/sys/fs/cgroup/memory.max'")


@pytest.mark.parametrize(
    ("observed", "output", "user", "severity"),
    [
        (SETUID, "", "", Severity.WARNING),
        (
            raised(("Stop", "no", None), ("PermissionError", "[Errno 1] x", None)),
            "",
            "0",
            Severity.WARNING,
        ),
        (CHOWN, "chown: changing ownership of 'x': Operation not permitted", "root", Severity.WARNING),
        (SYSTEM, "", "app", Severity.WARNING),
        (SETUID, "", "app", Severity.ERROR),
        (CHOWN, "chown: invalid user: 'x'", "root", Severity.ERROR),
        (failure("PermissionError", "[Errno 13] Permission denied: '/data'"), "", "", Severity.ERROR),
        (failure("FileNotFoundError", "[Errno 2] No such file: '/system/x'"), "", "", Severity.ERROR),
    ],
)
def test_what_an_engine_withholds_is_a_warning_there(
    observed: ImportFailure, output: str, user: str, severity: Severity
) -> None:
    item = replace(failed("shop.conf", observed), output=output)
    seen = replace(evidence(item, privileges_withheld=True), image=ImageFacts(user=user))
    [finding] = check_module_imports(seen)
    assert finding.severity is severity
    told = finding.diagnosis.remedy if finding.diagnosis else ""
    assert ("--engine docker" in told) is (severity is Severity.WARNING)
    [elsewhere] = check_module_imports(replace(seen, privileges_withheld=False))
    assert elsewhere.severity is Severity.ERROR
