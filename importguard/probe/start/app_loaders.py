"""Programs that load an application by its name: bottle, cheroot, nameko, pgq, pserve, robyn, twistd …"""

from __future__ import annotations

import os
import re

from importguard.probe.files import read_text
from importguard.probe.start.start_command import Options, StartCommand, is_dotted


def _read_bottle(command: StartCommand, words: list[str]) -> None:
    """``bottle [options] MODULE[:NAME]``, from the working directory (bottle._main)."""
    command.roots.append(command.directory)
    for target in Options(words, frozenset(["-h", "--help", "--version", "--debug", "--reload"])).rest[:1]:
        command.add_entry_point(target)


def _read_cheroot(command: StartCommand, words: list[str]) -> None:
    """``cheroot [options] MODULE[:NAME]``, which it loads before it adds the working directory to the import
    path (cheroot.cli.main)."""
    options = Options(words, frozenset(["-h", "--help"]))
    for target in options.rest[:1]:
        command.add_entry_point(target, "application")


def _read_nameko(command: StartCommand, words: list[str]) -> None:
    """``nameko run [options] MODULE[:CLASS] …``, from the working directory (nameko.cli.run)."""
    command.roots.append(command.directory)
    if words[:1] == ["run"]:
        for target in Options(words[1:], frozenset(["-h", "--help"])).rest:
            command.add_entry_point(target)


def _read_queue_worker(command: StartCommand, words: list[str]) -> None:
    """``pgq run MODULE:NAME``, ``streaq run MODULE:NAME``; older ones of streaq have no ``run``."""
    flags = "-h --help --burst -b --reload -r --verbose -v --web --restart-on-failure --version"
    rest = Options(words, frozenset(flags.split())).rest
    command.roots.append(command.directory)
    if command.tool == "pgq" and rest[:1] != ["run"]:
        command.notes.append("%s runs no worker" % command.text)
        return
    for target in rest[1:2] if rest[:1] == ["run"] else rest[:1]:
        module, colon, attribute = target.partition(":")
        if not colon:
            module, _, attribute = target.rpartition(".")
        command.add_entry_point("%s:%s" % (module, attribute))


def _read_robyn(command: StartCommand, words: list[str]) -> None:
    """``robyn FILE [options]``: Python runs the file (robyn.cli)."""
    flags = "--dev --create --docs --open-browser --version --fast --disable-openapi --help -h"
    for target in Options(words, frozenset(flags.split())).rest[:1]:
        path = command.resolve_path(target)
        command.script = path
        command.own_roots.append(os.path.dirname(path))
        command.add_script(path)


_TWISTD_FLAGS = frozenset(
    "-n --nodaemon -o --no_save -e --encrypted --savestats --syslog --euid --originalname --spew -b --debug "
    "--help --version --help-reactors -q --quiet".split()
)


def _read_twistd(command: StartCommand, words: list[str]) -> None:
    """``twistd -y FILE``, ``twistd web --wsgi MODULE.NAME``, ``--class MODULE.NAME``; else a plugin, which is
    found in ``twisted/plugins`` on the import path (twisted.application.app, twisted.web.tap).

    It puts nothing on the import path: production sets PYTHONPATH, or installs the application.
    """
    options = Options(words, _TWISTD_FLAGS)
    command.directory = command.resolve_path(options.last_value("-d", "--rundir") or "")
    file = options.last_value("-y", "--python")
    name = options.last_value("--wsgi", "--class")
    if file:
        command.main_file = command.resolve_path(file)
    elif name and "." in name:
        module, _, attribute = name.rpartition(".")
        command.add_entry_point("%s:%s" % (module, attribute))
    elif options.rest:
        _load_twisted_plugin(command, options.rest[0])


_SERVICE_MAKER = re.compile(r"\bServiceMaker\(\s*([^()]*)\)")


def _load_twisted_plugin(command: StartCommand, name: str) -> None:
    """The service of a plugin: ``ServiceMaker("Name", "module", "description", "name")`` in a file of
    ``twisted/plugins`` (twisted.application.service)."""
    for root in [*command.environ.get("PYTHONPATH", "").split(":"), ""]:
        folder = command.resolve_path(root + "/twisted/plugins" if root else "twisted/plugins")
        for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            text = read_text("%s/%s" % (folder, file)) or "" if file.endswith(".py") else ""
            for call in _SERVICE_MAKER.finditer(text):
                words = [word.strip(" \t\n\"'") for word in call.group(1).split(",")]
                if len(words) > 3 and words[3] == name and is_dotted(words[1]):
                    command.add_entry_point(words[1], "makeService")
                    return


def _read_pserve(command: StartCommand, words: list[str]) -> None:
    from importguard.probe.start.paste import read_pserve

    read_pserve(command, words)


READERS = {
    "pserve": _read_pserve,
    "bottle": _read_bottle,
    "bottle.py": _read_bottle,
    "cheroot": _read_cheroot,
    "nameko": _read_nameko,
    "pgq": _read_queue_worker,
    "robyn": _read_robyn,
    "streaq": _read_queue_worker,
    "twistd": _read_twistd,
}
