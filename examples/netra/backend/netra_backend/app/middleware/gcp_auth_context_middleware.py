"""Gives error reports the user on whose behalf a request runs."""

from collections.abc import Awaitable, Callable

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response

from netra_backend.app.services.auth import user_of
from netra_backend.app.services.monitoring.gcp_error_reporter import clear_context, set_context


class GCPAuthContextMiddleware(BaseHTTPMiddleware):
    async def dispatch(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        set_context(user=user_of(request.headers.get("authorization")), path=request.url.path)
        try:
            return await call_next(request)
        finally:
            clear_context()
