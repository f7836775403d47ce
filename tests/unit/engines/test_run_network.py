"""The network of a run."""

from __future__ import annotations

import threading
from typing import Any

from importguard.engines.docker.service import RunNetwork


def test_ctrl_c_does_not_leave_a_network_half_made() -> None:
    """Signals reach only the main thread: made there, it could come to be after it was removed."""
    made_in: list[threading.Thread] = []

    class Client:
        def create_network(self, *_: Any, **__: Any) -> None:
            made_in.append(threading.current_thread())

    RunNetwork(Client(), "importguard", {})
    assert made_in[0] is not threading.main_thread()
