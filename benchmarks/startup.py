"""What importguard adds to starting a container: a trivial image, from start to verdict.

    python benchmarks/startup.py [--base IMAGE] [--runs N]

Compares ``importguard check IMAGE`` with ``docker run --rm --network none IMAGE python3 -c pass``, run in
turn so that both meet the same machine, as medians of wall time, and prints the parts that they are made of.
The embedded engine checks the same image as an archive: once to unpack it, which is compared with ``tar -x``
of its layers, and then as often as the others. Exit code 1 when Docker's ratio is above 2.0.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import images

LIMIT = 2.0
IMAGE = "importguard-fidelity/trivial"
IMPORTGUARD = [str(Path(sys.executable).with_name("importguard"))]


def build(base: str) -> None:
    """An application of one module that imports nothing."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.py").write_text("ANSWER = 42\n")
        dockerfile = f'FROM {base}\nWORKDIR /app\nCOPY main.py .\nCMD ["python3", "main.py"]\n'
        (Path(folder) / "Dockerfile").write_text(dockerfile)
        images.docker("build", "-q", "--label", images.LABEL, "-t", IMAGE, folder)


def timed(action: Callable[[], object]) -> float:
    """Milliseconds of wall time."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def command(*words: str) -> Callable[[], object]:
    """A command to be timed; CalledProcessError when it fails.

    Its Python may keep bytecode, as pip leaves it with an installed package.
    """
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(words, check=True, capture_output=True, env=env)


def engine_parts() -> dict[str, float]:
    """The steps of one container by the SDK, without the command line: milliseconds."""
    import docker

    api = docker.from_env().api
    parts = {"engine: image": timed(lambda: api.inspect_image(IMAGE))}
    made: dict[str, str] = {}
    config = api.create_host_config(network_mode="none")
    options = {"labels": [images.LABEL], "host_config": config}
    words = ["python3", "-c", "pass"]
    parts["engine: create"] = timed(lambda: made.update(api.create_container(IMAGE, words, **options)))
    parts["engine: start"] = timed(lambda: api.start(made["Id"]))
    parts["engine: wait for the interpreter"] = timed(lambda: api.wait(made["Id"]))
    parts["engine: remove"] = timed(lambda: api.remove_container(made["Id"], v=True, force=True))
    return parts


def saved_archive(folder: str) -> str:
    """An archive of the image."""
    path = str(Path(folder) / "image.tar")
    images.docker("save", "-o", path, IMAGE)
    return path


def first_check(archive: str, folder: str) -> tuple[float, float]:
    """Milliseconds of a check that unpacks the archive, and of ``tar -x`` of its layers."""
    for name in ("blobs", "root"):
        (Path(folder) / name).mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", f"{folder}/blobs"], check=True)
    layers = [
        path for path in Path(folder, "blobs", "blobs", "sha256").iterdir() if path.stat().st_size > 100_000
    ]
    unpacking = "; ".join(f"tar -xf {layer} -C {folder}/root" for layer in layers)
    plain = timed(command("sh", "-c", unpacking))
    cache = ("--cache-dir", f"{folder}/cache")
    return timed(command(*IMPORTGUARD, "check", *cache, f"docker-archive:{archive}")), plain


def measure(runs: int, archive: str, cache: str) -> dict[str, list[float]]:
    """Each command ``runs`` times, in turn."""
    run = ("docker", "run", "--rm", "--network", "none", IMAGE)
    commands = {
        "docker run python3 -c pass": command(*run, "python3", "-c", "pass"),
        "importguard check": command(*IMPORTGUARD, "check", IMAGE),
        "importguard check, embedded": command(*IMPORTGUARD, "check", "--cache-dir", cache, archive),
        "docker run true": command(*run, "true"),
        "host: python -c pass": command(sys.executable, "-c", "pass"),
        "host: import docker": command(sys.executable, "-c", "import docker"),
        "host: importguard --version": command(*IMPORTGUARD, "--version"),
    }
    for action in commands.values():
        action()  # The first of each fills caches.
    times: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, action in commands.items():
            times.setdefault(name, []).append(timed(action))
        for name, milliseconds in engine_parts().items():
            times.setdefault(name, []).append(milliseconds)
    return times


def show(times: Mapping[str, Sequence[float]]) -> float:
    """Print the medians; give the ratio of the two that are compared."""
    for name, values in times.items():
        extremes = f"least {min(values):.0f}, most {max(values):.0f}"
        print(f"{name:34} {statistics.median(values):7.0f} ms  ({extremes})")
    median = {name: statistics.median(values) for name, values in times.items()}
    interpreter = median["docker run python3 -c pass"] - median["docker run true"]
    print(f"{'the interpreter in the container':34} {interpreter:7.0f} ms  (docker run: python3 less true)")
    ratio = median["importguard check"] / median["docker run python3 -c pass"]
    embedded = median["importguard check, embedded"] / median["docker run python3 -c pass"]
    print(
        f"importguard check takes {ratio:.2f} times docker run (limit {LIMIT}), embedded {embedded:.2f} times"
    )
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description="importguard check against docker run, on a trivial image")
    parser.add_argument("--base", default="python:3.13-slim", help="the base image (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=15, help="how often each is run (default: %(default)s)")
    options = parser.parse_args()
    build(options.base)
    with tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)  # no source beside the image, and no configuration
        with tempfile.TemporaryDirectory() as folder:
            archive = saved_archive(folder)
            first, plain = first_check(archive, folder)
            times = measure(options.runs, archive, f"{folder}/cache")
            print(f"the first check of an archive takes {first:.0f} ms, tar -x of its layers {plain:.0f} ms")
        os.chdir("/")
    return show(times) > LIMIT


if __name__ == "__main__":
    sys.exit(main())
