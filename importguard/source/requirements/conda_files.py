"""conda's environment files (conda documentation, "Creating an environment file manually")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from importguard.source.model import Place, Requirement
from importguard.source.requirements.requirement_files import group_of_file
from importguard.source.requirements.requirement_text import parse_requirement
from importguard.source.yaml_nodes import Node, yaml_documents

_FILE = re.compile(r"(.+[-_.])?(environment|conda|env)([-_.].+)?\.ya?ml", re.IGNORECASE)
_SPEC = re.compile(r"(?:[^\s:]+::)?([\w.-]+)\s*(.*)")  # conda-forge::pandas=1.5.3=py311_0
_BRACKETS = re.compile(r"\[.*\]$")


def is_conda_file_name(name: str) -> bool:
    """Whether a file is called as those that ``conda env create`` reads."""
    return bool(_FILE.fullmatch(name))


def read_conda_environment(text: str, path: str) -> Iterator[Requirement]:
    """Read the requirements of an environment file: conda's own are of the kind "conda", pip's "main".

    conda's packages need be no distributions ("nodejs"), though most of Python's are called like theirs.
    Raises ValueError where it is no YAML.
    """
    group = group_of_file(path)
    lines = text.splitlines()
    for document in yaml_documents(text):
        for item in document.value_at("dependencies"):
            yield from _requirement(_conda_text(item.scalar_text), item, lines, path, "conda", group)
            for inner in item.value_at("pip"):
                yield from _requirement(inner.scalar_text, inner, lines, path, "main", group)


def _requirement(
    text: Optional[str], node: Node, lines: list[str], path: str, kind: str, group: Optional[str]
) -> Iterator[Requirement]:
    number = node.line_number
    place = Place(path, number, lines[number - 1].strip() if 0 < number <= len(lines) else "")
    found = parse_requirement(text, place, kind="group" if group else kind, group=group) if text else None
    if found is not None and found.name != "python":
        yield found


def _conda_text(spec: str) -> Optional[str]:
    """A match specification of conda's as PEP 508 writes it, its build left out."""
    match = _SPEC.fullmatch(_BRACKETS.sub("", spec.strip()))
    if match is None:
        return None
    version = match[2].strip()
    if "|" in version:
        return match[1]
    exact = version.startswith("==") or version[:1].isdigit()
    if not version or not (exact or version[0] == "="):
        return f"{match[1]}{version}"
    number = re.split(r"[=\s]", version.lstrip("="))[0]
    if exact and not number.endswith("*"):
        return f"{match[1]}=={number}"
    fuzzy = number.rstrip(".*")  # "=1.8", "1.8*" and "1.8.*" are all that begin so
    return f"{match[1]}=={fuzzy}.*" if fuzzy else match[1]
