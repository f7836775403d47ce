"""Modules that do what would mislead a careless judge, each with a broken module after it.

Whatever ``a_hostile`` does, its verdict is the one of a fresh interpreter, and ``z_after`` is still reported.
"""

# ruff: noqa: E501  (a line is a case)
from __future__ import annotations

from scenarios.cases import CRASHED, EXITED, FAILED, IMPORTED, TIMED_OUT, Case

AFTER = "import not_there_xyz\n"
LIMIT = ("--module-timeout", "2")


def hostile(name: str, source: str, outcome: str, rule: str = "", **more: object) -> Case:
    """A package with the hostile module, then the one whose missing import must still be reported."""
    files = {f"{name}/__init__.py": "", f"{name}/a_hostile.py": source, f"{name}/z_after.py": AFTER}
    files.update(more.pop("files", {}))  # type: ignore[call-overload]
    outcomes = {name: IMPORTED, f"{name}.a_hostile": outcome, f"{name}.z_after": FAILED}
    outcomes.update(more.pop("outcomes", {}))  # type: ignore[call-overload]
    expected = {("IG101", "not_there_xyz")} | ({(rule, f"{name}.a_hostile")} if rule else set())
    return Case(
        name=name,
        files=files,
        outcomes=outcomes,
        missing={f"{name}.z_after": "not_there_xyz", **more.pop("missing", {})},  # type: ignore[dict-item]
        findings=more.pop("findings", frozenset(expected)),  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


EXITS = [
    hostile("sys_exit_0", "import sys\nsys.exit(0)\n", EXITED, "IG106"),
    hostile("sys_exit_3", "import sys\nsys.exit(3)\n", EXITED, "IG106"),
    hostile("system_exit_none", "raise SystemExit\n", EXITED, "IG106"),
    hostile("os_exit_0", "import os\nos._exit(0)\n", EXITED, "IG106"),
    hostile("atexit_os_exit", "import atexit, os\natexit.register(os._exit, 0)\n", IMPORTED),
    hostile(
        "exit_in_thread",
        "import threading, os\nt = threading.Thread(target=os._exit, args=(0,))\nt.start()\nt.join()\n",
        EXITED,
        "IG106",
    ),
]

CRASHES = [
    hostile("segfault", "import faulthandler\nfaulthandler._sigsegv()\n", CRASHED, "IG107"),
    hostile("abort", "import os\nos.abort()\n", CRASHED, "IG107"),
    hostile("kill_itself", "import os\nos.kill(os.getpid(), 9)\n", CRASHED, "IG107"),
    hostile("kill_parent", "import os\nos.kill(os.getppid(), 9)\n", IMPORTED),
    hostile("stop_parent", "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\n", IMPORTED),
    hostile("kill_everyone", "import os\ntry:\n    os.kill(-1, 9)\nexcept OSError:\n    pass\n", IMPORTED),
    hostile(
        "kill_init",
        "import os\ntry:\n    os.kill(1, 9)\n    os.kill(1, 19)\nexcept OSError:\n    pass\n",
        IMPORTED,
    ),
    hostile(
        "out_of_memory",
        "hoard = []\nwhile True:\n    hoard.append(b'x' * (16 << 20))\n",
        CRASHED,
        "IG107",
        options=("--memory", "256m"),
        truth=False,
    ),
]

HANGS = [
    hostile("endless_loop", "while True:\n    pass\n", TIMED_OUT, "IG108", options=LIMIT),
    hostile("endless_sleep", "import time\ntime.sleep(3600)\n", TIMED_OUT, "IG108", options=LIMIT),
    hostile(
        "ignores_signals",
        "import signal, time\nfor number in set(signal.Signals) - {9, 19}:\n"
        "    signal.signal(number, signal.SIG_IGN)\nwhile True:\n    time.sleep(1)\n",
        TIMED_OUT,
        "IG108",
        options=LIMIT,
    ),
    hostile(
        "import_deadlock",
        "import importlib, threading\n"
        "thread = threading.Thread(target=importlib.import_module, args=(__name__,), daemon=True)\n"
        "thread.start()\nthread.join()\n",
        TIMED_OUT,
        "IG108",
        options=LIMIT,
    ),
    hostile("reads_stdin", "import sys\nsys.stdin.read() if sys.stdin else None\n", IMPORTED, options=LIMIT),
]

PROCESSES = [
    hostile(
        "endless_thread",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,)).start()\n",
        IMPORTED,
    ),
    hostile("fork_child_goes_on", "import os\nos.fork()\n", IMPORTED),
    hostile("fork_child_exits", "import os\nif os.fork() == 0:\n    os._exit(0)\n", IMPORTED),
    hostile("fork_parent_exits", "import os\nif os.fork():\n    os._exit(0)\n", EXITED, "IG106"),
    hostile("fork_child_fails", "import os\nif os.fork() == 0:\n    import not_there_child\n", IMPORTED),
    hostile(
        "daemon_child",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(10**6)\n",
        IMPORTED,
    ),
    hostile("own_session", "import os\ntry:\n    os.setsid()\nexcept OSError:\n    pass\n", IMPORTED),
]

EXCEPTIONS = [
    hostile("keyboard_interrupt", "raise KeyboardInterrupt\n", FAILED, "IG104"),
    hostile("generator_exit", "raise GeneratorExit\n", FAILED, "IG104"),
    hostile(
        "str_raises",
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError('no text')\n"
        "    __repr__ = __str__\nraise Odd\n",
        FAILED,
        "IG104",
    ),
    hostile(
        "str_exits",
        "import os\nclass Odd(Exception):\n    def __str__(self):\n        os._exit(0)\n"
        "    __repr__ = __str__\nraise Odd\n",
        FAILED,
        "IG104",
    ),
    hostile(
        "str_huge",
        "class Huge(Exception):\n    def __str__(self):\n        return 'x' * 100_000_000\nraise Huge\n",
        FAILED,
        "IG104",
    ),
    hostile(
        "str_control",
        "raise ValueError('\\x1b[2J\\x1b]0;owned\\x07\\x00\\ud800\\udfff\\r\\n::error::forged\\n"
        "\\u202e\\x85\\u2028 end')\n",
        FAILED,
        "IG104",
    ),
    hostile(
        "str_hangs",
        "class Odd(Exception):\n    def __str__(self):\n        while True:\n            pass\n"
        "    __repr__ = __str__\nraise Odd\n",
        FAILED,
        "IG104",
        options=LIMIT,
    ),
    hostile(
        "type_named_oddly",
        "raise type('\\x1b[31m\\nImportError', (Exception,), {})('odd')\n",
        FAILED,
        "IG104",
    ),
    hostile(
        "cause_circle",
        "error = ValueError('round')\nother = KeyError('and round')\n"
        "error.__cause__ = other\nother.__cause__ = error\nraise error\n",
        FAILED,
        "IG104",
    ),
]

# Lines as the probe's own, from its workers and to the host, but for the secret of the run.
FORGED = """SECRETS = ["0" * 32, "0" * 32 + "-worker", "importguard", "", "-worker"]
NAMES = ["forge_verdicts.a_hostile", "forge_verdicts.z_after"]
BODIES = [repr((verb, name, "imported", 0.0)) for name in NAMES for verb in ("done", "module", "imported", "verdict")]
BODIES += ['{"event": "module", "name": "%s", "outcome": "imported"}' % name for name in NAMES]
BODIES += ['{"event": "end", "complete": true}', "('end',)", "{", "(("]
LINES = [("\\n%s %s\\n" % (secret, body)).encode() for secret in SECRETS for body in BODIES] + [b"no newline"]
"""
FORGER = """from forge_verdicts.lines import LINES
import os
for number in range(256):
    for line in LINES:
        try:
            os.write(number, line)
        except OSError:
            break
import not_there_forged
"""

# What would make forged lines true: the secret of the run, where every process of the container can look.
SECRET_SEEKER = """import os, re
found = set()
for process in filter(str.isdigit, os.listdir('/proc')):
    for name in ('cmdline', 'environ'):
        try:
            with open(f'/proc/{process}/{name}', errors='replace') as file:
                found |= set(re.findall('[0-9a-f]{32}', file.read()))
        except OSError:
            pass
if found:
    raise ValueError('the secret can be read')
import not_there_sought
"""

OUTPUT = [
    hostile(
        "flood_stdout",
        "import os\nblock = b'x' * (1 << 20)\nfor _ in range(1024):\n    os.write(1, block)\n",
        IMPORTED,
    ),
    hostile(
        "flood_stderr",
        "import os\nblock = b'y' * (1 << 20)\nfor _ in range(1024):\n    os.write(2, block)\n",
        IMPORTED,
    ),
    hostile("close_descriptors", "import os\nos.closerange(0, 1 << 20)\n", IMPORTED),
    hostile(
        "close_then_fail",
        "import os\nos.closerange(0, 1 << 20)\nraise ValueError('after all')\n",
        FAILED,
        "IG104",
    ),
    hostile(
        "reopen_descriptors",
        "import os\nos.closerange(0, 256)\nfor _ in range(64):\n    os.open('/dev/null', os.O_RDWR)\n",
        IMPORTED,
    ),
    hostile(
        "forge_verdicts",
        FORGER,
        FAILED,
        files={"forge_verdicts/lines.py": FORGED},
        outcomes={"forge_verdicts.lines": IMPORTED},
        missing={"forge_verdicts.a_hostile": "not_there_forged"},
        findings=frozenset({("IG101", "not_there_xyz"), ("IG101", "not_there_forged")}),
    ),
    hostile(
        "seek_the_secret",
        SECRET_SEEKER,
        FAILED,
        missing={"seek_the_secret.a_hostile": "not_there_sought"},
        findings=frozenset({("IG101", "not_there_xyz"), ("IG101", "not_there_sought")}),
    ),
]


def importer(name: str, source: str, outcome: str, rule: str, **more: object) -> Case:
    """What a hostile module does to those that import it is that module's finding, with them affected."""
    return hostile(
        name,
        source,
        outcome,
        rule,
        files={
            f"{name}/b_imports.py": f"import {name}.a_hostile\n",
            f"{name}/c_imports.py": f"import {name}.b_imports\n",
        },
        outcomes={f"{name}.b_imports": outcome, f"{name}.c_imports": outcome},
        **more,
    )


SLOW_ONES = range(7)
IMPORTERS = [
    importer("exit_imported", "import sys\nsys.exit(0)\n", EXITED, "IG106"),
    importer("leave_imported", "import os\nos._exit(0)\n", EXITED, "IG106"),
    importer("crash_imported", "import os\nos.abort()\n", CRASHED, "IG107"),
    importer("hang_imported", "while True:\n    pass\n", TIMED_OUT, "IG108", options=LIMIT),
    # Each alone is fast enough, or small enough; only what a fresh interpreter needs for one module counts.
    hostile(
        "slow_together",
        "import time\ntime.sleep(2)\n",
        IMPORTED,
        files={
            **{f"slow_together/b_slow{number}.py": "import time\ntime.sleep(2)\n" for number in SLOW_ONES},
            # Together above four times the limit, which is what a machine that does something else grants.
            "slow_together/c_all.py": "".join(f"import slow_together.b_slow{one}\n" for one in SLOW_ONES),
        },
        outcomes={
            **{f"slow_together.b_slow{number}": IMPORTED for number in SLOW_ONES},
            "slow_together.c_all": TIMED_OUT,
        },
        findings=None,
        options=("--module-timeout", "3"),
    ),
    hostile(
        "big_together",
        "HOARD = b'x' * (120 << 20)\n",
        IMPORTED,
        files={
            "big_together/b_big.py": "HOARD = b'x' * (120 << 20)\n",
            "big_together/c_big.py": "HOARD = b'x' * (120 << 20)\n",
        },
        outcomes={"big_together.b_big": IMPORTED, "big_together.c_big": IMPORTED},
        options=("--memory", "256m"),
    ),
]

HOSTILE = [*EXITS, *CRASHES, *HANGS, *PROCESSES, *EXCEPTIONS, *OUTPUT, *IMPORTERS]
