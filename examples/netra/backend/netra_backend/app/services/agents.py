"""The agents that answer."""

from collections.abc import AsyncIterator

from netra_backend.app.services.json_codec import dumps

AGENTS = ("triage", "data", "report")


def describe() -> str:
    return dumps({"agents": list(AGENTS)})


async def answer(question: str) -> AsyncIterator[dict[str, str]]:
    """What happens until a question is answered, event by event."""
    yield {"event": "agent_started", "agent": AGENTS[0]}
    yield {"event": "agent_thinking", "question": question}
    yield {"event": "agent_completed", "answer": f"{len(question)} letters"}
