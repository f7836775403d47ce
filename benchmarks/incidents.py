"""Public incidents, rebuilt: does importguard find them, name the cause and the line, and say nothing false?

    python benchmarks/incidents.py --mirrors DIR [--stand-in IMAGE=IMAGE]… [--only NAME]… [--write]

``incidents/`` holds one recipe an incident (``incident_recipes.py`` says what is in it) and no code of
others. DIR holds bare git mirrors, ``OWNER+NAME`` or ``OWNER+NAME/repo``; a recipe whose mirror is not
there is left out. Of each, the commit before the fix and the fixing one are cloned and built with their own
Dockerfile, and checked from the repository's folder, as their owner would: without options. ``--stand-in``
names an image of this machine for one that a recipe builds on, where no registry is at hand.

``--write`` puts the table into README.md, when every recipe was run. Exit code 1 where a line of it is not
as it should be.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import images
from incident_recipes import Recipe, read_recipes
from table import replaced

IMPORTGUARD = [sys.executable, "-m", "importguard", "check"]
README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- incidents:begin -->", "<!-- incidents:end -->"
COLUMNS = ("Incident", "Kind", "Found", "Cause", "Line", "Told", "Others, false", "Seconds", "Fixed")


@dataclass(frozen=True)
class Check:
    """What ``importguard check`` said of one image."""

    code: int
    seconds: float
    findings: Sequence[Mapping[str, Any]]
    problem: str = ""


@dataclass(frozen=True)
class Row:
    """One incident's line of the table."""

    recipe: Recipe
    broken: Check
    fixed: Check

    @property
    def incident_finding(self) -> Optional[Mapping[str, Any]]:
        """The incident's finding; None where it was not found."""
        return next(
            (finding for finding in self.broken.findings if self.recipe.expect.is_about(finding)), None
        )

    @property
    def unread_findings(self) -> list[Mapping[str, Any]]:
        """The findings on either image that nobody has read and found true."""
        found = [*self.broken.findings, *self.fixed.findings]
        return [
            finding
            for finding in found
            if finding is not self.incident_finding and not self.recipe.is_known(finding)
        ]

    @property
    def cause_is_right(self) -> bool:
        return (
            self.incident_finding is not None
            and self.incident_finding["diagnosis"]["cause"] == self.recipe.expect.cause
        )

    @property
    def line_is_right(self) -> bool:
        return (
            self.incident_finding is not None
            and place_to_change(self.incident_finding) == self.recipe.expect.place
        )

    @property
    def fix_is_seen(self) -> bool:
        return self.fixed.code == self.recipe.fixed_exit

    @property
    def is_right(self) -> bool:
        return self.cause_is_right and self.line_is_right and self.fix_is_seen and not self.unread_findings


def place_to_change(finding: Mapping[str, Any]) -> str:
    """FILE:LINE of what is to be changed."""
    location = finding["diagnosis"]["location"] or {}
    return f"{location.get('path')}:{location.get('line')}"


def mirror_of(recipe: Recipe, mirrors: Path) -> Optional[Path]:
    """The bare repository below ``mirrors``."""
    folder = mirrors / recipe.repository.replace("/", "+")
    return next((path for path in (folder, folder / "repo") if (path / "objects").is_dir()), None)


def run_command(*words: str, folder: Optional[Path] = None) -> None:
    """Run a command; when it fails, RuntimeError with the end of what it said."""
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words[:3])} failed:\n{done.stdout[-3000:]}")


def clone_at_commit(mirror: Path, commit: str, folder: Path) -> Path:
    """The repository at ``commit``, with its history."""
    run_command("git", "clone", "-q", "--no-checkout", str(mirror), str(folder))
    run_command("git", "-c", "advice.detachedHead=false", "checkout", "-q", commit, folder=folder)
    return folder


def build_image(recipe: Recipe, which: str, tree: Path, reference: str, stand_ins: Mapping[str, str]) -> None:
    """Build the image as the repository's own Dockerfile says, on the recipe's base images."""
    dockerfile, context = recipe.build_of(which)
    contexts = []
    for name, base in recipe.images.items():
        contexts += ["--build-context", f"{name}=docker-image://{base_image(base, stand_ins)}"]
    # Without the line that fetches another front end from a registry.
    file = tree.parent / f"{tree.name}.Dockerfile"
    lines = (tree / dockerfile).read_text("utf-8").splitlines()
    file.write_text("\n".join("#" if line.startswith("# syntax") else line for line in lines) + "\n", "utf-8")
    ignore = tree / f"{dockerfile}.dockerignore"
    if ignore.exists():
        Path(f"{file}.dockerignore").write_bytes(ignore.read_bytes())
    words = ["docker", "build", "-q", "--label", images.LABEL, "-t", reference, "-f", str(file)]
    run_command(*words, *contexts, *recipe.build_options, str(tree / context))


def base_image(dockerfile: str, stand_ins: Mapping[str, str]) -> str:
    """Build a recipe's stand-in for a base image, or for a tool's; give its reference."""
    for name, image in stand_ins.items():
        dockerfile = re.sub(
            rf"^FROM {re.escape(name)}(?= |$)", f"FROM {image}", dockerfile, flags=re.MULTILINE
        )
    done = subprocess.run(
        ["docker", "build", "-q", "--label", images.LABEL, "-"],
        input=dockerfile,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    reference = f"importguard-incident/base:{done.stdout.strip().removeprefix('sha256:')[:12]}"
    images.docker("tag", done.stdout.strip(), reference)
    return reference


def check_image(reference: str, tree: Path) -> Check:
    """Check the image from the repository's folder."""
    began = time.monotonic()
    words = [*IMPORTGUARD, reference, "--format", "json"]
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    image = json.loads(done.stdout)["images"][0] if done.stdout else {}
    problem = (image.get("error") or "") if done.stdout else done.stderr
    return Check(done.returncode, seconds, image.get("findings", []), problem)


def check_commit(recipe: Recipe, which: str, mirror: Path, stand_ins: Mapping[str, str]) -> Check:
    """Rebuild one commit and check its image, which is removed again."""
    commit = recipe.broken if which == "broken" else recipe.fixed
    reference = f"importguard-incident/{recipe.name}:{which}"
    with tempfile.TemporaryDirectory() as folder:
        tree = clone_at_commit(mirror, commit, Path(folder) / recipe.repository.split("/")[1])
        build_image(recipe, which, tree, reference, stand_ins)
        try:
            return check_image(reference, tree)
        finally:
            images.docker("image", "rm", "-f", reference)


def yes_or_no(right: bool) -> str:
    return "yes" if right else "**no**"


def table_cells(row: Row) -> list[str]:
    """One line of the table, as text."""
    recipe, told = row.recipe, row.incident_finding
    link = f"[{recipe.repository}]({recipe.source}): {recipe.what}"
    others = len(row.broken.findings) - (told is not None)
    said = f"{told['diagnosis']['cause']}, {place_to_change(told)}" if told else "nothing"
    fixed = "passes" if row.fixed.code == 0 else f"{recipe.fixed_why or f'exit {row.fixed.code}'}"
    right = [told is not None, row.cause_is_right, row.line_is_right]
    return [
        link,
        recipe.kind,
        *(yes_or_no(each) for each in right),
        said,
        f"{others}, {len(row.unread_findings)}",
        f"{row.broken.seconds:.0f}",
        fixed if row.fix_is_seen else f"**{fixed}**",
    ]


def incident_table(rows: Sequence[Row]) -> str:
    """The table, Markdown, without the markers."""
    lines = [list(COLUMNS), ["---", "---", "---", "---", "---", "---", "--:", "--:", "---"]]
    lines += [table_cells(row) for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def print_row(row: Row) -> None:
    """Print how one went, and what is wrong."""
    print(f"{row.recipe.name}: {' | '.join(table_cells(row)[2:])}", flush=True)
    for finding in row.unread_findings:
        print(
            f"    not known: {finding['severity']} {finding['rule']} {finding['module']} "
            f"{finding['missing']}: {finding['message']}"
        )
    for which in (row.broken, row.fixed):
        if which.problem:
            print(f"    exit {which.code}: {which.problem}")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Public incidents, rebuilt and checked")
    parser.add_argument("--mirrors", type=Path, required=True, help="the folder of bare git mirrors")
    parser.add_argument("--stand-in", action="append", default=[], metavar="IMAGE=IMAGE")
    parser.add_argument("--only", action="append", metavar="NAME", help="this recipe (repeatable)")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    stand_ins = dict(pair.split("=", 1) for pair in options.stand_in)
    rows, left_out = [], 0
    for recipe in read_recipes():
        if options.only and recipe.name not in options.only:
            continue
        mirror = mirror_of(recipe, options.mirrors)
        if mirror is None:
            print(f"{recipe.name}: no mirror of {recipe.repository}")
            left_out += 1
            continue
        try:
            rows.append(
                Row(
                    recipe, *(check_commit(recipe, which, mirror, stand_ins) for which in ("broken", "fixed"))
                )
            )
            print_row(rows[-1])
        except RuntimeError as error:
            print(f"{recipe.name}: {error}")
            left_out += 1
    table = incident_table(rows)
    print(table)
    if options.write and not options.only and not left_out:
        README.write_text(replaced(README.read_text("utf-8"), table, BEGIN, END), "utf-8")
    return bool(left_out) or not all(row.is_right for row in rows)


if __name__ == "__main__":
    sys.exit(main())
