"""The one table of rules: a module for each family, an entry for each rule.

A number is public: once released it never changes its meaning.
"""

from __future__ import annotations

from importguard.errors import UsageError
from importguard.model import Rule
from importguard.rules import imports, requirements, source, start

RULES: dict[str, Rule] = {
    rule.id: rule
    for family in (imports, requirements, source, start)
    for rule in vars(family).values()
    if isinstance(rule, Rule)
}


def find_rule(name: str) -> Rule:
    """The rule of that number or name, in any case. Raises UsageError with the nearest one for others."""
    wanted = name.strip().lower()
    for rule in RULES.values():
        if wanted in (rule.id.lower(), rule.name):
            return rule
    import difflib

    names = {text.lower(): text for rule in RULES.values() for text in (rule.id, rule.name)}
    near = difflib.get_close_matches(wanted, names, n=1)
    hint = f"did you mean {names[near[0]]}? " if near else ""
    raise UsageError(f"there is no rule {name!r}: {hint}'importguard rules' lists all")
