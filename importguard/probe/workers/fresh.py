"""One module in one fresh interpreter: the definition of a verdict, and the oracle of the fast plan.

Runs as the application's interpreter, started as the application's start command would. Everything that it
loads itself is built into the interpreter: the application may bring its own ``json.py`` or ``select.py``.
"""

from __future__ import annotations

import marshal
import posix
import sys
import time

from importguard.probe.workers.failures import UNKNOWN_LINE, chain, describe, lines_to, safe_text, unread
from importguard.probe.workers.main_body import run_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType
    from typing import Any, Callable

    from importguard.probe.workers.failures import Failure

    Attempt = tuple[str, "Failure | None", str, float]  # outcome, failure, detail, seconds

_import = sys.modules["_frozen_importlib"]._gcd_import
_find_spec = sys.modules["_frozen_importlib"]._find_spec
_clock, _write, _open, _close, _getpid, _exit = (
    time.monotonic,
    posix.write,
    posix.open,
    posix.close,
    posix.getpid,
    posix._exit,
)
_dumps, _io_open = marshal.dumps, open
_fstat, _O_WRONLY = posix.fstat, posix.O_WRONLY


class Channel:
    """Sends verdicts on a private descriptor, framed with a secret, to the supervisor.

    Application code may close every descriptor: the supervisor keeps its own end open, so that the pipe can
    be opened again through /proc. A forked child of the application must not speak for its parent.
    """

    def __init__(self, descriptor: int, secret: str, supervisor: int, kept: int) -> None:
        self.descriptor = descriptor
        self.pipe = _fstat(descriptor).st_ino
        self.secret = secret
        self.again = "/proc/{}/fd/{}".format(supervisor, kept)
        self.process = _getpid()

    def send(self, *message: Any) -> None:
        """Write one frame, or leave at once when this process is a fork of the one that was asked."""
        if _getpid() != self.process:
            _exit(0)
        data = ("\n" + self.secret + " " + _dumps(message, 2).hex() + "\n").encode("ascii")
        while data:
            try:
                if _fstat(self.descriptor).st_ino != self.pipe:
                    raise OSError
                data = data[_write(self.descriptor, data) :]
            except OSError:
                self.descriptor = _open(self.again, _O_WRONLY)


class Whereabouts:
    """A profile function that says where the process is, for a module that ended it without a word.

    It is used when the verdict is known: profiling is something that a module can notice.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        signals = sys.modules.get("_signal")
        names = ("_exit", "abort", "kill", "killpg", "execv", "execve", "raise_signal", "pthread_kill")
        self.ends = {id(getattr(posix, name, getattr(signals, name, None))) for name in names}
        self.bodies = [sys._getframe()]

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """Part of ``sys.setprofile``'s protocol."""
        if event.startswith("c_"):
            if id(argument) in self.ends:
                # What did not end the process is no longer where it is.
                self.say(frame if event == "c_call" else self.bodies[-1], event == "c_call")
        elif frame.f_code.co_name == "<module>" and event == "call":
            self.bodies.append(frame)
            self.say(frame, False)
        elif event == "return" and frame is self.bodies[-1]:
            self.bodies.pop()
            self.say(self.bodies[-1], False)

    def say(self, frame: FrameType, exactly: bool) -> None:
        """Send the way to ``frame``; of a body that goes on, the line is not known."""
        lines = lines_to(frame)
        if lines and not exactly:
            path, _, function, module = lines[-1]
            lines[-1] = path, UNKNOWN_LINE, function, module
        self.channel.send("at", lines)


class ByPath:
    """Finds modules that the application loads from their files, as Alembic does, by names of the probe."""

    def __init__(self, paths: dict[str, str]) -> None:
        self.paths = paths

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Part of the protocol of ``sys.meta_path``."""
        if name not in self.paths:
            return None
        return sys.modules["_frozen_importlib_external"].spec_from_file_location(name, self.paths[name])


def start(request: dict[str, Any]) -> None:
    """Make the import path what the start command would have made it."""
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    sys.path[:0] = request["import_path"]
    sys.path.extend(request["appended_path"])
    if request["by_path"]:
        sys.meta_path.append(ByPath(request["by_path"]))
    if request["argv"]:
        sys.argv[:] = request["argv"]
        vars(sys.modules["__main__"])["__file__"] = request["argv"][0]
    try:
        import faulthandler

        faulthandler.enable(file=2)
        faulthandler.register(request["dump_signal"], file=2, all_threads=False)
    except (ImportError, AttributeError, ValueError, OSError, RuntimeError):
        pass


def prepare(setup: dict[str, Any]) -> None:
    """Run the application's preparation, e.g. ``django.setup()``; raises whatever it raises.

    Of one that failed before, only the variables are set.
    """
    import os

    os.environ.update(setup["environ"])
    if not setup["callable"]:
        return
    name, _, attributes = setup["callable"].partition(":")
    target = _import(name)
    for attribute in attributes.split("."):
        target = getattr(target, attribute)
    target()


def attempt(channel: Channel, action: Callable[..., object], *arguments: object) -> Attempt:
    """(outcome, failure, detail, seconds) of calling ``action``.

    What it raised is announced before its message is asked for, which is the application's code again.
    """
    begun = _clock()
    try:
        action(*arguments)
    except BaseException as error:
        seconds = _clock() - begun
        exits = issubclass(type(error), SystemExit)  # isinstance() would ask the error for its class
        outcome = "exited" if exits else "failed"
        channel.send("raised", outcome, describe(error, unread))
        code = safe_text(error, _exit_code)
        detail = "sys.exit({})".format(code if len(code) <= 80 else code[:80] + "…") if exits else ""
        return outcome, describe(error), detail, seconds
    return "imported", None, "", _clock() - begun


def _exit_code(error: Any) -> str:
    return repr(error.code)


def missing_attributes(name: str, wanted: Iterable[str]) -> list[str]:
    """Those of the dotted ``wanted`` that the module ``name`` lacks, or ``__main__`` where it ran so.

    Of ``instance of package:Class``, it lacks any object.
    """
    lost = []
    for dotted in wanted:
        value: Any = sys.modules.get(name, sys.modules["__main__"])
        try:
            if dotted.startswith(_INSTANCE_OF):
                _find_instance(value, dotted[len(_INSTANCE_OF) :])
                continue
            for part in dotted.split("."):
                value = getattr(value, part)
        except BaseException:
            lost.append(dotted)
    return lost


_INSTANCE_OF = "instance of "


def _find_instance(module: Any, kind: str) -> None:
    """Raise AttributeError where no object of ``module`` is of the class that ``kind`` names."""
    package, _, name = kind.partition(":")
    wanted = getattr(sys.modules.get(package), name)
    if not any(isinstance(value, wanted) for value in list(vars(module).values())):
        raise AttributeError(kind)


def load_named(name: str, attributes: list[str], wanted: list[str]) -> None:
    """Ask the application in the module ``name`` for ``wanted``: it loads what its settings name.

    ``pool.size`` is an attribute of one, ``connect().transport`` one of what a method gives. Of an
    application that is called otherwise, or lacks the first of these, nothing is loaded. The first may raise
    whatever it does; of the others, only what cannot be imported counts: an address that is put together from
    variables of production's is none without them.
    """
    for dotted in attributes or ["app", "celery"]:
        application: Any = sys.modules[name]
        for part in dotted.split("."):
            application = getattr(application, part, None)
        if hasattr(type(application), wanted[0].split(".")[0]):
            _evaluate(application, wanted[0])
            for expression in wanted[1:]:
                try:
                    _evaluate(application, expression)
                except Exception as error:
                    if _is_of_import(error):
                        raise
            return


def _is_of_import(error: BaseException) -> bool:
    """Whether something could not be imported, or a library says what is to be installed."""
    for link in chain(error):
        if issubclass(type(link), ImportError):
            return True
        traceback = link.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename.startswith("<frozen importlib"):
                return True
            traceback = traceback.tb_next
    return "need to install" in safe_text(error)


def _evaluate(value: Any, expression: str) -> None:
    for part in expression.split("."):
        name, call, _ = part.partition("()")
        # Not getattr() with a default: an AttributeError of the property's own code is what is looked for.
        if not hasattr(type(value), name):
            return
        value = getattr(value, name)
        if call:
            value = value()


def _findable(name: str) -> bool:
    try:
        return name in sys.modules or _find_spec(name, None) is not None
    except BaseException:
        return True


def _lacks(target: str, name: str) -> bool:
    """Whether ``from target import name``, or ``import target``, fails for want of just that."""
    try:
        _import(target)
        if not name or hasattr(sys.modules[target], name):
            return False
        target += "." + name
        _import(target)
    except ModuleNotFoundError as error:
        return type(error.name) is str and (target + ".").startswith(error.name + ".")
    except BaseException:
        pass
    return False


def prepared_worker(request: dict[str, Any], descriptor_out: int) -> Channel:
    """Make the process what the application's would be before its first import; the way to answer.

    Where the application's own preparation fails, this says so and ends the process.
    """
    channel = Channel(descriptor_out, request["secret"], request["supervisor"], request["kept"])
    start(request)
    if request["setup"]:
        channel.send("preparing")
        outcome = attempt(channel, prepare, request["setup"])
        channel.send("prepared", *outcome[:3])
        if outcome[0] != "imported":
            _exit(0)
    return channel


def import_as_started(channel: Channel, name: str, request: dict[str, Any]) -> Attempt:
    """Import the module ``name``, or run its file as ``__main__`` where the start command does."""
    script = request.get("script")
    if script:
        return _called_so(name, script["path"], attempt(channel, run_script, name, script, _import))
    return attempt(channel, _import, name)


def run_fresh(request: dict[str, Any], descriptor_out: int) -> None:
    """Do what the request asks: a preparation, then one module.

    Ends the process without its atexit handlers.
    """
    channel = prepared_worker(request, descriptor_out)
    if request["find"]:
        channel.send("absent", [name for name in request["find"] if not _findable(name)])
    for target, name in request["late"]:
        if _lacks(target, name):
            channel.send("lacks", target, name)
    if request.get("whereabouts"):
        sys.setprofile(Whereabouts(channel))
    for name in request["modules"]:
        channel.send("begin", name)
        judged = import_as_started(channel, name, request)
        if request.get("load") and judged[0] == "imported":
            judged = attempt(channel, load_named, name, request["attributes"].get(name, []), request["load"])
        channel.send("done", name, *judged, _asked_besides(name, judged[0], request["attributes"]))
    channel.send("end")
    _exit(0)


def _called_so(name: str, path: str, judged: Attempt) -> Attempt:
    """The same, with the name of the script's module in the frames that are ``__main__``'s."""
    outcome, failure, detail, seconds = judged
    if failure is not None:
        frames = [
            (file, line, function, name if file == path and module == "__main__" else module)
            for file, line, function, module in failure[3]
        ]
        failure = (*failure[:3], frames, failure[4])
    return outcome, failure, detail, seconds


def _asked_besides(name: str, outcome: str, attributes: dict[str, list[str]]) -> dict[str, list[str]]:
    """Of the module of an entry point: which of its ``attributes`` are lost, and what importing it loaded."""
    if name not in attributes:
        return {"lost": [], "loaded": []}
    lost = missing_attributes(name, attributes[name]) if outcome == "imported" else []
    return {"lost": lost, "loaded": [key for key in list(sys.modules) if type(key) is str]}
