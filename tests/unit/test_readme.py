"""The README against the program: what it says of the command line is what the command line does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from importguard.cli.config_option import NOT_IN_FILE, option_value_kind, options_by_key
from importguard.cli.main import cli
from importguard.cli.scaffold import BuildFile, configuration_text
from importguard.errors import EngineError, ImageError, InspectionError, UsageError
from importguard.policy.configuration import load_configuration
from importguard.rules import RULES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """What stands under a heading of the second level."""
    return re.split(r"^## ", README.split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def table_rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")][2:]


def check_options() -> list[click.Option]:
    return [parameter for parameter in cli.commands["check"].params if isinstance(parameter, click.Option)]


@pytest.mark.parametrize("option", check_options(), ids=lambda option: option.opts[-1])
def test_every_option_has_a_row(option):
    rows = table_rows(section("The options of `importguard check`"))
    matching = [
        row
        for row in rows
        if set(option.opts) == set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", row.split(" | ")[0]))
    ]
    assert len(matching) == 1, f"{option.opts} in the README's table"


@pytest.mark.parametrize("option", check_options(), ids=lambda option: option.opts[-1])
def test_choices_are_those_of_the_program(option):
    if isinstance(option.type, click.Choice):
        (row,) = (
            row
            for row in table_rows(README)
            if f"`{option.opts[-1]} " in row or f" {option.opts[-1]} " in row
        )
        assert "\\|".join(option.type.choices) in row


def test_the_table_has_no_option_that_the_program_lacks():
    known = {name for option in check_options() for name in option.opts}
    first_cells = [row.split(" | ")[0] for row in table_rows(section("The options of `importguard check`"))]
    assert {name for cell in first_cells for name in re.findall(r"(?<![\w-])--?[a-z][\w-]*", cell)} == known


def test_exit_codes():
    codes = {0, 1} | {error.exit_code for error in (UsageError, EngineError, ImageError, InspectionError)}
    assert {int(row.split("|")[1]) for row in table_rows(section("Exit codes"))} == codes == {0, 1, 2, 3, 4}


def test_every_rule_has_a_row_with_its_severity_and_summary():
    rows = table_rows(section("What is checked"))
    assert [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows] == [
        [f"{rule.id} {rule.name}", rule.severity.value, rule.summary] for rule in RULES.values()
    ]


def test_the_options_that_the_configuration_does_not_take_are_named():
    but = re.compile(r"under its long name, but (.*?), whose", re.DOTALL)
    for text in (section("Configuration"), configuration_text([BuildFile("a", ".", "Dockerfile")])):
        (sentence,) = but.findall(text)
        assert set(re.findall(r"--([a-z-]+)", sentence)) == NOT_IN_FILE - {"help"}


def test_the_configuration_is_one(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", section("Configuration"), flags=re.DOTALL)
    path = tmp_path / "importguard.toml"
    path.write_text(example)
    keys = {key: option_value_kind(option) for key, option in options_by_key(cli.commands["check"]).items()}
    configuration = load_configuration(path, keys, keys)
    assert (len(configuration.images), len(configuration.policy.ignores)) == (1, 1)


def test_the_report_ends_with_the_line_of_the_examples_dockerignore():
    patterns = (ROOT / "examples/netra/backend/.dockerignore").read_text(encoding="utf-8").splitlines()
    report = README.split("<!-- report:begin -->", 1)[1].split("<!-- report:end -->", 1)[0]
    line = patterns.index("**/monitoring/") + 1
    assert f"\nLines to change:\n.dockerignore:{line}  **/monitoring/\n   ignored: " in report
