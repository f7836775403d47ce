"""Agents over HTTP and WebSocket."""

from fastapi import APIRouter, Response, WebSocket, WebSocketDisconnect

from netra_backend.app.db.session import remember
from netra_backend.app.services.agents import answer, describe
from netra_backend.app.services.auth import verified_user

router = APIRouter(tags=["agents"])


@router.get("/agents")
async def list_agents() -> Response:
    return Response(describe(), media_type="application/json")


@router.websocket("/ws")
async def chat(socket: WebSocket, token: str = "") -> None:
    """Closing before it is accepted refuses the handshake with 403."""
    user = verified_user(token)
    if user is None:
        await socket.close()
        return
    await socket.accept()
    try:
        question = await socket.receive_text()
        remember(user.id, question)
        async for event in answer(question):
            await socket.send_json(event)
    except WebSocketDisconnect:
        pass
