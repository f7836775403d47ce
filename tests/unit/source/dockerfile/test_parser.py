"""What a Dockerfile says: stages, COPY lines and installs, each with its own line."""

from __future__ import annotations

from typing import Any

import pytest

from importguard.source.dockerfile.parser import DockerfileError, parse_dockerfile
from importguard.source.dockerfile_model import BaseImage, Copy, Dockerfile, Install


def read(text: str, **more: Any) -> Dockerfile:
    return parse_dockerfile(text, "Dockerfile", **more)


def copy(line: str, before: str = "") -> Copy:
    (found,) = read(f"FROM x AS one\n{before}FROM x\n{before}{line}\n").copies
    return found


def install(command: str, before: str = "") -> Install:
    (found,) = read(f"FROM x\nWORKDIR /app\n{before}RUN {command}\n").installs
    return found


def test_stages_end_with_what_they_and_those_that_they_are_from_set():
    first, second = read(
        "ARG V=3.13\nFROM python:${V} AS Base\nENV A=1 B='two words'\nWORKDIR /srv\nUSER app\n"
        "FROM base\nENV A=2$A\nWORKDIR inner\n"
    ).stages
    assert (first.name, first.base, first.parent, first.line) == ("Base", "python:3.13", None, 2)
    assert (second.base, second.parent, second.line) == ("base", 0, 6)
    assert dict(second.env) == {"A": "21", "B": "two words"}
    assert dict(second.env_lines) == {"A": 7, "B": 3}
    assert (second.workdir, second.workdir_line, second.user, second.user_line) == ("/srv/inner", 8, "app", 5)


def test_the_stage_that_is_built():
    text = "FROM a AS one\nFROM b AS two\nFROM c\n"
    assert read(text).final == 2
    assert read(text, target="ONE").final == 0
    assert read(text, target="1").final == 1
    with pytest.raises(DockerfileError, match="Dockerfile has no stage three"):
        read(text, target="three")
    with pytest.raises(DockerfileError, match="Dockerfile has no FROM"):
        read("RUN x\n")


def test_build_arguments_replace_defaults_and_env_replaces_both():
    text = "FROM x\nARG A=default\nARG B\nCOPY a $A/$B/\nENV A=/env\nCOPY a $A/\n"
    assert [one.destination for one in read(text).copies] == ["/default/", "/env/"]
    assert [one.destination for one in read(text, build_args=("A=/given", "B=b")).copies] == [
        "/given/b/",
        "/env/",
    ]


def test_an_argument_from_before_the_first_stage():
    text = "ARG A=/a\nFROM x\nCOPY f $A/\nARG A\nCOPY f $A/\n"
    unknown, known = read(text).copies
    assert (unknown.resolved, known.resolved, known.destination) == (False, True, "/a/")


@pytest.mark.parametrize(
    ("lines", "destination"),
    [
        ("FROM base\nCOPY f /$A/", "/parent/"),
        ("FROM base\nARG A\nCOPY f /$A/", "/parent/"),
        ("FROM base\nARG A=own\nCOPY f /$A/", "/own/"),
        ("FROM base\nARG G\nCOPY f /$G/", "/global/"),
        ("FROM base AS next\nFROM next\nCOPY f /$A/$G/", "/parent/stage/"),
        ("FROM base\nENV A=env\nARG A\nCOPY f /$A/", "/env/"),
        ("FROM base\nENV A=env\nARG A=later\nCOPY f /$A/", "/later/"),
    ],
)
def test_a_stage_has_the_arguments_of_the_one_that_it_is_from(lines, destination):
    # Each as BuildKit built it.
    text = f"ARG G=global\nFROM x AS base\nARG A=parent\nARG A\nARG G=stage\n{lines}\n"
    (copy,) = read(text).copies
    assert (copy.resolved, copy.destination) == (True, destination)
    assert read(text, build_args=("A=given",)).copies[0].resolved


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("${A}", "abcabc"),
        ("${A:-x}", "abcabc"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${A:+x}", "x"),
        ("${EMPTY:+x}", ""),
        ("${NO:-x}", "x"),
        ("${A#a}", "bcabc"),
        ("${A##*b}", "c"),
        ("${A%c}", "abcab"),
        ("${A%%b*}", "a"),
        ("${A/b/_}", "a_cabc"),
        ("${A//b/_}", "a_ca_c"),
        ("'$A'", "$A"),
        ('"$A"', "abcabc"),
        ("\\$A", "$A"),
        ("${EMPTY:-${A}}", "abcabc"),
    ],
)
def test_variables(word, value):
    (stage,) = read(f"FROM x\nENV A=abcabc EMPTY=\nENV FOUND={word}\n").stages
    assert stage.env["FOUND"] == value


def test_what_the_base_image_sets_is_not_known():
    text = "FROM x\nENV P=$PATH:/a\nCOPY a $P/\nCOPY a ${TARGETARCH}/\nARG TARGETARCH\nCOPY a $TARGETARCH/\n"
    assert read(text).stages[0].env["P"] == "$PATH:/a"
    assert [one.resolved for one in read(text).copies] == [False, False, False]


def test_continuations_comments_and_directives():
    text = (
        "# syntax=docker/dockerfile:1\n# escape=`\nFROM x\n"
        "COPY a `\n  # a comment\n\n     b `\n  /c/\nENV A=`$B C=\\d\n"
    )
    dockerfile = read(text)
    (found,) = dockerfile.copies
    assert (found.sources, found.destination, found.line) == (("a", "b"), "/c/", 4)
    lines = [(instruction.keyword, instruction.line) for instruction in dockerfile.instructions]
    assert lines == [("FROM", 3), ("COPY", 4), ("ENV", 9)]
    assert dict(dockerfile.stages[0].env) == {"A": "$B", "C": "\\d"}


@pytest.mark.parametrize(
    ("line", "sources", "destination"),
    [
        ("COPY a b", ("a",), "/app/b"),
        ("COPY a .", ("a",), "/app/"),
        ("COPY a ../b/", ("a",), "/b/"),
        ("COPY a b /c", ("a", "b"), "/c/"),
        ('COPY ["a b", "/c"]', ("a b",), "/c"),
        ('COPY "a b" /c', ("a b",), "/c"),
        ("copy --chown=1:2 --chmod=755 a /", ("a",), "/"),
        ("ADD a* /c", ("a*",), "/c"),
    ],
)
def test_copy(line, sources, destination):
    found = copy(line, "WORKDIR /app\n")
    assert (found.sources, found.destination, found.resolved) == (sources, destination, True)


def test_where_a_copy_takes_its_files_from():
    assert copy("COPY --from=one a b").from_stage == 0
    assert copy("COPY --from=0 a b").from_stage == 0
    assert copy("COPY --from=nginx:1 a b").from_image == "nginx:1"
    assert copy("COPY a b").from_stage is None


@pytest.mark.parametrize(
    "line", ["ADD https://example.org/a /a", "ADD a.tar.gz /a", "COPY <<EOF /a\ntext\nEOF", "COPY $A /a"]
)
def test_what_such_a_copy_brings_can_t_be_told(line):
    assert not copy(line).resolved


def test_flags_that_choose():
    found = copy("COPY --parents --link --exclude=*.md --exclude=tests a /b/")
    assert (found.parents, found.link, found.excludes) == (True, True, ("*.md", "tests"))


def test_a_heredoc_is_no_instruction():
    text = "FROM x\nCOPY <<-'ONE' <<TWO /a/\n\tCOPY b /b\n\tONE\nCOPY c /c\nTWO\nCOPY d /d\n"
    assert [one.line for one in read(text).copies] == [2, 7]


def test_an_install_has_its_own_line():
    found = read(
        "FROM x\nRUN apt-get update \\\n && apt-get install -y \\\n      libpq5 \\\n"
        "  # why\n && pip install a; pip3.11 install b\n"
    ).installs
    assert [(one.tool, one.line, one.packages, one.interpreter) for one in found] == [
        ("apt", 3, ("libpq5",), None),
        ("pip", 6, ("a",), None),
        ("pip", 6, ("b",), "python3.11"),
    ]


def test_installs_of_a_script():
    found = read("FROM x\nRUN <<EOF\nset -e\nif true; then\n  pip install a\nfi\nEOF\n").installs
    assert [(one.line, one.packages) for one in found] == [(5, ("a",))]
    (found_one,) = read('FROM x\nRUN ["sh", "-c", "pip install a"]\n').installs
    assert found_one.packages == ("a",)


def test_what_pip_is_asked_for():
    found = install(
        'pip install --no-cache-dir -i https://x -r requirements/base.txt -c limits.txt "fastapi[all]>=0.1" '
        "-e .[dev,test] ./libs/common --target /deps 'a @ https://x/a.whl' > /dev/null"
    )
    assert found.packages == ("fastapi[all]>=0.1", "a @ https://x/a.whl")
    assert found.files == ("/app/requirements/base.txt",)
    assert found.locals == ("/app/libs/common", "/app")
    assert found.editable == ("/app",)
    assert found.groups == ("dev", "test")
    assert found.target == "/deps"


@pytest.mark.parametrize(
    ("command", "interpreter"),
    [
        ("/opt/venv/bin/pip install a", "/opt/venv"),
        ("/opt/venv/bin/python -m pip install a", "/opt/venv"),
        ("python3.12 -m pip install a", "python3.12"),
        (". /opt/venv/bin/activate && pip install a", "/opt/venv"),
        ("uv pip install --python /x a", "/x"),
        ("sudo -H PIP_X=1 pip install a", None),
        ('python3 "$(echo /wheels/pip-*.whl)/pip" --python /v/bin/python install a', "/v/bin/python"),
    ],
)
def test_which_environment_an_install_is_for(command, interpreter):
    found = install(command)
    assert (found.packages, found.interpreter) == (("a",), interpreter)


def test_the_environment_of_variables():
    assert install("pip install a", "ENV PATH=/opt/venv/bin:$PATH\n").interpreter == "/opt/venv"
    assert install("pip install a", "ENV VIRTUAL_ENV=/v\n").interpreter == "/v"
    assert install("pip install a", "ENV PATH=/usr/local/bin:$PATH\n").interpreter is None


def test_a_bind_mount_is_named_by_its_path_in_the_context():
    found = install("--mount=type=bind,source=deploy/r.txt,target=/tmp/r.txt pip install -r /tmp/r.txt")
    assert found.files == ("deploy/r.txt",)
    found = install("--mount=type=bind,target=/src,rw cd /src && pip install -r a/r.txt")
    assert found.files == ("a/r.txt",)


@pytest.mark.parametrize(
    ("options", "folder"), [("", "/srv"), ("-w wheels", "/srv/wheels"), ("--wheel-dir=/w", "/w")]
)
def test_wheels_are_built_into_a_folder(options, folder):
    (found,) = read(f"FROM x\nWORKDIR /srv\nRUN pip wheel {options} -r needs.txt gunicorn .\n").installs
    assert (found.files, found.packages, found.locals) == (("/srv/needs.txt",), ("gunicorn",), ("/srv",))
    assert found.target == folder


@pytest.mark.parametrize(
    ("command", "tool", "main_only", "groups", "has_project"),
    [
        ("uv sync --frozen --no-dev --extra web", "uv", True, ("web",), True),
        ("uv sync --no-install-project", "uv", False, (), False),
        ("poetry install --only main --no-root", "poetry", True, (), False),
        ("poetry install --without dev,docs --with web", "poetry", True, ("web",), True),
        ("pdm install --prod -G web", "pdm", True, ("web",), True),
        ("pipenv install --deploy --system", "pipenv", True, (), False),
        ("pipenv install --dev", "pipenv", False, (), False),
        ("uv sync --all-extras", "uv", False, ("*",), True),
    ],
)
def test_tools_that_install_a_project(command, tool, main_only, groups, has_project):
    found = install(command)
    assert (found.tool, found.main_only, found.groups) == (tool, main_only, groups)
    assert bool(found.locals) == has_project
    assert found.files[0] in ("/app/pyproject.toml", "/app/Pipfile")


def test_other_installers():
    assert install("apk add --no-cache --virtual .deps gcc git").packages == ("gcc", "git")
    found = install("mamba env update -n base -f env.yml")
    assert (found.tool, found.files, found.interpreter) == ("conda", ("/app/env.yml",), "base")


@pytest.mark.parametrize(
    "command", ["pip --version", "pip download a", "echo pip install a", "uv lock", "apt-get update"]
)
def test_what_is_no_install(command):
    assert read(f"FROM x\nRUN {command}\n").installs == ()


@pytest.mark.parametrize(
    "text", ["FROM x\nRUN 'a\n", "FROM x\nRUN \\\n", "FROM x\nCOPY a\n", "FROM x\nENV\n", "FROM\n"]
)
def test_what_no_builder_takes_is_read_without_an_error(text):
    assert read(text).copies == ()


def test_what_is_known_of_a_base_image() -> None:
    text = "FROM public.ecr.aws/lambda/python:3.12\nCOPY app.py ${LAMBDA_TASK_ROOT}/\nCOPY b.py ./\n"
    found = parse_dockerfile(text, "Dockerfile")
    assert [(copy.destination, copy.resolved) for copy in found.copies] == [("/var/task/", True)] * 2
    base = BaseImage("company/python", "/srv", ("APP_HOME=/opt/app",))
    text = "FROM other\nCOPY a .\nFROM company/python\nCOPY a .\nCOPY b $APP_HOME/b\nENV X=$APP_HOME/x\n"
    found = parse_dockerfile(text, "Dockerfile", base=base)
    assert [copy.destination for copy in found.copies] == ["/", "/srv/", "/opt/app/b"]
    assert found.stages[1].env == {"X": "/opt/app/x"}
