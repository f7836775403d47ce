"""What a failed health check says, in the words of shells and of Docker."""

from __future__ import annotations

import pytest

from importguard.evidence.starts import CommandResult
from importguard.failures.health_checks import missing_program, programs_not_found


@pytest.mark.parametrize(
    ("command", "code", "output", "program"),
    [
        ("/bin/sh -c 'curl -f http://localhost/ || exit 1'", 1, "/bin/sh: 1: curl: not found\n", "curl"),
        ("/bin/sh -c 'curl -f http://localhost/'", 127, "/bin/sh: curl: not found\n", "curl"),
        ("bash -c 'wget -q localhost'", 127, "bash: line 1: wget: command not found", "wget"),
        (
            "curl -f http://localhost/",
            126,
            'OCI runtime exec failed: exec: "curl": executable file not found in $PATH: unknown\r\n',
            "curl",
        ),
        # Another program may come to succeed.
        ("/bin/sh -c 'curl localhost || wget -q localhost'", 1, "/bin/sh: 1: curl: not found", ""),
        ("/bin/sh -c /check.sh", 1, "/check.sh: 3: curl: not found", ""),
        ("/bin/sh -c /check.sh", 1, "/bin/sh: 1: curl: not found", ""),
        ("/bin/sh -c 'curl localhost'", 22, "curl: (22) The requested URL returned error: 503", ""),
        ("/bin/sh -c 'curl localhost'", 0, "/bin/sh: 1: curl: not found", ""),
    ],
)
def test_a_program_that_is_not_in_the_image(command: str, code: int, output: str, program: str) -> None:
    assert missing_program(CommandResult(command, code, output)) == program


@pytest.mark.parametrize(
    ("command", "output", "programs"),
    [
        ("sh -c 'case $S in 1) curl -k x;; *) curl x;; esac'", "sh: 1: curl: not found", ("curl",)),
        ("sh -c 'curl x || wget x'", "sh: 1: curl: not found\nsh: 1: wget: not found\n", ("curl", "wget")),
        ("sh -c 'curl x || wget x'", "sh: 1: curl: not found\nwget: server returned error 500\n", ()),
        ("sh -c ./check.sh", "./check.sh: 3: curl: not found", ()),
        ("sh -c 'curl x'", "", ()),
    ],
)
def test_programs_of_several_that_are_not_in_the_image(
    command: str, output: str, programs: tuple[str, ...]
) -> None:
    assert programs_not_found(CommandResult(command, 1, output)) == programs
