"""GitHub's workflow commands: an annotation for each finding, at its line of the repository.

Syntax and escaping: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
``@actions/core``, which escapes ``%``, CR and LF in the text, and ``:`` and ``,`` in properties as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from importguard.model import Location, Severity
from importguard.report import ImageReport, Report
from importguard.reporters.wording.places import first_line_of_dockerfile, repository_line
from importguard.reporters.wording.sentences import finding_story
from importguard.terminal import escape_lines, escape_text

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_IN_TEXT = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_TEXT, ":": "%3A", ",": "%2C"}


def render(report: Report) -> str:
    """One command a line, with a newline at its end; empty where nothing was found."""
    several = len(report.images) > 1
    lines = [line for image in report.images for line in _image(image, several)]
    notes = [f"::notice title=importguard::{_replaced(escape_text(note), _IN_TEXT)}" for note in report.notes]
    return "".join(line + "\n" for line in [*lines, *notes])


def _image(image: ImageReport, several: bool) -> Iterator[str]:
    prefix = f"{escape_text(image.image.display_name)}: " if several else ""
    if image.error:
        name = escape_text(image.image.display_name)
        text = f"{name} could not be wholly checked: {escape_lines(image.error)}"
        yield _command("error", first_line_of_dockerfile(image), "importguard: no verdict", text)
    for finding in image.findings:
        subject = escape_text(finding.missing or finding.module)
        title = f"{finding.rule.id} {finding.rule.name}: {subject}"
        text = prefix + "\n".join(finding_story(finding))
        yield _command(_COMMANDS[finding.severity], repository_line(finding, image), title, text)


def _command(name: str, location: Location, title: str, text: str) -> str:
    properties = {"file": escape_text(location.path), "line": str(location.line), "title": title}
    listed = ",".join(f"{key}={_replaced(value, _IN_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {listed}::{_replaced(text, _IN_TEXT)}"


def _replaced(text: str, replacements: dict[str, str]) -> str:
    return "".join(replacements.get(character, character) for character in text)
