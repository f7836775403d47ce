"""Ask git which files of the source are not committed and why, and what the history has of a module.

Nothing of the repository's own configuration that names a program is used (core.fsmonitor, hooks).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Optional

from importguard.source.model import Git, GitIgnored, Place, Removed, Source
from importguard.source.paths import relative_path, repository_around

_TIMEOUT = 20.0
_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.quotepath=off")
_MOST_COMMITS = 20


class GitError(Exception):
    """git failed; the message is its own."""


def read_git(root: str, paths: Iterable[str], notes: list[str]) -> Optional[Git]:
    """Ask git about ``paths`` (below ``root``); None where there is no git or no repository.

    ``notes`` gets why a repository could not be asked.
    """
    # Looked for without asking git, so that a folder without a repository costs no process.
    if repository_around(root) is None:
        return None
    if shutil.which("git") is None:  # as in importguard's own image
        notes.append(
            "The source is a repository, and there is no git in PATH: causes in .gitignore, in what is not "
            "committed and in the history are not looked for."
        )
        return None
    try:
        tracked = _tracked(root)
        others = [path for path in paths if path not in tracked and not path.startswith("../")]
        ignored = [one for folder in (*_submodules(root), "") for one in _ignored_in(root, folder, others)]
        known = {item.path for item in ignored}
        try:
            head = _git(root, "rev-parse", "HEAD").strip()
        except GitError:  # before the first commit
            head = ""
        return Git(head, tuple(path for path in others if path not in known), tuple(ignored))
    except GitError as error:
        notes.append(f"git says nothing of the source: {error}")
        return None


def _tracked(root: str) -> set[str]:
    """The files that git knows, those of submodules too where it can say."""
    try:
        return set(_split(_git(root, "ls-files", "-z", "--recurse-submodules")))
    except GitError:  # a submodule whose repository is broken or gone
        return set(_split(_git(root, "ls-files", "-z")))


def _submodules(root: str) -> list[str]:
    """The submodules' folders below ``root``. git refuses to speak of their files from outside."""
    entries = _split(_git(root, "ls-files", "-z", "--stage"))
    folders = [entry.partition("\t")[2] for entry in entries if entry.startswith("160000 ")]
    return [folder for folder in folders if os.path.exists(os.path.join(root, folder, ".git"))]


def _ignored_in(root: str, folder: str, paths: Sequence[str]) -> Iterator[GitIgnored]:
    """List those of ``paths`` that git ignores in the repository at ``folder``, inner ones left out."""
    start = f"{folder}/" if folder else ""
    own = [path[len(start) :] for path in paths if path.startswith(start)]
    try:
        inner = tuple(f"{submodule}/" for submodule in _submodules(os.path.join(root, folder)))
        found = list(
            _ignored(os.path.join(root, folder), [path for path in own if not path.startswith(inner)])
        )
    except GitError:
        if not folder:
            raise
        return  # a submodule whose repository is broken or gone
    for one in found:
        rule = one.rule if os.path.isabs(one.rule.path) else replace(one.rule, path=start + one.rule.path)
        yield GitIgnored(start + one.path, rule)


def with_history(source: Source, modules: Iterable[str]) -> Source:
    """The same source with what the history has of ``modules`` (dotted names), each file's newest removal.

    Files that are on the disk now are not among them.
    """
    wanted = [pattern for module in modules for pattern in _patterns(module)]
    if source.git is None or not source.git.head or not wanted:
        return source
    present = {file.path for file in source.files}
    try:
        found = [item for item in _removed(source.root, wanted) if item.path not in present]
    except GitError as error:
        return replace(source, notes=(*source.notes, f"the history can't be read: {error}"))
    return replace(source, git=replace(source.git, removed=tuple(found)))


def _git(root: str, *arguments: str, stdin: str = "", codes: Sequence[int] = (0,)) -> str:
    """The output of a git command that changes nothing; raises GitError."""
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    # A partial clone would fetch what it lacks: slow, and not what someone expects of a check.
    environ.update(GIT_NO_LAZY_FETCH="1", GIT_ALLOW_PROTOCOL="none")
    try:
        done = subprocess.run(
            ["git", *_SAFE, *arguments],
            cwd=root,
            env=environ,
            input=stdin.encode("utf-8", "surrogateescape"),
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(str(error)) from error
    if done.returncode not in codes:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise GitError(said.splitlines()[0] if said else f"exit code {done.returncode}")
    return done.stdout.decode("utf-8", "surrogateescape")


def _split(text: str) -> list[str]:
    return text.split("\0")[:-1]


def _ignored(root: str, paths: Sequence[str]) -> Iterator[GitIgnored]:
    if not paths:
        return
    # 1: none of them is ignored
    said = _git(root, "check-ignore", "-z", "-v", "--stdin", stdin="\0".join(paths) + "\0", codes=(0, 1))
    above = _git(root, "rev-parse", "--show-cdup").strip()
    fields = _split(said)
    for file, line, pattern, path in zip(*(fields[start::4] for start in range(4))):
        if pattern.startswith("!"):
            continue
        # Relative names are from the top of the repository.
        place = file if os.path.isabs(file) else relative_path(os.path.join(root, above, file), root)
        yield GitIgnored(path, Place(place, int(line), pattern))


def _patterns(module: str) -> list[str]:
    """Patterns for the files of a module, below any import root."""
    path = module.replace(".", "/")
    return [f":(glob)**/{path}.py", f":(glob)**/{path}/__init__.py"]


def _removed(root: str, patterns: Sequence[str]) -> Iterator[Removed]:
    said = _git(
        root,
        *("log", f"--max-count={_MOST_COMMITS}", "--diff-filter=D", "--no-renames", "--name-only", "-z"),
        *("--relative", "--format=%x01%H%x02%cI%x02%s%x02", "--", *patterns),
    )
    seen: set[str] = set()
    for entry in said.split("\x01")[1:]:
        commit, date, subject, names = entry.split("\x02", 3)
        renamed: Optional[dict[str, str]] = None
        for name in names.replace("\n", "\0").split("\0"):
            if name and name not in seen:
                seen.add(name)
                renamed = _renamed(root, commit) if renamed is None else renamed
                yield Removed(name, commit, date, subject, renamed.get(name))


def _renamed(root: str, commit: str) -> dict[str, str]:
    """Old to new name of the files that a commit renamed; none where a partial clone lacks their contents."""
    asked = ("show", "-M", "--diff-filter=R", "--name-status", "--relative", "-z", "--format=", commit)
    try:
        said = _git(root, *asked)
    except GitError:
        return {}
    fields = _split(said)
    return dict(zip(fields[1::3], fields[2::3]))
