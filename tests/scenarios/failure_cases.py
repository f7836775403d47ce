# ruff: noqa: E501  (a line is a module)
"""Modules that fail half-way, what that leaves behind, submodules that somebody else loads, and guarded imports."""

from __future__ import annotations

from scenarios.cases import FAILED, IMPORTED, OK, application, lacks

THIRD_PARTY = {
    # Refuses a name that it has, as registries of metrics and of database tables do.
    "registry_xyz.py": "NAMES = set()\n\n\ndef register(name):\n    if name in NAMES:\n"
    "        raise ValueError('Duplicated timeseries: ' + name)\n    NAMES.add(name)\n",
    "guarded_xyz/__init__.py": "try:\n    import not_there_speedups\nexcept ImportError:\n    not_there_speedups = None\n",
    "broken_xyz/__init__.py": "import not_there_inside\n",
    "broken_xyz/fine.py": "",
}

SUBMODULES = [
    application(
        "library_submodule",
        {
            "a_loads": ("import xml.etree.ElementTree\nimport concurrent.futures\n", IMPORTED),
            "b_needs": ("import xml\nxml.etree\n", FAILED),
            "c_needs": ("import concurrent\nconcurrent.futures\n", FAILED),
            "d_asks_first": (
                "import library_submodule.a_loads\nimport xml\nxml.etree.ElementTree\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "own_submodule",
        {
            "a_loads": ("import own_submodule.sub.deep\n", IMPORTED),
            "b_needs": ("import own_submodule.sub\nown_submodule.sub.deep\n", FAILED),
            "c_needs": ("import own_submodule\nown_submodule.sub\n", FAILED),
            "d_imports": ("from own_submodule.sub import deep\n", IMPORTED),
            "sub.deep": OK,
        },
    ),
    application(
        "own_attribute",
        {
            "a_sets": ("import own_attribute.config\nown_attribute.config.READY = True\n", IMPORTED),
            "b_needs": ("from own_attribute.config import READY\n", FAILED),
            "c_asks_first": (
                "import own_attribute.a_sets\nfrom own_attribute.config import READY\n",
                IMPORTED,
            ),
            "config": OK,
        },
    ),
    application(
        "star",
        {
            "a_star": ("from star.names import *\nGIVEN\n", IMPORTED),
            "b_star": ("from star.names import *\nHIDDEN\n", FAILED),
            "names": ("__all__ = ['GIVEN']\nGIVEN = HIDDEN = 1\n", IMPORTED),
            "c_star": ("from star.liar import *\n", FAILED),
            "liar": ("__all__ = ['ABSENT']\n", IMPORTED),
        },
    ),
]

HALF_FAILED = [
    application(
        "half_failed",
        {
            "a_half": (
                "from registry_xyz import register\nregister('half')\nimport not_there_half\n",
                FAILED,
                "not_there_half",
            ),
            "b_importer": ("import half_failed.a_half\n", FAILED, "not_there_half"),
            "c_importer": ("from half_failed import a_half\n", FAILED, "not_there_half"),
            "d_guards": (
                "try:\n    from half_failed import a_half\nexcept ImportError:\n    a_half = None\n",
                IMPORTED,
            ),
            # A fresh interpreter runs the body twice here, and meets the duplicate too.
            "e_twice": (
                "try:\n    import half_failed.a_half\nexcept ImportError:\n    pass\n"
                "import half_failed.a_half\n",
                FAILED,
            ),
        },
    ),
    application(
        "same_name",
        {
            "a_registers": ("from registry_xyz import register\nregister('same')\n", IMPORTED),
            "b_registers": ("from registry_xyz import register\nregister('same')\n", IMPORTED),
            "c_both": ("import same_name.a_registers\nimport same_name.b_registers\n", FAILED),
        },
    ),
    application(
        "failed_package",
        {
            "broken.__init__": (
                "from . import child\nimport not_there_package\n",
                FAILED,
                "not_there_package",
            ),
            "broken.child": ("", FAILED, "not_there_package"),
            "broken.deep.leaf": ("", FAILED, "not_there_package"),
            "a_importer": ("import failed_package.broken.child\n", FAILED, "not_there_package"),
            "z_importer": ("from failed_package.broken.child import name\n", FAILED, "not_there_package"),
            "y_fine": OK,
        },
        findings=frozenset({("IG101", "not_there_package")}),
    ),
    application(
        "failed_then_guarded",
        {
            "broken.__init__": (
                "from . import child\nimport not_there_package\n",
                FAILED,
                "not_there_package",
            ),
            "broken.child": ("", FAILED, "not_there_package"),
            "a_guards": (
                "try:\n    import failed_then_guarded.broken\nexcept ImportError:\n    pass\n",
                IMPORTED,
            ),
            # The first attempt leaves the child behind in sys.modules: a fresh interpreter says so too.
            "b_uses_rest": (
                "try:\n    import failed_then_guarded.broken\nexcept ImportError:\n    pass\n"
                "import sys\nassert 'failed_then_guarded.broken.child' in sys.modules\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "third_party_fails",
        {
            "a_needs": ("import broken_xyz.fine\n", FAILED, "not_there_inside"),
            "b_needs": ("import broken_xyz\n", FAILED, "not_there_inside"),
            "c_guards": ("try:\n    import broken_xyz\nexcept ImportError:\n    pass\n", IMPORTED),
            "d_fine": ("import guarded_xyz\n", IMPORTED),
        },
        findings=frozenset({("IG101", "not_there_inside")}),
    ),
]

GUARDED = [
    application(
        "guards",
        {
            "by_import_error": (
                "try:\n    import not_there_a\nexcept ImportError:\n    not_there_a = None\n",
                IMPORTED,
            ),
            "by_not_found": (
                "try:\n    from not_there_b import x\nexcept ModuleNotFoundError:\n    x = None\n",
                IMPORTED,
            ),
            "by_tuple": (
                "try:\n    import not_there_c\nexcept (AttributeError, ImportError):\n    pass\n",
                IMPORTED,
            ),
            "by_exception": ("try:\n    import not_there_d\nexcept Exception:\n    pass\n", IMPORTED),
            "by_all": ("try:\n    import not_there_e\nexcept:\n    pass\n", IMPORTED),
            "by_suppress": (
                "import contextlib\nwith contextlib.suppress(ImportError):\n    import not_there_f\n",
                IMPORTED,
            ),
            "by_typing": (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import not_there_g\n",
                IMPORTED,
            ),
            "by_find_spec": (
                "import importlib.util\nif importlib.util.find_spec('not_there_h'):\n    import not_there_h\n",
                IMPORTED,
            ),
            "by_function": ("def later():\n    import not_there_i\n", IMPORTED),
            "by_fallback": (
                "try:\n    import not_there_j as codec\nexcept ImportError:\n    import json as codec\n",
                IMPORTED,
            ),
        },
        findings=frozenset(),
    ),
    application(
        "wrapped",
        {
            "by_from": (
                "try:\n    import not_there_from\nexcept ImportError as error:\n"
                "    raise RuntimeError('Failed to set up') from error\n",
                FAILED,
                "not_there_from",
            ),
            "by_context": (
                "try:\n    import not_there_context\nexcept ImportError:\n"
                "    raise RuntimeError('Failed to set up')\n",
                FAILED,
                "not_there_context",
            ),
            "deep.inner": lacks("not_there_deep"),
            "deep.outer": (
                "try:\n    from wrapped.deep import inner\nexcept ImportError as error:\n"
                "    raise RuntimeError('Failed to set up') from error\n",
                FAILED,
                "not_there_deep",
            ),
        },
        findings=frozenset(
            {("IG101", "not_there_from"), ("IG101", "not_there_context"), ("IG101", "not_there_deep")}
        ),
    ),
    application(
        "shared_cause",
        {
            **{
                f"m{number}": ("import not_there_shared\n", FAILED, "not_there_shared") for number in range(6)
            },
            "importer": ("import shared_cause.m3\n", FAILED, "not_there_shared"),
            "fine": OK,
        },
        findings=frozenset({("IG101", "not_there_shared")}),
    ),
]
