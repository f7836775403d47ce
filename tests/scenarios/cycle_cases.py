"""Circular imports: what a fresh interpreter says depends on which member is imported first."""

from __future__ import annotations

from scenarios.cases import FAILED, IMPORTED, OK, application

CYCLES = [
    # Only one of the two can be imported first; which one, sorts first in one case and last in the other.
    application(
        "cycle_first",
        {
            "a": ("A = 1\nfrom cycle_first.b import B\n", IMPORTED),
            "b": ("from cycle_first.a import A\nB = 1\n", FAILED),
            "c_uses_a": ("from cycle_first.a import A, B\n", IMPORTED),
            "d_uses_b": ("from cycle_first.b import B\n", FAILED),
            "e_uses_both": ("import cycle_first.a\nimport cycle_first.b\n", IMPORTED),
        },
    ),
    application(
        "cycle_last",
        {
            "b": ("B = 1\nfrom cycle_last.a import A\n", IMPORTED),
            "a": ("from cycle_last.b import B\nA = 1\n", FAILED),
            "c_uses_b": ("from cycle_last.b import B, A\n", IMPORTED),
            "d_uses_a": ("from cycle_last.a import A\n", FAILED),
            "e_uses_both": ("import cycle_last.b\nimport cycle_last.a\n", IMPORTED),
        },
    ),
    application(
        "cycle_never",
        {
            "a": ("from cycle_never.b import B\nA = 1\n", FAILED),
            "b": ("from cycle_never.a import A\nB = 1\n", FAILED),
            "c_fine": OK,
        },
    ),
    application(
        "cycle_always",
        {
            "a": ("import cycle_always.b\n\n\ndef use():\n    return cycle_always.b.B\n", IMPORTED),
            "b": ("import cycle_always.a\nB = 1\n", IMPORTED),
        },
    ),
    application(
        "cycle_when_imported",
        {
            "a": ("from cycle_when_imported.b import B\nA = 1\n", FAILED),
            "b": (
                "if __name__ != '__main__':\n    from cycle_when_imported.a import A\nB = 1\n",
                FAILED,
            ),
        },
    ),
    application(
        "cycle_of_three",
        {
            "a": ("from cycle_of_three.b import B\nA = 1\n", FAILED),
            "b": ("from cycle_of_three.c import C\nB = 1\n", FAILED),
            "c": ("C = 1\nfrom cycle_of_three.a import A\n", IMPORTED),
        },
    ),
    application(
        "cycle_by_attribute",
        {
            "a": ("import cycle_by_attribute.b\nA = cycle_by_attribute.b.B\n", IMPORTED),
            "b": ("import cycle_by_attribute.a\nB = 1\n", FAILED),
        },
    ),
    application(
        "cycle_in_package",
        {
            "__init__": ("from cycle_in_package import a\n", IMPORTED),
            "a": ("A = 1\nfrom cycle_in_package.b import B\n", IMPORTED),
            "b": ("from cycle_in_package.a import A\nB = 1\n", IMPORTED),
        },
    ),
    application(
        "cycle_with_package",
        {
            "sub.__init__": ("from cycle_with_package.sub.x import X\nNAME = 1\n", FAILED),
            "sub.x": ("from cycle_with_package.sub import NAME\nX = 1\n", FAILED),
            "other": OK,
        },
    ),
    application(
        "cycle_hides_missing",
        {
            "a": ("A = 1\nfrom cycle_hides_missing.b import B\n", FAILED, "not_there_cycle"),
            "b": (
                "import not_there_cycle\nfrom cycle_hides_missing.a import A\nB = 1\n",
                FAILED,
                "not_there_cycle",
            ),
        },
    ),
    application(
        "cycle_guarded",
        {
            "a": ("A = 1\nfrom cycle_guarded.b import B\n", IMPORTED),
            "b": (
                "try:\n    from cycle_guarded.a import A\nexcept ImportError:\n    A = None\nB = 1\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "cycle_in_condition",
        {
            "a": (
                "import os\nif os.name == 'posix':\n    A = 1\nfrom cycle_in_condition.b import B\n",
                IMPORTED,
            ),
            "b": ("if True:\n    from cycle_in_condition.a import A\nB = 1\n", FAILED),
        },
    ),
    application(
        "cycle_in_function",
        {
            "a": (
                "def load():\n    from cycle_in_function.b import B\n    return B\n\n\nload()\nA = 1\n",
                FAILED,
            ),
            "b": ("B = 1\nfrom cycle_in_function.a import A\n", IMPORTED),
        },
    ),
    application(
        "cycle_by_star",
        {
            "a": ("from cycle_by_star.b import *\nA = 1\nB\n", FAILED),
            "b": ("from cycle_by_star.a import *\nB = 1\nA\n", FAILED),
        },
    ),
    application(
        "cycle_by_getattr",
        {
            "a": ("A = 1\nfrom cycle_by_getattr.b import B\n", FAILED),
            "b": (
                "def __getattr__(name):\n    return 1\n\n\nfrom cycle_by_getattr.a import Z\nB = 1\n",
                FAILED,
            ),
            "c": ("from cycle_by_getattr.d import D\nC = 1\n", FAILED),
            "d": (
                "def __getattr__(name):\n    return 1\n\n\nfrom cycle_by_getattr.c import D\nD = 1\n",
                IMPORTED,
            ),
        },
    ),
    # What code does while modules are half-imported, besides import statements.
    application(
        "cycle_through_call",
        {
            "wsgi": ("from cycle_through_call.factory import create\napplication = create()\n", FAILED),
            "factory": (
                "def create():\n    from cycle_through_call.views import VIEWS\n    return VIEWS\n",
                IMPORTED,
            ),
            "views": ("from cycle_through_call.wsgi import application\nVIEWS = [application]\n", FAILED),
        },
    ),
    application(
        "cycle_by_importlib",
        {
            "a": ("A = 1\nfrom cycle_by_importlib.z import Z\n", IMPORTED),
            "z": ("import importlib\nX = importlib.import_module('cycle_by_importlib.a')\nZ = 1\n", FAILED),
        },
    ),
    application(
        "cycle_by_lazy_name",
        {
            "__init__": (
                "import importlib\n\n\ndef __getattr__(name):\n    if name == 'Z':\n"
                "        return importlib.import_module('cycle_by_lazy_name.z').Z\n"
                "    raise AttributeError(name)\n",
                IMPORTED,
            ),
            "a": ("A = 1\nfrom cycle_by_lazy_name import Z\n", IMPORTED),
            "z": ("from cycle_by_lazy_name.a import A\nZ = 1\n", FAILED),
        },
    ),
    application(
        "cycle_by_decorator",
        {
            "a": ("A = 1\nfrom cycle_by_decorator.z import Z\n", IMPORTED),
            "z": (
                "def decorate(function):\n    from cycle_by_decorator.a import A\n    return function\n\n\n"
                "@decorate\ndef used(): ...\n\n\nZ = 1\n",
                FAILED,
            ),
        },
    ),
    application(
        "cycle_by_branch",
        {
            "a": ("A = 1\nfrom cycle_by_branch.z import Z\n", IMPORTED),
            "z": (
                "import os\nif os.environ.get('NOT_SET_XYZ'):\n    Z = 0\n"
                "from cycle_by_branch.a import A\nZ = 1\n",
                FAILED,
            ),
        },
    ),
    application(
        "cycle_by_annotation",
        {
            "crud": (
                "class Query: ...\n\n\nfrom cycle_by_annotation import schemas\n\n\n"
                "def get(item: schemas.Item) -> schemas.Item: ...\n",
                IMPORTED,
            ),
            # Before Python 3.14, annotations are evaluated with the statement (PEP 649).
            "schemas": ("from cycle_by_annotation import crud\n\n\nclass Item: ...\n", FAILED),
            "web": ("from cycle_by_annotation.schemas import Item\napp = Item\n", FAILED),
        },
    ),
    application(
        "cycle_and_attribute",
        {
            "item": ("from cycle_and_attribute import user\n\n\nclass Item: ...\n", FAILED),
            "user": (
                "from cycle_and_attribute import item\n\n\nclass User:\n    kind = item.Item\n",
                IMPORTED,
            ),
            "wsgi": ("import cycle_and_attribute.user\n", IMPORTED),
        },
    ),
    application(
        "cycle_in_a_package",
        {
            "t": ("from cycle_in_a_package.s import B\n", IMPORTED),
            "s.__init__": ("from .a import A\nfrom .b import B\n", FAILED),
            "s.a": ("A = 1\nfrom cycle_in_a_package import t\n", FAILED),
            "s.b": ("B = 1\n", FAILED),
        },
    ),
    # A module or package that is half-imported is in sys.modules, and not yet an attribute of its package.
    application(
        "cycle_not_yet_bound",
        {
            "core.__init__": ("from .items import ITEM\n", FAILED),
            "core.items": (
                "import cycle_not_yet_bound.staff\nimport cycle_not_yet_bound.core.feeds\n"
                "ITEM = cycle_not_yet_bound.core\n",
                FAILED,
            ),
            "core.feeds": ("", FAILED),
            "staff": ("from cycle_not_yet_bound.core import feeds\n", FAILED),
        },
    ),
    application(
        "cycle_asked_again",
        {
            "db.files": ("from cycle_asked_again.db.views import V\n", FAILED),
            "db.views": (
                "def reach():\n    from cycle_asked_again.hooks import EARLY\n\n\nreach()\nV = 1\n",
                FAILED,
            ),
            "hooks": ("from cycle_asked_again import search\nEARLY = 1\n", FAILED),
            "search": ("import cycle_asked_again.hooks\nEARLY = cycle_asked_again.hooks.EARLY\n", IMPORTED),
        },
    ),
    # What is imported beside a half-imported module by way of another leads back to it, too.
    application(
        "cycle_by_another",
        {
            "jobs.__init__": ("from .plans import LATE\n", FAILED, "cycle_by_another.jobs.absent"),
            "jobs.plans": (
                "import cycle_by_another.files\nLATE = 1\n",
                FAILED,
                "cycle_by_another.jobs.absent",
            ),
            "jobs.other": ("", FAILED, "cycle_by_another.jobs.absent"),
            "files": (
                "import cycle_by_another.jobs.other\nimport cycle_by_another.jobs.absent\n",
                FAILED,
                "cycle_by_another.jobs.absent",
            ),
        },
    ),
    application(
        "cycle_fails_first",
        {
            "dates": (
                "from cycle_fails_first.plans import load\nload()\nimport not_there_in_cycle\n",
                FAILED,
            ),
            "forms": ("from cycle_fails_first.dates import NOTHING\nLATE = 1\n", FAILED),
            "plans": (
                "def load():\n    import cycle_fails_first.forms\n    return cycle_fails_first.forms.LATE\n",
                IMPORTED,
            ),
        },
    ),
    application(
        "cycle_looks_for_module",
        {
            "stock": ("from cycle_looks_for_module import money\nLATE = 1\n", FAILED),
            "money": ("import cycle_looks_for_module.taxes\n", IMPORTED),
            "taxes": (
                "import sys\nif 'cycle_looks_for_module.stock' in sys.modules:\n"
                "    sys.modules['cycle_looks_for_module.stock'].LATE\n",
                IMPORTED,
            ),
            "user": ("import cycle_looks_for_module.stock\n", FAILED),
        },
    ),
    application(
        "cycle_package_again",
        {
            "core.__init__": (
                "try:\n    from .cache import LATE\nexcept ImportError:\n    LATE = None\n",
                FAILED,
            ),
            "core.cache": ("import cycle_package_again.web.stock\nLATE = 1\n", FAILED),
            "web.__init__": ("from .stock import EARLY\n", FAILED),
            "web.api": ("", FAILED),
            "web.stock": (
                "EARLY = 1\nimport cycle_package_again.web.api\nVALUE = cycle_package_again.web.api\n",
                FAILED,
            ),
        },
    ),
    # A member that fails as the entry is whole where another member was imported before.
    application(
        "cycle_whole_by_now",
        {
            "graph": ("EARLY = 1\nfrom cycle_whole_by_now.carts import Early\n", IMPORTED),
            "carts": ("class Early: ...\n\n\nfrom cycle_whole_by_now.media import LATE\n", IMPORTED),
            "media": ("EARLY = 1\nimport cycle_whole_by_now.carts\nLATE = 2\n", FAILED),
            "tasks": ("from cycle_whole_by_now.media import EARLY\n", FAILED),
            "views": ("import cycle_whole_by_now.graph\nimport cycle_whole_by_now.tasks\n", IMPORTED),
        },
    ),
    # A member is tried as the entry while another member is being imported.
    application(
        "cycle_tried_meanwhile",
        {
            "audit": (
                "try:\n    import cycle_tried_meanwhile.plans\nexcept ImportError:\n    pass\n"
                "import cycle_tried_meanwhile.queue\n",
                FAILED,
                "alias_of_nothing",
            ),
            "plans": (
                "try:\n    import cycle_tried_meanwhile.queue\nexcept ImportError:\n    pass\n",
                IMPORTED,
            ),
            "queue": (
                "import cycle_tried_meanwhile.views\ncycle_tried_meanwhile.views.EARLY\n"
                "import alias_of_nothing\n",
                FAILED,
                "alias_of_nothing",
            ),
            "views": ("import cycle_tried_meanwhile.plans\nEARLY = 1\n", FAILED),
        },
    ),
    # Of two packages that need each other one fails: by which is entered first.
    application(
        "cycle_other_entry",
        {
            "hooks": ("import cycle_other_entry.jobs.cache\ncycle_other_entry.jobs.cache.EARLY\n", IMPORTED),
            "jobs.__init__": ("from . import geo\n", FAILED),
            "jobs.cache": ("EARLY = 1\n", FAILED),
            "jobs.geo": ("from cycle_other_entry.web.legal import EARLY\n", FAILED),
            "web.__init__": ("from . import money\n", IMPORTED),
            "web.legal": ("EARLY = 1\n", IMPORTED),
            "web.money": ("import cycle_other_entry.hooks\n", IMPORTED),
        },
    ),
    # An error ends the import of a cycle before all its members are met.
    application(
        "cycle_cut_short",
        {
            "core": ("import cycle_cut_short.web\n", FAILED),
            "jobs.__init__": ("", IMPORTED),
            "jobs.dates": ("from cycle_cut_short.jobs import views\nEARLY = 1\n", FAILED),
            "jobs.views": ("import cycle_cut_short.web.locks\ncycle_cut_short.web.locks\n", IMPORTED),
            "web.__init__": ("from . import legal\n", FAILED),
            "web.legal": (
                "import cycle_cut_short.jobs.views\nimport cycle_cut_short.jobs.dates\n"
                "cycle_cut_short.jobs.dates.EARLY\n",
                FAILED,
            ),
            "web.locks": ("", FAILED),
        },
    ),
]
