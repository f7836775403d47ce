"""``uv run``: with which Python it starts a command, and what it would install first (docs.astral.sh/uv).

It makes an environment that is not there when it starts, and fetches what belongs in it. Of that the image
holds nothing, so it cannot be judged; ``Invocation.unmade`` says so.
"""

from __future__ import annotations

import os
import re

from importguard.probe.files import find_program, printable_path, read_text
from importguard.probe.start.environment_files import read_environment_file
from importguard.probe.start.start_command import is_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.start.wrappers import Invocation

_VALUES = frozenset(
    "--extra --no-extra --group --no-group --only-group --no-editable-package --env-file -w --with "
    "--with-editable --with-requirements --package --python-platform --index --default-index -i --index-url "
    "--extra-index-url -f --find-links --index-strategy --keyring-provider -P --upgrade-package "
    "--upgrade-group --resolution --prerelease --prerelease-package --fork-strategy --exclude-newer "
    "--exclude-newer-package --no-sources-package --reinstall-package --link-mode -C --config-setting "
    "--config-settings-package --no-build-isolation-package --no-build-package --no-binary-package "
    "--cache-dir --refresh-package -p --python --color --allow-insecure-host --directory --project "
    "--config-file".split()
)
_METADATA = re.compile(r"(?m)^# /// script[ \t]*\n((?:#(?: .*)?\n)+?)# ///[ \t]*$")
"""PEP 723: the requirements of a script, in comments."""

_UNMANAGED = re.compile(
    r"(?ms)^\[tool\.uv\][ \t]*(?:#[^\n]*)?$(?:(?!^\[).)*?^[ \t]*managed[ \t]*=[ \t]*false\b"
)
"""A project that uv leaves alone, as if it were none."""

_TRUE = frozenset(["1", "true", "t", "yes", "y", "on"])


def unwrap_uv_run(invocation: Invocation) -> None:
    """Leave the command that ``uv run`` starts, with its directory, variables and environment."""
    run = _UvRun(invocation)
    invocation.words = run.command
    prefix = run.find_environment()
    invocation.by_runner = True
    if prefix:
        invocation.put_environment_first(prefix)
    if run.runs_python and not find_program("python", invocation.environ, invocation.directory):
        invocation.words[0] = "python3"  # Debian's own has no other name


class _UvRun:
    """One ``uv run``. ``values`` are its options with a value, ``flags`` those without; ``command`` is what
    it starts, ``script`` the file where it has Python run one (``runs_python``: that, or a module)."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.values: dict[str, list[str]] = {}
        self.flags: set[str] = set()
        rest = self._read_options(invocation.words[1:])
        self.command = self._read_options(rest[1:])  # behind "run"
        self.own_environ = environ = invocation.environ  # uv's own settings come from no environment file
        folder = self._last("--directory") or environ.get("UV_WORKING_DIR", "")
        invocation.directory = os.path.normpath(os.path.join(invocation.directory, folder))
        files = self.values.get("--env-file", environ.get("UV_ENV_FILE", "").split())
        for file in [] if self._asks("--no-env-file") else files:
            variables = read_environment_file(os.path.join(invocation.directory, file))
            invocation.environ = {**variables, **invocation.environ}
        self.environ = invocation.environ
        self.script = ""
        self._read_command()

    def _read_options(self, words: list[str]) -> list[str]:
        """Take in the options at the front; returns what follows them."""
        at = 0
        while at < len(words) and words[at].startswith("-") and words[at] != "-":
            name, equals, value = words[at].partition("=")
            at += 1
            if name == "--":
                break
            if not name.startswith("--") and name[:2] in _VALUES and len(name) > 2:
                name, equals, value = name[:2], "=", name[2:]
            if equals or name not in _VALUES:
                self.flags.add(name)
            elif at < len(words):
                value = words[at]
                at += 1
            if value:
                self.values.setdefault(name, []).append(value)
        return words[at:]

    def _last(self, *names: str) -> str:
        return next((self.values[name][-1] for name in names if name in self.values), "")

    def _asks(self, flag: str) -> bool:
        """Whether an option without a value is given, or its variable: UV_NO_PROJECT for --no-project."""
        variable = "UV_" + flag[2:].replace("-", "_").upper()
        return flag in self.flags or self.own_environ.get(variable, "").lower() in _TRUE

    def _read_command(self) -> None:
        """``-m MODULE``, a script, a folder with a ``__main__.py``, or a program."""
        words, directory = self.command, self.invocation.directory
        target = os.path.join(directory, words[0]) if words else ""
        is_module = not self.flags.isdisjoint(("-m", "--module"))
        if not is_module and (not self.flags.isdisjoint(("-s", "--script")) or target.endswith(".py")):
            self.script = target
        is_folder = os.path.isfile(target + "/__main__.py")
        self.runs_python = is_module or bool(self.script) or is_folder or words[:1] == ["-"]
        if self.runs_python:
            self.command = ["python", *(["-m"] if is_module else []), *words]

    def find_environment(self) -> str:
        """The virtual environment that comes first in PATH, or none; what is to be made is noted."""
        metadata = _METADATA.search(read_text(self.script) or "") if self.script else None
        active = self.environ.get("VIRTUAL_ENV", "")
        if active and "--active" in self.flags:
            return active
        if metadata:
            return self._environment_of_script(metadata.group(1))
        layers = [name for name in self.values if name == "-w" or name.startswith("--with")]
        if layers or self._asks("--isolated"):
            self._note("an environment (%s)" % ("--with" if layers else "--isolated"), "")
            return ""
        root = "" if self._asks("--no-project") else self._project()
        if root:
            return self._environment_of_project(root)
        above = _nearest(self.invocation.directory, ".venv/pyvenv.cfg")
        return active or (os.path.join(above, ".venv") if above else "")

    def _environment_of_script(self, metadata: str) -> str:
        """The environment that ``uv sync --script`` or an earlier start has made, kept in uv's cache."""
        home = self.environ.get("XDG_CACHE_HOME") or self.environ.get("HOME", "/root") + "/.cache"
        cache = self._last("--cache-dir") or self.environ.get("UV_CACHE_DIR") or home + "/uv"
        folder = os.path.join(self.invocation.directory, cache, "environments-v2")
        stem = os.path.splitext(os.path.basename(self.script))[0]
        name = re.sub("[^a-z0-9]+", "-", stem.lower())
        try:
            made = sorted(item for item in os.listdir(folder) if item.rpartition("-")[0] == name)
        except OSError:
            made = []
        if made:
            return os.path.join(folder, made[0])
        script = printable_path(os.path.basename(self.script))
        if re.search(r"(?s)dependencies\s*=\s*\[[^]]*[\"']", metadata):
            self._note("the environment of " + script, "uv sync --script " + script)
        return ""

    def _environment_of_project(self, root: str) -> str:
        path = os.path.join(root, self.environ.get("UV_PROJECT_ENVIRONMENT") or ".venv")
        if os.path.isdir(path + "/bin"):
            return path
        installs = "--no-sync" not in self.flags and not self.environ.get("UV_NO_SYNC")
        if installs and _has_table(root, "project"):
            self._note(printable_path(path), "uv sync")
        elif self.runs_python or is_python("".join(self.command[:1])):
            self._note("an empty " + printable_path(path), "uv sync")
        return ""  # a program that lies elsewhere in PATH has its own Python

    def _project(self) -> str:
        """The folder of the project, or of the workspace that it belongs to."""
        directory = self.invocation.directory
        given = self._last("--project") or self.environ.get("UV_PROJECT", "")
        starts = [os.path.join(directory, given)] if given else [os.path.dirname(self.script), directory]
        roots = [_nearest(start, "pyproject.toml") for start in starts if start]
        root = next(filter(None, roots), "")
        if root and _is_unmanaged(root):
            return ""
        if root and not os.path.isdir(root + "/.venv"):
            above = _nearest(os.path.dirname(root), "pyproject.toml")
            if above and _has_table(above, "tool.uv.workspace") and not _is_unmanaged(above):
                return above
        return root

    def _note(self, environment: str, command: str) -> None:
        """Note what is made at the start, and the command that makes it in the build."""
        advice = "make it in the build (RUN %s), or " % command if command else ""
        self.invocation.unmade = (
            "uv run makes %s when it starts, so the image holds nothing of it that could be checked: "
            "%schoose a Python of the image with --python" % (environment, advice)
        )


def _has_table(root: str, table: str) -> bool:
    text = read_text(root + "/pyproject.toml") or ""
    return "[%s]" % table in (line.strip() for line in text.split("\n"))


def _is_unmanaged(root: str) -> bool:
    return _UNMANAGED.search(read_text(root + "/pyproject.toml") or "") is not None


def _nearest(folder: str, file: str) -> str:
    """The folder that has a file, this one or one above; or nothing."""
    folder = os.path.normpath(folder)
    while not os.path.isfile(os.path.join(folder, file)):
        if folder in ("/", "", "."):
            return ""
        folder = os.path.dirname(folder)
    return folder
