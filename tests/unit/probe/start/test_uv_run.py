"""With which Python ``uv run`` starts a command: as uv 0.13 does it, tried with each of these."""

# ruff: noqa: F401, F811
from __future__ import annotations

import pytest
from unit.probe.start.test_command import Image, image

METADATA = """# /// script
# requires-python = ">=3.9"
# dependencies = [
#   "six",
# ]
# ///
import six
"""
PROJECT = '[project]\nname = "shop"\nversion = "1"\n'


def environment(image, path: str = ".venv") -> str:
    """A virtual environment below the application; its Python."""
    image.write(f"{path}/pyvenv.cfg", "home = /usr/bin")
    python = image.write(f"{path}/bin/python", "\x7fELF")
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize(
    ("command", "entries"),
    [
        ("uv run main.py", [("main", None)]),
        ("uv run --frozen --no-dev python -m a.b", [("a.b", None)]),
        ("uv run --no-sync -m a.b", [("a.b", None)]),
        ("uv run -m --quiet a.b", [("a.b", None)]),
        ("uv run --no-sync --index https://example.org/simple uvicorn a:app", [("a", "app")]),
        ("uv run -p3.12 -w six -- uvicorn a:app", [("a", "app")]),
        ("uv --color never run --group=web uvicorn a:app", [("a", "app")]),
        ("uv run --script main.py", [("main", None)]),
        ("uv run pkg", []),
    ],
)
def test_what_it_starts(image, command, entries):
    image.write("pkg/__main__.py")
    found = image.main(command)
    assert (found.entries, found.recognised) == (entries, True)
    assert found.own_roots == [str(image.app / "pkg")] or "pkg" not in command


def test_a_script_that_has_another_ending(image):
    image.write("tool", "#!/usr/bin/env -S uv run --script\nimport a\n").chmod(0o755)
    for command in (["uv", "run", "--script", "tool"], [str(image.app / "tool")]):
        assert image.main(command).main_file == str(image.app / "tool")


def test_the_environment_of_the_project_and_not_of_a_folder_in_it(image):
    image.write("pyproject.toml", PROJECT)
    python = environment(image)
    environment(image, "sub/.venv")
    image.write("sub/main.py")
    other = environment(image, "other")
    for command in (
        "uv run --directory sub main.py",
        "uv --directory sub run python main.py",
        "cd sub && uv run main.py",
        "cd / && uv run --project $HOME/../app python -c pass",
        f"uv run {image.app}/sub/main.py",
    ):
        assert image.main(command, VIRTUAL_ENV=str(image.app / "other")).executable == python, command
    assert image.main("uv run --active main.py", VIRTUAL_ENV=str(image.app / "other")).executable == other
    assert image.main("uv run main.py", UV_PROJECT_ENVIRONMENT="other").executable == other


def test_the_project_of_the_working_directory_for_a_script_without_one(image):
    image.write("shop/pyproject.toml", PROJECT)
    python = environment(image, "shop/.venv")
    image.write("jobs/main.py")
    assert image.main("cd shop && uv run ../jobs/main.py").executable == python


def test_a_member_of_a_workspace_has_the_environment_of_the_workspace(image):
    image.write("pyproject.toml", '[tool.uv.workspace]\nmembers = ["shop"]\n')
    image.write("shop/pyproject.toml", PROJECT)
    python = environment(image)
    assert image.main("cd shop && uv run python -m shop").executable == python


def test_an_environment_without_a_project(image):
    assert image.main("uv run main.py").executable == str(image.python)
    python = environment(image)
    assert image.main("uv run main.py").executable == python
    other = environment(image, "other")
    assert image.main("uv run --no-project main.py", VIRTUAL_ENV=str(image.app / "other")).executable == other


def test_a_directory_and_its_environment_file(image):
    image.write("sub/.env", "PORT=80\nHOME=/x\n")
    found = image.main("uv run --directory sub --env-file .env python -m a")
    assert found.directory == str(image.app / "sub")
    assert found.environ["PORT"] == "80"
    assert found.environ["HOME"] == image.environ["HOME"]


def test_a_script_with_requirements_of_its_own_has_its_own_environment(image):
    image.write("pyproject.toml", PROJECT)
    python = environment(image)
    image.write("My_App.v2.py", METADATA)
    made = environment(image, "cache/environments-v2/my-app-v2-0123456789abcdef")
    environ = {"UV_CACHE_DIR": str(image.app / "cache")}
    for command in ("uv run --no-sync My_App.v2.py", "uv run --script My_App.v2.py"):
        assert image.main(command, **environ).executable == made
    assert image.main("uv run python My_App.v2.py", **environ).executable == python


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("uv run app.py", "the environment of app.py"),
        ("uv run uvicorn a:app", "{app}/.venv"),
        ("uv run --no-sync main.py", "an empty {app}/.venv"),
        ("cd tool && uv run main.py", "an empty {app}/tool/.venv"),
        ("uv run --with six main.py", "an environment (--with)"),
        ("uv run --isolated main.py", "an environment (--isolated)"),
    ],
)
def test_an_environment_that_is_made_at_the_start_cannot_be_judged(image, command, said):
    image.write("pyproject.toml", PROJECT)
    image.write("app.py", METADATA)
    image.write("tool/pyproject.toml", "[tool.ruff]\n")
    image.write("tool/main.py")
    said = f"uv run makes {said.format(app=image.app)} when it starts, so"
    assert image.main(command).unmade.startswith(said)


@pytest.mark.parametrize(
    "command",
    ["uv run --no-sync uvicorn a:app", "uv run --no-project main.py", "uv run plain.py", "uv run pip list"],
)
def test_what_needs_no_environment(image, command):
    """Of an empty environment, a program that lies elsewhere in PATH has its own Python."""
    image.write("pyproject.toml", "[tool.ruff]\n" if "pip" in command else PROJECT)
    image.write("plain.py", "# /// script\n# dependencies = []\n# ///\n")
    found = image.main(command)
    assert not found.unmade
    if "pip" not in command:
        assert found.executable == str(image.python)


def test_a_project_that_uv_leaves_alone_is_none(image):
    """With ``managed = false``, or UV_NO_PROJECT, uv makes no environment."""
    other = environment(image, "other")
    active = {"VIRTUAL_ENV": str(image.app / "other")}
    image.write("pyproject.toml", PROJECT)
    assert image.main("uv run main.py", UV_NO_PROJECT="0").unmade
    for environ, executable in (({}, str(image.python)), (active, other)):
        found = image.main("uv run main.py", UV_NO_PROJECT="1", **environ)
        assert (found.unmade, found.executable) == ("", executable)
    image.write("pyproject.toml", PROJECT + "\n[tool.uv]  # ours\npackage = false\nmanaged = false\n")
    for environ, executable in (({}, str(image.python)), (active, other)):
        found = image.main("uv run main.py", **environ)
        assert (found.unmade, found.executable) == ("", executable)
    image.write("pyproject.toml", PROJECT + "\n[tool.uv]\n[tool.other]\nmanaged = false\n")
    assert image.main("uv run main.py").unmade


def test_variables_that_say_what_options_say(image):
    image.write(".env", "PORT=80\n")
    assert "(--isolated)" in image.main("uv run main.py", UV_ISOLATED="true").unmade
    found = image.main("uv run --env-file .env python -m a", UV_NO_ENV_FILE="1")
    assert "PORT" not in found.environ
