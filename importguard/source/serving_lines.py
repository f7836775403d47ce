"""Lines of the source that fix where a server listens, read where one listens elsewhere than it should."""

from __future__ import annotations

import ast
import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Union

from importguard.source.data_files import files_named
from importguard.source.model import Place, ServingLine, Source
from importguard.source.modules.test_files import files_of_tests
from importguard.source.reader import read_text

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_BINDS = re.compile(
    r"(?:Threading)?(?:HTTP|TCP)Server|WSGIServer|StreamServer|TCPSite|Config|bind|listen|launch|serve"
    r"|run(?:_app|_server|_simple)?|make_server|(?:start|create)(?:_http)?_server|add_insecure_port"
)
"""Functions of servers and frameworks that take the address, by the last part of their names."""

_LOOPBACK_BY_DEFAULT = {"run": (5000, 8000, 8050, 8080), "run_server": (8050,), "launch": (7860,)}
"""Function → the ports that it takes unless told: Flask, uvicorn, Dash, bottle; Gradio. All on 127.0.0.1."""

_RUNS_NO_SERVER = ("asyncio", "subprocess", "anyio", "trio")
_NAMES_A_PORT = re.compile(r"(?i)port|bind|listen")
_NAMES_A_HOST = re.compile(r"(?i)host|bind|addr|listen|interface")
_LONGEST_FILE = 1 << 20


def with_serving_lines(source: Source, port: int, command: Iterable[str], is_loopback: bool) -> Source:
    """The same source with the lines that make a server listen on ``port``; where that is one of loopback,
    with those that make it listen there. Of scripts those are read that ``command``, the words of the start
    command, names.
    """
    found: list[ServingLine] = []
    for path in _code_files(source):
        found += _lines_of_code(_text(source, path), path, port, is_loopback)
    names = {posixpath.basename(word) for word in command}
    for path in files_named(source.root, {name for name in names if name and not name.endswith(".py")}):
        found += _lines_of_script(_text(source, path), path, port, is_loopback)
    # Of a call and the variable that it gives a value, the call.
    by_place = {(line.place.path, line.place.line): line for line in sorted(found, key=_is_call)}
    return replace(source, serving_lines=tuple(by_place.values()))


def _is_call(line: ServingLine) -> bool:
    return line.kind == "call"


def _code_files(source: Source) -> list[str]:
    paths = [file.path for file in source.files if file.path.endswith(".py")]
    paths = [path for path in paths if path in source.context_files]
    tests = files_of_tests(paths)
    return [path for path in paths if path not in tests]


def _text(source: Source, path: str) -> str:
    """What a file says; nothing where it can't be read or is too long."""
    file = os.path.join(source.root, path)
    try:
        return read_text(file) if os.path.getsize(file) <= _LONGEST_FILE else ""
    except OSError:
        return ""


def _lines_of_script(text: str, path: str, port: int, is_loopback: bool) -> Iterator[ServingLine]:
    """The lines that give a server the port, or an address of loopback."""
    number = re.compile(rf"(?i)(?:port\S*|bind|-[pb]|:|listen|http\.server)[\s=\"']*{port}\b|:{port}\b")
    host = re.compile(r"(?i)(?:host|bind|-[bH]|listen|address)[\s=\"']*(?:127\.0\.0\.1|localhost|\[?::1\b)")
    for line, words in enumerate(text.splitlines(), 1):
        is_comment = words.lstrip().startswith(("#", ";"))
        if not is_comment and (host if is_loopback else number).search(words):
            yield ServingLine(Place(path, line, words.strip()), "script")


def _lines_of_code(text: str, path: str, port: int, is_loopback: bool) -> Iterator[ServingLine]:
    if not is_loopback and str(port) not in text:
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    lines = text.splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Call, ast.Assign, ast.AnnAssign)):
            continue
        if isinstance(node, ast.Call):
            fixes = _binds_loopback(node, port) if is_loopback else _binds_port(node, port)
        else:
            fixes = _sets(node, port, is_loopback)
        if fixes:
            kind = "call" if isinstance(node, ast.Call) else "setting"
            yield ServingLine(Place(path, node.lineno, lines[node.lineno - 1].strip()), kind)


def _binds_port(call: ast.Call, port: int) -> bool:
    """Whether a call binds the port: by a constant, or by one that stands in for a variable of that name."""
    if port not in _ports(call):
        return False
    keywords = [one.arg for one in call.keywords if one.arg and port in _ports(one.value)]
    texts = [text for text in _constants(call) if isinstance(text, str)]  # such as "HTTP_PORT", and "--port"
    is_named = any(_NAMES_A_PORT.search(name) for name in (*keywords, *texts))
    return is_named or _BINDS.fullmatch(_function(call)) is not None


def _binds_loopback(call: ast.Call, port: int) -> bool:
    """Whether a call binds an address of loopback: one that it is given, or that it takes by default."""
    name, ports = _function(call), _ports(call)
    if ports and port not in ports:
        return False
    given = {one.arg for one in call.keywords}
    if _names_loopback(call):
        return _BINDS.fullmatch(name) is not None or "host" in given
    if name not in _LOOPBACK_BY_DEFAULT or given & {"host", "server_name", "sock", "fd", "uds"}:
        return False
    if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in _RUNS_NO_SERVER:
        return False
    is_default = not given & {"port", "server_port"} and port in _LOOPBACK_BY_DEFAULT[name]
    return port in ports or (is_default and not _has_address(call))


def _has_address(call: ast.Call) -> bool:
    """Whether a positional argument may be an address: the first of ``run`` is the application."""
    return len(call.args) > 1


def _sets(node: Union[ast.Assign, ast.AnnAssign], port: int, is_loopback: bool) -> bool:
    """Whether a variable or a field named after a port or an address gets this one."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [getattr(target, "id", getattr(target, "attr", "")) for target in targets]
    if node.value is None:
        return False
    if is_loopback:
        return any(_NAMES_A_HOST.search(name) for name in names) and _names_loopback(node.value)
    return any(_NAMES_A_PORT.search(name) for name in names) and port in _ports(node.value)


def _names_loopback(node: ast.AST) -> bool:
    """Whether a constant is an address of loopback, alone or before a port."""
    texts = [text for text in _constants(node) if isinstance(text, str)]
    return any(text in _LOOPBACK or text.rpartition(":")[0].strip("[]") in _LOOPBACK for text in texts)


def _function(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _ports(node: ast.AST) -> set[int]:
    """The numbers among the constants, and those behind the colon of an address."""
    found = set()
    for value in _constants(node):
        text = value.rpartition(":")[2] if isinstance(value, str) else str(value)
        if text.isdigit():
            found.add(int(text))
    return found


def _constants(node: ast.AST) -> Iterator[object]:
    """The constants of an expression, without those of calls within a call's function."""
    roots = [*node.args, *(one.value for one in node.keywords)] if isinstance(node, ast.Call) else [node]
    for root in roots:
        for inner in ast.walk(root):
            if isinstance(inner, ast.Constant) and type(inner.value) in (int, str):
                yield inner.value
