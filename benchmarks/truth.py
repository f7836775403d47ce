"""What a fresh interpreter says of each module: the truth that importguard is compared with.

Runs inside the container as ``python3 -c <this file> MODE``, standard library only, and shares nothing with
importguard's probe. It reads a request, JSON, from standard input and writes one JSON object a line:

``list``   {"root"}: walks the tree below ``root``; {"modules": {name: path}, "left_out": {name: path}}
``truth``  {"root", "modules", "timeout"}: one fresh interpreter a module; one verdict a module
``naive``  the same request: one process imports them all, in order; one verdict a module, then {"cpu", ...}

``after``  {"root", "module", "firsts", "timeout"}: ``module`` after each of ``firsts``, each time afresh

A verdict is {"name", "outcome", "missing", "type", "message", "cpu", "seconds"}; ``cpu`` is user and system
time in seconds of the process and of the children that it waited for (getrusage(2)).
"""

import ast
import json
import keyword
import os
import re
import signal
import sys
import time

# Run in the process that imports. ``import_module`` and its own dependencies are the only things loaded
# before the module; the verdict leaves by descriptor FD, as the repr of a tuple, and the process ends at
# once: what an interpreter does at its end (atexit, threads) is not part of importing.
COMMON = r"""
import sys
sys.path[0] = ROOT
import importlib
import posix
WRITE, EXIT = posix.write, posix._exit
IMPORT = importlib.import_module
GROUP = BaseExceptionGroup if sys.version_info >= (3, 11) else ()
def missing_of(error):
    # depth first: the exception, its __cause__, its __context__, the members of a group
    todo, seen = [error], set()
    while todo:
        error = todo.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name
        inner = [error.__cause__, error.__context__]
        if isinstance(error, GROUP):
            inner.extend(error.exceptions)
        todo.extend(reversed(inner))
    return None
def judge(name):
    try:
        IMPORT(name)
    except SystemExit:
        return ("exited", None, "SystemExit", "")
    except BaseException as error:
        try:
            text = str(error)[:300]
        except BaseException:
            text = "?"
        return ("failed", missing_of(error), type(error).__name__, text)
    return ("imported", None, None, "")
def tell(verdict):
    WRITE(FD, ascii(verdict).encode("ascii") + b"\n")
"""
FRESH = COMMON + "tell((NAME,) + judge(NAME))\nEXIT(0)\n"
AFTER = COMMON + "judge(FIRST)\ntell((NAME,) + judge(NAME))\nEXIT(0)\n"
NAIVE = COMMON + "for name in NAMES:\n    tell((name,) + judge(name))\nEXIT(0)\n"

TEST = r"test_[^.]*|[^.]*_test|conftest"
LEFT_OUT = re.compile(rf"(.*\.)?({TEST}|__main__)")
SUFFIX = re.compile(r"\.(py|cpython-[^.]*\.so|abi3\.so|so)$")


def walk(root):
    """Every module below ``root`` by name, and those that importguard documents as left out, apart."""
    modules, left_out, test_folders = {}, {}, ()
    for folder, subfolders, files in os.walk(root):
        parts = os.path.relpath(folder, root).split(os.sep) if folder != root else []
        subfolders[:] = sorted(d for d in subfolders if d.isidentifier() and d != "__pycache__")
        if is_test_folder(folder):
            test_folders += (folder + os.sep,)
        in_tests = (folder + os.sep).startswith(test_folders) if test_folders else False
        for file in sorted(files):
            match = SUFFIX.search(file)
            if not match:
                continue
            stem = file[: match.start()]
            path, names = os.path.join(folder, file), parts if stem == "__init__" else [*parts, stem]
            if all(name.isidentifier() and not keyword.iskeyword(name) for name in names):
                unwanted = in_tests or LEFT_OUT.fullmatch(".".join(names)) or runs_when_imported(path, files)
                (left_out if unwanted else modules).setdefault(".".join(names), path)
    return modules, left_out


def is_test_folder(folder):
    """A folder ``tests``, or ``test`` that holds files named as tests are (django.test holds none)."""
    name = os.path.basename(folder)
    if name != "test":
        return name == "tests"
    files = (file for _, _, files in os.walk(folder) for file in files)
    return any(re.fullmatch(rf"({TEST})\.py", file) for file in files)


def runs_when_imported(path, siblings):
    """setup.py beside a project's files, and the env.py of a folder of Alembic's migrations."""
    name = os.path.basename(path)
    if name == "setup.py":
        return "__init__.py" not in siblings
    if name == "env.py":
        with open(path, encoding="utf-8", errors="replace") as file:
            return "alembic" in file.read()
    return False


def run(source, timeout, **values):
    """Run a fresh interpreter on ``source``; give the lines that it wrote to FD, how it ended, its rusage."""
    record = os.memfd_create("verdicts")  # a file, since a pipe would stay open in a module's own children
    pid = os.fork()
    if not pid:
        os.set_inheritable(record, True)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.setsid()
        header = "".join(f"{name} = {value!r}\n" for name, value in dict(values, FD=record).items())
        os.execv(sys.executable, [sys.executable, "-c", header + source])
    timed_out = []

    def kill(*_):
        timed_out.append(True)
        os.killpg(pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    _, status, usage = os.wait4(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    os.lseek(record, 0, os.SEEK_SET)
    with open(record, encoding="ascii") as file:
        lines = [ast.literal_eval(line) for line in file]
    ended = "timed_out" if timed_out else "crashed" if os.WIFSIGNALED(status) else "exited"
    return lines, ended, usage.ru_utime + usage.ru_stime


def say(name, verdict, cpu, seconds):
    """Write one verdict; flushed, so that an interrupted run keeps what it has."""
    outcome, missing, kind, message = verdict
    record = {"name": name, "outcome": outcome, "missing": missing, "type": kind, "message": message}
    print(json.dumps(dict(record, cpu=cpu, seconds=seconds)), flush=True)


def truth(request):
    """One fresh interpreter a module."""
    for name in request["modules"]:
        began = time.monotonic()
        lines, ended, cpu = run(FRESH, request["timeout"], ROOT=request["root"], NAME=name)
        verdict = lines[0][1:] if lines else (ended, None, None, "")
        say(name, verdict, round(cpu, 4), round(time.monotonic() - began, 3))


def after(request):
    """One module after each of several others."""
    for first in request["firsts"]:
        names = {"FIRST": first, "NAME": request["module"]}
        lines, ended, _ = run(AFTER, request["timeout"], ROOT=request["root"], **names)
        say(first, lines[0][1:] if lines else (ended, None, None, ""), None, None)


def naive(request):
    """One process for all modules, in sorted order; started again after the module that ends it."""
    names, total, starts = sorted(request["modules"]), 0.0, 0
    while names:
        limit = request["timeout"] * len(names)
        lines, ended, cpu = run(NAIVE, limit, ROOT=request["root"], NAMES=names)
        total, starts = total + cpu, starts + 1
        for line in lines:
            say(line[0], line[1:], None, None)
        if len(lines) < len(names):
            say(names[len(lines)], (ended, None, None, ""), None, None)
        names = names[len(lines) + 1 :]
    print(json.dumps({"cpu": round(total, 3), "starts": starts}), flush=True)


def main():
    request = json.load(sys.stdin)
    if sys.argv[1] == "list":
        modules, left_out = walk(request["root"])
        print(json.dumps({"modules": modules, "left_out": left_out}))
    else:
        {"truth": truth, "after": after, "naive": naive}[sys.argv[1]](request)


if __name__ == "__main__":
    main()
