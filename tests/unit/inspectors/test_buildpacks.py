"""What the launcher of buildpacks starts, by the image's label, and how it starts the probe."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from importguard.engines.base import Image
from importguard.inspectors.buildpacks import METADATA_LABEL, image_as_launched, launched_command

PROBE = ("python3", "-c", "print('it')")


def image(process: Any, entrypoint: str = "/cnb/process/web", *cmd: str, env: tuple[str, ...] = ()) -> Image:
    label = json.dumps({"processes": [{"type": "worker", "command": "celery"}, process]})
    labels = (("maintainer", "x"), (METADATA_LABEL, label))
    return Image("shop", "sha256:0", "linux/amd64", (entrypoint,), cmd, env, labels=labels)


@pytest.mark.parametrize(
    ("process", "cmd", "words"),
    [
        ({"command": ["gunicorn", "-b"], "args": [":80"], "direct": True}, (), "gunicorn -b :80"),
        ({"command": ["gunicorn", "-b"], "args": [":80"], "direct": True}, (":81",), "gunicorn -b :81"),
        ({"command": "gunicorn", "args": ["app:app"], "direct": True}, (), "gunicorn app:app"),
        ({"command": "gunicorn app:app", "args": None}, (), "bash -c gunicorn app:app"),
        ({"command": "gunicorn", "args": [":$PORT"]}, ("a:b",), 'bash -c "gunicorn" ":$PORT" "a:b"'),
    ],
)
def test_the_process_of_the_label_is_the_command(process: Any, cmd: tuple[str, ...], words: str) -> None:
    launched = image_as_launched(image({"type": "web", **process}, "/cnb/process/web", *cmd))
    assert (" ".join(launched.entrypoint), launched.cmd, launched.workdir) == (words, (), "/workspace")


def test_the_probe_is_started_as_the_process_is() -> None:
    direct = image({"type": "web", "command": ["gunicorn"], "direct": True})
    assert launched_command(direct, PROBE) == ["/cnb/lifecycle/launcher", "--", *PROBE]
    by_shell = image({"type": "web", "command": ["gunicorn"], "direct": False})
    line = """exec python3 -c 'print('"'"'it'"'"')'"""
    assert launched_command(by_shell, PROBE) == ["/cnb/lifecycle/launcher", line]


def test_the_folder_is_the_process_s_or_the_application_s() -> None:
    process = {"type": "web", "command": ["gunicorn"], "direct": True}
    env = ("PATH=/bin", "CNB_APP_DIR=/srv")
    assert image_as_launched(image(process, env=env)).workdir == "/srv"
    assert image_as_launched(image({**process, "working-dir": "/srv/api"}, env=env)).workdir == "/srv/api"


def test_a_command_that_is_given_to_the_launcher() -> None:
    launcher = "/cnb/lifecycle/launcher"
    assert image_as_launched(image({}, launcher, "--", "python", "a.py")).entrypoint == ("python", "a.py")
    assert image_as_launched(image({}, launcher, "python a.py")).entrypoint == ("bash", "-c", "python a.py")


@pytest.mark.parametrize(
    "other",
    [
        image({"type": "web", "command": ["gunicorn"]}, "/usr/bin/gunicorn", "app:app"),
        image({"type": "task", "command": ["gunicorn"]}),
        image({"type": "web", "command": None}),
        image("web"),
        image({}, "/cnb/lifecycle/launcher"),
        image({}, "/cnb/lifecycle/launcher", "--"),
        replace(image({}), labels=((METADATA_LABEL, "[" * 9999),)),
        replace(image({}), labels=((METADATA_LABEL, "[]"),)),
        replace(image({}), labels=()),
    ],
)
def test_other_images_are_left_as_they_are(other: Image) -> None:
    assert image_as_launched(other) is other
    assert launched_command(other, PROBE) == list(PROBE)
