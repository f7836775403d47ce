"""Every Python: those under ``~/.pyenv/versions`` copied into an image, and Debian's of several releases."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from scenarios.applications import APP, assert_judged
from scenarios.support import PREFIX, build, check, docker

from importguard.config import Config
from importguard.engines.docker.engine import DockerEngine
from importguard.evidence.imports import ImportSite
from importguard.inspectors.run import inspect_by_running
from importguard.progress import QuietProgress

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
LEFT_OUT = (
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
    "__pycache__",
    "site-packages",
)
IN_IMAGE = "/opt/python"
MIRROR = os.environ.get("IMPORTGUARD_TEST_DEBIAN", "http://deb.debian.org/debian")


def newest(version: str) -> Path | None:
    """The newest installation of a minor version, such as ``3.8``."""
    return max(PYENV.glob(f"{version}.*"), key=lambda path: int(path.name.split(".")[2]), default=None)


def interpreter_files(prefix: Path, version: str) -> dict[str, Path]:
    """What an installation needs to run, by its place in the image; without tests and caches."""
    library = prefix / "lib" / f"python{version}"
    files = {f"python/bin/python{version}": prefix / "bin" / f"python{version}"}
    for path in sorted((prefix / "lib").glob("libpython*.so*")):
        files[f"python/lib/{path.name}"] = path
    for path in sorted(library.iterdir()) if library.exists() else []:
        if path.name not in LEFT_OUT and not path.name.startswith("config-"):
            files[f"python/lib/{library.name}/{path.name}"] = path
    return files


@cache  # the build context holds a whole Python
def pyenv_image(version: str) -> str:
    """An image with the application APP and the asked version first in PATH; skips where it is absent."""
    prefix = newest(version)
    if prefix is None:
        pytest.skip(f"no Python {version} under {PYENV}")
    python = f"{IN_IMAGE}/bin/python{version}"
    lines = (
        f"FROM base\nCOPY python {IN_IMAGE}\nENV LD_LIBRARY_PATH={IN_IMAGE}/lib\n"
        f"ENV PATH={IN_IMAGE}/bin:/usr/local/bin:/usr/bin:/bin\n"
        f"RUN ln -s python{version} {IN_IMAGE}/bin/python3 && ln -s python3 {IN_IMAGE}/bin/python\n"
        f'COPY app /srv/app\nWORKDIR /srv\nCMD ["{python}", "-m", "app.main"]\n'
    )
    return build(f"pyenv-{version}", lines, {**interpreter_files(prefix, version), **APP})


def test_this_machine_has_several() -> None:
    """A run that skipped every version would prove nothing of them; a machine without any has Debian's."""
    if not PYENV.is_dir() and not shutil.which("mmdebstrap"):
        pytest.skip(f"neither {PYENV} nor mmdebstrap")
    assert any(newest(f"3.{minor}") for minor in range(7, 16)) or shutil.which("mmdebstrap")


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_pyenv(version: str) -> None:
    """With ``--exact``, tests/probe runs each of them."""
    result = check(pyenv_image(version))
    assert_judged(result)
    assert result.image["interpreter"]["version"].startswith(version + ".")
    assert result.image["interpreter"]["executable"].startswith(IN_IMAGE)


@pytest.mark.parametrize("version", ["3.6", "2.7"])
def test_too_old(version: str) -> None:
    """A clear message, no SyntaxError."""
    result = check(pyenv_image(version))
    said = result.said
    assert result.code == 4
    assert version in said
    assert "3.7" in said, "it must say what is needed"
    assert "SyntaxError" not in said
    assert "Traceback" not in said


SUITES = {
    "bullseye": "python3-minimal,libpython3.9-stdlib",
    "bookworm": "python3-minimal,libpython3.11-stdlib",
    "sid": "base-files,python3.14-minimal,libpython3.14-stdlib,python3.15-minimal,libpython3.15-stdlib",
}


@cache
def debian(suite: str) -> str:
    """An image with nothing but a release's Python and what it depends on: no shell, no package manager.

    Made by mmdebstrap, once; skips where it cannot be.
    """
    reference = f"{PREFIX}debian-{suite}"
    if docker("images", "-q", reference):
        return reference
    if not shutil.which("mmdebstrap") or os.geteuid():
        pytest.skip("mmdebstrap is not installed, or not run as root")
    line = [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=extract",
        f"--include={SUITES[suite]}",
        # A mirror that lags is good enough for a test.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        suite,
        "-",
        MIRROR,
    ]
    made = subprocess.run(line, capture_output=True, check=False, timeout=300)
    if made.returncode:
        pytest.skip(f"mmdebstrap {suite}: {made.stderr.decode(errors='replace').strip()[-300:]}")
    docker("import", "--change", "ENV PATH=/usr/bin", "-", reference, stdin=made.stdout)
    return reference


@pytest.mark.parametrize(("suite", "version"), [("bullseye", "3.9"), ("bookworm", "3.11")])
def test_debian(suite: str, version: str) -> None:
    image = build(f"app-{suite}", "FROM base\nCOPY app /srv/app\nWORKDIR /srv\n", APP, base=debian(suite))
    result = check(image)
    assert_judged(result)
    assert result.image["interpreter"]["version"].startswith(version)


@pytest.mark.parametrize("exact", [False, True], ids=["plan", "exact"])
@pytest.mark.parametrize("version", ["3.14", "3.15"])
def test_new_pythons(version: str, exact: bool) -> None:
    lines = f'FROM base\nCOPY app /srv/app\nWORKDIR /srv\nCMD ["python{version}", "-m", "app.main"]\n'
    result = check(build(f"app-{version}", lines, APP, base=debian("sid")), *(["--exact"] if exact else []))
    assert_judged(result)
    assert result.image["interpreter"]["version"].startswith(version)


@pytest.mark.parametrize("exact", [False, True], ids=["plan", "exact"])
def test_lazy_imports(exact: bool) -> None:
    """PEP 810: a lazy import that cannot be resolved does not fail the module; its first use does."""
    files = {
        "lazily/__init__.py": "",
        "lazily/a_lazy.py": "lazy import not_there_lazy\nlazy from json import dumps\nNAME = 1\n",
        "lazily/b_uses.py": "lazy import not_there_used\nnot_there_used.name\n",
        "lazily/c_eager.py": "import not_there_eager\n",
        "lazily/d_imports.py": "from lazily.a_lazy import NAME, dumps\ndumps(NAME)\n",
        "lazily/e_passes_on.py": "from lazily.a_lazy import not_there_lazy\n",
    }
    lines = 'FROM base\nCOPY lazily /srv/lazily\nWORKDIR /srv\nCMD ["python3.15", "-m", "lazily.a_lazy"]\n'
    image = build("lazy", lines, files, base=debian("sid"))
    asked = [f"lazily.{name}" for name in ("a_lazy", "b_uses", "c_eager", "d_imports", "e_passes_on")]
    truth = {module: fresh(image, "python3.15", module) for module in asked}
    result = check(image, *(["--exact"] if exact else []))
    assert truth["lazily.a_lazy"] == "imported"
    assert result.outcomes(asked) == truth
    assert ("IG101", "not_there_eager") in result.causes
    assert ("IG101", "not_there_used") in result.causes
    assert not any(
        finding["missing"] == "not_there_lazy"
        and finding["reached"]
        and "lazily.a_lazy" in finding["affected"]
        for finding in result.findings
    )
    kept = [
        site for site in sites_of(image, exact) if site.scope == "lazy" and site.module == "lazily.a_lazy"
    ]
    assert [(site.target, site.line, site.resolves) for site in kept] == [("not_there_lazy", 1, False)]


def sites_of(image: str, exact: bool) -> tuple[ImportSite, ...]:
    """The imports that the evidence says do not resolve."""
    engine = DockerEngine()
    with closing(engine):
        config = Config(images=(image,), exact=exact)
        return inspect_by_running(engine, engine.image(image, pull="never"), config, QuietProgress()).sites


@cache
def fresh(image: str, python: str, module: str) -> str:
    """What a fresh interpreter says of a module: imported or failed."""
    line = [
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        python,
        image,
        "-c",
        f"import {module}",
    ]
    return "failed" if subprocess.run(line, capture_output=True, check=False).returncode else "imported"


@pytest.mark.parametrize("version", ["3.8", "3.13"])
def test_syntax_that_this_python_does_not_have(version: str) -> None:
    """What is a syntax error is the image's Python's business, not that of the one that runs importguard."""
    files = {
        "app/__init__.py": "",
        "app/a.py": "match 1:\n    case _:\n        pass\n",
        "app/z.py": "import not_there_xyz\n",
    }
    image = build(
        f"syntax-{version}",
        "FROM base\nRUN rm -rf /srv/app\nCOPY app /srv/app\n",
        files,
        base=pyenv_image(version),
    )
    result = check(image, "--command", "python3 -m app.a")
    assert result.outcome("app.a") == ("failed" if version == "3.8" else "imported")
    assert (("IG105", "app.a") in result.causes) == (version == "3.8")
    if version == "3.8":
        diagnosis = result.finding("IG105")["diagnosis"]
        assert diagnosis["cause"] == "newer-python"
        assert "Python 3.10 is the first with a 'match' statement" in diagnosis["explanation"]
    assert ("IG101", "not_there_xyz") in result.causes
