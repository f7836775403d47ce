"""Send Python modules into a container: to an interpreter's input or arguments, with nothing copied."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterator, Mapping
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from typing import Any

_OLDEST_FORMAT = 2  # of marshal: that of Python 2.5 to 3.3, which every later one reads

# Receives the modules by name, their code as a certain Python compiled it, and the request.
# Python 3.4 to 3.6 must be able to parse this: the probe says that they are too old. Older ones lack -I.
LOADER = """\
import marshal, sys
SOURCES, (MAGIC, CODE), REQUEST = GIVEN
if MAGIC != getattr(sys.modules.get("_frozen_importlib_external"), "MAGIC_NUMBER", None):
    CODE = {}
class Files:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in SOURCES:
            return type(sys.__spec__)(name, Files, is_package=not SOURCES[name])
    @staticmethod
    def create_module(spec):
        return None
    @staticmethod
    def exec_module(module):
        name = module.__name__
        code = marshal.loads(CODE[name]) if name in CODE else compile(SOURCES[name], "<importguard>", "exec")
        exec(code, module.__dict__)
sys.meta_path.insert(0, Files)
"""
_FROM_INPUT = "marshal.load(sys.stdin.buffer)"
_FROM_ARGUMENTS = "marshal.loads(__import__('zlib').decompress(bytes.fromhex(''.join(sys.argv[1:]))))"
_LONGEST_ARGUMENT = 120_000  # Linux takes 128 KiB in one (MAX_ARG_STRLEN, execve(2))


def loading_command(python: str, then: str) -> list[str]:
    """The argv by which ``python`` loads what ``packed_modules`` gives, and runs the code ``then``."""
    return [python, "-I", "-S", "-c", LOADER.replace("GIVEN", _FROM_INPUT) + then]


def loading_arguments(python: str, then: str, packed: bytes) -> list[str]:
    """The same argv with the modules themselves, for an engine whose containers have no open standard input.

    Other processes of the container can read it, with all that is in the request.
    """
    text = zlib.compress(packed, 9).hex()
    pieces = [text[start : start + _LONGEST_ARGUMENT] for start in range(0, len(text), _LONGEST_ARGUMENT)]
    return [python, "-I", "-S", "-c", LOADER.replace("GIVEN", _FROM_ARGUMENTS) + then, *pieces]


def packed_modules(paths: Mapping[str, Path], request: Mapping[str, Any], compiled: bool = True) -> bytes:
    """The bytes for the loader: the modules' text and, if ``compiled``, code, by name, and ``REQUEST``."""
    files = {name: path.read_text("utf-8") for name, path in paths.items()}
    # A package is sent as an empty text, which marks it as one.
    files.update({package: "" for name in paths for package in _packages_above(name)})
    code = {name: data for name, path in paths.items() if compiled and (data := cached_code_of(path))}
    return marshal.dumps((files, (MAGIC_NUMBER, code), dict(request)), _OLDEST_FORMAT)


def _packages_above(module: str) -> Iterator[str]:
    """The packages that a module lies in, by name."""
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def cached_code_of(path: Path) -> bytes:
    """The code of a file as this Python has it in its cache (PEP 3147, PEP 552); nothing where that is stale.

    Compiling is most of what the modules need to start, and the image's Python is often of the same version.
    """
    try:
        status, data = path.stat(), Path(cache_from_source(str(path))).read_bytes()
    except (OSError, NotImplementedError):
        return b""
    numbers = (0, int(status.st_mtime), status.st_size)
    valid = MAGIC_NUMBER + b"".join((number & 0xFFFFFFFF).to_bytes(4, "little") for number in numbers)
    return data[16:] if data.startswith(valid) else b""
