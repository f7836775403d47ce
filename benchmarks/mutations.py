"""Break an application's image in small ways, and compare what importguard says with what the container does.

    python benchmarks/mutations.py IMAGE URL [--source DIR] [--env K=V …] [--seed N] [--count N] [--below DIR]

IMAGE is an image whose start command serves HTTP; URL is asked inside of it (``http://localhost:8000/``) and
must be answered with a status below 500. From it, images are made that lack a module that the start loads, a
package or the metadata of a distribution, that have an empty file instead, or a function or class by another
name. Each is started unchanged, and checked by ``importguard check`` without ``--start``, in the folder DIR.

A *false pass* is an image that does not serve and of which nothing is found that the sound one has not. A
*false alarm* is one that serves and of which it is said that something breaks startup. An image that does not
serve and whose finding is not said to break startup is *placed late*. Exit code 1 where there is a false one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Optional

SECONDS_TO_SERVE, SECONDS_TO_STAY = 60, 2
TAG = f"importguard-mutation-{os.getpid()}"
LOADED = re.compile(r"^import time: .*\| +(\S+)$", re.M)  # python -X importtime
EXTENSION = re.compile(r"(\.(cpython|abi3)[^/]*)?\.so$|\.py$")
STANDARD = re.compile(r"/lib/python3[.\d]*/(?!(site|dist)-packages/)")
ASK = (
    "import sys, urllib.request as r, urllib.error as e\n"
    "try: status = r.urlopen(sys.argv[1], timeout=10).status\n"
    "except e.HTTPError as error: status = error.code\n"
    "sys.exit(status >= 500)"
)


@dataclass(frozen=True)
class Mutation:
    """A change of an image: its kind, what it changes, and the command that does it."""

    kind: str
    subject: str
    command: str


@dataclass(frozen=True)
class Application:
    """An image, the URL that it answers, its variables, and the folder that it is checked in."""

    image: str
    url: str
    env: tuple[str, ...]
    source: str

    def serves(self, image: str, *env: str) -> tuple[bool, str]:
        """Start ``image`` by its own command; whether it answers and stays, and its log."""
        variables = [word for value in (*self.env, *env) for word in ("--env", value)]
        started = docker("run", "--detach", *variables, image)
        container = started.stdout.strip()
        if started.returncode:
            return False, started.stderr
        try:
            answers = self._answers(container)
            time.sleep(SECONDS_TO_STAY if answers else 0)
            log = docker("logs", container)
            return answers and is_running(container), log.stdout + log.stderr
        finally:
            docker("rm", "--force", container)

    def _answers(self, container: str) -> bool:
        ends = time.monotonic() + SECONDS_TO_SERVE
        while time.monotonic() < ends and is_running(container):
            if docker("exec", container, "python3", "-I", "-c", ASK, self.url).returncode == 0:
                return True
            time.sleep(0.5)
        return False

    def findings(self, image: str) -> dict[tuple[str, ...], dict[str, Any]]:
        """What importguard finds in ``image``, by what identifies it."""
        variables = [word for value in self.env for word in ("--env", value)]
        command = [sys.executable, "-m", "importguard", "check", image, "--format", "json", *variables]
        done = subprocess.run(command, cwd=self.source, capture_output=True, text=True, check=False)
        if not done.stdout:
            raise SystemExit(f"{image} could not be checked:\n{done.stderr}")
        report = json.loads(done.stdout)["images"][0]
        return {(one["rule"], one["missing"] or one["module"]): one for one in report["findings"]}


def docker(*words: str, text: Optional[str] = None) -> subprocess.CompletedProcess[str]:
    """Run a command of Docker's."""
    return subprocess.run(
        ["docker", *words], input=text, capture_output=True, text=True, errors="replace", check=False
    )


def is_running(container: str) -> bool:
    return docker("inspect", "--format", "{{.State.Running}}", container).stdout.strip() == "true"


def files_by_module(image: str) -> dict[str, str]:
    """Module → its file in the image, without the standard library: of several the shortest path."""
    listed = shell(image, r"find / -xdev \( -name '*.py' -o -name '*.so' \) 2>/dev/null").split("\n")
    found: dict[str, str] = {}
    for path in sorted(filter(None, listed), key=len):
        if not STANDARD.search(path):
            parts = EXTENSION.sub("", path).removesuffix("/__init__").strip("/").split("/")
            for start in range(max(len(parts) - 8, 0), len(parts)):
                found.setdefault(".".join(parts[start:]), path)
    return found


def shell(image: str, line: str) -> str:
    """What a line of shell writes in a container of ``image``."""
    return docker("run", "--rm", "--user", "0", "--entrypoint", "sh", image, "-c", line).stdout


def mutations(image: str, files: dict[str, str], generator: random.Random) -> Iterator[Mutation]:
    """Changes of ``image`` without end; ``files`` are those of the modules that its start loads."""
    metadata = shell(image, "find / -xdev -type d -name '*.dist-info' 2>/dev/null").split()
    modules = sorted(files)
    while True:
        kind = generator.choice(["module", "module", "package", "empty", "name", "name", "metadata"])
        module = generator.choice(modules)
        path = files[module]
        is_package = path.endswith("/__init__.py")
        if kind == "metadata" and metadata:
            folder = generator.choice(metadata)
            yield Mutation(kind, os.path.basename(folder), f"rm -r {folder}")
        elif kind == "package" and is_package:
            yield Mutation(kind, module, f"rm -r {os.path.dirname(path)}")
        elif kind == "empty" and path.endswith(".py"):
            yield Mutation(kind, module, f": > {path}")
        elif kind == "name" and path.endswith(".py"):
            names = re.findall(r"^(?:async )?(?:def|class) (\w+)", shell(image, f"cat {path}"), re.M)
            if names:
                name = generator.choice(names)
                change = rf"s/^((async )?(def|class)) {name}\b/\1 {name}_gone/"
                yield Mutation(kind, f"{module}.{name}", f"sed -i -E '{change}' {path}")
        elif kind == "module":
            yield Mutation(kind, module, f"rm {path}")


def mutated_image(image: str, mutation: Mutation) -> str:
    """Build the changed image, and return its name."""
    user = docker("inspect", "--format", "{{.Config.User}}", image).stdout.strip()
    lines = f"FROM {image}\nUSER 0\nRUN {mutation.command}\n" + (f"USER {user}\n" if user else "")
    built = docker("build", "--quiet", "--tag", TAG, "-", text=lines)
    if built.returncode:
        raise SystemExit(built.stderr)
    return TAG


def judged(serves: bool, new: Sequence[dict[str, Any]]) -> str:
    """How the new findings fit what the container does."""
    breaks = any(finding["breaks_startup"] for finding in new)
    if serves:
        return "FALSE ALARM" if breaks else "right"
    if not new:
        return "FALSE PASS"
    return "right" if breaks else "placed late"


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("url")
    parser.add_argument("--source", help="the folder to check in; without it, an empty one")
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--below", default="/", help="change only files below this folder of the image")
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    with tempfile.TemporaryDirectory() as empty:
        source = os.path.abspath(options.source) if options.source else empty
        application = Application(options.image, options.url, tuple(options.env), source)
        serves, log = application.serves(options.image, "PYTHONPROFILEIMPORTTIME=1")
        if not serves:
            raise SystemExit(f"{options.image} does not serve {options.url}:\n{log[-2000:]}")
        known = application.findings(options.image)
        files = files_by_module(options.image)
        loaded = {name: files[name] for name in LOADED.findall(log) if name in files}
        below = {name: path for name, path in loaded.items() if path.startswith(options.below)}
        if not below:
            raise SystemExit(f"the start loads no module of a file below {options.below}")
        print(f"{options.image}: {len(known)} findings; {len(below)} of {len(loaded)} modules may be changed")
        counts: Counter[str] = Counter()
        changes = mutations(options.image, below, random.Random(options.seed))
        for mutation, _ in zip(changes, range(options.count)):
            image = mutated_image(options.image, mutation)
            serves, log = application.serves(image)
            found = application.findings(image)
            new = [found[key] for key in found.keys() - known.keys()]
            verdict = judged(serves, new)
            counts[verdict] += 1
            said = ", ".join(f"{one['rule']} {one['missing'] or one['module']}" for one in new[:3])
            print(
                f"{verdict:11}  {mutation.kind:8}  {mutation.subject}: serves: {serves}; {said}", flush=True
            )
        print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
        docker("rmi", "--force", TAG)
    return 1 if counts["FALSE PASS"] or counts["FALSE ALARM"] else 0


if __name__ == "__main__":
    sys.exit(main())
