"""Log in, load the page, open the chat, send a message, and get the agent's events in order.

importguard check --all --start -- pytest tests/e2e
"""

import json
import os
import urllib.request

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect


def log_in(user: str, password: str) -> str:
    given = json.dumps({"user": user, "password": password}).encode()
    with urllib.request.urlopen(f"{os.environ['AUTH_URL']}/login", data=given) as answer:
        return json.load(answer)["token"]


def test_the_page_loads() -> None:
    with urllib.request.urlopen(os.environ["FRONTEND_URL"]) as page:
        assert b"Netra" in page.read()


def test_the_agent_answers_who_is_logged_in() -> None:
    token = log_in("ada", "engine")
    with connect(f"{os.environ['BACKEND_WS_URL']}/ws?token={token}") as socket:
        socket.send("How many loans?")
        events = [json.loads(socket.recv(timeout=10))["event"] for _ in range(3)]
    assert events == ["agent_started", "agent_thinking", "agent_completed"]


def test_a_stranger_is_refused() -> None:
    with pytest.raises(InvalidStatus), connect(f"{os.environ['BACKEND_WS_URL']}/ws?token=ada.forged"):
        pass
