"""What the service listens on, and what that says of one whose wanted port does not come."""

from __future__ import annotations

from importguard.probe.asking.ports import accepts, is_loopback, listeners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from importguard.probe.asking.activity import Activity

    Values = Dict[str, Any]

_REQUEST_SECONDS = 2.0  # that a request to a port which nobody asked for may take


class Listening:
    """The sockets that are open now. ``request``: as of ``Conversation``."""

    def __init__(self, request: Values) -> None:
        self.request = request
        self.asked: set[tuple[str, int]] = set()

    def open_ports(self) -> dict[int, str]:
        """Give port → the loopback address that reaches it, of what others can reach too."""
        found: dict[int, str] = {}
        for address, port in listeners():
            if not is_loopback(address):
                own = "127.0.0.1" if address in ("0.0.0.0", "::") else address
                found[port] = own
        return found

    def ipv6_only_ports(self) -> list[int]:
        """Give the ports of ``::`` that do not accept over IPv4, such as those of uvicorn ``--host ::``.

        The kernel's tables do not show the option IPV6_V6ONLY of a socket.
        """
        found = listeners()
        everywhere = {port for address, port in found if address == "::"}
        both = {port for address, port in found if address == "0.0.0.0"}
        return sorted(port for port in everywhere - both if not accepts("127.0.0.1", port))

    def is_bound_inside(self) -> bool:
        """Whether all wanted ports are taken where nobody else reaches them."""
        inside = {port for address, port in listeners() if is_loopback(address)}
        return bool(self.request["ports"]) and inside.issuperset(self.request["ports"])

    def is_idle_without_port(self, activity: Activity) -> bool:
        """Whether it listens nowhere, tries to reach nobody, and has not worked for a while."""
        from importguard.probe.asking.sockets import connecting

        return activity.is_at_rest() and not listeners() and not connecting()

    def is_open_inside_alone(self) -> bool:
        """Whether it listens, nobody else reaches any of that, and nobody says how long a start may take."""
        addresses = [address for address, _ in listeners()] if self.request["default_time"] else []
        return bool(addresses) and all(is_loopback(address) for address in addresses)

    def is_open_elsewhere(self) -> bool:
        """Whether others reach a port that is none of the wanted ones, and nobody says how long a start may
        take."""
        return bool(self.request["default_time"] and self.open_ports())

    def serves_there(self) -> bool:
        """Whether a port that is not wanted answers HTTP: its server is up, and no helper of one to come.

        Where others reach it, as they do one of metrics, the main thread has to serve it. Each is asked once.
        """
        from importguard.probe.asking.activity import wakes_main_thread
        from importguard.probe.asking.exchanges import ask_http

        for address, port in listeners():
            if (address, port) not in self.asked:
                self.asked.add((address, port))

                def answers(address: str = address, port: int = port) -> bool:
                    answer = ask_http(address, port, "/", self.request["headers"], _REQUEST_SECONDS)
                    return answer["status"] is not None or answer["tls"]

                is_alone = is_loopback(address) and self.is_open_inside_alone()
                if answers() and (is_alone or (not is_loopback(address) and wakes_main_thread(answers))):
                    return True
        return False
