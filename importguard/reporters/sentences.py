"""The sentences that reports for people share. Strings of the image are escaped as for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from importguard.model import ImageReport
from importguard.terminal import escape


def short_verdict(image: ImageReport) -> str:
    """What came of the image, in a few words."""
    parts = [count(len(image.findings), "finding")] if image.findings else []
    parts += ["not wholly checked" if image.modules else "not checked"] if image.error else []
    return ", ".join(parts) or "every module imports"


def sentences(image: ImageReport) -> Iterator[str]:
    """What came of the image and of what starts it: whole sentences. None where no module was found."""
    outcomes = Counter(module.outcome for module in image.modules)
    checked = len(image.modules) - outcomes["skipped"] - outcomes["unchecked"]
    failed = checked - outcomes["imported"]
    if failed:
        causes = sum(1 for finding in image.findings if finding.reached and finding.rule.id != "IG109")
        verb = "does" if failed == 1 else "do"
        yield f"{failed} of {count(checked, 'module')} {verb} not import, from {count(causes, 'cause')}."
    elif checked and not image.findings:
        yield from _all_import(checked)
    unreached = sum(1 for finding in image.findings if not finding.reached)
    if unreached:
        verb = "is" if unreached == 1 else "are"
        yield f"{count(unreached, 'more missing module')} {verb} behind them and would fail next."
    yield from _startup(image)
    if checked and not failed and image.findings:
        yield from _all_import(checked)


def _all_import(checked: int) -> Iterator[str]:
    yield f"All {checked} modules import." if checked > 1 else "The module imports."


def _startup(image: ImageReport) -> Iterator[str]:
    commands = ", ".join(dict.fromkeys(escape(entry.command) for entry in image.entrypoints if entry.target))
    broken = sum(1 for finding in image.findings if finding.breaks_startup)
    if broken:
        verb = "breaks" if broken == 1 else "break"
        behind = f" ({commands})" if commands else ""
        yield f"{count(broken, 'finding')} {verb} startup{behind}."
    elif commands and image.complete:
        yield f"What starts it can be loaded: {commands}."
    elif not commands and image.complete:
        yield "No start command was recognised; name the one that production runs: --command CMD."


def count(number: int, singular: str, plural: str = "") -> str:
    """``1 cause``, ``2 causes``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
