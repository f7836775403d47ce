"""The agents that answer."""

from netra_backend.app.services.json_codec import dumps

AGENTS = ("triage", "data", "report")


def describe() -> str:
    return dumps({"agents": list(AGENTS)})
