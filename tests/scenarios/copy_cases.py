"""Random Dockerfiles of COPY lines, the same in every run, and where the real builder puts their files."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scenarios.ignore_cases import Case, files_below, write

FOLDERS = ("shop", "shop/api", "lib", "lib/a b", "tests", "shop/api/v1")
FILES = ("__init__.py", "main.py", "a.py", "b.py", "c-1.py", "[d].py")
FOLDERS_TO = ("/app", "/app/", "/srv/x/", "./", ".", "sub", "sub/", "/app/shop", "${PLACE}/y/", "/", "/known")
WORKDIRS = ("/app", "/srv", "rel", "/opt/deep/er", "$PLACE")


@dataclass(frozen=True)
class Layout:
    """A context, and a Dockerfile for it. ``CONTEXT`` stands where a flag would name another context."""

    files: tuple[str, ...]
    template: str

    @property
    def text(self) -> str:
        """The Dockerfile as it would be written."""
        return self.template.replace("--from=CONTEXT ", "").replace("STAGE", "stage")

    def numbered(self, number: int) -> str:
        """The same for a Dockerfile of many such layouts, of which this one's context has a name."""
        return self.template.replace("CONTEXT", f"c{number}").replace("STAGE", f"s{number}x")


def layouts(count: int, seed: int) -> list[Layout]:
    """As many layouts; in each, a COPY names only what is there."""
    chance = random.Random(seed)
    return [_layout(chance) for _ in range(count)]


def _layout(chance: random.Random) -> Layout:
    found = {"main.py", "shop/__init__.py"}
    for _ in range(chance.randint(3, 10)):
        folder = chance.choice(("", *FOLDERS))
        found.add(f"{folder}/{chance.choice(FILES)}".lstrip("/"))
    files = tuple(sorted(found))
    stages: list[list[str]] = []
    for index in range(chance.randint(1, 3)):
        stages.append(_stage(chance, index, files))
    return Layout(files, "\n".join(line for stage in stages for line in stage) + "\n")


def _stage(chance: random.Random, index: int, files: tuple[str, ...]) -> list[str]:
    base = f"STAGE{chance.randrange(index)}" if index and chance.random() < 0.4 else "scratch"
    # A stage has the arguments of the one that it is FROM.
    arguments = ("ARG PLACE=/place",) if base == "scratch" else ("", "ARG PLACE", f"ARG PLACE=/place{index}")
    lines = [f"FROM {base} AS STAGE{index}", chance.choice(arguments), f"WORKDIR {chance.choice(WORKDIRS)}"]
    # Each stage has something at a place that later ones can name.
    lines.append("COPY --from=CONTEXT shop /known/shop")
    for _ in range(chance.randint(1, 4)):
        if index and chance.random() < 0.4:
            source = chance.choice(("/known", "/known/shop", "/known/shop/__init__.py", "known/s*", "/"))
            lines.append(
                f"COPY --from=STAGE{chance.randrange(index)} {source} {_destination(chance, source)}"
            )
        elif chance.random() < 0.15:
            lines.append(f"WORKDIR {chance.choice(WORKDIRS)}")
        else:
            lines.append(_copy(chance, files))
    return lines


def _copy(chance: random.Random, files: tuple[str, ...]) -> str:
    sources = [_source(chance, files) for _ in range(chance.choice((1, 1, 1, 2)))]
    keyword = chance.choice(("COPY", "COPY", "copy", "COPY \\\n  # why\n "))
    destination = _destination(chance, *sources)
    if len(sources) > 1:
        destination = destination if destination.endswith("/") else chance.choice(("/app/", "./"))
    link = "--link " if destination.endswith("/") and chance.random() < 0.2 else ""
    if any(" " in source for source in sources):
        words = ", ".join('"' + word.replace("\\", "\\\\") + '"' for word in (*sources, destination))
        return f"{keyword} --from=CONTEXT {link}[{words}]"
    return f"{keyword} --from=CONTEXT {link}{' '.join((*sources, destination))}"


def _source(chance: random.Random, files: tuple[str, ...]) -> str:
    parts = chance.choice(files).split("/")
    parts = parts[: chance.randint(1, len(parts))]
    source = "/".join(part.replace("[", "[[]") for part in parts)
    kind = chance.random()
    if kind < 0.1:
        return chance.choice((".", "./", "/"))
    if kind < 0.3 and "[" not in source:
        last = chance.choice(("*", parts[-1][:1] + "*", "*" + parts[-1][-1:], "?" + parts[-1][1:]))
        return "/".join([*parts[:-1], last])
    return chance.choice(("", "", "./", "/")) + source


def _destination(chance: random.Random, *sources: str) -> str:
    """What is a file in one line is no folder in another: builders refuse that."""
    if all(source.endswith(".py") and "*" not in source for source in sources):
        return chance.choice(
            ("/app/", "./", ".", "sub/", "/known/shop", "/known", "/app/main.py", "new/new.py")
        )
    wild = any(character in source for source in sources for character in "*?")
    return chance.choice([place for place in FOLDERS_TO if place.endswith("/") or not wild])


def build(folder: Path, cases: list[Layout]) -> list[set[str]]:
    """The files of each one's last stage, by the real builder, all in one build."""
    lines = []
    command = ["docker", "buildx", "build", "--quiet", "--file", str(folder / "Dockerfile")]
    for number, case in enumerate(cases):
        write(folder / f"c{number}", Case(case.files, ""))
        command += ["--build-context", f"c{number}={folder}/c{number}"]
        lines.append(case.numbered(number))
    last = [case.template.count("FROM ") - 1 for case in cases]
    lines.append("FROM scratch\n")
    lines += [f"COPY --from=s{number}x{index} / /{number}/\n" for number, index in enumerate(last)]
    (folder / "Dockerfile").write_text("".join(lines))
    command += ["--output", f"type=local,dest={folder}/out", str(folder / "c0")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [files_below(folder / "out" / str(number)) for number in range(len(cases))]
