"""Which of the application's files are scripts that nothing in it imports. Read from texts, running nothing.

A script is for a person or a job that runs it, often with what only development installs: an import that
fails there stops no service. What another file imports, or names in a string or a command, is none. A module
of a copied library (``_vendor``) that nothing outside of the copy imports is told like a script.
"""

from __future__ import annotations

import os
import re

from importguard.probe.code.imports import parse_module
from importguard.probe.code.nodes import constant_text, dotted_name, kind_of, walk_nodes
from importguard.probe.code.quick_scan import likely_imports
from importguard.probe.files import printable_path, read_bytes
from importguard.probe.select.tests_by_name import is_called_tests, names_a_test

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.values import ScriptValues
    from importguard.probe.values import Node

_READ = 1 << 20
_MOST = 500
_MOST_BARE = 50
_ASIDE = frozenset(
    (
        "scripts script tools tool examples example samples sample docs doc benchmarks benchmark bench hack "
        "contrib vendor vendors vendored third_party thirdparty notebooks dev ci"
    ).split()
)
"""Folders of what lies beside a service, in repositories that copy all of themselves into the image."""
_VENDORED = frozenset("_vendor _vendors _vendored vendored".split())  # "vendors" may be whom a shop buys from
_RUNS = re.compile(
    rb"\A#!|^if __name__ *== *[\"']__main__|^[^\s#].*\bparse_(?:known_)?args\(|^[^\s#].*\bsys\.argv\b", re.M
)
_DEFINES = re.compile(rb"(?m)^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]")
_WORDS_OF_WORK = (b"subprocess", b"shutil", b"open(", b"os.system", b"os.chdir")
_WORDS_OF_SCRIPTS = (b"#!", b"__main__", b"_args(", b"sys.argv")


def unimported_scripts(modules: Mapping[str, str], budget: Budget) -> list[ScriptValues]:
    """``clues.Script`` of each of ``modules`` (name → file) that reads like a script and nothing imports.

    A file that lies at the top of the import path counts without a mark of scripts: a build may run it.
    """
    texts = {}
    for name, path in modules.items():
        if budget.is_spent("which files are scripts"):
            return []
        text = read_bytes(path, _READ) if path.endswith(".py") else None
        if text is not None:
            texts[name] = text
    found = [name for name, text in texts.items() if _reads_like_script(text) or _copied_tree(name)]
    bare = [name for name in texts if "." not in name and _is_file_of(name, modules)]
    working = [
        name for name in texts if name not in found and _is_file_of(name, modules) and _does_work(texts[name])
    ]
    found += working
    unmarked = set(bare).difference(found)
    others = {name: text for name, text in texts.items() if not _is_of_tests(name)}
    importers = _importers(others, modules)
    scripts: list[ScriptValues] = []
    for name in sorted([*found, *sorted(unmarked)[:_MOST_BARE]])[:_MOST]:
        if budget.is_spent("which files are scripts"):
            return []
        if not _is_wanted(name, modules[name], others, importers):
            scripts.append(
                {
                    "module": printable_path(name),
                    "aside": _lies_aside(name, modules),
                    "vendored": bool(_copied_tree(name)),
                    "marked": name not in unmarked,
                    "works": name in working,
                }
            )
    return scripts


def _is_file_of(name: str, modules: Mapping[str, str]) -> bool:
    """Whether a module is a file of its own name, and no package."""
    return os.path.basename(modules[name]) == name.rpartition(".")[2] + ".py"


def _does_work(text: bytes) -> bool:
    """Whether a file defines nothing, and starts programs or changes files when it is imported."""
    if not any(word in text for word in _WORDS_OF_WORK) or _DEFINES.search(text):
        return False
    try:
        body = parse_module(text, "<script>").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(_is_work(node) for node in walk_nodes(body, functions=False) if kind_of(node) == "Call")


def _is_work(call: Node) -> bool:
    """``subprocess.…()``, ``os.system()``, ``shutil.…()``, or an ``open()`` to write."""
    module, _, name = dotted_name(call.func).rpartition(".")
    if module in ("subprocess", "shutil"):
        return name != "which"
    if name == "open" and not module:
        modes = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "mode")]
        return any(not set("wax").isdisjoint(constant_text(mode) or "") for mode in modes)
    return module == "os" and name in ("system", "chdir")


def _reads_like_script(text: bytes) -> bool:
    # One of the words is in whatever the expression matches, and is looked for much faster.
    return any(word in text for word in _WORDS_OF_SCRIPTS) and _RUNS.search(text) is not None


def _is_wanted(name: str, path: str, texts: Mapping[str, bytes], importers: Mapping[str, set[str]]) -> bool:
    """Whether a file imports or names it; of a copied library's only files outside of the copy count."""
    package, _, last = name.rpartition(".")
    all_of_it = package.rpartition(".")[2] + ".*"
    copied = _copied_tree(name)
    own = {other for other in texts if copied and other.startswith(copied + ".")} | {name}
    if (importers.get(last, set()) | importers.get(all_of_it, set())) - own:
        return True
    mention, word = _mention(name, path), last.encode("utf-8", "replace")
    return any(word in text and mention.search(text) for other, text in texts.items() if other not in own)


def _copied_tree(name: str) -> str:
    """The package of copied libraries that a module lies in; empty where it lies in none."""
    parts = name.split(".")
    place = next((place for place, part in enumerate(parts[:-1]) if place and part in _VENDORED), None)
    return ".".join(parts[: place + 1]) if place is not None else ""


def _is_of_tests(name: str) -> bool:
    *folders, last = name.split(".")
    return names_a_test(last) or any(map(is_called_tests, folders))


def _lies_aside(name: str, modules: Mapping[str, str]) -> bool:
    """Whether it lies in such a folder beside the packages of the application, not in one of them."""
    parts = name.split(".")[:-1]
    place = next((place for place, part in enumerate(parts) if part in _ASIDE), None)
    return place is not None and not any(".".join(parts[:count]) in modules for count in range(1, place + 1))


def _importers(texts: Mapping[str, bytes], modules: Mapping[str, str]) -> dict[str, set[str]]:
    """Which files seem to import something by its last name, or ``PACKAGE.*``: all of a package."""
    importers: dict[str, set[str]] = {}
    for importer, text in texts.items():
        is_package = os.path.basename(modules[importer]).startswith("__init__.")
        package = importer if is_package else importer.rpartition(".")[0]
        for target, names in likely_imports(text, package):
            last = target.rpartition(".")[2]
            for name in (last, *(last + ".*" if name == "*" else name for name in names)):
                importers.setdefault(name, set()).add(importer)
    return importers


def _mention(name: str, path: str) -> re.Pattern[bytes]:
    """Its dotted name, whole or relative, or its file's name, in the text of another file."""
    last = re.escape(name.rpartition(".")[2].encode("utf-8", "replace"))
    whole = re.escape(name.encode("utf-8", "replace"))
    file = re.escape(os.fsencode(os.path.basename(path)))
    return re.compile(rb"[\"']\.+%s\b|\b%s\b|%s" % (last, whole if whole != last else file, file))
