"""Where COPY puts the files of a context."""

from __future__ import annotations

from importguard.source.dockerfile.parser import parse_dockerfile
from importguard.source.dockerfile.placement import place_files

FILES = ("main.py", "src/shop/__init__.py", "src/shop/api.py", "tests/test_api.py")


def placed(text: str) -> dict[str, tuple[str, int]]:
    dockerfile = parse_dockerfile(text, "Dockerfile")
    found = place_files(dockerfile, FILES)
    return {one.path: (one.destination, one.line) for one in found if one.stage == dockerfile.final}


def test_a_folder_gives_its_contents_and_a_file_its_name():
    assert placed("FROM x\nWORKDIR /app\nCOPY src .\nCOPY main.py tests/* lib/\n") == {
        "src/shop/__init__.py": ("/app/shop/__init__.py", 3),
        "src/shop/api.py": ("/app/shop/api.py", 3),
        "main.py": ("/app/lib/main.py", 4),
        "tests/test_api.py": ("/app/lib/test_api.py", 4),
    }


def test_a_file_goes_into_a_folder_that_is_there_and_else_gets_the_name():
    assert placed("FROM x\nCOPY main.py /opt\n") == {"main.py": ("/opt/main.py", 2)}
    assert placed("FROM scratch\nCOPY main.py /opt\n") == {"main.py": ("/opt", 2)}
    assert placed("FROM x\nRUN mkdir -p /new/inner\nCOPY main.py /new\n") == {"main.py": ("/new/main.py", 3)}
    known = "FROM public.ecr.aws/lambda/python:3.12\nCOPY main.py ${LAMBDA_TASK_ROOT}\n"
    assert placed(known) == {"main.py": ("/var/task/main.py", 2)}
    assert placed("FROM x\nCOPY main.py /new/app.py\n") == {"main.py": ("/new/app.py", 2)}


def test_the_line_into_the_final_stage_and_the_first_one():
    dockerfile = parse_dockerfile(
        "FROM x AS a\nCOPY src /src\nFROM x AS b\nCOPY --from=a /src/shop /app/shop\nFROM b\n", "Dockerfile"
    )
    found = [one for one in place_files(dockerfile, FILES) if one.path == "src/shop/api.py"]
    assert [(one.stage, one.destination, one.line, one.first_line) for one in found] == [
        (0, "/src/shop/api.py", 2, None),
        (1, "/app/shop/api.py", 4, 2),
        (2, "/app/shop/api.py", 4, 2),
    ]


def test_what_is_not_resolved_brings_nothing():
    assert placed("FROM x\nCOPY $WHAT /app/\n") == {}
    assert placed("FROM x\nCOPY --from=other:1 main.py /app/\n") == {}


def test_excludes_and_parents():
    assert placed("FROM x\nCOPY --exclude=shop/a* src /a\nCOPY --exclude=*.py main.py /a/\n") == {
        "src/shop/__init__.py": ("/a/shop/__init__.py", 2)
    }
    assert set(placed("FROM x\nCOPY --parents src/shop main.py /a/\n").values()) == {
        ("/a/src/shop/__init__.py", 2),
        ("/a/src/shop/api.py", 2),
        ("/a/main.py", 2),
    }
    assert placed("FROM x\nCOPY --parents src/./shop/api.py /a/\n") == {
        "src/shop/api.py": ("/a/shop/api.py", 2)
    }


def test_a_source_that_is_not_there_brings_nothing():
    assert placed("FROM x\nCOPY nothing [ /a/\n") == {}


def test_two_slashes_at_the_front_are_one():
    assert placed("FROM x\nWORKDIR //app\nCOPY main.py .\nCOPY src //lib\n") == {
        "main.py": ("/app/main.py", 3),
        "src/shop/__init__.py": ("/lib/shop/__init__.py", 4),
        "src/shop/api.py": ("/lib/shop/api.py", 4),
    }
