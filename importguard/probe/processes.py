"""The processes that import the application: started as its interpreter would be, watched from outside."""

from __future__ import annotations

import marshal
import os
import select
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Callable

WORKER_FILES = {
    "fresh": ("failures", "fresh"),
    "sweep": ("failures", "fresh", "imports", "simulation", "state", "memo", "sweep"),
}
OWN_IMPORTS = ("from importguard.probe", "from __future__")
TAIL = 2000
LONGEST_FRAME = 4 << 20


class Worker:
    """A process that imports; ``current`` is the stack of modules that it announced and has not finished."""

    def __init__(self, kind: str, modules: list[str], limit: float) -> None:
        self.kind = kind
        self.modules = modules
        self.limit = limit
        self.current: list[str] = []
        self.buffer = b""
        self.tail = b""
        self.heard = time.monotonic()
        self.status: int | None = None
        self.dumped: float | None = None
        self.timed_out = False
        self.prepared: tuple[Any, ...] | None = None
        self.raised: tuple[Any, ...] | None = None  # what came before its message was asked for
        self.told: tuple[Any, ...] | None = None  # the verdict for which it says where it was
        self.frames: list[Any] = []  # where it was last
        self.ended = False

    def start(
        self, command: list[str], place: tuple[str | None, dict[str, str]], request: dict[str, Any]
    ) -> None:
        """Fork and exec ``command`` in ``place`` (directory, variables); the request goes over a pipe."""
        plan, plan_end = os.pipe()
        self.results, self.kept = os.pipe()
        self.output, output_end = os.pipe()
        request = dict(request, modules=self.modules, supervisor=os.getpid(), kept=self.kept)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _become(command, place, (plan, self.kept, output_end))
            finally:
                os._exit(127)
        for descriptor in (plan, output_end):
            os.close(descriptor)
        for descriptor in (self.results, self.output):
            os.set_blocking(descriptor, False)
        try:
            with open(plan_end, "wb") as pipe:
                pipe.write(marshal.dumps(request, 2))
        except BrokenPipeError:
            pass

    def read_output(self) -> bool:
        """Keep the tail of what the application prints; False when there is nothing to read now."""
        part = read(self.output)
        self.tail = (self.tail + part)[-TAIL:]
        return bool(part)

    def words(self) -> str:
        """The end of what it printed."""
        self.read_output()
        return self.tail.decode("utf-8", "backslashreplace")

    def messages(self, secret: bytes) -> Iterator[tuple[Any, ...]]:
        """The frames that arrived; anything else on the descriptor is dropped."""
        while True:
            part = read(self.results)
            self.buffer += part
            *lines, self.buffer = self.buffer.split(b"\n")
            self.buffer = self.buffer[:LONGEST_FRAME]
            for line in lines:
                if line.startswith(secret) and len(line) < LONGEST_FRAME:
                    try:
                        yield marshal.loads(bytes.fromhex(line[len(secret) :].decode("ascii")))
                    except (ValueError, EOFError, TypeError):
                        continue
            if not part:
                return

    def deadline(self) -> float:
        """When this worker must have been heard of again; a dump of its stack is asked for first."""
        return self.heard + self.limit if self.dumped is None else self.dumped + 0.3

    def stop(self) -> None:
        """End the process and those of its group."""
        for target in (-self.pid, self.pid):
            try:
                os.kill(target, signal.SIGKILL)
            except OSError:
                pass

    def close(self) -> None:
        """Give its descriptors back."""
        for descriptor in (self.results, self.kept, self.output):
            os.close(descriptor)


def read(descriptor: int) -> bytes:
    """What a non-blocking descriptor has now; nothing where there is nothing."""
    try:
        return os.read(descriptor, 1 << 16)
    except (BlockingIOError, InterruptedError):
        return b""


def apart(action: Callable[[], None], seconds: float) -> bool:
    """Call ``action`` in a child of its own, so that no file that it meets can end or hold up this process.

    False where it did not come to its end within ``seconds``. Ends this process, as the supervisor does, when
    standard input ends.
    """
    done, done_end = os.pipe()
    child = os.fork()
    if child == 0:
        _first_to_go()
        try:
            action()
            os.write(done_end, b"!")
        finally:
            os._exit(0)
    os.close(done_end)
    until = time.monotonic() + seconds
    waiting = [0, done]
    try:
        while select.select(waiting, [], [], max(0.0, until - time.monotonic()))[0] == [0]:
            if not os.read(0, 4096):
                os.kill(child, signal.SIGKILL)
                os._exit(1)
        os.set_blocking(done, False)
        return bool(read(done))
    finally:
        os.close(done)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _first_to_go() -> None:
    """Let the kernel end this process before others when memory runs out (proc_pid_oom_score_adj(5))."""
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    except OSError:
        pass


def _become(
    command: list[str], place: tuple[str | None, dict[str, str]], pipes: tuple[int, int, int]
) -> None:
    """In the child: its own group, the first to go when memory runs out, then the interpreter."""
    plan, results, output = pipes
    os.setsid()
    _first_to_go()
    signal.set_wakeup_fd(-1)
    null = os.open(os.devnull, os.O_RDONLY)
    high = [os.dup(descriptor) for descriptor in (null, output, plan, results)]
    os.dup2(high[0], 0)
    os.dup2(high[1], 1)
    os.dup2(high[1], 2)
    os.dup2(high[2], 3)
    os.dup2(high[3], 4)
    os.closerange(5, 256)
    if place[0]:
        os.chdir(place[0])
    os.execve(command[0], command, {**os.environ, **place[1]})


def program(sources: Mapping[str, str], kind: str) -> str:
    """A worker's ``-c`` program: its files in one namespace that is nobody's module."""
    lines = ["from __future__ import annotations"]
    for name in WORKER_FILES[kind]:
        text = sources["importguard.probe." + name]
        lines += [line for line in text.split("\n") if not line.startswith(OWN_IMPORTS)]
    lines.append("run_{}(3, 4)".format(kind))
    # With builtins of its own: the application may replace those of the interpreter.
    space = "{'__name__': '<importguard>', '__builtins__': dict(vars(__import__('builtins')))}"
    return "exec(compile({!r}, '<importguard>', 'exec'), {})".format("\n".join(lines), space)
