"""A cause: a small application and its Dockerfile, and what the report must say of why it does not import."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import pip
from scenarios.applications import distribution
from scenarios.support import PREFIX, Result, build, docker, environment, importguard

Tree = Mapping[str, str]

SHOP = {"shop/__init__.py": "", "shop/util.py": "def slug(text):\n    return text\n"}
"""What every application has; ``shop/main.py`` is a case's own."""

ANYWHERE = ("*", None)
"""For a location that is another one on another machine."""

PLAIN = "FROM base\nWORKDIR /app\nCOPY . .\n"
INSTALLS = (
    "FROM base\nWORKDIR /app\nCOPY requirements*.txt ./\n"
    "RUN pip install -r requirements.txt\nCOPY shop shop\n"
)


@dataclass(frozen=True)
class Cause:
    """One case. ``main`` is the source of ``shop/main.py``, ``files`` are the others of the build context.

    ``source`` are the files of the source where they are not those that were built; ``history`` the trees
    that were committed, one after the other. Expected are the finding's ``diagnosis`` (None for none at all),
    its ``location``, and words of its remedy and of its explanation.
    """

    name: str
    main: str
    cause: Optional[str]
    location: Optional[tuple[str, Optional[int]]] = None
    remedy: str = ""
    says: Sequence[str] = ()
    dockerfile: str = PLAIN
    files: Tree = field(default_factory=dict)
    source: Optional[Tree] = None
    history: Sequence[Tree] = ()

    @property
    def tree(self) -> dict[str, str]:
        """The build context; the Dockerfile's base is the one with pip."""
        dockerfile = self.dockerfile.replace("FROM base", f"FROM {PREFIX}causes")
        return {**SHOP, "shop/main.py": self.main, "Dockerfile": dockerfile, **self.files}


def wheel(name: str, version: str, files: Tree, requires: str = "") -> tuple[str, bytes]:
    """The file name and content of a wheel (the binary distribution format of packaging.python.org)."""
    facts = f"\nVersion: {version}\n" + (f"Requires-Dist: {requires}\n" if requires else "")
    buffer = io.BytesIO()
    tree = distribution(name, dict(files), {})
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in tree.items():
            said = text.replace("\nVersion: 1.0\n", facts)
            archive.writestr(path.replace("-1.0.", f"-{version}."), said.replace("-1.0.", f"-{version}."))
    return f"{name}-{version}-py3-none-any.whl", buffer.getvalue()


WHEELS = dict(
    [
        wheel("PyYAML", "6.0", {"yaml/__init__.py": "def load(text):\n    return text\n"}),
        wheel("redis", "2.0", {"redis/__init__.py": "class StrictRedis:\n    pass\n"}),
        wheel("redis", "5.0", {"redis/__init__.py": "class Redis:\n    pass\n"}),
        wheel("fastapi", "0.100", {"fastapi/__init__.py": ""}),
        wheel("rosters", "1.0", {"rosters/__init__.py": "import yaml\n"}, requires="PyYAML>=6"),
    ]
)
PIP = '#!/bin/sh\nexec python3 /opt/pip/pip "$@"\n'


def base_image() -> str:
    """The tests' base with pip, which finds a few small wheels and nothing else."""
    lines = (
        "FROM base\nCOPY wheels /wheels\nCOPY pip /opt/pip/pip\nCOPY --chmod=755 pip.sh /usr/local/bin/pip\n"
        "RUN python3 -m compileall -q /opt/pip\n"
        "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels PIP_BREAK_SYSTEM_PACKAGES=1 PIP_NO_CACHE_DIR=1\n"
        "ENV PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1\n"
    )
    files = {f"wheels/{name}": content for name, content in WHEELS.items()}
    return build("causes", lines, {**files, "pip": Path(pip.__file__).parent, "pip.sh": PIP})


def examine(case: Cause, folder: Path) -> Result:
    """Build the case's image and check it, with ``--build`` or with a source of its own."""
    tag = f"{PREFIX}cause-{case.name}"
    built = folder / "built"
    write(built, case.tree)
    if case.source is None and not case.history:
        return importguard("check", "--build", str(built), "--tag", tag, "--format", "json")
    docker("build", "--network", "none", "-t", tag, str(built))
    source = folder / "source"
    for number, tree in enumerate(case.history):
        commit(source, {"Dockerfile": case.tree["Dockerfile"], **tree}, f"change {number}")
    write(
        source, case.tree if case.source is None else {"Dockerfile": case.tree["Dockerfile"], **case.source}
    )
    return importguard("check", tag, "--pull", "never", "--source", str(source), "--format", "json")


def write(folder: Path, tree: Tree) -> None:
    """The files, and nothing that was there before but git's."""
    for path in sorted(folder.rglob("*"), reverse=True) if folder.exists() else ():
        if ".git" not in path.relative_to(folder).parts:
            path.unlink() if path.is_file() else path.rmdir()
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(folder: Path, tree: Tree, message: str) -> None:
    """Commit the tree, and only that, as whoever it may be."""
    write(folder, tree)
    names = ("AUTHOR", "COMMITTER")
    who = {f"GIT_{name}_{what}": "tests@example.org" for name in names for what in ("NAME", "EMAIL")}
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", message]):
        subprocess.run(["git", *arguments], cwd=folder, env=environment(who), check=True)
