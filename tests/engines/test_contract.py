"""What every engine promises (``importguard.engines.base.Engine``), tried with real containers."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engines.conftest import (
    containers,
    docker,
    is_of_control_groups_1,
    known_to,
    remove_image,
    what_is_left,
)

from importguard.engines.base import CommandNotFound, Engine, Exit, Image, Limits, Service
from importguard.errors import EngineError, ImageError

LIMITS = Limits(memory=256 * 1024**2, seconds=60)


ONLY_DOCKER = pytest.mark.parametrize("engine", ["docker"], indirect=True)
"""For what no other engine does."""


def run(
    engine: Engine, image: Image, *command: str, env: Sequence[str] = (), limits: Limits = LIMITS
) -> tuple[bytes, Exit]:
    """Run to the end; give the output and the exit."""
    with engine.run(image, command, env, limits) as running:
        output = b"".join(running.output)
    assert running.exit is not None
    await_removals(engine)
    assert what_is_left() == []
    return output, running.exit


def await_removals(engine: Engine) -> None:
    """A daemon removes what has ended beside what comes next. Closing would end the embedded one's images."""
    if engine.kind != "embedded":  # type: ignore[attr-defined]
        engine.close()


def observe(engine: Engine, image: Image, expression: str) -> Any:
    """Evaluate a Python expression in a container."""
    code = f"import json, os, re; print(json.dumps({expression}))"
    return json.loads(run(engine, image, "python3", "-c", code)[0])


def test_the_history_ends_with_the_last_instruction(engine: Engine, image: Image) -> None:
    history = engine.history(image)
    assert history[-1] == 'CMD ["python3"]'
    assert "WORKDIR /data" in history


def test_image_tells_its_configuration(image: Image, reference: str) -> None:
    assert image.reference == reference
    assert image.id.startswith("sha256:")
    assert image.platform.startswith("linux/")
    assert (image.workdir, image.user, image.entrypoint, image.cmd) == ("/data", "", (), ("python3",))
    assert "FROM_IMAGE=1" in image.env


@ONLY_DOCKER
def test_programs_are_found_by_their_paths(engine: Engine, image: Image) -> None:
    """Links and what may be executed; nothing is left of the container that is made for it."""
    pattern = re.compile(r"/usr/local/bin/(bad-format|not-executable|none)")
    assert engine.find_programs(image, pattern) == ["/usr/local/bin/bad-format"]
    assert what_is_left() == []


@ONLY_DOCKER
def test_image_is_found_by_its_id(engine: Engine, image: Image) -> None:
    assert engine.image(image.id, pull="missing", platform=None).id == image.id


@ONLY_DOCKER
def test_missing_image_is_not_pulled_against_the_policy(engine: Engine) -> None:
    with pytest.raises(ImageError, match=r"no local image importguard-test-nowhere:1.*--pull"):
        engine.image("importguard-test-nowhere:1", pull="never", platform=None)


@ONLY_DOCKER
def test_missing_id_is_not_looked_for_in_a_registry(engine: Engine) -> None:
    with pytest.raises(ImageError, match="cannot be pulled"):
        engine.image("sha256:" + "0" * 64, pull="missing", platform=None)


def test_image_of_another_platform_is_none(engine: Engine, reference: str) -> None:
    with pytest.raises(ImageError, match="for linux/s390x"):
        engine.image(reference, pull="never", platform="linux/s390x")


def test_image_of_the_asked_platform_runs(engine: Engine, reference: str, image: Image) -> None:
    asked = engine.image(reference, pull="never", platform=image.platform)
    assert run(engine, asked, "echo", "x") == (b"x\n", Exit(0))


@ONLY_DOCKER
def test_words_that_are_no_reference(engine: Engine) -> None:
    with pytest.raises(ImageError, match="Not A Reference"):
        engine.image("Not A Reference", pull="never", platform=None)


def test_output_of_both_streams_and_exit_code(engine: Engine, image: Image) -> None:
    output, ended = run(engine, image, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert sorted(output.split()) == [b"err", b"out"]
    assert ended == Exit(7)


def test_starts_in_the_workdir_with_the_image_environment_and_ours(engine: Engine, image: Image) -> None:
    output, _ = run(engine, image, "sh", "-c", "echo $PWD $FROM_IMAGE $OURS", env=["OURS=a b"])
    assert output == b"/data 1 a b\n"


def test_any_port_may_be_bound_without_a_privilege(engine: Engine, image: Image) -> None:
    code = "import socket; socket.socket().bind(('', 80)); socket.socket(2, 2, 1); print('bound')"
    users = ("", "1000:1000") if engine.kind != "podman" else ("",)  # type: ignore[attr-defined]
    for asked in (replace(image, user=user) for user in users):
        assert run(engine, asked, "python3", "-c", code) == (b"bound\n", Exit(0))


def test_a_numeric_user_gets_no_account(engine: Engine, image: Image) -> None:
    """Podman would make one: ``getpass.getuser()`` at import would pass there, and fail in production."""
    code = "import os, pwd; print(os.getuid(), os.getgid(), [u for u in pwd.getpwall() if u.pw_uid == 4321])"
    for user, gid in (("4321", 0), ("4321:99", 99), ("4321:root", 0)):
        asked = replace(image, user=user)
        assert run(engine, asked, "python3", "-c", code) == (b"4321 %d []\n" % gid, Exit(0))


def test_long_arguments_and_output_arrive_whole(engine: Engine, image: Image) -> None:
    argument = "x" * 120_000
    output, _ = run(engine, image, "python3", "-c", "import sys; print(sys.argv[1] * 20)", argument)
    assert output == (argument * 20 + "\n").encode()


def test_flood_of_output_costs_no_memory(engine: Engine, image: Image) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with engine.run(image, ["head", "-c", "1000000000", "/dev/zero"], [], LIMITS) as running:
        assert sum(len(chunk) for chunk in running.output) == 1_000_000_000
    assert running.exit == Exit(0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB


def test_killed_when_its_time_is_over(engine: Engine, image: Image) -> None:
    output, ended = run(
        engine, image, "sh", "-c", "echo begun; sleep 600", limits=Limits(memory=2**28, seconds=1)
    )
    assert output == b"begun\n"
    assert ended == Exit(137, timed_out=True)


def test_killed_for_memory(engine: Engine, with_limits: None, image: Image) -> None:
    _, ended = run(
        engine, image, "python3", "-c", "x = b'x' * 10**9", limits=Limits(memory=2**26, seconds=60)
    )
    # Podman says why only as long as the container is there, and has no event of it.
    assert ended == Exit(137, out_of_memory=engine.kind != "podman")  # type: ignore[attr-defined]


def test_a_large_file_is_no_memory(engine: Engine, image: Image) -> None:
    """In production it is on a disk. Where it lies in memory, nothing else may be killed for it."""
    write = "f = open('/tmp/large', 'wb'); [f.write(b'x' * 2**24) for _ in range(20)]; f.close()"
    assert run(engine, image, "python3", "-c", f"{write}; import time; time.sleep(0.3)") == (b"", Exit(0))


def test_standard_input_stays_open(engine: Engine, image: Image) -> None:
    code = "import select, sys; print(select.select([sys.stdin], [], [], 1)[0])"
    assert run(engine, image, "python3", "-c", code)[0] == b"[]\n"


@ONLY_DOCKER
def test_left_early_is_removed_with_its_volume(engine: Engine, image: Image) -> None:
    with engine.run(image, ["sh", "-c", "echo begun; sleep 60"], [], LIMITS) as running:
        assert next(running.output) == b"begun\n"
        (container,) = containers(os.getpid())
        volume = docker("inspect", "-f", "{{range .Mounts}}{{.Name}}{{end}}", container)
        assert docker("volume", "ls", "-q", "--filter", f"name={volume}") == volume
    await_removals(engine)
    assert what_is_left() == []
    assert docker("volume", "ls", "-q", "--filter", f"name={volume}") == ""
    assert running.exit is None


def test_never_iterated_is_removed(engine: Engine, image: Image) -> None:
    with engine.run(image, ["sleep", "60"], [], LIMITS):
        assert len(what_is_left()) == 1
    await_removals(engine)
    assert what_is_left() == []


def test_removed_when_its_reader_fails(engine: Engine, image: Image) -> None:
    with pytest.raises(ZeroDivisionError), engine.run(image, ["sleep", "60"], [], LIMITS):
        raise ZeroDivisionError
    assert what_is_left() == []


@ONLY_DOCKER
def test_volume_is_removed_at_the_end(engine: Engine, image: Image) -> None:
    limits = Limits(memory=2**28, seconds=2)
    with engine.run(image, ["sh", "-c", "echo begun; read x"], [], limits) as running:
        assert next(running.output) == b"begun\n"
        (container,) = containers(os.getpid())
        volume = docker("inspect", "-f", "{{range .Mounts}}{{.Name}}{{end}}", container)
        assert list(running.output) == []
    await_removals(engine)
    assert docker("volume", "ls", "-q", "--filter", f"name={volume}") == ""


def test_two_at_once(engine: Engine, image: Image) -> None:
    one, two = (engine.run(image, ["sh", "-c", f"sleep 0.3; echo {n}"], [], LIMITS) for n in (1, 2))
    with one as first, two as second:
        assert (list(second.output), list(first.output)) == ([b"2\n"], [b"1\n"])
    await_removals(engine)
    assert what_is_left() == []


@ONLY_DOCKER
def test_nothing_but_loopback(engine: Engine, image: Image) -> None:
    assert observe(engine, image, "os.listdir('/sys/class/net')") == ["lo"]


@ONLY_DOCKER
def test_capabilities_are_those_of_files_and_ports(engine: Engine, image: Image) -> None:
    status = observe(
        engine, image, "dict(re.findall(r'(\\w+):\\s+(\\w+)\\n', open('/proc/self/status').read()))"
    )
    # linux/capability.h: CHOWN, DAC_OVERRIDE, FOWNER, NET_BIND_SERVICE
    granted = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 10
    for kind in ("CapEff", "CapPrm", "CapBnd"):
        assert int(status[kind], 16) == granted
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_root_reads_files_of_others(engine: Engine, image: Image) -> None:
    assert observe(engine, image, "open('/private/file').read()") == "secret\n"


def test_no_docker_socket_and_no_host_mounts(engine: Engine, image: Image) -> None:
    assert observe(
        engine, image, "[os.path.exists(p) for p in ('/var/run/docker.sock', '/run/docker.sock')]"
    ) == [
        False,
        False,
    ]


def test_limits(engine: Engine, image: Image) -> None:
    limits = "[open('/sys/fs/cgroup/%s' % n).read().strip() for n in ('pids.max', 'memory.max')]"
    code = f"os.path.exists('/sys/fs/cgroup/cgroup.controllers') and {limits}"
    version_2 = observe(engine, image, code)
    if version_2:
        assert version_2 == ["4096", str(LIMITS.memory)]
    used = observe(engine, image, "[__import__('resource').getrlimit(n)[1] for n in (4, 1)]")
    if not engine.limits_not_held():
        assert used == [0, 1024**3]  # RLIMIT_CORE, RLIMIT_FSIZE


def test_limits_that_do_not_hold_are_told(engine: Engine) -> None:
    told = engine.limits_not_held()
    assert bool(told) == engine.is_of_a_user  # type: ignore[attr-defined]
    assert ("memory" in told) == (bool(told) and is_of_control_groups_1())


@ONLY_DOCKER
def test_no_log_on_the_host(engine: Engine, image: Image) -> None:
    asked = "{{.HostConfig.LogConfig.Type}} {{.HostConfig.Init}} {{.HostConfig.Binds}}"
    with engine.run(image, ["sleep", "60"], [], LIMITS):
        (container,) = containers(os.getpid())
        driver, init, mounts = docker("inspect", "-f", asked, container).split()
    assert (driver, init, mounts) == ("none", "false", "[]")


@pytest.mark.parametrize("program", ["nowhere", "/nowhere/python3", "not-executable", "/tmp", "bad-shebang"])
def test_command_not_found(engine: Engine, image: Image, program: str) -> None:
    with pytest.raises(CommandNotFound, match=program):
        run(engine, image, program)
    assert what_is_left() == []


def test_program_of_another_platform(engine: Engine, image: Image) -> None:
    with pytest.raises(EngineError, match="--platform"):
        run(engine, image, "bad-format")
    assert what_is_left() == []


@contextmanager
def reconfigured(engine: Engine, reference: str, change: str, folder: Path) -> Iterator[Image]:
    """The image with another configuration and the same files: a builder would refuse some of them."""
    name = f"importguard-test-reconfigured-{os.getpid()}"
    container = docker("create", reference, "true")
    try:
        docker("commit", "--change", change, container, name)
        yield engine.image(known_to(engine, name, folder), pull="never", platform=None)
    finally:
        docker("rm", "-f", "-v", container)
        remove_image(name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("USER nobody-here", "/etc/passwd"),
        ("USER 0:nobody-here", "/etc/group"),
        ("WORKDIR /usr/local/bin/not-executable", "WORKDIR is a file"),
    ],
)
def test_image_that_cannot_start(
    engine: Engine, docker_reference: str, change: str, message: str, tmp_path: Path
) -> None:
    with (
        reconfigured(engine, docker_reference, change, tmp_path) as image,
        pytest.raises(EngineError, match=message),
    ):
        run(engine, image, "python3", "-V")
    assert what_is_left() == []


def test_workdir_that_is_absent_is_made(engine: Engine, docker_reference: str, tmp_path: Path) -> None:
    with reconfigured(engine, docker_reference, "WORKDIR /not/there", tmp_path) as image:
        assert run(engine, image, "pwd")[0] == b"/not/there\n"


@pytest.mark.parametrize(("user", "reads"), [("1234", True), ("4321", False)])
def test_a_user_may_do_what_production_lets_it(
    engine: Engine, docker_reference: str, user: str, reads: bool, tmp_path: Path
) -> None:
    with reconfigured(engine, docker_reference, f"USER {user}", tmp_path) as image:
        asked = [("/private/file", "R"), *((path, "W") for path in ("/usr", "/", "/etc/passwd", "/tmp"))]
        # With effective ids, or access(2) leaves the capabilities of who is not root out.
        granted = (f"os.access({path!r}, os.{mode}_OK, effective_ids=True)" for path, mode in asked)
        seen = observe(engine, image, f"[os.getuid(), {', '.join(granted)}]")
        assert seen == [int(user), reads, False, False, False, True]


def test_values_of_the_environment_are_never_told(engine: Engine, image: Image) -> None:
    with pytest.raises(EngineError) as raised:
        run(engine, image, "true", env=["=hidden-value"])
    assert "hidden-value" not in str(raised.value)


@ONLY_DOCKER
def test_unknown_network(engine: Engine, image: Image) -> None:
    limits = LIMITS._replace(network="importguard-nowhere")
    with pytest.raises(EngineError, match="--network"):
        run(engine, image, "true", limits=limits)
    assert what_is_left() == []


@pytest.mark.parametrize("size", [1000, 150_000, 3_000_000])
def test_standard_input_arrives_whole(engine: Engine, image: Image, size: int) -> None:
    given = bytes(range(250)) * (size // 250)
    with engine.run(image, ["head", "-c", str(size)], [], LIMITS, lambda: given) as running:
        assert b"".join(running.output) == given
    assert running.exit == Exit(0)


@pytest.mark.parametrize("size", [1000, 150_000, 400_000, 3_000_000])
def test_input_that_is_not_read_is_no_error(engine: Engine, image: Image, size: int) -> None:
    command = ["sh", "-c", "echo ended; exit 3"]
    with engine.run(image, command, [], LIMITS, lambda: b"x" * size) as running:
        output = b"".join(running.output)
        # Podman tells in the output that nobody has read it, and may lose what else was there.
        unread = engine.kind == "podman" and re.search(rb"broken pipe|connection reset by peer", output)  # type: ignore[attr-defined]
        assert output == b"ended\n" or unread
    assert running.exit == Exit(3)
    absent = engine.run(image, ["/not/there"], [], LIMITS, lambda: b"x" * size)
    with pytest.raises(CommandNotFound), absent as running:
        b"".join(running.output)


def test_a_program_may_print_before_it_reads(engine: Engine, image: Image) -> None:
    command = ["sh", "-c", "head -c 20000000 /dev/zero; head -c 3000000 >/dev/null; echo read"]
    with engine.run(image, command, [], LIMITS, lambda: b"x" * 3_000_000) as running:
        assert b"".join(running.output).endswith(b"\0read\n")


def test_what_is_to_happen_first_happens_before_the_start(engine: Engine, image: Image) -> None:
    done: list[float] = []
    now = "import time; print(time.monotonic())"
    with engine.run(
        image, ["python3", "-c", now], [], LIMITS, first=lambda: done.append(time.monotonic())
    ) as running:
        assert done[0] < float(b"".join(running.output))

    def fail() -> None:
        raise RuntimeError("it is not there")

    with pytest.raises(RuntimeError), engine.run(image, ["true"], [], LIMITS, first=fail):
        pass
    assert what_is_left() == []


def need_network_devices(engine: Engine) -> None:
    """Skip where an ordinary user may not make them, as networks of their Podman's need."""
    if engine.is_of_a_user and not os.stat("/dev/net/tun").st_mode & 0o002:  # type: ignore[attr-defined]
        pytest.skip("an ordinary user may not make network devices here (/dev/net/tun)")


@contextmanager
def service(engine: Engine, image: Image, *command: str, **more: Any) -> Iterator[tuple[Service, str]]:
    """A service in a network of its own; nothing is left of either."""
    need_network_devices(engine)
    with engine.network() as network:
        limits = LIMITS._replace(network=network, usual_privileges=True)
        with closing(engine.create_service(image, ["OURS=1"], limits, command=command, **more)) as made:
            made.start()
            yield made, network
    engine.close()  # waits for the removal
    assert what_is_left() == []
    assert docker("network", "ls", "-q", "--filter", f"label=importguard={os.getpid()}") == ""


def test_a_service_runs_its_command_and_tells_its_end(engine: Engine, image: Image) -> None:
    with service(engine, image, "sh", "-c", "echo $OURS $PWD $$; echo bad >&2; exit 5") as (started, _):
        assert started.wait(60)
        assert started.exit() == Exit(5)
        assert sorted(started.log().split()) == [b"/data", b"1", b"1", b"bad"]
        assert not started.ran_out_of_memory()


def test_a_service_that_hears_sigterm(engine: Engine, image: Image) -> None:
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(0)); print('up', flush=True)"
    with service(engine, image, "python3", "-c", code + "; time.sleep(600)") as (started, _):
        while b"up" not in started.log():
            assert not started.wait(0.1)
        assert started.exit() is None
        assert not started.stop(30).killed
        assert started.exit() == Exit(0)


def test_an_engine_says_which_privileges_it_withholds(engine: Engine, image: Image) -> None:
    """A change of users is not permitted there, and no invalid argument, which could be any mistake."""
    code = """import os
try:
    os.listdir("/sys/devices")
    os.chown("/tmp", 33, 33)
    os.setuid(33)
except OSError as error:
    print(type(error).__name__, error)"""
    limits = LIMITS._replace(usual_privileges=True)
    output, _ = run(engine, image, "python3", "-c", code.replace("/sys/devices", "/sys"), limits=limits)
    assert output.startswith(b"PermissionError [Errno 1]") is engine.withholds_privileges
    output, _ = run(engine, image, "python3", "-c", code, limits=limits)
    assert output.startswith(b"FileNotFoundError") is engine.withholds_privileges


def test_a_service_that_changes_its_user(engine: Engine, image: Image) -> None:
    """The embedded engine has no other user, and says so."""
    code = "import os; os.setgroups([]); os.setgid(33); os.setuid(33); print(os.getuid())"
    with service(engine, image, "python3", "-c", code) as (started, _):
        assert started.wait(60)
        if engine.kind == "embedded":  # type: ignore[attr-defined]
            assert "changes its user" in started.withheld()
        else:
            assert (started.exit(), started.log(), started.withheld()) == (Exit(0), b"33\n", "")


def test_a_service_that_does_not_is_killed(engine: Engine, image: Image) -> None:
    with service(engine, image, "sleep", "600") as (started, _):
        assert started.stop(0.5).killed


def test_a_service_is_killed_for_memory(engine: Engine, with_limits: None, image: Image) -> None:
    with service(engine, image, "python3", "-c", "x = b'x' * 10**9") as (started, _):
        assert started.wait(60)
        assert started.exit() == Exit(137, out_of_memory=True)
        assert started.ran_out_of_memory()


def test_the_memory_of_a_service_and_its_files_are_told_apart(engine: Engine, image: Image) -> None:
    code = "import time; x = b'x' * 10**8; open('/tmp/f', 'wb').write(b'y' * 10**7); print('up', flush=True)"
    with service(engine, image, "python3", "-c", code + "; time.sleep(600)") as (started, _):
        while b"up" not in started.log():
            assert not started.wait(0.1)
        held, most, written = started.memory_use()
        assert (held > 10**8, most >= held, written >= 10**7) == (True, True, True)


def test_a_log_without_end_costs_little(engine: Engine, image: Image) -> None:
    code = "print('first'); print('x' * 10**7); print('last')"
    with service(engine, image, "python3", "-c", code) as (started, _):
        assert started.wait(60)
        log = started.log()
        assert (log.startswith(b"first"), log.endswith(b"last\n"), len(log) < 10**6) == (True, True, True)


def test_a_command_in_a_service(engine: Engine, image: Image) -> None:
    with service(engine, image, "sleep", "600") as (started, _):
        assert started.execute(["sh", "-c", "echo $OURS; exit 4"], 60) == (4, b"1\n")
        assert started.execute(["sh", "-c", "echo waits; sleep 1000"], 1) == (124, b"waits\n")
        assert started.execute(["no-such-program"], 60)[0] in (126, 127)


def test_beside_a_service_its_network_and_processes_are_seen(engine: Engine, image: Image) -> None:
    with service(engine, image, "sleep", "601") as (started, _):
        beside = LIMITS._replace(beside=started.id)
        with engine.run(image, ["cat", "/proc/1/cmdline"], [], beside) as running:
            assert b"".join(running.output) == b"sleep\x00601\x00"


def test_what_is_beside_a_service_may_be_created_before_it_starts(engine: Engine, image: Image) -> None:
    need_network_devices(engine)
    with engine.network() as network:
        limits = LIMITS._replace(network=network)
        command = ["sleep", "602"]
        with closing(engine.create_service(image, [], limits, command=command)) as made:
            beside = LIMITS._replace(beside=made.id)
            shown = ["cat", "/proc/1/cmdline"]
            with engine.run(image, shown, [], beside, first=made.start) as running:
                assert b"".join(running.output) == b"sleep\x00602\x00"


def test_services_reach_one_another_by_name_and_nothing_else(engine: Engine, image: Image) -> None:
    with service(engine, image, "sleep", "600", names=["shop"]) as (_, network):
        code = (
            "import socket; print(bool(socket.gethostbyname('shop')))\n"
            "try: socket.create_connection(('192.0.2.1', 80), 30)\n"
            "except OSError as error: print(error.errno)\n"
        )
        joined = LIMITS._replace(network=network)
        with engine.run(image, ["python3", "-c", code], [], joined) as running:
            assert b"".join(running.output).split() == [b"True", str(errno.ENETUNREACH).encode()]


def test_a_published_port_is_on_loopback(engine: Engine, image: Image) -> None:
    server = ("python3", "-m", "http.server", "8080")
    with service(engine, image, *server, publish=[8080]) as (started, _):
        address = started.address(8080)
        assert address is not None
        assert address.startswith("127.0.0.1:")
        assert started.address(8081) is None


def test_a_program_in_place_of_the_entry_point(engine: Engine, image: Image) -> None:
    with service(engine, image, program=["sh", "-c", "echo ours"]) as (started, _):
        assert started.wait(60)
        assert started.log() == b"ours\n"


def test_a_service_whose_program_is_not_there(engine: Engine, image: Image) -> None:
    with pytest.raises(CommandNotFound), service(engine, image, "no-such-program"):
        pass
