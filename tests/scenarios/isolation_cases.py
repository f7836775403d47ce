"""Applications whose modules leave state for one another: each module's verdict is the one it has alone.

Names are sorted as importguard may import them: what comes first must not decide what comes later.
"""

# ruff: noqa: E501  (a line is a module)
from __future__ import annotations

from scenarios.cases import FAILED, IMPORTED, application

THIRD_PARTY = {
    # Refuses a name that it has, as registries of metrics and of database tables do.
    "registry_xyz.py": "NAMES = set()\n\n\ndef register(name):\n    if name in NAMES:\n"
    "        raise ValueError('Duplicated timeseries: ' + name)\n    NAMES.add(name)\n",
    "guarded_xyz/__init__.py": "try:\n    import not_there_speedups\nexcept ImportError:\n    not_there_speedups = None\n",
    "broken_xyz/__init__.py": "import not_there_inside\n",
    "broken_xyz/fine.py": "",
}

OK = ("", IMPORTED)


def lacks(name: str, before: str = "") -> tuple[str, str, str]:
    """A module that imports what is not there."""
    return (f"{before}import {name}\n", FAILED, name)


STATE = [
    application("environ_set", {
        "a_sets": ("import os\nos.environ['ISOLATED_XYZ'] = '1'\n", IMPORTED),
        "b_needs": ("import os\nos.environ['ISOLATED_XYZ']\n", FAILED),
        "c_asks_first": ("import environ_set.a_sets\nimport os\nos.environ['ISOLATED_XYZ']\n", IMPORTED),
        "d_lacks": lacks("not_there_xyz"),
    }),
    application("environ_cleared", {
        "a_clears": ("import os\nos.environ.clear()\n", IMPORTED),
        "b_needs": ("import os\nos.environ['PATH']\n", IMPORTED),
    }),
    application("environ_by_putenv", {
        "a_sets": ("import os\nos.putenv('ISOLATED_XYZ', '1')\n", IMPORTED),
        "b_needs": ("import os, subprocess, sys\nassert not subprocess.call([sys.executable, '-c', "
                    "'import os; os.environ[\"ISOLATED_XYZ\"]'])\n", FAILED),
    }),
    application("path_grows", {
        "a_extends": ("import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'vendor'))\n", IMPORTED),
        "b_lacks": ("import vendored_xyz\n", FAILED, "vendored_xyz"),
        "c_asks_first": ("from path_grows import a_extends\nimport vendored_xyz\n", IMPORTED),
        "vendor.vendored_xyz": OK,
    }),
    application("path_shrinks", {
        "a_empties": ("import sys\ndel sys.path[:]\n", IMPORTED),
        "b_imports": ("import registry_xyz, colorsys\n", IMPORTED),
        "c_asks_first": ("import path_shrinks.a_empties\nimport registry_xyz\n", FAILED, "registry_xyz"),
    }),
    application("path_replaced", {
        "a_replaces": ("import os, sys\nsys.path = [os.path.join(os.path.dirname(__file__), 'vendor')] + sys.path\n",
                       IMPORTED),
        "b_lacks": ("import replaced_xyz\n", FAILED, "replaced_xyz"),
        "vendor.replaced_xyz": OK,
    }),
    application("package_path", {
        "a_extends": ("import os, package_path\npackage_path.__path__.append("
                      "os.path.join(os.path.dirname(__file__), 'more'))\n", IMPORTED),
        "b_lacks": ("import package_path.hidden\n", FAILED, "package_path.hidden"),
        "more.hidden": OK,
    }),
    application("finder", {
        "a_installs": (
            "import importlib.abc, importlib.machinery, sys, types\n\n\nclass Finder(importlib.abc.MetaPathFinder):\n"
            "    def find_spec(self, name, path, target=None):\n        if name == 'invented_xyz':\n"
            "            return importlib.machinery.ModuleSpec(name, self)\n\n"
            "    def create_module(self, spec):\n        return types.ModuleType(spec.name)\n\n"
            "    def exec_module(self, module):\n        pass\n\n\nsys.meta_path.insert(0, Finder())\n", IMPORTED),
        "b_lacks": lacks("invented_xyz"),
        "c_asks_first": ("import finder.a_installs\nimport invented_xyz\n", IMPORTED),
    }),
    application("path_hook", {
        "a_installs": ("import sys\n\n\ndef hook(entry):\n    raise SystemExit(0)\n\n\nsys.path_hooks.insert(0, hook)\n"
                       "sys.path_importer_cache.clear()\n", IMPORTED),
        "b_lacks": lacks("not_there_xyz"),
        "c.fine": OK,
    }),
    application("builtin_added", {
        "a_adds": ("import builtins\nbuiltins.translate_xyz = str\n", IMPORTED),
        "b_needs": ("translate_xyz('x')\n", FAILED),
        "c_asks_first": ("import builtin_added.a_adds\ntranslate_xyz('x')\n", IMPORTED),
    }),
    application("builtin_patched", {
        "a_patches": ("import builtins\nbuiltins.open = None\nbuiltins.print = None\n", IMPORTED),
        "b_uses": ("open(__file__).close()\nprint('fine')\n", IMPORTED),
        "c_asks_first": ("from builtin_patched import a_patches\nopen(__file__)\n", FAILED),
    }),
    application("import_patched", {
        "a_patches": ("import builtins, types\nreal = builtins.__import__\n\n\ndef lenient(name, *rest, **more):\n"
                      "    try:\n        return real(name, *rest, **more)\n    except ImportError:\n"
                      "        return types.ModuleType(name)\n\n\nbuiltins.__import__ = lenient\n", IMPORTED),
        "b_lacks": lacks("not_there_xyz"),
        "c_asks_first": ("import import_patched.a_patches\nimport not_there_xyz\n", IMPORTED),
    }),
    application("library_patched", {
        "a_patches": ("import json\njson.loads = None\n", IMPORTED),
        "b_uses": ("import json\njson.loads('1')\n", IMPORTED),
        "c_asks_first": ("import library_patched.a_patches\nimport json\njson.loads('1')\n", FAILED),
    }),
    application("library_given", {
        "a_gives": ("import colorsys\ncolorsys.gift_xyz = 1\n", IMPORTED),
        "b_needs": ("from colorsys import gift_xyz\n", FAILED),
        "c_asks_first": ("import library_given.a_gives\nfrom colorsys import gift_xyz\n", IMPORTED),
    }),
    application("stand_in", {
        "a_puts": ("import sys, types\nsys.modules['stand_in_xyz'] = types.ModuleType('stand_in_xyz')\n", IMPORTED),
        "b_lacks": lacks("stand_in_xyz"),
        "c_asks_first": ("import stand_in.a_puts\nimport stand_in_xyz\n", IMPORTED),
    }),
    application("stand_in_for_own", {
        "a_puts": ("import sys, types\nsys.modules['stand_in_for_own.z_real'] = types.ModuleType('z_real')\n", IMPORTED),
        "b_needs": ("from stand_in_for_own.z_real import NAME\n", FAILED, "not_there_xyz"),
        "z_real": ("import not_there_xyz\nNAME = 1\n", FAILED, "not_there_xyz"),
    }),
    application("blocked", {
        "a_blocks": ("import sys\nsys.modules['colorsys'] = None\n", IMPORTED),
        "b_uses": ("import colorsys\n", IMPORTED),
        "c_asks_first": ("import blocked.a_blocks\nimport colorsys\n", FAILED, "colorsys"),
    }),
    application("dropped", {
        "a_drops": ("import sys, registry_xyz\nregistry_xyz.register('dropped')\ndel sys.modules['registry_xyz']\n", IMPORTED),
        "b_uses": ("import registry_xyz\nregistry_xyz.register('dropped')\n", IMPORTED),
    }),
    application("working_directory", {
        "a_leaves": ("import os\nos.chdir('/')\n", IMPORTED),
        "b_opens": ("open('relative.txt').close()\n", IMPORTED),
        "c_asks_first": ("import working_directory.a_leaves\nopen('relative.txt')\n", FAILED),
    }),
    application("warnings_are_errors", {
        "a_sets": ("import warnings\nwarnings.simplefilter('error')\n", IMPORTED),
        "b_warns": ("import warnings\nwarnings.warn('old')\n", IMPORTED),
        "c_asks_first": ("import warnings_are_errors.a_sets, warnings\nwarnings.warn('old')\n", FAILED),
    }),
    application("recursion", {
        "a_limits": ("import sys\nsys.setrecursionlimit(sys.getrecursionlimit() - 800)\n", IMPORTED),
        "b_recurses": ("def down(n):\n    return n and down(n - 1)\n\n\ndown(500)\n", IMPORTED),
    }),
    application("signals", {
        "a_sets": ("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n", IMPORTED),
        "b_asks": ("import signal\nassert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL\n", IMPORTED),
    }),
    application("locale_and_umask", {
        "a_sets": ("import os, sys\nos.umask(0o777)\nsys.argv[:] = ['x', 'y']\nsys.dont_write_bytecode = True\n"
                   "os.environ['LC_ALL'] = 'x'\nsys.setswitchinterval(9)\n", IMPORTED),
        "b_asks": ("import os, sys\nassert os.umask(0o22) != 0o777\nassert len(sys.argv) < 2\n"
                   "assert sys.getswitchinterval() < 1\n", IMPORTED),
    }),
    application("event_loop", {
        "a_sets": ("import asyncio\nasyncio.set_event_loop(asyncio.new_event_loop())\n", IMPORTED),
        "b_needs": ("import asyncio\nimport threading\nassert threading.active_count() == 1\n", IMPORTED),
    }),
    application("threads", {
        "a_starts": ("import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()\n",
                     IMPORTED),
        "b_counts": ("import threading\nassert threading.active_count() == 1\n", IMPORTED),
        "c_asks_first": ("import threads.a_starts, threading\nassert threading.active_count() == 1\n", FAILED),
    }),
    application("written_files", {
        "a_writes": ("import os, sys\nfolder = os.path.dirname(os.path.abspath(__file__))\n"
                     "open(os.path.join(folder, 'generated.py'), 'w').close()\n", IMPORTED),
        "b_reads": ("import os\nos.path.exists('/app')\n", IMPORTED),
    }),
]

SUBMODULES = [
    application("library_submodule", {
        "a_loads": ("import xml.etree.ElementTree\nimport concurrent.futures\n", IMPORTED),
        "b_needs": ("import xml\nxml.etree\n", FAILED),
        "c_needs": ("import concurrent\nconcurrent.futures\n", FAILED),
        "d_asks_first": ("import library_submodule.a_loads\nimport xml\nxml.etree.ElementTree\n", IMPORTED),
    }),
    application("own_submodule", {
        "a_loads": ("import own_submodule.sub.deep\n", IMPORTED),
        "b_needs": ("import own_submodule.sub\nown_submodule.sub.deep\n", FAILED),
        "c_needs": ("import own_submodule\nown_submodule.sub\n", FAILED),
        "d_imports": ("from own_submodule.sub import deep\n", IMPORTED),
        "sub.deep": OK,
    }),
    application("own_attribute", {
        "a_sets": ("import own_attribute.config\nown_attribute.config.READY = True\n", IMPORTED),
        "b_needs": ("from own_attribute.config import READY\n", FAILED),
        "c_asks_first": ("import own_attribute.a_sets\nfrom own_attribute.config import READY\n", IMPORTED),
        "config": OK,
    }),
    application("star", {
        "a_star": ("from star.names import *\nGIVEN\n", IMPORTED),
        "b_star": ("from star.names import *\nHIDDEN\n", FAILED),
        "names": ("__all__ = ['GIVEN']\nGIVEN = HIDDEN = 1\n", IMPORTED),
        "c_star": ("from star.liar import *\n", FAILED),
        "liar": ("__all__ = ['ABSENT']\n", IMPORTED),
    }),
]

HALF_FAILED = [
    application("half_failed", {
        "a_half": ("from registry_xyz import register\nregister('half')\nimport not_there_half\n", FAILED, "not_there_half"),
        "b_importer": ("import half_failed.a_half\n", FAILED, "not_there_half"),
        "c_importer": ("from half_failed import a_half\n", FAILED, "not_there_half"),
        "d_guards": ("try:\n    from half_failed import a_half\nexcept ImportError:\n    a_half = None\n", IMPORTED),
        # A fresh interpreter runs the body twice here, and meets the duplicate too.
        "e_twice": ("try:\n    import half_failed.a_half\nexcept ImportError:\n    pass\n"
                    "import half_failed.a_half\n", FAILED),
    }),
    application("same_name", {
        "a_registers": ("from registry_xyz import register\nregister('same')\n", IMPORTED),
        "b_registers": ("from registry_xyz import register\nregister('same')\n", IMPORTED),
        "c_both": ("import same_name.a_registers\nimport same_name.b_registers\n", FAILED),
    }),
    application("failed_package", {
        "broken.__init__": ("from . import child\nimport not_there_package\n", FAILED, "not_there_package"),
        "broken.child": ("", FAILED, "not_there_package"),
        "broken.deep.leaf": ("", FAILED, "not_there_package"),
        "a_importer": ("import failed_package.broken.child\n", FAILED, "not_there_package"),
        "z_importer": ("from failed_package.broken.child import name\n", FAILED, "not_there_package"),
        "y_fine": OK,
    }, findings=frozenset({("IG101", "not_there_package")})),
    application("failed_then_guarded", {
        "broken.__init__": ("from . import child\nimport not_there_package\n", FAILED, "not_there_package"),
        "broken.child": ("", FAILED, "not_there_package"),
        "a_guards": ("try:\n    import failed_then_guarded.broken\nexcept ImportError:\n    pass\n", IMPORTED),
        # The first attempt leaves the child behind in sys.modules: a fresh interpreter says so too.
        "b_uses_rest": ("try:\n    import failed_then_guarded.broken\nexcept ImportError:\n    pass\n"
                        "import sys\nassert 'failed_then_guarded.broken.child' in sys.modules\n", IMPORTED),
    }),
    application("third_party_fails", {
        "a_needs": ("import broken_xyz.fine\n", FAILED, "not_there_inside"),
        "b_needs": ("import broken_xyz\n", FAILED, "not_there_inside"),
        "c_guards": ("try:\n    import broken_xyz\nexcept ImportError:\n    pass\n", IMPORTED),
        "d_fine": ("import guarded_xyz\n", IMPORTED),
    }, findings=frozenset({("IG101", "not_there_inside")})),
]

CYCLES = [
    # Only one of the two can be imported first; which one, sorts first in one case and last in the other.
    application("cycle_first", {
        "a": ("A = 1\nfrom cycle_first.b import B\n", IMPORTED),
        "b": ("from cycle_first.a import A\nB = 1\n", FAILED),
        "c_uses_a": ("from cycle_first.a import A, B\n", IMPORTED),
        "d_uses_b": ("from cycle_first.b import B\n", FAILED),
        "e_uses_both": ("import cycle_first.a\nimport cycle_first.b\n", IMPORTED),
    }),
    application("cycle_last", {
        "b": ("B = 1\nfrom cycle_last.a import A\n", IMPORTED),
        "a": ("from cycle_last.b import B\nA = 1\n", FAILED),
        "c_uses_b": ("from cycle_last.b import B, A\n", IMPORTED),
        "d_uses_a": ("from cycle_last.a import A\n", FAILED),
        "e_uses_both": ("import cycle_last.b\nimport cycle_last.a\n", IMPORTED),
    }),
    application("cycle_never", {
        "a": ("from cycle_never.b import B\nA = 1\n", FAILED),
        "b": ("from cycle_never.a import A\nB = 1\n", FAILED),
        "c_fine": OK,
    }),
    application("cycle_always", {
        "a": ("import cycle_always.b\n\n\ndef use():\n    return cycle_always.b.B\n", IMPORTED),
        "b": ("import cycle_always.a\nB = 1\n", IMPORTED),
    }),
    application("cycle_of_three", {
        "a": ("from cycle_of_three.b import B\nA = 1\n", FAILED),
        "b": ("from cycle_of_three.c import C\nB = 1\n", FAILED),
        "c": ("C = 1\nfrom cycle_of_three.a import A\n", IMPORTED),
    }),
    application("cycle_by_attribute", {
        "a": ("import cycle_by_attribute.b\nA = cycle_by_attribute.b.B\n", IMPORTED),
        "b": ("import cycle_by_attribute.a\nB = 1\n", FAILED),
    }),
    application("cycle_in_package", {
        "__init__": ("from cycle_in_package import a\n", IMPORTED),
        "a": ("A = 1\nfrom cycle_in_package.b import B\n", IMPORTED),
        "b": ("from cycle_in_package.a import A\nB = 1\n", IMPORTED),
    }),
    application("cycle_with_package", {
        "sub.__init__": ("from cycle_with_package.sub.x import X\nNAME = 1\n", FAILED),
        "sub.x": ("from cycle_with_package.sub import NAME\nX = 1\n", FAILED),
        "other": OK,
    }),
    application("cycle_hides_missing", {
        "a": ("A = 1\nfrom cycle_hides_missing.b import B\n", FAILED, "not_there_cycle"),
        "b": ("import not_there_cycle\nfrom cycle_hides_missing.a import A\nB = 1\n", FAILED, "not_there_cycle"),
    }),
    application("cycle_guarded", {
        "a": ("A = 1\nfrom cycle_guarded.b import B\n", IMPORTED),
        "b": ("try:\n    from cycle_guarded.a import A\nexcept ImportError:\n    A = None\nB = 1\n", IMPORTED),
    }),
    application("cycle_in_condition", {
        "a": ("import os\nif os.name == 'posix':\n    A = 1\nfrom cycle_in_condition.b import B\n", IMPORTED),
        "b": ("if True:\n    from cycle_in_condition.a import A\nB = 1\n", FAILED),
    }),
    application("cycle_in_function", {
        "a": ("def load():\n    from cycle_in_function.b import B\n    return B\n\n\nload()\nA = 1\n", FAILED),
        "b": ("B = 1\nfrom cycle_in_function.a import A\n", IMPORTED),
    }),
    application("cycle_by_star", {
        "a": ("from cycle_by_star.b import *\nA = 1\nB\n", FAILED),
        "b": ("from cycle_by_star.a import *\nB = 1\nA\n", FAILED),
    }),
    application("cycle_by_getattr", {
        "a": ("A = 1\nfrom cycle_by_getattr.b import B\n", FAILED),
        "b": ("def __getattr__(name):\n    return 1\n\n\nfrom cycle_by_getattr.a import Z\nB = 1\n", FAILED),
        "c": ("from cycle_by_getattr.d import D\nC = 1\n", FAILED),
        "d": ("def __getattr__(name):\n    return 1\n\n\nfrom cycle_by_getattr.c import D\nD = 1\n", IMPORTED),
    }),
]

GUARDED = [
    application("guards", {
        "by_import_error": ("try:\n    import not_there_a\nexcept ImportError:\n    not_there_a = None\n", IMPORTED),
        "by_not_found": ("try:\n    from not_there_b import x\nexcept ModuleNotFoundError:\n    x = None\n", IMPORTED),
        "by_tuple": ("try:\n    import not_there_c\nexcept (AttributeError, ImportError):\n    pass\n", IMPORTED),
        "by_exception": ("try:\n    import not_there_d\nexcept Exception:\n    pass\n", IMPORTED),
        "by_all": ("try:\n    import not_there_e\nexcept:\n    pass\n", IMPORTED),
        "by_suppress": ("import contextlib\nwith contextlib.suppress(ImportError):\n    import not_there_f\n", IMPORTED),
        "by_typing": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import not_there_g\n", IMPORTED),
        "by_find_spec": ("import importlib.util\nif importlib.util.find_spec('not_there_h'):\n    import not_there_h\n",
                         IMPORTED),
        "by_function": ("def later():\n    import not_there_i\n", IMPORTED),
        "by_fallback": ("try:\n    import not_there_j as codec\nexcept ImportError:\n    import json as codec\n", IMPORTED),
    }, findings=frozenset()),
    application("wrapped", {
        "by_from": ("try:\n    import not_there_from\nexcept ImportError as error:\n"
                    "    raise RuntimeError('Failed to set up') from error\n", FAILED, "not_there_from"),
        "by_context": ("try:\n    import not_there_context\nexcept ImportError:\n"
                       "    raise RuntimeError('Failed to set up')\n", FAILED, "not_there_context"),
        "deep.inner": lacks("not_there_deep"),
        "deep.outer": ("try:\n    from wrapped.deep import inner\nexcept ImportError as error:\n"
                       "    raise RuntimeError('Failed to set up') from error\n", FAILED, "not_there_deep"),
    }, findings=frozenset({("IG101", "not_there_from"), ("IG101", "not_there_context"), ("IG101", "not_there_deep")})),
    application("shared_cause", {
        **{f"m{number}": ("import not_there_shared\n", FAILED, "not_there_shared") for number in range(6)},
        "importer": ("import shared_cause.m3\n", FAILED, "not_there_shared"),
        "fine": OK,
    }, findings=frozenset({("IG101", "not_there_shared")})),
]

ISOLATION = [*STATE, *SUBMODULES, *HALF_FAILED, *CYCLES, *GUARDED]
