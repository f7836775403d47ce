"""What .dockerignore keeps out of a build: the reader against the real builder, file for file."""

from __future__ import annotations

import subprocess

import pytest
from scenarios.ignore_cases import AT_ONCE, Case, build, cases, write

from importguard.source.dockerfile.dockerignore import Ignore, PatternError, ignored_files, read_patterns

pytestmark = pytest.mark.usefixtures("docker_engine")

COUNT = 540


def kept(case: Case) -> set[str]:
    ignore = Ignore(read_patterns(case.text))
    return {path for path in case.files if ignore.excluding_pattern(path) is None}


@pytest.mark.parametrize("seed", range(COUNT // AT_ONCE))
def test_the_same_files_as_the_builder(tmp_path, seed):
    generated = cases(AT_ONCE, seed)
    different = [
        (case.text, sorted(kept(case) ^ found))
        for case, found in zip(generated, build(tmp_path, generated))
        if kept(case) != found
    ]
    assert different == []


def test_the_exceptions_let_the_files_in_again(tmp_path):
    generated, wanted = [], []
    for case in cases(400, seed=1000):
        for item in ignored_files(case.files, read_patterns(case.text), ".dockerignore")[:1]:
            separator = "" if case.text.endswith("\n") else "\n"
            generated.append(Case(case.files, case.text + separator + item.exception + "\n"))
            wanted.append(item.path)
    generated = generated[:AT_ONCE]
    built = build(tmp_path, generated)
    assert [path for path, files in zip(wanted, built) if path not in files] == []


@pytest.mark.parametrize(
    "line", ["[a", "a[]", "[-a]", "[a-]", "a\\", "!", "[]a]", "[b-a]", "\\q*", "a[", "[^]", "\\é"]
)
def test_what_the_builder_refuses(tmp_path, line):
    with pytest.raises(PatternError):
        read_patterns(line)
    write(tmp_path, Case(("a.py", "b/a.py"), f"*.py\n{line}\n"))
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    done = subprocess.run(
        ["docker", "buildx", "build", "--output", "type=cacheonly", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    # What it says varies: a context that was not sent is sometimes reported as cancelled.
    assert done.returncode != 0
