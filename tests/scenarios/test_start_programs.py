"""What ENTRYPOINT and CMD name: a program that nothing can start is found before anything starts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenarios.support import BASE, PREFIX, SITE, Result, check, docker

pytestmark = pytest.mark.usefixtures("docker_engine")

SCRIPT = '#!/bin/sh\nset -e\nexec "$@"\n'
COPY, START = "COPY --chmod=755 start.sh .\n", 'ENTRYPOINT ["./start.sh"]\n'
TOOL = f"RUN mkdir {SITE}/gunicorn {SITE}/gunicorn-1.dist-info && touch {SITE}/gunicorn/__init__.py \\\n"
TOOL += "    && printf 'Name: gunicorn\\nVersion: 1\\n' >"
TOOL += f"{SITE}/gunicorn-1.dist-info/METADATA \\\n    && echo gunicorn/__init__.py,, >"
TOOL += f"{SITE}/gunicorn-1.dist-info/RECORD\n"
BROKEN = {
    "ignored": (COPY, START, SCRIPT, "ignored"),
    "not copied": ("", START, SCRIPT, "not-copied"),
    "not executable": (COPY.replace("755", "644"), START, SCRIPT, "not-executable"),
    "carriage return": (COPY, START, SCRIPT.replace("\n", "\r\n"), "line-endings"),
    "no interpreter": (COPY, START, "#!/bin/zsh\n", "no-interpreter"),
    "no interpreter of env": (COPY, START, "#!/usr/bin/env zsh\n", "no-interpreter"),
    "no interpreter line": (COPY, START, 'exec "$@"\n', "no-interpreter"),
    "no wrapper": (COPY, 'ENTRYPOINT ["nowhere-init", "--"]\n', SCRIPT, "program-left-behind"),
    "behind a wrapper": ("", 'ENTRYPOINT ["nice", "./start.sh"]\n', SCRIPT, "not-copied"),
    "a shell's": ("", 'ENTRYPOINT ["sh", "start.sh"]\n', SCRIPT, "not-copied"),
    "a tool's": (TOOL, 'CMD ["gunicorn", "main:app"]\n', SCRIPT, "program-left-behind"),
    "a tool's in a line of shell": (TOOL, "CMD exec gunicorn main:app\n", SCRIPT, "program-left-behind"),
}
SOUND = {
    "a script": (COPY, START, SCRIPT),
    "a shell needs no mode": (COPY.replace("755", "644"), 'ENTRYPOINT ["sh", "start.sh"]\n', SCRIPT),
    "a wrapper has the shell run it": (COPY, 'ENTRYPOINT ["nice", "./start.sh"]\n', 'exec "$@"\n'),
    "env with options": (COPY, START, "#!/usr/bin/env -S sh -e\nexec python3 main.py\n"),
    "a link": (COPY + "RUN ln -s /app/start.sh /usr/bin/start\n", 'ENTRYPOINT ["start"]\n', SCRIPT),
    "a tool in a branch": (TOOL, 'CMD if [ -n "$WEB" ]; then gunicorn main:app; fi; python3 main.py\n', ""),
}


def test_a_configuration_file_that_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "gunicorn.py").write_text("bind = ':8080'\n")
    start = 'CMD ["gunicorn", "-c", "conf/gunicorn.py", "main:app"]\n'
    program = "RUN echo '#!/usr/bin/env python3' >/bin/gunicorn && chmod +x /bin/gunicorn\n"
    finding = checked(tmp_path, "configuration", TOOL + program + start, SCRIPT).finding("IG110")
    assert (finding["breaks_startup"], finding["diagnosis"]["cause"]) == (True, "not-copied")
    assert "/app/conf/gunicorn.py is not there" in finding["message"]


def checked(folder: Path, name: str, lines: str, script: str) -> Result:
    start = "" if "CMD" in lines else 'CMD ["python3", "main.py"]\n'
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nWORKDIR /app\nCOPY main.py .\n{lines}{start}")
    (folder / "main.py").write_text("app = 1\n")
    (folder / "start.sh").write_bytes(script.encode())
    (folder / ".dockerignore").write_text("*.sh\n" if name == "ignored" else "*.md\n")
    image = PREFIX + "start-program-" + name.replace(" ", "-").replace("'", "")
    if name == "ignored":  # A COPY of it alone fails the build; one of the folder does not.
        text = (folder / "Dockerfile").read_text().replace(COPY, "").replace("main.py .", ". .")
        (folder / "Dockerfile").write_text(text)
    docker("build", "-q", "-t", image, str(folder))
    return check(image, cwd=folder)


@pytest.mark.parametrize("name", BROKEN)
def test_a_program_that_cannot_be_started(tmp_path: Path, name: str) -> None:
    setup, start, script, cause = BROKEN[name]
    result = checked(tmp_path, name, setup + start, script)
    finding = result.finding("IG110")
    assert (result.code, finding["breaks_startup"]) == (1, True)
    assert finding["diagnosis"]["cause"] == cause, finding
    if cause == "ignored":
        assert finding["diagnosis"]["location"] == {"path": ".dockerignore", "line": 1}
    if name.startswith("a tool's"):
        assert "python -m gunicorn" in finding["diagnosis"]["remedy"]


def test_the_program_of_a_project_that_nothing_installs(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\nshop-web = "main:app"\n')
    finding = checked(tmp_path, "project", 'CMD ["shop-web"]\n', SCRIPT).finding("IG110")
    assert finding["diagnosis"]["cause"] == "project-not-installed"
    assert "pyproject.toml:2 defines" in finding["diagnosis"]["explanation"]


def test_the_program_of_an_environment_that_is_not_in_path(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\nshop-web = "shop:app"\n')
    environment = (
        "RUN python3 -m venv --without-pip /venv && cd /venv/lib/python3*/site-packages \\\n"
        "    && touch shop.py && mkdir shop-1.dist-info && echo shop.py,, >shop-1.dist-info/RECORD \\\n"
        "    && printf 'Name: shop\\nVersion: 1\\n' >shop-1.dist-info/METADATA\n"
    )
    result = checked(tmp_path, "environment", environment + 'CMD ["shop-web"]\n', SCRIPT)
    diagnosis = result.finding("IG110")["diagnosis"]
    assert (result.code, diagnosis["cause"]) == (1, "not-in-path")
    assert diagnosis["change"] == 'ENV PATH="/venv/bin:$PATH"'


def test_a_program_is_missing_where_no_module_is_the_applications(tmp_path: Path) -> None:
    """Nothing of the project was copied or installed: the program tells why, and the check is no pass."""
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\nshop-web = "main:app"\n')
    (tmp_path / "Dockerfile").write_text(f'FROM {BASE}\nWORKDIR /srv\nCMD ["shop-web"]\n')
    docker("build", "-q", "-t", PREFIX + "start-program-alone", str(tmp_path))
    result = check(PREFIX + "start-program-alone", cwd=tmp_path)
    assert result.code == 1
    assert result.finding("IG110")["diagnosis"]["cause"] == "project-not-installed"
    assert "no module of the application was found" in result.image["error"]


@pytest.mark.parametrize("name", SOUND)
def test_a_program_that_can_be_started(tmp_path: Path, name: str) -> None:
    setup, start, script = SOUND[name]
    result = checked(tmp_path, name, setup + start, script)
    assert (result.code, result.findings) == (0, []), result.findings


def test_with_start_nothing_is_started(tmp_path: Path) -> None:
    checked(tmp_path, "with start", START, SCRIPT)
    image = PREFIX + "start-program-with-start"
    result = check(image, "--start", cwd=tmp_path)
    assert {finding["rule"] for finding in result.findings} == {"IG110"}
    assert "./start.sh cannot be started" in result.image["start"]["skipped"]
    assert {finding["rule"] for finding in check(image, "--start", "--start-anyway").findings} == {
        "IG110",
        "IG508",
    }
