"""Conversations over HTTP."""

from fastapi import APIRouter

from netra_backend.app.db.repositories import ThreadRepository
from netra_backend.app.models.thread import Thread
from netra_backend.app.services.threads import ThreadService

router = APIRouter(prefix="/threads", tags=["threads"])
_service = ThreadService(ThreadRepository())


@router.get("/{identifier}")
async def get_thread(identifier: str) -> Thread:
    return _service.get(identifier)
