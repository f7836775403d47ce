# ruff: noqa: E501  (a line is a module)
"""Modules that leave state for one another: each one's verdict is the one that it has alone.

Names are sorted as importguard may import them: what comes first must not decide what comes later.
"""

from __future__ import annotations

from scenarios.cases import FAILED, IMPORTED, OK, application, lacks

STATE = [
    application(
        "environ_set",
        {
            "a_sets": ("import os\nos.environ['ISOLATED_XYZ'] = '1'\n", IMPORTED),
            "b_needs": ("import os\nos.environ['ISOLATED_XYZ']\n", FAILED),
            "c_asks_first": ("import environ_set.a_sets\nimport os\nos.environ['ISOLATED_XYZ']\n", IMPORTED),
            "d_lacks": lacks("not_there_xyz"),
        },
    ),
    application(
        "lazy_attributes",  # pydantic and langchain_core: what __getattr__ imports, the package keeps
        {
            "lazy.__init__": (
                "from importlib import import_module\ndef __getattr__(name):\n    if name != 'Base': raise AttributeError(name)\n"
                "    globals()[name] = import_module('.base', __name__).Base\n    return globals()[name]\n",
                IMPORTED,
            ),
            "lazy.base": ("class Base: pass\n", IMPORTED),
            "a_caches": ("from lazy_attributes.lazy import Base\n", IMPORTED),
            "b_looks_up": (
                "import sys\nfrom lazy_attributes.lazy import Base\nsys.modules[Base.__module__]\n",
                IMPORTED,
            ),
            "c_asks_first": (
                "import sys\nfrom lazy_attributes import a_caches\nfrom lazy_attributes import lazy\nsys.modules[lazy.Base.__module__]\n",
                IMPORTED,
            ),
            "d_not_loaded": (
                "import sys\nfrom lazy_attributes import lazy\nassert 'Base' in vars(lazy), 'not cached'\n",
                FAILED,
            ),
            "e_loaded": (
                "from lazy_attributes import a_caches, lazy\nassert 'Base' in vars(lazy), 'not cached'\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "environ_cleared",
        {
            "a_clears": ("import os\nos.environ.clear()\n", IMPORTED),
            "b_needs": ("import os\nos.environ['PATH']\n", IMPORTED),
        },
    ),
    application(
        "environ_by_putenv",
        {
            "a_sets": ("import os\nos.putenv('ISOLATED_XYZ', '1')\n", IMPORTED),
            "b_needs": (
                "import os, subprocess, sys\nassert not subprocess.call([sys.executable, '-c', "
                "'import os; os.environ[\"ISOLATED_XYZ\"]'])\n",
                FAILED,
            ),
        },
    ),
    application(
        "path_grows",
        {
            "a_extends": (
                "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'vendor'))\n",
                IMPORTED,
            ),
            "b_lacks": ("import vendored_xyz\n", FAILED, "vendored_xyz"),
            "c_asks_first": ("from path_grows import a_extends\nimport vendored_xyz\n", IMPORTED),
            "vendor.vendored_xyz": OK,
        },
    ),
    application(
        "path_shrinks",
        {
            "a_empties": ("import sys\ndel sys.path[:]\n", IMPORTED),
            "b_imports": ("import registry_xyz, colorsys\n", IMPORTED),
            "c_asks_first": ("import path_shrinks.a_empties\nimport registry_xyz\n", FAILED, "registry_xyz"),
        },
    ),
    application(
        "path_replaced",
        {
            "a_replaces": (
                "import os, sys\nsys.path = [os.path.join(os.path.dirname(__file__), 'vendor')] + sys.path\n",
                IMPORTED,
            ),
            "b_lacks": ("import replaced_xyz\n", FAILED, "replaced_xyz"),
            "vendor.replaced_xyz": OK,
        },
    ),
    application(
        "package_path",
        {
            "a_extends": (
                "import os, package_path\npackage_path.__path__.append("
                "os.path.join(os.path.dirname(__file__), 'more'))\n",
                IMPORTED,
            ),
            "b_lacks": ("import package_path.hidden\n", FAILED, "package_path.hidden"),
            "more.hidden": OK,
        },
    ),
    application(
        "finder",
        {
            "a_installs": (
                "import importlib.abc, importlib.machinery, sys, types\n\n\nclass Finder(importlib.abc.MetaPathFinder):\n"
                "    def find_spec(self, name, path, target=None):\n        if name == 'invented_xyz':\n"
                "            return importlib.machinery.ModuleSpec(name, self)\n\n"
                "    def create_module(self, spec):\n        return types.ModuleType(spec.name)\n\n"
                "    def exec_module(self, module):\n        pass\n\n\nsys.meta_path.insert(0, Finder())\n",
                IMPORTED,
            ),
            "b_lacks": lacks("invented_xyz"),
            "c_asks_first": ("import finder.a_installs\nimport invented_xyz\n", IMPORTED),
        },
    ),
    application(
        "path_hook",
        {
            "a_installs": (
                "import sys\n\n\ndef hook(entry):\n    raise SystemExit(0)\n\n\nsys.path_hooks.insert(0, hook)\n"
                "sys.path_importer_cache.clear()\n",
                IMPORTED,
            ),
            "b_lacks": lacks("not_there_xyz"),
            "c.fine": OK,
        },
    ),
    application(
        "builtin_added",
        {
            "a_adds": ("import builtins\nbuiltins.translate_xyz = str\n", IMPORTED),
            "b_needs": ("translate_xyz('x')\n", FAILED),
            "c_asks_first": ("import builtin_added.a_adds\ntranslate_xyz('x')\n", IMPORTED),
        },
    ),
    application(
        "builtin_patched",
        {
            "a_patches": ("import builtins\nbuiltins.open = None\nbuiltins.print = None\n", IMPORTED),
            "b_uses": ("open(__file__).close()\nprint('fine')\n", IMPORTED),
            "c_asks_first": ("from builtin_patched import a_patches\nopen(__file__)\n", FAILED),
        },
    ),
    application(
        "import_patched",
        {
            "a_patches": (
                "import builtins, types\nreal = builtins.__import__\n\n\ndef lenient(name, *rest, **more):\n"
                "    try:\n        return real(name, *rest, **more)\n    except ImportError:\n"
                "        return types.ModuleType(name)\n\n\nbuiltins.__import__ = lenient\n",
                IMPORTED,
            ),
            "b_lacks": lacks("not_there_xyz"),
            "c_asks_first": ("import import_patched.a_patches\nimport not_there_xyz\n", IMPORTED),
        },
    ),
    application(
        "library_patched",
        {
            "a_patches": ("import json\njson.loads = None\n", IMPORTED),
            "b_uses": ("import json\njson.loads('1')\n", IMPORTED),
            "c_asks_first": ("import library_patched.a_patches\nimport json\njson.loads('1')\n", FAILED),
        },
    ),
    application(
        "library_given",
        {
            "a_gives": ("import colorsys\ncolorsys.gift_xyz = 1\n", IMPORTED),
            "b_needs": ("from colorsys import gift_xyz\n", FAILED),
            "c_asks_first": ("import library_given.a_gives\nfrom colorsys import gift_xyz\n", IMPORTED),
        },
    ),
    application(
        "stand_in",
        {
            "a_puts": (
                "import sys, types\nsys.modules['stand_in_xyz'] = types.ModuleType('stand_in_xyz')\n",
                IMPORTED,
            ),
            "b_lacks": lacks("stand_in_xyz"),
            "c_asks_first": ("import stand_in.a_puts\nimport stand_in_xyz\n", IMPORTED),
        },
    ),
    application(
        "stand_in_for_own",
        {
            "a_puts": (
                "import sys, types\nsys.modules['stand_in_for_own.z_real'] = types.ModuleType('z_real')\n",
                IMPORTED,
            ),
            "b_needs": ("from stand_in_for_own.z_real import NAME\n", FAILED, "not_there_xyz"),
            "z_real": ("import not_there_xyz\nNAME = 1\n", FAILED, "not_there_xyz"),
        },
    ),
    application(
        "blocked",
        {
            "a_blocks": ("import sys\nsys.modules['colorsys'] = None\n", IMPORTED),
            "b_uses": ("import colorsys\n", IMPORTED),
            "c_asks_first": ("import blocked.a_blocks\nimport colorsys\n", FAILED, "colorsys"),
        },
    ),
    application(
        "dropped",
        {
            "a_drops": (
                "import sys, registry_xyz\nregistry_xyz.register('dropped')\ndel sys.modules['registry_xyz']\n",
                IMPORTED,
            ),
            "b_uses": ("import registry_xyz\nregistry_xyz.register('dropped')\n", IMPORTED),
        },
    ),
    application(
        "working_directory",
        {
            "a_leaves": ("import os\nos.chdir('/')\n", IMPORTED),
            "b_opens": ("open('relative.txt').close()\n", IMPORTED),
            "c_asks_first": ("import working_directory.a_leaves\nopen('relative.txt')\n", FAILED),
        },
    ),
    application(
        "warnings_are_errors",
        {
            "a_sets": ("import warnings\nwarnings.simplefilter('error')\n", IMPORTED),
            "b_warns": ("import warnings\nwarnings.warn('old')\n", IMPORTED),
            "c_asks_first": ("import warnings_are_errors.a_sets, warnings\nwarnings.warn('old')\n", FAILED),
        },
    ),
    application(
        "recursion",
        {
            "a_limits": ("import sys\nsys.setrecursionlimit(sys.getrecursionlimit() - 800)\n", IMPORTED),
            "b_recurses": ("def down(n):\n    return n and down(n - 1)\n\n\ndown(500)\n", IMPORTED),
        },
    ),
    application(
        "signals",
        {
            "a_sets": ("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n", IMPORTED),
            "b_asks": (
                "import signal\nassert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "locale_and_umask",
        {
            "a_sets": (
                "import os, sys\nos.umask(0o777)\nsys.argv[:] = ['x', 'y']\nsys.dont_write_bytecode = True\n"
                "os.environ['LC_ALL'] = 'x'\nsys.setswitchinterval(9)\n",
                IMPORTED,
            ),
            "b_asks": (
                "import os, sys\nassert os.umask(0o22) != 0o777\nassert len(sys.argv) < 2\n"
                "assert sys.getswitchinterval() < 1\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "event_loop",
        {
            "a_sets": ("import asyncio\nasyncio.set_event_loop(asyncio.new_event_loop())\n", IMPORTED),
            "b_needs": ("import asyncio\nimport threading\nassert threading.active_count() == 1\n", IMPORTED),
        },
    ),
    application(
        "threads",
        {
            "a_starts": (
                "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()\n",
                IMPORTED,
            ),
            "b_counts": ("import threading\nassert threading.active_count() == 1\n", IMPORTED),
            "c_asks_first": (
                "import threads.a_starts, threading\nassert threading.active_count() == 1\n",
                FAILED,
            ),
        },
    ),
    application(
        "written_files",
        {
            "a_writes": (
                "import os, sys\nfolder = os.path.dirname(os.path.abspath(__file__))\n"
                "open(os.path.join(folder, 'generated.py'), 'w').close()\n",
                IMPORTED,
            ),
            "b_reads": ("import os\nos.path.exists('/app')\n", IMPORTED),
        },
    ),
    application(
        "recursion_limit",
        {
            "a": ("def down(n):\n    return n and down(n - 1)\n\n\ndown(1500)\n", FAILED),
            "b": ("from recursion_limit.d import SHALLOW\n", IMPORTED),
            "c": ("from recursion_limit.d import DEEP\n", FAILED),
            "d": (
                "def down(n):\n    return n and down(n - 1)\n\n\ntry:\n    down(5000)\n    DEEP = 1\n"
                "except RecursionError:\n    SHALLOW = 1\n",
                IMPORTED,
            ),
            "e_raises_it": ("import sys\nsys.setrecursionlimit(9000)\n", IMPORTED),
            "f_after_it": (
                "import recursion_limit.e_raises_it\nfrom recursion_limit.d import DEEP\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "importer_cache",
        {
            "a": (
                "import sys\nfor key in list(sys.path_importer_cache):\n"
                "    sys.path_importer_cache[key] = None\n",
                IMPORTED,
            ),
            "b": OK,
            "sub.c": OK,
        },
    ),
    application(
        "finder_attribute",
        {
            "a": (
                "from importlib.machinery import PathFinder\nif 'find_distributions' in vars(PathFinder):\n"
                "    del PathFinder.find_distributions\n",
                IMPORTED,
            ),
            "b": ("from importlib.machinery import PathFinder\nPathFinder.find_distributions\n", IMPORTED),
        },
    ),
    application(
        "function_behind_module",
        {
            "__init__": ("def run(): ...\n", IMPORTED),
            "a": ("import function_behind_module.run\n", IMPORTED),
            "run": OK,
            "w": (
                "import function_behind_module as p\nif not callable(getattr(p, 'run', None)):\n"
                "    raise ImportError('run is gone')\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "context_pushed_by_importer",
        {
            "api": ("from context_pushed_by_importer import current\ncurrent.STACK[-1]\n", FAILED),
            "current": ("STACK = []\n", IMPORTED),
            "pushes": (
                "from context_pushed_by_importer import current\ncurrent.STACK.append(1)\n"
                "from context_pushed_by_importer import api\ncurrent.STACK.pop()\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "registered_twice",
        {
            "api": (
                "from registered_twice.registry import counter\ntry:\n    REQUESTS = counter('requests')\n"
                "except ValueError:\n    pass\n",
                IMPORTED,
            ),
            "registry": (
                "NAMES = set()\n\n\ndef counter(name):\n    if name in NAMES:\n"
                "        raise ValueError('Duplicated ' + name)\n    NAMES.add(name)\n    return name\n",
                IMPORTED,
            ),
            "worker": (
                "from registered_twice.registry import counter\ntry:\n    REQUESTS = counter('requests')\n"
                "except ValueError:\n    pass\n",
                IMPORTED,
            ),
            "y_uses_worker": ("from registered_twice.worker import REQUESTS\n", IMPORTED),
        },
    ),
    application(
        "warnings_turned_into_errors",
        {
            "a": ("import warnings\nwarnings.simplefilter('error')\n", IMPORTED),
            "b": (
                "import warnings\ntry:\n    warnings.warn('old')\n    FAST = True\nexcept Warning:\n    pass\n",
                IMPORTED,
            ),
            "c": ("from warnings_turned_into_errors.b import FAST\n", IMPORTED),
        },
    ),
    application(
        "asks_who_imports_it",
        {
            "helper": (
                "import sys\nif 'asks_who_imports_it.outer' in sys.modules:\n    READY = True\n",
                IMPORTED,
            ),
            "outer": ("from asks_who_imports_it.helper import READY\n", IMPORTED),
            "other": ("from asks_who_imports_it.helper import READY\n", FAILED),
        },
    ),
    # What another module left in an object failed it: where it passes, its importer's else branch runs.
    application(
        "passes_beside_false_alarm",
        {
            "registry": ("ITEMS = []\n", IMPORTED),
            "a_fills": ("from passes_beside_false_alarm.registry import ITEMS\nITEMS.append(1)\n", IMPORTED),
            "b_strict": (
                "from passes_beside_false_alarm.registry import ITEMS\n"
                "if ITEMS:\n    raise RuntimeError('registered twice')\n",
                IMPORTED,
            ),
            "c_user": (
                "try:\n    import passes_beside_false_alarm.b_strict\nexcept RuntimeError:\n    pass\n"
                "else:\n    import not_there_xyz\n",
                FAILED,
                "not_there_xyz",
            ),
        },
    ),
]
