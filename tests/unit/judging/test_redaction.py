"""No value of a variable or of a build argument in any text, and every text still readable."""

from __future__ import annotations

import base64
import html
import json
import time
from typing import Callable
from urllib.parse import quote, quote_plus

import pytest
from requests.utils import requote_uri
from unit.builders import entry, evidence, failed, imported, no_module, raised
from unit.reports import finding, image
from unit.test_validation import Shelf, run

from importguard.cli.options import FORMATS
from importguard.config import Build, Config, build_arguments
from importguard.errors import ImageError
from importguard.evidence.starts import Handshake, HttpRequest, StartSettings
from importguard.judging.redaction import RedactedProgress, redacted_report, redaction_of
from importguard.model import Diagnosis, Location
from importguard.progress import QuietProgress
from importguard.report import Report
from importguard.reporters import load_reporter
from importguard.validation import validate

SECRETS = {
    "API_TOKEN": "hunter2-do-not-tell",
    "B64": "/9j4AAQSkZJRg-key",
    "QUOTED": "pa'ss\"word-quoted",
    "PIN": "918273645546",
    "BACKSLASH": "C:\\new\\table1",
    "DATABASE_URL": "postgres://shop:p%40ssw0rd1@db:5432/shop",
    "DSN_TEXT": "host=db user=shop password=verysecret7 dbname=shop",
    "SHORT_KEY": "x9Zq",
    "PEM": "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END-----",
    "PLUGIN": "acme_plugin77",
}
ENV = tuple(f"{name}={value}" for name, value in SECRETS.items())


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "told",
    ["{}", "could not set up with {}!", "KeyError: {!r}", "[Errno 2] {!r}: [{!r}, 1]", "plugins.{}.main"],
)
def test_a_value_is_hidden_however_it_is_written(name: str, told: str) -> None:
    value = SECRETS[name]
    text = redaction_of(ENV).redact_text(told.format(value, value))
    assert value not in text
    assert repr(value)[1:-1] not in text
    assert f"<value of {name}>" in text


def test_json_and_nested_quotes() -> None:
    value = SECRETS["QUOTED"]
    for told in (json.dumps({"a": value}), repr({"a": repr(value)}), repr(value.encode())):
        text = redaction_of(ENV).redact_text(told)
        assert "word-quoted" not in text


@pytest.mark.parametrize("secret", ["s3cr3t/Va+lue==x", "geheim\u00e9-19&<x>", "kürzer77"])
@pytest.mark.parametrize("around", ["{}", "admin:{}", "us:{}", "u:{}@host", "{}\n"])
def test_a_value_is_hidden_in_every_encoding(secret: str, around: str) -> None:
    redaction = redaction_of([f"API_SECRET={secret}"])
    told = around.format(secret)
    for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.b16encode):
        encoded = encode(told.encode()).decode()
        text = redaction.redact_text(f"401 for Authorization: Basic {encoded}")
        assert "<value of API_SECRET>" in text
        assert not any(encoded[start : start + 8] in text for start in range(8, len(encoded) - 12))


@pytest.mark.parametrize("write", [str.upper, str.lower, quote, quote_plus, html.escape, requote_uri])
def test_a_value_is_hidden_in_another_case_and_in_markup(write: Callable[[str], str]) -> None:
    secret = "s3cr3t/Va+lue==x & 'more'"
    text = redaction_of([f"API_SECRET={secret}"]).redact_text(f"GET https://host/?key={write(secret)}.")
    assert text == "GET https://host/?key=<value of API_SECRET>."


def test_a_module_that_is_called_as_a_value_in_another_case_keeps_its_name() -> None:
    assert (
        redaction_of(["SERVICE=Acme_Shop2"], {"acme_shop2"}).redact_text("acme_shop2.main")
        == "acme_shop2.main"
    )


@pytest.mark.parametrize("told", ["p%40ssw0rd1", "p@ssw0rd1", "verysecret7", "MIIEvQIBADANBgkqhkiG9w0"])
def test_the_secret_part_of_a_value_is_hidden_alone(told: str) -> None:
    assert redaction_of(ENV).redact_text(f"refused: {told}") in {
        f"refused: <value of {name}>" for name in ("DATABASE_URL", "DSN_TEXT", "PEM")
    }


def test_what_is_left_of_a_value_where_a_text_was_cut_is_hidden() -> None:
    hide = redaction_of(ENV).redact_text
    assert hide("set up with hunter2-do-n…") == "set up with <value of API_TOKEN>…"
    assert hide("set up with hunter2-d [... 9000 characters]") == (
        "set up with <value of API_TOKEN> [... 9000 characters]"
    )
    assert hide("do-not-tell and more " + "x" * 600).startswith("<value of API_TOKEN> and more")
    assert hide("x" * 600 + " hunter2-d").endswith(" <value of API_TOKEN>")


@pytest.mark.parametrize(
    "told",
    [
        "refused: hunter2-do-n\not-tell, sent",
        "  refused: hunter2-do-n  \r\n    ot-tell, sent",
        "│ refused: hunter2- │\n│ do-not-tell, sent  │",
        "hunter2-\ndo-not-\ntell, sent",
    ],
)
def test_a_value_that_was_wrapped_over_two_lines_is_hidden(told: str) -> None:
    redaction = redaction_of(ENV)
    shown = redaction.redact_text(told)
    assert "<value of API_TOKEN>" in shown
    assert "hunter2" not in shown
    assert "tell" not in shown
    assert (shown.count("\n"), ", sent" in shown) == (told.count("\n"), True)
    lines = tuple(told.splitlines())
    hidden = redaction.redact_value(lines)
    assert "hunter2" not in "".join(hidden)
    assert "tell" not in "".join(hidden)
    assert len(hidden) == len(lines)


def test_lines_whose_ends_are_no_value_stay() -> None:
    told = ("hunter2", "do-not-tell", "a hunter2-do-not\n-say")
    assert redaction_of(ENV).redact_value(told) == told


def test_two_values_that_were_cut_in_one_text_are_both_hidden() -> None:
    hide = redaction_of(["API_TOKEN=tok-" + "A" * 30, "DB_SECRET=hunter2-" + "B" * 30]).redact_text
    assert hide("'tok-AAAAAAA...' and 'hunter2-BBBBB...' and 'tok-AAA...'") == (
        "'<value of API_TOKEN>...' and '<value of DB_SECRET>...' and '<value of API_TOKEN>...'"
    )


def test_both_ends_of_a_value_whose_middle_was_cut_out_are_hidden() -> None:
    """As pydantic and reprlib shorten."""
    hide = redaction_of(ENV).redact_text
    assert hide("input_value='hunter2-...t-tell', input_type=str") == (
        "input_value='<value of API_TOKEN>...<value of API_TOKEN>', input_type=str"
    )
    assert hide("input_value={'x': 'hunter2-do-no...t-tell'}") == (
        "input_value={'x': '<value of API_TOKEN>...<value of API_TOKEN>'}"
    )


def test_a_long_log_is_searched_fast_for_the_parts_of_a_long_value() -> None:
    """The key of a service account in a log whose lines end in an ellipsis took twelve seconds."""
    key = json.dumps({"private_key": "\n".join(f"{line:02}{'abcdefghij' * 6}" for line in range(26))})
    log = "".join(f"INFO worker {line}: loading batch...\n" for line in range(1000))
    redaction = redaction_of([f"CREDENTIALS={key}"])
    begun = time.process_time()
    assert redaction.redact_text(log) == log
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "item",
    [
        "DEBUG=true",
        "ENVIRONMENT=production",
        "MODE=import",
        "LOG_LEVEL=warning",
        "PORT=8080",
        "ID=abc",
        "PYTHON_VERSION=3.13.5",
        "APP_VERSION=1.4.0",
        "LANG=C.UTF-8",
        "PATH=/usr/local/bin:/usr/bin",
        "PYTHONPATH=/app/src",
        "CNB_APP_DIR=/workspace",
        "SERVICE_ENGINE=django.db.backends.postgresql",
        "DJANGO_SETTINGS_MODULE=shop.settings",
        "START=shop.main:app",
        "NAME=shop",
        "PACKAGE=web-api",
        "EMPTY=",
        "NONE",
    ],
)
def test_what_is_no_secret_stays(item: str) -> None:
    _, _, value = item.partition("=")
    text = f"No module named '{value}' at {value}: {value}, warning import true production"
    assert redaction_of([item], {"shop", "web-api"}).redact_text(text) == text


def test_a_path_that_exists_in_the_image_stays_and_another_does_not() -> None:
    hide = redaction_of(["CONFIG=/srv/conf.d/x", "OTHER=/no/such/path1"], existing=["CONFIG"]).redact_text
    assert hide("/srv/conf.d/x /no/such/path1") == "/srv/conf.d/x <value of OTHER>"


def test_every_text_of_a_report_in_every_format() -> None:
    secret = SECRETS["API_TOKEN"]
    bad = finding(
        module=f"plugins.{secret}",
        missing=f"plugins.{secret}",
        message=f"raised on as RuntimeError: {secret}",
        affected=(f"plugins.{secret}",),
        diagnosis=Diagnosis(
            "ignored", secret, secret, Location(secret, 1), "certain", secret, secret, (secret,)
        ),
    )
    whole = image(
        bad, error=secret, notes=(secret,), details=(secret,), complete=False, places={secret: secret}
    )
    hidden = redacted_report(whole, ENV)
    for format_ in FORMATS:
        rendered = load_reporter(format_)(Report((hidden,)))
        assert secret not in rendered
        assert "value of API_TOKEN" in rendered or format_ == "markdown"
    assert hidden.findings[0].location == bad.location


def test_a_finding_of_any_rule() -> None:
    secret = SECRETS["API_TOKEN"]
    causes = [("RuntimeError", f"with {secret}", None), ("ModuleNotFoundError", "No module named 'x'", "x")]
    observed = evidence(
        imported("shop"),
        failed("shop.a", no_module(secret)),
        failed("shop.b", raised(*causes, missing="x")),
        entrypoints=(entry("shop", "ok"),),
    )
    report = run(observed=observed, env=ENV)
    assert len(report.images[0].findings) == 2
    assert secret not in repr(report)


def test_what_requests_of_a_start_send() -> None:
    settings = StartSettings(
        http=(HttpRequest("/feed?page=2", headers=(("Authorization", "Bearer s3cr3t-9"),)),),
        websocket=(Handshake("/ws?token=abc%2B123&room=lobby"),),
    )
    redaction = redaction_of(settings.sent_values)
    assert redaction.redact_text("/ws?token=abc%2B123&room=lobby: 'abc+123' is stale") == (
        "/ws?token=<value of token>&room=lobby: '<value of token>' is stale"
    )
    assert redaction.redact_text("GET /feed?page=2: s3cr3t-9") == "GET /feed?page=2: <value of Authorization>"


def test_a_build_argument() -> None:
    build = Build(".", build_args=("TOKEN=buildsecret1",))
    shelf = Shelf(lost=ImageError("RUN echo deploy-buildsecret1 && false"))
    report = validate(Config(images=("lost",), origin=build), QuietProgress(), engine=shelf)
    assert report.images[0].error == "RUN echo deploy-<value of TOKEN> && false"


def test_a_build_argument_may_have_its_value_from_outside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKEN", "buildsecret1")
    monkeypatch.delenv("NONE", raising=False)
    assert build_arguments(Build(".", build_args=("TOKEN", "A=b", "NONE"))) == (
        "TOKEN=buildsecret1",
        "A=b",
    )
    assert build_arguments(None) == ()


def test_a_folder_of_the_import_path_stays() -> None:
    report = redacted_report(
        image(finding(), import_path=("/elsewhere/src",)), ["A=/elsewhere", "B=/elsewhere1"]
    )
    assert report.import_path == ("/elsewhere/src",)


def test_what_a_build_shows() -> None:
    shown: list[str] = []

    class Shown(QuietProgress):
        def show_log_line(self, text: str) -> None:
            shown.append(text)

        begin_phase = show_notice = show_log_line

    progress = RedactedProgress(Shown(), redaction_of(["TOKEN=buildsecret1"]))
    progress.begin_phase("building buildsecret1")
    progress.show_log_line("RUN echo buildsecret1")
    progress.show_notice("buildsecret1")
    progress.show_count(1, 2, "buildsecret1")
    progress.close()
    assert len(shown) == 3
    assert "buildsecret1" not in "".join(shown)


def test_nothing_to_hide_leaves_the_report_as_it_is() -> None:
    whole = image(finding())
    assert redacted_report(whole, ()) is whole
    assert redacted_report(whole, ENV) is whole
