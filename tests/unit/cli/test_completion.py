"""What a shell's user gets: completion, asked of a real shell, and man pages, read by a real formatter."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from importguard.cli.main import cli

ROOT = Path(__file__).parents[3]
COMPLETE = """
set -eu
eval "$(_IMPORTGUARD_COMPLETE=bash_source importguard)"
complete -p importguard >/dev/null
compopt() { :; }
COMP_WORDS=(importguard "$@")
COMP_CWORD=$#
_importguard_completion importguard "${!#}" ""
printf '%s\\n' "${COMPREPLY[@]:-}"
"""


def words(parameter: click.Parameter) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]


def completed(*arguments: str, cwd: Path = ROOT) -> set[str]:
    """What bash offers for the last word of ``importguard ARGUMENTS``."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env={**os.environ, "PATH": path},
    )
    return set(done.stdout.split())


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_commands_options_choices_and_rules(tmp_path: Path) -> None:
    (tmp_path / "importguard.toml").write_text("wrong = true\n")
    assert completed("") == set(cli.commands)
    assert completed("ch") == {"check"}
    assert {"--timeout", "--thorough", "--target", "--tag"} == completed("check", "--t")
    assert completed("check", "--fail-on", "", cwd=tmp_path) == {"startup", "error", "warning", "never"}
    assert completed("explain", "IG1") >= {"IG101", "IG109"}
    assert completed("explain", "missing-m") == {"missing-module"}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "importguard"],
        env={**os.environ, "_IMPORTGUARD_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"_IMPORTGUARD_COMPLETE={shell}_complete" in done.stdout


def pages(folder: Path) -> dict[str, str]:
    pytest.importorskip("click_man")
    script = ROOT / "scripts" / "man_pages.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}


def test_every_command_has_a_page_with_every_option(tmp_path: Path) -> None:
    found = pages(tmp_path / "man")
    commands = dict(cli.commands)
    for name, group in cli.commands.items():
        if isinstance(group, click.Group):
            commands.update({f"{name}-{inner}": command for inner, command in group.commands.items()})
    assert set(found) == {"importguard.1", *(f"importguard-{name}.1" for name in commands)}
    for name, command in commands.items():
        text = found[f"importguard-{name}.1"].replace("\\-", "-")
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert re.search(rf"\\fB{re.escape(parameter.opts[0])}\b", text), parameter.opts
        assert (".SH EXIT STATUS" in text) == bool(command.epilog)


@pytest.mark.skipif(not shutil.which("groff"), reason="there is no groff")
def test_a_formatter_has_nothing_to_object_to(tmp_path: Path) -> None:
    for name in pages(tmp_path):
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-z", str(tmp_path / name)], capture_output=True, check=True
        )
        assert done.stderr == b""
