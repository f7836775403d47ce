"""Builds the incident's system, shows it green, then broken in each of the ways of that night, each named.

Usage: demo_start.py BASE_IMAGE
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

EXAMPLE = Path(__file__).parents[1] / "examples" / "netra"
PARTS = ("backend", "auth", "frontend", "database")
KEPT = "!netra_backend/app/services/monitoring/\n!netra_backend/app/monitoring/\n"
"""What lets in again what a line of the backend's .dockerignore leaves out."""

LOCAL = "uvicorn netra_backend.app.main:app --host 127.0.0.1 --port 8080"


class Breakage(NamedTuple):
    """One way to break the system: in importguard.toml, and in an image that is made from a part of it.

    ``rule`` and ``words`` are what has to be found; without a rule, the words stand in the report's error.
    """

    title: str
    rule: str
    words: str
    changes: Sequence[tuple[str, str]] = ()
    part: str = ""
    lines: str = ""
    options: Sequence[str] = ()


BREAKAGES = (
    Breakage(
        "a line of .dockerignore (started anyway)",
        "IG501",
        ".dockerignore",
        [("importguard-demo-backend", "importguard-demo-broken")],
        options=["--start-anyway"],
    ),
    Breakage(
        "the backend listens on 127.0.0.1",
        "IG502",
        "127.0.0.1:8080",
        [
            (
                'reference = "importguard-demo-backend"',
                f'reference = "importguard-demo-backend"\ncommand = ["{LOCAL}"]',
            )
        ],
    ),
    Breakage(
        "the WebSocket's route is gone",
        "IG504",
        "answered 403",
        part="backend",
        lines="RUN sed -i s,/ws,/chat, netra_backend/app/routes/agents.py",
    ),
    Breakage(
        "the auth service signs with another secret",
        "IG510",
        "test_the_agent_answers_who_is_logged_in",
        [('demo-auth"\nenv = ["TOKEN_SECRET=check"]', 'demo-auth"\nenv = ["TOKEN_SECRET=other"]')],
    ),
    Breakage(
        "the frontend lacks a script",
        "IG503",
        "/chat.js, which the page needs: is answered 404",
        part="frontend",
        lines="RUN rm /srv/site/chat.js",
    ),
    Breakage(
        "the database is absent",
        "",
        "it needs db",
        [('ready = "', 'command = "sleep 600"\ntimeout = "5s"\nready = "')],
    ),
)


def build(context: Path, tag: str, base: str) -> None:
    """Build an image; the host's network is for Debian's packages."""
    line = [
        "docker",
        "build",
        "-q",
        "--network",
        "host",
        "--build-arg",
        f"BASE={base}",
        "-t",
        tag,
        str(context),
    ]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)


def build_all(folder: Path, base: str) -> None:
    """Build every part of the system; the backend as it is, and as it should be."""
    build(folder / "backend", "importguard-demo-broken", base)
    whole = shutil.copytree(folder, folder.with_name("whole"))
    with (whole / "backend" / ".dockerignore").open("a") as ignored:
        ignored.write(KEPT)
    for part in PARTS:
        build(whole / part, f"importguard-demo-{part}", base)


def check(folder: Path, options: Sequence[str] = ()) -> tuple[int, dict]:
    """Check and start the system in ``folder``; give the exit code and the report."""
    journey = ["--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/e2e"]
    report = folder / "report.json"
    line = [sys.executable, "-m", "importguard", "check", "--all", "--start", "--pull", "never"]
    done = subprocess.run([*line, "-o", f"json={report}", *options, *journey], cwd=folder, check=False)
    return done.returncode, json.loads(report.read_text())


def broken(breakage: Breakage, folder: Path) -> None:
    """Break the system in ``folder``."""
    settings = folder / "importguard.toml"
    text = settings.read_text()
    changes = [*breakage.changes]
    if breakage.part:
        name = f"importguard-demo-{breakage.part}"
        made = f"FROM {name}\n{breakage.lines}\n".encode()
        tag = f"{name}-broken"
        subprocess.run(
            ["docker", "build", "-q", "-t", tag, "-"], input=made, check=True, stdout=subprocess.DEVNULL
        )
        changes += [(f'"{name}"', f'"{tag}"')]
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    settings.write_text(text)


def missed(breakage: Optional[Breakage], code: int, report: dict) -> str:
    """What is not as expected; empty when all is."""
    findings = [finding for image in report["images"] for finding in image["findings"]]
    errors = [image["error"] for image in report["images"] if image["error"]]
    if breakage is None:
        return "" if code == 0 and not findings and not errors else f"exit code {code}, {findings}, {errors}"
    told = [one for one in findings if breakage.rule in _rules(one)]
    found = [json.dumps(one) for one in told] if breakage.rule else errors
    if code and any(breakage.words in one for one in found):
        return ""
    return f"exit code {code}, and nothing of {breakage.rule} says {breakage.words!r}: {findings} {errors}"


def _rules(finding: dict) -> set[str]:
    """The rule of a finding, and those of what the start showed of its cause."""
    return {finding["rule"], *(symptom["rule"] for symptom in finding["symptoms"])}


def main(base: str) -> int:
    """0 where the whole system is green, and each breakage is named."""
    with tempfile.TemporaryDirectory() as temporary:
        sound = Path(temporary) / "netra"
        shutil.copytree(EXAMPLE, sound)
        build_all(sound, base)
        wrong = []
        for number, breakage in enumerate((None, *BREAKAGES)):
            title = breakage.title if breakage else "the whole system"
            print(f"\n\033[1m==> {title}\033[0m", flush=True)
            folder = sound
            if breakage is not None:
                folder = Path(temporary) / f"broken-{number}"
                shutil.copytree(sound, folder, ignore=shutil.ignore_patterns("wheels", "report.json"))
                broken(breakage, folder)
            why = missed(breakage, *check(folder, breakage.options if breakage else ()))
            wrong += [f"{title}: {why}"] if why else []
    for line in wrong:
        print(re.sub(r"\s+", " ", line), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
