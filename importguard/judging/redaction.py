"""Values of variables and build arguments never appear in a report, not even in the application's own words.

One pattern of all that is secret goes once over every text of a finished report, whatever rule, field or
format it is for, and over what a build shows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Optional, TypeVar, cast
from urllib.parse import unquote, urlsplit

from importguard.judging.wrapped_text import WrappedText
from importguard.judging.written_forms import case_forms, written_forms
from importguard.model import Rule
from importguard.progress import Progress
from importguard.report import ImageInfo, ImageReport

Value = TypeVar("Value")

_SHORTEST = 4
_SHORTEST_NUMBER = 6
_SHORTEST_PART = 6  # of a value that was cut in the middle
_SHORTEST_WRAPPED = 8  # of a value that stands on two lines
_LONGEST_WORD = 16
_LONG_TEXT = 500  # what is longer may have been cut without an ellipsis
_ELLIPSIS = re.compile(r" ?(?:…|\.\.\.|\[\.\.\.)")
_UNTOUCHED = (Rule, ImageInfo, Enum)
# Names whose values are settings that everybody may read, and without which no message could be read.
_PUBLIC_NAME = re.compile(
    r"(?:.*_)?(?:PATH|HOME|PWD|LANG|LANGUAGE|TZ|TERM|SHELL|HOSTNAME)|LC_\w+|PYTHON\w*|GPG_KEY"
    r"|CNB_(?:APP|LAYERS)_DIR",
    re.ASCII,
)
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|CRED|AUTH|DSN|SALT|PRIVATE|SIGN|PIN\b", re.IGNORECASE)
_CODE_NAME = re.compile(r"(?:.*_)?(?:MODULE|SETTINGS|CLASS|APP|BACKEND|ENGINE)", re.ASCII)
_VERSION = re.compile(r"v?\d+(?:\.\d+)+(?:[-+.]?(?:a|b|rc|post|dev|alpha|beta)\.?\d*)?")
_WORDS = re.compile(r"[A-Za-z]+(?:[-_. ][A-Za-z]+)*")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_][\w.]*(?:\(\))?)?", re.ASCII)
_COMMON = frozenset({"utf-8", "c.utf-8", "en_us.utf-8", "localhost", "0.0.0.0:80", "127.0.0.1"})
_ASSIGNED = re.compile(r"(?i)(?:pass|pwd|secret|token|key)\w*\s*[=:]\s*([^\s;&,'\"]+)")


class Redaction:
    """The values to hide, each form with the name of its variable."""

    def __init__(self, forms: Iterable[tuple[str, str, bool]]) -> None:
        self._names: dict[str, str] = {}
        whole: dict[str, bool] = {}
        for form, name, bounded in forms:
            self._names.setdefault(form, name)
            whole[form] = whole.get(form, True) and bounded
        # The longest first: a password is part of the URL that holds it.
        self._forms = sorted(whole, key=len, reverse=True)
        patterns = (
            rf"(?<!\w){re.escape(form)}(?!\w)" if whole[form] else re.escape(form) for form in self._forms
        )
        self._pattern = re.compile("|".join(patterns)) if whole else None

    def redact_text(self, text: str) -> str:
        """``text`` with ``<value of NAME>`` in place of each value, and of a part where the text was cut."""
        if self._pattern is None:
            return text
        if any(form in text for form in self._forms):  # a pattern of thousands is slow where none is
            text = self._pattern.sub(lambda match: self._mark(match.group()), text)
        return self._without_parts(self._without_halves(text))

    def redact_value(self, value: Value) -> Value:
        """The same value with every text in it redacted: frozen dataclasses, tuples and mappings."""
        return cast(Value, self._redacted(value)) if self._pattern else value

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, str) and not isinstance(value, Enum):
            return self.redact_text(value)
        if isinstance(value, tuple):
            return self._redacted_lines(value) or tuple(self._redacted(item) for item in value)
        if isinstance(value, dict):
            return {self._redacted(key): self._redacted(item) for key, item in value.items()}
        if not is_dataclass(value) or isinstance(value, (type, *_UNTOUCHED)):
            return value
        old = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {name: self._redacted(item) for name, item in old.items()}
        return value if new == old else replace(value, **new)

    def _redacted_lines(self, value: tuple[Any, ...]) -> Optional[tuple[str, ...]]:
        """The lines of a log, redacted as one text; None for anything else."""
        if len(value) < 2 or not all(type(item) is str and "\n" not in item for item in value):
            return None
        lines = self.redact_text("\n".join(value)).split("\n")
        return tuple(lines) if len(lines) == len(value) else None

    def _without_halves(self, text: str) -> str:
        """Hide the values that stand on two lines, as a terminal's width has wrapped them."""
        if "\n" not in text:
            return text
        wrapped = WrappedText(text)
        long_forms = (form for form in self._forms if len(form) >= _SHORTEST_WRAPPED)
        spans = [(*span, form) for form in long_forms for span in wrapped.spans_over_lines(form)]
        shown, done = "", 0
        for start, end, form in sorted(spans, key=lambda span: (span[0], -span[1])):
            if start >= done:
                shown += text[done:start] + self._mark(form) + "\n" * text.count("\n", start, end)
                done = end
        return shown + text[done:]

    def _mark(self, form: str) -> str:
        return f"<value of {self._names[form]}>"

    def _without_parts(self, text: str) -> str:
        """Hide what is left of values beside the places where ``text`` was cut."""
        shown, done = "", 0
        for start, end, form in sorted(self._parts(text)):
            if end > done:
                shown += text[done:start] + self._mark(form)
                done = end
        return shown + text[done:]

    def _parts(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where ``text`` has the beginning of a form before a cut, or the end of one behind it.

        The middle of a text may have been cut out, as pydantic does: ``input_value='hunter2-...t-tell'``.
        """
        is_long = len(text) >= _LONG_TEXT
        cuts = [match.span() for match in _ELLIPSIS.finditer(text)]
        befores = [start for start, _ in cuts] + [len(text)] * is_long
        behinds = [end for _, end in cuts] + [0] * is_long
        for form in self._forms if cuts or is_long else ():
            longest = len(form) - 1
            for cut in befores:
                if size := _overlap(text[max(cut - longest, 0) : cut], form):
                    yield cut - size, cut, form
            for cut in behinds:
                if size := _overlap(form, text[cut : cut + longest]):
                    yield cut, cut + size, form


def _overlap(left: str, right: str) -> int:
    """The length of the longest end of ``left`` that ``right`` begins with; 0 where that tells nothing."""
    beginning, end = right[:_SHORTEST_PART], left[-_SHORTEST_PART:]
    if len(beginning) < _SHORTEST_PART or end not in right:
        return 0
    start = left.find(beginning)
    while start >= 0 and not right.startswith(left[start:]):
        start = left.find(beginning, start + 1)
    return len(left) - start if start >= 0 else 0


def redaction_of(
    variables: Iterable[str], known: Collection[str] = (), existing: Collection[str] = ()
) -> Redaction:
    """Choose the values to hide among ``variables`` (``NAME=value``).

    ``known`` are names of modules and parts of paths that a report is about, ``existing`` the names of the
    variables whose value is a path that exists in the image. Neither is a secret, nor are short values,
    plain words, versions and the settings that every image has.
    """
    forms = []
    for variable in variables:
        name, _, value = variable.partition("=")
        secret = _is_secret(name, value.strip(), known) and name not in existing
        bounded = _WORDS.fullmatch(value) is not None
        if secret:
            others = [form for form in case_forms(value) if form not in known]
            forms += [(form, name, bounded) for form in (*written_forms(value), *others)]
        forms += [(form, name, False) for part in _passwords(value) for form in written_forms(part)]
    return Redaction(forms)


def redacted_report(
    report: ImageReport, variables: Iterable[str], existing: Collection[str] = ()
) -> ImageReport:
    """The report with no value of ``variables`` in any of its texts; as ``redaction_of``."""
    names = [module.name for module in report.modules]
    paths = [module.path or "" for module in report.modules]
    paths += [*report.import_path, report.interpreter.executable if report.interpreter else ""]
    places = [*report.places, *report.places.values(), report.dockerfile]
    known = {part for name in names for part in (name, *name.split("."))}
    known |= {part for path in (*paths, *places) for part in path.split("/")}
    known |= {folder for path in paths for folder in _folders(path)}
    known |= {report.image.reference, report.image.stable_name, report.image.stable_name.rpartition("/")[2]}
    return redaction_of(variables, known, existing).redact_value(report)


def _folders(path: str) -> Iterator[str]:
    """The path and every folder above it."""
    while path.strip("/"):
        yield path
        path = path.rpartition("/")[0]


def _is_secret(name: str, value: str, known: Collection[str]) -> bool:
    least = _SHORTEST_NUMBER if value.isdigit() else _SHORTEST
    if len(value) < least or _VERSION.fullmatch(value) or value.lower() in _COMMON:
        return False
    if _SECRET_NAME.search(name) and name != "GPG_KEY":
        return True
    if _PUBLIC_NAME.fullmatch(name) or value in known:
        return False
    if _MODULE.fullmatch(value) and (_CODE_NAME.fullmatch(name) or _is_code(value, known)):
        return False
    return not (_WORDS.fullmatch(value) and len(value) < _LONGEST_WORD)


def _is_code(value: str, known: Collection[str]) -> bool:
    """``shop.settings`` or ``shop.main:app`` where there is a module ``shop``."""
    return ("." in value or ":" in value) and re.split("[.:]", value)[0] in known


def _passwords(value: str) -> Iterator[str]:
    """The secret parts of a URL or of ``host=db password=…``, which may be told without the rest."""
    password = _password_of_url(value)
    if password and len(password) >= _SHORTEST:
        yield from dict.fromkeys((password, unquote(password)))
    for match in _ASSIGNED.finditer(value):
        if len(match[1]) >= _SHORTEST and match[1] != value:
            yield match[1]


def _password_of_url(value: str) -> Optional[str]:
    try:
        return urlsplit(value).password
    except ValueError:
        return None


class RedactedProgress:
    """Shows what another progress shows, without the values of the build's arguments."""

    def __init__(self, progress: Progress, redaction: Redaction) -> None:
        self._progress = progress
        self._redaction = redaction

    def begin_phase(self, text: str) -> None:
        """Begin a phase."""
        self._progress.begin_phase(self._redaction.redact_text(text))

    def show_log_line(self, text: str) -> None:
        """Show one line of a log."""
        self._progress.show_log_line(self._redaction.redact_text(text))

    def show_notice(self, text: str) -> None:
        """Say something that stays visible."""
        self._progress.show_notice(self._redaction.redact_text(text))

    def show_count(self, done: int, total: int, text: str) -> None:
        """Say how much is finished."""
        self._progress.show_count(done, total, self._redaction.redact_text(text))

    def close(self) -> None:
        """Remove what is transient."""
        self._progress.close()
