# ruff: noqa: E501  (a line is a case)
"""Modules that replace what importguard itself may use, shadow standard modules, or customise the interpreter."""

from __future__ import annotations

from scenarios.cases import FAILED, IMPORTED, Case
from scenarios.hostile_cases import AFTER, hostile

REPLACEMENTS = [
    hostile(
        "no_stdout",
        "import sys\nsys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None\n",
        IMPORTED,
    ),
    hostile(
        "odd_stdout",
        "import sys\nclass Odd:\n    def __getattr__(self, name):\n        raise SystemExit(0)\n"
        "sys.stdout = sys.stderr = Odd()\n",
        IMPORTED,
    ),
    hostile(
        "replace_import",
        "import builtins, types\nbuiltins.__import__ = lambda name, *rest, **more: types.ModuleType(name)\n",
        IMPORTED,
    ),
    hostile(
        "replace_import_module",
        "import importlib, types\n"
        "importlib.import_module = lambda name, package=None: types.ModuleType(name)\n",
        IMPORTED,
    ),
    hostile(
        "replace_json",
        'import json\njson.dumps = lambda *rest, **more: \'{"outcome": "imported"}\'\n'
        "json.loads = lambda *rest, **more: {}\n",
        IMPORTED,
    ),
    hostile("replace_write", "import os\nos.write = lambda number, data: len(data)\n", IMPORTED),
    hostile(
        "replace_fork",
        "import os\ndef fork():\n    raise OSError('no')\nos.fork = os.waitpid = fork\n",
        IMPORTED,
    ),
    hostile(
        "replace_posix",
        "import posix\n"
        "for name in ('write', 'fork', 'waitpid', '_exit', 'read', 'kill', 'pipe', 'dup2', 'close'):\n"
        "    setattr(posix, name, lambda *rest: 0)\n",
        IMPORTED,
    ),
    hostile(
        "replace_builtins",
        "import builtins\n"
        "for name in ('len', 'isinstance', 'getattr', 'repr', 'str', 'print', 'sorted', 'BaseException'):\n"
        "    setattr(builtins, name, None)\n",
        FAILED,
        "IG104",
    ),
    hostile(
        "replace_marshal",
        "import marshal, time\nmarshal.dumps = marshal.loads = lambda *rest: b''\n"
        "time.time = time.monotonic = lambda: 1 / 0\n",
        IMPORTED,
    ),
    hostile("replace_itself", "import sys\nsys.modules[__name__] = object()\n", IMPORTED),
    hostile("replace_modules", "import sys\nsys.modules = {}\n", FAILED, "IG104"),
    hostile("clear_modules", "import sys\nsys.modules.clear()\n", FAILED, "IG104"),
    hostile(
        "clear_path",
        "import sys\nsys.path[:] = []\nsys.meta_path[:] = []\nsys.path_importer_cache.clear()\n",
        IMPORTED,
    ),
    hostile("delete_itself", "import sys\ndel sys.modules[__name__]\n", FAILED, "IG104"),
    hostile(
        "trace_function",
        "import sys, threading\ndef trace(frame, event, argument):\n    return trace\n"
        "sys.settrace(trace)\nsys.setprofile(trace)\nthreading.settrace(trace)\n",
        IMPORTED,
    ),
    hostile(
        "audit_hook",
        "import sys\ndef hook(event, arguments):\n    if event == 'import':\n"
        "        raise SystemExit(0)\nsys.addaudithook(hook)\n",
        IMPORTED,
    ),
    hostile(
        "lost_directory",
        "import os, tempfile\nfolder = tempfile.mkdtemp()\nos.chdir(folder)\nos.rmdir(folder)\n",
        IMPORTED,
    ),
    hostile(
        "low_limits",
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n",
        IMPORTED,
    ),
    hostile("alarm", "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.2)\n", IMPORTED),
]


def rooted(
    name: str, files: dict[str, str], outcomes: dict[str, str], missing: dict[str, str], **more: object
) -> Case:
    """A case whose files lie directly in its WORKDIR, beside a package ``app`` with the broken module."""
    return Case(
        name=name,
        root=True,
        files={"app/__init__.py": "", "app/z_after.py": AFTER, **files},
        outcomes={"app.z_after": FAILED, **outcomes},
        missing={"app.z_after": "not_there_xyz", **missing},
        **more,  # type: ignore[arg-type]
    )


SHADOWS = [
    rooted(
        f"shadow_{name}",
        {f"{name}.py": "import not_there_shadow\n", "app/a_uses.py": f"import {name}\n"},
        {name: FAILED, "app.a_uses": FAILED},
        {name: "not_there_shadow", "app.a_uses": "not_there_shadow"},
        findings=frozenset({("IG101", "not_there_xyz"), ("IG101", "not_there_shadow")}),
    )
    for name in ("json", "struct", "threading", "traceback", "ast")
] + [
    rooted(
        "shadow_works",
        {f"{name}.py": "OURS = 1\n" for name in ("json", "struct", "threading", "tokenize", "ast")}
        | {
            "app/a_uses.py": "from json import OURS\nfrom struct import OURS\nfrom threading import OURS\n",
            "app/b_uses.py": "from json import dumps\n",
        },
        {"json": IMPORTED, "threading": IMPORTED, "app.a_uses": IMPORTED, "app.b_uses": FAILED},
        {},
    ),
    # Built into the interpreter in some distributions of Python (then it wins over the file), not in others.
    rooted(
        "shadow_select",
        {"select.py": "import not_there_shadow\n", "app/a_uses.py": "import select\n"},
        {},
        {},
        by_truth=("app.a_uses",),
    ),
]

SITES = [
    rooted(
        "sitecustomize_prints",
        {
            "site/sitecustomize.py": "import sys, builtins\nsys.stdout.write('no newline')\nsys.stderr.write('none')\n"
            "sys.stdout.flush()\nbuiltins.customized = True\n",
            "app/a_needs.py": "customized\n",
        },
        {"app.a_needs": IMPORTED},
        {},
        environ={"PYTHONPATH": "/roots/sitecustomize_prints/site"},
    ),
    rooted(
        "sitecustomize_fails",
        {"site/sitecustomize.py": "raise RuntimeError('broken')\n", "app/a_fine.py": ""},
        {"app.a_fine": IMPORTED},
        {},
        environ={"PYTHONPATH": "/roots/sitecustomize_fails/site"},
    ),
    rooted(
        "usercustomize",
        {
            "site/usercustomize.py": "import builtins\nbuiltins.customized = True\nprint(end='{')\n",
            "app/a_needs.py": "customized\n",
        },
        {"app.a_needs": IMPORTED},
        {},
        environ={"PYTHONPATH": "/roots/usercustomize/site"},
    ),
]
