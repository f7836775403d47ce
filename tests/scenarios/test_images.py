"""Images of every kind: who runs them, what they lack, and where the application lies in them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from scenarios.applications import APP, assert_judged, distribution, script, under
from scenarios.support import SITE, build, check

IMAGES = Path(__file__).parent.parent / "images"
PLAIN = "FROM base\nCOPY app /srv/app\nWORKDIR /srv\n"


def test_user_without_rights() -> None:
    assert_judged(check(build("user-nobody", f"{PLAIN}USER nobody\n", APP)))


def test_files_of_another_owner_that_only_root_may_read() -> None:
    """Without CAP_DAC_OVERRIDE they would look missing."""
    image = build("foreign-owner", f"{PLAIN}RUN chown -R 1234:1234 /srv && chmod -R u=rwX,go= /srv\n", APP)
    assert_judged(check(image))


def test_files_that_the_user_may_not_read() -> None:
    """What USER cannot read, it cannot import: the verdict is a fresh interpreter's."""
    image = build("unreadable", f"{PLAIN}RUN chmod 600 /srv/app/settings.py\nUSER 1234\n", APP)
    result = check(image)
    assert result.code == 1
    assert result.outcomes(["app.settings", "app.main"]) == {"app.settings": "failed", "app.main": "failed"}


def test_read_only_root() -> None:
    """The probe needs nothing to be writable; importguard itself starts it with a writable root."""
    from importguard.config import Config
    from importguard.engines.docker.engine import DockerEngine
    from importguard.inspectors.run import probe_command, probe_input

    image = build("plain", PLAIN, APP)
    secret = "5" * 32
    argv = probe_command("python3")
    said = probe_input(DockerEngine().image(image, pull="never", platform=None), Config(), secret)
    line = [
        "docker",
        "run",
        "--rm",
        "-i",
        "--read-only",
        "--network",
        "none",
        "--label",
        "importguard-test",
        "--entrypoint",
        argv[0],
        image,
        *argv[1:],
    ]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdin.write(said)
        process.stdin.flush()
        heard = process.stdout.read().decode()
        process.stdin.close()
    frames = [json.loads(row.partition(" ")[2]) for row in heard.splitlines() if row.startswith(secret + " ")]
    verdicts = {frame["name"]: frame["outcome"] for frame in frames if frame["event"] == "module"}
    assert verdicts["app.main"] == "imported"
    assert verdicts["app.broken"] == "failed"
    assert frames[-1]["event"] == "end"


def test_no_temporary_folder() -> None:
    image = build("no-tmp", f"{PLAIN}RUN rm -rf /tmp /var/tmp /usr/tmp\n", APP)
    assert_judged(check(image))


def scratch(extra: str = "", files: dict[str, str] | None = None) -> str:
    """A Dockerfile of an image that holds Python, the application and nothing else."""
    return (
        "FROM base AS python\nCOPY minimal.py /\nRUN python3 /minimal.py /out\n"
        "FROM scratch\nCOPY --from=python /out /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n"
        f"COPY app /srv/app\nWORKDIR /srv\n{extra}"
    )


def test_no_shell() -> None:
    files = {**APP, "minimal.py": (IMAGES / "minimal.py").read_text()}
    image = build("no-shell", scratch("USER 65532\n"), files)
    shell = subprocess.run(
        ["docker", "run", "--rm", image, "/bin/sh", "-c", ":"], capture_output=True, check=False
    )
    assert shell.returncode, "the image has a shell after all"
    assert_judged(check(image))


def test_entrypoint_is_not_run() -> None:
    lines = f'{PLAIN}ENTRYPOINT ["/bin/sh", "-c", "echo started; exit 7"]\nCMD ["--flag"]\n'
    result = check(build("entrypoint", lines, APP))
    assert_judged(result)
    assert "started" not in result.said


def test_no_working_directory() -> None:
    """WORKDIR is / then, and from / one could import ``usr.lib`` or ``etc``: nobody means that."""
    image = build("no-workdir", "FROM base\nCOPY app /srv/app\nENV PYTHONPATH=/srv\n", APP)
    assert_judged(check(image))


def test_working_directory_is_root() -> None:
    image = build("workdir-root", "FROM base\nCOPY app /app\nWORKDIR /\n", APP)
    assert_judged(check(image))


VENV = (
    "FROM base\nRUN python3 -m venv --without-pip /opt/venv\nCOPY inside /inside\n"
    "RUN cp -r /inside/. $(/opt/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/\n"
    "COPY bin /opt/venv/bin\nRUN chmod +x /opt/venv/bin/*\nCOPY app /srv/app\nWORKDIR /srv\n"
)
VENV_FILES = {
    **APP,
    "app/main.py": "import inside_xyz\napp = 1\n",
    "inside/inside_xyz.py": "",
    "bin/serve": script("from app.main import app", "/opt/venv/bin/python3", call="app"),
}


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("path", "ENV PATH=/opt/venv/bin:$PATH\n"),
        ("shebang", 'ENV PYTHONPATH=/srv\nCMD ["/opt/venv/bin/serve"]\n'),
        ("shell", "CMD exec /opt/venv/bin/python -m app.main\n"),
    ],
)
def test_virtual_environment(name: str, ending: str) -> None:
    """The interpreter is the one that the start command runs: only it has the distribution."""
    result = check(build(f"venv-{name}", VENV + ending, VENV_FILES))
    assert result.outcome("app.main") == "imported"
    assert_judged(result)
    assert result.image["interpreter"]["executable"].startswith("/opt/venv/bin/")


def test_virtual_environment_in_the_working_directory() -> None:
    """Its modules are no part of the application, whatever they lack."""
    lines = (
        VENV.replace("/opt/venv", "/srv/.venv")
        + "RUN cp -r /srv/.venv /srv/env\nENV PATH=/srv/.venv/bin:$PATH\n"
    )
    files = {**VENV_FILES, "inside/broken_inside.py": "import not_there_inside\n"}
    assert_judged(check(build("venv-inside", lines, files)))


def test_src_layout() -> None:
    lines = "FROM base\nCOPY src /work/src\nWORKDIR /work\nENV PYTHONPATH=src\n"
    result = check(build("src-layout", lines, under("src", APP)))
    assert_judged(result)
    assert "/work/src" in result.image["import_path"]


def install(tree: dict[str, str], ending: str = "") -> tuple[str, dict[str, str]]:
    """A Dockerfile that lays ``tree`` into the third-party folder, and its build context."""
    lines = f"FROM base\nCOPY site /site\nRUN cp -r /site/. {SITE}/ && rm -rf /site\n{ending}"
    return lines, under("site", tree)


def test_installed_wheel_that_owns_the_entry_point() -> None:
    """``pip install --find-links`` writes no ``direct_url.json``: the start command tells whose it is."""
    tree = distribution("app", APP, {"entry_points.txt": "[console_scripts]\nserve = app.main:app\n"})
    tree.update(distribution("thirdparty", {"thirdparty_xyz.py": "import not_there_third_party\n"}, {}))
    ending = (
        'COPY serve /usr/local/bin/serve\nRUN chmod +x /usr/local/bin/serve\nWORKDIR /empty\nCMD ["serve"]\n'
    )
    lines, files = install(tree, ending)
    files["serve"] = script("from app.main import app", call="app")
    assert_judged(check(build("wheel-entry", lines, files)))


def test_editable_install_by_a_path_file() -> None:
    more = {"direct_url.json": '{"url": "file:///src", "dir_info": {"editable": true}}'}
    tree = distribution("app", {"__editable__.app-1.0.pth": "/src/lib\n"}, more)
    lines, files = install(tree, "COPY lib /src/lib\nWORKDIR /empty\n")
    assert_judged(check(build("editable-pth", lines, {**files, **under("lib", APP)})))


def test_editable_install_by_a_finder() -> None:
    """As setuptools does it for a package that lies elsewhere than its name says."""
    finder = (
        "import sys\nfrom importlib.machinery import PathFinder\nMAPPING = {'app': '/src/lib/app'}\n\n\n"
        "class Finder:\n    @classmethod\n    def find_spec(cls, name, path=None, target=None):\n"
        "        if name in MAPPING:\n            return PathFinder.find_spec(name, ['/src/lib'])\n\n\n"
        "def install():\n    sys.meta_path.append(Finder)\n"
    )
    files = {
        "__editable___app_1_0_finder.py": finder,
        "__editable__.app-1.0.pth": "import __editable___app_1_0_finder; "
        "__editable___app_1_0_finder.install()\n",
    }
    more = {"direct_url.json": '{"url": "file:///src", "dir_info": {"editable": true}}'}
    lines, tree = install(distribution("app", files, more), "COPY lib /src/lib\nWORKDIR /empty\n")
    image = build("editable-finder", lines, {**tree, **under("lib", APP)})
    assert_judged(check(image), extra=("__editable___app_1_0_finder",))


def test_namespace_packages_and_single_modules() -> None:
    files = {
        "space/part/mod.py": "import not_there_xyz\n",
        "space/other.py": "",
        "single.py": "import space.other\n",
        "data/readme.txt": "no Python here\n",
    }
    result = check(build("namespace", "FROM base\nCOPY tree /srv\nWORKDIR /srv\n", under("tree", files)))
    assert result.code == 1
    assert result.outcomes(["space.part.mod", "space.other", "single"]) == {
        "space.part.mod": "failed",
        "space.other": "imported",
        "single": "imported",
    }
    assert not any(entry["name"].startswith("data") for entry in result.image["modules"])


def test_no_python() -> None:
    result = check(
        build("no-python", 'FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n', {"hello": "no program"})
    )
    assert result.code == 4
    said = (result.said).lower()
    assert "python" in said
    assert "/usr/bin" in said, "it must say where it looked"


def test_a_python_that_only_the_start_script_names() -> None:
    """As in the store of Nix and in Bazel's runfiles: it is found by looking at the image's files."""
    moved = (
        "RUN P=$(python3 -c 'import sys; print(sys.base_prefix)') && mkdir -p /store/python/bin "
        "&& mv $(readlink -f $P/bin/python3) /store/python/bin/python3 && ln -s $P/lib /store/python/lib "
        "&& rm -f $P/bin/python3*\n"
    )
    start = {"start": "#!/bin/sh\nexec /store/python/bin/python3 -m app.main\n"}
    lines = f'{PLAIN}COPY --chmod=755 start /start\n{moved}CMD ["/start"]\n'
    result = check(build("python-elsewhere", lines, {**APP, **start}))
    assert_judged(result)
    assert result.image["interpreter"]["executable"] == "/store/python/bin/python3"


LAUNCHER = """#!/bin/sh
export PYTHONPATH=/layers/deps
[ "$1" = -- ] && shift && exec "$@"
exec python3 -m shop.main
"""
BUILDPACKS = """FROM base
COPY --chmod=755 launcher /cnb/lifecycle/launcher
RUN mkdir /cnb/process && ln -s /cnb/lifecycle/launcher /cnb/process/web
COPY layers /layers
COPY shop /workspace/shop
WORKDIR /workspace
LABEL io.buildpacks.build.metadata='{"processes": [{"type": "web", "direct": true, \\
    "command": ["python3", "-m"], "args": ["shop.main"]}]}'
ENTRYPOINT ["/cnb/process/web"]
"""


@pytest.mark.parametrize("library", ["parcel", "other"])
def test_the_launcher_of_buildpacks_sets_the_import_path(library: str) -> None:
    files = {
        "launcher": LAUNCHER,
        f"layers/deps/{library}.py": "",
        "shop/__init__.py": "",
        "shop/main.py": "import parcel\n",
    }
    result = check(build(f"buildpacks-{library}", BUILDPACKS, files))
    if library == "parcel":
        assert (result.code, result.outcomes(["shop.main"])) == (0, {"shop.main": "imported"})
    else:
        assert result.finding("IG101", "parcel")["breaks_startup"] is True


def test_package_that_is_not_there() -> None:
    result = check(build("plain", PLAIN, APP), "-p", "not_an_application")
    assert result.code == 4
    assert "not_an_application" in result.said


def test_image_that_is_not_there() -> None:
    result = check("importguard-test-no-such-image:nowhere")
    assert result.code == 3
    assert "importguard-test-no-such-image" in result.said


def test_several_images() -> None:
    """3 or 4 if any image could not be judged, else 1, else 0."""
    good = build("good", "FROM base\nCOPY good.py /srv/good.py\nWORKDIR /srv\n", {"good.py": ""})
    bad, empty = build("plain", PLAIN, APP), build("nothing", "FROM base\nWORKDIR /empty\n")
    assert check(good).code == 0
    two = check(good, bad)
    assert [two.code, check(good, empty).code, check(bad, empty).code] == [1, 4, 4]
    assert [entry["summary"]["failed"] for entry in two.report["images"]] == [0, 1]


def test_variables_of_the_image_are_seen_and_never_told() -> None:
    secret = "hunter2-do-not-tell"
    source = f"import os\nassert os.environ['TOKEN'] == '{secret}'\nraise ValueError(os.environ['OTHER'])\n"
    image = build(
        "variables",
        f"FROM base\nCOPY app /srv/app\nWORKDIR /srv\nENV TOKEN={secret}\n",
        {**APP, "app/uses.py": source},
    )
    result = check(image, "--env", "OTHER=swordfish-do-not-tell", "-v")
    assert result.finding("IG104", "app.uses")
    for text in (result.out, result.err):
        assert secret not in text.replace(source, "")
        assert "swordfish-do-not-tell" not in text


def test_listening_on_no_network() -> None:
    source = "import socket\nsocket.create_connection(('10.255.255.1', 80), timeout=5)\n"
    image = build("network", "FROM base\nCOPY app /srv/app\nWORKDIR /srv\n", {**APP, "app/calls.py": source})
    result = check(image)
    finding = result.finding("IG104", "app.calls")
    assert finding["severity"] == "warning"
