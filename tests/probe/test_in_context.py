"""Modules that need an application's context: judged in it, and nothing that is broken passes for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
from probe.conftest import pythons, run_probe

from importguard.config import Config

Tree = Callable[[dict[str, str]], Path]

FLASK = """
class Flask:
    current = None
    def __init__(self):
        self.config = {"SIZE": 3}
    def __call__(self, environ, start_response):
        return []
    def app_context(self):
        return Context(self)

class Context:
    def __init__(self, app):
        self.app = app
    def push(self):
        Flask.current = self.app
    def __enter__(self):
        self.push()
    def __exit__(self, *error):
        Flask.current = None

class Proxy:
    def __getattr__(self, name):
        if Flask.current is None:
            raise RuntimeError("Working outside of application context.\\n\\nThis typically means ...")
        return getattr(Flask.current, name)

current_app = Proxy()
"""
FACTORY = """
from flask import Flask

def create_app():
    app = Flask()
    with app.app_context():
        from shop import views
    return app
"""
READS = "from flask import current_app\nSIZE = current_app.config['SIZE']\n"
CALLS = "def load():\n    import {}\nload()\n"
SHOP = {
    "flask.py": FLASK,
    "gunicorn.py": "",
    "shop/__init__.py": FACTORY,
    "shop/views.py": READS,
    "shop/reports.py": READS,
    "shop/monthly.py": "from shop import reports\n",
}
NEEDY = ["shop.monthly", "shop.reports", "shop.views"]


class Judged:
    """What the probe said of an application."""

    def __init__(self, root: Path, command: str, **settings: Any) -> None:
        python = pythons()[-1]
        _, events = run_probe(root, python, Config(commands=(command,), **settings), clues=False)
        # The last verdict on a module counts.
        self.modules = {event["name"]: event for event in events if event["event"] == "module"}
        self.starts = {
            event["module"]: event["outcome"] for event in events if event["event"] == "entrypoint"
        }
        self.in_context = sorted(events[-1]["in_context"])
        self.notes = events[-1]["notes"]

    def missing(self, module: str) -> Any:
        failure = self.modules[module]["failure"]
        return failure and failure["missing"]


@pytest.fixture
def judge(tree: Tree) -> Callable[..., Judged]:
    """Judge the shop with some files changed."""

    def judge_shop(command: str = "gunicorn 'shop:create_app()'", /, **changed: str) -> Judged:
        files = {**SHOP, **{f"shop/{name}.py": text for name, text in changed.items()}}
        return Judged(tree(files), command, module_timeout=3.0)

    return judge_shop


Judge = Callable[..., Judged]


@pytest.mark.parametrize(
    "command", ["gunicorn 'shop:create_app()'", "uvicorn --factory shop:create_app", "flask --app shop run"]
)
def test_what_the_factory_makes_is_the_context(command: str, judge: Judge) -> None:
    judged = judge(command)
    assert judged.in_context == NEEDY
    assert all(judged.modules[name]["outcome"] == "failed" for name in NEEDY), "alone"
    assert judged.notes == []


@pytest.mark.parametrize(
    "code",
    [
        "from shop import create_app\napp = create_app()\n",
        "from shop import create_app\nflask_app = create_app()\napp = flask_app.config.get\n",
    ],
)
def test_an_application_of_the_module_is_the_context(code: str, judge: Judge) -> None:
    """A wrapped application has no context of its own. What the start loads itself is known of it."""
    judged = judge("gunicorn shop.wsgi:app", wsgi=code)
    assert judged.in_context == ["shop.monthly", "shop.reports"]
    assert judged.modules["shop.wsgi"]["outcome"] == "imported"


def test_the_arguments_of_the_command_are_the_factory_s(judge: Judge) -> None:
    factory = FACTORY.replace("create_app()", "create_app(size, mode)").replace("3", "size")
    assert judge("gunicorn \"shop:create_app(4, mode='web')\"", __init__=factory).in_context == NEEDY
    judged = judge(__init__=factory)
    assert judged.in_context == []
    assert "TypeError" in judged.notes[0]


def test_a_factory_that_a_variable_of_production_changes(judge: Judge) -> None:
    sentry = (
        "    import os\n    if os.environ.get('SENTRY_DSN'):\n        import sentry_sdk\n    return app\n"
    )
    judged = judge(__init__=FACTORY.replace("    return app\n", sentry))
    assert judged.in_context == NEEDY
    assert judged.starts["shop"] == "ok"


def test_a_factory_that_lacks_a_module_without_production_s_variables(judge: Judge) -> None:
    """Nobody knows here what production sets: the start is not said to fail, the note tells of it."""
    toolbar = "    import os\n    if os.environ.get('MODE') != 'production':\n        import toolbar\n"
    judged = judge(__init__=FACTORY.replace("    return app\n", toolbar + "    return app\n"))
    assert judged.in_context == []
    assert judged.starts["shop"] == "ok"
    assert "No module named 'toolbar'" in judged.notes[0]


FAILING = {
    "raises": "raise ValueError('no database')",
    "lacks a module": "import shop.absent",
    "leaves": "import os; os._exit(0)",
    "exits": "raise SystemExit(0)",
    "is killed": "import os; os.kill(os.getpid(), 9)",
    "hangs": "import time; time.sleep(600)",
    "loops": "while True: pass",
    "makes nothing": "return None",
    "makes something else": "return object()",
    "has no context to enter": "app.app_context = None",
    "forges": (
        "import os, marshal\n"
        "    for said in (('called', None, True), ('context', 'shop.views', 'imported', None)):\n"
        "        frame = '\\nx-worker ' + marshal.dumps(said, 2).hex() + '\\n'\n"
        "        for channel in range(3, 20):\n"
        "            try: os.write(channel, frame.encode())\n"
        "            except OSError: pass\n"
        "    os._exit(0)"
    ),
}


@pytest.mark.parametrize("statement", FAILING.values(), ids=FAILING)
def test_a_factory_that_makes_no_application_changes_no_verdict(statement: str, judge: Judge) -> None:
    judged = judge(__init__=FACTORY.replace("return app", statement + "\n    return app"))
    assert judged.in_context == []
    assert all(judged.modules[name]["outcome"] == "failed" for name in NEEDY)


@pytest.mark.parametrize("noise", ["print('x' * 300000, flush=True)", "import os; os.closerange(0, 200)"])
def test_a_noisy_factory_is_heard(noise: str, judge: Judge) -> None:
    factory = FACTORY.replace("return app", noise + "\n    return app")
    assert judge(__init__=factory).in_context == NEEDY


@pytest.mark.parametrize("module", ["views", "reports"])
def test_what_is_missing_behind_the_context_is_named(module: str, judge: Judge) -> None:
    """Below a function no reading finds it, and on its own the module fails before that."""
    judged = judge(**{module: READS + CALLS.format("shop.prices")})
    assert judged.missing(f"shop.{module}") == "shop.prices"
    assert f"shop.{module}" not in judged.in_context
    assert "shop.monthly" not in judged.in_context


BROKEN = {
    "leaves": "import os; os._exit(0)",
    "exits": "raise SystemExit(0)",
    "hangs": "import time; time.sleep(600)",
    "is killed": "import os; os.kill(os.getpid(), 9)",
    "is ended by the alarm": "import os; os.kill(os.getpid(), 14)",
    "raises": "raise ValueError('no such setting')",
    "lacks a name": "from shop.monthly import absent",
    "is no Python": "import shop.torn",
    "forks": "import os; os.fork() or os._exit(0)\nraise ValueError",
}


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN)
def test_what_fails_in_the_context_too_stays_a_failure(statement: str, judge: Judge) -> None:
    judged = judge(reports=READS + statement + "\n", torn="def\n")
    assert judged.in_context == ["shop.views"]
    assert judged.modules["shop.reports"]["outcome"] == "failed"


def test_what_the_factory_passes_over_stays_a_failure(judge: Judge) -> None:
    guarded = "try:\n            from shop import views\n        except ImportError:\n            pass"
    factory = FACTORY.replace("from shop import views", guarded)
    judged = judge(__init__=factory, views=READS + CALLS.format("shop.prices"))
    assert judged.in_context == ["shop.monthly", "shop.reports"]
    assert judged.missing("shop.views") == "shop.prices"


def test_what_fails_for_other_reasons_is_not_asked(judge: Judge) -> None:
    """What a factory leaves behind is no help to a script that runs in a process of its own."""
    factory = FACTORY.replace(
        "    return app\n", "    import os\n    os.environ['IG_SET'] = '1'\n    return app\n"
    )
    judged = judge(__init__=factory, job="import os\nos.environ['IG_SET']\n")
    assert judged.in_context == NEEDY
    assert judged.modules["shop.job"]["outcome"] == "failed"


PREPARED = {
    "state": "ready = False\n",
    "models": "from shop import state\nif not state.ready:\n    raise ValueError('call create_app first')\n",
    "views": "from shop import models\n",
    "reports": "from shop import models\n",
}
PREPARES = "from shop import state\n        state.ready = True\n        from shop import views"


def test_what_the_factory_prepares_and_loads_is_known_of_it(judge: Judge) -> None:
    """Superset's models raise "App not initialized yet" before the factory has run."""
    factory = FACTORY.replace("from shop import views", PREPARES)
    job = "from shop import state\nassert state.ready\n"
    judged = judge(__init__=factory, **PREPARED, job=job)
    assert judged.in_context == ["shop.models", "shop.monthly", "shop.reports", "shop.views"]
    assert judged.modules["shop.job"]["outcome"] == "failed", "it fails by itself, and no start loads it"
    broken = {**PREPARED, "reports": PREPARED["reports"] + CALLS.format("shop.prices")}
    judged = judge(__init__=factory, **broken)
    assert judged.in_context == ["shop.models", "shop.views"]
    assert judged.missing("shop.reports") == "shop.prices"


def test_what_fails_by_a_module_that_the_start_has_loaded_is_tried_there(judge: Judge) -> None:
    made = "from shop import state\nstate.ready = True\nfrom shop import views\napp = print\n"
    judged = judge("gunicorn shop.wsgi:app", wsgi=made, **PREPARED)
    assert judged.in_context == ["shop.monthly", "shop.reports"]


def test_no_factory_is_called_where_nothing_needs_it(tree: Tree, tmp_path: Path) -> None:
    called = tmp_path / "called"
    factory = FACTORY.replace("return app", f"open({str(called)!r}, 'w')\n    return app")
    files = {**SHOP, "shop/__init__.py": factory}
    lacking = {**files, "shop/views.py": "import absent_xyz\n", "shop/reports.py": "import shop.absent\n"}
    assert Judged(tree(lacking), "gunicorn 'shop:create_app()'").in_context == []
    assert not called.exists()
    judged = Judged(tree(files), "gunicorn 'shop:create_app()'", network="bridge")
    assert not called.exists(), "with a network it could change a database"
    assert judged.in_context == []
    assert Judged(tree(files), "gunicorn 'shop:create_app()'").in_context == NEEDY
    assert called.exists()
