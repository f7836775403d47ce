"""Discovery in folders that stand for an image, with a virtual environment made of this machine's Python."""

from __future__ import annotations

import ctypes
import json
import marshal
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from importguard.probe.select.discover import discover_application
from importguard.probe.start.launch import Launch

VERSION = "python{}.{}".format(*sys.version_info[:2])


class Image:
    """``app`` is the working directory, ``venv`` the environment whose ``bin`` is PATH."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = root / "app"
        self.app.mkdir()
        self.bin = root / "venv" / "bin"
        self.site = root / "venv" / "lib" / VERSION / "site-packages"
        self.bin.mkdir(parents=True)
        self.site.mkdir(parents=True)
        base = Path(sys.base_prefix) / "bin" / VERSION
        settings = f"home = {base.parent}\ninclude-system-site-packages = false\n"
        (root / "venv" / "pyvenv.cfg").write_text(settings)
        (self.bin / "python3").symlink_to(base)
        self.environ = {"PATH": str(self.bin)}

    def write(self, name: str, text: str = "", folder: Path | None = None) -> Path:
        path = (folder or self.app) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def write_all(self, names: str, folder: Path | None = None) -> None:
        for name in names.split():
            self.write(name, folder=folder)

    def install(self, name: str, names: str, direct_url: object = None, folder: Path | None = None) -> Path:
        """A distribution as an installer leaves it."""
        site = folder or self.site
        self.write_all(names, site)
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "RECORD").write_text("".join(f"{path},sha256=x,0\n" for path in names.split()))
        if direct_url:
            (info / "direct_url.json").write_text(json.dumps(direct_url))
        return info

    def script(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(f"#!{self.bin}/python3\n{text}")
        path.chmod(0o755)

    def discover(self, *cmd: str, environ=None, **request):
        request = {"workdir": str(self.app), "cmd": list(cmd), **request}
        launch = Launch(request, {**self.environ, **(environ or {})})
        found, _ = discover_application(request, launch)
        launch.end_asked_worker()
        marshal.dumps(found)
        return found

    def modules(self, *cmd: str, **request) -> list[str]:
        found = self.discover(*cmd, **request)
        assert found["error"] is None, found["error"]
        return [name for name, path in found["modules"] if path]


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


def test_the_whole_answer(image):
    image.write_all("main.py pkg/__init__.py pkg/mod.py")
    found = image.discover("python3", "-O", "main.py")
    assert found == {
        "interpreter": {
            "executable": f"{image.bin}/python3",
            "flags": ["-O"],
            "version": "{}.{}.{}".format(*sys.version_info[:3]),
            "implementation": "CPython",
            "why": f"{image.bin}/python3, named in the start command",
        },
        "import_path": [str(image.app)],
        "search_path": [str(image.app)],
        "entrypoints": [
            {
                "command": "python3 -O main.py",
                "target": "main",
                "module": "main",
                "attribute": None,
                "is_program": False,
                "imported_at": None,
                "runs": None,
                "start": {
                    "import_path": [str(image.app)],
                    "argv": ["main.py"],
                    "directory": str(image.app),
                    "environ": {},
                    "own_setup": False,
                    "script": {"path": f"{image.app}/main.py", "as_module": False, "again": False},
                    "calls": [],
                    "load": [],
                },
            }
        ],
        "modules": [
            ["main", f"{image.app}/main.py"],
            ["pkg", f"{image.app}/pkg/__init__.py"],
            ["pkg.mod", f"{image.app}/pkg/mod.py"],
        ],
        "skipped": [],
        "setup": None,
        "by_path": {},
        "problem": None,
        "appended_path": [],
        "directory": str(image.app),
        "environ": {},
        "notes": [],
        "details": found["details"],
        "error": None,
    }
    assert found["details"][:2] == [
        "start command: python3 -O main.py",
        f"interpreter: {image.bin}/python3 ({image.bin}/python3, named in the start command)",
    ]


# Which modules


def test_packages_namespaces_and_modules(image):
    image.write_all("a/__init__.py a/b/__init__.py a/b/c.py a/data/d.py ns/deep/er/m.py one.py empty/x.txt")
    assert image.modules("python3", "one.py") == [
        "a",
        "a.b",
        "a.b.c",
        "a.data.d",
        "ns.deep.er.m",
        "one",
    ]


def test_a_package_comes_before_a_module_and_extension_modules_before_source(image):
    import importlib.machinery

    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    image.write_all(
        f"a/__init__.py a.py b.py b{suffix} c.abi3.so d.cpython-22-x86_64-linux-gnu.so e.pyc f.py f.pyc"
    )
    image.write_all("g/x.py g.py")
    found = dict(image.discover("python3", "b.py")["modules"])
    assert found == {
        "a": f"{image.app}/a/__init__.py",
        "b": f"{image.app}/b{suffix}",
        "c": f"{image.app}/c.abi3.so",
        "e": f"{image.app}/e.pyc",
        "f": f"{image.app}/f.py",
        "g": f"{image.app}/g.py",
    }


def test_what_is_never_the_application(image):
    image.write_all(
        "main.py .hidden/a.py node_modules/x/a.py __pycache__/a.py x.egg-info/a.py site-packages/a.py "
        "env/pyvenv.cfg env/lib/a.py conda/conda-meta/history conda/a.py lib/site-packages/b.py"
    )
    assert image.modules("python3", "main.py") == ["main"]


def test_a_working_directory_that_is_itself_a_virtual_environment(image):
    image.write_all("main.py pyvenv.cfg bin/a.py lib/python3.11/site-packages/b.py lib/c.py include/d.py")
    assert image.modules("python3", "main.py") == ["main"]


def test_reasons_to_leave_out(image):
    image.write_all(
        "main.py my-script.py class.py setup.py conftest.py test_x.py x_test.py tests/__init__.py tests/a.py "
        "pkg/__init__.py pkg/__main__.py pkg/_serve_stage2_bootstrap.py pkg/test/b.py "
        "pkg/test/unit/test_b.py pkg/setup.py migrations/env.py migrations/script.py.mako "
        "my-package/__init__.py my-data/x.py"
    )
    image.write("db/env.py", "from alembic import context\n")
    image.write("db/versions/a.py")
    image.write("db/versions/1a_b.py")
    image.write("pkg/env.py")
    found = image.discover("python3", "main.py")
    assert [name for name, _ in found["modules"]] == ["db.versions.a", "main", "pkg", "pkg.env", "pkg.setup"]
    assert {name: reason for name, _, reason in found["skipped"]} == {
        "my-script": "not a module name",
        "class": "not a module name",
        "my-package": "not a module name",
        "db.versions.1a_b": "not a module name",
        "setup": "runs when imported",
        "pkg.__main__": "runs when imported",
        "pkg._serve_stage2_bootstrap": "runs when imported",
        "migrations.env": "runs when imported",
        "db.env": "runs when imported",
        "conftest": "tests",
        "test_x": "tests",
        "x_test": "tests",
        "tests": "tests",
        "tests.a": "tests",
        "pkg.test.b": "tests",
        "pkg.test.unit.test_b": "tests",
    }


def test_what_the_application_imports_is_no_test_whatever_its_name(image):
    image.write("main.py", "import shop\n")
    image.write("shop/__init__.py", "def client():\n    from .test_client import Client\n    return Client\n")
    image.write("shop/views.py", "def view():\n    from shop import ab_test, models\n")
    image.write("shop/run_tests.py", "def run():\n    import shop.test_views\n")
    image.write("shop/late.py", "def load():\n    import shop.tests.test_late\n")
    image.write_all("shop/test_client.py shop/ab_test.py shop/test_views.py shop/other_test.py")
    image.write_all("shop/tests/__init__.py shop/tests/test_late.py")
    found = image.discover("python3", "main.py")
    assert {name for name, _ in found["modules"] if "test" in name} == {
        "shop.ab_test",
        "shop.run_tests",
        "shop.test_client",
    }
    assert {name for name, _, _ in found["skipped"]} == {
        "shop.other_test",
        "shop.test_views",
        "shop.tests",
        "shop.tests.test_late",
    }


def test_a_folder_test_without_tests_is_part_of_the_application(image):
    image.write_all("main.py web/__init__.py web/test/__init__.py web/test/client.py web/test/tests/x.py")
    image.write_all("plugins/test/core.py plugins/test/contest.py checks/test/a.py checks/test/a_test.py")
    found = image.discover("python3", "main.py")
    assert [name for name, _ in found["modules"]] == [
        "main",
        "plugins.test.contest",
        "plugins.test.core",
        "web",
        "web.test",
        "web.test.client",
    ]
    assert {name for name, _, _ in found["skipped"]} == {
        "checks.test.a",
        "checks.test.a_test",
        "web.test.tests.x",
    }


@pytest.mark.parametrize(
    "main",
    [
        "from shop.cli import main\nif __name__ == '__main__':\n    main()\n",
        "from shop import cli\nif __name__ == '__main__':\n    sys.exit(cli.main())\n",
        "import shop.cli\nif __name__ == '__main__':\n    shop.cli.main()\n",
    ],
)
def test_what_the_functions_of_other_modules_import_that_main_calls(image, main):
    image.write("run.py", main)
    image.write("shop/__init__.py")
    cli = (
        "from .server import serve, trace\ndef main():\n    serve()\n    try:\n        trace()\n"
        "    except ImportError:\n        pass\ndef other():\n    import shop.tool\n"
    )
    image.write("shop/cli.py", cli)
    image.write(
        "shop/server.py",
        "def serve():\n    from shop import late, gone\n    from absent import x\n"
        "def trace():\n    import absent_trace\n",
    )
    image.write_all("shop/late.py shop/tool.py")
    found = image.discover("python3", "run.py")
    started = {one["module"] for one in found["entrypoints"]}
    assert {"shop.late", "absent"} <= started
    assert started.isdisjoint({"shop.tool", "absent_trace"})


FACTORY = """\
from shop.db import session
def create_app(settings=None):
    app = object()
    import absent_library
    with app.app_context():
        from . import views, gone, session
        from shop.moved import x
    if settings:
        import absent_where_it_is_set
        return app
    import absent_after_a_return
    return app
def other():
    import absent_elsewhere
"""


@pytest.mark.parametrize(
    "command",
    [
        ("gunicorn", "shop:create_app()"),
        ("gunicorn", "shop:create_app(settings='x')"),
        ("uvicorn", "--factory", "shop:create_app"),
        ("waitress-serve", "--call", "shop:create_app"),
        ("flask", "--app", "shop:create_app", "run"),
        ("flask", "--app", "shop", "run"),
    ],
)
def test_what_a_factory_imports_that_is_not_there(image, command):
    image.write("shop/__init__.py", FACTORY)
    image.write_all("shop/views.py shop/db.py")
    image.script(command[0], "#!/bin/sh\n")
    found = image.discover(*command)
    absent = [one["module"] for one in found["entrypoints"] if one["imported_at"]]
    assert absent == ["absent_library", "shop.gone", "shop.moved"]


def test_a_function_that_a_server_calls_for_each_request_is_no_factory(image):
    image.write("shop/__init__.py", FACTORY)
    image.write_all("shop/views.py shop/db.py")
    image.script("gunicorn", "#!/bin/sh\n")
    assert targets(image.discover("gunicorn", "shop:create_app")) == ["shop:create_app"]


def test_a_server_on_the_python_path_is_not_the_application(image):
    """``pip install --target /deps``: of uvicorn, only the worker's module is of interest."""
    deps = image.app.parent / "deps"
    image.install("uvicorn", "uvicorn/__init__.py uvicorn/workers.py uvicorn/zttp_impl.py", folder=deps)
    image.install("gunicorn", "gunicorn/__init__.py gunicorn/__main__.py gunicorn/app.py", folder=deps)
    image.write_all("main.py")
    command = ("python3", "-m", "gunicorn", "-k", "uvicorn.workers.UvicornWorker", "main:app")
    found = image.discover(*command, environ={"PYTHONPATH": str(deps)})
    assert [name for name, _ in found["modules"]] == ["main", "uvicorn.workers"]


def test_a_shared_library_that_is_no_extension_module(image):
    """``libicu.so`` beside the code, which SQLite loads by its path."""
    image.write_all("main.py")
    for name, symbol in (("libicu", "icu_open"), ("fast", "PyInit_fast"), ("slöw", "PyInitU_slw_xqa")):
        (image.app / (name + ".so")).write_bytes(b"\x7fELF\2\1\1\0" + symbol.encode() + b"\0")
    (image.app / "broken.so").write_bytes(b"")
    found = image.discover("python3", "main.py")
    assert [name for name, _ in found["modules"]] == ["broken", "fast", "main", "slöw"]
    assert [(name, reason) for name, _, reason in found["skipped"]] == [("libicu", "not an extension module")]


def test_tests_on_request(image):
    image.write_all("main.py tests/__init__.py tests/test_a.py conftest.py setup.py")
    assert image.modules("python3", "main.py", include_tests=True) == [
        "conftest",
        "main",
        "tests",
        "tests.test_a",
    ]


def test_exclude(image):
    image.write_all("main.py a/__init__.py a/b/__init__.py a/b/c.py ab.py")
    found = image.discover("python3", "main.py", exclude=["a.b", "*b"])
    assert [name for name, _ in found["modules"]] == ["a", "main"]
    assert [(name, reason) for name, _, reason in found["skipped"]] == [
        ("a.b", "excluded"),
        ("a.b.c", "excluded"),
        ("ab", "excluded"),
    ]


def test_names_of_the_standard_library(image):
    image.write_all("main.py json.py time.py sys.py os.py email/x.py xml/__init__.py")
    found = image.discover("python3", "main.py")
    assert [name for name, _ in found["modules"]] == ["json", "main", "xml"]
    for name in ("time.py", "sys.py", "os.py", "email"):
        assert any(
            note.startswith(f"{image.app}/{name} can never be imported")
            for note in found["notes"] + found["details"]
        ), name


def test_the_standard_library_comes_before_editable_installs(image):
    image.write_all("json.py mine.py", image.root / "src")
    image.write("x.pth", f"{image.root}/src\n", image.site)
    assert image.modules() == ["mine"]


def test_roots_in_order(image):
    other = image.root / "other"
    image.write_all("a.py ns/one.py b/x.py")
    image.write_all("a.py ns/two.py b/__init__.py b/y.py c.py", other)
    found = image.discover("python3", "a.py", environ={"PYTHONPATH": str(other)})
    assert [tuple(item) for item in found["modules"]] == [
        ("a", f"{image.app}/a.py"),
        ("b", f"{other}/b/__init__.py"),
        ("b.y", f"{other}/b/y.py"),
        ("c", f"{other}/c.py"),
        ("ns.one", f"{image.app}/ns/one.py"),
        ("ns.two", f"{other}/ns/two.py"),
    ]


def test_a_folder_hidden_by_an_installed_package(image):
    image.write_all("main.py docs/conf.py")
    image.install("docs", "docs/__init__.py")
    found = image.discover("python3", "main.py")
    assert [name for name, _ in found["modules"]] == ["main"]
    message = (
        f"{image.app}/docs can never be imported: 'docs' is found first in {image.site}/docs/__init__.py"
    )
    assert message in found["details"]


def test_site_packages_are_not_the_application(image):
    image.write_all("main.py")
    image.install("third", "third/__init__.py third/x.py")
    assert image.modules("python3", "main.py") == ["main"]


def test_third_party_distributions_in_the_working_directory(image):
    image.write_all("main.py")
    image.install("third", "third/__init__.py third/x.py third_single.py", folder=image.app)
    assert image.modules("python3", "main.py") == ["main"]


def test_distributions_from_a_folder(image):
    image.install("mine", "mine/__init__.py mine/a.py mine_one.py", {"url": "file:///src", "dir_info": {}})
    image.install("wheel", "wheel/__init__.py", {"url": "file:///w.whl", "archive_info": {}})
    image.install("broken", "broken/__init__.py")
    (image.site / "broken-1.0.dist-info" / "direct_url.json").write_text('{"dir_info": [')
    assert image.modules() == ["mine", "mine.a", "mine_one"]


def test_editable_installs(image):
    src = image.root / "src"
    image.write_all("pkg/__init__.py pkg/a.py single.py other/__init__.py", src)
    image.write(
        "__editable___mine_1_0_finder.py",
        "from __future__ import annotations\nMAPPING: dict[str, str] = "
        + repr({"pkg": f"{src}/pkg", "single": f"{src}/single.py", "gone": f"{src}/gone"})
        + "\nNAMESPACES: dict[str, list[str]] = {}\n",
        image.site,
    )
    assert image.modules() == ["pkg", "pkg.a", "single"]


def test_the_distribution_of_the_entry_point(image):
    image.install("Acme.Web", "acme/web/__init__.py acme/web/cli.py acme/web/x.py acme_tool.py")
    image.install("acme-core", "acme/core/__init__.py acme/core/__main__.py")
    image.script("serve", "import sys\nfrom acme.web.cli import main\nsys.exit(main())\n")
    found = image.discover("serve", "--port", "80")
    assert [name for name, _ in found["modules"]] == ["acme.web", "acme.web.cli", "acme.web.x", "acme_tool"]
    assert found["entrypoints"][0]["target"] == "acme.web.cli:main"
    assert image.modules("python3", "-m", "acme.core") == ["acme.core"]


def test_an_entry_point_without_a_record(image):
    image.write_all("acme/__init__.py acme/a.py", image.site)
    assert image.modules("uvicorn", "acme.a:app") == ["acme", "acme.a"]


def test_console_script_by_metadata(image):
    info = image.install("mine", "mine/__init__.py")
    (info / "entry_points.txt").write_text("[console_scripts]\nother = x:y\nserve = mine.cli:main [extra]\n")
    image.write("mine/cli.py", folder=image.site)
    image.script(
        "serve", "import sys\nsys.exit(load_entry_point('mine==1.0', 'console_scripts', 'serve')())\n"
    )
    assert image.discover("serve")["entrypoints"][0]["target"] == "mine.cli:main"


def test_pserve_finds_the_entry_points_of_distributions(image):
    """An editable install leads to the working directory, so that its modules are no unchecked ones."""
    image.write("production.ini", "[app:main]\nuse = egg:My.Shop\n[server:main]\nuse = egg:waitress#main\n")
    image.write_all("shop/__init__.py shop/web.py")
    mapping = f"MAPPING = {{'shop': '{image.app}/shop'}}\n"
    info = image.install("my_shop", "__editable___shop_finder.py")
    image.write("__editable___shop_finder.py", mapping, image.site)
    (info / "entry_points.txt").write_text("[paste.app_factory]\nmain = shop.web:main\n")
    image.script("pserve", "import sys\nfrom pyramid.scripts.pserve import main\nsys.exit(main())\n")
    found = image.discover("pserve", "production.ini")
    assert [entry["target"] for entry in found["entrypoints"]] == ["shop.web:main", "waitress"]
    assert [name for name, _ in found["modules"]] == ["shop", "shop.web", "waitress"]
    assert found["notes"] == []


@pytest.mark.parametrize("by_metadata", [False, True])
def test_the_module_of_the_server_itself_is_asked_before_it_adds_folders(image, by_metadata):
    """Without click, uvicorn does not start. No file beside the application is what it imports for that."""
    image.write_all("shop/__init__.py shop/web.py")
    info = image.install("uvicorn", "uvicorn/__init__.py uvicorn/main.py uvicorn/__main__.py")
    (info / "entry_points.txt").write_text("[console_scripts]\nuvicorn = uvicorn.main:main\n")
    image.script("uvicorn", "import sys\nfrom uvicorn.main import main\nsys.exit(main())\n")
    words = ["python3", "-m", "uvicorn"] if by_metadata else ["uvicorn"]
    found = image.discover(*words, "shop.web:app")
    assert [entry["target"] for entry in found["entrypoints"]] == ["shop.web:app", "uvicorn.main"]
    application, server = (entry["start"]["import_path"] for entry in found["entrypoints"])
    assert str(image.app) in application
    assert server == ([str(image.app)] if by_metadata else [])
    assert [name for name, _ in found["modules"]] == ["shop", "shop.web", "uvicorn.main"]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("uvicorn shop.web:app", "auto"),
        ("uvicorn --http auto shop.web:app", "auto"),
        ("uvicorn --http h11 shop.web:app", "h11_impl"),
        ("uvicorn --http httptools shop.web:app", ""),
        ("gunicorn -k uvicorn.workers.UvicornWorker shop.web:app", "auto"),
        ("gunicorn shop.web:app", ""),
        ("python3 serve.py", "auto"),
        ("python3 chosen.py", ""),
    ],
)
def test_what_a_server_loads_of_itself_when_it_starts(image, line, part):
    """Without h11, uvicorn imports well and ends as soon as it serves."""
    image.write_all("shop/__init__.py shop/web.py")
    image.write("serve.py", "import uvicorn\nfrom shop import web\nuvicorn.run(web.app)\n")
    image.write("chosen.py", "import uvicorn\nfrom shop import web\nuvicorn.run(web.app, http=web.http)\n")
    folder = "uvicorn/protocols/http"
    files = (
        f"uvicorn/__init__.py uvicorn/workers.py {folder}/auto.py {folder}/h11_impl.py gunicorn/__init__.py"
    )
    image.install("uvicorn", files)
    found = image.discover(*line.split())
    targets = [entry["target"] for entry in found["entrypoints"]]
    parts = [name for name in targets if ".protocols." in name]
    assert parts == ([f"uvicorn.protocols.http.{part}"] if part else [])


def test_a_worker_class_takes_in_its_module_only(image):
    image.write_all("main.py")
    image.install("uvicorn", "uvicorn/__init__.py uvicorn/workers.py uvicorn/loops.py")
    found = image.discover("gunicorn", "-k", "uvicorn.workers.UvicornWorker", "main:app")
    assert [name for name, path in found["modules"] if path] == ["main", "uvicorn.workers"]
    assert [entry["target"] for entry in found["entrypoints"]][:2] == [
        "main:app",
        "uvicorn.workers:UvicornWorker",
    ]


@pytest.mark.parametrize(
    ("command", "absent"),
    [
        ("python3 -m uvicorn main:app", "uvicorn"),
        ("python3 -m gunicorn -k acme.Worker main:app", "gunicorn"),
        ("gunicorn -k acme.Worker main:app", "acme"),
    ],
)
def test_servers_and_workers_that_are_absent_are_imported_all_the_same(image, command, absent):
    image.write_all("main.py")
    assert [absent, None] in image.discover(commands=[command])["modules"]


def test_an_entry_point_is_never_left_out_as_a_test(image):
    image.write_all("test_server.py tests/__init__.py tests/run.py")
    assert image.modules("uvicorn", "test_server:app") == ["test_server"]
    assert image.modules("python3", "-m", "tests.run") == ["tests.run"]


def test_packages_by_name(image):
    image.write_all("main.py a/__init__.py a/b/__init__.py a/b/c.py tests/__init__.py tests/t.py ns/x.py")
    image.install("third", "third/__init__.py third/x.py")
    assert image.modules("python3", "main.py", packages=["a"]) == ["a", "a.b", "a.b.c"]
    assert image.modules("python3", "main.py", packages=["a.b", "third"]) == [
        "a.b",
        "a.b.c",
        "third",
        "third.x",
    ]
    assert image.modules("python3", "main.py", packages=["tests", "ns"]) == ["ns.x", "tests", "tests.t"]


def test_a_package_that_is_not_there(image):
    image.write_all("backend/__init__.py")
    found = image.discover("python3", "x.py", packages=["back-end"])
    assert found["error"].startswith("package 'back-end' (-p) was not found on the import path (")
    assert found["error"].endswith("; near names: backend")
    assert found["modules"] == []


def test_nothing_to_import(image):
    image.write_all("index.html tests/test_a.py")
    found = image.discover("python3", "-c", "pass")
    assert found["error"] == (
        f"nothing to import: no application modules in {image.app} (index.html, tests); "
        "1 modules were left out; name packages with -p"
    )


def test_the_working_directory_helps_out(image):
    image.write_all("main.py")
    (image.root / "elsewhere").mkdir()
    found = image.discover(commands=[f"cd {image.root}/elsewhere; python3 -c pass"])
    assert [name for name, _ in found["modules"]] == ["main"]
    assert found["import_path"] == [str(image.root / "elsewhere"), str(image.app)]


def test_production_s_working_directory_counts_where_the_image_has_it(image):
    image.write_all("backend/manage.py backend/core/models.py")
    backend = str(image.app / "backend")
    found = image.discover("python3", "manage.py", production_workdir=(backend, "compose.yaml:3"))
    assert [name for name, _ in found["modules"]] == ["core.models", "manage"]
    assert f"the working directory is {backend}, as compose.yaml:3 says" in found["notes"]
    found = image.discover("python3", "backend/manage.py", production_workdir=("/none", "compose.yaml:3"))
    assert found["import_path"] == [backend]
    assert not any("compose.yaml" in note for note in found["notes"])


def test_the_working_directory_does_not_hide_that_the_command_fails(image):
    """What is not where the command looks is missing: importing it says so."""
    image.write_all("main.py site1/settings.py")
    (image.root / "elsewhere").mkdir()
    found = image.discover("uvicorn", "--app-dir", str(image.root / "elsewhere"), "main:app")
    assert found["modules"] == [["main", None], ["uvicorn", None]]
    found = image.discover("django-admin", "check", "--settings", "site1.settings")
    assert ["site1.settings", None] in found["modules"]


def test_modules_beside_the_import_path_are_mentioned(image):
    image.write_all("main.py other.py")
    image.write("tool/tool.py")
    found = image.discover("python3", "tool/tool.py")
    assert found["notes"] == [
        f"the working directory {image.app} is not on the import path of the start command: its modules were "
        "not checked (main, other)"
    ]


def test_a_supervisor_is_not_the_application(image):
    image.write_all("main.py")
    image.install("supervisor", "supervisor/__init__.py supervisor/supervisord.py")
    image.script("supervisord", "import sys\nfrom supervisor.supervisord import main\nsys.exit(main())\n")
    found = image.discover("supervisord", "-n")
    assert [name for name, _ in found["modules"]] == ["main"]
    assert found["entrypoints"][0]["target"] is None
    assert found["interpreter"]["executable"] == f"{image.bin}/python3"


def test_an_empty_command(image):
    image.write_all("main.py")
    assert image.modules(commands=[" "]) == ["main"]


# Entry points and the import path


def test_a_target_that_is_not_in_the_image_is_imported_all_the_same(image):
    image.write_all("main.py")
    found = image.discover("python3", "-m", "uvicorn", "gone.main:app")
    assert found["error"] is None
    assert found["entrypoints"][0]["module"] == "gone.main"
    assert ["gone.main", None] in found["modules"]


def test_a_target_that_is_not_in_the_image_of_a_command_that_may_not_run(image):
    image.write_all("main.py")
    text = 'case "$1" in web) exec uvicorn gone:app ;; esac'
    found = image.discover("sh", "-c", text)
    assert found["entrypoints"][0]["module"] == "gone"
    assert ["gone", None] not in found["modules"]


# Tools that are not known

SERVER = "import sys\nfrom someserver.cli import main\nsys.exit(main())\n"


@pytest.fixture
def served(image: Image) -> Image:
    """An image with a server of which nothing is known."""
    image.install("someserver", "someserver/__init__.py someserver/cli.py someserver/__main__.py")
    image.write("someserver/optional.py", "import not_there\n", image.site)
    image.script("someserver", SERVER)
    return image


def test_the_program_of_a_tool_is_not_the_application(served):
    """Its module is loaded by production as well; what else it has is not the application's concern."""
    served.write_all("main.py shop.py")
    found = served.discover("someserver", "--target", "handler")
    assert [name for name, _ in found["modules"]] == ["main", "shop", "someserver.cli"]
    assert [entry["module"] for entry in found["entrypoints"]] == ["someserver.cli", None]
    assert found["notes"] == ["start command not understood: someserver --target handler"]
    assert found["entrypoints"][0]["start"]["import_path"] == []


def test_a_tool_with_nothing_to_load_may_be_the_application(served):
    found = served.discover("someserver", "--port", "80")
    assert [name for name, _ in found["modules"]] == ["someserver", "someserver.cli", "someserver.optional"]


def test_a_tool_whose_application_is_somewhere_else_is_no_verdict(served):
    folder = served.root / "elsewhere"
    served.write("main.py", folder=folder)
    for arguments in (["shop.web:app"], ["--dir", str(folder)], [f"--file={folder}/main.py"]):
        error = served.discover("someserver", *arguments)["error"]
        assert error.startswith("nothing to import")
        assert error.endswith(
            "installed package someserver: if that is the application, name it with -p someserver"
        )


@pytest.mark.parametrize("package", ["someserver", "someserver.cli"])
def test_a_tool_that_is_named_as_a_package_is_the_application(served, package):
    """As ``datasette serve`` with ``-p datasette``: its program is what starts it."""
    found = served.discover("someserver", "data.db", packages=[package])
    assert "someserver.cli" in [name for name, _ in found["modules"]]
    assert [entry["module"] for entry in found["entrypoints"]] == ["someserver.cli"]
    assert found["notes"] == []


def test_a_known_tool_is_never_the_application(image):
    image.install("honcho", "honcho/__init__.py honcho/__main__.py honcho/command.py")
    image.script("start-all", "import sys\nfrom honcho.command import main\nsys.exit(main())\n")
    assert "name it with -p honcho" in image.discover("start-all")["error"]
    assert image.discover("python3", "-m", "honcho", "start")["error"]


def test_a_module_that_is_named_is_the_application_unless_it_is_given_one(served):
    served.write_all("main.py")
    assert served.modules("python3", "-m", "someserver", "--port", "80") == [
        "main",
        "someserver",
        "someserver.cli",
        "someserver.optional",
    ]
    found = served.discover("python3", "-m", "someserver", "main:app")
    assert [name for name, _ in found["modules"]] == ["main", "someserver"]
    assert [entry["module"] for entry in found["entrypoints"]] == ["someserver", "main"]


def test_a_program_that_is_given_a_module_of_its_own_distribution(image):
    """As ``dispatch server start dispatch.main:app``."""
    image.install("dispatch", "dispatch/__init__.py dispatch/cli.py dispatch/main.py")
    image.script("dispatch", "import sys\nfrom dispatch.cli import main\nsys.exit(main())\n")
    found = image.discover("dispatch", "server", "start", "dispatch.main:app")
    assert found["error"] is None
    assert [name for name, _ in found["modules"]] == ["dispatch", "dispatch.cli", "dispatch.main"]
    assert [entry["module"] for entry in found["entrypoints"]] == ["dispatch.cli", "dispatch.main"]


def test_a_branch_whose_target_is_not_in_the_image_is_no_entry_point(image):
    image.write_all("main.py")
    text = 'if [ "$DEV" ]; then exec uvicorn dev:app; fi; exec uvicorn main:app'
    targets = [entry["module"] for entry in image.discover("sh", "-c", text)["entrypoints"]]
    assert "main" in targets
    assert "dev" not in targets


def test_the_search_path_is_all_that_may_hold_the_application(image):
    image.write_all("main.py src/pkg.py lib/helper.py")
    found = image.discover("python3", "main.py", environ={"PYTHONPATH": f"src:{image.app}/lib"})
    assert found["import_path"] == [str(image.app)], "what the interpreter has by itself is not added to it"
    assert found["search_path"] == [str(image.app), f"{image.app}/src", f"{image.app}/lib"]


def test_safe_path(image):
    image.write_all("main.py")
    if sys.version_info >= (3, 11):
        found = image.discover("python3", "-P", "main.py")
        assert found["import_path"] == []
        assert image.discover("python3", "main.py", environ={"PYTHONSAFEPATH": "1"})["import_path"] == []
    assert image.discover("python3", "-I", "main.py")["import_path"] == []


def test_the_directory_and_environment_of_the_start_command(image):
    image.write_all("src/main.py lib/helper.py")
    found = image.discover("sh", "-c", f"cd src && PYTHONPATH={image.app}/lib exec python3 main.py")
    assert found["directory"] == f"{image.app}/src"
    assert found["environ"] == {"PYTHONPATH": f"{image.app}/lib"}
    assert found["import_path"] == [f"{image.app}/src", f"{image.app}/lib"]
    assert [name for name, _ in found["modules"]] == ["helper", "main"]


def test_each_command_has_an_import_path_of_its_own(image):
    image.write_all("web.py tool/__init__.py tool/__main__.py src/web.py src/worker.py lib/helper.py")
    image.install("jobs", "jobs.py")
    image.script("migrate", "import sys\nfrom jobs import main\nsys.exit(main())\n")
    text = "migrate up; python3 -m tool -v; PYTHONPATH=lib A=1 python3 src/worker.py & exec uvicorn web:app"
    found = image.discover("sh", "-c", text, environ={"PYTHONPATH": f"{image.app}/src"})
    starts = {entry["module"]: entry["start"] for entry in found["entrypoints"]}
    here, src = str(image.app), f"{image.app}/src"
    assert starts["jobs"] == {
        "import_path": [],
        "argv": [f"{image.bin}/migrate", "up"],
        "directory": here,
        "environ": {},
        "own_setup": False,
        "script": None,
        "calls": [],
        "load": [],
    }
    assert starts["tool"]["import_path"] == [here]
    assert starts["tool"]["argv"] == [f"{here}/tool/__main__.py", "-v"]
    assert starts["worker"] == {
        "import_path": [src],
        "argv": ["src/worker.py"],
        "directory": here,
        "environ": {"PYTHONPATH": "lib", "A": "1"},
        "own_setup": False,
        "script": {"path": f"{src}/worker.py", "as_module": False, "again": False},
        "calls": [],
        "load": [],
    }
    assert starts["web"]["import_path"] == [here]
    assert (starts["tool"]["script"], starts["web"]["script"]) == (None, None), "Python runs other files"
    safe = image.discover("python3", "-I", "-m", "tool")["entrypoints"][0]["start"]
    assert safe["import_path"] == []


def test_celery_attributes(image):
    image.write("proj/__init__.py", "from .celery import app\n")
    image.write("proj/celery.py", "app = Celery()\n")
    image.write("tasks.py", "celery: Celery = Celery()\n")
    assert image.discover("celery", "-A", "proj", "worker")["entrypoints"][0]["target"] == "proj.celery:app"
    assert image.discover("celery", "-A", "tasks", "worker")["entrypoints"][0]["target"] == "tasks:celery"
    image.write("jobs.py", "queue = Celery()\n")
    assert image.discover("celery", "-A", "jobs.queue", "worker")["entrypoints"][0]["target"] == "jobs:queue"
    assert image.discover("celery", "-A", "proj.app", "worker")["entrypoints"][0]["target"] == "proj:app"
    assert image.discover("celery", "-A", "proj.gone", "worker")["entrypoints"][0]["target"] == "proj.gone"


def test_a_celery_command_of_another_distribution(image):
    """``celery flower`` starts flower, beside the application of ``-A`` or alone."""
    info = image.install("flower", "flower/__init__.py flower/command.py")
    (info / "entry_points.txt").write_text("[celery.commands]\nflower = flower.command:flower\n")
    image.install("celery", "celery/__main__.py")
    image.script("celery", "import sys\nfrom celery.__main__ import main\nsys.exit(main())\n")
    alone = image.discover("celery", "--broker=redis://queue", "flower", "--port=5555")
    assert "flower.command:flower" in [entry["target"] for entry in alone["entrypoints"]]
    assert [name for name, _ in alone["modules"]] == ["celery.__main__", "flower", "flower.command"]
    image.write("proj.py", "app = Celery()\n")
    beside = image.discover("celery", "-A", "proj", "flower")
    assert [entry["target"] for entry in beside["entrypoints"]][:2] == ["proj:app", "flower.command:flower"]


def test_several_commands(image):
    image.write_all("web.py jobs/tasks.py")
    found = image.discover("x", commands=["uvicorn web:app", "cd jobs; celery -A tasks:queue worker"])
    assert [entry["module"] for entry in found["entrypoints"] if entry["attribute"]] == ["web", "tasks"]
    assert found["import_path"] == [str(image.app), f"{image.app}/jobs"]
    assert {"web", "tasks"} <= {name for name, _ in found["modules"]}


def test_the_standard_library_is_no_entry_point(image):
    image.write_all("main.py")
    found = image.discover("python3", "-m", "http.server")
    assert found["entrypoints"][0]["target"] is None
    assert "http.server of the start command is in the standard library" in found["notes"]


def test_a_given_command_whose_program_is_missing(image):
    image.write_all("main.py")
    problem = {"program": "notthere", "path": "", "why": "absent", "interpreter": ""}
    assert image.discover(commands=["notthere --port 80"])["problem"] == problem
    for line in ("notthere() { :; }; notthere", "cd jobs && notthere", "notthere main.py; python3 main.py"):
        assert image.discover(commands=[line])["problem"] is None, line


def test_no_start_command(image):
    image.write_all("main.py")
    found = image.discover()
    assert [name for name, _ in found["modules"]] == ["main"]
    assert found["notes"] == ["the image has no start command, so no entry point is checked"]


def test_a_server_that_is_not_installed_is_an_entry_point(image):
    image.write_all("main.py")
    found = image.discover("uvicorn", "main:app")
    assert [entry["module"] for entry in found["entrypoints"]] == ["main", "uvicorn"]
    assert found["modules"] == [["main", f"{image.app}/main.py"], ["uvicorn", None]]
    assert (found["notes"], found["problem"]) == ([], None), "the module says so"


# Preparation

SETTINGS = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "{}")\n'


def test_django(image):
    image.install("Django", "django/__init__.py")
    image.write("site1/wsgi.py", SETTINGS.format("site1.production"))
    image.write("site1/production.py")
    image.write("manage.py", SETTINGS.format("site1.development"))
    expected = {
        "description": "django.setup() with DJANGO_SETTINGS_MODULE=site1.production",
        "environ": {"DJANGO_SETTINGS_MODULE": "site1.production"},
        "callable": "django:setup",
    }
    assert image.discover("gunicorn", "site1.wsgi")["setup"] == expected
    by_manage = image.discover("python3", "manage.py", "runserver")
    assert by_manage["setup"]["environ"] == {"DJANGO_SETTINGS_MODULE": "site1.development"}
    assert by_manage["entrypoints"][0]["target"] == "site1.development"
    assert image.discover()["setup"]["environ"] == {"DJANGO_SETTINGS_MODULE": "site1.development"}
    environ = {"DJANGO_SETTINGS_MODULE": "site1.other"}
    assert image.discover("gunicorn", "site1.wsgi", environ=environ)["setup"]["environ"] == environ


def test_the_module_of_a_management_command_is_loaded_too(image):
    image.install("Django", "django/__init__.py")
    image.write("manage.py", SETTINGS.format("settings"))
    image.write_all("settings.py shop/management/commands/sync.py shop/management/commands/other.py")
    found = image.discover("sh", "-c", "python3 manage.py sync --all && exec python3 manage.py runserver")
    assert [entry["module"] for entry in found["entrypoints"]] == [
        "settings",
        "settings",
        "shop.management.commands.sync",
    ]


def test_manage_py_without_settings(image):
    image.write("manage.py", "import os\n")
    assert image.discover(commands=["python3 manage.py check"])["entrypoints"][0]["target"] == "manage"


def test_settings_without_django(image):
    image.write("manage.py", SETTINGS.format("a.settings"))
    assert image.discover("python3", "manage.py", "check")["setup"] is None


def test_setup_of_the_user(image):
    image.write_all("main.py")
    assert image.discover("python3", "main.py", setup="main:prepare")["setup"] == {
        "description": "main.prepare()",
        "environ": {},
        "callable": "main:prepare",
    }


# Hostile files


def test_special_files_are_not_opened(image):
    image.write_all("main.py")
    os.mkfifo(image.app / "fifo.py")
    os.mkfifo(image.app / "manage.py")
    (image.app / "folder.py").mkdir()
    (image.app / "broken.py").symlink_to("/nonexistent")
    (image.app / "device.py").symlink_to("/dev/zero")
    assert image.modules("python3", "main.py") == ["main"]
    assert image.discover("sh", "manage.py")["error"] is None


def test_links_to_folders_above(image):
    image.write_all("main.py a/__init__.py a/b/x.py")
    (image.app / "a" / "loop").symlink_to(image.app)
    (image.app / "a" / "self").symlink_to(".")
    (image.app / "a" / "b" / "up").symlink_to("..")
    (image.app / "link").symlink_to("a")
    (image.app / "a" / "root").symlink_to("/")
    (image.app / "a" / "lib").symlink_to("/usr/lib")
    (image.app / "a" / "proc").symlink_to("/proc/self")
    found = image.modules("python3", "main.py")
    assert found == ["a", "a.b.x", "link", "link.b.x", "main"]


def test_names_that_are_not_utf8(image):
    image.write_all("main.py")
    with open(os.fsencode(image.app) + b"/\xff\xfe.py", "w"):
        pass
    found = image.discover("python3", "main.py")
    assert found["skipped"] == [[r"\xff\xfe", str(image.app) + r"/\xff\xfe.py", "not a module name"]]
    json.dumps(found, ensure_ascii=False).encode("utf-8")


def test_names_that_python_writes_otherwise(image):
    image.write_all("main.py größe.py ﬁt.py")
    found = image.discover("python3", "main.py")
    assert [name for name, _ in found["modules"]] == ["größe", "main"]
    assert [name for name, _, _ in found["skipped"]] == ["ﬁt"]


@contextmanager
def permissions_enforced():
    """Make this thread respect the permissions of files, which root otherwise ignores (capabilities(7))."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None)
    version_3, this_thread, dac_override, dac_read_search = 0x20080522, 0, 1 << 1, 1 << 2
    header = (ctypes.c_uint32 * 2)(version_3, this_thread)
    before = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; and again for capabilities above 31
    assert libc.capget(header, before) == 0
    without = (ctypes.c_uint32 * 6)(before[0] & ~(dac_override | dac_read_search), *before[1:])
    assert libc.capset(header, without) == 0
    try:
        yield
    finally:
        assert libc.capset(header, before) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
def test_unreadable_folders(image):
    image.write_all("main.py secret/x.py")
    (image.app / "secret").chmod(0)
    with permissions_enforced():
        assert image.modules("python3", "main.py") == ["main"]


def test_a_package_200_levels_deep(image):
    folder = image.app
    for _ in range(200):
        folder = folder / "a"
        folder.mkdir()
        (folder / "__init__.py").touch()
    found = image.modules("python3", "x.py")
    assert len(found) == 200
    assert found[-1] == ".".join("a" * 200)


def test_a_working_directory_that_does_not_exist(image):
    found = image.discover("uvicorn", "main:app", workdir=str(image.root / "gone"))
    assert "does not exist" in found["error"]


def test_a_folder_of_the_import_path_is_no_namespace_package(image):
    image.write_all("src/pkg/__init__.py src/pkg/main.py tool.py")
    environ = {"PYTHONPATH": f"{image.app}/src"}
    assert image.modules("uvicorn", "pkg.main:app", environ=environ) == ["pkg", "pkg.main", "tool"]
    found = image.modules("uvicorn", "src.pkg.main:app", environ=environ)
    assert found == ["src.pkg", "src.pkg.main", "tool"]
    image.write("src/pkg/main.py", "import pkg.db\n")
    image.write_all("src/pkg/db.py src/pkg/other.py")
    assert image.discover("uvicorn", "src.pkg.main:app", environ=environ)["modules"][:6] == [
        ["pkg", f"{image.app}/src/pkg/__init__.py"],
        ["pkg.db", f"{image.app}/src/pkg/db.py"],
        ["pkg.other", f"{image.app}/src/pkg/other.py"],
        ["src.pkg", f"{image.app}/src/pkg/__init__.py"],
        ["src.pkg.main", f"{image.app}/src/pkg/main.py"],
        ["tool", f"{image.app}/tool.py"],
    ]


def test_what_runs_before_the_main_command_does_not_widen_its_import_path(image):
    image.write_all("main.py prestart/wait.py prestart/helper.py")
    found = image.discover("sh", "-c", "python3 prestart/wait.py && exec python3 main.py")
    assert found["import_path"] == [str(image.app)]


def test_a_package_that_runs(image):
    image.write_all("pkg/__init__.py pkg/__main__.py bare/__init__.py")
    (entry,) = image.discover("python3", "-m", "pkg")["entrypoints"]
    assert (entry["module"], entry["runs"]) == ("pkg", "pkg.__main__")
    (entry,) = image.discover("python3", "-m", "bare")["entrypoints"]
    assert entry["module"] == "bare.__main__"


@pytest.mark.parametrize("wrapper", ["/entrypoint.sh", "tini --", "/nope/sh -c 'exec \"$@\"' sh"])
def test_a_wrapper_that_is_not_in_the_image(image, wrapper):
    image.write_all("main.py")
    found = image.discover(commands=[f"{wrapper} python3 main.py"])
    program = wrapper.split()[0]
    path = program if "/" in program else ""
    problem = {"program": program, "path": path, "why": "absent", "interpreter": ""}
    assert (found["notes"], found["problem"]) == ([], problem)
    assert found["entrypoints"][0]["module"] == "main"


@pytest.mark.parametrize("line", ["uv run python3 main.py", "doppler run -- python3 main.py"])
def test_a_program_that_runs_others_and_is_not_in_the_image(image, line):
    image.write_all("main.py")
    assert image.discover(commands=[line])["problem"]["program"] == line.split()[0]
    found = image.discover("/bin/sh", "-c", f"set -e\n{line}")
    assert found["problem"]["program"] == line.split()[0]
    assert image.discover(commands=[f"[ -f x ] && {line}", "python3 main.py"])["problem"] is None


@pytest.mark.parametrize(
    "line",
    [
        "wait_for db -- python3 main.py",
        "$TOOLS/wait db -- python3 main.py",
        "with-contenv python3 main.py",
        "command -v tini && tini -- python3 main.py",
        "uv --version || python3 main.py",
    ],
)
def test_what_may_be_there_when_the_container_runs_is_no_missing_program(image, line):
    """A function of another file, a program that a variable names; s6 has a PATH of its own."""
    image.write_all("main.py")
    assert image.discover("/bin/sh", "-c", line)["problem"] is None


def test_the_root_of_the_file_system_as_working_directory(image, monkeypatch):
    from importguard.probe.select import folder

    image.write_all("app/main.py usr/lib/x.py opt/tool/y.py proc/z.py etc/conf.py srv/api.py boot.py")
    monkeypatch.setitem(folder.SYSTEM, str(image.app), folder.SYSTEM["/"])
    assert image.modules("uvicorn", "app.main:app") == ["app.main", "boot"]
    assert image.modules("uvicorn", "srv.api:app") == ["app.main", "boot", "srv.api"]


def test_several_interpreters(image):
    image.write_all("main.py")
    other = image.root / "other" / "python3"
    other.parent.mkdir()
    other.symlink_to(os.path.realpath(image.bin / "python3"))
    found = image.discover(commands=["python3 main.py", f"{other} main.py"])
    assert found["notes"] == [f"{other} main.py runs {other}, but is judged with {image.bin}/python3"]


# What runs as __main__


def targets(found) -> list[str]:
    return [entry["target"] for entry in found["entrypoints"]]


def test_what_runs_as_main_is_read_for_what_it_imports(image):
    image.write("shop/__init__.py")
    image.write("shop/__main__.py", "import sys\nfrom .cli import main\nfrom not_there import x\nmain()\n")
    image.write("shop/cli.py", "def main(): ...\n")
    found = image.discover("python3", "-m", "shop")
    assert targets(found) == ["shop", "shop.cli:main", "not_there:x"]
    assert ["not_there", None] in found["modules"]


def test_the_main_file_of_a_folder_that_python_runs_is_read(image):
    """It is no part of the package there: the folder itself is on the import path."""
    image.write_all("pkg/__init__.py pkg/jobs.py")
    image.write(
        "pkg/__main__.py",
        "import pathlib, sys\n"
        "sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))\n"
        "from pkg.mian import main\nfrom pkg import jobs\n",
    )
    found = image.discover("python3", str(image.app / "pkg"))
    assert targets(found) == ["pkg.mian:main", "pkg.jobs"]
    assert ["pkg.mian", None] in found["modules"]
    assert not [note for note in found["notes"] if "not understood" in note]


def test_a_script_without_ending_that_needs_nothing_of_the_application_is_understood(image):
    image.write_all("web.py")
    image.script("serve", "import http.server\nhttp.server.test()\n")
    notes = image.discover("serve")["notes"]
    assert "no module of the application is named by the start command: serve" in notes
    assert not [note for note in notes if "not understood" in note]


def test_the_guard_of_a_script_is_read(image):
    image.write(
        "main.py", 'import web\nif __name__ == "__main__":\n    import late\n    from pkg import mod\n'
    )
    image.write_all("web.py late.py pkg/mod.py")
    found = image.discover("python3", "main.py")
    assert targets(found) == ["main", "late", "pkg.mod"]
    main = str(image.app / "main.py")
    assert [one["imported_at"] for one in found["entrypoints"]] == [None, (main, 3), (main, 4)]
    imported_only = "if __name__ != '__main__':\n    import late\nelse:\n    from pkg import mod\n"
    image.write("main.py", imported_only)
    assert targets(image.discover("python3", "main.py")) == ["main", "pkg.mod"]
    image.write("main.py", "import uvicorn\nif DEV:\n    uvicorn.run('dev:app')\nuvicorn.run('web:app')\n")
    assert targets(image.discover("python3", "main.py")) == ["main", "web:app"]


def test_the_functions_that_a_script_calls_are_read(image):
    image.write(
        "main.py",
        "import sys, web\n"
        "def prepare():\n    import late\n"
        "def main():\n    prepare()\n    from pkg import mod\n"
        "    if web.OFF:\n        return\n    import other\n"
        "def unused():\n    import other\n"
        "if __name__ == '__main__':\n"
        "    try:\n        sys.exit(main())\n    except KeyboardInterrupt:\n        unused()\n",
    )
    image.write_all("web.py late.py pkg/mod.py other.py")
    assert targets(image.discover("python3", "main.py")) == ["main", "pkg.mod", "late"]


def test_code_on_the_command_line(image):
    image.write_all("jobs/__init__.py jobs/run.py")
    code = "import sys, json; from jobs import run; run.main(); from jobs.gone import x"
    found = image.discover("python3", "-c", code)
    assert targets(found) == ["jobs.run", "jobs.gone:x"]
    assert found["entrypoints"][0]["start"]["argv"] == ["-c"]
    assert image.discover("python3", "-c", "print(1)")["notes"] == [
        "start command not understood: python3 -c 'print(1)'"
    ]


def test_a_script_whose_name_no_statement_can_write(image):
    image.write_all("my-app.py other.py")
    found = image.discover("python3", "my-app.py")
    assert [name for name, _ in found["modules"]] == ["my-app", "other"]
    assert targets(found) == ["my-app"]


def test_programs_side_by_side_are_entry_points_each(image):
    image.write_all("api/web.py jobs/tasks.py wait.py")
    image.write("supervisord.conf", "[supervisord]\nnodaemon=true\n[include]\nfiles = conf.d/*.conf\n")
    image.write(
        "conf.d/a.conf", "[program:web]\ncommand=uvicorn web:app ; serves\ndirectory=%(here)s/../api\n"
    )
    text = "[program:jobs]\ncommand=celery -A tasks worker\ndirectory={}/jobs\n"
    text += "environment=A=\"1\",B='%(ENV_C)s'\n"
    image.write("conf.d/b.conf", text.format(image.app))
    found = image.discover("supervisord", "-c", f"{image.app}/supervisord.conf", environ={"C": "3"})
    modules = [entry["module"] for entry in found["entrypoints"]]
    assert set(modules) == {"tasks", "web", "celery", "uvicorn"}
    start = found["entrypoints"][modules.index("tasks")]["start"]
    assert start["directory"] == f"{image.app}/jobs"
    assert start["environ"] == {"A": "1", "B": "3"}
    assert set(found["import_path"]) == {f"{image.app}/api", f"{image.app}/jobs"}


# What else is the application, and what is not


def test_leftovers_of_a_build(image):
    image.write_all("main.py build/lib/shop/x.py build/bdist.linux-x86_64/y.py shop.egg-info/z.py")
    image.write_all("shop/x.py shop/build/lib/w.py tools/build/lib/v.py tools/pyproject.toml")
    assert image.modules("python3", "main.py") == ["main", "shop.build.lib.w", "shop.x"]


def test_finders_of_editable_installs_are_no_application(image):
    names = "__editable___shop_1_finder.py _editable_impl_shop.py shop.py shop_editable_loader.py"
    image.install("shop", names, {"url": "file:///src", "dir_info": {"editable": True}})
    assert image.modules() == ["shop"]


EXTENDED = "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n"


def test_a_package_that_is_extended_in_another_root(image):
    other = image.root / "other"
    image.write_all("main.py ext/one.py ext/sub/a.py plain/__init__.py")
    image.write("ext/__init__.py", EXTENDED)
    image.write("ext/sub/__init__.py", EXTENDED)
    image.write_all("ext/__init__.py ext/three.py ext/sub/b.py plain/__init__.py plain/hidden.py", other)
    found = image.discover("python3", "main.py", environ={"PYTHONPATH": str(other)})
    assert [name for name, _ in found["modules"]] == [
        "ext",
        "ext.one",
        "ext.sub",
        "ext.sub.a",
        "ext.sub.b",
        "ext.three",
        "main",
        "plain",
    ]
    assert image.modules("python3", "-m", "ext.three", environ={"PYTHONPATH": str(other)})


def test_migrations_are_imported_by_name_where_django_is_set_up(image):
    image.write_all(
        "main.py shop/migrations/__init__.py shop/migrations/0001_initial.py shop/migrations/_x.1.py"
    )
    assert image.modules("python3", "main.py") == ["main", "shop.migrations"]
    image.install("Django", "django/__init__.py")
    environ = {"DJANGO_SETTINGS_MODULE": "main"}
    assert image.modules("python3", "main.py", environ=environ) == [
        "main",
        "shop.migrations",
        "shop.migrations.0001_initial",
    ]


def test_streamlits_pages_are_imported_whatever_their_names_are(image):
    image.write_all("web/Home.py web/pages/1_Trends.py web/pages/2_📈_Sales.py web/pages/about.py web/2_x.py")
    image.install("streamlit", "streamlit/__init__.py")
    found = image.discover("streamlit", "run", "web/Home.py")
    names = [name for name, _ in found["modules"]]
    assert names == ["Home", "pages.1_Trends", "pages.2_📈_Sales", "pages.about"]
    assert [name for name, *_ in found["skipped"]] == ["2_x"]


def test_an_app_that_only_shiny_runs(image):
    """It is no module; what it imports is the start command's."""
    image.write("app.py", "from shiny.express import ui\nimport shop.prices\n\nui.page_opts(title='Shop')\n")
    image.write(
        "core/app.py", "from shiny import App, ui  # or shiny.express\napp = App(ui.page_fluid(), None)\n"
    )
    image.write_all("shop/__init__.py shop/prices.py core/__init__.py")
    image.install("shiny", "shiny/__init__.py shiny/express/__init__.py")
    found = image.discover("shiny", "run", "app.py")
    assert ["app", f"{image.app}/app.py", "runs when imported"] in [list(one) for one in found["skipped"]]
    assert "core.app" in [name for name, _ in found["modules"]]
    assert "shop.prices" in [entry["module"] for entry in found["entrypoints"]]


def test_revisions_of_alembic(image):
    """Those in a folder ``alembic`` have no name to import them by: the package of that name hides it."""
    image.write_all("main.py migrations/env.py migrations/script.py.mako migrations/versions/1a_b.py")
    image.write_all(
        "alembic/env.py alembic/script.py.mako alembic/versions/2c_d.py alembic/versions/old.1.py"
    )
    assert image.modules("python3", "main.py")[-1] == "migrations.versions.1a_b"
    image.install("alembic", "alembic/__init__.py")
    found = image.discover("python3", "main.py")
    path = f"{image.app}/alembic/versions/2c_d.py"
    assert found["by_path"] == {"alembic/versions/2c_d": path}
    assert ["alembic/versions/2c_d", path] in found["modules"]


def test_packages_narrow_what_is_reported_and_not_what_is_the_applications(image):
    image.write_all("main.py a/__init__.py a/x.py b/__init__.py")
    found = image.discover("python3", "main.py", packages=["a"])
    assert [name for name, _ in found["modules"]] == ["a", "a.x"]
    assert [(name, reason) for name, _, reason in found["skipped"]] == [
        ("b", "not in the packages asked for"),
        ("main", "not in the packages asked for"),
    ]


# What the application adds to its import path

MAIN = "import os, sys\nHERE = os.path.dirname(os.path.abspath(__file__))\nif HERE not in sys.path:\n"


def test_a_file_is_judged_under_the_name_that_production_imports(image):
    image.write("backend/main.py", MAIN + "    sys.path.insert(0, HERE)\nimport api.agents\napp = 1\n")
    image.write_all("backend/__init__.py backend/api/__init__.py backend/api/agents.py backend/api/unused.py")
    found = image.discover("uvicorn", "backend.main:app")
    assert found["import_path"] == [f"{image.app}/backend", str(image.app)]
    assert found["entrypoints"][0]["start"]["import_path"] == [str(image.app)], "it changes its path itself"
    names = [name for name, path in found["modules"] if path]
    assert names == ["api", "api.agents", "api.unused", "backend", "backend.main"]
    assert "api, which could be imported as backend.api too" in found["notes"][-1]


def test_what_is_added_at_the_end_comes_after_what_is_installed(image):
    image.write("boot.py", "import sys\nsys.path.append('lib')\n")
    image.write_all("main.py lib/helper.py lib/third.py")
    image.write("main.py", "import boot\nif __name__ == '__main__':\n    import helper\n")
    image.install("third", "third.py")
    found = image.discover("python3", "main.py")
    assert found["appended_path"] == [f"{image.app}/lib"]
    assert [name for name, _ in found["modules"]] == ["boot", "helper", "main"]
    starts = {entry["module"]: entry["start"]["import_path"] for entry in found["entrypoints"]}
    assert starts == {"main": [str(image.app)], "helper": [str(image.app), f"{image.app}/lib"]}


def test_what_alembic_runs(image):
    image.write("alembic.ini", "[alembic]\nscript_location = %(here)s/db\nprepend_sys_path = .\n")
    image.write(
        "db/env.py",
        "import sys\nsys.path.append('lib')\nfrom alembic import context\nimport models, helper\n",
    )
    image.write_all("models.py main.py lib/helper.py")
    image.install("alembic", "alembic/__init__.py alembic/config.py")
    found = image.discover("sh", "-c", "alembic upgrade head && exec uvicorn main:app")
    assert targets(found) == ["main:app", "uvicorn", "alembic:context", "models"]
    start = found["entrypoints"][3]["start"]
    assert start["import_path"] == [str(image.app), f"{image.app}/lib"]
    assert found["import_path"] == [str(image.app)], "what runs before does not widen the path"


def test_scripts_that_go_to_their_own_folder(image):
    image.write_all("src/main.py")
    for line in (
        'cd "$(dirname "$0")/../src"',
        'DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)\ncd "$DIR/src"',
    ):
        image.write("bin/start.sh", f"#!/bin/sh\n{line}\nexec python3 main.py\n").chmod(0o755)
        found = image.discover(f"{image.app}/bin/start.sh", workdir=str(image.root))
        assert found["directory"] == f"{image.app}/src"
        assert [name for name, _ in found["modules"]] == ["main"]


def archive(path: Path, files: dict[str, str]) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)


INFO = "shop-1.dist-info/RECORD"
SHOP = {"shop/__init__.py": "", "shop/cli.py": "", INFO: "shop/__init__.py,,\nshop/cli.py,,\n"}
THIRD = {"third.py": "", "third-1.dist-info/RECORD": "third.py,,\n"}


@pytest.mark.parametrize("kind", ["shiv", "pex", "zipapp"])
def test_applications_in_one_file(image, monkeypatch, kind):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(image.root))
    files = {
        "shiv": {
            "environment.json": '{"entry_point": "shop.cli:main"}',
            **{f"site-packages/{name}": text for name, text in {**SHOP, **THIRD}.items()},
        },
        "pex": {
            "PEX-INFO": '{"entry_point": "shop.cli:main"}',
            **{f".deps/shop.whl/{name}": text for name, text in SHOP.items()},
            **{f".deps/third.whl/{name}": text for name, text in THIRD.items()},
        },
        "zipapp": {
            "__main__.py": "from shop.cli import main\nmain()\n",
            "shop/__init__.py": "",
            "shop/cli.py": "",
        },
    }
    archive(image.app / "app.pyz", files[kind])
    found = image.discover("python3", "app.pyz")
    assert found["error"] is None
    assert [name for name, _ in found["modules"]] == ["shop", "shop.cli"]
    assert targets(found) == ["shop.cli:main"]
    assert "was unpacked to" in found["notes"][0]
    folder = found["entrypoints"][0]["start"]["import_path"][0]
    assert folder.startswith(f"{image.root}/app.pyz.unpacked")
    (image.app / "app.pyz").write_bytes(b"PK\3\4 and no more")
    assert "could not be unpacked" in image.discover("python3", "app.pyz")["notes"][0]


def test_a_script_that_no_import_finds(image):
    """Its imports are judged, and a call of what it imports does not make it a console script."""
    text = "import json\nfrom cogs.a import A\nrun(A(1))\n"
    path = image.write("shop", text, folder=image.root / "elsewhere")
    found = image.discover("python3", str(path))
    assert (found["error"], found["notes"]) == (None, [])
    assert found["modules"] == [["cogs.a", None]]
    assert [entry["target"] for entry in found["entrypoints"]] == ["cogs.a:A"]


def test_a_command_that_changes_its_path_has_its_own_setup_unless_one_is_named(image):
    image.write_all("lib/helper.py")
    (image.app / "main.py").write_text("import sys\nsys.path.insert(0, 'lib')\n")
    for request, by_itself in (({}, True), ({"setup": "helper:prepare"}, False)):
        (entry,) = image.discover("python3", "main.py", **request)["entrypoints"]
        assert entry["start"]["own_setup"] is by_itself


ROLES = 'if [ "$ROLE" = cron ]; then exec python3 -m pkg.cron; else exec python3 -m pkg.jobs; fi'


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("python3 -m pkg.migrate && exec python3 -m pkg.jobs", ["pkg.migrate"]),
        ("python3 -m migrate; exec python3 -m pkg.jobs", ["migrate"]),
        ("python3 -m migrate || true; exec python3 -m pkg.jobs", []),
        (ROLES, ["pkg.cron"]),
        (ROLES.replace("pkg.cron", "cron"), []),
        ('if [ "$MODE" = a ]; then python3 -m cron; else python3 -m pkg.jobs; fi', ["cron"]),
    ],
)
def test_what_a_step_of_the_start_loads_and_lacks(image, text, absent):
    image.write_all("pkg/__init__.py pkg/jobs.py")
    found = image.discover("sh", "-c", text, environ={"MODE": "a"})
    assert [name for name, path in found["modules"] if path is None] == absent
    assert {entry["module"] for entry in found["entrypoints"]} == {"pkg.jobs", *absent}


def test_a_script_in_safe_path_mode_is_judged_by_its_file(image):
    image.write("app.py", "import json\n")
    found = image.discover("python3", "-I", "app.py")
    assert found["by_path"] == {"app": f"{image.app}/app.py"}
    assert found["modules"] == [["app", f"{image.app}/app.py"]]


def test_a_script_in_a_folder_called_bin(image):
    image.write_all("bin/serve.py bin/shop/__init__.py")
    found = image.discover("python3", "bin/serve.py")
    assert found["import_path"] == [f"{image.app}/bin"]
    assert [name for name, _ in found["modules"]] == ["serve", "shop"]


def test_the_main_of_an_installed_package_is_read(image):
    image.write_all("other.py")
    image.install("shop", "shop/__init__.py shop/__main__.py shop/service.py")
    image.write(image.site / "shop/__main__.py", "import nowhere\nfrom shop.service import x\n")
    found = image.discover("python3", "-m", "shop")
    assert [entry["target"] for entry in found["entrypoints"]] == ["shop", "nowhere", "shop.service:x"]


@pytest.mark.parametrize(("named", "absent"), [("shop.main:app", ["shop.main"]), ("other.main:app", [])])
def test_a_string_that_a_server_is_given_names_a_part_of_the_application(image, named, absent):
    image.write_all("shop/__init__.py")
    image.write("shop/__main__.py", f"import uvicorn\ndef main():\n    uvicorn.run('{named}')\nmain()\n")
    found = image.discover("python3", "-m", "shop")
    assert [name for name, path in found["modules"] if path is None] == sorted([*absent, "uvicorn"])


def test_a_script_among_the_systems_programs_is_judged_by_its_file(image):
    image.write_all("shop.py")
    path = image.bin / "serve.py"
    path.write_text("import shop\n")
    found = image.discover("python3", str(path))
    assert found["by_path"] == {"serve": str(path)}


def test_the_environment_files_of_flask_count_where_dotenv_is_installed(image):
    """Without python-dotenv flask reads none of them, and says so."""
    image.write_all("web.py")
    image.write(".env", "TITLE=secret\n")
    image.script("flask", "from flask.cli import main\nmain()\n")
    image.install("flask", "flask/__init__.py flask/cli.py")
    command = ("flask", "--app", "web", "run")
    assert image.discover(*command)["environ"] == {}
    image.install("python_dotenv", "dotenv/__init__.py")
    found = image.discover(*command)
    assert found["environ"] == {"TITLE": "secret"}
    assert "secret" not in repr([found["notes"], found["details"]])


def test_a_configuration_that_is_missing_explains_that_nothing_is_found(image):
    image.install("gunicorn", "gunicorn/__init__.py gunicorn/app/__init__.py gunicorn/app/wsgiapp.py")
    image.script("gunicorn", "import sys\nfrom gunicorn.app.wsgiapp import run\nsys.exit(run())\n")
    found = image.discover("gunicorn", "-c", "settings/live.py")
    assert (found["problem"]["why"], found["error"]) == ("no-configuration", None)
