"""IG101 to IG108, from evidence written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.builders import ended, entry, evidence, failed, frame, imported, no_module, path, raised

from importguard.checks.imports import check_module_imports
from importguard.evidence.imports import Frame, ModuleImport, Preparation, VariableLookup
from importguard.evidence.surroundings import Clues, Mention, System
from importguard.model import Finding, Location, Severity


def only(*modules: ModuleImport, **changes: object) -> Finding:
    findings = check_module_imports(evidence(*modules, **changes))
    assert len(findings) == 1
    return findings[0]


def test_what_imports_is_no_finding() -> None:
    assert check_module_imports(evidence(imported("shop"), imported("shop.main"))) == []


def test_one_missing_module_is_one_finding_for_all_that_need_it() -> None:
    finding = only(
        failed("shop.b", no_module("redis", frame("shop.b", 3))),
        failed("shop.a", no_module("redis", frame("shop.a", 7), frame("shop.b", 3)), culprit="shop.b"),
    )
    assert (finding.rule.id, finding.missing, finding.module) == ("IG101", "redis", "shop.b")
    assert finding.affected == ("shop.a", "shop.b")
    assert finding.location == Location("shop/b.py", 3)
    assert finding.severity is Severity.ERROR


def test_what_a_start_runs_as_main_and_lacks_is_shown_where_that_imports_it() -> None:
    start = replace(entry("uvicorn", "failed"), imported_at=(path("main"), 73))
    absent = replace(failed("uvicorn", no_module("uvicorn")), path=None)
    finding = only(absent, entrypoints=(start,))
    assert finding.location == Location("main.py", 73)
    assert [(step.importer, step.imported) for step in finding.chain] == [("__main__", "uvicorn")]


def test_a_wrapped_error_is_traced_to_the_import_that_failed() -> None:
    failure = raised(
        ("RuntimeError", "Failed to set up middleware", None),
        ("ModuleNotFoundError", "No module named 'shop.monitoring'", "shop.monitoring"),
        frames=[frame("shop.main", 2), frame("shop.factory", 9, "create"), frame("shop.middleware", 23)],
        missing="shop.monitoring",
    )
    finding = only(failed("shop.main", failure, culprit="shop.middleware"))
    assert finding.missing == "shop.monitoring"
    assert finding.message == (
        "No module named 'shop.monitoring' (raised on as RuntimeError: Failed to set up middleware)"
    )
    assert [(step.importer, step.imported, step.location.line) for step in finding.chain] == [
        ("shop.main", "shop.factory", 2),
        ("shop.factory", "shop.middleware", 9),
        ("shop.middleware", "shop.monitoring", 23),
    ]


def test_a_wrapper_that_repeats_the_wrapped_words_is_shortened() -> None:
    message = "No module named 'redis'"
    failure = raised(
        ("RuntimeError", f"no cache: {message}", None),
        ("ModuleNotFoundError", message, "redis"),
        missing="redis",
    )
    assert only(failed("shop", failure)).message == f"{message} (raised on as RuntimeError: no cache: …)"


def test_the_start_commands_own_failure_tells_the_way() -> None:
    finding = only(
        failed("shop.a", no_module("redis", frame("shop.a", 1))),
        failed("shop.z", no_module("redis", frame("shop.z", 5), frame("shop.a", 1)), culprit="shop.a"),
        entrypoints=(entry("shop.z", "failed"),),
    )
    assert finding.chain[0].importer == "shop.z"


def test_a_childs_failure_is_its_packages() -> None:
    failure = no_module("redis", frame("shop", 1))
    finding = only(failed("shop", failure), failed("shop.child", failure, culprit="shop"))
    assert finding.affected == ("shop", "shop.child")


def test_the_place_is_in_the_applications_own_code() -> None:
    library = Frame("/usr/lib/python3/starlette/testclient.py", 30, "<module>", "starlette.testclient")
    finding = only(failed("shop.a", no_module("httpx", frame("shop.a", 4), library), "starlette.testclient"))
    assert finding.location == Location("shop/a.py", 4)
    assert finding.module == "starlette.testclient"


def test_the_longest_import_root_makes_a_path_relative() -> None:
    frames = [Frame("/app/src/shop/a.py", 4, "<module>", "shop.a")]
    module = ModuleImport("shop.a", "/app/src/shop/a.py", "failed", no_module("x", *frames), culprit="shop.a")
    finding = only(module, import_path=("/app", "/app/src"))
    assert finding.location == Location("shop/a.py", 4)


@pytest.mark.parametrize(
    ("message", "name", "missing"),
    [
        (
            "cannot import name 'Thing' from 'shop.models' (/app/shop/models.py)",
            "shop.models",
            "shop.models.Thing",
        ),
        ("cannot import name 'x' from 'shop' (unknown location)", "shop", "shop.x"),
        (
            "cannot import name 'B' from partially initialized module 'shop.b' "
            "(most likely due to a circular import) (/app/shop/b.py)",
            "shop.b",
            "shop.b.B",
        ),
        ("cannot import name 'old'", "shop", "shop.old"),
    ],
)
def test_a_missing_name(message: str, name: str, missing: str) -> None:
    finding = only(failed("shop.a", raised(("ImportError", message, name), frames=[frame("shop.a", 2)])))
    assert (finding.rule.id, finding.missing) == ("IG102", missing)


@pytest.mark.parametrize(
    ("kind", "message", "missing"),
    [
        (
            "ImportError",
            "libpq.so.5: cannot open shared object file: No such file or directory",
            "libpq.so.5",
        ),
        ("ImportError", "/app/shop/_fast.so: undefined symbol: PyFoo", "_fast.so"),
        (
            "ImportError",
            "/lib/libc.so.6: version `GLIBC_2.38' not found (required by /app/x.so)",
            "libc.so.6",
        ),
        ("ImportError", "/app/shop/_fast.so: invalid ELF header", "_fast.so"),
        (
            "ImportError",
            "Error loading shared library libgomp.so.1: No such file (needed by /x.so)",
            "libgomp.so.1",
        ),
        ("ImportError", "Error relocating /x/_fast.so: PyFoo: symbol not found", "_fast.so"),
        (
            "OSError",
            "libmagic.so.1: cannot open shared object file: No such file or directory",
            "libmagic.so.1",
        ),
    ],
)
def test_a_missing_shared_library(kind: str, message: str, missing: str) -> None:
    finding = only(failed("shop.a", raised((kind, message, None), frames=[frame("shop.a", 2)])))
    assert (finding.rule.id, finding.missing) == ("IG103", missing)


def test_a_syntax_error_is_its_files_whoever_imports_it() -> None:
    broken = Frame("/app/shop/broken.py", 9, "<module>", "")
    error = ("SyntaxError", "invalid syntax (broken.py, line 9)", None)
    finding = only(
        failed("shop.a", raised(error, frames=[frame("shop.a", 1), broken]), culprit="shop.broken"),
        failed("shop.broken", raised(error, frames=[broken])),
    )
    assert (finding.rule.id, finding.module) == ("IG105", "shop.broken")
    assert finding.location == Location("shop/broken.py", 9)
    assert finding.affected == ("shop.a", "shop.broken")


def test_null_bytes_are_a_syntax_error_of_a_file_whose_line_is_not_known() -> None:
    """Python said ValueError until 3.11."""
    error = ("ValueError", "source code string cannot contain null bytes", None)
    file = Frame("/app/shop/broken.py", 0, "<module>", "shop.broken")
    finding = only(
        failed("shop.a", raised(error, frames=[frame("shop.a", 1)]), culprit="shop.broken"),
        failed("shop.broken", raised(error, frames=[file])),
    )
    assert (finding.rule.id, finding.module) == ("IG105", "shop.broken")
    assert finding.location == Location("shop/broken.py", None)
    assert finding.affected == ("shop.a", "shop.broken")


def test_a_file_that_may_not_be_read_is_one_finding_whoever_imports_it() -> None:
    denied = raised(("PermissionError", f"[Errno 13] Permission denied: '{path('shop.b')}'", None))
    finding = only(failed("shop.a", denied), failed("shop.b", denied))
    assert (finding.module, finding.affected) == ("shop.b", ("shop.a", "shop.b"))
    data = raised(("PermissionError", "[Errno 13] Permission denied: '/data'", None))
    assert len(check_module_imports(evidence(failed("shop.a", data), failed("shop.b", data)))) == 2


def test_what_a_body_raises_is_an_error_by_its_culprit() -> None:
    failure = raised(("ValueError", "bad table", None), frames=[frame("shop.a", 1), frame("shop.b", 6)])
    finding = only(failed("shop.a", failure, "shop.b"), failed("shop.b", failure))
    assert (finding.rule.id, finding.module, finding.severity) == ("IG104", "shop.b", Severity.ERROR)
    assert finding.message == "ValueError: bad table"
    assert finding.diagnosis is None


def test_an_import_error_raised_by_hand_is_an_error_also_when_it_speaks_of_the_environment() -> None:
    error = ("ImportError", "set the environment variable SHOP_BACKEND", None)
    finding = only(failed("shop.a", raised(error, frames=[frame("shop.a", 2)])))
    assert (finding.rule.id, finding.severity) == ("IG104", Severity.ERROR)


@pytest.mark.parametrize(
    ("outcome", "detail", "rule"),
    [
        ("exited", "exit code 0", "IG106"),
        ("crashed", "signal SIGSEGV", "IG107"),
        ("timed_out", "60 s", "IG108"),
    ],
)
def test_endings_belong_to_their_culprit(outcome: str, detail: str, rule: str) -> None:
    finding = only(
        ended("shop.a", outcome, detail, culprit="shop.b"), ended("shop.b", outcome, detail, output="bye\n")
    )
    assert (finding.rule.id, finding.module) == (rule, "shop.b")
    assert detail in finding.message
    assert "It printed:\nbye" in finding.message
    assert finding.affected == ("shop.a", "shop.b")
    assert finding.location == Location("shop/b.py")


@pytest.mark.parametrize(
    ("detail", "memory", "more"),
    [
        ("signal SIGKILL", 512 << 20, "--memory 1g"),
        ("signal SIGKILL", 100 << 20, "--memory 200m"),
        ("signal SIGKILL", 0, ""),
        ("signal SIGSEGV", 512 << 20, ""),
    ],
)
def test_an_import_that_is_killed_for_memory_says_how_to_give_more(
    detail: str, memory: int, more: str
) -> None:
    told = only(ended("shop.a", "crashed", detail), memory=memory).diagnosis
    assert (told.cause if told else "") == ("out-of-memory" if more else "")
    assert told is None or (more in told.remedy and f"{memory >> 20} MiB (--memory)" in told.explanation)


def test_a_dump_tells_where_it_was_and_is_not_repeated() -> None:
    output = """working
Fatal Python error: Segmentation fault

Thread 0x00007f01 (most recent call first):
  File "/usr/lib/python3.13/threading.py", line 359 in wait
  File "/app/shop/b.py", line 1 in run

Current thread 0x00007f02 (most recent call first):
  File "/app/shop/b.py", line 4 in crash
  File "/app/shop/b.py", line 9 in <module>
  File "<frozen importlib._bootstrap>", line 488 in _call_with_frames_removed
  File "/app/shop/a.py", line 2 in <module>
  File "<importguard>", line 203 in attempt
  File "<string>", line 1 in <module>

Extension modules: _x (total: 1)
"""
    dead = ended("shop.a", "crashed", "signal SIGSEGV", culprit="shop.b", output=output)
    finding = only(dead, ended("shop.b", "crashed", "signal SIGSEGV", output=output))
    assert finding.message.endswith("signal SIGSEGV. It printed:\nworking")
    assert finding.location == Location("shop/b.py", 4)
    assert [(step.importer, step.imported) for step in finding.chain] == [("shop.a", "shop.b")]


def test_the_place_of_an_ending_without_a_dump_is_where_it_was_last() -> None:
    frames = (frame("shop.a", 2), frame("shop.b", 9), frame("shop.b", 4, "leave"))
    gone = replace(ended("shop.a", "exited", "exit code 0", culprit="shop.b"), frames=frames)
    finding = only(gone, replace(ended("shop.b", "exited", "exit code 0"), frames=frames[1:]))
    assert (finding.rule.id, finding.module) == ("IG106", "shop.b")
    assert finding.location == Location("shop/b.py", 4)


def test_modules_of_others_are_not_judged() -> None:
    other = ModuleImport("lib", path("lib"), "failed", no_module("x"), culprit="lib", selected=False)
    assert check_module_imports(evidence(other)) == []


def test_a_failed_preparation_is_a_finding_by_its_root_cause() -> None:
    finding = only(
        imported("shop"), preparation=Preparation("django.setup()", "failed", no_module("corsheaders"))
    )
    assert (finding.rule.id, finding.module, finding.missing) == ("IG101", "django.setup()", "corsheaders")
    assert finding.message == "django.setup() fails: No module named 'corsheaders'"
    assert finding.affected == ()


def test_what_fails_only_for_want_of_the_preparation_belongs_to_it() -> None:
    unready = raised(("django.core.exceptions.AppRegistryNotReady", "Apps aren't loaded yet.", None))
    finding = only(
        failed("shop.models", unready),
        preparation=Preparation("django.setup()", "failed", no_module("corsheaders")),
    )
    assert (finding.missing, finding.affected) == ("corsheaders", ("shop.models",))


def test_a_submodule_that_the_preparation_would_have_imported_belongs_to_it() -> None:
    """A migration names ``django.contrib.postgres.indexes`` and imports its ``search``."""
    told = raised(("AttributeError", "module 'django.contrib.postgres' has no attribute 'indexes'", None))
    prepared = Preparation("django.setup()", "failed", no_module("corsheaders"))
    assert only(failed("shop.models", told), preparation=prepared).affected == ("shop.models",)
    assert only(failed("shop.models", told)).missing is None


def test_all_variables_that_the_rest_of_the_body_needs_are_told_at_once() -> None:
    told = raised(("KeyError", "'ENGINE'", None), frames=[frame("shop.settings", 3)])
    asked = replace(told, lookups=(VariableLookup("ENGINE"),), required=("ENGINE", "DATABASE"))
    diagnosis = only(failed("shop.settings", asked)).diagnosis
    assert diagnosis is not None
    assert diagnosis.explanation.endswith("After that it needs DATABASE.")
    assert diagnosis.remedy == "--env ENGINE=… --env DATABASE=…"


def test_the_fingerprint_does_not_depend_on_the_importer() -> None:
    first = only(failed("shop.a", no_module("redis", frame("shop.a", 1))))
    second = only(failed("shop.b", no_module("redis", frame("shop.b", 99))))
    assert first.fingerprint == second.fingerprint


IMPORTLIB = Frame("/usr/lib/python3.13/importlib/__init__.py", 88, "import_module", "importlib")


def by_name(*mentioned: Mention, own: bool = False) -> Finding:
    frames = [frame("shop.wsgi", 2), Frame("/lib/django/__init__.py", 24, "setup", "django"), IMPORTLIB]
    failure = no_module("corsheaders", *([frames[0], IMPORTLIB] if own else frames))
    known = Clues(System(), {}, (), mentions=mentioned)
    return only(failed("shop.wsgi", failure), imported("shop.settings"), clues=known)


def test_what_settings_name_is_missing_at_their_line() -> None:
    finding = by_name(
        Mention("corsheaders", "/app/shop/other.py", 3, "APPS"),
        Mention("corsheaders", "/app/shop/settings.py", 9, "names"),
        Mention("corsheaders", "/app/shop/settings.py", 162, "INSTALLED_APPS"),
        Mention("other", "/app/shop/settings.py", 1, "INSTALLED_APPS"),
    )
    assert finding.location == Location("shop/settings.py", 162)
    assert [(step.importer, step.imported) for step in finding.chain] == [("shop.settings", "corsheaders")]
    assert finding.message == "No module named 'corsheaders', which INSTALLED_APPS names"


def test_code_that_imports_by_name_is_the_place_unless_a_setting_gave_the_name() -> None:
    here = Mention("corsheaders", "/app/shop/wsgi.py", 2)
    assert by_name(here, own=True).location == Location("shop/wsgi.py", 2)
    assert by_name(here, own=True).message == "No module named 'corsheaders'"
    setting = Mention("corsheaders", "/app/shop/settings.py", 5, "PLUGINS")
    assert by_name(setting, own=True).location == Location("shop/settings.py", 5)


def test_a_module_that_runs_the_failed_setup_itself_belongs_to_it() -> None:
    """What else it lacks in that process may be for want of the first run."""
    again = no_module(
        "psycopg2", frame("shop.wsgi", 2), Frame("/lib/django/__init__.py", 24, "setup", "django")
    )
    finding = only(
        failed("shop.wsgi", again),
        preparation=Preparation("django.setup() with X", "failed", no_module("n26")),
    )
    assert (finding.missing, finding.affected) == ("n26", ("shop.wsgi",))
