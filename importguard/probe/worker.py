"""A process that imports the application: started as its interpreter would be, watched from outside."""

from __future__ import annotations

import marshal
import os
import select
import time

from importguard.probe.child_processes import end_first_without_memory, read_available
from importguard.probe.worker_program import PLAN, RESULTS, WAITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator
    from typing import Any

    from importguard.probe.verdicts import Verdict
else:
    import _signal as signal  # Built in. The module around it loads enum, collections and more.

END = b"end\0\0"
PIPE, SET_PIPE_SIZE = 1 << 16, 1031  # what a pipe holds, and F_SETPIPE_SZ (fcntl.h)
DUMP_SIGNAL = 63  # on which a worker's faulthandler writes where it is
TAIL = 8000  # bytes of what a worker prints that are kept: a dump of its stack has to fit
WAITING_SECONDS = 0.5  # without processor time, after which a worker is taken to wait
REST_SECONDS = 5.0  # of waiting, after which a script is asked whether it runs on behind its imports
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
LONGEST_FRAME = 4 << 20


class Worker:
    """A process that imports; ``current`` is the stack of modules that it announced and has not finished.

    It starts when it is made, as ``interpreter`` (an argv) in ``place`` (directory, environment), runs
    ``first`` and waits to be asked.
    """

    def __init__(self, interpreter: list[str], place: tuple[str, dict[str, str]], first: str = "") -> None:
        self.interpreter = interpreter
        self.place = place
        self.kind = ""
        self.modules: list[str] = []
        self.limit = 0.0
        self.current: list[str] = []
        self.buffer = b""
        self.tail = b""
        self.heard = 0.0
        self.status: int | None = None
        self.dumped: float | None = None
        self.script: str | None = None  # the file that it imports, where production runs that as ``__main__``
        self.rest = REST_SECONDS
        self.waits_since: float | None = None
        self.timed_out = False
        self.prepared: tuple[Any, ...] | None = None
        self.called: tuple[Any, ...] | None = None  # whether the application was made, and what that raised
        self.in_context: list[tuple[Any, ...]] = []  # (module, outcome, failure) of what was imported then
        self.raised: tuple[Any, ...] | None = None  # what came before its message was asked for
        self.verdict: Verdict | None = None  # for which it says where the process ended
        self.frames: list[Any] = []  # where it was last
        self.ended = False
        self.is_waiting = False
        self.sample = 0.0, -1  # when its processor time was last read, and how much that was
        self.starved_since, self.starved = 0.0, 0.0  # since it was heard of then: seconds
        self._start([*interpreter, "-c", first + WAITS])

    def _start(self, command: list[str]) -> None:
        plan, self.plan_end = os.pipe()
        self.results, self.kept = os.pipe()
        self.output, output_end = os.pipe()
        try:
            self.pid = os.fork()
        except BlockingIOError:  # There are as many processes as there may be.
            for descriptor in (plan, self.plan_end, self.results, self.kept, self.output, output_end):
                os.close(descriptor)
            raise
        if self.pid == 0:
            try:
                _become(command, self.place, (plan, self.kept, output_end))
            except OSError as error:
                os.write(2, str(error).encode("utf-8", "replace"))
            finally:
                os._exit(127)
        for descriptor in (plan, output_end):
            os.close(descriptor)
        for descriptor in (self.results, self.output):
            os.set_blocking(descriptor, False)

    def send_request(
        self, kind: str, modules: list[str], limit: float, program: str | bytes, request: dict[str, Any]
    ) -> None:
        """Send the worker its ``program`` and ``request``; it gets ``limit`` seconds for each module.

        The program is a source, or the code that its own Python made of it.
        """
        self.kind, self.modules, self.limit = kind, modules, limit
        self.heard = time.monotonic()
        request = dict(request, modules=modules, supervisor=os.getpid(), kept=self.kept)
        data = marshal.dumps((program, request), 2)
        if len(data) > PIPE:
            _widen(self.plan_end)
        try:
            with open(self.plan_end, "wb") as pipe:
                pipe.write(data)
        except BrokenPipeError:
            pass

    def read_first_answer(self, seconds: float) -> bytes:
        """Read what the program ``first`` writes to RESULTS up to END; nothing if it takes over ``seconds``.

        ``status`` says how the process ended, if it did.
        """
        until = time.monotonic() + seconds
        answer, listens = b"", [self.results, self.output]
        while True:
            ready = select.select(listens, [], [], 0.02)[0]
            if self.output in ready and not self.read_output():
                listens.remove(self.output)  # closed
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
            answer += read_available(self.results)
            if answer.endswith(END):
                return answer
            if pid or len(answer) > LONGEST_FRAME or time.monotonic() > until:
                return b""

    def end_unasked(self) -> None:
        """End a worker that was started ahead and got no request."""
        self.kill_group()
        if self.status is None:
            os.waitpid(self.pid, 0)
        os.close(self.plan_end)
        self.close_descriptors()

    def read_output(self) -> bool:
        """Keep the tail of what the application prints; False when there is nothing to read now."""
        part = read_available(self.output)
        self.tail = (self.tail + part)[-TAIL:]
        return bool(part)

    def last_words(self) -> str:
        """The end of what it printed."""
        self.read_output()
        return self.tail.decode("utf-8", "backslashreplace")

    def read_messages(self, secret: bytes) -> Iterator[tuple[Any, ...]]:
        """The frames that arrived; anything else on the descriptor is dropped."""
        while True:
            part = read_available(self.results)
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

    def note_message(self, kind: str, *values: Any) -> None:
        """Keep a message that is no verdict: what was begun, raised or prepared."""
        if kind == "begin":
            self.current.append(values[0])
        elif kind == "raised":
            self.raised = values[:2]
        elif kind == "prepared":
            self.prepared = values[:3]
            self.raised = self.raised and values[:2]
        elif kind == "called":
            self.called = values
        elif kind == "context":
            self.in_context.append(values)
        elif kind == "end":
            self.ended = True

    def look_at_processor_time(self) -> None:
        """Note whether it waits, having used none since it was last looked at, and how long it was starved:
        able to run on a machine that did something else.
        """
        seen, before = self.sample
        now = time.monotonic()
        if now - seen < WAITING_SECONDS:
            return
        can_run, ticks = _processor_use(self.pid)
        used = ticks - before
        self.is_waiting = before >= 0 and not can_run and 0 <= used <= 1
        self.waits_since = (self.waits_since or seen) if self.is_waiting else None
        if self.starved_since != self.heard:
            self.starved_since, self.starved = self.heard, 0.0
        elif before >= 0 and can_run:
            self.starved += max(0.0, now - seen - used / TICKS_A_SECOND)
        self.sample = now, ticks

    def message_deadline(self) -> float:
        """When this worker must have been heard of again; a dump of its stack is asked for first.

        An import that is slow because the machine does much else does not hang: it has up to four times the
        limit.
        """
        if self.dumped is not None:
            return self.dumped + 0.3
        if self.script and self.waits_since is not None:
            return min(self.latest(), self.waits_since + self.rest)
        return self.latest()

    def latest(self) -> float:
        """When the time of its import is over."""
        starved = self.starved if self.starved_since == self.heard else 0.0
        return self.heard + self.limit + min(starved, 3 * self.limit)

    def stop_if_late(self) -> None:
        """Stop it where it is late, or runs on as a script does, after asking where it is."""
        now = time.monotonic()
        if now < self.message_deadline() or self.timed_out:
            return
        if self.dumped is None:
            self.dumped = now
            try:
                os.kill(self.pid, DUMP_SIGNAL)
            except OSError:
                pass
        elif now >= self.latest() or self._runs_on():
            self.timed_out = True
            self.kill_group()
        else:
            self.dumped, self.rest = None, 4 * self.rest

    def seconds(self) -> float:
        """Wall time since it was heard of; of a script that was stopped as it ran on, until it rested."""
        now = time.monotonic()
        came_to_rest = self.waits_since if self.script and self.timed_out and now < self.latest() else None
        return (came_to_rest or now) - self.heard

    def _runs_on(self) -> bool:
        from importguard.probe.scripts import line_of_running

        return self.script is not None and line_of_running(self.script, self.last_words()) > 0

    def kill_group(self) -> None:
        """End the process and those of its group."""
        for target in (-self.pid, self.pid):
            try:
                os.kill(target, signal.SIGKILL)
            except OSError:
                pass

    def how_it_ended(self) -> tuple[str, str]:
        """(outcome, detail) of one that ended before it gave a verdict."""
        if self.timed_out or self.status is None:
            return "timed_out", "longer than {:g} s".format(self.limit)
        if os.WIFSIGNALED(self.status):
            return "crashed", "signal {}".format(_signal_name(os.WTERMSIG(self.status)))
        return "exited", "exit code {}".format(os.WEXITSTATUS(self.status))

    def close_descriptors(self) -> None:
        """Close the worker's descriptors."""
        for descriptor in (self.results, self.kept, self.output):
            os.close(descriptor)


def _processor_use(pid: int) -> tuple[bool, int]:
    """Whether a process can run now, and the ticks that it and the children that it waited for have used.

    proc_pid_stat(5). The ticks are -1 where they can't be read.
    """
    try:
        with open("/proc/{}/stat".format(pid), "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return fields[0] == b"R", sum(int(field) for field in fields[11:15])
    except (OSError, ValueError, IndexError):
        return False, -1


def _signal_name(number: int) -> str:
    from signal import Signals

    try:
        return Signals(number).name
    except ValueError:
        return str(number)


def _widen(pipe: int) -> None:
    """Let ``pipe`` hold more: a process that hangs before it reads must not hold up this one (pipe(7))."""
    import fcntl

    try:
        fcntl.fcntl(pipe, SET_PIPE_SIZE, 1 << 20)
    except OSError:
        pass


def _become(command: list[str], place: tuple[str, dict[str, str]], pipes: tuple[int, int, int]) -> None:
    """In the child: its own group, the first to go when memory runs out, then the interpreter."""
    plan, results, output = pipes
    os.setsid()
    end_first_without_memory()
    signal.set_wakeup_fd(-1)
    null = os.open(os.devnull, os.O_RDONLY)
    high = [os.dup(descriptor) for descriptor in (null, output, plan, results)]
    os.dup2(high[0], 0)
    os.dup2(high[1], 1)
    os.dup2(high[1], 2)
    os.dup2(high[2], PLAN)
    os.dup2(high[3], RESULTS)
    os.closerange(5, 256)
    os.chdir(place[0])
    os.execve(command[0], command, place[1])
