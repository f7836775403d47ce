"""The fast plan against its oracle: one process that imports everything says what fresh interpreters say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Callable

import pytest
from probe.conftest import outcome, pythons, run_probe

from importguard.config import Config

REGISTRY = (
    "seen = set()\ndef register(name):\n"
    "    if name in seen:\n        raise ValueError('Duplicated timeseries: ' + name)\n    seen.add(name)\n"
)

TREES: dict[str, dict[str, str]] = {
    "a submodule that someone else imported": {
        "a.py": "import xml.etree.ElementTree\n",
        "b.py": "import xml\nxml.etree\n",
        "c.py": "import xml.dom\nxml.etree\n",
        "d.py": "import a\nimport xml\nxml.etree\n",
    },
    "a variable of the environment": {
        "a.py": "import os\nos.environ['IG_TEST'] = '1'\n",
        "b.py": "import os\nos.environ['IG_TEST']\n",
        "c.py": "import a, b\n",
        "d.py": "import b\n",
    },
    "an entry of the import path": {
        "a.py": "import os, sys\nsys.path.insert(0, os.path.dirname(__file__) + '/my-lib')\n",
        "my-lib/hidden.py": "",
        "b.py": "import hidden\n",
        "c.py": "import a\nimport hidden\n",
        "d.py": "import c\nimport b\n",
        "e.py": "import b\n",
    },
    "a finder": {
        "a.py": (
            "import sys, importlib.machinery as m\n"
            "class F:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name == 'made_up':\n            return m.ModuleSpec(name, self)\n"
            "    def create_module(self, spec): return None\n"
            "    def exec_module(self, module): pass\n"
            "sys.meta_path.append(F())\n"
        ),
        "b.py": "import made_up\n",
        "c.py": "import a, made_up\n",
        "d.py": "import c, b\n",
    },
    "a patched builtin": {
        "a.py": "import builtins\nbuiltins.gettext_ = str\n",
        "b.py": "gettext_('x')\n",
        "c.py": "import a\ngettext_('x')\n",
        "d.py": "import c, b\n",
        "e.py": "import builtins\ndel builtins.sorted\n",
        "f.py": "sorted([1])\n",
    },
    "a patched function of a standard module": {
        "a.py": "import json\njson.dumps = None\n",
        "b.py": "import json\njson.dumps({})\n",
        "c.py": "import a, json\njson.dumps({})\n",
    },
    "a stand-in": {
        "a.py": "import sys, types\nsys.modules['fake_lib'] = types.ModuleType('fake_lib')\n",
        "b.py": "import fake_lib\n",
        "c.py": "import a\nimport fake_lib\n",
        "d.py": "import b\n",
        "e.py": "import a\nimport b\n",
    },
    "two stand-ins": {
        "a.py": "import sys, types\nsys.modules['fake'] = types.SimpleNamespace(x=1)\n",
        "b.py": "import sys, types\nsys.modules['fake'] = types.SimpleNamespace(y=1)\n",
        "c.py": "import a, b\nfrom fake import y\n",
        "d.py": "import b, a\nfrom fake import x\n",
        "e.py": "import a, b\nfrom fake import x\n",
    },
    "modules that are looked for by their names": {
        "a.py": "import sys\ndef ask():\n    assert 'c' not in sys.modules\nask()\n",
        "b.py": "import sys\ntry:\n    sys.modules['c']\nexcept KeyError:\n    0\nelse:\n    raise OSError\n",
        "c.py": "try:\n    import a\nexcept AssertionError:\n    import b\n",
        "d.py": "import sys\nif 'x' in sys.modules or 'e' in sys.modules:\n    value = 1\n",
        "e.py": "from d import value\n",
        "f.py": "from d import value\n",
    },
    "a module that replaces itself": {
        "a.py": "import sys\nclass L:\n    value = 1\nsys.modules[__name__] = L()\n",
        "b.py": "import a\na.value\n",
        "c.py": "from a import value\n",
        "d.py": "from a import other\n",
    },
    "a cycle that fails from one entry": {
        "p/__init__.py": "",
        "p/a.py": "from p import b\nvalue = 1\n",
        "p/b.py": "from p.a import value\n",
        "q.py": "import p.a\n",
        "r.py": "import p.b\n",
        "s.py": "import p.b\nimport p.a\n",
    },
    "a cycle whose members are taken by attribute": {
        "p/__init__.py": "",
        "p/a.py": "import p.b\nclass A:\n    pass\n",
        "p/b.py": "import p.a\nclass B(p.a.A):\n    pass\n",
    },
    "cycles whose entries need one another": {
        "a0.py": "import a3\nV_a0 = 1\nfrom a2 import V_a2\n",
        "a1.py": "V_a1 = 1\nimport a5\na5.V_a5\n",
        "a2.py": (
            "import a0\ntry:\n    a0.V_a0\nexcept AttributeError:\n    pass\n"
            "try:\n    from a6 import V_a6\nexcept Exception:\n    pass\nV_a2 = 1\nimport a4\n"
        ),
        "a3.py": "import sys\nif 'a5' in sys.modules:\n    import a6\nV_a3 = 1\n",
        "a4.py": "V_a4 = 1\nimport a3, sys\nif 'a3' in sys.modules:\n    import a5\nfrom a5 import V_a5\n",
        "a5.py": "import a4\nV_a5 = 1\nimport a4\na4.V_a4\nfrom a3 import V_a3\n",
        "a6.py": "import a2\nV_a6 = 1\nimport a3\n",
    },
    "a verdict that rests on a refuted one": {
        "a0.py": "import a2\na2.V_a2\nimport a3\nV_a0 = 1\n",
        "a1.py": "import a3\nV_a1 = 1\ntry:\n    from a2 import V_a2\nexcept Exception:\n    pass\n",
        "a2.py": "import sys\nif 'a0' in sys.modules:\n    import a1\nfrom a3 import V_a3\nV_a2 = 1\n",
        "a3.py": (
            "import a0\ntry:\n    a0.V_a0\nexcept AttributeError:\n    pass\nV_a3 = 1\nimport a1\na1.V_a1\n"
        ),
        "b.py": "import a0\n",
    },
    "a cycle through a function that runs at once": {
        "p/__init__.py": "",
        "p/a.py": "import p.b\nVALUE = 1\n",
        "p/b.py": "import p.a\ndef get():\n    return p.a.VALUE\nNOW = get()\n",
    },
    "a cycle in a package's own import": {
        "p/__init__.py": "from p.a import value\nfrom p.b import other\n",
        "p/a.py": "from p import b\nvalue = 1\n",
        "p/b.py": "import p\nother = 2\n",
        "p/c.py": "from p import value, other, nothing\n",
    },
    "a failing member of a cycle": {
        "p/__init__.py": "",
        "p/a.py": "import p.b\nimport missing_one\n",
        "p/b.py": "import p.c\nimport missing_two\n",
        "p/c.py": "import p.a\nx = 1\n",
        "q.py": "import p.c\n",
        "r.py": "try:\n    import p.b\nexcept ImportError:\n    pass\nimport p.a\n",
    },
    "a bystander in a cycle": {
        "a.py": "import b\nimport x\n",
        "b.py": "import c\nfrom c import name\n",
        "c.py": "import a\nname = 1\n",
        "x.py": "",
    },
    "a guarded cycle": {
        "p/__init__.py": "",
        "p/a.py": "try:\n    from p.b import y\nexcept ImportError:\n    y = None\nx = 1\n",
        "p/b.py": "from p.a import x\ny = 2\n",
        "q.py": "from p.a import y\nassert y == 2\n",
        "r.py": "import p.b\nfrom p.a import y\nassert y == 2\n",
    },
    "children that stay when their package fails": {
        "p/__init__.py": "import p.a\nimport not_there\n",
        "p/a.py": "",
        "p/b.py": "",
        "q.py": "try:\n    import p\nexcept ImportError:\n    pass\nimport p.a\n",
    },
    "a second attempt": {
        "registry.py": REGISTRY,
        "a.py": "import registry\nregistry.register('a')\nimport not_there\n",
        "b.py": "try:\n    import a\nexcept ImportError:\n    pass\n",
        "c.py": "import b\ntry:\n    import a\nexcept ImportError:\n    pass\n",
        "d.py": "import a\n",
        "e.py": "import b\n",
        "f.py": "try:\n    import d\nexcept ImportError:\n    import a\n",
    },
    "two modules that register the same": {
        "registry.py": REGISTRY,
        "a.py": "import registry\nregistry.register('x')\n",
        "b.py": "import registry\nregistry.register('x')\n",
        "c.py": "import registry\nregistry.register('x')\n",
        "d.py": "import a, b\n",
        "e.py": "import b\n",
    },
    "an error raised from an import error": {
        "a.py": "import not_there\n",
        "b.py": (
            "try:\n    import a\nexcept ImportError as error:\n"
            "    raise RuntimeError('set-up failed') from error\n"
        ),
        "c.py": "try:\n    import b\nexcept RuntimeError:\n    raise ValueError('worse')\n",
        "d.py": "import c\n",
        "e.py": "try:\n    import not_here\nexcept ImportError:\n    import g\n",
        "f.py": "import g\n",
        "g.py": "raise KeyError('x')\n",
    },
    "names that are made on demand": {
        "p/__init__.py": (
            "import importlib\ndef __getattr__(name):\n"
            "    if name in ('a', 'b'):\n        return importlib.import_module('p.' + name)\n"
            "    raise AttributeError(name)\n"
        ),
        "p/a.py": "value = 1\n",
        "p/b.py": "import not_there\n",
        "q.py": "import p\np.a.value\n",
        "r.py": "from p import a\n",
        "s.py": "from p import b\n",
        "t.py": "import p\np.c\n",
    },
    "a question is not an import": {
        "a.py": "import importlib.util\nassert importlib.util.find_spec('b')\n",
        "b.py": "import not_there\n",
        "c.py": (
            "import importlib.util, sys\nassert importlib.util.find_spec('d')\n"
            "assert 'd' not in sys.modules\n"
        ),
        "d.py": "",
    },
    "a reload": {
        "a.py": "import importlib, b\nfirst = b.runs\nimportlib.reload(b)\nassert len(b.runs) == 2\n",
        "b.py": "runs = globals().get('runs', []) + [1]\n",
        "c.py": "import b\nassert len(b.runs) == 1\n",
    },
    "a thread that imports": {
        "a.py": (
            "import threading\nt = threading.Thread(target=lambda: __import__('b'))\nt.start()\nt.join()\n"
        ),
        "b.py": "import c\n",
        "c.py": "x = 1\n",
        "d.py": (
            "import threading\ndef work():\n    global e\n    import not_there\n"
            "t = threading.Thread(target=work)\nt.start()\nt.join()\n"
        ),
    },
    "namespace packages": {
        "n/x/a.py": "",
        "n/y/b.py": "import n.x.a\nfrom n.x import a\nimport n.z\n",
        "m.py": "import n\nn.x\n",
        "o.py": "import n.x.a\nn.x.a\n",
    },
    "what an importer has set before": {
        "settings.py": (
            "import os\nif os.environ.get('SHOP_MODE') == 'production':\n    key = os.environ['SHOP_KEY']\n"
        ),
        "service.py": "import settings\n",
        "environment.py": "import os\nos.environ['SHOP_MODE'] = 'production'\n",
        "a.py": "import environment\nimport service\n",
        "b.py": "import os\nos.environ['SHOP_MODE'] = 'production'\nimport service\n",
        "c.py": "import settings\nimport environment\nimport service\n",
        "d.py": "import os\nos.environ['SHOP_OTHER'] = 'production'\nimport service\n",
        "limits.py": "import os\n[int(os.environ[key]) for key in os.environ if key.startswith('LIMIT_')]\n",
        "e.py": "import os\nos.environ['LIMIT_JOBS'] = 'many'\nimport limits\n",
        "path.py": "import os\nos.environ['PATH']\n",
        "f.py": "import os\nos.environ.pop('PATH')\nimport path\n",
        "texts.py": "open('settings.py').close()\n",
        "g.py": "import os\nos.chdir('/')\nimport texts\n",
    },
    "directories": {
        "a.py": "import os, tempfile\nd = tempfile.mkdtemp()\nos.chdir(d)\nos.rmdir(d)\n",
        "b.py": "import os\nos.getcwd()\n",
        "c.py": "import a, os\nos.getcwd()\n",
    },
    "hooks": {
        "a.py": "import sys\nsys.settrace(lambda *a: None)\nsys.stdout = None\nsys.setrecursionlimit(60)\n",
        "b.py": "import sys\nsys.stdout.write('x')\n",
        "c.py": "import decimal, fractions, statistics\n",
    },
}


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
def test_the_sweep_says_what_fresh_interpreters_say(
    name: str, python: str, tree: Callable[[dict[str, str]], Path]
) -> None:
    root = tree(TREES[name])
    # More modules than jobs: the sweep is used.
    swept, _ = run_probe(root, python, Config(jobs=1), clues=False)
    exact, _ = run_probe(root, python, Config(exact=True), clues=False)
    assert {name: outcome(verdict) for name, verdict in swept.items()} == {
        name: outcome(verdict) for name, verdict in exact.items()
    }
    assert len(swept) > 1


def test_members_of_a_cycle_are_tried_as_the_entry_once(tree: Callable[[dict[str, str]], Path]) -> None:
    """``config`` passes as the entry and fails behind ``env``; ``m0`` fails as the entry alone."""
    files = {
        "config.py": "from env import E\nY = 1\nimport m3\n",
        "env.py": "import config\nE = 1\n",
    }
    for number in range(6):
        files[f"m{number}.py"] = (
            "try:\n    import env\nexcept ImportError:\n    import config\n"
            f"from config import Y\nimport m{(number + 1) % 6}\nV = 1\n"
        )
    files["m5.py"] += "from m0 import V\n"
    python = pythons()[-1]
    root = tree(files)
    log = root.parent / "bodies"
    for name, text in files.items():
        (root / name).write_text(f"open({str(log)!r}, 'a').write(__name__ + '\\n')\n{text}")
    plan, _ = run_probe(root, python, Config(), clues=False)
    ran = Counter(log.read_text().split())
    fresh, _ = run_probe(root, python, Config(exact=True), clues=False)
    assert {name: outcome(one) for name, one in plan.items()} == {
        name: outcome(one) for name, one in fresh.items()
    }
    assert outcome(plan["m0"])[0] == "failed"
    assert ran["m4"] < 12  # 14 where each trial and each second run tries the others as entries anew


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
def test_the_script_of_a_start_command_is_main(python: str, tree: Callable[[dict[str, str]], Path]) -> None:
    """Every Python has another syntax tree, of which the program below the guard is cut off."""
    guard = "if __name__ == '__main__':\n    raise SystemExit('the program runs')\n"
    root = tree(
        {
            "fine.py": "import helper\n" + guard + "assert __name__ != 'fine' and __file__\n",
            "helper.py": "",
            "app.py": "db = 1\nfrom models import User\n" + guard,
            "models.py": "from app import db\nclass User:\n    pass\n",
        }
    )
    config = Config(commands=(f"{python} fine.py", f"{python} app.py"))
    verdicts, events = run_probe(root, python, config, clues=False)
    assert (verdicts["fine"]["outcome"], verdicts["models"]["outcome"]) == ("imported", "failed")
    assert "cannot import name 'User'" in verdicts["app"]["failure"]["message"]
    entries = {event["module"]: event["outcome"] for event in events if event["event"] == "entrypoint"}
    assert entries == {"fine": "ok", "app": "failed"}
