"""Is it alive, and its database?"""

from fastapi import APIRouter, Response

from netra_backend.app.db.session import is_reachable

router = APIRouter(tags=["health"])


@router.get("/health")
def health(response: Response) -> dict[str, str]:
    if is_reachable():
        return {"status": "ok"}
    response.status_code = 503
    return {"status": "no database"}
