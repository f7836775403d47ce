"""The truth: what a fresh interpreter of the image says of a module. Runs in it, standard library only.

Reads two lists ``[[folder, environ, module], …]`` as JSON from its first argument: the modules of the
first may be imported side by side. Prints ``[[outcome, missing], …]`` of both.
Written apart from the probe, with none of its code: one process a module, its verdict an exit status, which a
module that closes descriptors or patches functions cannot change.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

SECONDS = 3
VERDICTS = {40: "imported", 41: "exited", 42: "failed"}

CHILD = """
import importlib, io, os, sys
leave, show, getpid, module, report = os._exit, io.open, os.getpid, sys.argv[1], sys.argv[2]
Exit, Anything, Missing, is_a, key = SystemExit, BaseException, ModuleNotFoundError, isinstance, id
itself = getpid()
sys.path[0] = os.getcwd()
del sys.argv[1:]

def missing(error, seen):
    if error is None or key(error) in seen:
        return None
    seen.add(key(error))
    if is_a(error, Missing) and error.name:
        return error.name
    return missing(error.__cause__, seen) or missing(error.__context__, seen)

try:
    importlib.import_module(module)
except Exit:
    leave(41)
except Anything as error:
    if getpid() == itself:
        with show(report, "w") as file:
            file.write(missing(error, {0}) or "")
    leave(42)
leave(40)
"""


def ask(folder, environ, module):
    """Import one module; return its outcome and the module that it lacks."""
    with tempfile.TemporaryDirectory() as where:
        report = os.path.join(where, "missing")
        process = subprocess.Popen(
            [sys.executable, "-c", CHILD, module, report],
            cwd=folder,
            env=dict(os.environ, **environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return "timed_out", None
        lacks = None
        if os.path.exists(report):
            with open(report) as file:
                lacks = file.read() or None
        if code < 0:
            return "crashed", None
        return VERDICTS.get(code, "exited"), lacks


if __name__ == "__main__":
    together, apart = json.loads(sys.argv[1])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda question: ask(*question), together))
    print("\n" + json.dumps(answers + [ask(*question) for question in apart]))
