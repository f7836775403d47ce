"""What the image itself tells: its Python, its libraries, its files."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.builders import Frame, failed, frame, raised
from unit.diagnosis.world import (
    FILES,
    SYSTEM,
    clues,
    dockerfile_of,
    in_image,
    lacking,
    observed,
    on_disk,
    only,
    pip,
    raising,
    resolves,
    source,
    where,
)

from importguard.checks import run_checks
from importguard.diagnosis.causes import diagnose_findings
from importguard.diagnosis.tables.removed_stdlib import REMOVED
from importguard.diagnosis.tables.shared_libraries import PACKAGES
from importguard.evidence.surroundings import BrokenFile, Extension, System, UnreadableFile
from importguard.source.dockerfile_model import Copy, Install, Stage

ALPINE = System("alpine", "3.20", "", "musl", "1.2.5", "x86_64")
GL = "libGL.so.1: cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("distutils.util", "install setuptools"),
        ("imp", "use importlib"),
        ("cgi", "install legacy-cgi"),
        ("asyncore", "install pyasyncore"),
        ("urllib2", "use urllib.request"),
        ("nis", "use a Python up to 3.12"),
    ],
)
def test_stdlib_removed(module: str, words: str) -> None:
    found = only(lacking(module, line=5), source())
    assert where(found) == ("stdlib-removed", ("shop/main.py", 5))
    assert words in found.remedy
    assert "3.13.5" in found.explanation


def test_a_python_that_still_has_it_lacks_it_for_another_reason() -> None:
    old = lacking("cgi", clues=clues(stdlib=("cgi",)), version="3.12.1")
    assert only(old, source()).cause == "stdlib-not-built"
    debian = lacking(
        "distutils", version="3.11.2", executable="/usr/bin/python3", clues=clues(stdlib=("distutils",))
    )
    found = only(debian)
    assert found.cause == "stdlib-not-built"
    assert "python3-distutils" in found.remedy


def test_the_applications_own_module_of_that_name_is_not_the_standard_librarys() -> None:
    tree = source("imp.py", ignored={"imp.py": (2, "imp.py", "!imp.py")})
    assert where(only(lacking("imp"), tree)) == ("ignored", (".dockerignore", 2))
    assert only(lacking("shop.imp"), source()).cause == "not-in-source"


def test_every_removal_says_what_to_do() -> None:
    for name in REMOVED:
        assert only(lacking(name), source()).remedy, name


@pytest.mark.parametrize(
    ("module", "executable", "system", "words"),
    [
        ("_tkinter", "/usr/bin/python3", SYSTEM, "Debian's python3-tk"),
        ("email", "/usr/bin/python3", SYSTEM, "libpython3-stdlib"),
        ("tkinter", "/usr/bin/python3", ALPINE, "Alpine's python3-tkinter"),
        ("_sqlite3", "/usr/local/bin/python3", SYSTEM, "libsqlite3-dev"),
        ("winreg", "/usr/local/bin/python3", SYSTEM, "sys.platform"),
    ],
)
def test_stdlib_not_built(module: str, executable: str, system: System, words: str) -> None:
    found = only(lacking(module, executable=executable, clues=clues(system=system)))
    assert found.cause == "stdlib-not-built"
    assert words in found.remedy


def test_stdlib_not_built_names_the_line_that_brings_the_python() -> None:
    apt = Install(3, 0, "apt", "apt-get install python3-minimal", packages=("python3-minimal",))
    seen = lacking("email", executable="/usr/bin/python3")
    assert where(only(seen, source(dockerfile=dockerfile_of(installs=[apt])))) == (
        "stdlib-not-built",
        ("Dockerfile", 3),
    )
    assert where(only(seen, source())) == ("stdlib-not-built", ("Dockerfile", 1))


def test_a_name_that_the_standard_library_no_longer_has() -> None:
    message = "cannot import name 'Mapping' from 'collections' (/x/collections/__init__.py)"
    found = only(raising("ImportError", message, name="collections"))
    assert found.cause == "missing-name"
    assert "collections.abc.Mapping" in found.remedy
    found = only(raising("AttributeError", "module 'inspect' has no attribute 'getargspec'"))
    assert "inspect.getfullargspec" in found.remedy


def extension(**changes):
    return replace(Extension("cv2.cv2", "/site/cv2/cv2.abi3.so", "abi3"), **changes)


def test_missing_shared_library_names_the_packages_and_what_fails_next() -> None:
    ext = extension(not_found=("libGL.so.1", "libgthread-2.0.so.0"))
    apt = Install(5, 0, "apt", "apt-get install curl", packages=("curl",))
    seen = raising("ImportError", GL, clues=clues(extensions=(ext,)))
    found = only(seen, source(dockerfile=dockerfile_of(installs=[pip(), apt])))
    assert where(found) == ("missing-shared-library", ("Dockerfile", 5))
    assert "libgl1 libglib2.0-0" in found.remedy
    assert "mesa-gl glib" in found.remedy
    assert "libgthread-2.0.so.0, which would fail next" in found.explanation
    assert "apt-get install -y --no-install-recommends libgl1 libglib2.0-0" in (found.change or "")
    assert where(only(seen, source())) == ("missing-shared-library", ("Dockerfile", 1))


def test_missing_shared_library_on_alpine_and_one_of_no_table() -> None:
    message = "Error loading shared library libpq.so.5: No such file or directory (needed by /site/x.so)"
    found = only(raising("ImportError", message, clues=clues(system=ALPINE)))
    assert found.change == "RUN apk add --no-cache libpq"
    strange = only(raising("ImportError", GL.replace("libGL.so.1", "libfoo.so.9")))
    assert (strange.cause, strange.change) == ("missing-shared-library", None)
    assert "apt-file search" in strange.remedy


def test_library_table_is_whole() -> None:
    assert len(PACKAGES) > 80
    assert all(".so" in name and debian and alpine for name, (debian, alpine) in PACKAGES.items())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"python": "3.11"}, "is for Python 3.11; the image is Python 3.13.5"),
        ({"machine": "aarch64"}, "is for aarch64; the image is x86_64"),
        ({"libc": "musl"}, "is for musl; the image is glibc"),
        ({"symbols": ("GLIBC_2.99",)}, "a system with GLIBC_2.99; the image is glibc 2.41"),
    ],
)
def test_abi_mismatch(changes, words: str) -> None:
    seen = lacking("cv2.cv2", clues=clues(extensions=(extension(**changes),)))
    copy = Copy(4, 0, "COPY --from=x /site /site", ("/site",), "/site", from_image="x")
    found = only(seen, source(dockerfile=dockerfile_of([copy])))
    assert where(found) == ("abi-mismatch", ("Dockerfile", 4))
    assert words in found.explanation


def test_abi_mismatch_of_a_library_that_only_musl_has() -> None:
    message = GL.replace("libGL.so.1", "libc.musl-x86_64.so.1")
    ext = extension(not_found=("libc.musl-x86_64.so.1",))
    assert only(raising("ImportError", message, clues=clues(extensions=(ext,)))).cause == "abi-mismatch"


def test_an_extension_that_fits_is_no_mismatch() -> None:
    fits = extension(python="3.13", machine="x86_64", libc="glibc", not_found=("libGL.so.1",))
    seen = raising("ImportError", GL, clues=clues(extensions=(fits,)))
    assert only(seen, source()).cause == "missing-shared-library"
    stable = extension(machine="x86_64", libc="glibc")
    assert only(lacking("cv2.cv2", clues=clues(extensions=(stable,)))).cause == "unknown"


def test_words_that_only_a_foreign_file_gets() -> None:
    for message in (
        "/site/x.so: wrong ELF class: ELFCLASS32",
        "/site/x.so: undefined symbol: PyUnicode_AsUTF8",
    ):
        found = only(raising("ImportError", message))
        assert (found.cause, found.confidence) == ("abi-mismatch", "likely")


def unreadable(path: str, kind: str = "file", mode: int = 0o600):
    return clues(unreadable=(UnreadableFile(path, kind, mode, "root", "root"),))


def test_unreadable_file_and_folder() -> None:
    message = "[Errno 13] Permission denied: '/app/shop/util.py'"
    seen = raising("PermissionError", message, clues=unreadable("/app/shop/util.py"))
    found = only(seen, source())
    assert where(found) == ("unreadable", ("Dockerfile", 4))
    for words in ("mode 600", "owner root", "USER app"):
        assert words in found.explanation
    folder = only(lacking("shop.db", clues=unreadable("/app/shop/db", "folder", 0o700)), source())
    assert folder.cause == "unreadable"
    assert "may not enter" in folder.explanation
    with_one_user = replace(seen, privileges_withheld=True)
    assert only(with_one_user, source()).explanation == "The image's USER app may not read /app/shop/util.py."


def test_an_unreadable_file_of_no_concern() -> None:
    other = unreadable("/app/shop/other", "folder", 0o700)
    assert only(lacking("shop.db", clues=other), source()).cause == "not-in-source"
    data = raising("PermissionError", "[Errno 13] Permission denied: '/data/x'", clues=other)
    assert observed_cause(data) is None


def observed_cause(seen):
    (found,) = diagnose_findings(run_checks(seen), seen, source())
    return found.diagnosis and found.diagnosis.cause


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("merge-markers", "<<<<<<< HEAD", "unresolved merge markers: <<<<<<< HEAD"),
        ("git-lfs-pointer", "version https://git-lfs…", "Git LFS pointer"),
        ("nul-bytes", "", "holds NUL bytes"),
    ],
)
def test_broken_file_of_a_syntax_error(kind: str, detail: str, words: str) -> None:
    path = "/app/shop/util.py"
    broken = BrokenFile(path, kind, 9, detail)
    seen = raising(
        "SyntaxError",
        "invalid syntax (util.py, line 9)",
        importer="shop.util",
        frames=[Frame(path, 9, "<module>", "")],
        clues=clues(broken=(broken,)),
    )
    found = only(seen, source())
    assert where(found) == ("broken-file", ("shop/util.py", 9))
    assert words in found.explanation


def test_a_syntax_error_of_a_whole_file_has_no_other_cause() -> None:
    other = BrokenFile("/app/shop/other.py", "merge-markers", 9)
    seen = raising("SyntaxError", "invalid syntax (main.py, line 9)", clues=clues(broken=(other,)))
    assert observed_cause(seen) is None


def test_an_empty_module_is_broken_an_empty_init_is_not() -> None:
    def asking(holder: str, path: str):
        return raising(
            "ImportError",
            f"cannot import name 'x' from '{holder}' ({path})",
            name=holder,
            clues=clues(
                broken=(BrokenFile(path, "empty"),),
                resolutions=(resolves(holder, "module", path),),
                files=in_image(*FILES, digest="other"),
            ),
        )

    assert only(asking("shop.util", "/app/shop/util.py"), source()).cause == "broken-file"
    empty = replace(source(), files=tuple(replace(one, size=0) for one in on_disk(*FILES)))
    assert only(asking("shop", "/app/shop/__init__.py"), empty).cause != "broken-file"
    # The source has more in it.
    found = only(asking("shop", "/app/shop/__init__.py"), source())
    assert where(found) == ("broken-file", ("shop/__init__.py", None))
    assert "build the image anew" in found.remedy


def test_a_truncated_extension() -> None:
    path = "/app/shop/fast.abi3.so"
    seen = raising(
        "ImportError", f"{path}: file too short", clues=clues(broken=(BrokenFile(path, "truncated"),))
    )
    assert only(seen, source()).cause == "broken-file"
    library = only(raising("ImportError", "/usr/lib/libx.so.3: file too short"))
    assert library.cause == "broken-file"
    assert "/usr/lib/libx.so.3 ends in the middle" in library.explanation


def test_an_environment_variable_keeps_its_cause() -> None:
    last = Frame("/usr/lib/python3.13/os.py", 700, "__getitem__", "os")
    failure = raised(("KeyError", "'DATABASE_URL'", None), frames=[frame("shop.main", 3), last])
    found = only(observed(failed("shop.main", failure)), source())
    assert found.cause == "environment"
    assert "--env DATABASE_URL=" in found.remedy


def test_a_key_error_of_a_dict_is_no_environment_variable() -> None:
    failure = raised(("KeyError", "'DATABASE_URL'", None), frames=[frame("shop.main", 3)])
    assert observed_cause(observed(failed("shop.main", failure))) is None


def test_stages_are_looked_at_for_where_a_python_comes_from() -> None:
    stages = (Stage(0, "base", "debian:13", None, 1, "/app"), Stage(1, None, "base", 0, 5, "/app"))
    seen = lacking("_sqlite3")
    assert where(only(seen, source(dockerfile=dockerfile_of(stages=stages)))) == (
        "stdlib-not-built",
        ("Dockerfile", 1),
    )
