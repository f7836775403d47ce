"""A filter of system calls for the sandbox, as Docker has one (seccomp(2)).

It refuses, with EPERM, what no import needs and what has let code out of containers: keyrings, BPF, kernel
modules, mounts, namespaces, io_uring. So it does with every user but the sandbox's own, who is the only one:
without it, the kernel calls the number of another one an invalid argument, which could be any mistake.
The numbers are those of Linux's syscall tables.
"""

from __future__ import annotations

import struct
from typing import Optional

_COMMON = (*range(425, 434), 442)  # io_uring_*, open_tree, move_mount, fs*, mount_setattr: everywhere alike
_REFUSED = {
    # acct, settimeofday, mount, umount2, swapon, swapoff, reboot, iopl, ioperm, create_module, init_module,
    # delete_module, quotactl, uselib, ustat, vhangup, pivot_root, lookup_dcookie, clock_settime, kexec_load,
    # add_key, request_key, keyctl, unshare, perf_event_open, name_to_handle_at, open_by_handle_at,
    # clock_adjtime, setns, kcmp, finit_module, kexec_file_load, bpf, userfaultfd, syslog
    "x86_64": (
        *(163, 164, 165, 166, 167, 168, 169, 172, 173, 174, 175, 176, 179, 134, 136, 153, 155, 212, 227, 246),
        *(248, 249, 250, 272, 298, 303, 304, 305, 308, 312, 313, 320, 321, 323, 103),
    ),
    # The same where they exist.
    "aarch64": (
        *(89, 170, 40, 39, 224, 225, 142, 105, 106, 60, 58, 41, 18, 112, 104, 217, 218, 219, 97, 241, 264),
        *(265, 266, 268, 272, 273, 294, 280, 282, 116),
    ),
}
# Which of the arguments are users (u) and groups (g), of: setuid, setgid, setreuid, setregid, setresuid,
# setresgid, fchown, fchownat, chown, lchown.
_OF_IDS = {
    "x86_64": {
        **dict(zip((105, 106, 113, 114, 117, 119), ("u", "g", "uu", "gg", "uuu", "ggg"))),
        **dict(zip((93, 260, 92, 94), ("_ug", "__ug", "_ug", "_ug"))),
    },
    "aarch64": {
        **dict(zip((146, 144, 145, 143, 147, 149), ("u", "g", "uu", "gg", "uuu", "ggg"))),
        **dict(zip((55, 54), ("_ug", "__ug"))),
    },
}
_UNCHANGED = 0xFFFFFFFF  # -1 leaves an id as it is
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_… of linux/audit.h
_X32_BIT = 0x40000000  # the same calls by other numbers (x86-64's x32 ABI)
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | errno


def system_call_filter(machine: str, uid: int, gid: int) -> Optional[bytes]:
    """The filter as a BPF program for ``machine`` (``uname -m``); None where none is known.

    ``uid`` and ``gid`` are the only ones that a process or a file may be given.
    """
    if machine not in _REFUSED:
        return None
    program = [
        (_LOAD, 0, 0, 4),  # struct seccomp_data: the architecture
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _ENOSYS),
        (_LOAD, 0, 0, 0),  # the call's number
        (_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _ENOSYS),
    ]
    for number in (*_REFUSED[machine], *_COMMON):
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _EPERM)]
    own = {"u": uid, "g": gid}
    for number, arguments in _OF_IDS[machine].items():
        checks = list[tuple[int, int, int, int]]()
        for position, kind in enumerate(arguments):
            if kind in own:
                checks += [
                    (_LOAD, 0, 0, 16 + 8 * position),  # its lower half: an id has 32 bits
                    (_EQUAL, 2, 0, own[kind]),
                    (_EQUAL, 1, 0, _UNCHANGED),
                    (_RETURN, 0, 0, _EPERM),
                ]
        checks.append((_RETURN, 0, 0, _ALLOW))
        program += [(_EQUAL, 0, len(checks), number), *checks]
    program.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
