"""Explain rules to people. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from importguard.model import Rule, Severity
from importguard.terminal import style_text, wrap_text

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def rules_table(rules: Sequence[Rule], color: bool = False) -> str:
    """The rules in a table: number, name, severity, summary."""
    widest = max(len(rule.name) for rule in rules)
    lines = []
    for rule in rules:
        severity = style_text(f"{rule.severity.value:<7}", _COLORS[rule.severity], color)
        lines.append(f"{rule.id}  {rule.name:<{widest}}  {severity}  {rule.summary}\n")
    return "".join(lines)


def explain_rule(rule: Rule, width: int = 80, color: bool = False) -> str:
    """Everything that there is to say of a rule, as text of ``width`` columns."""
    title = style_text(f"{rule.id} {rule.name}", f"bold {_COLORS[rule.severity]}", color)
    lines = [
        f"{title}  ({rule.severity.value})",
        *wrap_text(f"{rule.summary}.", width),
        "",
        *wrap_text(rule.meaning, width),
    ]
    for heading, text in (("How it comes about", rule.origin), ("How to mend it", rule.remedy)):
        lines += [
            "",
            style_text(heading, "bold", color),
            *wrap_text(text[:1].upper() + text[1:], width, "  "),
        ]
    example = rule.example.strip("\n").split("\n")
    lines += ["", style_text("Example", "bold", color), *(f"  {line}".rstrip() for line in example)]
    return "\n".join(lines) + "\n"
