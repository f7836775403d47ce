"""``check --build``: what builds, what is said when it does not, and the incident that it is all about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scenarios.support import BASE, Result, docker, importguard

PLAIN = f"FROM {BASE}\nCOPY . /srv\nWORKDIR /srv\n"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build context with a package that a ``.dockerignore`` can spoil."""
    files = {
        "Dockerfile": PLAIN,
        "app/__init__.py": "",
        "app/main.py": "from app.services.monitoring import metrics\n",
        "app/services/__init__.py": "",
        "app/services/monitoring/__init__.py": "metrics = 1\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def built(*options: str) -> Result:
    """``importguard check --build … --format json``."""
    return importguard("check", "--build", *options, "--format", "json", timeout=300)


def test_a_good_context(context: Path) -> None:
    result = built(str(context))
    assert result.code == 0, result.err
    assert json.loads(result.out)["images"][0]["summary"]["failed"] == 0


def test_a_line_in_dockerignore(context: Path) -> None:
    (context / ".dockerignore").write_text("**/monitoring/\n")
    result = built(str(context))
    assert result.code == 1
    assert result.finding("IG101")["missing"] == "app.services.monitoring"


def test_a_tag(context: Path) -> None:
    tag = "importguard-test-tagged:one"
    try:
        result = built(str(context), "--tag", tag)
        assert result.code == 0
        assert result.image["image"]["reference"] == tag
        assert docker("images", "-q", tag)
    finally:
        docker("rmi", "-f", tag, check=False)


def test_target_argument_and_file(context: Path) -> None:
    (context / "Dockerfile").unlink()
    lines = (
        f"ARG WHERE=/nowhere\nFROM {BASE} AS good\nARG WHERE\nCOPY app $WHERE/app\nWORKDIR $WHERE\n"
        "FROM good AS bad\nRUN rm -r app/services\n"
    )
    (context / "Other.dockerfile").write_text(lines)
    options = ("-f", str(context / "Other.dockerfile"), "--build-arg", "WHERE=/elsewhere")
    good = built(str(context), *options, "--target", "good")
    assert good.code == 0
    assert good.image["import_path"][0] == "/elsewhere"
    assert built(str(context), *options, "--target", "bad").code == 1


def test_mounts(context: Path) -> None:
    """The classic builder refuses them."""
    (context / "Dockerfile").write_text(PLAIN + "RUN --mount=type=cache,target=/cache touch /cache/x\n")
    assert built(str(context)).code == 0


def test_a_step_that_fails(context: Path) -> None:
    """Exit code 3, with the step and its last lines."""
    (context / "Dockerfile").write_text(PLAIN + "RUN echo first words && echo last words >&2 && exit 9\n")
    result = built(str(context))
    assert result.code == 3
    assert "RUN echo first words" in result.said
    assert "last words" in result.said
    assert "exit code: 9" in result.said
    assert "Traceback" not in result.said


def test_a_base_that_cannot_be_had(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM importguard-test-no-such-base:nowhere\n")
    result = built(str(context))
    assert result.code == 3
    assert "importguard-test-no-such-base" in result.said


def test_a_dockerfile_that_is_wrong(context: Path) -> None:
    (context / "Dockerfile").write_text(f"FROM {BASE}\nRUNN nothing\n")
    result = built(str(context))
    assert result.code == 3
    assert "RUNN" in result.said


def test_no_dockerfile(context: Path) -> None:
    (context / "Dockerfile").unlink()
    result = built(str(context))
    assert result.code in (2, 3)
    assert "Dockerfile" in result.err
    assert "Traceback" not in result.err


def test_no_context(tmp_path: Path) -> None:
    result = built(str(tmp_path / "nowhere"))
    assert result.code in (2, 3)
    assert "nowhere" in result.err


def test_nothing_asked_for() -> None:
    assert importguard("check").code == 2


def test_only_the_report_goes_to_standard_output(context: Path) -> None:
    result = built(str(context))
    json.loads(result.out)
    assert result.err.strip(), "progress belongs to standard error"
