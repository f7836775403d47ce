"""The dashboard over HTTP; a process of its own serves it."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from netra_backend.app.monitoring.dashboard import render

router = APIRouter(prefix="/operations", tags=["operations"])


@router.get("", response_class=PlainTextResponse)
async def dashboard() -> str:
    return render()
