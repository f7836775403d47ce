"""What a container's processes are and what they wait for, read from /proc (proc(5))."""

from __future__ import annotations

import os
import signal
import socket

from importguard.probe.asking.ports import (
    CONNECTED,
    CONNECTING,
    LISTEN,
    is_loopback,
    table_lines,
    tcp_sockets,
    text_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Tuple

    Process = Tuple[int, str, str, str]

    Endpoint = Tuple[str, int]

_UNIX_LISTENS = 0x10000
"""``__SO_ACCEPTCON`` of the column ``Flags`` of /proc/net/unix."""

_MOST_PROCESSES = 20
_LONGEST_COMMAND = 300


def connecting() -> list[Endpoint]:
    """Give (address, port) of every server that a process of the container tries to reach."""
    return sorted({remote for state, _, remote in tcp_sockets() if state == CONNECTING})


def connected() -> list[Endpoint]:
    """Give (address, port) of every server outside of the container that a process of it has reached."""
    sockets = list(tcp_sockets())
    own = {local[1] for state, local, _ in sockets if state == LISTEN}
    return sorted(
        {
            remote
            for state, local, remote in sockets
            if state == CONNECTED and local[1] not in own and not is_loopback(remote[0])
        }
    )


def named(endpoints: list[Endpoint], names: list[str]) -> list[Endpoint]:
    """The same with those of ``names`` that resolve to an address in its place."""
    known: dict[str, str] = {}
    for name in names:
        try:
            known[socket.gethostbyname(name)] = name
        except OSError:
            continue
    return [(known.get(address.rpartition(":ffff:")[2], address), port) for address, port in endpoints]


def unix_sockets() -> list[str]:
    """Give the paths of the UNIX sockets that listen."""
    paths: set[str] = set()
    for line in table_lines("/proc/net/unix"):
        fields = line.split(None, 7)
        if len(fields) == 8 and int(fields[3], 16) & _UNIX_LISTENS:
            paths.add(fields[7].strip())
    return sorted(paths)


def processes() -> list[Process]:
    """Give (number, command, state, what the kernel waits in) of the processes but this one."""
    found: list[Process] = []
    for number in sorted(process_numbers()):
        command = text_of(f"/proc/{number}/cmdline").replace("\0", " ").strip()
        if number != os.getpid() and command:
            state = _state(text_of(f"/proc/{number}/status"))
            wait = text_of(f"/proc/{number}/wchan").strip()
            found.append((number, command[:_LONGEST_COMMAND], state, "" if wait == "0" else wait))
    return found[:_MOST_PROCESSES]


def is_busy() -> bool:
    """Whether a process of the container but this one runs, would run, or waits for a disk (proc(5))."""
    return any(state in ("R", "D") for _, state, _ in _other_processes().values())


def sleep_of_a_script() -> int:
    """The number of the program ``sleep`` that all other processes but this one wait for; 0 where none is.

    It belongs to a shell that tries something again and again, such as ``until nc -z db 5432``.
    """
    others = {number: one for number, one in _other_processes().items() if one[1] != "Z"}
    for number in [number for number, (name, _, _) in others.items() if name == "sleep"]:
        waiting, parent = {number}, number
        while parent in others and others[parent][2] not in waiting:
            parent = others[parent][2]
            waiting.add(parent)
        if waiting.issuperset(others):
            return number
    return 0


def _other_processes() -> dict[int, tuple[str, str, int]]:
    """Give number → (name, state, number of its parent) of the container's processes but this one."""
    found: dict[int, tuple[str, str, int]] = {}
    for number in process_numbers() - {os.getpid()}:
        # The command's name may hold blanks and brackets.
        before, _, after = text_of(f"/proc/{number}/stat").rpartition(")")
        fields = after.split()
        if len(fields) > 1:
            found[number] = (before.partition("(")[2], fields[0], int(fields[1]))
    return found


def main_thread_sleeps() -> int:
    """Give how often the main threads of the processes but this one have gone to sleep so far."""
    total = 0
    for number in process_numbers() - {os.getpid()}:
        for line in text_of(f"/proc/{number}/status").splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                total += int(line.split()[1])
    return total


def hears_sigterm() -> bool:
    """Whether the container's first process handles SIGTERM, or waits for it as tini does."""
    return _is_in_mask(1, signal.SIGTERM, ("SigCgt", "SigBlk"))


def _is_in_mask(process: int, number: int, masks: tuple[str, ...]) -> bool:
    """Whether a signal is in one of a process's masks: SigCgt are those that it handles."""
    for line in text_of(f"/proc/{process}/status").splitlines():
        name, _, mask = line.partition(":")
        if name in masks and int(mask, 16) >> (number - 1) & 1:
            return True
    return False


def process_numbers() -> set[int]:
    """Give the numbers of the container's processes."""
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def dump_workers(waiting: set[int]) -> bool:
    """Let every Python of these processes but the first write where its threads are, and die; tell whether
    there is one.

    Whoever handles SIGSEGV is a Python with a fault handler, mostly. SIGABRT would not do: gunicorn's workers
    have a handler of their own for that.
    """
    dumped = False
    for number in waiting & process_numbers() - {1, os.getpid()}:
        if _is_in_mask(number, signal.SIGSEGV, ("SigCgt",)):
            try:
                os.kill(number, signal.SIGSEGV)
                dumped = True
            except OSError:
                continue
    return dumped


def memory_peak() -> int:
    """Give the most memory that the container has had, cached files included, in bytes; 0 where unknown.

    The kernel's documentation: memory.peak of control groups version 2, memory.max_usage_in_bytes of 1.
    """
    folder = "/proc/1/root/sys/fs/cgroup"
    text = text_of(f"{folder}/memory.peak") or text_of(f"{folder}/memory/memory.max_usage_in_bytes")
    return int(text) if text.strip().isdigit() else 0


def _state(status: str) -> str:
    for line in status.splitlines():
        if line.startswith("State:"):
            return line.split(None, 1)[1].strip()
    return ""
