"""The inspector that runs the image: finds a Python in it and sends the probe in."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from importguard.config import Config
from importguard.engines.base import CommandNotFound, Engine, Exit, Image, Limits
from importguard.errors import InspectionError, NoPythonError
from importguard.evidence.users import is_root
from importguard.inspectors.buildpacks import image_as_launched, launched_command, launched_process
from importguard.inspectors.pythons import all_candidates, why_no_python
from importguard.inspectors.shipment import loading_arguments, loading_command, packed_modules
from importguard.progress import Progress, QuietProgress

if TYPE_CHECKING:
    from importguard.evidence.inspection import Evidence
    from importguard.inspectors.probe_output import ProbeStream

PROBE = Path(__file__).parent.parent / "probe"
_ROOMS = ("code", "select", "start", "surroundings", "workers")  # asking is another program (asking.py)
_LEAST_SECONDS = 10.0  # for one module in a container of its own, however late it is
NO_SUCH_OPTION = b"Unknown option: -I"
_NOT_FOUND = b"not found"  # the words of bash and of buildpacks' launcher, which ask what the engine would
GRACE = 20.0  # seconds that the probe has to say what it knows when its time is up

_LAUNCH = """\
if sys.version_info < (3, 7):
    import json
    frame = {"event": "too_old", "version": "%d.%d" % sys.version_info[:2], "executable": sys.executable}
    sys.stdout.write("\\n%s %s\\n" % (REQUEST["secret"], json.dumps(frame)))
else:
    import os
    if not REQUEST["lifeline"]:
        os.dup2(os.pipe()[0], 0)  # an input that never ends: its other end stays open
    from importguard.probe.start.launch import Launch
    try:
        launch = Launch(REQUEST, dict(os.environ))
    except Exception as error:
        launch = error
    from importguard.probe.supervisor import run
    run(REQUEST, launch, SOURCES)
"""


def probe_command(python: str) -> list[str]:
    """The argv by which ``python`` of the image runs the probe that arrives on its standard input."""
    return loading_command(python, _LAUNCH)


def probe_arguments(python: str, given: bytes) -> list[str]:
    """The argv that holds the probe itself, ``given`` as ``probe_input`` makes it with no ``lifeline``."""
    return loading_arguments(python, _LAUNCH, given)


def probe_input(
    image: Image,
    config: Config,
    secret: str,
    only: Sequence[str] = (),
    reverse: bool = False,
    lifeline: bool = True,
) -> bytes:
    """The bytes for the probe's standard input: its own files by name, their code, and the request.

    ``only``: of all modules that are found, these are imported, and nothing is looked at around them.
    ``reverse``: the last module is imported first. ``lifeline``: the probe ends when its input does.
    """
    request = {
        "secret": secret,
        "only": list(only),
        "reverse": reverse,
        "lifeline": lifeline,
        "entrypoint": image.entrypoint,
        "cmd": image.cmd,
        "workdir": image.workdir,
        "production_workdir": tuple(config.workdir) if config.workdir else None,
        "commands": config.commands,
        "python": config.python,
        "packages": config.packages,
        "exclude": config.exclude,
        "include_tests": config.include_tests,
        "setup": config.setup,
        "exact": config.exact,
        "isolated": config.network == "none",
        "timeout": config.timeout,
        "module_timeout": config.module_timeout,
        "jobs": config.jobs,
        "source": bool(config.source or config.build),
        "files": bool(config.source or config.build) or _may_be_source(os.curdir),
    }
    return packed_modules(dict(_probe_files()), request, compiled=lifeline)


def _probe_files() -> Iterator[tuple[str, Path]]:
    """The probe's modules by name."""
    for package, folder in (("probe", PROBE), *((f"probe.{room}", PROBE / room) for room in _ROOMS)):
        yield from ((f"importguard.{package}.{path.stem}", path) for path in folder.glob("[!_]*.py"))


def _may_be_source(folder: str) -> bool:
    """Whether a folder may hold what the image was built from: anything that an import could find."""
    with os.scandir(folder) as entries:
        return any(entry.name.endswith(".py") or entry.is_dir() for entry in entries)


def inspect_by_running(
    engine: Engine,
    image: Image,
    config: Config,
    progress: Progress,
    meanwhile: Callable[[Callable[[], bool]], object] = bool,
) -> Evidence:
    """Import every module of the application in ``image`` and return what happened.

    ``meanwhile`` is called beside it, while the container works, with a function that says whether that is
    over. Raises NoPythonError, or InspectionError when nothing could be judged: nothing to import, no
    verdict.
    """
    looked, too_old, found, ends = [], [], list[str](), time.monotonic() + config.timeout
    for python in all_candidates(engine, image, config, found):
        probe = _ProbeInImage(engine, image, config, python, ends)
        try:
            observed, ended = probe.import_all(progress, meanwhile)
        except CommandNotFound:
            looked.append(python)
            continue
        if NO_SUCH_OPTION in observed.noise and not observed.discovery:
            observed.too_old = f"{python} is older than 3.4"
        if observed.too_old:
            too_old.append(observed.too_old)
            continue
        evidence = _looked_at_again(observed.build_evidence(ended), probe, progress)
        # Who builds knows the Dockerfile; else the history tells which one it was.
        history = () if config.build else engine.history(image)
        from importguard.inspectors.probe_output import image_facts

        notes = (*evidence.notes, *filter(None, [engine.limits_not_held(), _note_on_owners(engine, image)]))
        return replace(
            evidence,
            image=image_facts(image, history),
            notes=notes,
            privileges_withheld=engine.withholds_privileges,
            memory=config.memory,
        )
    raise NoPythonError(why_no_python(image, looked, found, too_old))


def _looked_at_again(evidence: Evidence, probe: _ProbeInImage, progress: Progress) -> Evidence:
    """The evidence after the second pass of a ``--thorough`` check, and after what other containers say."""
    from importguard.inspectors.separate_containers import judge_apart

    image, config = probe.image, probe.config
    if config.thorough and evidence.complete:
        from importguard.inspectors.reverse_order import with_reverse_order

        progress.begin_phase(f"checking {image.reference} in reverse order")
        reverse = probe.import_apart((), reverse=True, progress=progress)
        exactly = replace(probe, config=replace(config, exact=True)).import_apart
        evidence = with_reverse_order(evidence, reverse, exactly)
    gives_privileges = is_root(image.user) and not probe.engine.withholds_privileges
    return judge_apart(evidence, gives_privileges, probe.import_apart, config.jobs)


@dataclass(frozen=True)
class _ProbeInImage:
    """Runs the probe with the ``python`` of an image; ``ends`` is when the inspection's time is over
    (``time.monotonic``)."""

    engine: Engine
    image: Image
    config: Config
    python: str
    ends: float

    def way_in(
        self, secret: str, names: Sequence[str] = (), reverse: bool = False
    ) -> tuple[list[str], Callable[[], bytes]]:
        """The command that runs the probe, and what its standard input is to hold; see ``probe_input``."""
        given = partial(probe_input, image_as_launched(self.image), self.config, secret, names, reverse)
        if self.engine.has_input:
            return launched_command(self.image, probe_command(self.python)), given
        return launched_command(self.image, probe_arguments(self.python, given(lifeline=False))), bytes

    def import_all(
        self, progress: Progress, meanwhile: Callable[[Callable[[], bool]], object]
    ) -> tuple[ProbeStream, Optional[Exit]]:
        """Run the probe on all modules; returns what it said, and how it ended.

        Raises CommandNotFound where the image has no such ``python``.
        """
        config, secret = self.config, os.urandom(16).hex()
        limits = Limits(config.memory, config.timeout + GRACE, config.network)
        command, stdin = self.way_in(secret)
        over = threading.Event()
        with self.engine.run(self.image, command, config.env, limits, stdin) as run:
            # Not before: the container's start would wait for it.
            threading.Thread(target=meanwhile, args=(over.is_set,)).start()
            from importguard.inspectors.probe_output import ProbeStream

            observed = ProbeStream(secret, progress)
            try:
                observed.read_output(run.output)
            finally:
                over.set()
        if launched_process(self.image) and _NOT_FOUND in observed.noise and not observed.discovery:
            raise CommandNotFound(self.python)
        return observed, run.exit

    def import_apart(
        self,
        names: Sequence[str],
        privileged: bool = False,
        reverse: bool = False,
        progress: Optional[Progress] = None,
    ) -> Optional[Evidence]:
        """Import ``names``, or all, in another container; None where it gives no answer or time is over."""
        from importguard.inspectors.probe_output import ProbeStream

        left = self.ends - time.monotonic()
        if left <= 0:
            return None
        config = replace(self.config, timeout=min(self.config.timeout, max(left, _LEAST_SECONDS)))
        limits = Limits(config.memory, config.timeout + GRACE, config.network, usual_privileges=privileged)
        secret = os.urandom(16).hex()
        command, stdin = replace(self, config=config).way_in(secret, names, reverse)
        observed = ProbeStream(secret, progress or QuietProgress(), names)
        try:
            with self.engine.run(self.image, command, config.env, limits, stdin) as run:
                observed.read_output(run.output)
            return observed.build_evidence(run.exit)
        except (CommandNotFound, InspectionError):
            return None


def _note_on_owners(engine: Engine, image: Image) -> str:
    """What is not judged where all files seem to be the image's USER's; nothing for root, who may."""
    if not engine.withholds_privileges or is_root(image.user):
        return ""
    return (
        f"The embedded engine shows all files as those of {image.user}: code that changes the mode or the "
        "time of another's file, or renames or removes one in a folder like /tmp, passes, and fails in "
        "production."
    )
