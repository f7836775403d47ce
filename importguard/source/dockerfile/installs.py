"""Read what a RUN installs with pip, uv, poetry, pdm, pipenv, conda, apt and apk.

Paths are joined to the folder that the command runs in, so that they are absolute in the image; a file under
a bind mount is named by its path in the build context, which is relative.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Callable, Optional

from importguard.source.development_groups import DEVELOPMENT_WORDS
from importguard.source.dockerfile.install_options import (
    OF_CONDA,
    OF_PIP,
    OF_PROJECTS,
    OF_SYSTEM,
    parse_options,
)
from importguard.source.dockerfile.lines import Line
from importguard.source.dockerfile.shell_lines import Command, shell_commands
from importguard.source.dockerfile.variables import Words
from importguard.source.dockerfile_model import Install

_PYTHON = re.compile(r"python(\d+(\.\d+)?)?|pypy\d?")
_PIP = re.compile(r"pip(\d+(\.\d+)?)?")
_EXTRAS = re.compile(r"(.+?)\[([\w\s,.-]*)\]$")

_PROJECT_FILES = {
    "uv": ("pyproject.toml", "uv.lock"),
    "poetry": ("pyproject.toml", "poetry.lock"),
    "pdm": ("pyproject.toml", "pdm.lock"),
    "pipenv": ("Pipfile", "Pipfile.lock"),
}
_MAIN_ONLY = ("--no-dev", "--production", "--prod", "--no-default-groups")


@dataclass(frozen=True)
class Surroundings:
    """Where a RUN stands: its stage, WORKDIR, ENV, and what variables hold (None where not known)."""

    stage: int
    workdir: str
    env: Mapping[str, str]
    values: Mapping[str, Optional[str]]


def read_installs(line: Line, around: Surroundings) -> Iterator[Install]:
    """Every install command of a RUN instruction, in order."""
    folder, environment = around.workdir, _environment(around.env)
    mounts = dict(bind_mounts(line.flag_values("mount"), around.workdir))
    for command in shell_commands(line):
        words = [Words(around.values).expand_word(word) for word in command.words]
        if words[0] == "cd" and len(words) > 1:
            folder = posixpath.normpath(posixpath.join(folder, words[1]))
        elif words[0] in (".", "source") and words[-1].endswith("/bin/activate"):
            environment = posixpath.join(folder, words[-1])[: -len("/bin/activate")]
        for found in _install(words, command, folder, around.stage):
            yield replace(
                found,
                interpreter=found.interpreter or _default(found, around.env, folder, environment),
                files=_unmounted(found.files, mounts),
            )


def bind_mounts(mounts: Sequence[str], workdir: str) -> Iterator[tuple[str, str]]:
    """Of ``--mount`` values: where a file or folder of the context lies while the command runs, and which."""
    for mount in mounts:
        settings = dict(part.partition("=")[::2] for part in mount.split(","))
        target = settings.get("target") or settings.get("dst") or settings.get("destination")
        if settings.get("type", "bind") == "bind" and target and not settings.get("from"):
            source = posixpath.normpath(settings.get("source") or settings.get("src") or ".").lstrip("/")
            yield posixpath.normpath(posixpath.join(workdir, target)), source or "."


def _unmounted(paths: tuple[str, ...], mounts: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    for path in paths:
        for target, source in mounts.items():
            if path == target or path.startswith(target.rstrip("/") + "/"):
                path = posixpath.normpath(posixpath.join(source, path[len(target) :].lstrip("/")))
                break
        found.append(path)
    return tuple(found)


def _environment(env: Mapping[str, str]) -> Optional[str]:
    """The virtual environment that the variables put first."""
    if env.get("VIRTUAL_ENV"):
        return env["VIRTUAL_ENV"]
    first = env.get("PATH", "").partition(":")[0]
    usual = ("/usr/bin", "/usr/local/bin", "/bin", "/usr/sbin", "/root/.local/bin", "/root/.cargo/bin")
    own = first.endswith("/bin") and first.startswith("/") and first not in usual
    return (
        first[: -len("/bin")]
        if own and not first.endswith(("poetry/bin", ".local/bin", ".cargo/bin"))
        else None
    )


def _default(
    found: Install, env: Mapping[str, str], folder: str, environment: Optional[str]
) -> Optional[str]:
    """The environment of an install that names none. ``uv sync`` does not use the active one."""
    if found.tool in ("apt", "apk"):
        return None
    if found.tool == "uv" and any(path.endswith("/uv.lock") for path in found.files):
        return posixpath.normpath(posixpath.join(folder, env.get("UV_PROJECT_ENVIRONMENT", ".venv")))
    return environment


def _install(words: list[str], command: Command, folder: str, stage: int) -> Iterator[Install]:
    """The install that a command is, if it is one."""
    program, interpreter = words[0], None
    name = posixpath.basename(program)
    if _PYTHON.fullmatch(name) and "-m" in words[:4] and words.index("-m") + 1 < len(words):
        interpreter = _interpreter(program)
        words = words[words.index("-m") + 1 :]
        name = words[0]
    elif _PYTHON.fullmatch(name) and posixpath.basename(words[1] if len(words) > 1 else "") == "pip":
        words = words[1:]  # pip run from its wheel
        name = "pip"
    elif _PIP.fullmatch(name):
        interpreter = _interpreter(program)
    if name in ("uv", "poetry", "pdm", "pipenv") and words[1:2] == ["run"]:
        yield from _install(words[2:], command, folder, stage) if len(words) > 2 else ()
        return
    reader = _READERS.get("pip" if _PIP.fullmatch(name) else name)
    found = reader(words[1:], folder) if reader else None
    if found is not None:
        yield replace(
            found,
            line=command.line,
            stage=stage,
            text=command.one_line_text,
            interpreter=found.interpreter or interpreter,
        )


def _interpreter(program: str) -> Optional[str]:
    """The environment of ``/opt/venv/bin/pip``, the interpreter of ``pip3.11``; nothing of a bare ``pip``."""
    if "/bin/" in program:
        return program.rpartition("/bin/")[0]
    version = re.fullmatch(r"(?:pip|python)(\d+\.\d+)", program)
    return f"python{version[1]}" if version else None


def _pip(words: Sequence[str], folder: str, tool: str = "pip") -> Optional[Install]:
    options = parse_options(words, OF_PIP)
    verb = options.words[:1]
    if verb == ["sync"] and tool == "uv":
        files = _joined(folder, options.words[1:])
        return Install(0, 0, tool, "", files=files, interpreter=options.last_value("interpreter"))
    if verb not in (["install"], ["wheel"]):
        return None
    locals_: list[str] = []
    packages: list[str] = []
    groups = list(options.listed_values("groups"))
    editable, extras = _local_paths(folder, options.values.get("editable", []))
    groups += extras
    for word in options.words[1:]:
        if _is_local(word):
            paths, extras = _local_paths(folder, [word])
            locals_ += paths
            groups += extras
        else:
            packages.append(word)
    return Install(
        0,
        0,
        tool,
        "",
        tuple(packages),
        _joined(folder, options.values.get("files", [])),
        (*locals_, *editable),
        tuple(editable),
        tuple(groups),
        interpreter=options.last_value("interpreter"),
        target=_joined(folder, [options.last_value("wheels") or "."])[0]
        if verb == ["wheel"]
        else options.last_value("target"),
    )


def _pip_sync(words: Sequence[str], folder: str) -> Install:
    """pip-tools' ``pip-sync [FILE …]``, which reads requirements.txt where it is given none."""
    files = [word for word in words if word.endswith((".txt", ".in"))]
    return Install(0, 0, "pip", "", files=_joined(folder, files or ["requirements.txt"]))


def _is_local(word: str) -> bool:
    """Whether pip takes it for a path."""
    if "://" in word or " @ " in word:
        return False
    return word.startswith((".", "/")) or "/" in word or word.endswith((".whl", ".tar.gz", ".zip"))


def _local_paths(folder: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Paths, absolute in the image, and the extras that are asked for with them."""
    paths: list[str] = []
    extras: list[str] = []
    for word in words:
        match = _EXTRAS.match(word)
        if match:
            extras += [part.strip() for part in match[2].split(",") if part.strip()]
        if "://" not in word:
            paths += _joined(folder, [match[1] if match else word])
    return paths, extras


def _joined(folder: str, paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(posixpath.normpath(posixpath.join(folder, path)) for path in paths)


def _uv(words: Sequence[str], folder: str) -> Optional[Install]:
    if words and words[0] == "pip":
        return _pip(words[1:], folder, "uv")
    return _project("uv", ("sync",), words, folder)


def _project(tool: str, verbs: Sequence[str], words: Sequence[str], folder: str) -> Optional[Install]:
    """A tool that installs what the project's own files declare, and mostly the project itself."""
    options = parse_options(words, OF_PROJECTS)
    if not options.words or options.words[0] not in verbs:
        return None
    folder = posixpath.normpath(posixpath.join(folder, options.last_value("folder") or ""))
    only, without = options.listed_values("only"), options.listed_values("without")
    flags = options.flags
    without_project = {"--no-root", "--no-install-project", "--no-self", "--only-group"} & flags
    installs_itself = tool != "pipenv" and not without_project
    editable = installs_itself and "--no-editable" not in flags
    main_only = bool(flags.intersection(_MAIN_ONLY)) or "main" in only or "default" in only
    main_only = main_only or bool(DEVELOPMENT_WORDS & set(without))
    if tool == "pipenv":
        main_only = not flags & {"--dev", "-d"} and not only
    return Install(
        0,
        0,
        tool,
        "",
        tuple(options.words[1:]),
        _joined(folder, _PROJECT_FILES[tool]),
        locals=(folder,) if installs_itself else (),
        editable=(folder,) if editable else (),
        groups=(
            *options.listed_values("groups"),
            *(one for one in only if one not in ("main", "default", "packages")),
            *(("*",) if flags & {"--all-extras", "--all-groups"} else ()),
        ),
        without=without,
        main_only=main_only,
        interpreter=options.last_value("interpreter"),
        members=("*",) if "--all-packages" in flags else options.listed_values("members"),
    )


def _system(tool: str, verb: str) -> Callable[[Sequence[str], str], Optional[Install]]:
    def read(words: Sequence[str], folder: str) -> Optional[Install]:
        options = parse_options(words, OF_SYSTEM)
        if options.words[:1] != [verb]:
            return None
        return Install(0, 0, tool, "", tuple(options.words[1:]))

    return read


def _conda(words: Sequence[str], folder: str) -> Optional[Install]:
    options = parse_options(words, OF_CONDA)
    verbs = options.words[:2]
    if verbs[:1] == ["env"] and verbs[1:] and verbs[1] in ("create", "update"):
        packages = options.words[2:]
    elif verbs and verbs[0] in ("install", "create"):
        packages = options.words[1:]
    else:
        return None
    named = options.values.get("files", []) or (["environment.yml"] if verbs[0] == "env" else [])
    files = _joined(folder, named)
    return Install(0, 0, "conda", "", tuple(packages), files, interpreter=options.last_value("interpreter"))


_READERS: dict[str, Callable[[Sequence[str], str], Optional[Install]]] = {
    "pip": _pip,
    "pip-sync": _pip_sync,
    "uv": _uv,
    "poetry": lambda words, folder: _project("poetry", ("install", "sync", "add"), words, folder),
    "pdm": lambda words, folder: _project("pdm", ("install", "sync", "add"), words, folder),
    "pipenv": lambda words, folder: _project("pipenv", ("install", "sync"), words, folder),
    "conda": _conda,
    "mamba": _conda,
    "micromamba": _conda,
    "apt-get": _system("apt", "install"),
    "apt": _system("apt", "install"),
    "aptitude": _system("apt", "install"),
    "apk": _system("apk", "add"),
}
