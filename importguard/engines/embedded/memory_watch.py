"""Hold a sandbox to its memory and its number of processes, where no control group does it.

A control group needs root or a delegated one. Resource limits count one process and address space, so that
code would see a MemoryError where the kernel kills it in production. So this looks every few milliseconds at
what all processes of the sandbox use together, with what they wrote (to memory: the overlay is a tmpfs), and
kills as the kernel would: the process with the highest ``oom_score`` (proc(5)).
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

from importguard.engines.base import Limits, MemoryUse

_SECONDS_BETWEEN_LOOKS = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


class MemoryWatch:
    """Watch the processes below ``first``, the sandbox's process 1 by its number on this machine.

    What they have written counts as memory from ``free_files`` bytes on. ``helpers`` are processes of this
    machine that have others run in the sandbox: what comes from them counts, they do not.
    """

    def __init__(self, first: int, limits: Limits, free_files: int = 0) -> None:
        self._first = first
        self._limits = limits
        self._free_files = free_files
        self.helpers = set[int]()
        self._ended = threading.Event()
        self.ran_out_of_memory = self.had_too_many_processes = False
        threading.Thread(target=self._look_until_ended, daemon=True).start()

    def end_watch(self) -> None:
        """Look no more."""
        self._ended.set()

    def memory_use(self) -> MemoryUse:
        """Measure what all processes use now; what they wrote is memory, too."""
        pids, written = self._processes(), _written_bytes(self._first)
        all_of_it = written + sum(_proportional_bytes(pid) for pid in pids)
        return MemoryUse(sum(_proportional_bytes(pid, "Pss_Anon:") for pid in pids), all_of_it, written)

    def _processes(self) -> list[int]:
        executed = [pid for helper in tuple(self.helpers) for pid in descendant_processes(helper)[1:]]
        return descendant_processes(self._first) + executed

    def _look_until_ended(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            # A process may end while it is looked at.
            with suppress(OSError, ValueError, IndexError):
                self._look()

    def _look(self) -> None:
        pids = self._processes()
        if len(pids) > self._limits.pids:
            self.had_too_many_processes = True
            _kill_process(self._first)
            return
        written = max(_written_bytes(self._first) - self._free_files, 0)
        if written + sum(map(_resident_bytes, pids)) <= self._limits.memory:
            return
        # Forks share pages, which the sum above counts for each; this one divides them, and takes longer.
        if written + sum(map(_proportional_bytes, pids)) > self._limits.memory:
            self.ran_out_of_memory = True
            _kill_process(max(pids, key=_oom_score))


def _kill_process(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def descendant_processes(first: int) -> list[int]:
    """``first`` and all processes that come from it; orphans are the sandbox's process 1's."""
    found, seen = [first], 0
    while seen < len(found):
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{found[seen]}/task"):
                text = _read(f"/proc/{found[seen]}/task/{thread}/children")
                found += map(int, text.split())
        seen += 1
    return found


def _read(path: str) -> str:
    with open(path) as stream:
        return stream.read()


def _resident_bytes(pid: int) -> int:
    with suppress(OSError, IndexError):
        return int(_read(f"/proc/{pid}/statm").split()[1]) * _PAGE
    return 0


def _proportional_bytes(pid: int, kind: str = "Pss:") -> int:
    with suppress(OSError):
        for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith(kind):
                return int(line.split()[1]) * 1024
    return 0


def _oom_score(pid: int) -> int:
    with suppress(OSError, ValueError):
        return int(_read(f"/proc/{pid}/oom_score"))
    return -1


def _written_bytes(first: int) -> int:
    """What the sandbox's root holds besides the image.

    On a busy machine its process 1 may still be on its way there, and have this machine's root.
    """
    with suppress(OSError):
        if os.stat(f"/proc/{first}/root/").st_dev == os.stat("/").st_dev:
            return 0
        status = os.statvfs(f"/proc/{first}/root/")
        return (status.f_blocks - status.f_bfree) * status.f_frsize
    return 0
