"""Find Dockerfiles and CI systems in a repository, and make the files that ``importguard init`` writes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from importguard.cli.compose_scaffold import ComposeService, compose_tables, quoted_toml, read_compose
from importguard.source.dockerfile.parser import DockerfileError, parse_dockerfile

_SKIPPED = frozenset(
    {"node_modules", "site-packages", "vendor", "venv", "env", "build", "dist", "tests", "test"}
)
_DEEPEST, _MOST_FOLDERS = 4, 5000
_LONGEST_DOCKERFILE = 1024**2
_IS_DOCKERFILE = re.compile(
    r"(?i)(Dockerfile|Containerfile)([.-][\w.-]+)?|[\w.-]+\.(Dockerfile|Containerfile)"
)
_NAMES_PYTHON = re.compile(r"(?i)\b(python|pypy|pip3?|uv|poetry|pipenv|pdm|conda|g?unicorn|uvicorn|celery)\b")
_PROJECT_FILES = ("pyproject.toml", "setup.py", "requirements.txt", "Pipfile")


@dataclass(frozen=True)
class BuildFile:
    """A Dockerfile of a Python application; paths are relative to the repository, with slashes."""

    name: str
    context: str
    dockerfile: str

    @property
    def is_default(self) -> bool:
        """Whether a build of the context finds the Dockerfile without being told."""
        return self.dockerfile == _joined(self.context, "Dockerfile")


@dataclass(frozen=True)
class CiTemplate:
    """A CI system. ``signs``: what shows that the repository uses it; ``file``: what is written for it.

    ``beside`` takes the place of ``file`` where that exists: the pipeline is one file, which is not changed.
    ``advice`` is what is left to do.
    """

    signs: tuple[str, ...]
    file: str
    beside: Optional[str]
    advice: str


CI_TEMPLATES: dict[str, CiTemplate] = {
    "github": CiTemplate((".github",), ".github/workflows/importguard.yml", None, ""),
    "gitlab": CiTemplate(
        (".gitlab-ci.yml", ".gitlab"),
        ".gitlab-ci.yml",
        ".gitlab/importguard.yml",
        "add to .gitlab-ci.yml: include: [{local: .gitlab/importguard.yml}]",
    ),
    "cloudbuild": CiTemplate(
        ("cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json"),
        "cloudbuild.importguard.yaml",
        None,
        "put its step before the push in your build, or run it by a trigger of its own",
    ),
    "pre-commit": CiTemplate(
        (".pre-commit-config.yaml",), ".pre-commit-config.yaml", None, "run: pre-commit install"
    ),
}


def find_build_files(root: Path) -> list[BuildFile]:
    """The Dockerfiles of Python applications below ``root``, the nearest first, each with its context."""
    found = []
    for path in _dockerfiles(root):
        text = _text(path)
        if _NAMES_PYTHON.search(text):
            context = _context(path, text, root)
            found.append((path, context))
    names = [_name(path, root) for path, _ in found]
    return [
        BuildFile(
            name if names.count(name) == 1 else _relative(path, root).replace("/", "-"),
            _relative(context, root),
            _relative(path, root),
        )
        for name, (path, context) in zip(names, found)
    ]


def _dockerfiles(root: Path) -> Iterator[Path]:
    waiting = [root]
    for seen in range(_MOST_FOLDERS):
        if seen >= len(waiting):
            return
        folder = waiting[seen]
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        deep = len(folder.relative_to(root).parts)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if deep < _DEEPEST and not entry.name.startswith(".") and entry.name not in _SKIPPED:
                    waiting.append(Path(entry.path))
            elif _IS_DOCKERFILE.fullmatch(entry.name) and not entry.name.endswith(".dockerignore"):
                yield Path(entry.path)


def _text(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_DOCKERFILE:
            return ""
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _context(path: Path, text: str, root: Path) -> Path:
    """The folder that has most of what is copied; among equals the one with a project, then the nearest."""
    try:
        copies = parse_dockerfile(text, path.name).copies
    except DockerfileError:
        return path.parent
    own = [copy for copy in copies if copy.from_stage is None and copy.from_image is None and copy.resolved]
    sources = [source.strip("/") for copy in own for source in copy.sources if not set("*?[") & set(source)]
    folders = [
        path.parent,
        *(parent for parent in path.parent.parents if parent == root or root in parent.parents),
    ]

    def fits(folder: Path) -> tuple[int, bool]:
        there = sum(1 for source in sources if (folder / source).exists())
        return there, any((folder / name).exists() for name in _PROJECT_FILES) or any(folder.glob("*.py"))

    return max(folders, key=fits)


def _name(path: Path, root: Path) -> str:
    """``worker`` for worker.Dockerfile, Dockerfile.worker and worker/Dockerfile."""
    parts = [part for part in re.split(r"(?i)[.-]?(?:Docker|Container)file[.-]?", path.name) if part]
    return parts[0] if parts else (path.parent.name or root.name or "app")


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _joined(context: str, name: str) -> str:
    return name if context == "." else f"{context}/{name}"


_HEAD = """\
# `importguard check` builds what stands here and imports every module of the application in it.
# Every option of `importguard check --help` can be set, under its long name.
"""
_STARTED = """\
# `importguard check --start` also starts them together, on one network, as the compose file has them.
"""
_TAIL = """
# Findings that are known: `importguard check --write-baseline importguard-baseline.json` writes them once.
# baseline = "importguard-baseline.json"

# What the imports need, where they need something: NAME=value, or NAME to pass on its value.
# env = ["DATABASE_URL=postgresql://nowhere/none"]

# Findings that may be ignored, each with the reason; `importguard explain IG101` says what a rule means.
# [[ignore]]
# rule = "IG101"
# missing = "newrelic"
# reason = "installed by the platform when it is deployed"
# expires = 2030-12-31
"""


def configuration_text(files: Sequence[BuildFile], root: Optional[Path] = None) -> str:
    """importguard.toml for these images, with how the compose file of ``root`` starts them."""
    _, services = read_compose(root) if root else ("", [])
    dockerfiles = {file.dockerfile for file in files}
    python = {
        one.name for one in services if root and one.build_file in dockerfiles and _has_python(root, one)
    }
    if python:
        described = {one.build_file for one in services}
        taken = {one.name for one in services}
        rest = [
            replace(file, name=file.dockerfile.replace("/", "-")) if file.name in taken else file
            for file in files
            if file.dockerfile not in described
        ]
        return _several("\n" + compose_tables(services, python) + _images(rest), _STARTED)
    if len(files) == 1:
        return _HEAD + _settings(files[0]) + _TAIL
    return _several(_images(files))


def _has_python(root: Path, service: ComposeService) -> bool:
    """Whether the stage that becomes its image is one of Python: others may build scripts and styles."""
    path = root / service.build_file
    try:
        dockerfile = parse_dockerfile(_text(path), path.name, service.target or None)
    except DockerfileError:
        return True
    lineage = dockerfile.lineage()
    texts = [dockerfile.stages[stage].base for stage in lineage]
    texts += [one.text for one in dockerfile.instructions if one.stage in lineage]
    return any(_NAMES_PYTHON.search(text) for text in texts)


def _images(files: Sequence[BuildFile]) -> str:
    return "".join(f"\n[[image]]\nname = {quoted_toml(file.name)}\n{_settings(file)}" for file in files)


def _several(images: str, head: str = "") -> str:
    # Keys of the whole come before the first table.
    commented, _, ignores = _TAIL.partition("\n# Findings that may be ignored")
    return f"{_HEAD}{head}all = true\n{commented}{images}\n# Findings that may be ignored{ignores}"


def _settings(file: BuildFile) -> str:
    lines = [f"build = {quoted_toml(file.context)}"]
    lines += [] if file.is_default else [f"file = {quoted_toml(file.dockerfile)}"]
    return "\n".join(lines) + "\n"


def find_ci_systems(root: Path) -> list[str]:
    """The names of the CI systems that the repository uses."""
    return [name for name, one in CI_TEMPLATES.items() if any((root / sign).exists() for sign in one.signs)]


def ci_file_text(name: str, files: Sequence[BuildFile], url: str, revision: str) -> str:
    """The CI file for one system; ``url`` and ``revision`` say where importguard is installed from."""
    template = Path(__file__).with_name("templates") / f"{name}.yml"
    hooks = "".join(_HOOK.format(arguments=json.dumps(_arguments(file))) for file in files)
    text = template.read_text("utf-8")
    for key, value in (("@URL@", url), ("@REVISION@", revision), ("@HOOKS@", hooks.rstrip("\n"))):
        text = text.replace(key, value)
    return text


_HOOK = """\
      - id: importguard-context
        args: {arguments}
"""


def _arguments(file: BuildFile) -> list[str]:
    return [file.context] if file.is_default else [file.context, "--file", file.dockerfile]
