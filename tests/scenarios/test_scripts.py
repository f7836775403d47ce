"""Scripts without a guard, which ``python3 main.py`` runs: what they do at their top level is the program."""

from __future__ import annotations

import pytest
from scenarios.support import Result, build, check

HEAD = "import os, sys, time\nimport helper\n"
RUNNING = {
    "a loop": HEAD + "while True:\n    time.sleep(1)\n",
    "a loop in a function": HEAD + "def main():\n    while True:\n        helper.wait()\n\n\nmain()\n",
    "an event loop": "import asyncio\nimport helper\nasyncio.run(asyncio.sleep(600))\n",
    "a server": "import socketserver\nimport helper\n"
    "socketserver.TCPServer(('', 8080), None).serve_forever()\n",
}
DONE = {
    "exit without a status": HEAD + "sys.exit()\n",
    "exit with a function's status": HEAD + "def main():\n    return 0\n\n\nsys.exit(main())\n",
    "an end without cleaning up": HEAD + "os._exit(0)\n",
}
BROKEN = {
    "a status": ("IG106", "main", HEAD + "sys.exit(3)\n"),
    "an exit in another module": ("IG106", "ends", "import ends\n"),
    "a wait in another module": ("IG108", "waits", "import waits\n"),
    "a wait before its imports": ("IG108", "main", "import time\ntime.sleep(600)\nimport helper\n"),
    "a server that imports it again": (
        "IG108",
        "main",
        HEAD + "app = 1\ndef run(target):\n    time.sleep(600)\n\n\nrun('main:app')\n",
    ),
}


def checked(name: str, code: str, limit: str = "20") -> Result:
    files = {
        "main.py": code,
        "helper.py": "import time\n\n\ndef wait():\n    time.sleep(1)\n",
        "ends.py": "import sys\nsys.exit(0)\n" if "import ends" in code else "",
        "waits.py": "import time\ntime.sleep(600)\n" if "import waits" in code else "",
    }
    image = build(
        "script-" + name.replace(" ", "-").replace("'", ""),
        'FROM base\nWORKDIR /app\nCOPY . .\nCMD ["python3", "main.py"]\n',
        files,
    )
    return check(image, "--module-timeout", limit, engine="embedded")


@pytest.mark.parametrize("name", [*RUNNING, *DONE])
def test_a_script_that_runs_or_is_done_imports(name: str) -> None:
    result = checked(name, {**RUNNING, **DONE}[name])
    assert (result.code, result.findings) == (0, []), result.findings
    assert result.image["entrypoints"][0]["outcome"] == "ok"
    said = "does not end" if name in RUNNING else "ends with exit code 0"
    assert any(f"Importing main {said}" in note for note in result.image["notes"]), result.image["notes"]
    if name in RUNNING:
        assert result.image["summary"]["seconds"] < 20, "it is not waited for until its time is up"


@pytest.mark.parametrize("name", BROKEN)
def test_what_keeps_a_script_from_running_fails(name: str) -> None:
    rule, module, code = BROKEN[name]
    result = checked(name, code, limit="6")  # it is waited for to the end
    finding = result.finding(rule)
    assert (result.code, finding["module"], finding["breaks_startup"]) == (1, module, True)


REGISTER = "seen = []\ndef once(name):\n    assert name not in seen, name + ' twice'\n    seen.append(name)\n"
GUARD = "if __name__ == '__main__':\n    raise SystemExit('the program runs')\n"
TWICE = {
    "a circle through main": (
        "main.py",
        {
            "main.py": "db = 1\nfrom models import User\n" + GUARD,
            "models.py": "from main import db\n\n\nclass User:\n    pass\n",
        },
    ),
    "a register": (
        "main.py",
        {
            "main.py": "import register\nregister.once('a')\nimport views\n" + GUARD,
            "views.py": "import main\n",
            "register.py": REGISTER,
        },
    ),
    "a module": (
        "-m shop.main",
        {
            "shop/__init__.py": "",
            "shop/main.py": "from . import register\nregister.once('a')\nfrom . import views\n" + GUARD,
            "shop/views.py": "from shop import main\n",
            "shop/register.py": REGISTER,
        },
    ),
    "a server": (
        "main.py",
        {
            "main.py": "import register, uvicorn\nregister.once('a')\n"
            "if __name__ == '__main__':\n    uvicorn.run('main:register')\n",
            "register.py": REGISTER,
            "uvicorn.py": "def run(app):\n    pass\n",
        },
    ),
}
ONCE = {
    "its file": (
        "main.py",
        {
            "main.py": "import conf\n" + GUARD,
            "conf.py": "import __main__, os\nroot = os.path.dirname(__main__.__file__)\n",
        },
    ),
    "its name": (
        "main.py",
        {"main.py": "STATE = 1\nimport worker\n" + GUARD, "worker.py": "from __main__ import STATE\n"},
    ),
    "else": (
        "main.py",
        {"main.py": "if __name__ == '__main__':\n    pass\nelse:\n    raise RuntimeError('import')\n"},
    ),
    "package": (
        "-m shop.main",
        {
            "shop/__init__.py": "",
            "shop/main.py": "from . import x\nassert __package__ == __spec__.parent == 'shop'\n" + GUARD,
            "shop/x.py": "",
        },
    ),
}


def started_so(name: str, argument: str, files: dict[str, str]) -> Result:
    command = f"FROM base\nWORKDIR /app\nCOPY . .\nCMD python3 {argument}\n"
    return check(build("main-" + name.replace(" ", "-"), command, files), engine="embedded")


@pytest.mark.parametrize("name", TWICE)
def test_who_imports_the_script_by_its_name_runs_it_a_second_time(name: str) -> None:
    result = started_so(name, *TWICE[name])
    broken = [finding for finding in result.findings if finding["breaks_startup"]]
    assert (result.code, len(broken)) == (1, 1), result.findings
    assert "User" in broken[0]["message"] or "twice" in broken[0]["message"]


@pytest.mark.parametrize("name", ONCE)
def test_a_script_has_what_main_has(name: str) -> None:
    result = started_so(name, *ONCE[name])
    assert (result.code, {finding["severity"] for finding in result.findings} - {"warning"}) == (0, set())
    assert result.image["entrypoints"][0]["outcome"] == "ok"


LAUNCHER = """import os, sys
from pathlib import Path

python = Path(__file__).parent / "own" / "bin" / "python3"
os.execv(str(python), [str(python), "-m", "shop", *sys.argv[1:]])
"""


@pytest.mark.parametrize("required", ["only_there", "nowhere"])
def test_a_launcher_is_followed_into_the_environment_that_it_starts(required: str) -> None:
    """The system's Python lacks what the environment has: all of it was told to be missing."""
    image = build(
        "script-launcher-" + required.replace("_", "-"),
        "FROM base\nWORKDIR /app\nCOPY . .\nRUN python3 -m venv --without-pip own "
        "&& touch $(ls -d own/lib/python3*)/site-packages/only_there.py\n"
        'CMD ["python3", "start.py", "--port", "80"]\n',
        {"start.py": LAUNCHER, "shop/__init__.py": "", "shop/__main__.py": f"import {required}\n"},
    )
    result = check(image, engine="embedded")
    assert result.image["interpreter"]["executable"] == "/app/own/bin/python3"
    told = [(finding["rule"], finding["missing"], finding["breaks_startup"]) for finding in result.findings]
    assert told == ([] if required == "only_there" else [("IG101", "nowhere", True)])
