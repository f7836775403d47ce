"""The inspector that runs the image: sends the probe in, and turns its frames into Evidence."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Optional

from importguard.config import Config
from importguard.engines.base import CommandNotFound, Engine, Image, Limits
from importguard.errors import InspectionError
from importguard.evidence import (
    Cause,
    EntryPoint,
    Evidence,
    Frame,
    ImportFailure,
    ImportSite,
    ModuleImport,
    Preparation,
)
from importguard.progress import Progress

PROBE = Path(__file__).parent.parent / "probe"
LONGEST_ARGUMENT = 128 * 1024 - 1  # Linux: MAX_ARG_STRLEN, execve(2)
LONGEST_FRAME = 64 << 20
GRACE = 10.0  # seconds that the probe has to say what it knows when its time is up

# Receives the probe's files as arguments, each a name, a newline and the source; the last one is the request.
# Python 2.7 and 3.6 must be able to parse this: they are told that they are too old.
BOOT = """\
import json, sys
SOURCES = dict(text.split("\\n", 1) for text in sys.argv[1:-1])
class Files:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in SOURCES:
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, Files, is_package=name in ("importguard", "importguard.probe"))
    @staticmethod
    def create_module(spec):
        return None
    @staticmethod
    def exec_module(module):
        exec(compile(SOURCES[module.__name__], "<importguard>", "exec"), module.__dict__)
if sys.version_info < (3, 7):
    frame = {"event": "too_old", "version": "%d.%d" % sys.version_info[:2], "executable": sys.executable}
    sys.stdout.write("\\n%s %s\\n" % (json.loads(sys.argv[-1])["secret"], json.dumps(frame)))
else:
    sys.meta_path.insert(0, Files)
    from importguard.probe.supervisor import main
    main(SOURCES, sys.argv[-1])
"""


@lru_cache(maxsize=None)
def probe_arguments() -> tuple[str, ...]:
    """The whole probe as the arguments of ``python``: the program for ``-c``, then one for each of its files."""
    files = {"importguard": "", "importguard.probe": ""}
    for path in sorted(PROBE.glob("*.py")):
        if path.stem != "__init__":
            files[f"importguard.probe.{path.stem}"] = path.read_text("utf-8")
    arguments = ("-I", "-S", "-c", BOOT, *(f"{name}\n{source}" for name, source in files.items()))
    if max(len(argument.encode()) for argument in arguments) > LONGEST_ARGUMENT:
        raise AssertionError("a file of the probe is longer than one argument may be")
    return arguments


def probe_command(image: Image, config: Config, python: str, secret: str = "") -> list[str]:
    """The argv that runs the probe in a container of ``image`` by its interpreter ``python``."""
    request = {
        "secret": secret or secrets.token_hex(16),
        "entrypoint": image.entrypoint,
        "cmd": image.cmd,
        "workdir": image.workdir,
        "commands": config.commands,
        "python": config.python,
        "packages": config.packages,
        "exclude": config.exclude,
        "include_tests": config.include_tests,
        "setup": config.setup,
        "exact": config.exact,
        "timeout": config.timeout,
        "module_timeout": config.module_timeout,
        "jobs": config.jobs,
    }
    return [python, *probe_arguments(), json.dumps(request)]


def pythons(image: Image, config: Config) -> Iterator[str]:
    """Where a Python for the probe may be, likeliest first. Which one the application runs is found inside."""
    seen: set[str] = set()
    for python in (config.python, *_by_command(image), *_by_habit()):
        if python and python not in seen:
            seen.add(python)
            yield python


def _by_command(image: Image) -> Iterator[str]:
    for word in (*image.entrypoint[:1], *image.cmd[:1]):
        if PurePosixPath(word).name.startswith("python"):
            yield word
    yield from ("python3", "python")
    for word in (*image.entrypoint[:1], *image.cmd[:1]):
        if word.startswith("/"):
            yield str(PurePosixPath(word).with_name("python3"))


def _by_habit() -> Iterator[str]:
    for folder in ("/usr/local/bin", "/usr/bin", "/opt/venv/bin", "/venv/bin", "/app/.venv/bin", "/app/venv/bin"):
        yield f"{folder}/python3"
    for minor in range(15, 6, -1):
        yield f"python3.{minor}"
    for minor in range(15, 6, -1):
        yield f"/usr/bin/python3.{minor}"


def inspect(engine: Engine, image: Image, config: Config, progress: Progress) -> Evidence:
    """Import every module of the application in ``image`` and return what happened.

    Raises InspectionError when nothing could be judged: no Python, nothing to import, no verdict.
    """
    looked, too_old = [], []
    limits = Limits(config.memory, config.timeout + GRACE, config.network)
    for python in pythons(image, config):
        secret = secrets.token_hex(16)
        try:
            run = engine.run(image, probe_command(image, config, python, secret), config.env, limits)
            observed = Observed(secret, progress)
            observed.take(run.output)
        except CommandNotFound:
            looked.append(python)
            continue
        if observed.too_old:
            too_old.append(observed.too_old)
            continue
        return observed.evidence(run.exit)
    raise InspectionError(_no_python(image, looked, too_old))


def _no_python(image: Image, looked: list[str], too_old: list[str]) -> str:
    if too_old:
        found = ", ".join(dict.fromkeys(too_old))
        return f"{image.reference}: its Python is too old ({found}); importguard needs 3.7 or newer in the image"
    path = next((item[5:] for item in image.env if item.startswith("PATH=")), "the default PATH")
    places = ", ".join(place for place in looked if place.startswith("/"))
    return (
        f"{image.reference}: there is no Python in the image. Looked for python3 and python in {path}, and for "
        f"{places}. If it is elsewhere, name it: --python /path/to/python3"
    )


class Observed:
    """What the probe has said so far."""

    def __init__(self, secret: str, progress: Progress) -> None:
        self.mark = secret.encode() + b" "
        self.progress = progress
        self.begun = time.monotonic()
        self.discovery: dict[str, Any] = {}
        self.modules: dict[str, ModuleImport] = {}
        self.entrypoints: list[EntryPoint] = []
        self.preparation: Optional[Preparation] = None
        self.sites: list[ImportSite] = []
        self.end: Optional[dict[str, Any]] = None
        self.too_old = ""
        self.noise = b""

    def take(self, output: Iterator[bytes]) -> None:
        """Read the stream to its end; the container goes with it, whatever happens."""
        with closing(output):  # type: ignore[type-var]
            buffer = b""
            for chunk in output:
                *lines, buffer = (buffer + chunk).split(b"\n")
                buffer = buffer[:LONGEST_FRAME]
                for line in lines:
                    self.line(line)
            self.noise += buffer[-2000:]

    def line(self, line: bytes) -> None:
        """Take in one line: a frame, or noise."""
        if not line.startswith(self.mark):
            self.noise = (self.noise + line + b"\n")[-2000:] if line else self.noise
            return
        try:
            self.event(json.loads(line[len(self.mark) :]))
        except (ValueError, LookupError, TypeError):
            self.noise = (self.noise + line + b"\n")[-2000:]  # torn by what something else printed

    def event(self, event: dict[str, Any]) -> None:
        """Take in one frame."""
        kind = event["event"]
        if kind == "discovery":
            self.discovery = event
        elif kind == "module":
            self.modules[event["name"]] = _module(event, self.paths().get(event["name"]))
            total = len(self.discovery["modules"])
            self.progress.update(len(self.modules), total, event["name"])
        elif kind == "entrypoint":
            names = ("command", "target", "module", "attribute", "outcome")
            self.entrypoints.append(EntryPoint(*(event[name] for name in names), tuple(event["reaches"])))
        elif kind == "preparation":
            failure = _failure(event["failure"])
            self.preparation = Preparation(event["description"], event["outcome"], failure, event["detail"])
        elif kind == "sites":
            self.sites = [
                ImportSite(module, target, tuple(names), line, scope, path, resolves=False)
                for module, target, names, line, scope, path in event["sites"]
            ]
        elif kind == "end":
            self.end = event
        elif kind == "too_old":
            self.too_old = f"{event['executable']} is {event['version']}"

    def paths(self) -> dict[str, str]:
        """Module name → file."""
        if "paths" not in self.discovery:
            self.discovery["paths"] = {name: path for name, path in self.discovery["modules"]}
        paths: dict[str, str] = self.discovery["paths"]
        return paths

    def evidence(self, ended: Any) -> Evidence:
        """All of it as Evidence; raises InspectionError where there is no verdict on anything."""
        error = self.end["error"] if self.end else _died(ended, self.noise)
        if not self.discovery or (not self.modules and error):
            raise InspectionError(error)
        for name, path in self.paths().items():
            if name not in self.modules:
                self.modules[name] = ModuleImport(name, path, "unchecked", detail="the check broke off")
                error = error or f"no verdict on {name} arrived: something else wrote to the container's output"
        for name, path, reason in self.discovery["skipped"]:
            self.modules.setdefault(name, ModuleImport(name, path, "skipped", detail=reason))
        interpreter = self.discovery["interpreter"]
        return Evidence(
            executable=interpreter["executable"],
            version=interpreter["version"],
            implementation=interpreter["implementation"],
            import_path=tuple(self.discovery["import_path"]),
            modules=tuple(self.modules.values()),
            sites=tuple(self.sites),
            entrypoints=tuple(self.entrypoints),
            preparation=self.preparation,
            complete=bool(self.end and self.end["complete"]) and error is None,
            error=error,
            notes=tuple(self.discovery["notes"]),
            details=tuple(self.discovery["details"]),
            seconds=time.monotonic() - self.begun,
        )


def _died(ended: Any, noise: bytes) -> str:
    if ended is not None and ended.timed_out:
        return "time ran out: the probe did not end in time. Give it more with --timeout"
    code = "" if ended is None else f" (exit code {ended.code})"
    why = "; it ran out of memory, give it more with --memory" if ended is not None and ended.out_of_memory else ""
    said = noise.decode("utf-8", "backslashreplace").strip()
    return f"the probe ended without a verdict{code}{why}" + (f". Its last words: {said[-500:]}" if said else "")


def _failure(plain: Optional[dict[str, Any]]) -> Optional[ImportFailure]:
    if plain is None:
        return None
    return ImportFailure(
        plain["type"],
        plain["message"],
        plain["missing"],
        tuple(Frame(*frame) for frame in plain["frames"]),
        tuple(Cause(*cause) for cause in plain["causes"]),
    )


def _module(event: dict[str, Any], path: Optional[str]) -> ModuleImport:
    return ModuleImport(
        event["name"],
        path,
        event["outcome"],
        failure=_failure(event["failure"]),
        seconds=event["seconds"],
        culprit=event["culprit"],
        detail=event["detail"],
        output=event["output"],
    )
