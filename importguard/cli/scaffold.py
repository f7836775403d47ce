"""Find the CI systems of a repository, and make the files that ``importguard init`` writes for its builds."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Union

from importguard.cli.compose_production import as_in_production
from importguard.cli.compose_scaffold import ComposeService, compose_tables, quoted_toml, read_compose
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.locating.builds import FoundBuilds, speak_of_python
from importguard.source.locating.listing import read_dockerfile


@dataclass(frozen=True)
class BuildFile:
    """A Dockerfile of a Python application; paths are relative to the repository, with slashes."""

    name: str
    context: str
    dockerfile: str
    target: Optional[str] = None

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


def build_files(found: FoundBuilds, root: Path) -> list[BuildFile]:
    """The builds to propose, the upper ones first: as ``importguard context`` takes them, too.

    Where none takes a Python file in, those that only speak of Python: what they install may be the
    application.
    """
    paths = [
        (_relative(tree.context or root, root), _relative(tree.dockerfile or "Dockerfile", root), tree.target)
        for tree in found.trees or found.empty
    ]
    names = [_name(dockerfile, root) for _, dockerfile, _ in paths]
    return [
        BuildFile(
            name if names.count(name) == 1 else dockerfile.replace("/", "-"), context, dockerfile, target
        )
        for name, (context, dockerfile, target) in zip(names, paths)
    ]


def _name(dockerfile: str, root: Path) -> str:
    """``worker`` for worker.Dockerfile, Dockerfile.worker and worker/Dockerfile."""
    path = root / dockerfile
    parts = [part for part in re.split(r"(?i)[._-]?(?:Docker|Container)file[._-]?", path.name) if part]
    return parts[0] if parts else (path.parent.name or root.name or "app")


def _relative(path: Union[str, Path], root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def _joined(context: str, name: str) -> str:
    return name if context == "." else f"{context}/{name}"


_HEAD = """\
# `importguard check` builds what stands here and imports every module of the application in it.
# Every option of `importguard check --help` can be set under its long name, but --config, --write-baseline
# and --start, whose settings are the table [start].
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
    services = [as_in_production(one, _dockerfile_of(root, one)) for one in services] if root else []
    python = {
        service.name
        for service in services
        if root and service.context is not None and _has_python(root, service)
    }
    if python:
        described = {service.build_file for service in services}
        taken = {service.name for service in services}
        rest = [
            replace(file, name=file.dockerfile.replace("/", "-")) if file.name in taken else file
            for file in files
            if file.dockerfile not in described
        ]
        return _several("\n" + compose_tables(services, python) + _images(rest), _STARTED)
    if len(files) == 1:
        return _HEAD + _settings(files[0]) + _TAIL
    return _several(_images(files))


def _dockerfile_of(root: Path, service: ComposeService) -> Optional[Dockerfile]:
    return read_dockerfile(str(root), service.build_file) if service.build_file else None


def _has_python(root: Path, service: ComposeService) -> bool:
    """Whether the stage that becomes its image is one of Python: others may build scripts and styles."""
    dockerfile = _dockerfile_of(root, service)
    if dockerfile is None:
        return False
    targets = {stage.name: stage.index for stage in dockerfile.stages if stage.name}
    lineage = dockerfile.lineage(targets.get(service.target, dockerfile.final))
    texts = [dockerfile.stages[stage].base for stage in lineage]
    return speak_of_python(
        texts + [instruction.text for instruction in dockerfile.instructions if instruction.stage in lineage]
    )


def _images(files: Sequence[BuildFile]) -> str:
    return "".join(f"\n[[image]]\nname = {quoted_toml(file.name)}\n{_settings(file)}" for file in files)


def _several(images: str, head: str = "") -> str:
    # Keys of the whole come before the first table.
    commented, _, ignores = _TAIL.partition("\n# Findings that may be ignored")
    return f"{_HEAD}{head}all = true\n{commented}{images}\n# Findings that may be ignored{ignores}"


def _settings(file: BuildFile) -> str:
    lines = [f"build = {quoted_toml(file.context)}"]
    lines += [] if file.is_default else [f"file = {quoted_toml(file.dockerfile)}"]
    lines += [f"target = {quoted_toml(file.target)}"] if file.target else []
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
    dockerfile = [] if file.is_default else ["--file", file.dockerfile]
    return [file.context, *dockerfile, *(["--target", file.target] if file.target else [])]
