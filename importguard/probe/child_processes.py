"""Children of the supervisor that may hang or crash without harm to it."""

from __future__ import annotations

import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Callable
else:
    import _signal as signal  # Built in. The module around it loads enum, collections and more.


def call_in_child(action: Callable[[], None], seconds: float) -> bool:
    """Call ``action`` in a child of its own, so that no file that it meets can end or hold up this process.

    False where it did not come to its end within ``seconds``. Ends this process, as the supervisor does, when
    standard input ends.
    """
    done, done_end = os.pipe()
    child = os.fork()
    if child == 0:
        end_first_without_memory()
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
        return bool(read_available(done))
    finally:
        os.close(done)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def read_available(descriptor: int) -> bytes:
    """What a non-blocking descriptor has now; nothing where there is nothing."""
    try:
        return os.read(descriptor, 1 << 16)
    except (BlockingIOError, InterruptedError):
        return b""


def end_first_without_memory() -> None:
    """Let the kernel end this process before others when memory runs out (proc_pid_oom_score_adj(5))."""
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    except OSError:
        pass
