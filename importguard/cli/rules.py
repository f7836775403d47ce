"""``importguard rules`` and ``importguard explain``: what is looked for, and what a finding means."""

from __future__ import annotations

import sys

import click

from importguard.cli.lazy_commands import SUMMARIES
from importguard.terminal import wants_color


@click.command(short_help=SUMMARIES["rules"])
def rules() -> None:
    """List the rules: number, name, severity, summary."""
    from importguard.cli.writing import write_stdout
    from importguard.reporters.wording.explanations import rules_table
    from importguard.rules import RULES

    write_stdout(rules_table(list(RULES.values()), color=_color()))


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from importguard.rules import RULES

    names = [name for rule in RULES.values() for name in (rule.id, rule.name)]
    return [name for name in names if name.startswith(incomplete)]


@click.command(short_help=SUMMARIES["explain"])
@click.argument("names", metavar="RULE...", nargs=-1, required=True, shell_complete=_complete)
def explain(names: tuple[str, ...]) -> None:
    """Say what each RULE (IG101, or missing-module) means, how it comes about and how to mend it."""
    import shutil

    from importguard.cli.writing import write_stdout
    from importguard.reporters.wording import explanations
    from importguard.rules import find_rule

    width = min(shutil.get_terminal_size().columns, 110) if sys.stdout.isatty() else 80
    found = [find_rule(name) for name in names]
    write_stdout("\n".join(explanations.explain_rule(one, width, _color()) for one in found))


def _color() -> bool:
    return wants_color(refused=False, is_terminal=sys.stdout.isatty())
