"""Write importguard/diagnosis/tables/import_names.txt: which distributions provide an import name.

Five tables that others keep are downloaded from PyPI with pip and compared: pigar's (the top-level modules
of nearly every distribution), pyimport2pkg's (those of the 15,000 most downloaded, with the numbers of
downloads), and the hand-kept ones of pipreqs, Pants and grayskull. A fact stays where two of them agree.
Where several distributions provide a name, the most downloaded comes first.

``python scripts/distribution_names.py`` needs pip, PyYAML, and some 100 MB of room in the temporary folder.
"""

from __future__ import annotations

import ast
import re
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name

TARGET = Path(__file__).parents[1] / "importguard" / "diagnosis" / "tables" / "import_names.txt"
TABLES = ("pigar==2.2.0", "pyimport2pkg==1.0.0", "pipreqs==0.5.0", "grayskull==3.2.0")
# Pants has wheels for some Pythons and platforms only; nothing of it runs.
PANTS = ("--python-version", "39", "--platform", "manylinux2014_x86_64", "pantsbuild.pants==2.17.1")
DOWNLOAD = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:")
# What many distributions leave at the top level by mistake.
_STRAYS = (
    "app assets benchmark benchmarks bin build ci cli common config core data demo demos dist doc docs etc "
    "example examples experiments helpers hooks images include lib license main models notebooks package "
    "packages resources sample samples scripts server service settings setup src static temp templates test "
    "testing tests tmp tool tools tutorials types util utils version"
)
STRAYS = frozenset(_STRAYS.split())
MOST, SHARE = 4, 0.02
"""At most so many distributions a name, and none with less than this share of the first one's downloads."""
DISTINCTIVE, WELL_KNOWN, BUNDLE = 8, 500_000, 20
"""A name of at most so many distributions of PyPI is distinctive; a distribution with so many downloads a
month is well known; one with more names than the last carries what others made."""

Facts = set[tuple[str, str]]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for wanted in (TABLES, PANTS):
            subprocess.run([*DOWNLOAD, "-d", folder, *wanted], check=True)
        for wheel in Path(folder).glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(folder)
        tables, downloads = read_tables(Path(folder)), read_downloads(Path(folder))
    lines, own = list(render(tables, downloads)), own_names(tables, downloads)
    packed = [f"= {line}" for line in textwrap.wrap(" ".join(own), 100)]
    TARGET.write_text("\n".join([*HEAD, *lines, *packed]) + "\n", "utf-8")
    print(f"{len(lines)} names, and {len(own)} of distributions that are called so")


HEAD = (
    "# Import name, then the distributions that provide it, the most downloaded first, where they are not",
    "# called so. After '=': import names of well-known distributions that are called so.",
    "# Made by scripts/distribution_names.py: do not edit.",
)


def read_tables(folder: Path) -> list[Facts]:
    """The (module, canonical distribution) pairs of each table."""
    pants = folder / "pants/backend/python/dependency_inference/default_module_mapping.py"
    pants_table = read_literal(pants, "DEFAULT_MODULE_MAPPING")
    grayskull = yaml.safe_load((folder / "grayskull/strategy/config.yaml").read_text("utf-8"))
    pipreqs = (
        line.strip().split(":", 1) for line in (folder / "pipreqs/mapping").read_text("utf-8").splitlines()
    )
    tables = (
        query(folder / "pigar/.db.sqlite3", _PIGAR),
        [*query(folder / "pyimport2pkg/data/mapping.db", _PYIMPORT), *read_hand_kept(folder)],
        [(module, name) for module, name in pipreqs],
        [(module, name) for name, modules in pants_table.items() for module in modules],
        [(entry["import_name"], name) for name, entry in grayskull.items() if "import_name" in entry],
    )
    return [
        {(module, canonicalize_name(name)) for module, name in table if _is_name(module)} for table in tables
    ]


_PIGAR = (
    "SELECT t.name, d.name FROM top_level_module_names t JOIN distributions d ON d.id = t.distribution_id"
)
_PYIMPORT = "SELECT module_name, package_name FROM mappings"


def query(database: Path, statement: str) -> list[tuple[str, str]]:
    """The rows of a statement."""
    with sqlite3.connect(database) as connection:
        return connection.execute(statement).fetchall()


def read_literal(path: Path, name: str) -> Any:
    """The value of a module's constant, without running the module."""
    for node in ast.parse(path.read_text("utf-8")).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return ast.literal_eval(node.value)  # type: ignore[attr-defined]
    raise LookupError(f"{path} has no {name}")


def read_hand_kept(folder: Path) -> Iterator[tuple[str, str]]:
    """pyimport2pkg's own tables: names that differ, and parts of namespace packages."""
    mappings = folder / "pyimport2pkg/mappings"
    for module, names in read_literal(mappings / "hardcoded.py", "CLASSIC_MISMATCHES").items():
        yield from ((module, name) for name in names)
    yield from flatten(read_literal(mappings / "namespace.py", "NAMESPACE_PACKAGES"), "")


def flatten(nested: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """``{"google": {"auth": "google-auth"}}`` as ``("google.auth", "google-auth")``."""
    for part, value in nested.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{part}.")
        elif isinstance(value, str):
            yield prefix + part, value


def read_downloads(folder: Path) -> dict[str, int]:
    """Canonical distribution → downloads in a month."""
    rows = query(folder / "pyimport2pkg/data/mapping.db", "SELECT package_name, download_count FROM packages")
    return {canonicalize_name(name): int(count) for name, count in rows}  # type: ignore[call-overload]


def _is_name(module: str) -> bool:
    parts = module.split(".")
    return all(re.fullmatch(r"[A-Za-z_]\w*", part) for part in parts) and parts[0].lower() not in STRAYS


def render(tables: list[Facts], downloads: dict[str, int]) -> Iterator[str]:
    """A line for each name that two tables give to another distribution than its namesake."""
    hand_kept = set().union(*tables[2:])
    everyone = Counter(module for module, _ in tables[0])
    providers = agreed(tables, downloads)
    sizes = Counter(names[0] for names in providers.values())
    for module, names in sorted(providers.items()):
        first, namesake = names[0], canonicalize_name(module.replace(".", "-"))
        is_own = first == namesake and "." not in module
        is_namespace = sum(name.startswith(f"{namesake}-") for name in names) > 2
        if is_own or is_namespace:
            continue
        known = downloads[first] >= WELL_KNOWN
        told = known or (everyone[module] <= DISTINCTIVE and sizes[first] <= BUNDLE)
        if (told and is_alike(module, first, everyone[module])) or (module, first) in hand_kept:
            least = SHARE * downloads[first]
            yield " ".join([module, *[name for name in names if downloads[name] >= least][:MOST]])


def own_names(tables: list[Facts], downloads: dict[str, int]) -> list[str]:
    """The import names that two tables give to a well-known distribution of that very name."""
    providers = agreed(tables, downloads)
    # 'import crypto' most likely means Crypto, of pycryptodome.
    others = {module.lower() for module, names in providers.items() if names[0] != canonicalize_name(module)}
    return sorted(
        module
        for module, names in providers.items()
        if names[0] == canonicalize_name(module)
        and downloads[names[0]] >= WELL_KNOWN
        and module.lower() not in others
    )


def agreed(tables: list[Facts], downloads: dict[str, int]) -> dict[str, list[str]]:
    """Module → the distributions that two tables name, the most downloaded first."""
    votes = Counter(fact for table in tables for fact in table)
    providers: dict[str, list[str]] = defaultdict(list)
    for (module, name), count in votes.items():
        # A distribution of type stubs brings no module, whatever it says.
        if count > 1 and name in downloads and not name.startswith("types-"):
            providers[module].append(name)
    return {
        module: sorted(names, key=lambda name: (-downloads[name], name))
        for module, names in providers.items()
    }


def is_alike(module: str, name: str, everyone: int) -> bool:
    """Whether the import's name says something of this distribution: a word that is nobody else's, or a part
    of the distribution's own name."""
    short, long = module.strip("_").lower().replace("_", "-"), name.replace("python", "")
    parts = [short[start : start + 4] for start in range(max(1, len(short) - 3))]
    return everyone <= DISTINCTIVE or any(part in long for part in parts)


if __name__ == "__main__":
    main()
