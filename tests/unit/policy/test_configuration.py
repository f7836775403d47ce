"""The configuration file: where it is looked for, what it may hold, and what wins over it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Optional

import jsonschema
import pytest
from unit.command_line import run, settings

import importguard
from importguard.cli.config_option import PATHS, find_config_file, option_value_kind, options_by_key
from importguard.cli.main import cli
from importguard.cli.options import read_environment
from importguard.config import Build, Config
from importguard.errors import UsageError
from importguard.model import Severity
from importguard.policy.configuration import load_configuration
from importguard.policy.model import Ignore

SCHEMA = json.loads(
    Path(importguard.__file__).with_name("schemas").joinpath("config.schema.json").read_text()
)
CHECK = cli.commands["check"]
KEYS = {key: option_value_kind(option) for key, option in options_by_key(CHECK).items()}

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "importguard.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


FULL = """
build = "."
file = "Dockerfile.prod"
target = "app"
build-arg = ["A=1"]
tag = "shop:ci"
pull = "never"
platform = "linux/arm64"
engine = "docker"
cache-dir = "unpacked"
package = ["shop"]
exclude = ["shop.legacy.*"]
include-tests = true
env = ["A=1"]
env-file = ["vars.env"]
command = ["uvicorn shop:app"]
setup = "shop.x:go"
network = "bridge"
timeout = "1h"
module-timeout = 1.5
memory = 1073741824
jobs = 3
python = "/opt/py"
exact = true
thorough = false
start-anyway = true
logs = "logs"
fail-on = "warning"
format = "json"
output = ["json=report"]
quiet = true
verbose = false
no-color = true
all = false
baseline = "known.json"
baseline-accept = ["redis"]

[rules]
IG104 = "warning"
import-hangs = "off"

[[ignore]]
rule = "missing-module"
missing = "redis.*"
module = "shop.legacy.*"
reason = "goes in spring"
expires = 2030-12-31

[[ignore]]
module = "shop.old"
reason = "never deployed"
expires = "2030-12-31"

[[image]]
name = "api"
build = "."
file = "api.Dockerfile"
source = "."

[[image]]
name = "worker"
reference = "shop-worker:ci"
command = ["celery -A shop worker"]
[image.start]
port = "none"

[start]
platform = "cloud-run"
port = 8080
http = ["/health", { path = "/version", status = 200, body = "1" }]
websocket = ["/ws", { path = "/chat", protocol = "chat.v1", status = 403 }]
timeout = "2m"
settle = 0.5
max-start-time = "5s"
memory = "512m"
"""
if "source" not in KEYS:
    FULL = FULL.replace('source = "."\n', "")


def test_every_option_is_read_under_its_long_name(checked: list[Config], folder: Path) -> None:
    write("B=2\n", "vars.env")
    write('{"schema_version": 1, "findings": []}', "known.json")
    write(FULL)
    assert run("check") == 0
    config = checked[-1]
    assert config.build == Build(".", "Dockerfile.prod", "app", ("A=1",), "shop:ci")
    assert (config.pull, config.platform, config.packages) == ("never", "linux/arm64", ("shop",))
    assert (config.engine, config.cache_dir) == ("docker", "unpacked")
    assert (config.exclude, config.include_tests, config.env) == (("shop.legacy.*",), True, ("B=2", "A=1"))
    assert (config.commands, config.setup, config.network) == (("uvicorn shop:app",), "shop.x:go", "bridge")
    assert (config.timeout, config.module_timeout, config.memory) == (3600, 1.5, 1 << 30)
    assert (config.jobs, config.python, config.exact) == (3, "/opt/py", True)
    assert json.loads(Path("report").read_text())["images"]


def test_the_full_example_gives_every_key() -> None:
    assert set(KEYS) - set(tomllib.loads(FULL)) <= {"source", "dockerfile"}


def test_command_line_over_environment_over_file(
    checked: list[Config],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write('timeout = "1m"\nnetwork = "file"\npackage = ["file"]\nexact = true\nmemory = "1g"')
    monkeypatch.setenv("IMPORTGUARD_NETWORK", "environment")
    monkeypatch.setenv("IMPORTGUARD_PACKAGE", "environment")
    config = settings(checked, "shop", "-p", "typed")
    assert (config.packages, config.network, config.timeout) == (("typed",), "environment", 60)
    assert (config.exact, config.memory, config.jobs) == (True, 1 << 30, min(os.cpu_count() or 1, 4))


def test_an_image_that_is_typed_takes_the_place_of_the_files_build(checked: list[Config]) -> None:
    write('build = "."\nfile = "Dockerfile"\ntag = "shop:ci"\npull = "always"')
    assert settings(checked, "shop:1.4").images == ("shop:1.4",)
    assert checked[-1].build is None
    assert settings(checked).build == Build(".", "Dockerfile", tag="shop:ci")


@pytest.mark.parametrize(
    ("reference", "origin"),
    [
        ("api:ci", Build("backend", "docker/api")),
        ("registry.example.org/team/api:4f2a@sha256:0", Build("backend", "docker/api")),
        ("worker:1", Build("worker", None)),
        ("shop/web:ci", Build("web", None, "run")),
        ("another:1", None),
    ],
)
def test_the_build_of_an_image_that_is_given_by_name(
    checked: list[Config], reference: str, origin: Optional[Build]
) -> None:
    write(
        "[[image]]\nname='api'\nbuild='backend'\nfile='docker/api'\n"
        "[[image]]\nname='jobs'\nreference='worker:1'\nsource='worker'\n"
        "[[image]]\nname='front'\nbuild='web'\ntarget='run'\ntag='shop/web:ci'\n"
    )
    assert settings(checked, reference).origin == origin
    assert settings(checked, reference, "--source", ".").origin is None


def test_the_files_build_is_the_origin_of_an_image_that_is_given_by_name(checked: list[Config]) -> None:
    write('build = "."\nfile = "Dockerfile"\nbuild-arg = ["A=1"]')
    assert settings(checked, "shop:1.4").origin == Build(".", "Dockerfile", None, ("A=1",))


def test_it_is_searched_upward(folder: Path) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    top = write("[tool.importguard]\nexact = true", "pyproject.toml")
    assert find_config_file(inner) == folder / top
    write("[project]\nname = 'x'", "a/pyproject.toml")
    assert find_config_file(inner) == folder / top
    own = write("", "a/importguard.toml")
    assert find_config_file(inner) == folder / own
    assert find_config_file(folder) == folder / top


def test_importguard_toml_wins_in_one_folder(folder: Path) -> None:
    write("[tool.importguard]", "pyproject.toml")
    own = write("")
    assert find_config_file(folder) == folder / own


def test_no_file_is_fine(checked: list[Config]) -> None:
    assert settings(checked, "shop") == Config(images=("shop",), jobs=min(os.cpu_count() or 1, 4))


def test_config_names_the_file(checked: list[Config], monkeypatch: pytest.MonkeyPatch) -> None:
    write('network = "near"')
    write('network = "other"', "ci/settings.toml")
    write('[tool.importguard]\nnetwork = "project"', "ci/pyproject.toml")
    assert settings(checked, "shop", "--config", "ci/settings.toml").network == "other"
    assert settings(checked, "shop", "--config", "ci/pyproject.toml").network == "project"
    monkeypatch.setenv("IMPORTGUARD_CONFIG", "ci/settings.toml")
    assert settings(checked, "shop").network == "other"


def test_paths_are_seen_from_the_files_folder(
    checked: list[Config],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
) -> None:
    write("A=1\n", "vars.env")
    write('build = "."\nfile = "docker/Dockerfile"\nenv-file = ["vars.env"]\noutput = ["r.json", "text=r"]')
    (folder / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir("deep/er")
    config = settings(checked)
    up = os.path.join("..", "..")
    assert config.build == Build(up, os.path.join(up, "docker", "Dockerfile"))
    assert config.env == ("A=1",)
    assert sorted(path.name for path in folder.iterdir()) == [
        "deep",
        "importguard.toml",
        "r",
        "r.json",
        "vars.env",
    ]


@pytest.mark.parametrize("context", ["https://example.org/shop.git", "git@example.org:shop.git", "/srv/shop"])
def test_a_context_elsewhere_stays_as_it_is(context: str, checked: list[Config]) -> None:
    write(f'build = "{context}"', "ci/importguard.toml")
    build = settings(checked, "--config", "ci/importguard.toml").build
    assert build is not None
    assert build.context == context


def test_every_option_that_names_a_file_is_resolved() -> None:
    """A new option with a file or folder of the host belongs into PATHS."""
    metavars = {key: str(option.metavar) for key, option in options_by_key(CHECK).items()}
    named = {
        key for key, text in metavars.items() if text in ("FILE", "CONTEXT", "DOCKERFILE", "FOLDER", "DIR")
    }
    assert named == set(PATHS)


WRONG = [
    ("timout = 5", "timout: there is no such setting; did you mean timeout?"),
    ("module_timeout = 5", "module_timeout: there is no such setting; did you mean module-timeout?"),
    ("zzz = 5", "zzz: there is no such setting"),
    ("config = 'x'", "config: there is no such setting"),
    ("write-baseline = 'x'", "write-baseline: there is no such setting"),
    ("exact = 1", "exact: this must be true or false, not 1"),
    ("exact = 'yes'", "exact: this must be true or false, not 'yes'"),
    ("package = 'shop'", "package: this must be a list of strings, not 'shop'"),
    ("package = [1]", "package: this must be a list of strings, not [1]"),
    ("env = 'DB_PASSWORD=hunter22'", 'env: this must be a list of strings: env = ["NAME=value"]'),
    (
        "build-arg = {TOKEN = 'hunter22'}",
        'build-arg: this must be a list of strings: build-arg = ["NAME=value"]',
    ),
    (
        "[[image]]\nname = 'a'\nenv = {TOKEN = 'hunter22'}",
        "image 1.env: this must be a list of strings: env =",
    ),
    ("[tool.importguard]\nexact = true", "only pyproject.toml has [tool.importguard]"),
    ("network = true", "network: this must be a string, not true"),
    ("jobs = 1.5", "jobs: this must be a whole number, not 1.5"),
    ("jobs = true", "jobs: this must be a whole number, not true"),
    ("jobs = 0", "jobs: 0 is not in the range x>=1"),
    ("timeout = 'soon'", "timeout: 'soon' is no duration"),
    ("timeout = true", "timeout: this must be a number"),
    ("memory = 5", "memory: '5' is too little"),
    ("pull = 'often'", "pull: 'often' is not one of"),
    ("rules = 5", "rules: this must be a table, not 5"),
    ("ignore = {}", "ignore: this must be a list of tables"),
    ("[rules]\nIG1O7 = 'off'", "rules: there is no rule 'IG1O7': did you mean IG107?"),
    ("[rules]\nmising-module = 'off'", "did you mean missing-module?"),
    ("[rules]\nIG101 = 'fatal'", "rules.IG101: this must be error, warning, note or off, not 'fatal'"),
    ("[rules]\nIG101 = ['off']", "rules.IG101: this must be error, warning, note or off"),
    ("[rules]\nIG101 = 'off'\nmissing-module = 'note'", "rules.missing-module: IG101 is set twice"),
    ("[[ignore]]\nrule = 'IG101'", "ignore 1.reason: a reason is required"),
    ("[[ignore]]\nrule = 'IG101'\nreason = ' '", "ignore 1.reason: a reason is required"),
    ("[[ignore]]\nreason = 'x'", "ignore 1: this would ignore everything"),
    (
        "[[ignore]]\nreason = 'x'\nmodul = 'x'",
        "ignore 1.modul: there is no such setting; did you mean module?",
    ),
    ("[[ignore]]\nreason = 'x'\nrule = 'IG999'", "ignore 1.rule: there is no rule 'IG999'"),
    ("[[ignore]]\nreason = 'x'\nrule = 'IG101'\nexpires = 'soon'", "ignore 1.expires: this must be a date"),
    ("[[ignore]]\nreason = 'x'\nrule = 'IG101'\nexpires = 5", "ignore 1.expires: this must be a date"),
    (
        "[[ignore]]\nreason = 'x'\nrule = 'IG101'\nexpires = 2030-01-01T00:00:00",
        "ignore 1.expires: this must be a date",
    ),
    ("[[image]]\nbuild = '.'", "image 1.name: a name is required"),
    ("[[image]]\nname = 'a'\nreference = 'x'\nbuild = '.'", "image 1.reference: give either build"),
    ("[[image]]\nname = 'a'\nformat = 'json'", "image 1.format: there is no such setting"),
    ("[[image]]\nname = 'a'\nbuild = '.'\ntimeout = 'x'", "timeout: 'x' is no duration"),
    ("[[image]]\nname = 'a'\n[[image]]\nname = 'a'", "image: 2 images are called 'a'"),
    ("= 5", "can't be read: Invalid statement"),
    ("x = " + "[" * 5000, "can't be read"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_named(
    text: str,
    said: str,
    checked: list[Config],
    capsys: pytest.CaptureFixture[str],
    folder: Path,
) -> None:
    write(text)
    assert run("check", "shop") == 2
    error = capsys.readouterr().err
    assert str(folder / "importguard.toml") in error
    assert said in error
    assert checked == []


_IN_WORDS_ONLY = ("did you mean", "no rule", "no duration", "too little", "set twice", "called", "be read")


@pytest.mark.parametrize(
    "text", [text for text, said in WRONG if not any(part in said for part in _IN_WORDS_ONLY)]
)
def test_the_schema_refuses_what_the_program_refuses(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        _validate(tomllib.loads(text))


def test_an_error_tells_no_value_of_a_variable(tmp_path: Path) -> None:
    for text in ("env = 'A=hunter22'", "env = {A = 'hunter22'}", "build-arg = {A = 'hunter22'}"):
        (tmp_path / "importguard.toml").write_text(text)
        with pytest.raises(UsageError) as raised:
            load_configuration(tmp_path / "importguard.toml", KEYS, KEYS)
        assert "hunter22" not in str(raised.value)
    (tmp_path / "vars.env").write_text("KEY=-----BEGIN KEY-----\nMIIE hunter22\n")
    with pytest.raises(UsageError, match=r"vars.env: line 2 is neither") as raised:
        read_environment((), [str(tmp_path / "vars.env")], {})
    assert "hunter22" not in str(raised.value)


def test_a_byte_order_mark_and_the_line_ends_of_windows(tmp_path: Path) -> None:
    (tmp_path / "importguard.toml").write_bytes(b"\xef\xbb\xbfexact = true\r\n[rules]\r\nIG101 = 'off'\r\n")
    assert load_configuration(tmp_path / "importguard.toml", KEYS, KEYS).settings == {"exact": True}


def test_the_schema_takes_what_the_program_takes() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    _validate(tomllib.loads(FULL))


def _validate(document: dict[str, Any]) -> None:
    """As editors do, for which a date of TOML is a string with the format "date"."""
    for item in document.get("ignore", []):
        if type(item) is dict and type(item.get("expires")) is date:
            item["expires"] = item["expires"].isoformat()
    checker = jsonschema.FormatChecker(["date"])
    jsonschema.Draft7Validator(SCHEMA, format_checker=checker).validate(document)


def test_the_schema_is_that_of_the_options() -> None:
    """Where this fails: python scripts/config_schema.py writes it anew."""
    script = Path(__file__).parents[3] / "scripts" / "config_schema.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0


def test_help_needs_no_sound_file(capsys: pytest.CaptureFixture[str]) -> None:
    write("= 5")
    assert run("check", "--help") == 0


@pytest.mark.parametrize("name", ["gone.toml", "."])
def test_a_file_that_cannot_be_read(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "shop", "--config", name) == 2
    assert f"{name} can't be read" in capsys.readouterr().err


def test_a_named_pyproject_must_have_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    write("[project]", "pyproject.toml")
    assert run("check", "shop", "--config", "pyproject.toml") == 2
    assert "pyproject.toml has no table [tool.importguard]" in capsys.readouterr().err


def test_policy_and_images() -> None:
    configuration = load_configuration(write(FULL), KEYS, KEYS)
    policy = configuration.policy
    assert policy.severities == {"IG104": Severity.WARNING, "IG108": None}
    end = date(2030, 12, 31)
    assert policy.ignores == (
        Ignore("goes in spring", "IG101", "shop.legacy.*", "redis.*", end),
        Ignore("never deployed", None, "shop.old", None, end),
    )
    assert [(image.name, image.reference) for image in configuration.images] == [
        ("api", None),
        ("worker", "shop-worker:ci"),
    ]


def test_all_checks_every_image_with_its_own_settings(
    checked: list[Config],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMPORTGUARD_NETWORK", "environment")
    write(
        """
        timeout = "5m"
        network = "file"
        build = "."
        env = ["A=1"]
        [[image]]
        name = "api"
        file = "api.Dockerfile"
        timeout = "1m"
        package = ["api"]
        network = "image"
        memory = "1g"
        [[image]]
        name = "worker"
        reference = "worker:ci"
        env = ["B=2"]
        """
    )
    write("FROM python\n", "api.Dockerfile")
    assert run("check", "--all", "--memory", "2g") == 0
    api, worker = checked
    assert (api.name, worker.name) == ("api", "worker")
    assert api.build == Build(".", "api.Dockerfile")
    assert (api.timeout, api.packages, api.network, api.env) == (60, ("api",), "environment", ("A=1",))
    assert (worker.images, worker.build, worker.timeout) == (("worker:ci",), None, 300)
    assert (worker.packages, worker.env) == ((), ("B=2",))
    assert {api.memory, worker.memory} == {2 << 30}


def test_all_in_the_file_gives_way_to_an_image_that_is_typed(checked: list[Config]) -> None:
    write('all = true\n[[image]]\nname = "api"\nreference = "api:ci"')
    assert run("check") == 0
    assert checked[-1].images == ("api:ci",)
    assert run("check", "other") == 0
    assert checked[-1].images == ("other",)


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("", ("--all",), "describes no image"),
        (
            "[[image]]\nname = 'a'\nreference = 'x'\n[[image]]\nname = 'b'\nbuild = 'gone'",
            ("--all",),
            "The build context gone is no folder",
        ),
        ("[[image]]\nname = 'a'", ("--all",), "image 'a': give build, the folder"),
        ("[[image]]\nname = 'a'\nreference = 'x'", ("--all", "shop"), "give either it or an image"),
        ("[[image]]\nname = 'a'\nreference = 'x'", ("--all", "--build", "."), "give either it or --build"),
        ("[[image]]\nname = 'a'\nreference = 'x'", (), "or --all for the images of"),
    ],
)
def test_wrong_use_of_all(
    text: str,
    arguments: tuple[str, ...],
    said: str,
    checked: list[Config],
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(text)
    assert run("check", *arguments) == 2
    assert said in capsys.readouterr().err
    assert checked == []


def test_all_without_a_file(checked: list[Config], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no configuration file was found"):
        cli.main(["check", "--all"], standalone_mode=False)


def test_a_program_reads_the_policy_alone(folder: Path) -> None:
    ignore = '[[ignore]]\nmissing = "redis"\nreason = "x"\n'
    (folder / "importguard.toml").write_text('timeout = "90s"\n[rules]\nIG108 = "off"\n' + ignore)
    policy = importguard.read_policy(folder / "importguard.toml")
    assert (policy.severities, policy.ignores) == ({"IG108": None}, (Ignore("x", missing="redis"),))
    (folder / "pyproject.toml").write_text("[tool.importguard.rules]\nIG999 = 'off'\n")
    with pytest.raises(UsageError, match="IG999"):
        importguard.read_policy(folder / "pyproject.toml")
