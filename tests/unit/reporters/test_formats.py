"""Hostile text through every format, read back with parsers that are not ours."""

from __future__ import annotations

import json
import pkgutil
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from markdown_it import MarkdownIt
from unit.reporters.test_json import SCHEMA as OURS
from unit.reporters.test_sarif import validate as validate_sarif
from unit.reports import DIAGNOSIS, finding, image, lost, report, verdict

from importguard import reporters
from importguard.cli.ci_runtime import neutralise_workflow_commands
from importguard.cli.options import FORMATS
from importguard.model import Diagnosis, ImportStep, Location, Suppression
from importguard.report import EntryPointVerdict, ImageInfo, Report
from importguard.reporters import load_reporter

NASTY = (
    "\x1b[2J\x1b]0;title\x07 \x00\x08\x7f\x9b",
    "lone \udcff and \ud800 surrogates",
    "100% %0A%25 ::error file=x::forged",
    "a\n::set-output name=x::forged\r\n  ::add-mask::a\rb",
    "##[error]forged ##vso[task.complete]",
    "]]> <![CDATA[ &amp; &#0; <failure/> </testcase>",
    "<script>alert(1)</script><img src=x onerror=alert(1)><!-- --> -->",
    "` `` ``` ````\n```\n~~~\n# heading\n| a | b |\n|---|---|",
    "**bold** _em_ ~~s~~ [text](javascript:alert(1)) ![i](http://x/y) <http://x.example> @someone #12",
    "\n\n- list\n1. one\n> quote\n***\n===\n\tcode",
    "\u202ereversed\u2066 \u200b\ufeff \u2028\u2029\x85",
    "\ufffe\uffff \U000e0041 \U0001f4a5 é 漢字",
    "{0} {{}} %s %(x)s $x ${x} \\ \\n 'single' \"double\"",
    " ",
    "",
    "`",
    "a,b:c=d;e",
    "x" * 100_000,
)
KNOWN = {"error", "warning", "notice"}


def everywhere(text: str) -> Report:
    """A report whose every string from the image is ``text``."""
    place = Location(text, 3)
    bad = finding(
        module=text,
        missing=text,
        message=text,
        location=place,
        chain=(ImportStep(text, text, place), ImportStep(text, text, place)),
        affected=(text, text + "2"),
        diagnosis=Diagnosis("ignored", text, text, place, "likely"),
        symptoms=(finding("IG501", module=text, missing=text, message=text, affected=(), location=place),),
    )
    hostile = image(
        bad,
        finding("IG109", module=text, missing=None, message=text, affected=(), location=place),
        image=ImageInfo(text, text, text, text, text),
        suppressed=(finding("IG102", module=text, missing=text, suppression=Suppression("ignore", text)),),
        entrypoints=(EntryPointVerdict(text, text, "failed"),),
        modules=(verdict(text, "failed", "IG101"), verdict(text + "2", "unchecked")),
        complete=False,
        error=text or "x",
        notes=(text,),
        places={text: text or "x"},
        dockerfile=text or "Dockerfile",
    )
    return replace(report(hostile, lost(error=text or "x")), notes=(text,))


def test_every_format_has_a_reporter() -> None:
    modules = {module.name for module in pkgutil.iter_modules(reporters.__path__)}
    assert modules == {*FORMATS, "omissions", "wording"}
    assert all(callable(load_reporter(format_)) for format_ in FORMATS)


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("format_", FORMATS)
def test_hostile_text_is_only_text(format_: str, text: str) -> None:
    rendered = load_reporter(format_)(everywhere(text))
    rendered.encode("utf-8")
    assert rendered.endswith("\n")
    if format_ != "json":
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\ufeff]", rendered)
    PARSERS[format_](rendered, text)


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("format_", FORMATS)
def test_github_obeys_nothing_in_a_report_and_parsers_read_the_same(format_: str, text: str) -> None:
    rendered = load_reporter(format_)(everywhere(text))
    made = neutralise_workflow_commands(rendered, format_)
    if format_ != "github":
        assert "##[" not in made
        assert "##vso[" not in made
        assert not any(line.strip().startswith("::") for line in made.splitlines())
    if format_ in ("json", "sarif", "gitlab"):
        assert json.loads(made) == json.loads(rendered)
    if format_ == "junit":
        assert ElementTree.canonicalize(made) == ElementTree.canonicalize(rendered)


def parse_text(rendered: str, text: str) -> None:
    assert max(map(len, rendered.splitlines())) < 200


def parse_json(rendered: str, text: str) -> None:
    parsed = json.loads(rendered)
    jsonschema.validate(parsed, OURS, jsonschema.Draft202012Validator)
    valid = text.encode("utf-8", "backslashreplace").decode()
    assert parsed["images"][0]["findings"][0]["message"] == valid


def parse_sarif(rendered: str, text: str) -> None:
    parsed = json.loads(rendered)
    validate_sarif(parsed)
    first, second = parsed["runs"]
    assert len(first["results"]) == 2
    assert first["automationDetails"]["id"] != second["automationDetails"]["id"]
    messages = [result["message"]["text"] for run in parsed["runs"] for result in run["results"]]
    assert not any("](" in message for message in messages)


def parse_junit(rendered: str, text: str) -> None:
    root = ElementTree.fromstring(rendered.encode())
    assert [suite.tag for suite in root] == ["testsuite", "testsuite"]
    assert {case.tag for suite in root for case in suite} == {"testcase"}
    details = [detail for suite in root for case in suite for detail in case]
    assert [detail.tag for detail in details] == [
        *("failure", "error", "failure", "skipped", "error", "error")
    ]
    assert not any(len(detail) for detail in details)


def parse_github(rendered: str, text: str) -> None:
    """As the runner reads it: a line, trimmed; up to the second ``::`` are the properties."""
    commands = []
    for line in rendered.splitlines():
        name, properties, message = _command(line)
        assert name in KNOWN
        assert set(properties) == ({"title"} if name == "notice" else {"file", "line", "title"})
        commands.append(message)
    assert len(commands) == 5


def _command(line: str) -> tuple[str, dict[str, str], str]:
    """https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs, TryParseV2."""
    trimmed = line.strip()
    assert trimmed.startswith("::")
    end = trimmed.index("::", 2)
    name, _, listed = trimmed[2:end].partition(" ")
    properties = dict(pair.split("=", 1) for pair in listed.split(",") if pair)
    unescaped = {key: _unescaped(value) for key, value in properties.items()}
    return name, unescaped, _unescaped(trimmed[end + 2 :])


def _unescaped(value: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        value = value.replace(code, character)
    return value


def parse_gitlab(rendered: str, text: str) -> None:
    entries = json.loads(rendered)
    assert len(entries) == 4
    assert len({entry["fingerprint"] for entry in entries}) >= 3
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"]["lines"]["begin"] >= 1


def parse_markdown(rendered: str, text: str) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(rendered)
    assert {token.type for token in tokens} <= {
        *(
            "heading_open",
            "heading_close",
            "paragraph_open",
            "paragraph_close",
            "inline",
            "fence",
            "html_block",
        ),
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    }
    assert sum(token.type == "heading_open" for token in tokens) == (3 if len(text) < 1000 else 1)
    html = [token.content for token in tokens if token.type == "html_block"]
    inline = [child for token in tokens for child in token.children or ()]
    html += [child.content for child in inline if child.type == "html_inline"]
    assert {part.strip() for part in html} <= {
        "<!-- importguard -->",
        "<!-- -->",
        "<details><summary>2 modules</summary>",
        "</details>",
    }
    kinds = {child.type for child in inline}
    assert kinds <= {"text", "code_inline", "html_inline", "softbreak", "strong_open", "strong_close"}
    for child in inline:
        if child.type == "text":
            assert "@someone" not in child.content
            assert "#12" not in child.content


PARSERS: dict[str, Any] = {
    "text": parse_text,
    "json": parse_json,
    "sarif": parse_sarif,
    "junit": parse_junit,
    "github": parse_github,
    "gitlab": parse_gitlab,
    "markdown": parse_markdown,
}


def test_a_code_span_gives_back_what_it_was_given() -> None:
    from importguard.reporters.markdown import code_span

    for text in ("a", "`", "``", "a`b", " a ", "  ", "`a` ", "$|<b>*_"):
        (inline,) = MarkdownIt("commonmark").parse(code_span(text))[1:2]
        assert [child.content for child in inline.children or ()] == [text]


def test_diagnosis_is_told_in_every_format() -> None:
    text = report(image(finding(diagnosis=DIAGNOSIS)))
    for name in FORMATS:
        assert "add" in load_reporter(name)(text), name
        assert "IG101" in load_reporter(name)(text), name


def test_what_a_start_showed_is_told_in_every_format() -> None:
    ended = finding("IG501", module="python3 -m shop", affected=(), message="It ended with\nexit code 3.")
    text = report(image(finding(diagnosis=DIAGNOSIS, symptoms=(ended,))))
    for name in FORMATS:
        told = load_reporter(name)(text)
        assert "IG501" in told, name
        assert re.search(r"It ended with(?: |\s+|\\n)exit code 3", told), name
    says = f"It ended. Its log says: {finding().message}"
    same = report(image(finding(symptoms=(replace(ended, message=says),))))
    assert "It ended. Its log says: the same" in " ".join(load_reporter("text")(same).split())


def suppressed() -> Report:
    """One finding that is ignored, one that is not, of an image that has a label, and a note for the run."""
    shown = finding("IG104", module="shop.conf", missing=None, affected=("shop.conf",))
    ignored = finding(suppression=Suppression("ignore", "mended in spring"))
    modules = tuple(verdict(name, "failed", "IG101") for name in ("shop.main", "shop.setup", "shop.conf"))
    one = image(shown, suppressed=(ignored,), modules=modules, image=ImageInfo("web:1", "", "", label="web"))
    return replace(report(one), notes=("An ignore matches nothing.",))


def test_a_suppressed_finding_fails_no_test_case() -> None:
    root = ElementTree.fromstring(load_reporter("junit")(suppressed()))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "2")
    assert root[0].get("name") == "web"
    assert "mended in spring" in str([case.get("message") for case in root.iter("skipped")])


def test_a_suppressed_finding_opens_no_alert() -> None:
    parsed = json.loads(load_reporter("sarif")(suppressed()))
    validate_sarif(parsed)
    (shown,) = suppressed().images[0].findings
    assert [result["ruleId"] for result in parsed["runs"][0]["results"]] == [shown.rule.id]


def test_a_suppressed_finding_is_not_annotated_and_the_note_is() -> None:
    shown = load_reporter("github")(suppressed())
    assert "IG101" not in shown
    assert "::notice title=importguard::An ignore matches nothing.\n" in shown
    assert "IG101" not in load_reporter("gitlab")(suppressed())
    assert "IG101" not in load_reporter("markdown")(suppressed())
    assert "An ignore matches nothing" in load_reporter("markdown")(suppressed())
