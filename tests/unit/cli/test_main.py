"""The command line: options, output, exit codes, and how quickly it answers."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

import pytest
from unit.command_line import BROKEN, replace_check, run, settings

from importguard import validation
from importguard.cli import main as command_line
from importguard.cli import options
from importguard.config import Build, Config
from importguard.errors import UsageError
from importguard.report import Report


def test_defaults(checked: list[Config]) -> None:
    config = settings(checked, "shop:1.4")
    assert config == Config(images=("shop:1.4",), jobs=min(os.cpu_count() or 1, 4))


def test_every_setting_reaches_the_check(checked: list[Config], tmp_path: Path) -> None:
    variables = tmp_path / "vars.env"
    variables.write_text("# a comment\n\nA=file\nB='as it is' # too\n  C=3\nUNSET_NAME\n")
    config = settings(
        checked,
        *("-p", "shop", "--package", "worker", "--exclude", "shop.legacy.*", "--include-tests"),
        *(
            "--env",
            "A=given",
            "--env-file",
            str(variables),
            "--command",
            "uvicorn shop:app",
            "--setup",
            "shop.x:go",
        ),
        *("--network", "bridge", "--timeout", "1h30m", "--module-timeout", "90s", "--memory", "512m"),
        *("--jobs", "3", "--python", "/opt/py", "--thorough", "--fail-on", "warning", "--pull", "never"),
        *("--platform", "linux/arm64", "shop", "other"),
    )
    assert config == Config(
        images=("shop", "other"),
        pull="never",
        platform="linux/arm64",
        packages=("shop", "worker"),
        exclude=("shop.legacy.*",),
        include_tests=True,
        env=("A=given", "B='as it is' # too", "C=3"),
        commands=("uvicorn shop:app",),
        setup="shop.x:go",
        network="bridge",
        timeout=5400,
        module_timeout=90,
        memory=512 * 1024**2,
        jobs=3,
        python="/opt/py",
        thorough=True,
    )


def test_build_settings(checked: list[Config]) -> None:
    arguments = (
        "--build",
        ".",
        "-f",
        "Dockerfile.prod",
        "--target",
        "app",
        "--build-arg",
        "V=1",
        "--tag",
        "shop:ci",
    )
    assert settings(checked, *arguments).build == Build(".", "Dockerfile.prod", "app", ("V=1",), "shop:ci")


def test_a_source_and_its_dockerfile(checked: list[Config]) -> None:
    config = settings(checked, "shop", "--source", "backend", "-f", "backend/Dockerfile.prod")
    assert (config.source, config.dockerfile) == ("backend", "backend/Dockerfile.prod")


def test_a_dockerfile_makes_the_working_directory_the_source(checked: list[Config]) -> None:
    config = settings(checked, "shop", "-f", "docker/Dockerfile")
    assert (config.source, config.dockerfile, config.build) == (None, "docker/Dockerfile", None)


def test_every_option_reads_the_environment(checked: list[Config], monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "TIMEOUT": "2m",
        "PACKAGE": "shop worker",
        "COMMAND": "uvicorn shop:app\ncelery -A shop worker\n",
        "EXACT": "1",
        "MEMORY": "2g",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"IMPORTGUARD_{name}", value)
    config = settings(checked, "shop")
    assert (config.timeout, config.exact, config.memory) == (120, True, 2 * 1024**3)
    assert config.packages == ("shop", "worker")
    assert config.commands == ("uvicorn shop:app", "celery -A shop worker")
    parameters = [
        one
        for one in command_line.cli.commands["check"].params
        if one.param_type_name == "option" and one.name != "help"
    ]
    for parameter in parameters:
        longest = max(parameter.opts, key=len)
        assert parameter.envvar == "IMPORTGUARD_" + longest[2:].replace("-", "_").upper()


def test_a_name_alone_passes_its_value_on(checked: list[Config], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "k")
    monkeypatch.delenv("SHOP_GONE", raising=False)
    assert settings(checked, "--env", "SHOP_KEY", "--env", "SHOP_GONE", "shop").env == ("SHOP_KEY=k",)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("shop", "--build", "."),
        ("",),
        ("shop", "--tag", "x"),
        ("--build", ".", "--pull", "always"),
        ("shop", "--timeout", "soon"),
        ("shop", "--timeout", "0"),
        ("shop", "--memory", "much"),
        ("shop", "--memory", "512"),
        ("shop", "--jobs", "0"),
        ("shop", "--platform", "bogus"),
        ("shop", "--setup", "module"),
        ("shop", "--env", "=x"),
        ("shop", "--env-file", "/nowhere/vars.env"),
        ("--build", ".", "--build-arg", "=x"),
        ("shop", "-o", "spdx=x"),
        ("shop", "-o", "-"),
        ("shop", "-o", "/nowhere/report.json"),
        ("shop", "-o", "/"),
        ("shop", "--format", "yaml"),
        ("shop", "--unknown"),
    ],
)
def test_wrong_usage_is_2_before_anything_runs(
    arguments: tuple[str, ...], checked: list[Config], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", *arguments) == 2
    output = capsys.readouterr()
    assert checked == []
    assert output.out == ""
    assert output.err


def test_findings_are_1_and_the_report_alone_is_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_check(monkeypatch, BROKEN)
    assert run("check", "shop", "--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["images"][0]["summary"]["failed"] == 1
    assert run("check", "shop", "--fail-on", "never") == 0


def test_an_image_without_a_verdict_owns_the_exit_code(checked: list[Config]) -> None:
    assert run("check", "shop", "lost") == 3


def test_reports_are_written_to_files(checked: list[Config], tmp_path: Path) -> None:
    as_json, as_text, odd = tmp_path / "r.json", tmp_path / "r.txt", tmp_path / "odd"
    as_text.write_text("old")
    as_text.chmod(0o640)
    assert run("check", "shop", "-o", str(as_json), "-o", str(as_text), "--output", f"json={odd}") == 0
    assert json.loads(as_json.read_text()) == json.loads(odd.read_text())
    assert "✓ The module imports." in as_text.read_text("utf-8")
    assert stat.S_IMODE(as_text.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["odd", "r.json", "r.txt"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("r.json", ("json", "r.json")),
        ("a/R.SARIF", ("sarif", "a/R.SARIF")),
        ("r.sarif.json", ("sarif", "r.sarif.json")),
        ("r.xml", ("junit", "r.xml")),
        ("r.md", ("markdown", "r.md")),
        ("r", ("text", "r")),
        ("gitlab=r.json", ("gitlab", "r.json")),
        ("github=a=b", ("github", "a=b")),
        ("./a=b.md", ("markdown", "./a=b.md")),
    ],
)
def test_the_format_of_a_file(value: str, expected: tuple[str, str]) -> None:
    assert options.parse_output(value) == expected


@pytest.mark.skipif(os.name != "posix", reason="devices are files only there")
def test_a_device_is_written_to_and_stays(checked: list[Config]) -> None:
    assert run("check", "shop", "-o", os.devnull) == 0
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("wrong"), 2, "importguard: wrong"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (SystemExit(143), 143, "terminated"),
        (RuntimeError("oops\x1b[2J"), 4, "internal error, no verdict: RuntimeError: oops\\x1b[2J"),
        (AssertionError(), 4, "internal error"),
        (BrokenPipeError(32, "Broken pipe"), 4, "no verdict: what reads the report"),
    ],
)
def test_what_goes_wrong_is_never_taken_for_findings(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    replace_check(monkeypatch, error)
    assert run("check", "shop") == code
    output = capsys.readouterr()
    assert said in output.err
    assert "Traceback" not in output.err
    assert output.out == ""


def test_verbose_shows_the_traceback_of_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_check(monkeypatch, RuntimeError("oops"))
    assert run("check", "-v", "shop") == 4
    assert "Traceback" in capsys.readouterr().err


def test_colour_needs_a_terminal_and_no_objection(
    checked: list[Config], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def out(*arguments: str, terminal: bool = True, no_color: Optional[str] = None) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(sys.stdout, "isatty", lambda: terminal)
            if no_color is not None:
                patch.setenv("NO_COLOR", no_color)
            run("check", "shop", *arguments)
        return capsys.readouterr().out

    assert "\x1b" in out()
    assert "\x1b" in out(no_color="")
    assert "\x1b" not in out(no_color="anything")
    assert "\x1b" not in out("--no-color")
    assert "\x1b" not in out(terminal=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in out(terminal=False)
    assert "\x1b" not in out(no_color="1")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h", 3600), ("1m30s", 90), ("0.5", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert options.parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1k", 1024),
        ("512m", 512 << 20),
        ("2G", 2 << 30),
        ("1.5gb", 3 << 29),
        ("2GiB", 2 << 30),
        ("8388608", 8 << 20),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert options.parse_size(text) == size


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_sigterm_cleans_up() -> None:
    code = (
        "import importguard.validation as v, importguard.cli.main as c, time, sys\n"
        "def wait(config, progress, journey):\n"
        "    try:\n        print('begun', flush=True); time.sleep(60)\n"
        "    finally:\n        print('cleaned', flush=True)\n"
        "v.validate_all = wait\n"
        "c.main(['check', 'shop', '-q'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (143, "cleaned\n")
    assert "terminated" in err


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX")
def test_a_reader_that_went_away_is_no_error() -> None:
    code = "from importguard.cli.writing import write_stdout; write_stdout('x' * 1_000_000)"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("end", "code"), [("3", 3), ("0", 0), ("None", 4)])
def test_the_program_ends_at_once_but_not_before_what_is_to_be_done(end: str, code: int) -> None:
    script = (
        "import atexit, sys, importguard.cli.main as c\n"
        "class Taken:\n    def __del__(self): print('taken apart')\n"
        "kept = Taken()\n"
        f"c.main = lambda: (atexit.register(print, 'cleaned up'), print('said'), sys.exit({end}))\n"
        "c.program()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "said\ncleaned up\n")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_are_quick(arguments: list[str]) -> None:
    def once(command: list[str]) -> float:
        begun = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begun

    # In turns, so that both meet the same load of the machine; the best of each is what it costs.
    click, ours = [], []
    for turn in range(60):
        click.append(once([sys.executable, "-c", "import click"]))
        ours.append(
            once([sys.executable, "-c", "from importguard.cli.main import program; program()", *arguments])
        )
        if turn >= 10 and min(ours) < 1.5 * min(click):
            break
    assert min(ours) < 1.5 * min(click)


def output_of(code: str) -> str:
    """Return what an interpreter of its own writes to standard output when it runs `code`."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_nothing_heavy_is_loaded_for_help() -> None:
    code = (
        "import sys, importguard.cli.main as c\n"
        "try: c.main(['--help'])\n"
        "finally: print(sorted({'docker', 'rich', 'requests', 'json', 'pathlib'} & set(sys.modules)))"
    )
    assert output_of(code).splitlines()[-1] == "[]"


def test_only_what_a_sound_image_needs_is_loaded_to_judge_it() -> None:
    code = (
        "import sys, importguard.cli.settings, importguard.gathering, importguard.engines.docker.settings\n"
        "import importguard.judging.image_report, importguard.source.locating.locate\n"
        "unneeded = {'importguard.diagnosis.situation', 'importguard.evidence.starts', 'packaging', 'yaml'}\n"
        "print(sorted(unneeded & set(sys.modules)))"
    )
    assert output_of(code).splitlines()[-1] == "[]"


def test_judging_code_stops_loading_when_the_container_is_done() -> None:
    code = (
        "import sys, importguard.validation as v; v.load_judging_code(lambda: True)\n"
        "print('importguard.gathering' in sys.modules)\n"
        "v.load_judging_code(); print('importguard.diagnosis.causes' in sys.modules)"
    )
    assert output_of(code).split() == ["False", "True"]


def test_the_package_exports_lazily() -> None:
    import importguard

    assert importguard.validate is validation.validate
    assert importguard.Report is Report
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = importguard.nothing_such  # type: ignore[attr-defined]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_report_that_cannot_be_written_is_no_verdict() -> None:
    code = (
        "import importguard.validation as v, importguard.cli.main as c, importguard.report as m\n"
        "v.validate_all = lambda configs, progress, journey: m.Report(())\n"
        "v.exit_code = lambda report, fail_on: 0\n"
        "c.main(['check', 'shop', '-q', '--format', 'json'])\n"
    )
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 4
    assert b"can't be written to standard output" in done.stderr


def test_help_lists_every_command_with_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    listed = capsys.readouterr().out.split("Commands:\n")[1].splitlines()
    told = {line.split()[0]: line.split(maxsplit=1)[1] for line in listed}
    assert told == {name: command.short_help for name, command in command_line.cli.commands.items()}


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("chek") == 2
    assert "chek" in capsys.readouterr().err


def test_logs_without_a_start_are_refused_before_any_work(
    checked: list[Config], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("check", "shop", "--logs", str(tmp_path / "logs")) == 2
    assert "give --start, too" in capsys.readouterr().err
    assert not checked
    assert not (tmp_path / "logs").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_interrupting_the_start_shows_no_traceback(tmp_path: Path) -> None:
    """The module that loads the command line is replaced by one that stops where it loads."""
    code = (
        "import os, signal, sys, types\n"
        "from importguard.__main__ import program\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in the background of a shell
        "class Stops:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'importguard.cli.main': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Stops())\n"
        "program()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")
