"""A program of its own: it makes the network of started services, and enters the namespaces of one.

    make                                  a user namespace, and in it a network with a bridge
    attach USER NET NUMBER -- …           a network namespace on that bridge, and a program in it
    enter USER NET -- …                   a program in a network namespace that is there
    execute PIDFD FILTER VARIABLES SIZE PROCESSES WORKDIR -- …   a program among a sandbox's processes
    forward USER NET LISTENER PORT        what connects to LISTENER reaches PORT in there

USER and NET are descriptors of namespaces; FILTER and VARIABLES are descriptors too, to be read. No root is
needed: the user namespace maps one user, this one, to its root, who may make devices and addresses in it and
nothing outside (user_namespaces(7)). Everything is released when the last process and the last descriptor are
gone. Standard library only: it may run as a user who can read nothing else, and it imports nothing once it is
inside a sandbox, whose files are hostile. An image's variables are never its own: this machine's dynamic
linker would load what LD_PRELOAD names.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

BRIDGE = "services"
NETWORK = "172.18"  # as Docker's first network; the number of a service fills the rest
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # CLONE_NEW… of linux/sched.h
_ALL_OF_A_SANDBOX = _NEW_USER | _NEW_NET | 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000
_SET_DEATH_SIGNAL, _DROP_BOUNDING, _NO_NEW_PRIVILEGES, _SECCOMP = 1, 24, 38, 22  # linux/prctl.h
_LAST_CAPABILITY = 63
_NEW_LINK, _NEW_ADDRESS = 16, 20  # RTM_… of linux/rtnetlink.h
_REQUEST, _ACKNOWLEDGE, _CREATE = 0x1, 0x4, 0x600  # NLM_F_…: the last with EXCL
_ERROR = 2
_UP = 1
_NAME, _MASTER, _INFO, _KIND, _DATA, _PEER, _NAMESPACE = 3, 10, 18, 1, 2, 1, 28  # IFLA_… of if_link.h

libc = ctypes.CDLL(None, use_errno=True)


def call_kernel(name: str, *arguments: object) -> None:
    """Call a function of libc that gives 0; raises OSError."""
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def make_network() -> None:
    """Make the namespaces and the bridge, say so, and hold them until standard input ends."""
    user, group = os.geteuid(), os.getegid()
    call_kernel("unshare", _NEW_USER | _NEW_NET)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as stream:
            stream.write(text)
    with _netlink() as kernel:
        _make_link(kernel, _text(_NAME, BRIDGE), _attribute(_INFO, _text(_KIND, "bridge")))
        _ask_kernel(kernel, _NEW_LINK, 0, _link(_UP, socket.if_nametoindex(BRIDGE)))
    sys.stdout.write("made\n")
    sys.stdout.flush()
    sys.stdin.read()


def attach_network(user: int, network: int, number: int) -> None:
    """Go to a new network namespace, with ``eth0`` on the bridge. Any port may be bound, as in Docker's."""
    enter_network(user, network)
    bridge = socket.if_nametoindex(BRIDGE)
    with _netlink() as outside:
        call_kernel("unshare", _NEW_NET)
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        peer = _link(0) + _text(_NAME, "eth0") + _number(_NAMESPACE, here)
        pair = _text(_KIND, "veth") + _attribute(_DATA, _attribute(_PEER, peer))
        name = _text(_NAME, f"to{number}")
        _make_link(outside, name, _number(_MASTER, bridge), _attribute(_INFO, pair))
        _ask_kernel(outside, _NEW_LINK, 0, _link(_UP) + name)
        os.close(here)
    with _netlink() as inside:
        eth0 = socket.if_nametoindex("eth0")
        for index in (socket.if_nametoindex("lo"), eth0):
            _ask_kernel(inside, _NEW_LINK, 0, _link(_UP, index))
        address = socket.inet_aton(service_address(number))
        head = struct.pack("=BBBBI", socket.AF_INET, 16, 0, 0, eth0)
        _ask_kernel(inside, _NEW_ADDRESS, _CREATE, head + _attribute(2, address) + _attribute(1, address))
    try:
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as stream:
            stream.write("0")
    except OSError:
        pass  # read-only in some containers: ports below 1024 are refused then


def enter_network(user: int, network: int) -> None:
    """Become root of the user namespace, in one of its networks."""
    call_kernel("setns", user, _NEW_USER)
    call_kernel("setns", network, _NEW_NET)


def service_address(number: int) -> str:
    """The address of the service of that number, from 1."""
    return f"{NETWORK}.{(number + 1) >> 8}.{(number + 1) & 255}"


def execute_inside(descriptors: list[int], limits: list[int], workdir: str, command: list[str]) -> int:
    """Run ``command`` in all namespaces of a process, with no privilege and filtered; give its exit code.

    ``descriptors`` are of the process, of the filter and of ``joined_variables``, which are all of its
    environment; ``limits`` are the bytes of a file, and the processes. 126 and 127 are a shell's.
    """
    pidfd, filter_fd, variables_fd = descriptors
    program = _read_descriptor(filter_fd)
    variables = _separated_variables(_read_descriptor(variables_fd))
    limit_resources(0, *limits)
    candidates = [os.fsencode(command[0])]
    if "/" not in command[0]:
        folders = variables.get(b"PATH", b"").split(b":")
        candidates = [folder + b"/" + os.fsencode(command[0]) for folder in folders]
    call_kernel("setns", pidfd, _ALL_OF_A_SANDBOX)
    os.close(pidfd)
    child = os.fork()  # The process namespace is that of children only.
    if child:
        status = os.waitpid(child, 0)[1]
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    code = 127
    try:
        os.chdir(workdir)
        _give_up_privileges(program)
        for candidate in candidates:
            try:
                os.execve(candidate, command, variables)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                code = 126
    finally:
        os._exit(code)


def limit_resources(process: int, file_bytes: int, processes: int) -> None:
    """Set what the kernel limits for each process and those that it starts; 0 is this one (prlimit(2)).

    A limit that is lower already, as by ``ulimit``, stays: only root may raise it.
    """
    wanted = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": file_bytes, "RLIMIT_NPROC": processes}
    for name, most in wanted.items():
        _, hard = resource.prlimit(process, getattr(resource, name))
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.prlimit(process, getattr(resource, name), (most, most))


def joined_variables(variables: Mapping[str, str]) -> bytes:
    """Variables of an environment as ``execute`` reads them."""
    return b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in variables.items())


def _separated_variables(joined: bytes) -> dict[bytes, bytes]:
    """What was joined by ``joined_variables``."""
    pairs = (item.partition(b"=") for item in joined.split(b"\0") if item)
    return {name: value for name, _, value in pairs}


def _read_descriptor(descriptor: int) -> bytes:
    """All that can be read from a descriptor, which is closed."""
    with open(descriptor, "rb") as stream:
        return stream.read()


def _give_up_privileges(program: bytes) -> None:
    """Drop what root of the namespace could do, and filter system calls, as bubblewrap does (prctl(2))."""
    for capability in range(_LAST_CAPABILITY + 1):
        libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0)  # Those that the kernel does not know are none.
    call_kernel("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))  # struct sock_fprog
    call_kernel("prctl", _SECCOMP, 2, ctypes.c_char_p(head), 0, 0)
    call_kernel("prctl", _SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def forward_connections(user: int, network: int, listener: int, port: int) -> None:
    """Pass what connects to a socket of this machine on to a port in there, for ever."""
    import asyncio

    enter_network(user, network)

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
            target.write_eof()  # The other direction may go on.
        except OSError:
            target.close()  # Nor would the other end hear of it otherwise.

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, onward = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, onward), copy(back, writer))
        onward.close()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(accept, sock=socket.socket(fileno=listener))
        await server.serve_forever()

    asyncio.run(serve())


def _netlink() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)


def _make_link(kernel: socket.socket, *attributes: bytes) -> None:
    _ask_kernel(kernel, _NEW_LINK, _CREATE, _link(0) + b"".join(attributes))


def _link(flags: int, index: int = 0) -> bytes:
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


def _ask_kernel(kernel: socket.socket, kind: int, flags: int, body: bytes) -> None:
    """Send one request and read its acknowledgement (netlink(7)); raises OSError."""
    head = struct.pack("=IHHII", 16 + len(body), kind, _REQUEST | _ACKNOWLEDGE | flags, 1, 0)
    kernel.send(head + body)
    answer = kernel.recv(65536)
    if struct.unpack_from("=H", answer, 4)[0] == _ERROR:
        number = -struct.unpack_from("=i", answer, 16)[0]
        if number:
            raise OSError(number, f"netlink: {os.strerror(number)}")


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def _text(kind: int, text: str) -> bytes:
    return _attribute(kind, text.encode() + b"\0")


def _number(kind: int, number: int) -> bytes:
    return _attribute(kind, struct.pack("=I", number))


def main(words: list[str]) -> None:
    """Do what the words ask for; a failure is one line on standard error."""
    parent = os.getppid()
    at = words.index("--") if "--" in words else len(words)
    verb, given, command = words[0], words[1:at], words[at + 1 :]
    if verb == "make":
        make_network()
        return
    if verb == "execute":
        numbers = [int(word) for word in given[:-1]]
        os._exit(execute_inside(numbers[:3], numbers[3:], given[-1], command))
    numbers = [int(word) for word in given]
    if verb == "attach":
        attach_network(*numbers)
    elif verb == "enter":
        enter_network(*numbers)
    if command:
        for descriptor in numbers[:2]:  # Those of the namespaces: what runs in there does not get them.
            os.close(descriptor)
    # Not before: the kernel forgets it with every change of privileges.
    call_kernel("prctl", _SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return  # Whoever asked for this is gone already.
    if verb == "forward":
        forward_connections(*numbers)
    os.execv(command[0], command)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"namespaces: {error}")
