"""The other Pythons of an image, told from the layout of their folders."""

from __future__ import annotations

from pathlib import Path

from importguard.probe.surroundings.pythons import broken_link_of, other_pythons, owner_of, version_of


def prefix(top: Path, version: str = "3.12", folder: str = "site-packages") -> tuple[str, str]:
    """A prefix with an interpreter and a folder of packages; gives both."""
    site = top / "lib" / f"python{version}" / folder
    site.mkdir(parents=True)
    python = top / "bin" / f"python{version}"
    python.parent.mkdir(exist_ok=True)
    python.write_text("")
    python.chmod(0o755)
    (top / "bin" / "python3").symlink_to(python.name)
    return str(python), str(site)


def environment(top: Path, base: str) -> tuple[str, str]:
    """A virtual environment of the interpreter ``base``."""
    site = top / "lib" / "python3.12" / "site-packages"
    site.mkdir(parents=True)
    (top / "bin").mkdir()
    (top / "bin" / "python3").symlink_to(base)
    (top / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.4\n")
    return str(top / "bin" / "python3"), str(site)


NOWHERE = {"PATH": "/nowhere"}


def test_the_interpreter_of_a_site(tmp_path: Path) -> None:
    python, site = prefix(tmp_path / "opt")
    assert owner_of(site) == python
    assert version_of(python, site) == "3.12"


def test_a_site_without_an_interpreter(tmp_path: Path) -> None:
    assert owner_of(str(tmp_path / "lib" / "python3.12" / "site-packages")) is None


def test_an_interpreter_of_another_version_is_not_the_owner(tmp_path: Path) -> None:
    _, site = prefix(tmp_path)
    other = site.replace("python3.12", "python3.9")
    Path(other).mkdir(parents=True)
    assert owner_of(other) is None


def test_others_but_not_the_application_s_own(tmp_path: Path) -> None:
    own, own_site = prefix(tmp_path / "own")
    base, base_site = prefix(tmp_path / "base")
    venv, venv_site = environment(tmp_path / "venv", own)
    found = other_pythons([own_site, base_site, venv_site], [own_site], own, NOWHERE)
    told = {one.executable: (one.version, one.sites) for one in found if "/usr" not in one.executable}
    assert told == {base: ("3.12", [base_site]), venv: ("3.12.4", [venv_site])}


def test_the_base_of_the_application_s_environment_is_another(tmp_path: Path) -> None:
    base, base_site = prefix(tmp_path / "base")
    venv, venv_site = environment(tmp_path / "venv", base)
    found = other_pythons([base_site, venv_site], [venv_site], venv, NOWHERE)
    assert [one.executable for one in found if "/usr" not in one.executable] == [base]


def test_those_in_path_without_packages(tmp_path: Path) -> None:
    own, own_site = prefix(tmp_path / "own")
    prefix(tmp_path / "more", "3.11")
    environ = {"PATH": f"{tmp_path}/own/bin:{tmp_path}/more/bin:relative"}
    found = other_pythons([], [own_site], own, environ)
    told = [(one.executable, one.version) for one in found if str(tmp_path) in one.executable]
    assert told == [(f"{tmp_path}/more/bin/python3", "3.11")]


def test_an_environment_whose_python_is_not_there(tmp_path: Path) -> None:
    site = tmp_path / "venv" / "lib" / "python3.13" / "site-packages"
    site.mkdir(parents=True)
    (tmp_path / "venv" / "bin").mkdir()
    assert broken_link_of(str(site)) is None
    link = tmp_path / "venv" / "bin" / "python3"
    link.symlink_to(tmp_path / "gone" / "python3.13")
    assert broken_link_of(str(site)) == [str(link), str(tmp_path / "gone" / "python3.13")]
