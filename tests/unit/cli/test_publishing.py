"""What a pipeline gets to see with no option given."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from unit.command_line import BROKEN, SOUND, Terminal, replace_check, run

from importguard.cli.ci_runtime import CiRuntime, detect_ci_runtime
from importguard.terminal import without_pipeline_commands

HOSTILE = "::add-mask::a\n  ::stop-commands::x\n \u00a0::set-env name=a::b\nsee ##[error]x and ::error::y\n"


@pytest.fixture(autouse=True)
def _no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "BUILDER_OUTPUT", "CI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The variables of GitHub's runner; gives the file of the job's summary."""
    summary = tmp_path / "summary.md"
    summary.write_text("of an earlier step\n")
    for name, value in (("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", str(summary))):
        monkeypatch.setenv(name, value)
    return summary


def test_known_pipelines() -> None:
    assert detect_ci_runtime({}) is None
    assert detect_ci_runtime({"CI": "true"}) == CiRuntime()
    assert detect_ci_runtime({"GITHUB_ACTIONS": "true"}) == CiRuntime(annotates=True, obeys=True)
    assert detect_ci_runtime({"TF_BUILD": "True"}) == CiRuntime(obeys=True)
    assert detect_ci_runtime({"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/s"}) == CiRuntime(
        True, True, "/s"
    )
    assert detect_ci_runtime({"BUILDER_OUTPUT": "/builder/outputs"}) == CiRuntime(
        summary=os.path.join("/builder/outputs", "output")
    )


def test_in_github_actions_text_comes_with_annotations_and_a_summary(
    actions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_check(monkeypatch, BROKEN)
    assert run("check", "shop") == 1
    output = capsys.readouterr()
    assert output.out.startswith("importguard  shop:1.4")
    assert "::" not in output.out
    (annotation,) = [line for line in output.err.splitlines() if line.startswith("::")]
    assert annotation.startswith("::error file=")
    assert "No module named 'redis'" in annotation
    before, written = actions.read_text("utf-8").split("\n", 1)
    assert before == "of an earlier step"
    assert "`redis`" in written


def test_in_github_actions_a_format_that_is_asked_for_is_all_there_is(
    actions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_check(monkeypatch, BROKEN)
    run("check", "-q", "shop", "--format", "json")
    output = capsys.readouterr()
    assert json.loads(output.out)
    assert output.err == ""
    run("check", "-q", "shop", "--format", "text")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("IMPORTGUARD_FORMAT", "text")
    run("check", "-q", "shop")
    assert capsys.readouterr().err == ""
    assert actions.read_text() == "of an earlier step\n"


def test_the_github_format_writes_the_summary_too(
    actions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_check(monkeypatch, BROKEN)
    run("check", "-q", "shop", "--format", "github")
    assert capsys.readouterr().out.startswith("::error file=")
    assert "`redis`" in actions.read_text("utf-8")


def test_nothing_found_is_no_annotation(
    actions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_check(monkeypatch, SOUND)
    assert run("check", "-q", "shop") == 0
    assert capsys.readouterr().err == ""
    assert "✅" in actions.read_text("utf-8")


def test_in_cloud_build_the_summary_is_the_output_of_the_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BUILDER_OUTPUT", str(tmp_path))
    replace_check(monkeypatch, BROKEN)
    assert run("check", "-q", "shop") == 1
    assert "`redis`" in (tmp_path / "output").read_text("utf-8")
    assert "::error" not in capsys.readouterr().err


def test_a_summary_that_cannot_be_written_does_not_change_the_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BUILDER_OUTPUT", str(tmp_path / "gone"))
    replace_check(monkeypatch, SOUND)
    assert run("check", "-q", "shop") == 0
    assert "the summary can't be written" in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["CI", "GITHUB_ACTIONS", "BUILDER_OUTPUT"])
def test_no_progress_bar_in_a_pipeline_not_even_on_a_terminal(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def drawn() -> Any:
        terminal = Terminal()
        monkeypatch.setattr("sys.stderr", terminal)
        monkeypatch.setattr("importguard.progress.TerminalProgress", lambda *_: pytest.fail("a bar"))
        assert run("check", "shop") == 0
        return terminal.getvalue()

    replace_check(monkeypatch, SOUND)
    monkeypatch.setenv(variable, "true" if variable != "BUILDER_OUTPUT" else str(tmp_path))
    assert "checking shop" in drawn()


def test_no_line_of_text_is_a_command() -> None:
    made = without_pipeline_commands(HOSTILE)
    assert made.count("\\") == 4
    for line in made.splitlines():
        assert not line.strip().startswith("::")
        assert "##[" not in line
    assert made.replace("\\", "") == HOSTILE


def test_no_file_name_in_what_context_says_is_a_command(
    actions: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / ".dockerignore").write_text("left\n")
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "##[error]x.py").touch()
    (tmp_path / "main.py").touch()
    for options in ((), ("--format", "json")):
        assert run("context", str(tmp_path), "-v", *options) == 0
        said = capsys.readouterr().out
        assert "error]x" in said
        assert "##[" not in said
