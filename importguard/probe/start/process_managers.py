"""What programs start that start several others: supervisord, circus, Procfiles, s6, runit."""

from __future__ import annotations

import glob
import os

from importguard.probe.files import is_executable, read_text
from importguard.probe.start.environment_files import read_environment_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.start.wrappers import Invocation

_SUPERVISOR_FILES = (
    "supervisord.conf",
    "etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
)
_SERVICES = (
    "/etc/services.d",
    "/etc/s6-overlay/s6-rc.d",
    "/etc/service",
    "/etc/sv",
)
_MOST = 50
_PROGRAM_SECTIONS = ("program", "fcgi-program", "eventlistener", "watcher")


class Program:
    """One program that is started: ``text``, a line of shell, or ``words``."""

    def __init__(self, invocation: Invocation, text: str = "", words: tuple[str, ...] = ()) -> None:
        self.text = text
        self.words = words
        self.environ = dict(invocation.environ)
        self.directory = invocation.directory
        self.conditional = False


def read_manager(name: str, invocation: Invocation) -> list[Program] | None:
    """The programs that a manager would start; None where it is no such manager after all."""
    words = invocation.words[1:]
    if name in ("supervisord", "circusd"):
        return list(_of_sections(_settings_file(name, invocation, words), invocation))[:_MOST]
    if name in ("honcho", "foreman", "forego", "goreman", "hivemind", "overmind"):
        return _of_procfile(invocation, words)
    if name == "multirun":
        return [Program(invocation, text=word) for word in words if not word.startswith("-")]
    if name == "init":
        folders = [path for path in _SERVICES[:2] if os.path.isdir(path)]
        if not folders:
            return None
    elif name in ("runsvdir", "s6-svscan", "svscan"):
        folders = [word for word in words if "/" in word and not word.startswith("-")][:1]
    else:
        folders = [path for path in _SERVICES[2:] if os.path.isdir(path)]
    programs = [
        Program(invocation, words=(path,)) for folder in folders for path in _services(folder, invocation)
    ]
    rest = words[words.index("--") + 1 :] if "--" in words else words if name == "init" else []
    if rest:
        programs.append(Program(invocation, words=tuple(rest)))
    return programs[-_MOST:]


def _services(folder: str, invocation: Invocation) -> list[str]:
    """The ``run`` scripts of the services below a folder (s6-svscan(8), runsvdir(8))."""
    folder = os.path.join(invocation.directory, folder)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    paths = ["%s/%s/run" % (folder, name) for name in names if not name.startswith(".")]
    return [path for path in paths if is_executable(path) or os.path.isfile(path)]


def _of_procfile(invocation: Invocation, words: list[str]) -> list[Program] | None:
    """``name: command`` a line; the words after ``start`` say which (honcho.command)."""
    if "start" not in words and "s" not in words and not _starts_alone(invocation):
        return None
    values = {"-f": "Procfile", "--procfile": "Procfile", "-d": "", "--app-root": "", "-e": "", "--env": ""}
    wanted, file, root = [], "Procfile", invocation.directory
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        at += 1
        if name in values:
            if not equals and at < len(words):
                value = words[at]
                at += 1
            if values[name]:
                file = value
            elif name in ("-d", "--app-root"):
                root = os.path.join(root, value)
        elif not name.startswith("-") and name not in ("start", "s"):
            wanted.append(name)
    programs = []
    for line in (read_text(os.path.join(root, file)) or "").split("\n"):
        name, colon, command = line.partition(":")
        if colon and command.strip() and not name.startswith("#") and (not wanted or name.strip() in wanted):
            program = Program(invocation, text=command.strip())
            program.directory = root
            program.environ.update(read_environment_file(os.path.join(root, ".env")))
            programs.append(program)
    return programs


def _starts_alone(invocation: Invocation) -> bool:
    return os.path.basename(invocation.words[0]) in ("hivemind", "overmind")


def _settings_file(name: str, invocation: Invocation, words: list[str]) -> str:
    """The configuration that is given, or the first of those that supervisord looks for."""
    for at, item in enumerate(words):
        if item in ("-c", "--configuration") and at + 1 < len(words):
            return os.path.join(invocation.directory, words[at + 1])
        if item.startswith(("--configuration=", "-c")) and item != "-c":
            return os.path.join(invocation.directory, item.partition("=")[2] or item[2:])
    if name == "circusd":
        rest = [item for item in words if not item.startswith("-")]
        return os.path.join(invocation.directory, (rest or ["circus.ini"])[0])
    paths = [os.path.join(invocation.directory, file) for file in _SUPERVISOR_FILES]
    return next((path for path in paths if os.path.isfile(path)), paths[-1])


def _of_sections(path: str, invocation: Invocation, files: int = 20) -> Iterator[Program]:
    """The programs of an ini file and of those that it includes (supervisord.org, "Configuration File")."""
    for section, values in read_sections(path):
        kind = section.partition(":")[0]
        if kind == "include" and files:
            for pattern in values.get("files", "").split():
                pattern = os.path.join(os.path.dirname(path), _expanded(pattern, path, section, {}))
                for included in sorted(glob.glob(pattern))[:files]:
                    yield from _of_sections(included, invocation, 0)
        command = values.get("command") or values.get("cmd")
        if kind not in _PROGRAM_SECTIONS or not command:
            continue
        text = " ".join([command, values.get("args", "")] if kind == "watcher" else [command])
        program = Program(invocation, text=_expanded(text, path, section, invocation.environ))
        folder = values.get("directory") or values.get("working_dir") or ""
        folder = _expanded(folder, path, section, invocation.environ)
        program.directory = os.path.join(invocation.directory, folder)
        program.environ.update(
            _assignments(_expanded(values.get("environment", ""), path, section, program.environ))
        )
        program.conditional = values.get("autostart", "").lower() in ("false", "no", "off", "0")
        yield program


def read_sections(path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(section, its values) of an ini file; lines that are indented go on with the value before."""
    section, values, key = "", {}, ""  # type: tuple[str, dict[str, str], str]
    for line in [*(read_text(path) or "").split("\n"), "[]"]:
        text = line.split(" ;")[0].split("\t;")[0].strip()
        if not text or text[0] in "#;":
            continue
        if text.startswith("["):
            yield section, values
            section, values = text.strip("[]").strip(), {}
        elif line[:1] in " \t" and key in values:
            values[key] += " " + text
        else:
            at = min([text.find(sign) for sign in "=:" if sign in text] or [len(text)])
            key = text[:at].strip()
            values[key] = text[at + 1 :].strip()


def _expanded(text: str, path: str, section: str, environ: dict[str, str]) -> str:
    """``%(ENV_X)s``, ``%(here)s``, ``%(program_name)s`` …; of circus ``$(circus.env.x)``."""
    if "%(" not in text and "$(" not in text:
        return text.replace("%%", "%")
    name = section.partition(":")[2]
    for key, value in environ.items():
        text = text.replace("%%(ENV_%s)s" % key, value).replace("$(circus.env.%s)" % key.lower(), value)
    text = text.replace("%(here)s", os.path.dirname(path)).replace("%(program_name)s", name)
    return text.replace("%(process_num)d", "0").replace("%(process_num)02d", "00").replace("%%", "%")


def _assignments(text: str) -> dict[str, str]:
    """``A="b",C=d`` as supervisord has it."""
    found: dict[str, str] = {}
    for part in text.replace("\n", ",").split(","):
        name, equals, value = part.strip().partition("=")
        if equals:
            found[name.strip()] = value.strip().strip("'\"")
    return found
