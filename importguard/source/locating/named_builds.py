"""Read the builds that a repository's own files describe: compose, CI pipelines, Makefiles, scripts.

Sources: the Compose specification (build), docker/build-push-action, cloudbuild.yaml, skaffold.yaml, Bake
files, and the command lines of docker, podman, buildah and kaniko. What they say is a hint: only builds whose
Dockerfile exists are given.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Optional

from importguard.source.command_words import split_command
from importguard.source.locating.model import NamedBuild
from importguard.source.production_files import LARGEST

if TYPE_CHECKING:
    from importguard.source.yaml_nodes import Node

_MOST_FILES = 200
_DEEPEST = 4
_YAML = re.compile(r"(?i).*\.ya?ml")
_YAML_NAMES = re.compile(
    r"(?i)(docker-)?compose.*|cloudbuild.*|skaffold.*|\.gitlab-ci.*|azure-pipelines.*|bitbucket-pipelines.*"
    r"|taskfile.*|buildspec.*|\.drone.*|\.travis.*|render.*|tilt.*|copilot.*|manifest.*"
)
_CI_FOLDERS = (
    ".github/workflows/",
    ".github/actions/",
    ".circleci/",
    ".buildkite/",
    "ci/",
    ".gitlab/",
    "cloudbuild/",
)
_TEXTS = re.compile(
    r"(?i)(GNU)?Makefile|.*\.mk|justfile|Jenkinsfile.*|Tiltfile|.*\.(sh|bash|hcl)|fly\.toml|heroku\.yml"
)
_COMMAND = re.compile(
    r"(?:docker|podman|buildah|nerdctl)\b[^\n&|;]*?\b(?:build|bud|build-using-dockerfile)\b([^\n&|;]*)"
)
_CONTINUED = re.compile(r"[\\^`]\r?\n\s*")
# Options of ``docker build`` that take a value in the next word.
_WITH_VALUE = frozenset(
    ("-t", "--tag", "--build-arg", "--platform", "--cache-from", "--cache-to", "--label", "--secret", "--ssh")
    + ("--network", "-o", "--output", "--progress", "--builder", "--add-host", "--build-context", "--iidfile")
    + ("--metadata-file", "--shm-size", "--ulimit", "-m", "--memory", "--isolation", "--allow", "--attest")
)
_BLOCK = re.compile(r'(?s)target\s+"[^"]*"\s*\{(.*?)\n\}')
_ASSIGNED = re.compile(r'(?m)^\s*(context|dockerfile|target)\s*=\s*"([^"]*)"')


def describes_builds(path: str) -> bool:
    """Whether a file may describe builds, by its path."""
    folder, name = posixpath.split(path)
    if path.count("/") > _DEEPEST:
        return False
    if _YAML.fullmatch(name):
        return bool(_YAML_NAMES.fullmatch(name)) or f"{folder}/".startswith(_CI_FOLDERS)
    return bool(_TEXTS.fullmatch(name))


def read_named_builds(root: str, paths: Sequence[str], known: Collection[str]) -> Iterator[NamedBuild]:
    """The builds that the files at ``paths`` describe; ``known`` are the paths that the repository has."""
    seen = set()
    for path in paths[:_MOST_FILES]:
        try:
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as stream:
                text = stream.read(LARGEST)
        except OSError:
            continue
        if "build" not in text and "ocker" not in text:
            continue
        for build in _builds(text, path, known):
            if build not in seen:
                seen.add(build)
                yield build


def _builds(text: str, path: str, known: Collection[str]) -> Iterator[NamedBuild]:
    if _YAML.fullmatch(path):
        from importguard.source.yaml_nodes import yaml_documents

        try:
            for document in yaml_documents(text):
                yield from _of_node(document, path, known, 0)
        except ValueError:  # a template, mostly
            pass
    elif path.endswith(".hcl"):
        for block in _BLOCK.findall(text):
            values = dict(_ASSIGNED.findall(block))
            yield from _resolved(
                values.get("context", "."), values.get("dockerfile"), values.get("target"), path, known
            )
    else:
        yield from _of_text(text, path, known)


def _of_node(node: Node, path: str, known: Collection[str], depth: int) -> Iterator[NamedBuild]:
    """Every mapping that names a context, and every command line, whatever the format calls them."""
    if depth > 12:
        return
    keys = dict(node.mapping_items())
    if keys:
        yield from _of_mapping(keys, path, known)
    words = [item.scalar_text for item in node]
    if "build" in words:
        yield from _of_words(words[words.index("build") + 1 :], path, known)
    if any(word.startswith("--dockerfile=") for word in words):  # kaniko
        yield from _of_words([word.replace("--dockerfile=", "--file=") for word in words], path, known)
    if "build" in node.scalar_text and ("\n" in node.scalar_text or _COMMAND.match(node.scalar_text)):
        yield from _of_text(node.scalar_text, path, known)
    for inner in (*keys.values(), *node):
        yield from _of_node(inner, path, known, depth + 1)


def _of_mapping(keys: dict[str, Node], path: str, known: Collection[str]) -> Iterator[NamedBuild]:
    build = keys.get("build")
    image = keys["image"].scalar_text if "image" in keys else ""
    if build is not None and build.scalar_text:  # compose: build: ./backend
        yield from _resolved(build.scalar_text, None, None, path, known, image)
    docker = dict(keys["docker"].mapping_items()) if "docker" in keys else {}  # skaffold
    context = next(
        (keys[name].scalar_text for name in ("context", "buildContext", "dockerContext") if name in keys), ""
    )
    names = ("dockerfile", "file", "dockerfilePath", "Dockerfile")
    dockerfile = next(
        (both[name].scalar_text for both in (keys, docker) for name in names if name in both), None
    )
    target = next((both["target"].scalar_text for both in (keys, docker) if "target" in both), None)
    if (context or dockerfile) and ("context" in keys or docker or dockerfile):
        yield from _resolved(context or ".", dockerfile or None, target or None, path, known, image)


def _of_text(text: str, path: str, known: Collection[str]) -> Iterator[NamedBuild]:
    """The command lines that build an image, in a script or a recipe."""
    for arguments in _COMMAND.findall(_CONTINUED.sub(" ", text)):
        yield from _of_words(split_command(arguments), path, known)


def _of_words(words: Iterable[str], path: str, known: Collection[str]) -> Iterator[NamedBuild]:
    dockerfile = target = context = None
    image = ""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in ("-f", "--file", "--target", "-t", "--tag", "--context", "-c") and (equals or rest):
            value = value if equals else rest.pop(0)
            dockerfile = value if name in ("-f", "--file") else dockerfile
            target = value if name == "--target" else target
            image = value if name in ("-t", "--tag") else image
            context = value if name in ("--context", "-c") else context
        elif word in _WITH_VALUE:
            rest = rest[1:]
        elif not word.startswith("-") and word != "build":
            context = word
    if context or dockerfile:
        yield from _resolved(context or ".", dockerfile, target, path, known, image, by_command=True)


def _resolved(
    context: str,
    dockerfile: Optional[str],
    target: Optional[str],
    path: str,
    known: Collection[str],
    image: str = "",
    by_command: bool = False,
) -> Iterator[NamedBuild]:
    """The build, where its Dockerfile exists: relative to the file that names it, or to the repository.

    A command names its Dockerfile relative to the working directory, a compose file relative to the context.
    """
    context = re.sub(r"^\$\{?\w+\}?/|^dir://", "", context.strip().rstrip("/")) or "."
    if "://" in context or context.startswith("git@") or "\0" in context:
        return
    for base in dict.fromkeys((posixpath.dirname(path), "")):
        folder = _joined(base, context)
        if folder is None or (folder and folder not in known):
            continue
        names = [dockerfile or "Dockerfile"]
        bases = (base, folder) if by_command and dockerfile else (folder, base)
        for name in (_joined(one, names[0]) for one in bases):
            if name and name in known:
                yield NamedBuild(path, folder, name, target if target and "$" not in target else None, image)
                return


def _joined(base: str, path: str) -> Optional[str]:
    """A path of the repository, the root as the empty string; None for one that leads out of it."""
    joined = posixpath.normpath(posixpath.join(base, path))
    if joined.startswith(("..", "/")):
        return None
    return "" if joined == "." else joined
