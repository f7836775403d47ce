"""Each rule on a real image: what is reported, how severely, and what it does to the exit code."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from scenarios.support import SITE, Result, build, check, command, environment, importguard, pip_install

PLAIN = "FROM base\nCOPY app /srv/app\nWORKDIR /srv\n"
RUN_MAIN = 'CMD ["python3", "-m", "app.main"]\n'


@cache
def built(name: str, ending: str, files: tuple[tuple[str, str], ...]) -> str:
    return build(f"rule-{name}", PLAIN + ending, dict(files))


def application(name: str, files: dict[str, str], ending: str = "") -> str:
    """An image with the package ``app`` of these files, by their names in it."""
    tree = {"app/__init__.py": "", **{f"app/{path}": text for path, text in files.items()}}
    return built(name, ending, tuple(tree.items()))


def judged(name: str, files: dict[str, str], ending: str = "", *options: str) -> Result:
    """Build and check."""
    return check(application(name, files, ending), *options)


def test_missing_module() -> None:
    """IG101: with its place, the way to it from the entry point, and what else it breaks."""
    files = {
        "main.py": "from app import factory\n",
        "factory.py": "\n\nfrom app.routes import index\n",
        "routes.py": "import json\nimport not_there_xyz.part\n",
        "other.py": "import app.routes\n",
        "fine.py": "",
    }
    result = judged("missing", files, RUN_MAIN)
    finding = result.finding("IG101")
    assert finding["name"] == "missing-module"
    assert finding["severity"] == "error"
    assert finding["missing"] == "not_there_xyz"
    assert finding["location"]["path"].endswith("app/routes.py")
    assert finding["location"]["line"] == 2
    assert set(finding["affected"]) == {"app.main", "app.factory", "app.routes", "app.other"}
    assert finding["breaks_startup"] is True
    assert [step["importer"] for step in finding["chain"]] == ["app.main", "app.factory", "app.routes"]
    assert len(result.findings) == 1
    assert result.code == 1


def test_missing_module_of_the_application() -> None:
    """What the build context left out is named in full."""
    files = {"main.py": "from app.services.monitoring import metrics\n", "services/__init__.py": ""}
    result = judged("missing-own", files)
    assert result.finding("IG101")["missing"] == "app.services.monitoring"


def test_what_is_behind_the_first_missing_module() -> None:
    """All that an unguarded import of a failed module would not find is said in one round."""
    files = {
        "main.py": "import not_there_one\nimport not_there_two\nimport json\n"
        "try:\n    import not_there_guarded\nexcept ImportError:\n    pass\n"
    }
    result = judged("behind", files)
    assert result.finding("IG101", "not_there_one")["reached"] is True
    assert result.finding("IG101", "not_there_two")["reached"] is False
    assert len(result.findings) == 2


def test_missing_name() -> None:
    files = {
        "library.py": "from json import not_in_json_xyz\n",
        "own.py": "from app.other import not_a_name_xyz\n",
        "other.py": "NAME = 1\n",
        "user.py": "import app.own\n",
        "user_of_library.py": "import app.library\n",
    }
    result = judged("names", files)
    affected = {}
    for finding in result.findings:
        assert (finding["rule"], finding["severity"]) == ("IG102", "error")
        name = "not_in_json_xyz" if "not_in_json_xyz" in finding["message"] else "not_a_name_xyz"
        assert name in (finding["missing"] or "") + finding["message"]
        affected[name] = set(finding["affected"])
    assert affected == {
        "not_in_json_xyz": {"app.library", "app.user_of_library"},
        "not_a_name_xyz": {"app.own", "app.user"},
    }
    assert result.code == 1


def test_missing_shared_library() -> None:
    """IG103: an extension of the interpreter's own, made to need a library that is not there.

    A warning where nothing imports it, as of a driver that a URL names.
    """
    patch = (
        "import os, sysconfig\nfolder = os.path.join(sysconfig.get_path('stdlib'), 'lib-dynload')\n"
        "for name in sorted(os.listdir(folder)):\n    data = open(os.path.join(folder, name), 'rb').read()\n"
        "    if b'\\0libc.so.6\\0' in data:\n        break\n"
        "open('/srv/app/native.abi3.so', 'wb').write(data.replace(b'\\0libc.so.6\\0', b'\\0libq.so.6\\0'))\n"
        "import site\nhome = site.getsitepackages()[0] + '/driver'\nos.makedirs(home)\n"
        "open(home + '/__init__.py', 'w').write('from driver import _native\\n')\n"
        "open(home + '/_native.abi3.so', 'wb').write(data.replace(b'\\0libc.so.6\\0', b'\\0libw.so.6\\0'))\n"
    )
    image = build(
        "rule-library",
        PLAIN + "COPY patch.py /\nRUN python3 /patch.py\n",
        {
            "app/__init__.py": "",
            "app/uses.py": "from app import native\n",
            "patch.py": patch,
        },
    )
    result = check(image)
    unused = result.finding("IG103", "libw.so.6")
    assert (unused["severity"], unused["affected"]) == ("warning", [])
    assert "'import driver' would fail" in unused["message"]
    finding = result.finding("IG103", "libq.so.6")
    assert "libq.so.6" in finding["message"]
    assert finding["missing"] == "libq.so.6"
    assert set(finding["affected"]) == {"app.native", "app.uses"}
    assert result.code == 1


def test_extension_that_is_no_library() -> None:
    image = application("garbage", {"native.abi3.so": "not an ELF file", "uses.py": "import app.native\n"})
    result = check(image)
    assert result.outcomes(["app.native", "app.uses"]) == {"app.native": "failed", "app.uses": "failed"}
    assert result.code == 1


SYNTAX = {
    "plain": "x = 1 +\n",
    "indent": "def f():\nreturn 1\n",
    "nul": "x = 1\0\n",
    "encoding": "# coding: no-such-encoding\n",
    "python2": "print 'x'\n",
}


def with_users(sources: dict[str, str]) -> dict[str, str]:
    """The files of ``app``: a module for each source, and another that imports it."""
    users = {f"user_of_{name}.py": f"import app.{name}\n" for name in sources}
    return {**{f"{name}.py": source for name, source in sources.items()}, **users}


def assert_alone(finding: dict[str, Any], name: str) -> None:
    """The finding is an error of one module, which breaks the one that imports it."""
    assert (finding["severity"], finding["module"]) == ("error", f"app.{name}")
    assert set(finding["affected"]) == {f"app.{name}", f"app.user_of_{name}"}


def test_syntax_error() -> None:
    result = judged("syntax", {**with_users(SYNTAX), "fine.py": ""})
    for name in SYNTAX:
        assert_alone(result.finding("IG105", f"app.{name}"), name)
    assert len(result.findings) == len(SYNTAX)
    assert result.outcome("app.fine") == "imported"
    assert result.code == 1


def test_syntax_error_of_a_library() -> None:
    """Its file is the place, once, whoever imports it."""
    files = {"app/__init__.py": "", "app/a.py": "import broken_xyz.part\n", "app/b.py": "import broken_xyz\n"}
    site = {"site/broken_xyz/__init__.py": "from . import part\n", "site/broken_xyz/part.py": "x = 1 +\n"}
    image = build(
        "rule-library-syntax", f"{PLAIN}COPY site /site\nRUN cp -r /site/. {SITE}/\n", {**files, **site}
    )
    finding = check(image).finding("IG105")
    assert finding["module"] == "broken_xyz.part"
    assert finding["location"]["path"].endswith("-packages/broken_xyz/part.py")
    assert set(finding["affected"]) == {"app.a", "app.b"}


def test_undecodable_source() -> None:
    lines = PLAIN + "RUN printf 'x = \"caf\\351\"\\n' > /srv/app/bad.py\n"
    result = check(build("rule-latin", lines, {"app/__init__.py": ""}))
    assert result.finding("IG105")["module"] == "app.bad"


@pytest.mark.parametrize("options", [(), ("--exact",)], ids=["plan", "exact"])
def test_import_exits(options: tuple[str, ...]) -> None:
    """An exit decides itself, whatever was being handled; its place is named also where it says nothing."""
    files = {
        "gives_up.py": "try:\n    import not_there_xyz\n"
        "except ImportError:\n    raise SystemExit('install it')\n",
        "leaves.py": "def leave():\n    import os\n    os._exit(0)\n\n\nleave()\n",
        "killed.py": "import os\n\nos.kill(os.getpid(), 9)\n",
        "user.py": "import app.gives_up\n",
        "user_of_leaves.py": "import app.leaves\n",
        "user_of_killed.py": "import app.killed\n",
        "guards.py": "try:\n    import app.gives_up\nexcept SystemExit:\n    pass\n",
    }
    result = judged("exits", files, "", *options)
    assert result.causes == {("IG106", "app.gives_up"), ("IG106", "app.leaves"), ("IG107", "app.killed")}
    exits, leaves = result.finding("IG106", "app.gives_up"), result.finding("IG106", "app.leaves")
    assert exits["missing"] is None
    assert "install it" in exits["message"]
    assert exits["location"] == {"path": "app/gives_up.py", "line": 4}
    assert set(exits["affected"]) == {"app.gives_up", "app.user"}
    assert leaves["location"] == {"path": "app/leaves.py", "line": 3}
    assert set(leaves["affected"]) == {"app.leaves", "app.user_of_leaves"}
    killed = result.finding("IG107")
    assert killed["location"] == {"path": "app/killed.py", "line": 3}
    assert set(killed["affected"]) == {"app.killed", "app.user_of_killed"}
    assert result.outcome("app.guards") == "imported"


def test_unreadable_file() -> None:
    """It is the place of its own finding, whoever imports it."""
    lines = PLAIN + "RUN chmod 000 /srv/app/bad.py\nUSER 1234\n"
    files = {"app/__init__.py": "", "app/bad.py": "", "app/user.py": "from app import bad\n"}
    result = check(build("rule-unreadable", lines, files))
    finding = result.finding("IG104")
    assert (finding["module"], finding["location"]["path"]) == ("app.bad", "app/bad.py")
    assert "Permission denied" in finding["message"]
    assert set(finding["affected"]) == {"app.bad", "app.user"}


RAISES = {
    "value": "raise ValueError('wrong')\n",
    "attribute": "import json\njson.nothing\n",
    "file": "open('/not/there')\n",
    "key": "{}['key']\n",
    "assertion": "assert False, 'no'\n",
}


def test_import_raises() -> None:
    """Without evidence of the environment it is an error."""
    result = judged("raises", with_users(RAISES))
    for name in RAISES:
        assert_alone(result.finding("IG104", f"app.{name}"), name)
    assert len(result.findings) == len(RAISES)
    assert result.code == 1


ENVIRONMENT = {
    "subscript": "import os\nURL = os.environ['DATABASE_URL_XYZ']\n",
    "number": "import os\nPORT = int(os.getenv('PORT_XYZ'))\n",
    "passed_on": "import os\ndef number(text):\n    return int(text)\nTTL = number(os.getenv('TTL_XYZ'))\n",
    "refused": "import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=2)\n",
    "lookup": "import socket\nsocket.getaddrinfo('db.example.invalid', 5432)\n",
    "explicit": (
        "import os\nif not os.environ.get('SECRET_XYZ'):\n    raise RuntimeError('SECRET_XYZ is not set')\n"
    ),
}
VARIABLES = {
    "subscript": "DATABASE_URL_XYZ",
    "number": "PORT_XYZ",
    "passed_on": "TTL_XYZ",
    "explicit": "SECRET_XYZ",
}


def test_the_environment_is_a_warning() -> None:
    files = {**with_users(ENVIRONMENT), "main.py": ""}
    result = judged("environment", files, RUN_MAIN)
    for name in ENVIRONMENT:
        finding = result.finding("IG104", f"app.{name}")
        assert finding["severity"] == "warning"
        diagnosis = finding["diagnosis"]
        told = finding["message"] + diagnosis["explanation"] + diagnosis["remedy"]
        assert VARIABLES.get(name, "--network") in told
    assert len(result.findings) == len(ENVIRONMENT)
    assert result.code == 0
    assert check(application("environment", files, RUN_MAIN), "--fail-on", "warning").code == 1


def test_an_exit_for_want_of_the_environment_is_a_warning_and_any_other_an_error() -> None:
    connect = "import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=2)\n"
    modules = {
        "handled": f"try:\n    {connect.strip().replace(chr(10), chr(10) + '    ')}\n"
        "except OSError:\n    raise SystemExit(1)\n",
        "unset": "import os, sys\nif not os.getenv('SECRET_XYZ'):\n    sys.exit('no secret')\n",
        "plain": "import sys\nsys.exit(3)\n",
    }
    result = judged("exit-environment", {**with_users(modules), "main.py": ""}, RUN_MAIN)
    found = {name: result.finding("IG106", f"app.{name}")["severity"] for name in modules}
    assert found == {"handled": "warning", "unset": "warning", "plain": "error"}


def test_a_start_that_fails_for_certain_counts_where_another_lacks_its_environment() -> None:
    files = {
        "main.py": "import os\nPORT = int(os.getenv('PORT_XYZ'))\nTTL = int(os.getenv('TTL_XYZ'))\n",
        "worker.py": "import app.lost\n",
    }
    image = application("two-starts", files, RUN_MAIN)
    alone = check(image)
    assert alone.code == 4
    assert "--env PORT_XYZ=… --env TTL_XYZ=…" in alone.finding("IG104")["diagnosis"]["remedy"]
    assert alone.finding("IG101")["loaded_at_startup"] is None
    worker = check(image, "--command", "python3 -m app.main", "--command", "python3 -m app.worker")
    assert (worker.code, worker.image["complete"]) == (1, False)
    assert worker.finding("IG101")["breaks_startup"] is True


def test_settings_that_name_a_variable(tmp_path: Path) -> None:
    """As most services of today read their environment, with the library that they use."""
    try:
        pip_install(tmp_path, "pydantic-settings>=2,<3")
    except RuntimeError as error:
        pytest.skip(f"pydantic-settings cannot be installed: {error}")
    settings = (
        "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n"
        "    database_url_xyz: str\n    port_xyz: int = 80\n\n\nsettings = Settings()\n"
    )
    files = {"app/__init__.py": "", "app/settings.py": settings, "app/main.py": "import app.settings\n"}
    lines = f"{PLAIN}COPY site /site\nRUN cp -r /site/. {SITE}/ && rm -rf /site\n{RUN_MAIN}"
    image = build("rule-settings", lines, {**files, "site": tmp_path})
    result = check(image)
    finding = result.finding("IG104")
    assert finding["severity"] == "warning"
    assert finding["diagnosis"]["remedy"] == "--env DATABASE_URL_XYZ=…"
    assert result.code == 4, "it stops the entry point"
    wrong = check(image, "--env", "DATABASE_URL_XYZ=x", "--env", "PORT_XYZ=many")
    assert "PORT_XYZ" in wrong.finding("IG104")["diagnosis"]["remedy"]
    assert check(image, "--env", "DATABASE_URL_XYZ=x").code == 0


def test_the_environment_stops_the_entry_point() -> None:
    """What lies behind is unchecked: no pass. With the variable given, it is one."""
    files = {
        "main.py": "import app.settings\nimport app.routes\n",
        "settings.py": "import os\nURL = os.environ['DATABASE_URL_XYZ']\n",
        "routes.py": "",
    }
    image = application("entry-environment", files, RUN_MAIN)
    result = check(image)
    assert result.code == 4
    assert result.image["complete"] is False
    finding = result.finding("IG104")
    assert finding["severity"] == "warning"
    assert finding["breaks_startup"] is False, "production sets it"
    assert "--env DATABASE_URL_XYZ=" in finding["diagnosis"]["remedy"]
    given = check(image, "--env", "DATABASE_URL_XYZ=postgres://user:swordfish@db/x")
    assert given.code == 0
    assert given.findings == []
    assert "swordfish" not in given.out + given.err


def test_env_file(tmp_path: object) -> None:
    files = {"main.py": "import os\nURL = os.environ['DATABASE_URL_XYZ']\n"}
    image = application("env-file", files, RUN_MAIN)
    path = f"{tmp_path}/variables"
    with open(path, "w") as file:
        file.write("# a comment\nDATABASE_URL_XYZ=x\n")
    assert check(image, "--env-file", path).code == 0


def test_fail_on_never_governs_findings_only() -> None:
    image = application("fail-on", {"main.py": "import not_there_xyz\n"})
    assert check(image, "--fail-on", "never").code == 0
    assert check(build("nothing", "FROM base\nWORKDIR /empty\n"), "--fail-on", "never").code == 4


def test_setup_prepares_every_module() -> None:
    files = {
        "boot.py": "import app\n\n\ndef prepare():\n    app.READY = True\n",
        "needs.py": "from app import READY\n",
        "other.py": "import app\napp.READY\n",
    }
    image = application("setup", files)
    assert check(image).code == 1
    for options in ((), ("--exact",)):
        prepared = check(image, "--setup", "app.boot:prepare", *options)
        assert prepared.code == 0
        assert prepared.image["summary"]["imported"] == 4


SETUPS = {
    "lacks": "    import not_there_xyz\n",
    "raises": "    raise ValueError('no')\n",
    "exits": "    raise SystemExit(0)\n",
    "leaves": "    import os\n    os._exit(0)\n",
    "hangs": "    while True:\n        pass\n",
}


@pytest.mark.parametrize("name", list(SETUPS))
def test_setup_that_fails(name: str) -> None:
    """A finding of its own that breaks startup; the modules are then judged without it, with a note."""
    boot = "\n\n".join(f"def {name}():\n{body}" for name, body in SETUPS.items())
    files = {"boot.py": boot, "fine.py": "", "broken.py": "import not_there_abc\n"}
    result = judged("setups", files, "", "--setup", f"app.boot:{name}", "--module-timeout", "2")
    assert result.code == 1
    assert any(finding["breaks_startup"] for finding in result.findings)
    assert result.outcomes(["app.fine", "app.broken"]) == {"app.fine": "imported", "app.broken": "failed"}
    assert ("IG101", "not_there_abc") in result.causes
    assert result.image["notes"]
    if name == "lacks":
        assert result.finding("IG101", "not_there_xyz")["breaks_startup"] is True


def test_setup_that_is_not_there() -> None:
    image = application(
        "setup",
        {
            "boot.py": "import app\n\n\ndef prepare():\n    app.READY = True\n",
            "needs.py": "from app import READY\n",
            "other.py": "import app\napp.READY\n",
        },
    )
    result = check(image, "--setup", "app.boot:nothing")
    assert result.code in (1, 4)
    assert "nothing" in result.said


@pytest.mark.parametrize(
    "source", ["import os\nos._exit(0)\n", "while True:\n    pass\n"], ids=["exits", "hangs"]
)
def test_interpreter_that_never_gets_to_the_application(source: str) -> None:
    """Its sitecustomize sees to that: no module is imported, and that is no pass."""
    lines = PLAIN + "COPY site /site\nENV PYTHONPATH=/site\n"
    name = "site-exits" if "_exit" in source else "site-hangs"
    image = build(f"rule-{name}", lines, {"app/__init__.py": "", "site/sitecustomize.py": source})
    result = check(image, "--module-timeout", "2", "--timeout", "20")
    assert result.code in (1, 4)
    assert "imported" not in {entry["outcome"] for entry in result.image["modules"]}
    assert "Traceback" not in result.said


def test_tests_are_left_out_unless_asked_for() -> None:
    broken = "import not_there_test\n"
    files = {
        "tests/__init__.py": broken,
        "tests/test_a.py": broken,
        "test_b.py": broken,
        "c_test.py": broken,
        "conftest.py": broken,
        "__main__.py": broken,
        "fine.py": "",
    }
    image = application("tests", files)
    result = check(image)
    assert result.code == 0
    assert result.image["summary"]["skipped"] >= 5
    assert result.image["notes"]
    taken = check(image, "--include-tests")
    assert taken.code == 1
    assert {"app.tests", "app.tests.test_a", "app.test_b", "app.c_test"} <= set(
        taken.finding("IG101")["affected"]
    )


def test_exclude_by_dotted_name() -> None:
    files = {
        "legacy/__init__.py": "",
        "legacy/a.py": "import not_there_xyz\n",
        "fine.py": "",
        "b.py": "import not_there_b\n",
    }
    image = application("exclude", files)
    assert check(image, "--exclude", "app.legacy.*", "--exclude", "app.b").code == 0
    assert check(image, "--exclude", "app.legacy.*").finding("IG101")["missing"] == "not_there_b"
    assert check(image, "--exclude", "app*").code == 4


def test_messages_are_bounded_and_harmless() -> None:
    """Control characters, lone surrogates and newlines of an exception never reach the terminal."""
    files = {
        "control.py": "raise ValueError('\\x1b[2J\\x1b]0;owned\\x07\\x00\\ud800\\r\\n'\n"
        "    '::error::forged\\n\\x85\\u202e end')\n",
        "huge.py": "class Huge(Exception):\n    def __str__(self):\n        return 'x' * 100_000_000\n\n\n"
        "raise Huge\n",
        "prints.py": "print('\\x1b[31mred\\x1b[0m')\nraise ValueError('after red')\n",
    }
    image = application("messages", files)
    result = check(image)
    assert result.code == 1
    assert max(len(finding["message"]) for finding in result.findings) < 10_000
    assert len(result.out) < 200_000
    for options in ((), ("-v",)):
        text = importguard("check", image, *options)
        assert text.code == 1
        said = text.out + text.err
        assert not [
            letter for letter in said if (ord(letter) < 32 and letter != "\n") or letter in "\x7f\x85\u202e"
        ]
        assert len(said) < 200_000
        assert "\n::error" not in said


# What a process's children needed at most, in KiB: getrusage(2). Asked in a process of its own, since a child
# is counted with what its parent held when it was forked.
MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
sys.stderr.write("%d\\n" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def test_printed_gigabytes_stay_in_the_container() -> None:
    """Neither importguard's memory nor its report grows by what the application prints."""
    failure = "raise ValueError('after it')\n"
    source = "import os\nfor _ in range(512):\n    os.write(1, b'x' * (1 << 20))\n"
    source += "    os.write(2, b'\\n' * (1 << 20))\n" + failure
    needed = {}
    for name, body in (("flood", source), ("silent", failure)):
        image = application(name, {f"{name}.py": body})
        check = command("check", image, "--format", "json", "--pull", "never")
        line = [sys.executable, "-c", MEASURE, *check]
        done = subprocess.run(line, capture_output=True, cwd="/", env=environment(), timeout=120, check=False)
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert result.outcome(f"app.{name}") == "failed"
        assert len(result.out) < 100_000
        needed[name] = int(result.err.split()[-1])
    assert needed["flood"] < needed["silent"] + (64 << 10)


def test_what_fails_in_scripts_alone_is_a_warning() -> None:
    """One that lies aside, and one that parses its arguments when imported; not what ``app`` imports."""
    script = "import not_there_xyz\nif __name__ == '__main__':\n    print()\n"
    files = {
        "app/__init__.py": "",
        "app/main.py": "from app.tools import used\n",
        "app/scripts/seed.py": script,
        "app/train.py": "import argparse, sys\nargs = argparse.ArgumentParser().parse_args(['--no'])\n",
        "app/tools/used.py": "#!/usr/bin/env python3\nimport json\n",
        "scripts/load.py": script,
    }
    beside = PLAIN + "COPY scripts /srv/scripts\n"
    result = check(build("rule-scripts", beside + RUN_MAIN, files))
    assert {one["module"]: one["severity"] for one in result.findings} == {
        "app.scripts.seed": "error",  # a part of the package, which anything may import
        "app.train": "warning",
    }
    del files["app/scripts/seed.py"]
    result = check(build("rule-scripts-aside", beside + RUN_MAIN, files))
    assert {one["module"]: one["severity"] for one in result.findings} == {
        "scripts.load": "warning",
        "app.train": "warning",
    }
    assert result.code == 0
    files["app/tools/used.py"] += "import not_there_xyz\n"
    used = check(build("rule-scripts-used", beside + RUN_MAIN, files))
    assert (used.finding("IG101")["severity"], used.code) == ("error", 1)
    started = check(build("rule-scripts-started", beside + 'CMD ["python3", "-m", "scripts.load"]\n', files))
    assert (started.finding("IG101")["severity"], started.code) == ("error", 1)
