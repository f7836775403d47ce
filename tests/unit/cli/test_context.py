"""``importguard context``: what it says, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from unit.reporters.test_json import SCHEMA

from importguard.cli.main import main

FILES = {
    "Dockerfile": "FROM x\nCOPY . /app\n",
    ".dockerignore": "# clean-up\n**/monitoring/\n",
    "shop/__init__.py": "",
    "shop/main.py": "import shop.monitoring\n",
    "shop/late.py": "def f():\n    import shop.monitoring\n",
    "shop/monitoring/__init__.py": "",
    "tests/monitoring/x.py": "",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["context", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, out, err


def test_a_folder_named_test_that_holds_none_is_of_the_application(shop, capsys):
    """The image imports it, as ``django.test`` is: what it lacks is no pass."""
    write(shop, {"shop/main.py": "", "shop/late.py": "", "shop/test/__init__.py": "import shop.monitoring\n"})
    code, out, _ = run(capsys, str(shop))
    assert (code, "imported at shop/test/__init__.py:1" in out) == (1, True)
    write(shop, {"shop/test/test_monitoring.py": ""})
    assert run(capsys, str(shop))[0] == 0


def test_the_text(shop, capsys):
    code, out, err = run(capsys, str(shop))
    assert (code, err) == (1, "")
    assert out.startswith(
        f"importguard context  {shop}  (Dockerfile, .dockerignore)\n\n✗ The build leaves out 1 module"
    )
    assert (
        "\n1. shop.monitoring\n   left out by .dockerignore:2  **/monitoring/\n"
        "   imported at shop/main.py:1, shop/late.py:2 (in a function)\n"
        "   add '!shop/monitoring/' at the end of .dockerignore\n"
    ) in out
    assert (
        "Left out, and imported by nothing that goes in: 1 file\n   1 · .dockerignore:2  **/monitoring/\n"
        in out
    )
    assert "4 Python files · 2 go in".replace("4", "5").replace("2 go", "3 go") in out


def test_the_working_directory_is_the_default(shop, capsys, monkeypatch):
    monkeypatch.chdir(shop)
    assert run(capsys)[0] == 1


def test_json(shop, capsys):
    code, out, _ = run(capsys, str(shop), "--format", "json")
    report = json.loads(out)
    assert code == 1
    assert report["summary"] == {"files": 5, "going_in": 3, "errors": 1, "warnings": 0}
    (module,) = report["modules"]
    assert module == {
        "name": "shop.monitoring",
        "path": "shop/monitoring/__init__.py",
        "severity": "error",
        "cause": "ignored",
        "location": {"path": ".dockerignore", "line": 2, "text": "**/monitoring/"},
        "exception": "!shop/monitoring/",
        "copy": None,
        "dockerfile": "Dockerfile",
        "imports": [
            {"path": "shop/main.py", "line": 1, "scope": "module"},
            {"path": "shop/late.py", "line": 2, "scope": "function"},
        ],
    }
    assert [one["path"] for one in report["left_out"]] == ["tests/monitoring/x.py"]


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_an_import_in_a_function_is_a_warning(shop, capsys, fail_on, code):
    write(shop, {"shop/main.py": ""})
    found, out, _ = run(capsys, str(shop), "--fail-on", fail_on)
    assert found == code
    assert "! 1 left-out module would be missed by functions that import late." in out


def test_nothing_is_missed(shop, capsys):
    write(shop, {".dockerignore": "tests\n"})
    code, out, _ = run(capsys, str(shop))
    assert code == 0
    assert "✓ The build leaves out no module that the code which goes in imports." in out


def test_verbose_lists_every_file(shop, capsys):
    assert "   tests/monitoring/x.py  .dockerignore:2\n" in run(capsys, str(shop), "-v")[1]


def test_another_dockerfile_and_stage(shop, capsys):
    write(
        shop, {"web.Dockerfile": "FROM x AS one\nCOPY shop/main.py /app/shop/\nFROM x\n", ".dockerignore": ""}
    )
    code, out, _ = run(capsys, str(shop), "-f", str(shop / "web.Dockerfile"), "--target", "one")
    assert code == 1
    assert "no COPY takes it; the nearest is web.Dockerfile:2  COPY shop/main.py /app/shop/" in out
    assert "add 'COPY shop/monitoring /app/shop/monitoring' to web.Dockerfile" in out


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        (
            {".dockerignore": "[a\n"},
            3,
            "The builder refuses .dockerignore: line 1: '[a': syntax error in pattern.",
        ),
        ({"Dockerfile": "RUN x\n"}, 3, "Dockerfile has no FROM"),
    ],
)
def test_what_the_builder_would_refuse(shop, capsys, files, code, said):
    write(shop, files)
    found, out, err = run(capsys, str(shop))
    assert (found, out) == (code, "")
    assert said in err


def test_wrong_usage_and_nothing_to_look_at(tmp_path, capsys):
    assert run(capsys, str(tmp_path / "nothing"))[0] == 2
    assert run(capsys, str(tmp_path), "-f", "nothing")[0] == 2
    assert run(capsys, str(tmp_path))[0] == 4


def test_names_of_files_are_escaped(shop, capsys):
    write(shop, {"shop/\x1b[31m/monitoring/a.py": ""})
    assert "\x1b" not in run(capsys, str(shop), "-v")[1]


MONOREPO = {
    "docker/Dockerfile.api": 'FROM python\nWORKDIR /app\nCOPY api/ ./api\nCMD ["python", "-m", "api.main"]\n',
    "docker/Dockerfile.web": "FROM node\nCOPY . .\n",
    "worker/Dockerfile": 'FROM python\nWORKDIR /app\nCOPY . .\nCMD ["python", "jobs/main.py"]\n',
    "worker/.dockerignore": "jobs/main.py\n",
    "worker/jobs/main.py": "",
    "worker/jobs/tasks.py": "",
    "examples/Dockerfile": "FROM python\nCOPY . .\nCMD python x.py\n",
    "examples/x.py": "",
    "api/__init__.py": "",
    "api/main.py": "import daemon.run\nimport daemon.lost\n",
    "daemon/run.py": "",
    "daemon/lost.py": "",
}


def test_every_dockerfile_of_a_repository_with_the_folder_that_it_is_built_from(
    tmp_path, capsys, monkeypatch
):
    write(tmp_path, MONOREPO)
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys)
    assert code == 1
    heads = [line for line in out.split("\n") if line.startswith("importguard context")]
    assert heads == [
        "importguard context  .  (docker/Dockerfile.api, no .dockerignore)",
        "importguard context  .  (worker/Dockerfile, worker/.dockerignore, context worker)",
    ]
    assert "   add 'COPY daemon /app/daemon' to docker/Dockerfile.api\n" in out
    assert "1. jobs.main\n   left out by worker/.dockerignore:1" in out
    assert "   imported at worker/Dockerfile:4 (the start command)\n" in out
    note = (
        "No Python is run in docker/Dockerfile.web, or no Python file goes in: not looked at (-f FILE does)."
    )
    assert out.endswith(f"Note: {note}\n")


def test_the_json_of_several_builds(tmp_path, capsys):
    write(tmp_path, MONOREPO)
    report = json.loads(run(capsys, str(tmp_path), "--format", "json")[1])
    assert [(one["dockerfile"], one["context"]) for one in report["builds"]] == [
        ("docker/Dockerfile.api", "."),
        ("worker/Dockerfile", "worker"),
    ]
    assert [(one["name"], one["dockerfile"], one["copy"]) for one in report["modules"]] == [
        ("daemon.lost", "docker/Dockerfile.api", "COPY daemon /app/daemon"),
        ("daemon.run", "docker/Dockerfile.api", "COPY daemon /app/daemon"),
        ("jobs.main", "worker/Dockerfile", None),
    ]
    assert report["summary"]["errors"] == 3


def test_a_dockerfile_that_is_named_gets_its_folder_too(tmp_path, capsys):
    dockerfile = "FROM python\nWORKDIR /app\nCOPY jobs jobs\nCMD python jobs/main.py\n"
    write(tmp_path, {**MONOREPO, "worker/Dockerfile": dockerfile})
    code, out, _ = run(capsys, str(tmp_path), "-f", str(tmp_path / "worker/Dockerfile"))
    assert code == 1
    assert "(worker/Dockerfile, worker/.dockerignore, context worker)" in out


def test_errors_and_warnings_stand_apart_and_what_was_said_is_not_said_again(shop, capsys):
    write(
        shop,
        {
            "Dockerfile": "FROM python\nCOPY shop /app/shop\n",
            "second.Dockerfile": "FROM python\nCOPY shop/*.py /srv/shop/\n",
            "shop/main.py": "import shop.monitoring\ndef f():\n    import jobs\n",
            "jobs.py": "",
        },
    )
    _, out, _ = run(capsys, str(shop))
    assert out.index("Errors: missed as soon") < out.index("1. shop.monitoring")
    assert out.index("1. shop.monitoring") < out.index("Warnings: missed when") < out.index("2. jobs\n")
    assert "   add 'COPY jobs.py /app/jobs.py' to Dockerfile\n" in out
    second = out[out.index("(second.Dockerfile") :]
    again = "   as for Dockerfile: add '!shop/monitoring/' at the end of .dockerignore and 'COPY "
    assert f"1. shop.monitoring\n{again}" in second


def test_what_the_settings_of_django_name(tmp_path, capsys):
    write(
        tmp_path,
        {
            "Dockerfile": "FROM python\nWORKDIR /app\nCOPY shop shop\n",
            "shop/__init__.py": "",
            "shop/settings.py": 'INSTALLED_APPS = [\n    "django.contrib.auth",\n    "cart.apps.Cart",\n]\n',
            "cart/__init__.py": "",
            "cart/apps.py": "",
        },
    )
    code, out, _ = run(capsys, str(tmp_path))
    assert code == 1
    assert "1. cart\n" in out
    assert (
        "   imported at shop/settings.py:3 (INSTALLED_APPS)\n   add 'COPY cart /app/cart' to Dockerfile\n"
        in out
    )


EVERY_IMPORT = '[[ignore]]\nmissing = "shop.monitoring"\nreason = "the agent brings it"\n'


def test_an_ignore_of_the_configuration_holds_here_too(shop, capsys, monkeypatch):
    monkeypatch.chdir(shop)
    write(shop, {"importguard.toml": EVERY_IMPORT + '[rules]\nIG102 = "off"\n'})
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    assert "✓ Beside what is suppressed, the build leaves out no module" in out
    assert "1 finding is suppressed: 1 ignored by the configuration." in out
    assert "matches nothing" not in out
    report = json.loads(run(capsys, "--format", "json")[1])
    assert (report["images"][0]["suppressed"][0]["rule"], report["summary"]["errors"]) == ("IG101", 0)


def test_a_severity_and_the_limit_of_the_configuration_hold_here_too(shop, capsys, monkeypatch):
    monkeypatch.chdir(shop)
    weaker = '[rules]\nmissing-module = "warning"\n'
    write(shop, {"importguard.toml": weaker})
    code, out, _ = run(capsys)
    assert (code, "! The build leaves out 1 module that the code which goes in imports." in out) == (0, True)
    write(shop, {"importguard.toml": 'fail-on = "warning"\ntimeout = "90s"\n' + weaker})
    assert run(capsys)[0] == 1
    assert run(capsys, "--fail-on", "error")[0] == 0
    write(shop, {"importguard.toml": "nonsense = 1\n"})
    assert run(capsys)[0] == 2


@pytest.mark.parametrize(("severity", "mark"), [("error", "✗"), ("warning", "!"), ("note", "·")])
def test_a_severity_of_the_configuration_changes_no_fact(shop, capsys, monkeypatch, severity, mark):
    monkeypatch.chdir(shop)
    write(shop, {"importguard.toml": f'[rules]\nIG101 = "{severity}"\n', "jobs.py": ""})
    write(shop, {"shop/main.py": "import shop.monitoring\ndef f():\n    import jobs\n"})
    write(shop, {"Dockerfile": "FROM python\nCOPY shop /app/shop\n"})
    out = run(capsys)[1]
    assert f"{mark} The build leaves out 1 module that the code which goes in imports." in out
    assert f"{mark} 1 left-out module would be missed by functions that import late." in out
    assert f"{severity.capitalize()}s: missed as soon as the code is imported" in out
    assert f"{severity.capitalize()}s: missed when a function is called" in out
    assert "✓" not in out
    assert "prepared for it" not in out


def test_a_baseline_hides_what_is_old(shop, capsys, monkeypatch):
    monkeypatch.chdir(shop)
    assert run(capsys, "--write-baseline", "known.json")[0] == 0
    write(shop, {"shop/second.py": "import shop.lost.a\n", ".dockerignore": "**/monitoring/\n**/lost/\n"})
    write(shop, {"shop/lost/__init__.py": "", "shop/lost/a.py": ""})
    code, out, _ = run(capsys, "--baseline", "known.json")
    assert code == 1
    assert "1. shop.lost" in out
    assert "shop.monitoring" not in out.partition("Left out, and")[0]
    assert "Baseline known.json: 1 old finding is not shown." in out


@pytest.mark.parametrize(
    ("format_", "said"),
    [
        ("sarif", '"ruleId": "IG101"'),
        ("junit", 'type="IG101"'),
        ("github", "::error file=.dockerignore,line=2,title=IG101 missing-module%3A shop.monitoring::"),
        ("gitlab", '"fingerprint"'),
        ("markdown", "**1. IG101 missing-module** `shop.monitoring`"),
    ],
)
def test_every_format_of_check(shop, capsys, monkeypatch, tmp_path, format_, said):
    monkeypatch.chdir(shop)
    code, out, _ = run(capsys, "--format", format_, "-o", f"{format_}=out.txt")
    assert (code, said in out) == (1, True)
    assert (tmp_path / "out.txt").read_text("utf-8") == out
    write(shop, {".dockerignore": "tests\n"})
    assert said not in run(capsys, "--format", format_)[1]


def test_the_json_is_also_that_of_check(shop, capsys):
    report = json.loads(run(capsys, str(shop), "--format", "json")[1])
    jsonschema.validate(report, SCHEMA)
    (image,) = report["images"]
    (finding,) = image["findings"]
    assert image["image"]["reference"] == f"{shop} (Dockerfile)"
    assert (finding["module"], finding["missing"]) == ("shop.main", "shop.monitoring")
    assert finding["affected"] == ["shop.main"]
    assert finding["diagnosis"]["cause"] == "ignored"
    assert finding["diagnosis"]["remedy"] == "add '!shop/monitoring/' at the end of .dockerignore"


def test_a_pipeline_gets_annotations_and_a_summary(shop, capsys, monkeypatch, tmp_path):
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code, out, err = run(capsys, str(shop))
    assert code == 1
    assert out.startswith("importguard context")
    assert "::error file=" in err
    assert "IG101" in summary.read_text("utf-8")
