"""What the application is, and what starts it: tools that load it, other names, other roots."""

from __future__ import annotations

import pytest
from scenarios.applications import distribution, script, servers, under
from scenarios.support import SITE, build, check

TOOLS = {
    "functions-framework": "functions_framework._cli",
    "someserver": "someserver.cli",
}
TREE = {
    "main.py": "import not_there_entry\ndef handler(request): ...\n",
    "shop/__init__.py": "",
    "shop/web.py": "import not_there_entry\napp = 1\n",
    "shop/fine.py": "app = celery = 1\n",
    "pyproject.toml": '[tool.fastapi]\nentrypoint = "shop.web:app"\n',
    "supervisord.conf": "[program:web]\ncommand=uvicorn shop.web:app\n"
    "[program:w]\ncommand=celery -A shop.fine worker\n",
    "build/lib/shop/web.py": "import not_there_in_a_copy\n",
    "ext/__init__.py": "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n",
    "lambda-entrypoint.sh": "#!/bin/sh\nexec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap\n",
    "migrations/env.py": "",
    "migrations/script.py.mako": "",
    "migrations/versions/1a_first.py": "import not_there_in_a_revision\n",
}
INSERTS = {
    "backend/__init__.py": "",
    "backend/main.py": "import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\nimport api.agents\n"
    "app = 1\n",
    "backend/api/__init__.py": "",
    "backend/api/agents.py": "import api.helper\n",
    "backend/api/helper.py": "",
    "backend/api/unused.py": "import api.helper\n",
}
LINES = (
    f"FROM base\nCOPY site /site\nRUN cp -r /site/. {SITE}/ && rm -rf /site\nCOPY bin /usr/local/bin\n"
    "RUN chmod +x /usr/local/bin/*\nCOPY other /other\nCOPY inserts /inserts\nCOPY tree /srv\n"
    "RUN chmod +x /srv/*.sh\n"
    "ENV PYTHONPATH=/other\nWORKDIR /srv\n"
)


@pytest.fixture(scope="module")
def image() -> str:
    files = {
        **servers(),
        **under("tree", TREE),
        **under("inserts", INSERTS),
        "other/ext/three.py": "import not_there_ext\n",
    }
    for name, module in TOOLS.items():
        package = module.split(".")[0]
        sources = {f"{package}/__init__.py": "", f"{module.replace('.', '/')}.py": "def main(): ...\n"}
        sources[f"{package}/optional.py"] = "import not_there_optional\n"
        files.update(under("site", distribution(package, sources, {})))
        files[f"bin/{name}"] = script(f"from {module} import main")
    return build("start-tools", LINES, files)


@pytest.mark.parametrize(
    ("command", "breaks"),
    [
        ("functions-framework --target handler", True),
        ("/srv/lambda-entrypoint.sh main.handler", True),
        ("fastapi run", True),
        ("supervisord -c supervisord.conf", True),
        ("someserver --target handler", None),
    ],
)
def test_a_tool_is_not_the_application(image: str, command: str, breaks: object) -> None:
    """What its working directory holds is checked, whatever starts it, and what the tool brings is not."""
    result = check(image, "--command", command)
    assert result.code == 1
    assert result.finding("IG101", "not_there_entry")["breaks_startup"] is breaks
    expected = {"not_there_entry", "not_there_ext", "not_there_in_a_revision"}
    lacks = {"fastapi", None}  # IG110: the image has no supervisord
    assert {finding["missing"] for finding in result.findings} - lacks == expected
    assert result.outcome("migrations.versions.1a_first") == "failed"
    assert ("start command not understood" in str(result.image["notes"])) is (breaks is None)


def test_a_file_has_the_name_that_production_imports(image: str) -> None:
    result = check(image, "--command", "cd /inserts && uvicorn backend.main:app")
    names = [module["name"] for module in result.image["modules"] if "backend" in module["path"]]
    assert sorted(names) == ["api", "api.agents", "api.helper", "api.unused", "backend", "backend.main"]
    assert {result.outcome(name) for name in names} == {"imported"}
    assert "could be imported as backend.api" in str(result.image["notes"])


def test_a_start_module_that_is_not_there_is_a_finding(image: str) -> None:
    result = check(image, "--command", "python3 -m service")
    assert result.code == 1
    assert result.findings[0]["missing"] == "service"
    assert result.findings[0]["breaks_startup"] is True


def test_a_tool_without_an_application_is_no_pass(image: str) -> None:
    result = check(
        build("start-nothing", "FROM base\nWORKDIR /empty\nENV PYTHONPATH=\n", base=image),
        "--command",
        "someserver shop.web:app",
    )
    assert result.code == 4
    assert "-p someserver" in result.said


FINDER = (
    "import sys\nfrom importlib.machinery import PathFinder\nMAPPING = {'web': '/app/web'}\n\n\n"
    "class Finder:\n    @classmethod\n    def find_spec(cls, name, path=None, target=None):\n"
    "        if name in MAPPING:\n            return PathFinder.find_spec(name, ['/app'])\n\n\n"
    "sys.meta_path.append(Finder)\n"
)


def test_each_start_command_has_its_own_import_path() -> None:
    """A console script has no working directory on its path; an editable install maps what lay there then."""
    installed = {
        "__editable___shop_1_finder.py": FINDER,
        "__editable__.shop-1.pth": "import __editable___shop_1_finder\n",
    }
    local = {"direct_url.json": '{"url": "file:///app", "dir_info": {"editable": true}}'}
    files = {
        **servers(),
        **under("site", distribution("shop", installed, local)),
        "bin/manage": script("from web.manage import main"),
        "app/web/__init__.py": "",
        "app/web/manage.py": "import jobs\n\n\ndef main(): ...\n",
        "app/web/wsgi.py": "import jobs\napp = 1\n",
        "app/jobs/__init__.py": "",
        "app/start.sh": "#!/bin/sh\nset -e\nmanage migrate\nexec gunicorn web.wsgi:app\n",
    }
    lines = (
        f"FROM base\nCOPY site /site\nRUN cp -r /site/. {SITE}/ && rm -rf /site\nCOPY bin /usr/local/bin\n"
        'COPY app /app\nRUN chmod +x /usr/local/bin/* /app/start.sh\nWORKDIR /app\nCMD ["./start.sh"]\n'
    )
    result = check(build("start-own-path", lines, files))
    assert result.code == 1
    assert result.finding("IG101", "jobs")["affected"] == ["web.manage"]
    assert result.finding("IG101", "jobs")["breaks_startup"] is True
    assert result.outcome("web.wsgi") == "imported"


def test_an_application_that_is_a_script_without_an_ending() -> None:
    """As ``COPY shop.py /bin/shop`` makes it: no import finds the script, and what it imports is judged."""
    lines = 'FROM base\nCOPY shop.py /bin/shop\nCMD ["python3", "/bin/shop"]\n'
    files = {"shop.py": "import json\nfrom cogs.draw import Draw\n\nprint(Draw('x'))\n"}
    result = check(build("start-script", lines, files))
    assert result.code == 1
    assert result.finding("IG101", "cogs")["breaks_startup"] is True
    assert not any("not understood" in note for note in result.image["notes"])
