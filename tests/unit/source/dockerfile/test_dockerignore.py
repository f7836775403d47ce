"""Which line of .dockerignore leaves a file out, and what lets it in again."""

from __future__ import annotations

import pytest

from importguard.source.dockerfile.dockerignore import (
    Ignore,
    PatternError,
    ignore_file_names,
    ignored_files,
    read_patterns,
)

FILES = (
    "main.py",
    "shop/__init__.py",
    "shop/monitoring/__init__.py",
    "shop/monitoring/metrics.py",
    "shop/services/monitoring/api.py",
    "tests/test_shop.py",
)


def left_out(text: str, files: tuple[str, ...] = FILES) -> dict[str, tuple[int, str]]:
    found = ignored_files(files, read_patterns(text), ".dockerignore")
    return {item.path: (item.rule.line, item.exception) for item in found}


def test_the_line_as_written_and_the_exception_for_the_folder():
    (first, *_) = ignored_files(FILES, read_patterns("# a comment\n\n  **/monitoring/ \n"), ".dockerignore")
    assert first.path == "shop/monitoring/__init__.py"
    assert (first.rule.path, first.rule.line, first.rule.text) == (".dockerignore", 3, "**/monitoring/")
    assert first.exception == "!shop/monitoring/"


def test_the_highest_folder_that_is_left_out_whole():
    assert left_out("shop\n") == {path: (1, "!shop/") for path in FILES if path.startswith("shop/")}


def test_a_file_that_is_left_out_alone():
    assert left_out("shop/__init__.py\n") == {"shop/__init__.py": (1, "!shop/__init__.py")}


def test_an_exception_for_the_folder_that_would_do_nothing_is_not_told():
    assert left_out("**/monitoring/**\n")["shop/monitoring/metrics.py"] == (1, "!shop/monitoring/**")


def test_the_line_after_the_last_exception_counts():
    text = "shop\n!shop/monitoring\nshop/monitoring/metrics.py\n"
    assert left_out(text)["shop/monitoring/metrics.py"] == (3, "!shop/monitoring/metrics.py")
    assert "shop/monitoring/__init__.py" not in left_out(text)


def test_characters_that_mean_something_are_escaped():
    assert left_out("a*\n", ("a[1]/b.py",)) == {"a[1]/b.py": (1, "!a\\[1\\]/")}


@pytest.mark.parametrize(
    ("text", "narrowed"),
    [
        ("**/bot\n", "/bot"),
        ("**/bot/\n", "/bot"),
        ("**/bot\ncore\n", ""),  # another line leaves it out too
        ("**/handlers\n", ""),  # nothing of that name is at the top
        ("core/bot\n", ""),
    ],
)
def test_a_pattern_is_narrowed_to_the_folder_at_the_top(text: str, narrowed: str) -> None:
    files = ("bot/run.py", "core/bot/handlers/start.py")
    found = ignored_files(files, read_patterns(text), ".dockerignore")
    assert [one.narrowed for one in found if one.path == files[1]] == [narrowed]


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ("**/.env\n**/bot\n", ("**/.env",)),
        ("**/bot\n**/.env\n**/*.pem\n**/.env\n", ("**/.env", "**/*.pem")),
        ("core/bot/handlers/secrets.yaml\n**/bot\n", ("core/bot/handlers/secrets.yaml",)),
        ("**/bot\n.env\nbot/.env\n**/__pycache__\n**/.envrc\n", ()),  # no secret is let in
        ("**/.env\n!**/.env\n**/bot\n", ()),  # it was let in before
    ],
)
def test_what_is_secret_stays_out_of_a_folder_that_is_let_in_again(
    text: str, repeated: tuple[str, ...]
) -> None:
    files = ("core/bot/handlers/start.py", "core/bot/__init__.py")
    (first, second) = ignored_files((*files, "core/__init__.py"), read_patterns(text), ".dockerignore")
    assert (first.exception, first.repeated, second.repeated) == ("!core/bot/", repeated, repeated)
    mended = Ignore(read_patterns(text + "\n" + "\n".join(first.lines_to_add)))
    assert [mended.excluding_pattern(path) for path in files] == [None, None]
    if "**/.env" in repeated:
        assert mended.excluding_pattern("core/bot/.env") is not None
        assert "'!core/bot/' and, below it once more, '**/.env'" in first.addition


def test_a_folder_that_no_exception_reaches_is_not_entered():
    ignore = Ignore(read_patterns("a\n!a/b\n"))
    assert ignore.excluding_pattern("a/b/c.py") is None
    assert ignore.excluding_pattern("a/c/c.py") is not None


def test_the_byte_order_mark_and_windows_line_ends_are_no_part_of_a_pattern():
    assert set(left_out("\ufeffmain.py\r\ntests\r\n")) == {"main.py", "tests/test_shop.py"}


def test_an_error_names_its_line():
    with pytest.raises(PatternError, match=r"line 2: '\[a': syntax error in pattern"):
        read_patterns("a\n[a\n")
    with pytest.raises(PatternError, match=r"line 1: .* too long"):
        read_patterns("a" * 65536)


def test_the_dockerfile_s_own_file_comes_first():
    assert ignore_file_names("deploy/web.Dockerfile") == (
        "deploy/web.Dockerfile.dockerignore",
        ".dockerignore",
    )


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("[[:digit:]]", "7"),
        ("[[:^digit:]]", "a"),
        ("[&~|]", "&"),
        ("\\d", "7"),
        ("^a", "^a"),
        ("**a", "b/ba"),
    ],
)
def test_the_odd_patterns_match_as_in_go(pattern, path):
    assert Ignore(read_patterns(pattern)).excluding_pattern(path) is not None
