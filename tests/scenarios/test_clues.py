"""What is gathered from real images around what failed: one kind of clue after the other."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from scenarios.applications import distribution, under
from scenarios.support import SITE, build
from unit.probe.surroundings.elf_files import AARCH64, elf

from importguard.config import Config
from importguard.engines.docker.engine import DockerEngine
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Clues
from importguard.inspectors.run import inspect_by_running
from importguard.progress import QuietProgress

APP = {
    "app/__init__.py": "",
    "app/main.py": "from app.services import billing\n",
    "app/services/__init__.py": "",
    "app/elsewhere.py": "import copied_elsewhere\n",
    "app/installed.py": "import other_python\n",
    "app/cased.py": "from app import helpers\nimport app.helpers\n",
    "app/Helpers.py": "",
    "app/named.py": "from app.models import Basket\n",
    "app/models.py": "class Bag:\n    pass\n",
    "app/older.py": "class Basket:\n    pass\n",
    "app/shadowed.py": "from colorsys import rgb_to_hsv\n",
    "colorsys.py": "",
    "app/merged.py": "<<<<<<< HEAD\nA = 1\n=======\nA = 2\n>>>>>>> main\n",
    "app/vision.py": "import camera\n",
    "app/tagged.py": "import numerical.core\n",
    "app/foreign.py": "import foreign\n",
    "crlf.py": b"A = 1\r\n",
}
DOCKERFILE = f"""FROM base
RUN mkdir -p /data/lib /opt/other/bin /opt/other/lib/python3.9/site-packages/other_python \\
 && touch /data/lib/copied_elsewhere.py /opt/other/lib/python3.9/site-packages/other_python/__init__.py \\
 && touch /opt/other/bin/python3.9 && chmod +x /opt/other/bin/python3.9
COPY site /tmp/site
RUN cp -r /tmp/site/. {SITE}/ && rm -r /tmp/site
COPY srv /srv
VOLUME /data
ENV PYTHONPATH=/srv/none SECRET=hunter2
WORKDIR /srv
CMD ["python3", "-m", "app.main"]
"""


def observed(image: str, config: Config) -> Evidence:
    engine = DockerEngine()
    try:
        return inspect_by_running(engine, engine.image(image, pull="never"), config, QuietProgress())
    finally:
        engine.close()


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """An image with a failure of each kind."""
    folder = tmp_path_factory.mktemp("libraries")
    libraries = {
        "camera.abi3.so": elf(folder / "a", "libcamera-lost.so.1", "libc.so.6"),
        "numerical/__init__.py": "",
        "numerical/core.cpython-37m-x86_64-linux-gnu.so": elf(folder / "b"),
        "foreign.abi3.so": elf(folder / "c", machine=AARCH64),
    }
    wheel = distribution("wheel_of_tests", {"wheel_of_tests.py": ""}, {"direct_url.json": "{}"})
    image = build("clues", DOCKERFILE, {**under("srv", APP), **under("site", {**libraries, **wheel})})
    return observed(image, Config(images=(image,)))


@pytest.fixture(scope="module")
def clues(evidence: Evidence) -> Clues:
    assert evidence.clues is not None
    assert evidence.clues.notes == ()
    return evidence.clues


def test_the_system_and_the_environment_of_markers(evidence: Evidence, clues: Clues) -> None:
    assert clues.system.distribution
    assert clues.system.libc in ("glibc", "musl")
    assert clues.system.libc_version[0].isdigit()
    assert (clues.system.uid, clues.system.user) == (0, "root")
    assert clues.markers["python_full_version"] == evidence.version
    assert clues.markers["sys_platform"] == "linux"
    assert clues.sys_path[0] == "/srv"
    assert "colorsys" in clues.stdlib or evidence.version < "3.10"


def test_facts_of_the_image(evidence: Evidence) -> None:
    facts = evidence.image
    assert facts.created.startswith("20")
    assert facts.workdir == "/srv"
    assert facts.volumes == ("/data",)
    assert {"PYTHONPATH", "SECRET"} <= set(facts.environment)
    assert facts.python_path == "/srv/none"


def test_files_with_digests(clues: Clues) -> None:
    files = {one.path: one for one in clues.files}
    assert {f"/srv/{name}" for name in APP} <= set(files)
    crlf = files["/srv/crlf.py"]
    assert crlf.text_digest == hashlib.sha256(b"A = 1\n").hexdigest()


def test_distributions(clues: Clues) -> None:
    (one,) = [one for one in clues.distributions if one.name == "wheel_of_tests"]
    assert (one.version, one.provides) == ("1.0", ("wheel_of_tests",))


def test_candidates_and_other_interpreters(clues: Clues) -> None:
    told = {
        one.module: (one.path, one.root, one.site, one.interpreter, one.exact) for one in clues.candidates
    }
    other = "/opt/other/lib/python3.9/site-packages"
    assert told["copied_elsewhere"] == ("/data/lib/copied_elsewhere.py", "/data/lib", False, None, True)
    assert told["other_python"] == (f"{other}/other_python", other, True, "/opt/other/bin/python3.9", True)
    assert told["app.helpers"] == ("/srv/app/Helpers.py", "/srv", False, None, False)
    (python,) = [one for one in clues.interpreters if one.executable.startswith("/opt/other")]
    assert (python.version, python.sites) == ("3.9", (other,))


def test_resolutions(clues: Clues) -> None:
    shadow, billing = clues.resolution_of("colorsys"), clues.resolution_of("app.services.billing")
    assert shadow is not None
    assert shadow.path == "/srv/colorsys.py"
    assert [Path(path).name for path in shadow.hidden] == ["colorsys.py"]
    assert billing is None or billing.kind == "absent"
    services = clues.resolution_of("app.services")
    assert services is not None
    assert (services.kind, services.path) == ("package", "/srv/app/services/__init__.py")
    assert {"Helpers", "models", "services"} <= set(services.siblings)


def test_names(clues: Clues) -> None:
    (models,) = [one for one in clues.names if one.module == "app.models"]
    assert (models.path, models.names, models.everything) == ("/srv/app/models.py", ("Bag",), True)
    assert models.elsewhere == ("app.older.Basket",)


def test_extensions(evidence: Evidence, clues: Clues) -> None:
    (vision,) = [one.failure for one in evidence.modules if one.name == "app.vision"]
    assert vision is not None
    assert vision.message.startswith("libcamera-lost.so.1: cannot open shared object file")
    told = {one.module: one for one in clues.extensions}
    assert told["camera"].not_found == ("libcamera-lost.so.1",)
    assert (told["numerical.core"].python, told["numerical.core"].machine) == ("3.7", "x86_64")
    assert told["foreign"].machine == "aarch64"


def test_broken_files(clues: Clues) -> None:
    told = {one.path: (one.kind, one.line) for one in clues.broken}
    assert told["/srv/app/merged.py"] == ("merge-markers", 1)
    assert clues.unreadable == ()


def test_a_user_who_may_not_read_and_a_standard_library_with_a_gap() -> None:
    """Files and folders that belong to root alone; the probe itself lacks what was taken away."""
    files = {
        "app/__init__.py": "",
        "app/closed/__init__.py": "",
        "app/secret.py": "",
        "app/main.py": "import app.closed\n",
        "app/hashes.py": "import hashlib\n",
    }
    image = build(
        "clues-unreadable",
        "FROM base\nCOPY srv /srv\nRUN chmod 700 /srv/app/closed && chmod 600 /srv/app/secret.py\n"
        "RUN rm $(python3 -c 'import hashlib; print(hashlib.__file__)')\nWORKDIR /srv\nUSER 1234\n",
        under("srv", files),
    )
    clues = observed(image, Config(images=(image,))).clues
    assert clues is not None
    told = {(one.path, one.kind, one.mode, one.owner) for one in clues.unreadable}
    assert told == {
        ("/srv/app/closed", "folder", 0o700, "root"),
        ("/srv/app/secret.py", "file", 0o600, "root"),
    }
    assert clues.system.uid == 1234
    gap = clues.resolution_of("hashlib")
    assert gap is not None
    assert gap.kind == "absent"
    assert {one.text_digest for one in clues.files} == {None}


def test_nothing_is_gathered_of_a_sound_image_but_for_its_source() -> None:
    image = build("clues-sound", "FROM base\nCOPY srv /srv\nWORKDIR /srv\n", {"srv/main.py": ""})
    assert observed(image, Config(images=(image,))).clues is None
    clues = observed(image, Config(images=(image,), source=".")).clues
    assert clues is not None
    assert [one.path for one in clues.files] == ["/srv/main.py"]
    assert (clues.candidates, clues.resolutions) == ((), ())


HOSTILE = r"""
import os, site
packages = site.getsitepackages()[0]
os.makedirs(packages, exist_ok=True)
for name in ("fifo-1.dist-info", "big-1.dist-info", "zeros-1.dist-info"):
    os.makedirs(f"{packages}/{name}")
os.mkfifo(f"{packages}/fifo-1.dist-info/METADATA")
metadata = "Name: big\nVersion: 1\n" + "Requires-Dist: x\n" * 99999
open(f"{packages}/big-1.dist-info/METADATA", "w").write(metadata)
open(f"{packages}/big-1.dist-info/RECORD", "w").write("a/b/c/d/e.py,,\n" * 300000)
open(f"{packages}/zeros-1.dist-info/METADATA", "w").write("Name: zeros\n")
os.truncate(os.open(f"{packages}/zeros-1.dist-info/RECORD", os.O_CREAT | os.O_WRONLY), 1 << 26)
open(f"{packages}/library.abi3.so", "wb").write(b"\x7fELF\x02\x01\x01" + b"\xff" * 5000)
os.symlink(packages, f"{packages}/loop")
os.symlink("self.py", "/srv/self.py")
os.symlink("/", "/srv/everything")
for folder in (b"/srv/\xff\xfe", b"/srv/a\n::error::b"):
    os.mkdir(folder)
    open(folder + b"/not_there.py", "w")
open("/etc/os-release", "w").write("ID=" + "x" * 99999 + "\nVERSION_ID=\x1b[31m\n")
open("/etc/ld.so.cache", "wb").write(b"glibc-ld.so.cache1.1" + b"\xff" * 99999)
"""


def test_a_file_system_full_of_traps_costs_neither_verdicts_nor_much_time() -> None:
    files = {
        "app/__init__.py": "",
        "app/main.py": "import not_there\n",
        "app/library.py": "import library\n",
        "app/liar.py": "raise ModuleNotFoundError('No module named q', name='../../etc')\n",
        "app/loud.py": "raise ImportError('/' * 9999 + '.so', name='z.' * 999 + 'z')\n",
    }
    image = build(
        "clues-hostile",
        "FROM base\nCOPY srv /srv\nCOPY traps.py /\nRUN python3 /traps.py\nWORKDIR /srv\n",
        {**under("srv", files), "traps.py": HOSTILE},
    )
    seen = observed(image, Config(images=(image,)))
    assert seen.complete
    assert {one.name for one in seen.modules if one.outcome == "failed"} == {
        "app.main",
        "app.library",
        "app.liar",
        "app.loud",
    }
    clues = seen.clues
    assert clues is not None
    assert not [note for note in clues.notes if "broke off" in note or "could not be" in note]
    assert {"big", "zeros"} <= {one.name for one in clues.distributions}
    assert {one.path for one in clues.candidates} == {
        "/srv/\\xff\\xfe/not_there.py",
        "/srv/a\n::error::b/not_there.py",
    }
    assert [(one.kind, Path(one.path).name) for one in clues.broken] == [("truncated", "library.abi3.so")]
    assert seen.seconds < 30
