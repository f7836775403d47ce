"""Agents over HTTP."""

from fastapi import APIRouter, Response

from netra_backend.app.services.agents import describe

router = APIRouter(prefix="/agents", tags=["agents"])


@router.get("")
async def list_agents() -> Response:
    return Response(describe(), media_type="application/json")
