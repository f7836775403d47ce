"""The image's system, and the environment in which PEP 508 judges the markers of requirements."""

from __future__ import annotations

import os
import re
import sys

from importguard.probe.files import printable_path, read_bytes, read_text
from importguard.probe.start.interpreter import pairs
from importguard.probe.surroundings.libraries import Loader, musl_loader
from importguard.probe.worker import Worker
from importguard.probe.worker_program import RESULTS, in_unnamed_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from importguard.probe.select.scene import Scene
    from importguard.probe.surroundings.values import SystemValues

# Asked of the application's own interpreter, apart from the application: it imports built-in modules only.
_FACTS = """
import sys, posix
out = []
def say(key, value):
    for text in (key, value): out.append(str(text).encode('utf-8', 'surrogateescape') + b'\\0')
name, version, system = sys.implementation.name, sys.implementation.version, posix.uname()
full = '%d.%d.%d' % version[:3]
if version[3] != 'final': full += version[3][0] + str(version[4])
say('implementation_name', name)
say('implementation_version', full)
say('os_name', 'posix')
say('platform_machine', system.machine)
say('platform_release', system.release)
say('platform_system', system.sysname)
say('platform_version', system.version)
say('python_full_version', sys.version.split()[0])
say('python_version', '%d.%d' % sys.version_info[:2])
say('platform_python_implementation',
    {'cpython': 'CPython', 'pypy': 'PyPy', 'graalpy': 'GraalVM'}.get(name, name))
say('sys_platform', sys.platform)
try: say('libc', posix.confstr('CS_GNU_LIBC_VERSION') or '')
except (AttributeError, ValueError, OSError): pass
for module in sorted(getattr(sys, 'stdlib_module_names', ())): say('stdlib', module)
say('end', '')
"""
_ANSWER = """
data = b''.join(out)
while data: data = data[posix.write(%d, data):]
"""
MARKERS = (
    "implementation_name implementation_version os_name platform_machine platform_release platform_system "
    "platform_version python_full_version platform_python_implementation python_version sys_platform"
).split()
_MUSL_VERSION = re.compile(rb"\0(1\.\d{1,3}\.\d{1,3})\0")


def ask_interpreter(scene: Scene) -> dict[str, list[str]]:
    """The interpreter's answers: each of MARKERS, ``stdlib`` and ``libc``; empty where it gives none."""
    if os.path.realpath(scene.python.executable) == os.path.realpath(sys.executable):
        space: dict[str, Any] = {}
        exec(_FACTS, space)  # the application's interpreter is this one
        return pairs(b"".join(space["out"]))
    place = (scene.directory, scene.environ)
    worker = Worker(
        [scene.python.executable, "-I", "-S"], place, in_unnamed_namespace(_FACTS + _ANSWER % RESULTS)
    )
    answer = worker.read_first_answer(3.0)
    worker.end_unasked()
    return pairs(answer)


def marker_environment(answer: dict[str, list[str]]) -> dict[str, str]:
    """The environment of PEP 508, as far as it is known."""
    return {name: printable_path(answer[name][0]) for name in MARKERS if name in answer}


def describe_system(answer: dict[str, list[str]], loader: Loader) -> SystemValues:
    """``clues.System``."""
    about = _os_release()
    version = _version(answer, loader)
    uid = os.getuid()
    return {
        "distribution": about.get("ID", ""),
        "version": about.get("VERSION_ID", ""),
        "like": about.get("ID_LIKE", ""),
        "libc": loader.libc,
        "libc_version": version,
        "machine": answer.get("platform_machine", [os.uname().machine])[0],
        "uid": uid,
        "user": user_name(uid),
    }


def _os_release() -> dict[str, str]:
    """os-release(5): assignments as in a shell, the values perhaps in quotes."""
    text = read_text("/etc/os-release", 65536) or read_text("/usr/lib/os-release", 65536) or ""
    found = {}
    for line in text.split("\n")[:200]:
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            found[name] = printable_path(value.strip("\"'")[:200])
    return found


def _version(answer: dict[str, list[str]], loader: Loader) -> str:
    if loader.libc == "musl":
        path = musl_loader()
        found = _MUSL_VERSION.search(read_bytes(path, 2 << 20) or b"") if path else None
        return found.group(1).decode("ascii") if found else ""
    return printable_path(answer.get("libc", [""])[0].rpartition(" ")[2])


def user_name(uid: int) -> str:
    """The name of a user by /etc/passwd (passwd(5)); the number where there is none."""
    return _named("/etc/passwd", uid)


def group_name(gid: int) -> str:
    """The name of a group by /etc/group (group(5)); the number where there is none."""
    return _named("/etc/group", gid)


def _named(path: str, number: int) -> str:
    for line in (read_text(path) or "").split("\n"):
        fields = line.split(":")
        if len(fields) > 2 and fields[2] == str(number):
            return printable_path(fields[0])[:100]
    return str(number)
